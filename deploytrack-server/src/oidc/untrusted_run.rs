//! Runs in which others than the owners of a repository decide what is executed, although the
//! identity is that of the repository.

use super::{Condition, IdentityClaims};

/// The events of GitHub and Forgejo whose runs execute the code of a proposal, or continue after such
/// a run. `pull_request_target` has the identity of the base repository and its branch.
const EVENTS: [&str; 5] = [
    "pull_request",
    "pull_request_target",
    "pull_request_review",
    "pull_request_review_comment",
    "workflow_run",
];
/// The sources of GitLab's pipelines for a proposal.
const SOURCES: [&str; 2] = ["merge_request_event", "external_pull_request_event"];
const CIRCLECI_PROJECT: &str = "oidc.circleci.com/project-id";
const CIRCLECI_ORIGIN: &str = "oidc.circleci.com/vcs-origin";
const CIRCLECI_SSH: &str = "oidc.circleci.com/ssh-rerun";

/// The claim that makes a run untrusted, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UntrustedRun {
    pub(crate) claim: &'static str,
    pub(crate) reason: &'static str,
}

impl UntrustedRun {
    /// The reason not to trust a run with these claims, for a rule with these conditions.
    pub(crate) fn of(claims: &IdentityClaims, conditions: &[Condition]) -> Option<Self> {
        let has = |claim: &str, values: &[&str]| {
            claims
                .text(claim)
                .is_some_and(|text| values.contains(&text.as_str()))
        };
        let found = |claim, reason| Some(Self { claim, reason });
        if has("event_name", &EVENTS) {
            return found(
                "event_name",
                "a pull request decides what this run executes",
            );
        }
        if has("pipeline_source", &SOURCES) {
            return found(
                "pipeline_source",
                "a merge request decides what this pipeline executes",
            );
        }
        if has(CIRCLECI_SSH, &["true"]) {
            return found(CIRCLECI_SSH, "a person is connected to this job by SSH");
        }
        // CircleCI can pass tokens to builds of forks, and only this claim tells them apart.
        let asks_origin = conditions
            .iter()
            .any(|condition| condition.claim == CIRCLECI_ORIGIN);
        if claims.text(CIRCLECI_PROJECT).is_some() && !asks_origin {
            return found(
                CIRCLECI_ORIGIN,
                "the build of a fork has the same project, and the rule has no condition for this claim",
            );
        }
        // Buildkite names the branch of a fork `OWNER:BRANCH`. A branch of git has no colon.
        if claims.text("build_branch")?.contains(':') {
            return found("build_branch", "this is a build of a fork");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::condition::Comparison, *};

    fn untrusted(claims: Value, conditions: &[Condition]) -> Option<&'static str> {
        let Value::Object(claims) = claims else {
            panic!("no object")
        };
        let found = UntrustedRun::of(&IdentityClaims::new(claims), conditions);
        found.map(|found| found.claim)
    }

    #[test]
    fn runs_of_proposals_and_forks_are_not_trusted() {
        for (claims, claim) in [
            (json!({"event_name": "pull_request"}), "event_name"),
            (
                json!({"event_name": "pull_request_target", "ref": "refs/heads/main"}),
                "event_name",
            ),
            (json!({"event_name": "workflow_run"}), "event_name"),
            (
                json!({"pipeline_source": "merge_request_event"}),
                "pipeline_source",
            ),
            (json!({"build_branch": "mallory:main"}), "build_branch"),
            (
                json!({CIRCLECI_SSH: true, CIRCLECI_PROJECT: "p"}),
                CIRCLECI_SSH,
            ),
            (
                json!({CIRCLECI_SSH: "true", CIRCLECI_PROJECT: "p"}),
                CIRCLECI_SSH,
            ),
            (
                json!({CIRCLECI_SSH: false, CIRCLECI_PROJECT: "p"}),
                CIRCLECI_ORIGIN,
            ),
        ] {
            assert_eq!(untrusted(claims.clone(), &[]), Some(claim), "{claims}");
        }
        for claims in [
            json!({"event_name": "push"}),
            json!({"event_name": "workflow_dispatch"}),
            json!({"pipeline_source": "web"}),
            json!({"build_branch": "feature/a"}),
            json!({}),
        ] {
            assert_eq!(untrusted(claims.clone(), &[]), None, "{claims}");
        }
    }

    #[test]
    fn a_rule_for_circleci_that_asks_for_the_origin_is_trusted() {
        let origin = Condition {
            claim: CIRCLECI_ORIGIN.into(),
            comparison: Comparison::Equals("github.com/octo-org/octo-repo".into()),
        };
        let claims = json!({CIRCLECI_PROJECT: "p", CIRCLECI_SSH: false});
        assert_eq!(untrusted(claims, &[origin]), None);
    }
}
