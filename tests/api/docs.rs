//! /api/docs/

use deploytrack_tests::{answer::Answer, database::Database, server::Server};
use reqwest::Url;
use serde_json::json;

const DOCS: &str = "/api/docs/";

#[tokio::test]
async fn the_pages_load_their_files_and_nothing_from_another_host() {
    let server = Server::start(&Database::sqlite()).await;
    let caller = server.anonymous().as_sent();
    let page = caller.get(DOCS).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let is_file = |text: &&str| {
        [".js", ".css", ".png"]
            .iter()
            .any(|ending| text.ends_with(ending))
    };
    let named = page.body.split(['"']).filter(is_file);
    let named: Vec<_> = named.map(|file| file.trim_start_matches("./")).collect();
    assert_eq!(named.len(), 7, "{named:?}");
    for file in named {
        assert!(!file.contains("//"), "{file}");
        let response = caller
            .request("GET", &format!("{DOCS}{file}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{file}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(
            response.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .starts_with("default-src 'none'; script-src 'self';")
        );
    }
    // The content security policy forbids inline scripts.
    assert!(
        !page.body.contains("<script>")
            && page.body.matches("<script ").count() == page.body.matches("<script src=").count()
    );
    let start = caller.get("/api/docs/swagger-initializer.js").await;
    for setting in [
        r#""url": "openapi.json""#,
        r#""validatorUrl": "none""#,
        r#""layout": "BaseLayout""#,
    ] {
        assert!(start.body.contains(setting), "{setting} in {}", start.body);
    }
    assert!(!start.body.contains("http"), "{}", start.body);
}

#[tokio::test]
async fn the_pages_have_etags_and_are_compressed_on_request() {
    let server = Server::start(&Database::sqlite()).await;
    let caller = server.anonymous().as_sent();
    let path = "/api/docs/swagger-ui-bundle.js";
    let whole = caller.get(path).await;
    assert_eq!(whole.status, 200);
    let packed = caller
        .request("GET", path)
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    let tag = packed.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.bytes().await.unwrap().len() * 2 < whole.body.len());
    for (known, taken) in [(whole.header("etag").unwrap(), "identity"), (&tag, "gzip")] {
        let again = caller
            .get_with(
                path,
                &[("if-none-match", known), ("accept-encoding", taken)],
            )
            .await;
        assert_eq!((again.status, &*again.body), (304, ""), "{known}");
    }
}

#[tokio::test]
async fn other_paths_redirect_to_the_pages() {
    let server = Server::start(&Database::sqlite()).await;
    for path in ["/api/docs", "/api-docs"] {
        let response = server
            .anonymous()
            .request("GET", path)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (response.status().as_u16(), response.url().path()),
            (200, DOCS),
            "{path}"
        );
    }
}

#[tokio::test]
async fn other_paths_are_404_and_pages_refuse_writes() {
    let server = Server::start(&Database::sqlite()).await;
    for file in [
        "index.html",
        "oauth2-redirect.html",
        "swagger-ui.js",
        "x",
        "%2e%2e/x",
        "../x",
    ] {
        let answer: Answer = server.admin().get(&format!("{DOCS}{file}")).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, Some("application/problem+json")),
            "{file}"
        );
    }
    for path in [DOCS, "/api/docs", "/api/docs/index.css"] {
        let answer = server.admin().post(path, &json!({})).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD, OPTIONS")),
            "{path}"
        );
    }
}

/// The pages call the server that they are from, below any path of a proxy. A generator of clients may
/// have the document as a file, so it needs a whole address.
#[tokio::test]
async fn the_document_names_a_server_and_the_pages_name_their_own() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let of = async |path: &str| server.anonymous().get(path).await.expect(200);
    let mut document = of("/api/v1/openapi.json").await;
    let mut pages = of("/api/docs/openapi.json").await;
    let servers = document["servers"].take();
    assert_eq!(servers[0]["url"], "{scheme}://{host}");
    for variable in ["scheme", "host"] {
        let variable = &servers[0]["variables"][variable];
        assert!(variable["default"].is_string(), "{variable}");
    }
    assert_eq!(pages["servers"].take()[0]["url"], "../..");
    let document_at = Url::parse("https://a.example/below/api/docs/openapi.json").unwrap();
    let base = document_at.join("../..").unwrap();
    assert_eq!(base.as_str(), "https://a.example/below/");
    // The form of an operation would send them with every request.
    let list = "/paths/~1api~1v1~1deployments/get/parameters/0";
    assert!(document.pointer(list).unwrap()["example"].is_string());
    assert!(pages.pointer(list).unwrap()["example"].is_null());
    for value in [&mut document, &mut pages] {
        value["components"]["parameters"].take();
        for item in value["paths"].as_object_mut().unwrap().values_mut() {
            for operation in item.as_object_mut().unwrap().values_mut() {
                operation["parameters"].take();
            }
        }
    }
    assert_eq!(document, pages);
}
