//! The origin that claims state, and the names in them whose ids are pinned.

use deploytrack_core::{origin::Origin, pin::NamedId, text::Label};

use super::{IdentityClaims, Rule};

/// The claims with a name, and those with its id. The first two of an issuer are its repository and
/// its owner.
const NAMED_IDS: [(&str, &str); 7] = [
    ("repository", "repository_id"),
    ("repository_owner", "repository_owner_id"),
    ("project_path", "project_id"),
    ("namespace_path", "namespace_id"),
    ("pipeline_slug", "pipeline_id"),
    ("organization_slug", "organization_id"),
    // CircleCI has no name: the id is one.
    (
        "oidc.circleci.com/project-id",
        "oidc.circleci.com/project-id",
    ),
];

/// The origin of the writes of an identity.
pub(crate) fn origin(rule: &Rule, issuer: &Label, claims: &IdentityClaims) -> Origin {
    let first = |names: &[&str]| names.iter().find_map(|name| label(claims, name));
    Origin {
        issuer: issuer.clone(),
        rule: rule.name.clone(),
        repository: repository(claims),
        run_id: first(&["run_id", "build_number"]).or_else(|| gitlab_pipeline(claims)),
        run_url: run_url(issuer.as_str(), claims).and_then(|url| Label::new(url).ok()),
        actor: first(&["actor", "user_login"]),
        sha: first(&["sha", "build_commit"]),
    }
}

/// The id of the pipeline. Buildkite has a claim of this name too, which is no run.
fn gitlab_pipeline(claims: &IdentityClaims) -> Option<Label> {
    label(claims, "project_path").and(label(claims, "pipeline_id"))
}

/// The repository or project.
pub(crate) fn repository(claims: &IdentityClaims) -> Option<Label> {
    if let (Some(organization), Some(pipeline)) = (
        claims.text("organization_slug"),
        claims.text("pipeline_slug"),
    ) {
        return Label::new(format!("{organization}/{pipeline}")).ok();
    }
    [
        "repository",
        "project_path",
        "oidc.circleci.com/vcs-origin",
        "oidc.circleci.com/project-id",
    ]
    .iter()
    .find_map(|claim| label(claims, claim))
}

fn label(claims: &IdentityClaims, claim: &str) -> Option<Label> {
    claims.text(claim).and_then(|text| Label::new(text).ok())
}

/// The names in the claims, with their ids. A rule that compares an id with exact values needs no
/// pin for it.
pub(crate) fn named_ids(rule: &Rule, claims: &IdentityClaims) -> Vec<NamedId> {
    let pairs = NAMED_IDS.iter().filter(|(_, id)| !rule.fixes(id));
    pairs
        .filter_map(|(name, id)| {
            Some(NamedId {
                claim: Label::new(*id).ok()?,
                name: name_of(claims, name)?,
                value: label(claims, id),
            })
        })
        .collect()
}

/// The name in a claim. Pipelines of two organizations may have the same one.
fn name_of(claims: &IdentityClaims, claim: &str) -> Option<Label> {
    let name = label(claims, claim)?;
    match claim {
        "pipeline_slug" => repository(claims).or(Some(name)),
        _ => Some(name),
    }
}

/// The repository's id where there is one, else its name: jobs of one repository share it.
pub(crate) fn repository_key(claims: &IdentityClaims) -> String {
    let ids = [
        "repository_id",
        "project_id",
        "pipeline_id",
        "oidc.circleci.com/project-id",
    ];
    let id = ids.iter().find_map(|claim| claims.text(claim));
    id.or_else(|| repository(claims).map(String::from))
        .or_else(|| claims.text("sub"))
        .unwrap_or_default()
}

/// The page of a run, for issuers whose addresses are known.
fn run_url(issuer: &str, claims: &IdentityClaims) -> Option<String> {
    let text = |claim: &str| claims.text(claim).filter(|text| is_part_of_path(text));
    if let (Some(project), Some(pipeline)) = (text("project_path"), text("pipeline_id")) {
        return Some(format!("{issuer}/{project}/-/pipelines/{pipeline}"));
    }
    if let (Some(organization), Some(pipeline), Some(build)) = (
        text("organization_slug"),
        text("pipeline_slug"),
        text("build_number"),
    ) {
        return Some(format!(
            "https://buildkite.com/{organization}/{pipeline}/builds/{build}"
        ));
    }
    let repository = text("repository")?;
    if let Some(forgejo) = issuer.strip_suffix("/api/actions") {
        let number = text("run_number")?;
        return Some(format!("{forgejo}/{repository}/actions/runs/{number}"));
    }
    let run = text("run_id")?;
    let server = github_server(issuer)?;
    Some(format!("{server}/{repository}/actions/runs/{run}"))
}

/// The address of GitHub for its issuer: github.com, GHE.com or an Enterprise Server.
fn github_server(issuer: &str) -> Option<String> {
    let host = issuer.strip_prefix("https://")?;
    if let Some(server) = host
        .split_once("/_services/token")
        .map(|(server, _)| server)
    {
        return Some(format!("https://{server}"));
    }
    let host = host.split('/').next()?.strip_prefix("token.actions.")?;
    Some(match host {
        "githubusercontent.com" => "https://github.com".to_owned(),
        // `token.actions.SUB.ghe.com`.
        other => format!("https://{other}"),
    })
}

/// Whether a claim can be a part of a path: a link must not lead elsewhere than its issuer.
fn is_part_of_path(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed) && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn url(issuer: &str, claims: Value) -> Option<String> {
        let Value::Object(claims) = claims else {
            panic!("no object")
        };
        run_url(issuer, &IdentityClaims::new(claims))
    }

    #[test]
    fn the_page_of_a_run_is_at_the_server_of_its_issuer() {
        let github = json!({"repository": "o/r", "run_id": "7", "run_number": "3"});
        for (issuer, page) in [
            (
                "https://token.actions.githubusercontent.com",
                "https://github.com/o/r/actions/runs/7",
            ),
            (
                "https://token.actions.githubusercontent.com/octo",
                "https://github.com/o/r/actions/runs/7",
            ),
            (
                "https://token.actions.octo.ghe.com",
                "https://octo.ghe.com/o/r/actions/runs/7",
            ),
            (
                "https://git.example.com/_services/token",
                "https://git.example.com/o/r/actions/runs/7",
            ),
            (
                "https://code.example.com/api/actions",
                "https://code.example.com/o/r/actions/runs/3",
            ),
        ] {
            assert_eq!(url(issuer, github.clone()).as_deref(), Some(page));
        }
        assert_eq!(url("https://id.example.com", github), None);
        let gitlab = json!({"project_path": "g/s/p", "pipeline_id": "574"});
        assert_eq!(
            url("https://gitlab.com", gitlab).as_deref(),
            Some("https://gitlab.com/g/s/p/-/pipelines/574")
        );
        let buildkite = json!({"organization_slug": "a", "pipeline_slug": "b", "build_number": 17});
        assert_eq!(
            url("https://agent.buildkite.com", buildkite).as_deref(),
            Some("https://buildkite.com/a/b/builds/17")
        );
    }

    #[test]
    fn a_claim_cannot_lead_a_link_elsewhere() {
        for repository in [
            "../../evil",
            "o/r?x=",
            "o/r#",
            "o r",
            "o\\r",
            "",
            "@evil.example",
        ] {
            let claims = json!({"repository": repository, "run_id": "7"});
            assert_eq!(
                url("https://token.actions.githubusercontent.com", claims),
                None,
                "{repository}"
            );
        }
    }
}
