use deploytrack_tests::{
    database::Database,
    issuer::{
        Issuer,
        claims::{self, with},
    },
    snapshot,
};
use serde_json::json;

use super::*;
use crate::audit::audited;

/// A rule for each provider, as its documents show the claims.
const PROVIDERS: &str = r#"
[[oidc.rule]]
name = "gitlab"
issuer = "{issuer}"
match = [{ claim = "project_path", equals = "my-group/my-project" }, { claim = "ref_protected", equals = true }, { claim = "runner_id", equals = "1" }, { claim = "groups_direct", equals = "my-group/my-subgroup" }]
role = "writer"

[[oidc.rule]]
name = "circleci"
issuer = "{issuer}"
match = [{ claim = "oidc.circleci.com/project-id", in = ["0bd3a1f0-2c4e-4c55-8ad3-7d4f2f1a2222"] }, { claim = "oidc.circleci.com/vcs-origin", equals = "github.com/octo-org/octo-repo" }]
role = "writer"

[[oidc.rule]]
name = "buildkite"
issuer = "{issuer}"
match = [{ claim = "organization_slug", equals = "acme-inc" }, { claim = "build_number", equals = 17 }]
role = "writer"

[[oidc.rule]]
name = "forgejo"
issuer = "{issuer}"
match = [{ claim = "repository", glob = "octo/*" }]
role = "writer"
"#;

#[tokio::test]
async fn the_documented_claims_of_each_provider_are_accepted_by_its_rule() {
    let database = Database::sqlite();
    let issuer = Issuer::with_path("/api/actions");
    let server = trusting(&database, &issuer, PROVIDERS).await;
    let mut subjects = Vec::new();
    for claims in [
        claims::gitlab(),
        claims::circleci(),
        claims::buildkite(),
        claims::forgejo(),
    ] {
        let job = job(&server, &issuer.sign(&claims)).await;
        let body = json!({"component": "shop", "environment": "production", "version": "v1"});
        let recorded = job.record(body).await;
        subjects.push(format!(
            "{} {}",
            text(&recorded, "deployedBy"),
            recorded["origin"]
        ));
    }
    let host = issuer.url().trim_end_matches("/api/actions");
    let shown = subjects.join("\n").replace(host, "https://issuer");
    snapshot!("identity_providers", shown);
}

#[tokio::test]
async fn both_forms_of_githubs_subject_are_accepted_since_it_is_never_parsed() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    for claims in [
        claims::github(),
        claims::github_with_ids(),
        claims::github_renamed(),
    ] {
        exchange(&server, &issuer.sign(&claims)).await.expect(200);
    }
}

#[tokio::test]
async fn a_refusal_names_the_rule_and_the_claim_with_its_value_but_not_what_is_expected() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let mut refusals = Vec::new();
    for changes in [
        json!({"ref": "refs/heads/fix"}),
        json!({"repository": "mallory/octo-repo"}),
        json!({"repository": null}),
        json!({"environment": null}),
        json!({"environment": "prod*"}),
        json!({"event_name": "pull_request_target"}),
    ] {
        let token = issuer.sign(&with(claims::github(), &changes));
        refusals.push(refusal(&server, &token).await);
    }
    assert!(
        refusals
            .iter()
            .all(|refusal| !refusal.contains("octo-org/*"))
    );
    snapshot!("identity_refusals", refusals.join("\n"));
    assert_eq!(
        database
            .text("select cast(count(*) as text) from tokens")
            .await,
        "0"
    );
    assert_eq!(
        database
            .text("select cast(count(*) as text) from pins")
            .await,
        "0"
    );
}

#[tokio::test]
async fn the_audit_has_a_refused_identity_once_in_an_hour_and_no_forged_one() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let fix = with(claims::github(), &json!({"ref": "refs/heads/fix"}));
    refusal(&server, &Issuer::start().sign(&fix)).await;
    for jti in ["a", "b"] {
        refusal(
            &server,
            &issuer.sign(&with(fix.clone(), &json!({"jti": jti}))),
        )
        .await;
    }
    let refused = audited(&server, "type=identity.refused", 1).await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["recordedBy"], "octo-org/octo-repo");
    let details = &refused[0]["details"];
    assert_eq!(details["issuer"], issuer.url());
    assert_eq!(details["repository"], "octo-org/octo-repo");
    assert!(text(details, "why").contains("refs/heads/fix"), "{details}");
}

#[tokio::test]
async fn a_pull_request_may_not_write_unless_its_rule_says_so() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let pull_requests = with(
        claims::github_pull_request(),
        &json!({"ref": "refs/heads/main", "environment": "production"}),
    );
    let token = issuer.sign(&pull_requests);
    let server = trusting(&database, &issuer, WEB).await;
    let refused = refusal(&server, &token).await;
    assert!(
        refused.contains("event_name") && refused.contains("accept_untrusted_runs"),
        "{refused}"
    );
    let merge_request = with(
        claims::gitlab(),
        &json!({"pipeline_source": "merge_request_event"}),
    );
    let gitlab = trusting(&database, &issuer, PROVIDERS).await;
    let refused = refusal(&gitlab, &issuer.sign(&merge_request)).await;
    assert!(refused.contains("pipeline_source"), "{refused}");
    let fork = with(
        claims::circleci(),
        &json!({"oidc.circleci.com/vcs-origin": "github.com/mallory/octo-repo"}),
    );
    let refused = refusal(&gitlab, &issuer.sign(&fork)).await;
    assert!(refused.contains("vcs-origin"), "{refused}");
    let accepting = format!("{WEB}accept_untrusted_runs = true\n");
    let server = trusting(&database, &issuer, &accepting).await;
    exchange(&server, &token).await.expect(200);
    let reading = WEB.replace("\"writer\"", "\"reader\"");
    let server = trusting(&database, &issuer, &reading).await;
    let job = job(&server, &token).await;
    assert_eq!(job.get("/api/v1/deployments").await.status, 200);
    assert_eq!(
        job.post("/api/v1/deployments", &json!({})).await.status,
        403
    );
}

#[tokio::test]
async fn the_first_rule_that_accepts_decides() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let both = format!(
        "{}{}",
        WEB.replace("\"web\"", "\"first\"")
            .replace("refs/heads/main", "refs/heads/other"),
        WEB
    );
    let server = trusting(&database, &issuer, &both).await;
    let job = job(&server, &issuer.sign(&claims::github())).await;
    let session = job.call("POST", "/api/v1/session").await.expect(200);
    assert_eq!(session["subject"], "oidc:web/octo-org/octo-repo");
}

#[tokio::test]
async fn an_explanation_has_every_rule_and_writes_nothing() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let rules = format!(
        "{}{WEB}",
        WEB.replace("\"web\"", "\"first\"")
            .replace("refs/heads/main", "refs/heads/other")
    );
    let server = trusting(&database, &issuer, &rules).await;
    let before = database
        .text("select cast(count as text) from commits")
        .await;
    let explained = send(&server, EXPLAIN, &issuer.sign(&claims::github())).await;
    let shown = explained
        .expect(200)
        .to_string()
        .replace(issuer.url(), "https://issuer");
    snapshot!("identity_explained", shown);
    assert_eq!(
        database
            .text("select cast(count as text) from commits")
            .await,
        before
    );
    let unknown = with(
        claims::github(),
        &json!({"iss": "https://evil.example.com"}),
    );
    send(&server, EXPLAIN, &issuer.sign(&unknown))
        .await
        .expect(401);
}
