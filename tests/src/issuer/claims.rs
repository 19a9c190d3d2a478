//! The claims of the identity tokens of CI systems, as their documents show them. `iss` is added by
//! [`super::Issuer::sign`]. Every token is valid for five minutes from now.

use serde_json::{Value, json};

use crate::caller::seconds;

/// The audience of every token here.
pub const AUDIENCE: &str = "https://deploytrack.example.com";

/// The claims with some of them replaced, or removed where the value is `null`.
///
/// # Panics
/// When one of the two is no object.
#[must_use]
pub fn with(mut claims: Value, changes: &Value) -> Value {
    let all = claims.as_object_mut().expect("claims are an object");
    for (name, value) in changes.as_object().expect("changes are an object") {
        if value.is_null() {
            all.remove(name);
        } else {
            all.insert(name.clone(), value.clone());
        }
    }
    claims
}

fn timed(claims: Value) -> Value {
    let now = seconds();
    with(
        claims,
        &json!({"aud": AUDIENCE, "iat": now, "nbf": now - 5, "exp": now + 300}),
    )
}

/// GitHub Actions: a job of `octo-org/octo-repo` for the environment `production`, with the `sub` of
/// a repository that was created before 2026-07-15.
#[must_use]
pub fn github() -> Value {
    timed(json!({
        "jti": "6f5a3e2c-5d0c-4f5e-a2d9-7f7bb0a6b0f1",
        "sub": "repo:octo-org/octo-repo:environment:production",
        "environment": "production",
        "ref": "refs/heads/main",
        "sha": "ed52224333bd2591ebd3e2f1eea9768c6b925305",
        "repository": "octo-org/octo-repo",
        "repository_owner": "octo-org",
        "actor_id": "12",
        "repository_visibility": "private",
        "repository_id": "74",
        "repository_owner_id": "65",
        "run_id": "30433642",
        "run_number": "10",
        "run_attempt": "2",
        "runner_environment": "github-hosted",
        "actor": "octocat",
        "workflow": "deploy",
        "head_ref": "",
        "base_ref": "",
        "event_name": "workflow_dispatch",
        "ref_type": "branch",
        "workflow_ref": "octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main",
        "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
    }))
}

/// GitHub Actions: the same job of a repository that was created after 2026-07-15, whose `sub` has
/// the ids.
#[must_use]
pub fn github_with_ids() -> Value {
    with(
        github(),
        &json!({"sub": "repo:octo-org@65/octo-repo@74:environment:production"}),
    )
}

/// GitHub Actions: the same repository after it was renamed, with the `sub` that it has then.
#[must_use]
pub fn github_renamed() -> Value {
    with(
        github(),
        &json!({"sub": "repo:octo-org@65/new-repo@74:environment:production", "repository": "octo-org/new-repo"}),
    )
}

/// GitHub Actions: a job that a pull request started.
#[must_use]
pub fn github_pull_request() -> Value {
    with(
        github(),
        &json!({
            "sub": "repo:octo-org/octo-repo:pull_request", "event_name": "pull_request", "environment": null,
            "ref": "refs/pull/7/merge", "head_ref": "fix", "base_ref": "main",
        }),
    )
}

/// GitLab: ids and booleans are texts, and `runner_id` is a number.
#[must_use]
pub fn gitlab() -> Value {
    timed(json!({
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
        "sub": "project_path:my-group/my-project:ref_type:branch:ref:main",
        "namespace_id": "72",
        "namespace_path": "my-group",
        "project_id": "20",
        "project_path": "my-group/my-project",
        "user_id": "1",
        "user_login": "sample-user",
        "user_email": "sample-user@example.com",
        "user_identities": [{"provider": "github", "extern_uid": "2435223452345"}],
        "groups_direct": ["my-group", "my-group/my-subgroup"],
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": "main",
        "ref_type": "branch",
        "ref_path": "refs/heads/main",
        "ref_protected": "true",
        "environment": "production",
        "environment_protected": "true",
        "deployment_tier": "production",
        "environment_action": "start",
        "runner_id": 1,
        "runner_environment": "self-hosted",
        "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
        "project_visibility": "public",
        "ci_config_ref_uri": "gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main",
        "ci_config_sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
    }))
}

/// CircleCI: the claims have its host in their names.
#[must_use]
pub fn circleci() -> Value {
    timed(json!({
        "sub": "org/5ad8d6f4-3a0f-4a8b-9d4a-c2b4d8f3a111/project/0bd3a1f0-2c4e-4c55-8ad3-7d4f2f1a2222/user/9c1b7a44-98a3-4ac1-8d8b-6a53ac0e3333",
        "oidc.circleci.com/project-id": "0bd3a1f0-2c4e-4c55-8ad3-7d4f2f1a2222",
        "oidc.circleci.com/context-ids": ["f2a43ae6-6f7c-4f5f-8f4a-3f4a5d0f4444"],
        "oidc.circleci.com/ssh-rerun": false,
        "oidc.circleci.com/vcs-origin": "github.com/octo-org/octo-repo",
        "oidc.circleci.com/vcs-ref": "refs/heads/main",
    }))
}

/// Buildkite: without the ids, which a job has to ask for.
#[must_use]
pub fn buildkite() -> Value {
    timed(json!({
        "sub": "organization:acme-inc:pipeline:super-duper-app:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:deploy",
        "organization_slug": "acme-inc",
        "pipeline_slug": "super-duper-app",
        "build_number": 17,
        "build_branch": "main",
        "build_commit": "9f3182061f1e2cca4702c368cbc039b7dc9d4485",
        "step_key": "deploy",
        "job_id": "0184990a-477b-4fa8-9968-496074483cee",
        "agent_id": "0184990a-4782-42b5-afc1-16715b10b8ff",
        "build_source": "ui",
        "runner_environment": "self-hosted",
    }))
}

/// Forgejo Actions.
#[must_use]
pub fn forgejo() -> Value {
    timed(json!({
        "sub": "repo:octo/shop:ref:refs/heads/main",
        "actor": "ada",
        "actor_id": "3",
        "base_ref": "",
        "head_ref": "",
        "event_name": "push",
        "ref": "refs/heads/main",
        "ref_protected": "true",
        "ref_type": "branch",
        "repository": "octo/shop",
        "repository_id": "17",
        "repository_owner": "octo",
        "repository_owner_id": "5",
        "run_attempt": "1",
        "run_id": "12",
        "run_number": "7",
        "sha": "36b1b2a0cd4f9f2a7d3ad2e4f5a6b7c8d9e0f102",
        "workflow": "deploy.yml",
        "workflow_ref": "octo/shop/.forgejo/workflows/deploy.yml@refs/heads/main",
    }))
}
