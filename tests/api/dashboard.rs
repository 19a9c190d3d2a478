//! The files of the pages. Their behaviour is tested in `tests/web`.

use deploytrack_tests::server::Server;

#[tokio::test]
async fn the_page_and_its_files_need_no_token_and_are_revalidated_by_etag() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    let anyone = server.anonymous();
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/assets/main.js", "text/javascript; charset=utf-8"),
        ("/assets/icon.svg", "image/svg+xml"),
    ] {
        let answer = anyone.get(path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(media_type)),
            "{path}"
        );
        assert_eq!(
            answer.header("cache-control"),
            Some("private, no-cache"),
            "{path}"
        );
        let tag = answer.header("etag").unwrap();
        let again = anyone.get_with(path, &[("If-None-Match", tag)]).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        assert_eq!(anyone.call("HEAD", path).await.status, 200, "{path}");
        assert_eq!(anyone.call("POST", path).await.status, 405, "{path}");
    }
    let packed = server
        .anonymous()
        .as_sent()
        .get_with("/assets/style.css", &[("Accept-Encoding", "gzip")])
        .await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    for path in [
        "/assets/none.js",
        "/assets/",
        "/assets/../main.js",
        "/index.html",
        "/favicon.ico",
    ] {
        assert_eq!(anyone.get(path).await.status, 404, "{path}");
    }
}
