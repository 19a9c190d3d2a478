//! GET /api/v1/openapi.json, and checks of real answers against it.

use deploytrack_core::event::EventType;
use deploytrack_tests::{
    answer::Answer,
    caller::Caller,
    contract::Contract,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, id, succeeded};

const DEPLOYMENTS: &str = "/api/v1/deployments";
const DEPLOYMENT: &str = "/api/v1/deployments/{id}";
const COMPONENTS: &str = "/api/v1/components";
const COMPONENT: &str = "/api/v1/components/{id}";
const ENVIRONMENTS: &str = "/api/v1/environments";
const ENVIRONMENT: &str = "/api/v1/environments/{id}";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A caller that checks each answer against the document.
struct CheckedCaller {
    contract: Contract,
    caller: Caller,
}

impl CheckedCaller {
    async fn admin(server: &Server) -> Self {
        Self {
            contract: Contract::of(server).await,
            caller: server.admin(),
        }
    }

    /// Calls an operation: `id` replaces `{id}` in the path, and `query` is appended.
    async fn call(
        &self,
        method: &str,
        path: &str,
        id: &str,
        query: &str,
        body: Option<Value>,
    ) -> Answer {
        self.call_with(method, path, id, query, &[], body).await
    }

    async fn call_with(
        &self,
        method: &str,
        path: &str,
        id: &str,
        query: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let target = format!("{}{query}", path.replace("{id}", id));
        let answer = if let Some(body) = body {
            self.caller
                .send_with(method, &target, headers, body.to_string())
                .await
        } else {
            let request = headers.iter().fold(
                self.caller.request(method, &target),
                |request, (name, value)| request.header(*name, *value),
            );
            Answer::of(request.send().await.unwrap()).await
        };
        self.contract.check(method, path, &answer);
        answer
    }

    async fn get(&self, path: &str, id: &str, query: &str) -> Answer {
        self.call("GET", path, id, query, None).await
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn successful_answers_match_the_document(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let holder = CheckedCaller::admin(&server).await;
    let component = holder
        .call(
            "POST",
            COMPONENTS,
            "",
            "",
            Some(json!({"name": "web", "owner": "team-a"})),
        )
        .await
        .expect(201);
    let environment = holder
        .call(
            "POST",
            ENVIRONMENTS,
            "",
            "",
            Some(json!({"name": "staging"})),
        )
        .await
        .expect(201);
    holder
        .call(
            "PATCH",
            COMPONENT,
            &id(&component),
            "",
            Some(json!({"kind": "service"})),
        )
        .await
        .expect(200);
    holder
        .call(
            "PATCH",
            ENVIRONMENT,
            &id(&environment),
            "",
            Some(json!({"description": "The last stop."})),
        )
        .await
        .expect(200);
    holder
        .call(
            "PUT",
            "/api/v1/environments/order",
            "",
            "",
            Some(json!({"ids": [environment["id"]]})),
        )
        .await
        .expect(200);
    let new = json!({"component": "web", "environment": "staging", "version": "v1", "commitSha": "ed52224", "metadata": {"n": 1.5}});
    let headers = [("idempotency-key", "7")];
    let first = holder
        .call_with("POST", DEPLOYMENTS, "", "", &headers, Some(new.clone()))
        .await;
    let again = holder
        .call_with("POST", DEPLOYMENTS, "", "", &headers, Some(new))
        .await;
    assert_eq!(
        (
            first.status,
            again.status,
            again.header("idempotency-replayed")
        ),
        (201, 201, Some("true"))
    );
    let deployment = id(&first.json());
    for status in ["in_progress", "succeeded"] {
        holder
            .call(
                "PATCH",
                DEPLOYMENT,
                &deployment,
                "",
                Some(json!({"status": status, "reason": "as planned"})),
            )
            .await
            .expect(200);
    }
    for path in [
        "/healthz",
        "/readyz",
        "/api/v1/openapi.json",
        "/api/v1/verify",
        DEPLOYMENTS,
        COMPONENTS,
        ENVIRONMENTS,
    ] {
        holder.get(path, "", "").await.expect(200);
    }
    assert_eq!(
        holder
            .get("/api/v1/deployments/matrix", "", "")
            .await
            .expect(200)[0]["environments"]["staging"]["version"],
        "v1"
    );
    let latest = format!("?componentId={}", id(&component));
    assert_eq!(
        holder
            .get("/api/v1/deployments/latest", "", &latest)
            .await
            .expect(200)
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        holder
            .get("/api/v1/deployments/{id}/history", &deployment, "")
            .await
            .expect(200)
            .as_array()
            .unwrap()
            .len(),
        3
    );
    for (path, id) in [
        (DEPLOYMENT, &deployment),
        (COMPONENT, &id(&component)),
        (ENVIRONMENT, &id(&environment)),
    ] {
        let tag = holder
            .get(path, id, "")
            .await
            .header("etag")
            .unwrap()
            .to_owned();
        assert_eq!(
            holder
                .call_with("GET", path, id, "", &[("if-none-match", &tag)], None)
                .await
                .status,
            304
        );
    }
    holder
        .call(
            "POST",
            "/api/v1/deployments/{id}/undeploy",
            &deployment,
            "",
            None,
        )
        .await
        .expect(200);
    let export = holder.get("/api/v1/deployments/export", "", "").await;
    for line in export.body.lines() {
        assert_eq!(
            holder
                .contract
                .faults_of("ImportLine", &serde_json::from_str(line).unwrap()),
            Vec::<String>::new(),
            "{line}"
        );
    }
    let imported = server.admin().import(export.body).await;
    holder
        .contract
        .check("POST", "/api/v1/deployments/import", &imported);
    for path in ["/api/v1/environments/archive", "/api/v1/components/archive"] {
        let archived = holder
            .call(
                "POST",
                path,
                "",
                "",
                Some(json!({"name": "*", "dryRun": true})),
            )
            .await
            .expect(200);
        assert_eq!(archived["data"].as_array().unwrap().len(), 1);
    }
    let spare = holder
        .call("POST", COMPONENTS, "", "", Some(json!({"name": "spare"})))
        .await
        .expect(201);
    assert_eq!(
        holder
            .call("DELETE", COMPONENT, &id(&spare), "", None)
            .await
            .status,
        204
    );
    let spare = holder
        .call("POST", ENVIRONMENTS, "", "", Some(json!({"name": "spare"})))
        .await
        .expect(201);
    assert_eq!(
        holder
            .call("DELETE", ENVIRONMENT, &id(&spare), "", None)
            .await
            .status,
        204
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn answers_that_ask_for_a_retry_match_the_document(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::with_connections(database.tracker().await, 16);
    let holder = CheckedCaller::admin(&server).await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(
            server
                .admin()
                .request("GET", "/api/v1/events")
                .send()
                .await
                .unwrap(),
        );
    }
    assert!(streams.iter().all(|stream| stream.status() == 200));
    let answer = holder.get("/api/v1/events", "", "").await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (429, Some("too_many_streams")),
        "{}",
        answer.body
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refusals_match_the_document(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let holder = CheckedCaller::admin(&server).await;
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let component = deployment["componentId"].as_str().unwrap();
    let new = |name: &str| json!({"component": "api", "environment": name, "version": "v1"});
    let bad = json!({"version": 1, "extra": true});
    let key = [("idempotency-key", "7")];
    for (status, method, path, id, headers, body) in [
        (400, "POST", DEPLOYMENTS, "", &[][..], Some(bad.clone())),
        (
            400,
            "PATCH",
            DEPLOYMENT,
            &*id(&deployment),
            &[],
            Some(json!({"status": "pending"})),
        ),
        (400, "GET", DEPLOYMENT, "x", &[], None),
        (
            400,
            "GET",
            "/api/v1/events",
            "",
            &[("last-event-id", "x")],
            None,
        ),
        (
            400,
            "POST",
            "/api/v1/deployments/import",
            "",
            &[],
            Some(bad),
        ),
        (
            404,
            "PATCH",
            DEPLOYMENT,
            NOBODY,
            &[],
            Some(json!({"status": "failed"})),
        ),
        (
            404,
            "GET",
            "/api/v1/deployments/{id}/history",
            NOBODY,
            &[],
            None,
        ),
        (
            404,
            "POST",
            DEPLOYMENTS,
            "",
            &[],
            Some(json!({"componentId": NOBODY, "environment": "production", "version": "v1"})),
        ),
        (409, "POST", DEPLOYMENTS, "", &[], Some(new("prodution"))),
        (
            409,
            "POST",
            COMPONENTS,
            "",
            &[],
            Some(json!({"name": "api"})),
        ),
        (409, "DELETE", COMPONENT, component, &[], None),
        (
            412,
            "PATCH",
            DEPLOYMENT,
            &*id(&deployment),
            &[("if-match", "\"x\"")],
            Some(json!({"description": "x"})),
        ),
        (
            415,
            "POST",
            DEPLOYMENTS,
            "",
            &[("content-type", "text/plain")],
            None,
        ),
        (201, "POST", DEPLOYMENTS, "", &key, Some(new("production"))),
        (422, "POST", DEPLOYMENTS, "", &key, Some(new("staging"))),
    ] {
        assert_eq!(
            holder
                .call_with(method, path, id, "", headers, body)
                .await
                .status,
            status,
            "{method} {path}"
        );
    }
    assert_eq!(
        holder
            .get(
                "/api/v1/deployments/latest",
                "",
                &format!("?componentId={NOBODY}")
            )
            .await
            .status,
        404
    );
    let large = holder
        .call(
            "POST",
            COMPONENTS,
            "",
            "",
            Some(json!({"name": "x".repeat(1024 * 1024)})),
        )
        .await;
    assert_eq!(large.status, 413);
    for (caller, status) in [(server.anonymous(), 401), (server.reader(), 403)] {
        let holder = CheckedCaller {
            contract: holder.contract.clone(),
            caller,
        };
        assert_eq!(
            holder
                .call("POST", COMPONENTS, "", "", Some(json!({"name": "web"})))
                .await
                .status,
            status
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_is_refused_where_the_document_says_so(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let holder = CheckedCaller::admin(&server).await;
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let new = |change: Value| {
        let mut body = json!({"component": "api", "environment": "production", "version": "v1"});
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        body
    };
    let long = |length| "x".repeat(length);
    let of_deployments = [
        json!({}),
        json!([]),
        json!({"component": "api", "environment": "production"}),
        json!({"component": "api", "version": "v1"}),
        new(json!({})),
        new(json!({"version": ""})),
        new(json!({"version": " v1"})),
        new(json!({"version": "v1\u{3000}"})),
        new(json!({"version": "v 1"})),
        new(json!({"version": "v\n1"})),
        new(json!({"version": long(255)})),
        new(json!({"version": long(256)})),
        new(json!({"component": "-a"})),
        new(json!({"component": "a b"})),
        new(json!({"component": long(101)})),
        new(json!({"componentId": null})),
        new(json!({"componentId": deployment["componentId"]})),
        new(json!({"componentId": "x"})),
        new(json!({"commitSha": "abc"})),
        new(json!({"commitSha": "ABCD"})),
        new(json!({"commitSha": "xyz1"})),
        new(json!({"commitSha": null})),
        new(json!({"description": long(4096)})),
        new(json!({"description": long(4097)})),
        new(json!({"description": "a\0"})),
        new(json!({"deployedBy": 7})),
        new(json!({"deployedBy": "a\u{7f}b"})),
        new(json!({"metadata": []})),
        new(json!({"metadata": {"a": [null]}})),
        new(json!({"status": "rolled_back"})),
        new(json!({"status": "failed"})),
        new(json!({"status": "done"})),
        new(json!({"occurredAt": "yesterday"})),
        new(json!({"occurredAt": "2025-06-01T12:00:00+02:00"})),
        new(json!({"extra": 1})),
    ];
    let of_components = [
        json!({}),
        json!({"name": "web", "owner": null}),
        json!({"name": "shop", "archived": true}),
        json!({"name": "a", "archived": "yes"}),
    ];
    let of_environments = [
        json!({"name": "qa", "type": "testing"}),
        json!({"name": "uat", "type": "x"}),
        json!({"name": "e", "order": 0}),
        json!({"name": "f", "order": 1}),
        json!({"name": "g", "order": 1.5}),
    ];
    let changes = [
        json!({}),
        json!({"status": null}),
        json!({"description": null}),
        json!({"reason": "x"}),
        json!({"occurredAt": "2025-06-01T12:00:00Z"}),
        json!({"metadata": null}),
        json!({"metadata": {"a": null}}),
        json!({"description": "x", "finishedAt": "2025-06-01T12:00:00Z"}),
    ];
    let of_change = [
        json!({}),
        json!({"name": null}),
        json!({"owner": null}),
        json!({"owner": "team-b", "archived": null}),
    ];
    let (component, deployment) = (
        deployment["componentId"].as_str().unwrap(),
        &*id(&deployment),
    );
    for (method, path, id, bodies) in [
        ("POST", DEPLOYMENTS, "", &of_deployments[..]),
        ("POST", COMPONENTS, "", &of_components),
        ("POST", ENVIRONMENTS, "", &of_environments),
        ("PATCH", DEPLOYMENT, deployment, &changes),
        ("PATCH", COMPONENT, component, &of_change),
    ] {
        for body in bodies {
            let (answer, faults) = (
                holder.call(method, path, id, "", Some(body.clone())).await,
                holder.contract.faults_of_body(method, path, body),
            );
            assert_eq!(
                answer.status == 400,
                !faults.is_empty(),
                "{method} {path} {body}: {faults:?} {}",
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn events_match_the_document() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    let contract = Contract::of(&server).await;
    let deployment = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    server
        .admin()
        .patch(&at(&deployment), &json!({"description": "x"}))
        .await
        .expect(200);
    server
        .admin()
        .post(&format!("{}/undeploy", at(&deployment)), &json!({}))
        .await
        .expect(200);
    let mut response = server
        .reader()
        .request("GET", "/api/v1/events?after=0")
        .send()
        .await
        .unwrap();
    let mut text = String::new();
    while !text.contains("deployment.undeployed") || !text.ends_with("\n\n") {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert!(events.len() >= 6, "{text}");
    for event in events {
        assert_eq!(
            contract.faults_of("Event", &event),
            Vec::<String>::new(),
            "{event}"
        );
    }
}

#[tokio::test]
async fn the_document_needs_no_token_and_has_an_etag_and_gzip() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    let caller = server.anonymous().as_sent();
    let path = "/api/v1/openapi.json";
    let whole = caller.get(path).await;
    assert_eq!(
        (
            whole.status,
            whole.header("content-type"),
            &whole.json()["openapi"]
        ),
        (200, Some("application/json"), &json!("3.1.0"))
    );
    let tag = whole.header("etag").unwrap();
    assert_eq!(
        caller
            .get_with(path, &[("if-none-match", tag)])
            .await
            .status,
        304
    );
    let packed = caller
        .request("GET", path)
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.bytes().await.unwrap().len() * 4 < whole.body.len());
    assert_eq!(
        caller.get("/api/v1/openapi.json?pretty=true").await.status,
        400
    );
}

/// The methods and paths of the table of endpoints in a page, with `{id}` in place of `:id`, and `{wall}` likewise.
fn listed(page: &str) -> Vec<(String, String)> {
    let table = page.split("## Endpoints").nth(1).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let mut listed = Vec::new();
    for row in rows {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        for path in cells[2].split(", ") {
            let path = path
                .split('?')
                .next()
                .unwrap()
                .replace(":id", "{id}")
                .replace(":wall", "{wall}")
                .replace(":component", "{component}")
                .replace(":environment", "{environment}");
            let methods = cells[1].split(", ");
            listed.extend(methods.map(|method| (method.to_lowercase(), path.clone())));
        }
    }
    listed
}

#[tokio::test]
async fn the_page_of_the_api_lists_every_operation() {
    let server = Server::start(&Database::sqlite()).await;
    let document = server
        .anonymous()
        .get("/api/v1/openapi.json")
        .await
        .expect(200);
    let listed = listed(include_str!("../../docs/api.md"));
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let operation = (method.clone(), path.clone());
            assert!(listed.contains(&operation), "{operation:?}");
        }
    }
}

#[test]
fn the_page_of_the_api_lists_every_type_of_event() {
    let page = include_str!("../../docs/api.md");
    for one in EventType::ALL {
        assert!(page.contains(&format!("`{one}`")), "{one}");
    }
}
