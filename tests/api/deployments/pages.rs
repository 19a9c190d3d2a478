//! The `Link` header of lists, and the parameter `cursor`.

use deploytrack_core::{
    client::{Certificates, Client, ClientSettings},
    query::{DeploymentFilter, PageRequest},
};
use deploytrack_tests::{
    answer::Answer,
    caller::Caller,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
    snapshot,
};
use reqwest::Url;
use rstest::rstest;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const LIST: &str = "/api/v1/deployments";

/// The target of the link with this relation in the header, as it is.
fn target<'a>(answer: &'a Answer, relation: &str) -> Option<&'a str> {
    let header = answer.header("link").unwrap();
    let link = header
        .split(", ")
        .find(|link| link.ends_with(&format!("; rel=\"{relation}\"")))?;
    Some(link.strip_prefix('<').unwrap().split_once('>').unwrap().0)
}

/// The target of the link with this relation, resolved by RFC 3986. The link to the next page is in
/// the body too.
fn link(server: &Server, path: &str, answer: &Answer, relation: &str) -> Option<String> {
    assert_eq!(answer.json()["next"], json!(target(answer, "next")));
    let target = target(answer, relation)?;
    let url = Url::parse(&format!("{}{path}", server.url()))
        .unwrap()
        .join(target)
        .unwrap();
    Some(format!("{}?{}", url.path(), url.query().unwrap()))
}

fn versions(answer: &Answer) -> Vec<String> {
    answer.expect(200)["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["version"].as_str().unwrap().to_owned())
        .collect()
}

/// Records `v0` to `v6` in production, and a deployment elsewhere.
async fn filled(server: &Server) {
    for number in 0..7 {
        server.admin().record(json!({"component": "api", "environment": "production", "version": format!("v{number}")})).await;
        server
            .admin()
            .record(json!({"component": "web", "environment": "staging", "version": "x"}))
            .await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn links_lead_through_a_filtered_list_and_back(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let reader = server.reader();
    let (mut path, mut seen) = (
        format!("{LIST}?component=api&status=pending&take=3"),
        Vec::new(),
    );
    loop {
        let answer = reader.get(&path).await;
        seen.push(versions(&answer));
        assert_eq!(answer.json()["total"], 7);
        let first = link(&server, &path, &answer, "first").unwrap();
        assert_eq!(first, format!("{LIST}?component=api&status=pending&take=3"));
        match link(&server, &path, &answer, "next") {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(
        seen,
        [vec!["v6", "v5", "v4"], vec!["v3", "v2", "v1"], vec!["v0"]]
    );
    let mut back = Vec::new();
    while let Some(prev) = link(&server, &path, &reader.get(&path).await, "prev") {
        path = prev;
        back.push(versions(&reader.get(&path).await));
    }
    assert_eq!(back, [vec!["v3", "v2", "v1"], vec!["v6", "v5", "v4"]]);
    let answer = reader.get(&path).await;
    let last = link(&server, &path, &answer, "last").unwrap();
    assert_eq!(
        versions(&reader.get(&last).await),
        ["v2", "v1", "v0"],
        "the last page is full"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_empty_list_has_no_next_and_no_prev(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let answer = server.reader().get(LIST).await;
    assert_eq!(versions(&answer), [""; 0]);
    assert_eq!(
        (
            link(&server, LIST, &answer, "next"),
            link(&server, LIST, &answer, "prev")
        ),
        (None, None)
    );
    assert_eq!(
        link(&server, LIST, &answer, "first").as_deref(),
        Some("/api/v1/deployments?take=20")
    );
    let unknown = server
        .reader()
        .get(&format!("{LIST}?component=nobody"))
        .await;
    assert_eq!(link(&server, LIST, &unknown, "next"), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_never_contains_the_token(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let answer = server
        .reader()
        .get(&format!("{LIST}?take=1&skip=2&version=x"))
        .await;
    let header = answer.header("link").unwrap();
    assert!(
        !header.contains("ey") && !header.contains("http") && !header.contains("token"),
        "{header}"
    );
    assert_eq!(header.matches("version=x&take=1").count(), 4, "{header}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invalid_cursor_is_refused_by_name(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let reader = server.reader();
    let next = link(
        &server,
        LIST,
        &reader.get(&format!("{LIST}?take=1")).await,
        "next",
    )
    .unwrap();
    let good = next.split_once("cursor=").unwrap().1;
    for query in [
        "cursor=".to_owned(),
        "cursor=abc".to_owned(),
        format!("cursor={good}A"),
        format!("cursor={}", &good[..good.len() - 1]),
        format!("cursor={}", good.replace(&good[..2], "zz")),
        format!("cursor=AQD_________________{}", &good[20..]),
        format!("cursor={}", "A".repeat(20_000)),
        format!("cursor={good}&cursor={good}"),
        format!("cursor={good}&skip=0"),
        format!("skip=5&cursor={good}"),
    ] {
        let answer = reader.get(&format!("{LIST}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        assert_eq!(
            answer.json()["errors"][0]["parameter"],
            "cursor",
            "{query}: {}",
            answer.body
        );
        assert_eq!(answer.json()["errors"].as_array().unwrap().len(), 1);
    }
    snapshot!(
        "list_cursor_and_skip",
        reader
            .get(&format!("{LIST}?cursor={good}&skip=5&take=0"))
            .await
            .whole()
    );
    assert_eq!(
        reader
            .get(&format!("{LIST}/export?cursor={good}"))
            .await
            .status,
        400,
        "an export has no pages"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_by_key_looks_like_any_other(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let path = format!("{LIST}?component=api&take=2");
    let next = link(&server, &path, &server.reader().get(&path).await, "next").unwrap();
    let (by_key, by_number) = (
        server.reader().get(&next).await,
        server.reader().get(&format!("{path}&skip=2")).await,
    );
    let mut expected = by_number.expect(200);
    expected["skip"] = json!(0);
    assert_eq!(by_key.expect(200), expected);
    assert!(expected["next"].is_string(), "{expected}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unchanged_page_still_links_to_the_next(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let path = format!("{LIST}?take=2");
    let answer = server.reader().get(&path).await;
    let unchanged = server
        .reader()
        .get_with(&path, &[("if-none-match", answer.header("etag").unwrap())])
        .await;
    assert_eq!(
        (unchanged.status, unchanged.header("link")),
        (304, answer.header("link"))
    );
    let head = server.reader().call("HEAD", &path).await;
    assert_eq!(head.header("link"), answer.header("link"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn components_and_environments_are_linked_by_number(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    for (path, cursor) in [
        ("/api/v1/components", "name=api&cursor=AQA"),
        ("/api/v1/environments", "cursor="),
    ] {
        let answer = server.reader().get(&format!("{path}?take=1")).await;
        assert_eq!(
            link(&server, path, &answer, "next").unwrap(),
            format!("{path}?take=1&skip=1")
        );
        assert_eq!(link(&server, path, &answer, "prev"), None);
        let refused = server.reader().get(&format!("{path}?{cursor}")).await;
        assert_eq!(
            (refused.status, &refused.json()["errors"][0]["parameter"]),
            (400, &json!("cursor"))
        );
    }
    let named = server.reader().get("/api/v1/components?name=api").await;
    assert_eq!(link(&server, "/api/v1/components", &named, "next"), None);
}

fn client(url: String) -> Client {
    let settings = ClientSettings {
        url,
        token: Some(Caller::admin_token()),
        timeout: std::time::Duration::from_secs(10),
        user_agent: "test".to_owned(),
        certificates: Certificates::default(),
        proxy: None,
    };
    Client::new(settings).unwrap()
}

/// A proxy that passes on GET requests, and only the body of their answers. Returns its address.
async fn proxy_without_headers(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, reader) = (listener.local_addr().unwrap(), server.reader());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut head = vec![0; 8192];
            let length = connection.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let body = reader.get(head.split(' ').nth(1).unwrap()).await.body;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_client_follows_the_body_where_a_proxy_removes_the_links() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    filled(&server).await;
    let client = client(proxy_without_headers(&server).await);
    let filter = DeploymentFilter {
        component: Some("api".parse().unwrap()),
        ..DeploymentFilter::default()
    };
    let (mut next, mut seen) = (PageRequest::new(0, 3), Vec::new());
    while let Some(page) = next {
        let page = client.list(&filter, page).await.unwrap().value;
        assert_eq!(page.links.last, None, "there is no header");
        next = page.links.next;
        seen.extend(page.data.into_iter().map(|one| one.version.to_string()));
    }
    assert_eq!(seen, ["v6", "v5", "v4", "v3", "v2", "v1", "v0"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_client_follows_the_links(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let client = client(server.url());
    let filter = DeploymentFilter {
        component: Some("api".parse().unwrap()),
        ..DeploymentFilter::default()
    };
    let (mut next, mut seen) = (PageRequest::new(0, 3), Vec::new());
    while let Some(page) = next {
        let there = server.tracker().list(&filter, page).await.unwrap();
        let page = client.list(&filter, page).await.unwrap().value;
        assert_eq!(
            page.links, there.links,
            "a client is told what an embedder is told"
        );
        next = page.links.next;
        seen.extend(page.data.into_iter().map(|one| one.version.to_string()));
    }
    assert_eq!(seen, ["v6", "v5", "v4", "v3", "v2", "v1", "v0"]);
    let components = client
        .components(None, PageRequest::new(0, 1).unwrap())
        .await
        .unwrap()
        .value;
    assert_eq!(components.links.next, PageRequest::new(1, 1));
}
