//! Providers that are part of a forge.

use super::Provider;
use crate::ci::{
    Fact::{
        Actor, Address, Attempt, Commit, Downstream, Environment, Job, Leg, PullRequest, Reference,
        Repository, Run, RunUrl, Version,
    },
    annotations::Form,
};

/// In a run for a pull request, `GITHUB_SHA` is the merge commit that was tested and not the head
/// of the branch. In a run that another workflow started, it is the head of the default branch.
///
/// There is no leg: the legs of a matrix, and the calls of a reusable workflow, have the same
/// `GITHUB_JOB`, and no other documented variable differs between them and stays the same for a
/// repetition.
pub(super) const GITHUB: Provider = Provider {
    name: "github-actions",
    marks: &["GITHUB_ACTIONS"],
    form: Form::GitHub,
    facts: &[
        (Version, &["GITHUB_REF=refs/tags/*"]),
        (Commit, &["GITHUB_SHA"]),
        (Actor, &["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"]),
        (Repository, &["GITHUB_REPOSITORY"]),
        (
            Reference,
            &["GITHUB_HEAD_REF", "GITHUB_REF_NAME", "GITHUB_REF"],
        ),
        (
            PullRequest,
            &[
                "GITHUB_REF=refs/pull/*/merge",
                "GITHUB_REF=refs/pull/*/head",
            ],
        ),
        (Run, &["GITHUB_RUN_ID"]),
        (Attempt, &["GITHUB_RUN_ATTEMPT"]),
        (Job, &["GITHUB_JOB"]),
        (
            RunUrl,
            &[
                "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}",
                "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
            ],
        ),
        (Downstream, &["GITHUB_EVENT_NAME=workflow_run"]),
        (Address, &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}"]),
    ],
};

/// It sets GitHub's variables, but has no pages for single attempts, and its pages use the number
/// of the run. There is no leg, as on GitHub.
pub(super) const GITEA: Provider = Provider {
    name: "gitea-actions",
    marks: &["GITEA_ACTIONS"],
    form: Form::GitHub,
    facts: &[
        (Version, &["GITHUB_REF=refs/tags/*"]),
        (Commit, &["GITHUB_SHA"]),
        (Actor, &["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"]),
        (Repository, &["GITHUB_REPOSITORY"]),
        (
            Reference,
            &["GITHUB_HEAD_REF", "GITHUB_REF_NAME", "GITHUB_REF"],
        ),
        (
            PullRequest,
            &[
                "GITHUB_REF=refs/pull/*/head",
                "GITHUB_REF=refs/pull/*/merge",
            ],
        ),
        (Run, &["GITHUB_RUN_ID"]),
        (Attempt, &["GITHUB_RUN_ATTEMPT"]),
        (Job, &["GITHUB_JOB"]),
        (
            RunUrl,
            &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_NUMBER}"],
        ),
        (Downstream, &["GITHUB_EVENT_NAME=workflow_run"]),
        (Address, &["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}"]),
    ],
};

pub(super) const FORGEJO: Provider = Provider {
    name: "forgejo-actions",
    marks: &["FORGEJO_ACTIONS"],
    ..GITEA
};

/// `CI_JOB_ID` is unique in the GitLab instance: each job of `parallel` and of `parallel:matrix`
/// has one, and a retried job has a new one. A pipeline that another project's pipeline started
/// deploys what that project built.
pub(super) const GITLAB: Provider = Provider {
    name: "gitlab-ci",
    marks: &["GITLAB_CI"],
    form: Form::Plain,
    facts: &[
        (Version, &["CI_COMMIT_TAG"]),
        (Commit, &["CI_COMMIT_SHA"]),
        (Environment, &["CI_ENVIRONMENT_NAME"]),
        (Actor, &["GITLAB_USER_LOGIN"]),
        (Repository, &["CI_PROJECT_PATH"]),
        (Reference, &["CI_COMMIT_REF_NAME"]),
        (PullRequest, &["CI_MERGE_REQUEST_IID"]),
        (Run, &["CI_PIPELINE_ID"]),
        (Job, &["CI_JOB_NAME"]),
        (RunUrl, &["CI_PIPELINE_URL", "CI_JOB_URL"]),
        (Leg, &["{CI_JOB_ID}/{CI_NODE_INDEX}", "CI_JOB_ID"]),
        (Downstream, &["CI_PIPELINE_SOURCE=pipeline"]),
        (Address, &["CI_PROJECT_URL"]),
    ],
};

/// There is no actor: the variable for it contains a UUID, which people cannot read. Each step has
/// a UUID, also in a `parallel` group; a repeated step has the next run number.
pub(super) const BITBUCKET: Provider = Provider {
    name: "bitbucket-pipelines",
    marks: &["BITBUCKET_BUILD_NUMBER"],
    form: Form::Plain,
    facts: &[
        (Version, &["BITBUCKET_TAG"]),
        (Commit, &["BITBUCKET_COMMIT"]),
        (Environment, &["BITBUCKET_DEPLOYMENT_ENVIRONMENT"]),
        (Repository, &["BITBUCKET_REPO_FULL_NAME"]),
        (Reference, &["BITBUCKET_BRANCH", "BITBUCKET_TAG"]),
        (PullRequest, &["BITBUCKET_PR_ID"]),
        (Run, &["BITBUCKET_BUILD_NUMBER"]),
        (Attempt, &["BITBUCKET_STEP_RUN_NUMBER"]),
        (Job, &["BITBUCKET_STEP_UUID"]),
        (
            RunUrl,
            &[
                "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
            ],
        ),
        (
            Leg,
            &[
                "{BITBUCKET_STEP_UUID}/{BITBUCKET_PARALLEL_STEP}",
                "BITBUCKET_STEP_UUID",
            ],
        ),
        (Address, &["BITBUCKET_GIT_HTTP_ORIGIN"]),
    ],
};

/// Each axis of a matrix is a workflow with its own number, and a step has a name in its workflow.
/// A restarted pipeline has a new number.
pub(super) const WOODPECKER: Provider = Provider {
    name: "woodpecker",
    marks: &["CI=woodpecker"],
    form: Form::Plain,
    facts: &[
        (Version, &["CI_COMMIT_TAG"]),
        (Commit, &["CI_COMMIT_SHA"]),
        (Environment, &["CI_PIPELINE_DEPLOY_TARGET"]),
        (Actor, &["CI_PIPELINE_AUTHOR", "CI_COMMIT_AUTHOR"]),
        (Repository, &["CI_REPO"]),
        (Reference, &["CI_COMMIT_SOURCE_BRANCH", "CI_COMMIT_REF"]),
        (PullRequest, &["CI_COMMIT_PULL_REQUEST"]),
        (Run, &["CI_PIPELINE_NUMBER"]),
        (Job, &["{CI_WORKFLOW_NAME}/{CI_STEP_NAME}", "CI_STEP_NAME"]),
        (RunUrl, &["CI_PIPELINE_URL"]),
        (
            Leg,
            &["{CI_PIPELINE_NUMBER}/{CI_WORKFLOW_NUMBER}/{CI_STEP_NAME}"],
        ),
        (Address, &["CI_REPO_CLONE_URL", "CI_REPO_URL"]),
    ],
};
