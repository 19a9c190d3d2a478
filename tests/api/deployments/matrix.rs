//! GET /api/v1/deployments/matrix

use deploytrack_tests::{
    contract::Contract,
    data_set::DataSet,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::id;

async fn filled(server: &Server) {
    let admin = server.admin();
    for (name, owner) in [("web", "team-a"), ("api", "team-b"), ("idle", "team-b")] {
        admin
            .post("/api/v1/components", &json!({"name": name, "owner": owner, "kind": "service", "lifecycle": "production"}))
            .await
            .expect(201);
    }
    for (component, environment, version) in [
        ("api", "production", "v1"),
        ("api", "staging", "v2"),
        ("web", "production", "v7"),
        ("api", "development", "v3"),
    ] {
        let body = json!({"component": component, "environment": environment, "version": version, "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"});
        admin.record(body).await;
    }
}

async fn rows(server: &Server, query: &str) -> Vec<(String, Vec<String>)> {
    let matrix = server
        .reader()
        .get(&format!("/api/v1/deployments/matrix?{query}"))
        .await
        .expect(200);
    let cells = |row: &Value| {
        row["environments"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    matrix
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["componentName"].as_str().unwrap().to_owned(),
                cells(row),
            )
        })
        .collect()
}

fn row(name: &str, cells: &[&str]) -> (String, Vec<String>) {
    (
        name.to_owned(),
        cells.iter().map(ToString::to_string).collect(),
    )
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_matrix_has_a_row_per_component_and_a_cell_per_success(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    assert_eq!(
        server
            .reader()
            .get("/api/v1/deployments/matrix")
            .await
            .expect(200),
        json!([])
    );
    filled(&server).await;
    snapshot!(
        "matrix",
        server
            .reader()
            .get("/api/v1/deployments/matrix")
            .await
            .whole()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cells_come_in_environment_order_on_the_wire(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let body = server
        .reader()
        .get("/api/v1/deployments/matrix?component=api")
        .await
        .body;
    let places: Vec<_> = ["\"development\"", "\"staging\"", "\"production\""]
        .map(|name| body.find(name).unwrap())
        .to_vec();
    assert!(places.is_sorted(), "{body}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cell_has_its_gap_if_the_request_asks_for_it(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let (contract, reader) = (Contract::of(&server).await, server.reader());
    let gap = async |query: &str| {
        let path = "/api/v1/deployments/matrix";
        let answer = reader.get(&format!("{path}?component=api&{query}")).await;
        contract.check("GET", path, &answer);
        answer.expect(200)[0]["environments"]["production"]
            .get("gap")
            .cloned()
    };
    assert_eq!(gap("").await, None);
    assert_eq!(
        gap("gaps=true").await,
        Some(json!({"against": "staging", "state": "unknown"}))
    );
    assert_eq!(gap("gaps=false").await, None);
    let body = json!({"component": "api", "environment": "staging", "version": "v1", "status": "succeeded", "occurredAt": "2025-06-01T11:00:00Z"});
    server.admin().record(body).await;
    assert_eq!(
        gap("gaps=true").await,
        Some(json!({"against": "staging", "state": "behind", "versions": 1})),
        "a stored answer is not older than the last write"
    );
    assert_eq!(
        gap("gaps=true&environment=development&environment=production").await,
        Some(json!({"against": "development", "state": "unknown"})),
        "only the cells of the answer are compared"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn filters_choose_rows_and_columns(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    assert_eq!(
        rows(&server, "component=api&environment=staging").await,
        [row("api", &["staging"])]
    );
    assert_eq!(
        rows(
            &server,
            "component=api&component=web&environment=production"
        )
        .await,
        [row("api", &["production"]), row("web", &["production"])]
    );
    assert_eq!(
        rows(&server, "owner=team-a").await,
        [row("web", &["production"])]
    );
    assert_eq!(rows(&server, "kind=library").await, []);
    assert_eq!(
        rows(&server, "lifecycle=production&owner=team-a").await,
        [row("web", &["production"])]
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn archived_names_are_hidden_unless_requested(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    for kind in ["components", "environments"] {
        let name = if kind == "components" {
            "web"
        } else {
            "staging"
        };
        let found = server
            .reader()
            .get(&format!("/api/v1/{kind}?name={name}"))
            .await
            .expect(200);
        let path = format!("/api/v1/{kind}/{}", id(&found["data"][0]));
        server
            .admin()
            .patch(&path, &json!({"archived": true}))
            .await
            .expect(200);
    }
    let shown: Vec<_> = rows(&server, "").await;
    assert_eq!(
        shown
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        ["api", "idle"]
    );
    assert!(
        shown
            .iter()
            .all(|(_, cells)| !cells.contains(&"staging".to_owned()))
    );
    assert_eq!(rows(&server, "includeArchived=true").await.len(), 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_parameter_is_400(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for query in [
        "colour=red",
        "includeArchived=perhaps",
        "component=%00x",
        "take=1",
        "gaps=some",
    ] {
        assert_eq!(
            server
                .reader()
                .get(&format!("/api/v1/deployments/matrix?{query}"))
                .await
                .status,
            400,
            "{query}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn environments_in_the_archive_leave_the_others_as_they_were(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::cells(3, 40).insert(&database).await;
    let server = Server::start(&database).await;
    let environments = server
        .reader()
        .get("/api/v1/environments?take=100")
        .await
        .expect(200);
    let ids: Vec<_> = environments["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(id)
        .collect();
    let all = rows(&server, "").await;
    for (number, id) in ids.iter().enumerate() {
        if number == 38 {
            let kept = ["environment-0039", "environment-0040"];
            assert_eq!(
                rows(&server, "").await,
                ["component-000001", "component-000002", "component-000003"]
                    .map(|name| row(name, &kept))
            );
        }
        server
            .admin()
            .patch(
                &format!("/api/v1/environments/{id}"),
                &json!({"archived": true}),
            )
            .await
            .expect(200);
    }
    assert_eq!(
        rows(&server, "").await,
        ["component-000001", "component-000002", "component-000003"].map(|name| row(name, &[]))
    );
    assert_eq!(rows(&server, "includeArchived=true").await, all);
    assert_eq!(
        rows(
            &server,
            "includeArchived=true&environment=environment-0007&component=component-000002"
        )
        .await,
        [row("component-000002", &["environment-0007"])]
    );
}
