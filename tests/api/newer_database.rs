//! A server on a database that a newer version has migrated.

use deploytrack_tests::{
    answer::Answer,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::json;

const MIGRATE: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
    select 9999, 'from the future', success, checksum, 0 from _sqlx_migrations where version = 1";

fn body(version: &str) -> serde_json::Value {
    json!({"component": "api", "environment": "production", "version": version, "status": "succeeded"})
}

#[track_caller]
fn assert_refused(answer: &Answer) {
    assert_eq!(answer.expect(503)["code"], "server_outdated");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("restarted with the newer version")
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_refuses_every_write_and_is_not_ready_and_still_reads(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let id = admin.record(body("v1")).await["id"].clone();
    let of_deployment = format!("/api/v1/deployments/{}", id.as_str().unwrap());
    let of_component = format!(
        "/api/v1/components/{}",
        admin.get("/api/v1/components").await.json()["data"][0]["id"]
            .as_str()
            .unwrap()
    );
    assert_eq!(admin.get("/readyz").await.status, 200);
    database.execute(MIGRATE).await.unwrap();

    let (name, rolled_back) = (json!({"name": "web"}), json!({"status": "rolled_back"}));
    let writes = [
        ("POST", "/api/v1/deployments", body("v2")),
        ("PATCH", &of_deployment, rolled_back),
        ("POST", &format!("{of_deployment}/undeploy"), json!({})),
        ("POST", "/api/v1/components", name),
        ("PATCH", &of_component, json!({"archived": true})),
        ("POST", "/api/v1/walls", json!({"name": "hall"})),
    ];
    for (method, path, body) in writes {
        assert_refused(&admin.send(method, path, body.to_string()).await);
    }
    let mut line = body("v3");
    line["occurredAt"] = json!("2025-06-01T12:00:00Z");
    assert_refused(&admin.import(line.to_string()).await);
    assert_refused(&admin.get("/readyz").await);
    for path in [
        "/api/v1/deployments",
        "/api/v1/deployments/matrix",
        "/healthz",
    ] {
        assert_eq!(server.reader().get(path).await.status, 200, "{path}");
    }
    assert_eq!(server.reader().total().await, 1);

    database
        .execute("delete from _sqlx_migrations where version = 9999")
        .await
        .unwrap();
    admin.record(body("v2")).await;
    assert_eq!(admin.get("/readyz").await.status, 200);
    deploytrack_tests::fold::check(server.tracker()).await;
}

/// A migration in progress, as a newer program makes it.
fn migration(database: &Database) -> String {
    if database.is_sqlite() {
        format!("begin immediate; {MIGRATE}; commit")
    } else {
        let lock = "select pg_advisory_xact_lock(7234311987469579379)";
        format!("begin; {lock}; {MIGRATE}; select pg_sleep(0.5); commit")
    }
}

/// However the two meet, a write is complete before the migration, or refused after it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_never_follows_a_migration_that_it_met(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    server.admin().record(body("v0")).await;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let admin = server.admin();
            tokio::spawn(async move {
                let mut written = 0;
                loop {
                    let body = body(&format!("v{writer}.{written}"));
                    let answer = admin.post("/api/v1/deployments", &body).await;
                    if answer.status != 201 {
                        assert_refused(&answer);
                        return written;
                    }
                    written += 1;
                }
            })
        })
        .collect();
    database.execute(&migration(&database)).await.unwrap();
    let before = server.reader().total().await;
    let mut written = 1;
    for writer in writers {
        written += writer.await.unwrap();
    }
    assert_eq!(
        before, written,
        "the last write is older than the migration"
    );
}
