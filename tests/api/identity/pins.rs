use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    issuer::{
        Issuer,
        claims::{self, with},
    },
};
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::audit::audited;

#[rstest]
#[tokio::test]
async fn the_ids_of_a_name_are_pinned_at_its_first_use_and_others_are_refused_until_the_pin_is_removed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    exchange(&server, &issuer.sign(&claims::github()))
        .await
        .expect(200);
    let again = issuer.sign(&with(
        claims::github(),
        &json!({"repository_id": "91", "jti": "a"}),
    ));
    let refused = refusal(&server, &again).await;
    assert!(
        refused.starts_with(
            "repository_id of octo-org/octo-repo is 91, and the rule \"web\" pinned 74"
        ),
        "{refused}"
    );
    let without = issuer.sign(&with(
        claims::github(),
        &json!({"repository_id": null, "jti": "b"}),
    ));
    assert!(refusal(&server, &without).await.contains("is missing, and"));
    let explained = send(&server, EXPLAIN, &again).await.expect(200);
    assert_eq!(explained["rules"][0]["accepts"], false);
    assert_eq!(explained["rules"][0]["claim"], "repository_id");
    let pins = server.admin().get(PINS).await.expect(200);
    assert_eq!(pins["total"], 2, "of the repository and of its owner");
    let pin = pins["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|pin| pin["claim"] == "repository_id");
    let pin = format!("{PINS}/{}", text(pin.unwrap(), "id"));
    assert_eq!(server.reader().call("DELETE", &pin).await.status, 403);
    server.admin().call("DELETE", &pin).await.expect(204);
    server.admin().call("DELETE", &pin).await.expect(404);
    exchange(&server, &again).await.expect(200);
    let audit = server.admin().get("/api/v1/audit").await.expect(200);
    let types: Vec<_> = audit["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| text(event, "type"))
        .filter(|r#type| *r#type != "identity.refused")
        .collect();
    assert_eq!(
        types,
        ["pin.created", "pin.removed", "pin.created", "pin.created"]
    );
    let removed = audited(&server, "type=pin.removed", 1).await;
    assert_eq!(removed[0]["details"]["value"], "74");
    let refused = audited(&server, "type=identity.refused", 1).await;
    assert_eq!(
        refused.len(),
        1,
        "two refusals of one repository within an hour"
    );
    let why = text(&refused[0]["details"], "why");
    assert!(why.contains("pinned 74"), "{why}");
}

#[rstest]
#[tokio::test]
async fn a_new_repository_of_a_registered_again_owner_is_refused(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    exchange(&server, &issuer.sign(&claims::github()))
        .await
        .expect(200);
    let stolen = json!({"repository": "octo-org/evil", "repository_id": "900", "repository_owner_id": "666"});
    let refused = refusal(&server, &issuer.sign(&with(claims::github(), &stolen))).await;
    assert!(
        refused.starts_with("repository_owner_id of octo-org is 666"),
        "{refused}"
    );
    assert_eq!(
        database
            .text("select cast(count(*) as text) from pins")
            .await,
        "2",
        "a refusal pins nothing"
    );
    exchange(&server, &issuer.sign(&claims::github_renamed()))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_rule_by_id_needs_no_pin_for_it() {
    let database = deploytrack_tests::database::Database::sqlite();
    let issuer = Issuer::start();
    let by_id = WEB.replace(
        r#"{ claim = "repository", glob = "octo-org/*" }"#,
        r#"{ claim = "repository_id", in = ["74", 91] }"#,
    );
    let server = trusting(&database, &issuer, &by_id).await;
    exchange(&server, &issuer.sign(&claims::github()))
        .await
        .expect(200);
    let other = with(claims::github(), &json!({"repository_id": "91"}));
    exchange(&server, &issuer.sign(&other)).await.expect(200);
    assert_eq!(
        database
            .text("select cast(count(*) as text) from pins")
            .await,
        "1",
        "of the owner"
    );
}

#[rstest]
#[tokio::test]
async fn of_many_simultaneous_first_uses_one_pins_its_id(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let sent = (0..16).map(|number| {
        let id = json!({"repository_id": number.to_string()});
        let token = issuer.sign(&with(claims::github(), &id));
        let server = &server;
        async move { exchange(server, &token).await.status }
    });
    let mut statuses = futures_util::future::join_all(sent).await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(
        statuses[1..].iter().all(|status| *status == 401),
        "{statuses:?}"
    );
}
