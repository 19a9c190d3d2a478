//! Which jobs have the same identity: their identity tokens differ only in claims about one run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::token;

/// The claims that describe one token, one run or one commit, and not the pipeline, from the
/// documentation of the providers. A claim that is missing here makes jobs different, which is the
/// safe side.
const OF_ONE_RUN: [&str; 21] = [
    "iat",
    "nbf",
    "exp",
    "jti",
    "run_id",
    "run_number",
    "run_attempt",
    "check_run_id",
    "sha",
    "workflow_sha",
    "job_workflow_sha",
    "job_id",
    "ci_config_sha",
    "build_number",
    "build_id",
    "build_commit",
    "oidc.circleci.com/job-id",
    "oidc.circleci.com/workflow-id",
    "oidc.circleci.com/pipeline-id",
    "oidc.circleci.com/pipeline-number",
    "auth_time",
];

/// The claims of an identity token that it shares with the tokens of later runs; `None` if the token
/// is not readable. The token is not verified: only the server can do that.
pub(super) fn of(identity_token: &str) -> Option<Vec<u8>> {
    let claims = token::claims(identity_token)?;
    // On Buildkite this claim names the pipeline, on GitLab a run of it.
    let is_gitlab = claims.contains_key("project_id");
    let is_of_one_run =
        |name: &str| OF_ONE_RUN.contains(&name) || (is_gitlab && name == "pipeline_id");
    let claims: BTreeMap<String, Value> = claims
        .into_iter()
        .filter(|(name, _)| !is_of_one_run(name))
        .collect();
    claims.contains_key("iss").then_some(())?;
    serde_json::to_vec(&claims).ok()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn principal(claims: &str) -> Option<Vec<u8>> {
        of(&format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)))
    }

    #[test]
    fn two_runs_of_a_pipeline_have_the_same_identity() {
        let one = r#"{"iss":"https://i","repository_id":"74","ref":"refs/heads/main","run_id":"1","iat":1,"jti":"a"}"#;
        let other = r#"{"jti":"b","iat":2,"run_id":"2","iss":"https://i","ref":"refs/heads/main","repository_id":"74"}"#;
        assert!(principal(one).is_some() && principal(one) == principal(other));
        let gitlab = |run: &str| {
            principal(&format!(
                r#"{{"iss":"https://g","project_id":"7","pipeline_id":"{run}"}}"#
            ))
        };
        let buildkite = |pipeline: &str| {
            principal(&format!(
                r#"{{"iss":"https://b","pipeline_id":"{pipeline}"}}"#
            ))
        };
        assert_eq!(gitlab("1"), gitlab("2"));
        assert_ne!(buildkite("1"), buildkite("2"));
    }

    #[test]
    fn a_branch_a_pull_request_or_an_environment_makes_another_identity() {
        let of = |more: &str| {
            principal(&format!(
                r#"{{"iss":"https://i","repository_id":"74"{more}}}"#
            ))
        };
        let all = [
            of(""),
            of(r#","ref":"refs/heads/main""#),
            of(r#","ref":"refs/heads/main","environment":"production""#),
            of(r#","ref":"refs/heads/main","event_name":"pull_request_target""#),
            of(r#","unknown":"claim""#),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(one.is_some() && !all[at + 1..].contains(one), "{at}");
        }
    }

    #[test]
    fn a_token_without_an_issuer_has_no_identity() {
        assert_eq!(
            [principal("{}"), of("opaque"), of("a.b.c")],
            [None, None, None]
        );
    }
}
