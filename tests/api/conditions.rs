//! `ETag`, `If-None-Match` and `If-Match`: unchanged answers are not sent again, and conditional
//! changes are not lost.

use deploytrack_tests::{
    answer::Answer,
    caller::Caller,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, history, id, shown, succeeded};

/// Every path of a GET route, with an id where it needs one.
async fn every_path(server: &Server) -> Vec<String> {
    let deployment = succeeded(server, "v1", "2025-06-01T12:00:00Z").await;
    let of = |name: &str| deployment[name].as_str().unwrap().to_owned();
    vec![
        "/api/v1/deployments".to_owned(),
        "/api/v1/deployments/matrix".to_owned(),
        "/api/v1/deployments/matrix?at=2025-06-02T00:00:00Z".to_owned(),
        format!(
            "/api/v1/deployments/latest?componentId={}",
            of("componentId")
        ),
        at(&deployment),
        format!("{}/history", at(&deployment)),
        "/api/v1/components".to_owned(),
        format!("/api/v1/components/{}", of("componentId")),
        "/api/v1/environments".to_owned(),
        format!("/api/v1/environments/{}", of("environmentId")),
    ]
}

fn tag(answer: &Answer) -> String {
    answer
        .header("etag")
        .unwrap_or_else(|| panic!("no tag with {}: {}", answer.status, answer.body))
        .to_owned()
}

async fn patch_if(caller: &Caller, path: &str, condition: &str, body: &Value) -> Answer {
    caller
        .send_with("PATCH", path, &[("if-match", condition)], body.to_string())
        .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unchanged_answer_is_304(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let reader = server.reader();
    for path in every_path(&server).await {
        let whole = reader.get(&path).await;
        whole.expect(200);
        let tag = tag(&whole);
        assert!(
            tag.starts_with('"') && tag.ends_with('"') && tag.len() > 16,
            "{path}: a strong tag: {tag}"
        );
        assert_eq!(
            whole.header("cache-control"),
            Some("private, no-cache"),
            "{path}"
        );
        let head = reader.call("HEAD", &path).await;
        assert_eq!(
            (head.status, head.header("etag"), head.body.as_str()),
            (200, Some(tag.as_str()), ""),
            "{path}"
        );
        for known in [
            &tag,
            &format!("W/{tag}"),
            &format!("\"other\", {tag}"),
            &format!("\"a,b\" ,W/{tag}"),
            "*",
        ] {
            let unchanged = reader.get_with(&path, &[("if-none-match", known)]).await;
            assert_eq!(
                (unchanged.status, unchanged.body.as_str()),
                (304, ""),
                "{path} {known}"
            );
            assert_eq!(
                (unchanged.header("etag"), unchanged.header("cache-control")),
                (Some(tag.as_str()), Some("private, no-cache")),
                "{path}"
            );
            assert_eq!(
                (
                    unchanged.header("content-type"),
                    unchanged.header("content-length")
                ),
                (None, None),
                "{path}"
            );
        }
        for other in [
            "\"other\"",
            "W/\"other\"",
            "nonsense",
            &tag[1..tag.len() - 1],
        ] {
            let again = reader.get_with(&path, &[("if-none-match", other)]).await;
            assert_eq!(
                (again.status, &again.body),
                (200, &whole.body),
                "{path} {other}"
            );
        }
        let two = reader
            .get_with(
                &path,
                &[("if-none-match", "\"other\""), ("if-none-match", &tag)],
            )
            .await;
        assert_eq!(two.status, 304, "{path}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn head_answers_like_get_without_a_body(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let path = "/api/v1/deployments";
    let tag = tag(&server.reader().get(path).await);
    let head = server
        .reader()
        .request("HEAD", path)
        .header("if-none-match", &tag)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            head.status().as_u16(),
            head.headers()["etag"].to_str().unwrap()
        ),
        (304, tag.as_str())
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_gives_another_etag_and_a_patch_returns_it(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    for (path, body) in [
        (at(&deployment), json!({"description": "hotfix"})),
        (
            format!(
                "/api/v1/components/{}",
                deployment["componentId"].as_str().unwrap()
            ),
            json!({"owner": "team-a"}),
        ),
        (
            format!(
                "/api/v1/environments/{}",
                deployment["environmentId"].as_str().unwrap()
            ),
            json!({"description": "live"}),
        ),
    ] {
        let before = tag(&server.reader().get(&path).await);
        let patched = server.admin().patch(&path, &body).await;
        assert_ne!(tag(&patched), before);
        let after = server
            .reader()
            .get_with(&path, &[("if-none-match", &before)])
            .await;
        assert_eq!(
            (after.status, tag(&after), &after.body),
            (200, tag(&patched), &patched.body)
        );
    }
    let made = server
        .admin()
        .post("/api/v1/components", &json!({"name": "web"}))
        .await;
    assert_eq!(
        tag(&made),
        tag(&server.reader().get(made.header("location").unwrap()).await)
    );
    let undeployed = server
        .admin()
        .post(&format!("{}/undeploy", at(&deployment)), &json!({}))
        .await;
    assert_eq!(
        tag(&undeployed),
        tag(&server.reader().get(&at(&deployment)).await)
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refusal_has_no_etag_and_is_never_304(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for path in [
        "/api/v1/deployments/00000000-0000-4000-8000-000000000000",
        "/api/v1/deployments?take=0",
        "/api/v1/nothing",
    ] {
        let refused = server
            .reader()
            .get_with(path, &[("if-none-match", "*")])
            .await;
        assert!(
            (400..500).contains(&refused.status) && !refused.body.is_empty(),
            "{path}"
        );
        assert_eq!(
            (refused.header("etag"), refused.header("cache-control")),
            (None, Some("no-store")),
            "{path}"
        );
    }
    let health = server.anonymous().get("/healthz").await;
    assert_eq!(health.status, 200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_conditional_change_applies_only_to_the_version_that_the_caller_has_seen(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let path = at(&deployment);
    let seen = server.reader().get(&path).await;
    let rows = history(&server, &deployment).await;
    let move_on = json!({"status": "rolled_back"});
    for condition in [
        "\"other\"",
        &format!("W/{}", tag(&seen)),
        &format!("\"other\", W/{}", tag(&seen)),
        "\"\"",
    ] {
        let refused = patch_if(&admin, &path, condition, &move_on).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (412, &json!("precondition_failed")),
            "{condition}"
        );
        assert!(
            refused.body.contains(tag(&seen).trim_matches('"')),
            "says what the tag is: {}",
            refused.body
        );
    }
    for condition in ["", "other", "\"a", "\"a\" \"b\"", "*, \"a\""] {
        let refused = patch_if(&admin, &path, condition, &move_on).await;
        assert_eq!(
            (refused.status, &refused.json()["errors"][0]["parameter"]),
            (400, &json!("If-Match")),
            "{condition}"
        );
    }
    let doubled = admin
        .send_with(
            "PATCH",
            &path,
            &[("if-match", "*"), ("if-match", "*")],
            move_on.to_string(),
        )
        .await;
    assert_eq!(doubled.status, 400, "{}", doubled.body);
    assert_eq!(server.reader().get(&path).await.body, seen.body);
    assert_eq!(history(&server, &deployment).await, rows);
    for (number, before) in ["", "\"other\" , ", "W/\"other\","].into_iter().enumerate() {
        let condition = format!("{before}{}", tag(&server.reader().get(&path).await));
        patch_if(
            &admin,
            &path,
            &condition,
            &json!({"metadata": {"n": number}}),
        )
        .await
        .expect(200);
    }
    patch_if(&admin, &path, "*", &move_on).await.expect(200);
    let refused = patch_if(&admin, &path, "\"other\"", &move_on).await.whole();
    snapshot!(
        "precondition_failed",
        refused.replace(
            tag(&server.reader().get(&path).await).trim_matches('"'),
            "<tag>"
        )
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undeployment_heeds_a_condition(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let path = format!("{}/undeploy", at(&deployment));
    let undeploy = async |condition: &str| {
        server
            .admin()
            .send_with("POST", &path, &[("if-match", condition)], "{}")
            .await
    };
    undeploy("\"other\"").await.expect(412);
    assert_eq!(shown(&server, "").await.as_deref(), Some("v1"));
    undeploy(&tag(&server.reader().get(&at(&deployment)).await))
        .await
        .expect(200);
    assert_eq!(shown(&server, "").await, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_id_is_404_under_every_condition(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for collection in ["deployments", "components", "environments"] {
        let path = format!("/api/v1/{collection}/00000000-0000-4000-8000-000000000000");
        assert_eq!(
            patch_if(&server.admin(), &path, "*", &json!({"description": "x"}))
                .await
                .status,
            404
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_conditional_changes_one_is_made(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let of = |name: &str| deployment[name].as_str().unwrap().to_owned();
    for path in [
        at(&deployment),
        format!("/api/v1/components/{}", of("componentId")),
        format!("/api/v1/environments/{}", of("environmentId")),
    ] {
        let seen = tag(&server.reader().get(&path).await);
        let changes: Vec<_> = (0..16)
            .map(|number| {
                let (admin, path, seen) = (server.admin(), path.clone(), seen.clone());
                tokio::spawn(async move {
                    patch_if(
                        &admin,
                        &path,
                        &seen,
                        &json!({"description": format!("number {number}")}),
                    )
                    .await
                })
            })
            .collect();
        let mut made = Vec::new();
        for change in changes {
            let answer = change.await.unwrap();
            if answer.status == 200 {
                made.push(answer);
            } else {
                assert_eq!(answer.status, 412, "{path}: {}", answer.body);
            }
        }
        assert_eq!(made.len(), 1, "{path}");
        assert_eq!(server.reader().get(&path).await.body, made[0].body);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unsupported_condition_is_refused(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let web = admin
        .post("/api/v1/components", &json!({"name": "web"}))
        .await
        .expect(201);
    let order = json!({"ids": [deployment["environmentId"]]});
    let new = json!({"component": "api", "environment": "production", "version": "v2"});
    for (method, path, body) in [
        ("POST", "/api/v1/deployments".to_owned(), new.clone()),
        ("POST", "/api/v1/deployments/import".to_owned(), new),
        (
            "POST",
            "/api/v1/components".to_owned(),
            json!({"name": "other"}),
        ),
        (
            "DELETE",
            format!("/api/v1/components/{}", id(&web)),
            json!({}),
        ),
        ("PUT", "/api/v1/environments/order".to_owned(), order),
        (
            "POST",
            "/api/v1/environments/archive".to_owned(),
            json!({"name": "*"}),
        ),
    ] {
        let refused = admin
            .send_with(method, &path, &[("if-match", "*")], body.to_string())
            .await;
        assert_eq!(
            (refused.status, &refused.json()["errors"][0]["parameter"]),
            (400, &json!("If-Match")),
            "{method} {path}"
        );
    }
    assert_eq!(server.reader().total().await, 1);
    assert_eq!(
        server.reader().get("/api/v1/components").await.expect(200)["total"],
        2
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_sent_twice_under_one_key_is_answered_twice_though_its_condition_is_past(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let seen = tag(&server.reader().get(&at(&deployment)).await);
    let headers = [("if-match", seen.as_str()), ("idempotency-key", "7")];
    let change = async || {
        server
            .admin()
            .send_with(
                "PATCH",
                &at(&deployment),
                &headers,
                r#"{"description": "hotfix"}"#,
            )
            .await
    };
    let (first, second) = (change().await, change().await);
    assert_eq!(
        (
            first.status,
            second.status,
            second.header("idempotency-replayed")
        ),
        (200, 200, Some("true"))
    );
    assert_eq!((&second.body, tag(&second)), (&first.body, tag(&first)));
    let other = server
        .admin()
        .send_with(
            "PATCH",
            &at(&deployment),
            &headers[..1],
            r#"{"description": "hotfix"}"#,
        )
        .await;
    assert_eq!(other.status, 412, "without the key it is another change");
}
