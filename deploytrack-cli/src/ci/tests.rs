use super::*;

/// One realistic set of variables for each provider, and what they tell.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [(Fact, &'static str)]);

const SHA: &str = "ffac537e6cbbf934b08745a378932722df287a53";

const GITHUB: &[(&str, &str)] = &[
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SHA", SHA),
    ("GITHUB_REF", "refs/tags/v2.3.1"),
    ("GITHUB_REF_NAME", "v2.3.1"),
    ("GITHUB_ACTOR", "octocat"),
    ("GITHUB_SERVER_URL", "https://x:hush@github.com"),
    ("GITHUB_REPOSITORY", "octocat/Hello-World"),
    ("GITHUB_RUN_ID", "1658821493"),
    ("GITHUB_RUN_NUMBER", "17"),
    ("GITHUB_RUN_ATTEMPT", "3"),
    ("GITHUB_JOB", "deploy"),
];

const CASES: &[Case] = &[
    (
        "github-actions",
        GITHUB,
        &[
            (Fact::Version, "v2.3.1"),
            (Fact::Commit, SHA),
            (Fact::Actor, "octocat"),
            (Fact::Reference, "v2.3.1"),
            (Fact::RunUrl, "https://github.com/octocat/Hello-World/actions/runs/1658821493/attempts/3"),
        ],
    ),
    (
        "github-actions",
        &[("GITHUB_ACTIONS", "true"), ("GITHUB_REF", "refs/pull/12/merge"), ("GITHUB_HEAD_REF", "fix"), ("GITHUB_REF_NAME", "12/merge")],
        &[(Fact::PullRequest, "12"), (Fact::Reference, "fix")],
    ),
    (
        "gitlab-ci",
        &[
            ("CI", "true"),
            ("GITLAB_CI", "true"),
            ("CI_COMMIT_TAG", "v1"),
            ("CI_ENVIRONMENT_NAME", "review/fix"),
            ("GITLAB_USER_LOGIN", "ada"),
            ("CI_PIPELINE_ID", "7"),
            ("CI_JOB_ID", "70"),
            ("CI_JOB_NAME", "deploy"),
            ("CI_COMMIT_SHA", "none"),
        ],
        &[(Fact::Version, "v1"), (Fact::Environment, "review/fix"), (Fact::Actor, "ada"), (Fact::Rerun, "70")],
    ),
    (
        "jenkins",
        &[("JENKINS_URL", "https://ci/"), ("BUILD_NUMBER", "9"), ("GIT_COMMIT", SHA), ("TAG_NAME", "v1"), ("CHANGE_ID", "4")],
        &[(Fact::Version, "v1"), (Fact::Commit, SHA), (Fact::Run, "9"), (Fact::PullRequest, "4")],
    ),
    (
        "circleci",
        &[("CIRCLECI", "true"), ("CIRCLE_SHA1", SHA), ("CIRCLE_TAG", "v1"), ("CIRCLE_USERNAME", "ada"), ("CIRCLE_BUILD_NUM", "5")],
        &[(Fact::Version, "v1"), (Fact::Actor, "ada"), (Fact::Rerun, "5")],
    ),
    (
        "buildkite",
        &[("BUILDKITE", "true"), ("BUILDKITE_COMMIT", "HEAD"), ("BUILDKITE_PULL_REQUEST", "false"), ("BUILDKITE_BUILD_CREATOR", "Ada")],
        &[(Fact::Actor, "Ada")],
    ),
    (
        "azure-pipelines",
        &[
            ("TF_BUILD", "True"),
            ("BUILD_SOURCEBRANCH", "refs/tags/v1"),
            ("BUILD_BUILDID", "11"),
            ("ENVIRONMENT_NAME", "production"),
            ("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://dev.azure.com/fabrikam/"),
            ("SYSTEM_TEAMPROJECTID", "6c6f"),
        ],
        &[
            (Fact::Version, "v1"),
            (Fact::Reference, "v1"),
            (Fact::Environment, "production"),
            (Fact::Run, "11"),
            (Fact::RunUrl, "https://dev.azure.com/fabrikam/6c6f/_build/results?buildId=11"),
        ],
    ),
    (
        "bitbucket-pipelines",
        &[("BITBUCKET_BUILD_NUMBER", "3"), ("BITBUCKET_TAG", "v1"), ("BITBUCKET_DEPLOYMENT_ENVIRONMENT", "production")],
        &[(Fact::Version, "v1"), (Fact::Environment, "production"), (Fact::Reference, "v1")],
    ),
    ("travis-ci", &[("TRAVIS", "true"), ("TRAVIS_TAG", "v1"), ("TRAVIS_PULL_REQUEST", "false")], &[(Fact::Version, "v1")]),
    ("teamcity", &[("TEAMCITY_VERSION", "2025.11"), ("BUILD_VCS_NUMBER", SHA)], &[(Fact::Commit, SHA)]),
    ("appveyor", &[("APPVEYOR", "True"), ("APPVEYOR_REPO_TAG_NAME", "v1")], &[(Fact::Version, "v1")]),
    (
        "drone",
        &[("DRONE", "true"), ("DRONE_TAG", "v1"), ("DRONE_DEPLOY_TO", "production"), ("DRONE_BUILD_TRIGGER", "@hook")],
        &[(Fact::Version, "v1"), (Fact::Environment, "production")],
    ),
    (
        "woodpecker",
        &[("CI", "woodpecker"), ("CI_COMMIT_TAG", "v1"), ("CI_PIPELINE_DEPLOY_TARGET", "production"), ("CI_PIPELINE_AUTHOR", "ada")],
        &[(Fact::Version, "v1"), (Fact::Environment, "production"), (Fact::Actor, "ada")],
    ),
    (
        "semaphore",
        &[("SEMAPHORE", "true"), ("SEMAPHORE_GIT_TAG_NAME", "v1"), ("SEMAPHORE_WORKFLOW_TRIGGERED_BY", "ada")],
        &[(Fact::Version, "v1"), (Fact::Actor, "ada")],
    ),
    (
        "aws-codebuild",
        &[("CODEBUILD_BUILD_ARN", "arn:aws:codebuild:x"), ("CODEBUILD_WEBHOOK_TRIGGER", "tag/v1"), ("CODEBUILD_INITIATOR", "ada")],
        &[(Fact::Version, "v1"), (Fact::Actor, "ada")],
    ),
    (
        "google-cloud-build",
        &[("BUILDER_OUTPUT", "/builder/outputs"), ("TAG_NAME", "v1"), ("COMMIT_SHA", SHA), ("BUILD_ID", "b1")],
        &[(Fact::Version, "v1"), (Fact::Commit, SHA), (Fact::Rerun, "b1")],
    ),
];

fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Surroundings { variables, ..Surroundings::default() }
}

fn told(variables: &[(&str, &str)]) -> Context {
    Context::told(&surroundings(variables))
}

fn name(context: &Context) -> Option<&str> {
    context.provider.map(|provider| provider.name)
}

fn text(context: &Context, fact: Fact) -> Option<&str> {
    context.fact(fact).map(|known| known.value.as_str())
}

#[test]
fn every_provider_tells_what_its_variables_say() {
    for (provider, variables, facts) in CASES {
        let told = told(variables);
        assert_eq!(name(&told), Some(*provider));
        for (fact, value) in *facts {
            assert_eq!(text(&told, *fact), Some(*value), "{provider} {fact:?}");
        }
    }
}

#[test]
fn what_cannot_be_recorded_is_not_told() {
    for (provider, fact) in
        [("gitlab-ci", Fact::Commit), ("buildkite", Fact::Commit), ("travis-ci", Fact::PullRequest), ("drone", Fact::Actor)]
    {
        let (_, variables, _) = CASES.iter().find(|(name, ..)| *name == provider).unwrap();
        assert_eq!(text(&told(variables), fact), None, "{provider} {fact:?}");
    }
}

#[test]
fn every_provider_has_a_name_and_a_mark_of_its_own() {
    let names: std::collections::BTreeSet<_> = PROVIDERS.iter().map(|provider| provider.name).collect();
    let marks: std::collections::BTreeSet<_> = PROVIDERS.iter().flat_map(|provider| provider.marks).collect();
    assert_eq!((names.len(), marks.len()), (PROVIDERS.len(), PROVIDERS.len()));
    assert_eq!(name(&told(&[("CI", "true"), ("GITHUB_ACTIONS", "false")])), None);
}

#[test]
fn gitea_and_forgejo_are_told_from_github() {
    let gitea = told(&[GITHUB, &[("GITEA_ACTIONS", "true")]].concat());
    assert_eq!(
        (name(&gitea), text(&gitea, Fact::RunUrl)),
        (Some("gitea-actions"), Some("https://github.com/octocat/Hello-World/actions/runs/17"))
    );
    assert_eq!(name(&told(&[GITHUB, &[("FORGEJO_ACTIONS", "true")]].concat())), Some("forgejo-actions"));
}

fn key(variables: &[(&str, &str)], environment: &str) -> Option<String> {
    let [component, environment] = ["api", environment].map(|name| Reference::Name(Name::new(name).unwrap()));
    told(variables).idempotency_key(&component, &environment).map(|key| key.to_string())
}

#[test]
fn a_job_that_is_run_again_has_a_new_key_and_a_step_that_is_has_the_same() {
    let first = key(GITHUB, "production");
    assert!(first.as_ref().is_some_and(|key| key.starts_with("ci-")));
    assert_eq!(first, key(GITHUB, "production"));
    for other in [("GITHUB_RUN_ATTEMPT", "4"), ("GITHUB_RUN_ID", "1"), ("GITHUB_JOB", "other"), ("GITHUB_REPOSITORY", "octocat/other")] {
        assert_ne!(first, key(&[GITHUB, &[other]].concat(), "production"), "{other:?}");
    }
    assert_ne!(first, key(GITHUB, "staging"));
}

#[test]
fn where_a_job_that_is_run_again_looks_the_same_there_is_no_key() {
    assert_eq!(key(&[], "production"), None);
    assert_eq!(key(&[("TRAVIS", "true"), ("TRAVIS_BUILD_ID", "1"), ("TRAVIS_JOB_NUMBER", "1.1")], "production"), None);
    assert_eq!(key(&[("TEAMCITY_VERSION", "2025.11"), ("BUILD_NUMBER", "1")], "production"), None);
}

/// A repository whose HEAD is tagged v2, and which has another tag, v1.
fn git(question: &[&str]) -> Option<String> {
    let answer = match question {
        ["rev-parse", .., "HEAD"] => "aaaa".repeat(10),
        ["show-ref", .., "refs/tags/v1"] => format!("{} refs/tags/v1\n{} refs/tags/v1^{{}}", "0000".repeat(10), "bbbb".repeat(10)),
        ["describe", ..] => "v2".to_owned(),
        ["symbolic-ref", ..] => "main".to_owned(),
        ["config", ..] => "https://oauth2:hush@forge/api.git".to_owned(),
        _ => return None,
    };
    Some(answer + "\n")
}

fn asked(variables: &[(&str, &str)], version: Option<&str>) -> Context {
    let mut context = told(variables);
    context.ask(version.map(|version| Version::new(version).unwrap()).as_ref(), git);
    context
}

#[test]
fn the_commit_is_that_of_the_version_or_none() {
    let commit = |version| text(&asked(&[], version), Fact::Commit).map(str::to_owned);
    assert_eq!(commit(None), Some("aaaa".repeat(10)));
    assert_eq!(commit(Some("v1")), Some("bbbb".repeat(10)));
    assert_eq!(commit(Some("v9")), None);
}

#[test]
fn outside_ci_git_tells_the_rest_but_nobody_and_no_secret() {
    let told = asked(&[], None);
    assert_eq!((text(&told, Fact::Version), text(&told, Fact::Actor)), (Some("v2"), None));
    let metadata = serde_json::json!({"repository": "https://forge/api.git", "ref": "main"});
    assert_eq!(told.metadata(), Some(("git".to_owned(), metadata)));
}

#[test]
fn in_ci_git_fills_in_the_version_and_the_commit_alone() {
    let told = asked(&[("TEAMCITY_VERSION", "2025.11")], None);
    assert_eq!((text(&told, Fact::Version), text(&told, Fact::Reference)), (Some("v2"), None));
    assert_eq!(text(&asked(GITHUB, None), Fact::Commit), Some(SHA));
}

#[test]
fn credentials_are_taken_out_of_addresses() {
    for (address, without) in [
        ("https://user:hush@forge/a/b", "https://forge/a/b"),
        ("https://hush@forge", "https://forge"),
        ("ssh://git@forge:22/a@b", "ssh://forge:22/a@b"),
        ("git@forge:a/b.git", "git@forge:a/b.git"),
        ("oauth2:hush@forge/a", "forge/a"),
        ("v1@2", "v1@2"),
    ] {
        assert_eq!(without_credentials(address), without);
    }
}
