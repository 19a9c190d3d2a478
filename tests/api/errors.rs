//! Every kind of bad input is answered with a 4xx that names the fault, and changes nothing.

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::json;

use crate::given::at;

const DEPLOYMENTS: &str = "/api/v1/deployments";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn invalid_bodies_change_nothing(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = server
        .admin()
        .record(json!({"component": "api", "environment": "production", "version": "v1"}))
        .await;
    let good = r#""component": "api", "environment": "production", "version": "v1""#;
    let bodies: Vec<(u16, Vec<u8>)> = vec![
        (400, b"".to_vec()),
        (400, b"{".to_vec()),
        (400, b"null".to_vec()),
        (400, b"\"text\"".to_vec()),
        (400, br#"["api", "production", "v1"]"#.to_vec()),
        (400, b"{\"component\": \"\xff\"}".to_vec()),
        (400, format!("{{{good}, \"version\": \"v2\"}}").into_bytes()),
        (
            400,
            format!("{{{good}, \"metadata\": {{\"a\": 1, \"a\": 2}}}}").into_bytes(),
        ),
        (
            400,
            format!("{{{good}, \"metadata\": {{\"n\": 123456789012345678901234567890}}}}")
                .into_bytes(),
        ),
        (400, format!("{{{good}, \"metadata\": [1]}}").into_bytes()),
        (
            400,
            format!("{{{good}, \"deployedBy\": \"a\\u0000b\"}}").into_bytes(),
        ),
        (
            400,
            format!("{{{good}, \"deployed_by\": \"ada\"}}").into_bytes(),
        ),
        (
            400,
            format!("{{{good}, \"status\": \"Pending\"}}").into_bytes(),
        ),
        (400, format!("{{{good}}} trailing").into_bytes()),
        (400, "[".repeat(100_000).into_bytes()),
        (
            413,
            format!(
                "{{{good}, \"description\": \"{}\"}}",
                "x".repeat(1024 * 1024)
            )
            .into_bytes(),
        ),
    ];
    for (status, body) in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        for (method, path) in [("POST", DEPLOYMENTS.to_owned()), ("PATCH", at(&deployment))] {
            let answer = server.admin().send(method, &path, body.clone()).await;
            assert_eq!(answer.status, status, "{method} {shown}: {}", answer.body);
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json")
            );
            assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
        }
    }
    assert_eq!(server.reader().total().await, 1);
    assert_eq!(
        server.reader().get(&at(&deployment)).await.json(),
        deployment
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_without_a_json_content_type_is_415(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body =
        json!({"component": "api", "environment": "production", "version": "v1"}).to_string();
    let post = async |kind: Option<&str>| {
        let request = server
            .admin()
            .request("POST", DEPLOYMENTS)
            .body(body.clone());
        let request = if let Some(kind) = kind {
            request.header("content-type", kind)
        } else {
            request
        };
        deploytrack_tests::answer::Answer::of(request.send().await.unwrap()).await
    };
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonp"),
    ] {
        assert_eq!(post(kind).await.status, 415, "{kind:?}");
    }
    assert_eq!(server.reader().total().await, 0);
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        assert_eq!(post(Some(kind)).await.status, 201, "{kind}");
    }
    snapshot!("not_json", post(Some("text/plain")).await.whole());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn paths_that_do_not_exist_are_404(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    snapshot!(
        "no_such_path",
        server.reader().get("/api/v1/nothing").await.whole()
    );
    for path in [
        "/index.html",
        "/assets",
        "/api",
        "/api/v1",
        "/api/v2/deployments",
        "/api/v1/deployments/",
        "/api/v1//deployments",
        "/API/v1/deployments",
        "/healthz/",
        "/metrics/",
    ] {
        assert_eq!(server.admin().get(path).await.status, 404, "{path}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn methods_that_are_not_allowed_are_405_with_allow(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    snapshot!(
        "not_allowed",
        server.admin().call("DELETE", DEPLOYMENTS).await.whole()
    );
    for (method, path, allow) in [
        ("PUT", "/api/v1/deployments", "GET, HEAD, POST, OPTIONS"),
        ("POST", "/api/v1/deployments/matrix", "GET, HEAD, OPTIONS"),
        ("GET", "/api/v1/deployments/import", "POST, OPTIONS"),
        (
            "DELETE",
            "/api/v1/deployments/00000000-0000-4000-8000-000000000000",
            "GET, HEAD, PATCH, OPTIONS",
        ),
        (
            "POST",
            "/api/v1/components/00000000-0000-4000-8000-000000000000",
            "GET, HEAD, PATCH, DELETE, OPTIONS",
        ),
        ("GET", "/api/v1/environments/order", "PUT, OPTIONS"),
        ("GET", "/api/v1/environments/archive", "POST, OPTIONS"),
        ("PATCH", "/api/v1/components/archive", "POST, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
    ] {
        let set = |list: &str| {
            let mut methods: Vec<_> = list.split(", ").map(str::to_owned).collect();
            methods.sort();
            methods
        };
        for (method, status) in [(method, 405), ("OPTIONS", 204)] {
            let answer = server.admin().call(method, path).await;
            assert!(
                answer.status == status || (method == "OPTIONS" && answer.status == 200),
                "{method} {path}: {}",
                answer.status
            );
            assert_eq!(
                set(answer.header("allow").unwrap_or_default()),
                set(allow),
                "{method} {path}"
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn head_answers_as_get_without_a_body(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for path in [
        DEPLOYMENTS,
        "/api/v1/deployments/matrix",
        "/api/v1/components",
        "/healthz",
        "/api/v1/deployments/nonsense",
    ] {
        let (get, head) = (
            server.reader().get(path).await,
            server.reader().call("HEAD", path).await,
        );
        assert_eq!(
            (
                get.status,
                get.header("content-type"),
                get.header("content-length")
            ),
            (
                head.status,
                head.header("content-type"),
                head.header("content-length")
            ),
            "{path}"
        );
        assert_eq!(head.body, "");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_valid_request_id_is_returned_and_an_invalid_one_is_replaced(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let get = async |given: &str| {
        let answer = server
            .reader()
            .request("GET", "/api/v1/deployments/nonsense")
            .header("x-request-id", given)
            .send()
            .await
            .unwrap();
        let answer = deploytrack_tests::answer::Answer::of(answer).await;
        let sent = answer.header("x-request-id").unwrap().to_owned();
        assert_eq!(answer.json()["requestId"], sent);
        sent
    };
    assert_eq!(get("run-4711").await, "run-4711");
    for bad in ["", "a b", "<script>", &"x".repeat(1000)] {
        let sent = get(bad).await;
        assert!(sent != bad && !sent.is_empty(), "{bad}");
    }
}
