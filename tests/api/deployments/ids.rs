//! GET /api/v1/deployments/ids

use deploytrack_tests::{
    contract::Contract,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::json;

use crate::given::succeeded;

const IDS: &str = "/api/v1/deployments/ids";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_prefix_finds_no_id_the_only_one_or_both_ends_of_several(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let contract = Contract::of(&server).await;
    let mut ids = Vec::new();
    for version in ["v1", "v2", "v3"] {
        let recorded = succeeded(&server, version, "2026-01-01T00:00:00Z").await;
        ids.push(recorded["id"].as_str().unwrap().to_owned());
    }
    let (whole, decade) = (&ids[1], &ids[0][..6]);
    let target = format!(
        "{IDS}?prefix={whole}&prefix=ffff&prefix={decade}&prefix={}",
        whole.to_uppercase()
    );
    let answer = server.reader().get(&target).await;
    contract.check("GET", IDS, &answer);
    assert_eq!(
        answer.expect(200),
        json!([
            {"prefix": whole, "ids": [whole]},
            {"prefix": "ffff", "ids": []},
            {"prefix": decade, "ids": [ids[0], ids[2]]},
            {"prefix": whole.to_uppercase(), "ids": [whole]},
        ])
    );
    assert_eq!(server.reader().get(IDS).await.expect(200), json!([]));
    // More prefixes than one statement takes.
    let many = "&prefix=ffff".repeat(99);
    let answer = server
        .reader()
        .get(&format!("{IDS}?prefix={whole}{many}"))
        .await;
    let found = answer.expect(200);
    assert_eq!(found[0], json!({"prefix": whole, "ids": [whole]}));
    assert_eq!(found.as_array().unwrap().len(), 100);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_prefix_of_the_wrong_form_is_400(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for wrong in ["", "019", "019ab1e27c4d", "v2.3.1"] {
        let answer = server.reader().get(&format!("{IDS}?prefix={wrong}")).await;
        assert_eq!(
            answer.expect(400)["errors"][0]["parameter"],
            "prefix",
            "{wrong}"
        );
    }
}
