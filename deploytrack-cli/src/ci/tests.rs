use deploytrack_core::{catalog::Reference, text::Name};

use super::{providers::PROVIDERS, *};
use crate::process_env::ProcessEnv;

/// A provider, a realistic set of its variables, and the facts in them.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(Fact, &'static str)],
);

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
            (
                Fact::RunUrl,
                "https://github.com/octocat/Hello-World/actions/runs/1658821493/attempts/3",
            ),
        ],
    ),
    (
        "github-actions",
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REF", "refs/pull/12/merge"),
            ("GITHUB_HEAD_REF", "fix"),
            ("GITHUB_REF_NAME", "12/merge"),
        ],
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
        &[
            (Fact::Version, "v1"),
            (Fact::Environment, "review/fix"),
            (Fact::Actor, "ada"),
            (Fact::Leg, "70"),
        ],
    ),
    (
        "jenkins",
        &[
            ("JENKINS_URL", "https://ci/"),
            ("BUILD_NUMBER", "9"),
            ("GIT_COMMIT", SHA),
            ("TAG_NAME", "v1"),
            ("CHANGE_ID", "4"),
        ],
        &[
            (Fact::Version, "v1"),
            (Fact::Commit, SHA),
            (Fact::Run, "9"),
            (Fact::PullRequest, "4"),
        ],
    ),
    (
        "circleci",
        &[
            ("CIRCLECI", "true"),
            ("CIRCLE_SHA1", SHA),
            ("CIRCLE_TAG", "v1"),
            ("CIRCLE_USERNAME", "ada"),
            ("CIRCLE_BUILD_NUM", "5"),
            ("CIRCLE_NODE_INDEX", "1"),
        ],
        &[
            (Fact::Version, "v1"),
            (Fact::Actor, "ada"),
            (Fact::Leg, "5/1"),
        ],
    ),
    (
        "buildkite",
        &[
            ("BUILDKITE", "true"),
            ("BUILDKITE_COMMIT", "HEAD"),
            ("BUILDKITE_PULL_REQUEST", "false"),
            ("BUILDKITE_BUILD_CREATOR", "Ada"),
        ],
        &[(Fact::Actor, "Ada")],
    ),
    (
        "azure-pipelines",
        &[
            ("TF_BUILD", "True"),
            ("BUILD_SOURCEBRANCH", "refs/tags/v1"),
            ("BUILD_BUILDID", "11"),
            ("ENVIRONMENT_NAME", "production"),
            (
                "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
                "https://dev.azure.com/fabrikam/",
            ),
            ("SYSTEM_TEAMPROJECTID", "6c6f"),
        ],
        &[
            (Fact::Version, "v1"),
            (Fact::Reference, "v1"),
            (Fact::Environment, "production"),
            (Fact::Run, "11"),
            (
                Fact::RunUrl,
                "https://dev.azure.com/fabrikam/6c6f/_build/results?buildId=11",
            ),
        ],
    ),
    (
        "bitbucket-pipelines",
        &[
            ("BITBUCKET_BUILD_NUMBER", "3"),
            ("BITBUCKET_TAG", "v1"),
            ("BITBUCKET_DEPLOYMENT_ENVIRONMENT", "production"),
        ],
        &[
            (Fact::Version, "v1"),
            (Fact::Environment, "production"),
            (Fact::Reference, "v1"),
        ],
    ),
    (
        "travis-ci",
        &[
            ("TRAVIS", "true"),
            ("TRAVIS_TAG", "v1"),
            ("TRAVIS_PULL_REQUEST", "false"),
        ],
        &[(Fact::Version, "v1")],
    ),
    (
        "teamcity",
        &[("TEAMCITY_VERSION", "2025.11"), ("BUILD_VCS_NUMBER", SHA)],
        &[(Fact::Commit, SHA)],
    ),
    (
        "appveyor",
        &[("APPVEYOR", "True"), ("APPVEYOR_REPO_TAG_NAME", "v1")],
        &[(Fact::Version, "v1")],
    ),
    (
        "drone",
        &[
            ("DRONE", "true"),
            ("DRONE_TAG", "v1"),
            ("DRONE_DEPLOY_TO", "production"),
            ("DRONE_BUILD_TRIGGER", "@hook"),
        ],
        &[(Fact::Version, "v1"), (Fact::Environment, "production")],
    ),
    (
        "woodpecker",
        &[
            ("CI", "woodpecker"),
            ("CI_COMMIT_TAG", "v1"),
            ("CI_PIPELINE_DEPLOY_TARGET", "production"),
            ("CI_PIPELINE_AUTHOR", "ada"),
        ],
        &[
            (Fact::Version, "v1"),
            (Fact::Environment, "production"),
            (Fact::Actor, "ada"),
        ],
    ),
    (
        "semaphore",
        &[
            ("SEMAPHORE", "true"),
            ("SEMAPHORE_GIT_TAG_NAME", "v1"),
            ("SEMAPHORE_WORKFLOW_TRIGGERED_BY", "ada"),
        ],
        &[(Fact::Version, "v1"), (Fact::Actor, "ada")],
    ),
    (
        "aws-codebuild",
        &[
            ("CODEBUILD_BUILD_ARN", "arn:aws:codebuild:x"),
            ("CODEBUILD_WEBHOOK_TRIGGER", "tag/v1"),
            ("CODEBUILD_INITIATOR", "ada"),
        ],
        &[(Fact::Version, "v1"), (Fact::Actor, "ada")],
    ),
    (
        "google-cloud-build",
        &[
            ("BUILDER_OUTPUT", "/builder/outputs"),
            ("TAG_NAME", "v1"),
            ("COMMIT_SHA", SHA),
            ("BUILD_ID", "b1"),
        ],
        &[
            (Fact::Version, "v1"),
            (Fact::Commit, SHA),
            (Fact::Run, "b1"),
        ],
    ),
];

fn env(variables: &[(&str, &str)]) -> ProcessEnv {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    ProcessEnv {
        variables,
        ..ProcessEnv::default()
    }
}

fn context(variables: &[(&str, &str)]) -> Context {
    Context::from_variables(&env(variables))
}

fn name(context: &Context) -> Option<&str> {
    context.provider.map(|provider| provider.name)
}

fn text(context: &Context, fact: Fact) -> Option<&str> {
    context.fact(fact).map(|found| found.value.as_str())
}

#[test]
fn the_facts_of_every_provider_come_from_its_variables() {
    for (provider, variables, facts) in CASES {
        let context = context(variables);
        assert_eq!(name(&context), Some(*provider));
        for (fact, value) in *facts {
            assert_eq!(text(&context, *fact), Some(*value), "{provider} {fact:?}");
        }
    }
}

#[test]
fn a_value_that_cannot_be_recorded_is_no_fact() {
    for (provider, fact) in [
        ("gitlab-ci", Fact::Commit),
        ("buildkite", Fact::Commit),
        ("travis-ci", Fact::PullRequest),
        ("drone", Fact::Actor),
    ] {
        let (_, variables, _) = CASES.iter().find(|(name, ..)| *name == provider).unwrap();
        assert_eq!(text(&context(variables), fact), None, "{provider} {fact:?}");
    }
}

#[test]
fn every_provider_has_a_case() {
    // Forgejo and Gitea set the variables of GitHub, and have a test of their own.
    let missing: Vec<_> = PROVIDERS
        .iter()
        .map(|provider| provider.name)
        .filter(|name| !CASES.iter().any(|(case, ..)| case == name))
        .filter(|name| !["forgejo-actions", "gitea-actions"].contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_pages_show_the_commit_of_every_provider() {
    let page = include_str!("../../../docs/pipelines/README.md");
    for provider in PROVIDERS {
        let variables = provider.variables(Fact::Commit);
        // Gitea and Forgejo set the variables of GitHub.
        assert!(
            variables
                .iter()
                .any(|name| page.contains(&format!("`{name}`"))),
            "{}: {variables:?}",
            provider.name
        );
    }
}

#[test]
fn every_provider_has_a_unique_name_and_mark() {
    let names: std::collections::BTreeSet<_> =
        PROVIDERS.iter().map(|provider| provider.name).collect();
    let marks: std::collections::BTreeSet<_> = PROVIDERS
        .iter()
        .flat_map(|provider| provider.marks)
        .collect();
    assert_eq!(
        (names.len(), marks.len()),
        (PROVIDERS.len(), PROVIDERS.len())
    );
    assert_eq!(
        name(&context(&[("CI", "true"), ("GITHUB_ACTIONS", "false")])),
        None
    );
}

#[test]
fn gitea_and_forgejo_are_not_taken_for_github() {
    let gitea = context(&[GITHUB, &[("GITEA_ACTIONS", "true")]].concat());
    assert_eq!(
        (name(&gitea), text(&gitea, Fact::RunUrl)),
        (
            Some("gitea-actions"),
            Some("https://github.com/octocat/Hello-World/actions/runs/17")
        )
    );
    assert_eq!(
        name(&context(&[GITHUB, &[("FORGEJO_ACTIONS", "true")]].concat())),
        Some("forgejo-actions")
    );
}

fn key_of(variables: &[(&str, &str)], environment: &str, command: &[&str]) -> Option<String> {
    let [component, environment] =
        ["api", environment].map(|name| Reference::Name(Name::new(name).unwrap()));
    let command: Vec<_> = command.iter().map(Into::into).collect();
    let step = leg::Step {
        component: &component,
        environment: &environment,
        version: "v1".to_owned(),
        command: &command,
    };
    context(variables)
        .idempotency_key(&step)
        .map(|key| key.to_string())
}

fn key(variables: &[(&str, &str)]) -> Option<String> {
    key_of(variables, "production", &["./deploy.sh"])
}

/// For each provider that identifies legs: one leg, and the variable in which another leg of the
/// same job differs.
type Leg = (
    &'static [(&'static str, &'static str)],
    (&'static str, &'static str),
);

const LEGS: &[Leg] = &[
    (
        &[
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_ID", "7"),
            ("CI_JOB_NAME", "deploy 1/3"),
            ("CI_JOB_ID", "70"),
        ],
        ("CI_JOB_ID", "71"),
    ),
    (
        &[
            ("BITBUCKET_BUILD_NUMBER", "3"),
            ("BITBUCKET_STEP_UUID", "{a}"),
        ],
        ("BITBUCKET_STEP_UUID", "{b}"),
    ),
    (
        &[
            ("APPVEYOR", "True"),
            ("APPVEYOR_BUILD_ID", "1"),
            ("APPVEYOR_JOB_ID", "x"),
        ],
        ("APPVEYOR_JOB_ID", "y"),
    ),
    (
        &[
            ("TF_BUILD", "True"),
            ("BUILD_BUILDID", "11"),
            ("SYSTEM_JOBATTEMPT", "1"),
            ("SYSTEM_JOBID", "a"),
        ],
        ("SYSTEM_JOBID", "b"),
    ),
    (
        &[
            ("BUILDKITE", "true"),
            ("BUILDKITE_BUILD_ID", "b"),
            ("BUILDKITE_JOB_ID", "j"),
        ],
        ("BUILDKITE_JOB_ID", "k"),
    ),
    (
        &[
            ("CIRCLECI", "true"),
            ("CIRCLE_BUILD_NUM", "5"),
            ("CIRCLE_NODE_INDEX", "0"),
        ],
        ("CIRCLE_NODE_INDEX", "1"),
    ),
    (
        &[
            ("CODEBUILD_BUILD_ARN", "arn"),
            ("CODEBUILD_BUILD_ID", "p:1"),
        ],
        ("CODEBUILD_BUILD_ID", "p:2"),
    ),
    (
        &[
            ("SEMAPHORE", "true"),
            ("SEMAPHORE_WORKFLOW_ID", "w"),
            ("SEMAPHORE_JOB_ID", "j"),
        ],
        ("SEMAPHORE_JOB_ID", "k"),
    ),
    (
        &[
            ("TRAVIS", "true"),
            ("TRAVIS_BUILD_ID", "1"),
            ("TRAVIS_JOB_ID", "2"),
        ],
        ("TRAVIS_JOB_ID", "3"),
    ),
    (
        &[
            ("DRONE", "true"),
            ("DRONE_BUILD_NUMBER", "1"),
            ("DRONE_STAGE_NUMBER", "1"),
            ("DRONE_STEP_NUMBER", "2"),
        ],
        ("DRONE_STEP_NUMBER", "3"),
    ),
    (
        &[
            ("CI", "woodpecker"),
            ("CI_PIPELINE_NUMBER", "1"),
            ("CI_WORKFLOW_NUMBER", "1"),
            ("CI_STEP_NAME", "deploy"),
        ],
        ("CI_WORKFLOW_NUMBER", "2"),
    ),
];

#[test]
fn every_leg_has_its_own_key_and_a_repeated_step_has_the_same() {
    for (leg, other) in LEGS {
        let first = key(leg);
        assert!(
            first.as_ref().is_some_and(|key| key.starts_with("ci-")),
            "{leg:?}"
        );
        assert_eq!(
            first,
            key(&[leg, &[("SHLVL", "3"), ("_", "/usr/bin/deploytrack")][..]].concat()),
            "{leg:?}"
        );
        assert_ne!(first, key(&[leg, &[*other][..]].concat()), "{other:?}");
        assert_ne!(
            first,
            key(&[leg, &[("REGION", "eu")][..]].concat()),
            "another round of a loop"
        );
        assert_ne!(first, key_of(leg, "staging", &["./deploy.sh"]));
        assert_ne!(first, key_of(leg, "production", &["./deploy.sh", "eu"]));
        assert_eq!(
            key_of(leg, "production", &[]),
            None,
            "without a command a loop looks like a repetition"
        );
    }
}

#[test]
fn without_a_variable_for_the_leg_there_is_no_key() {
    let with_legs: std::collections::BTreeSet<_> = LEGS
        .iter()
        .filter_map(|(leg, _)| context(leg).provider.map(|provider| provider.name))
        .collect();
    let without = [
        "github-actions",
        "gitea-actions",
        "forgejo-actions",
        "jenkins",
        "teamcity",
        "google-cloud-build",
    ];
    for provider in PROVIDERS {
        let is_silent = provider.variables(Fact::Leg).is_empty();
        assert_eq!(
            (is_silent, with_legs.contains(provider.name)),
            (without.contains(&provider.name), !is_silent),
            "{}",
            provider.name
        );
    }
    for variables in [
        &[][..],
        GITHUB,
        &[("CIRCLECI", "true"), ("CIRCLE_BUILD_NUM", "5")],
        &[("JENKINS_URL", "https://ci/"), ("BUILD_NUMBER", "9")],
    ] {
        assert_eq!(key(variables), None, "{variables:?}");
    }
}

#[test]
fn credentials_are_removed_from_addresses() {
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
