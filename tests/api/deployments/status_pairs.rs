//! The 25 status pairs through the API. The snapshot is the table in docs/api.md.

use std::fmt::Write;

use deploytrack_core::status::Status;
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, id};

/// All statuses: a new one must be storable, and be in the table of docs/api.md.
const STATUSES: [&str; Status::ALL.len()] = {
    let mut words = [""; Status::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = Status::ALL[at].as_str();
        at += 1;
    }
    words
};

/// A new deployment with this status, reached by legal transitions.
async fn in_status(server: &Server, status: &str) -> Value {
    let admin = server.admin();
    let first = if status == "rolled_back" {
        "succeeded"
    } else {
        status
    };
    let body =
        json!({"component": "api", "environment": "production", "version": "v1", "status": first});
    let deployment = admin.record(body).await;
    if first == status {
        deployment
    } else {
        admin.advance(&id(&deployment), status).await
    }
}

async fn table(server: &Server) -> String {
    let mut table = format!(
        "| from \\ to | {} |\n|---|{}\n",
        STATUSES.join(" | "),
        "---|".repeat(STATUSES.len())
    );
    for from in STATUSES {
        let _ = write!(table, "| **{from}** |");
        for to in STATUSES {
            let deployment = in_status(server, from).await;
            let answer = server
                .admin()
                .patch(&at(&deployment), &json!({"status": to}))
                .await;
            let after = server.reader().get(&at(&deployment)).await.expect(200);
            assert_eq!(
                after["status"],
                if answer.status == 200 { to } else { from },
                "{from} -> {to}"
            );
            let _ = write!(table, " {} |", answer.status);
        }
        table.push('\n');
    }
    table
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_twenty_five_status_pairs_answer_as_documented(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let table = table(&server).await;
    snapshot!("status_pairs", &table);
    let page = include_str!("../../../docs/api.md");
    assert!(
        page.contains(&table),
        "docs/api.md does not show this table:\n{table}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refused_transition_names_the_way_out(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = in_status(&server, "succeeded").await;
    let answer = server
        .admin()
        .patch(&at(&deployment), &json!({"status": "pending"}))
        .await;
    snapshot!("update_illegal", answer.whole());
}
