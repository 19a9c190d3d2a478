//! Hosted providers that are not part of a forge.

use super::Provider;
use crate::ci::{
    Fact::{
        Actor, Address, Attempt, Commit, Downstream, Environment, Job, Leg, PullRequest, Reference,
        Repository, Run, RunUrl, Version,
    },
    annotations::Form,
};

/// Each job of a build matrix has its own id.
pub(super) const APPVEYOR: Provider = Provider {
    name: "appveyor",
    marks: &["APPVEYOR"],
    form: Form::Plain,
    facts: &[
        (Version, &["APPVEYOR_REPO_TAG_NAME"]),
        (Commit, &["APPVEYOR_REPO_COMMIT"]),
        (Repository, &["APPVEYOR_REPO_NAME"]),
        (
            Reference,
            &[
                "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH",
                "APPVEYOR_REPO_BRANCH",
            ],
        ),
        (PullRequest, &["APPVEYOR_PULL_REQUEST_NUMBER"]),
        (Run, &["APPVEYOR_BUILD_ID"]),
        (Job, &["APPVEYOR_JOB_NAME", "APPVEYOR_JOB_ID"]),
        (
            RunUrl,
            &[
                "{APPVEYOR_URL}/project/{APPVEYOR_ACCOUNT_NAME}/{APPVEYOR_PROJECT_SLUG}/builds/{APPVEYOR_BUILD_ID}",
            ],
        ),
        (Leg, &["APPVEYOR_JOB_ID"]),
        (Address, &["APPVEYOR_REPO_NAME"]),
    ],
};

/// The address of the collection ends with a slash. The id of a job is documented as unique to one
/// attempt of one job in its run, including legs of a matrix and slices of `parallel`; other runs
/// have the same ids. A run that the completion of another pipeline started deploys what that
/// pipeline built.
pub(super) const AZURE: Provider = Provider {
    name: "azure-pipelines",
    marks: &["TF_BUILD"],
    form: Form::Azure,
    facts: &[
        (Version, &["BUILD_SOURCEBRANCH=refs/tags/*"]),
        (Commit, &["BUILD_SOURCEVERSION"]),
        // Only set in deployment jobs.
        (Environment, &["ENVIRONMENT_NAME"]),
        (Actor, &["BUILD_REQUESTEDFOR"]),
        (Repository, &["BUILD_REPOSITORY_URI"]),
        (
            Reference,
            &["SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"],
        ),
        (
            PullRequest,
            &[
                "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",
                "SYSTEM_PULLREQUEST_PULLREQUESTID",
            ],
        ),
        (Run, &["BUILD_BUILDID"]),
        (Attempt, &["SYSTEM_JOBATTEMPT"]),
        (
            Job,
            &[
                "{SYSTEM_STAGENAME}/{SYSTEM_JOBDISPLAYNAME}",
                "SYSTEM_JOBDISPLAYNAME",
            ],
        ),
        (
            RunUrl,
            &[
                "{SYSTEM_TEAMFOUNDATIONCOLLECTIONURI}{SYSTEM_TEAMPROJECTID}/_build/results?buildId={BUILD_BUILDID}",
            ],
        ),
        (
            Leg,
            &[
                "{BUILD_BUILDID}/{SYSTEM_STAGEATTEMPT}/{SYSTEM_JOBID}",
                "{BUILD_BUILDID}/{SYSTEM_JOBID}",
            ],
        ),
        (
            Downstream,
            &[
                "BUILD_REASON=ResourceTrigger",
                "BUILD_REASON=BuildCompletion",
            ],
        ),
        (Address, &["BUILD_REPOSITORY_URI"]),
    ],
};

/// The commit is HEAD until the agent has resolved it. Every job has a UUID, also with
/// `parallelism` and in a matrix, and a retried job has a new one.
pub(super) const BUILDKITE: Provider = Provider {
    name: "buildkite",
    marks: &["BUILDKITE"],
    form: Form::Plain,
    facts: &[
        (Version, &["BUILDKITE_TAG"]),
        (Commit, &["BUILDKITE_COMMIT"]),
        (Environment, &["BUILDKITE_GITHUB_DEPLOYMENT_ENVIRONMENT"]),
        (Actor, &["BUILDKITE_BUILD_CREATOR"]),
        (Repository, &["BUILDKITE_REPO"]),
        (Reference, &["BUILDKITE_BRANCH"]),
        (PullRequest, &["BUILDKITE_PULL_REQUEST"]),
        (Run, &["BUILDKITE_BUILD_ID"]),
        (Attempt, &["BUILDKITE_RETRY_COUNT"]),
        (Job, &["BUILDKITE_STEP_KEY", "BUILDKITE_LABEL"]),
        (RunUrl, &["BUILDKITE_BUILD_URL"]),
        (
            Leg,
            &[
                "{BUILDKITE_JOB_ID}/{BUILDKITE_PARALLEL_JOB}",
                "BUILDKITE_JOB_ID",
            ],
        ),
        (Address, &["BUILDKITE_REPO"]),
    ],
};

/// Every run of a job has its own number. The nodes of `parallelism` share it and differ in their
/// index.
pub(super) const CIRCLECI: Provider = Provider {
    name: "circleci",
    marks: &["CIRCLECI"],
    form: Form::Plain,
    facts: &[
        (Version, &["CIRCLE_TAG"]),
        (Commit, &["CIRCLE_SHA1"]),
        (Actor, &["CIRCLE_USERNAME"]),
        (Repository, &["CIRCLE_REPOSITORY_URL"]),
        (Reference, &["CIRCLE_BRANCH", "CIRCLE_TAG"]),
        (PullRequest, &["CIRCLE_PR_NUMBER", "CIRCLE_PULL_REQUEST"]),
        (Run, &["CIRCLE_WORKFLOW_ID"]),
        (Job, &["CIRCLE_JOB"]),
        (RunUrl, &["CIRCLE_BUILD_URL"]),
        (
            Leg,
            &[
                "{CIRCLE_BUILD_NUM}/{CIRCLE_NODE_INDEX}",
                "{CIRCLE_WORKFLOW_JOB_ID}/{CIRCLE_NODE_INDEX}",
            ],
        ),
        (Address, &["CIRCLE_REPOSITORY_URL"]),
    ],
};

/// Every build of a batch has its own id, and a retried build is a new build.
pub(super) const CODEBUILD: Provider = Provider {
    name: "aws-codebuild",
    marks: &["CODEBUILD_BUILD_ARN"],
    form: Form::Plain,
    facts: &[
        (
            Version,
            &[
                "CODEBUILD_WEBHOOK_TRIGGER=tag/*",
                "CODEBUILD_WEBHOOK_HEAD_REF=refs/tags/*",
            ],
        ),
        (Commit, &["CODEBUILD_RESOLVED_SOURCE_VERSION"]),
        (Actor, &["CODEBUILD_INITIATOR"]),
        (Repository, &["CODEBUILD_SOURCE_REPO_URL"]),
        (
            Reference,
            &[
                "CODEBUILD_WEBHOOK_HEAD_REF",
                "CODEBUILD_WEBHOOK_TRIGGER=branch/*",
            ],
        ),
        (PullRequest, &["CODEBUILD_WEBHOOK_TRIGGER=pr/*"]),
        (Run, &["CODEBUILD_BUILD_ID"]),
        (Job, &["CODEBUILD_BATCH_BUILD_IDENTIFIER"]),
        (
            RunUrl,
            &["CODEBUILD_BUILD_URL", "CODEBUILD_PUBLIC_BUILD_URL"],
        ),
        (Leg, &["CODEBUILD_BUILD_ID"]),
        (Address, &["CODEBUILD_SOURCE_REPO_URL"]),
    ],
};

/// Every job has its own id, also with `parallelism` and in a matrix, whatever started it.
pub(super) const SEMAPHORE: Provider = Provider {
    name: "semaphore",
    marks: &["SEMAPHORE"],
    form: Form::Plain,
    facts: &[
        (Version, &["SEMAPHORE_GIT_TAG_NAME"]),
        (Commit, &["SEMAPHORE_GIT_SHA"]),
        (
            Actor,
            &[
                "SEMAPHORE_PIPELINE_PROMOTED_BY",
                "SEMAPHORE_WORKFLOW_TRIGGERED_BY",
            ],
        ),
        (Repository, &["SEMAPHORE_GIT_REPO_SLUG"]),
        (Reference, &["SEMAPHORE_GIT_PR_BRANCH", "SEMAPHORE_GIT_REF"]),
        (PullRequest, &["SEMAPHORE_GIT_PR_NUMBER"]),
        (Run, &["SEMAPHORE_WORKFLOW_ID"]),
        (Job, &["SEMAPHORE_JOB_NAME"]),
        (
            RunUrl,
            &["{SEMAPHORE_ORGANIZATION_URL}/workflows/{SEMAPHORE_WORKFLOW_ID}"],
        ),
        (
            Leg,
            &[
                "{SEMAPHORE_JOB_ID}/{SEMAPHORE_JOB_INDEX}",
                "SEMAPHORE_JOB_ID",
            ],
        ),
        (Address, &["SEMAPHORE_GIT_URL"]),
    ],
};

/// Each job of a matrix has its own id, which stays the same when the job is restarted.
pub(super) const TRAVIS: Provider = Provider {
    name: "travis-ci",
    marks: &["TRAVIS"],
    form: Form::Plain,
    facts: &[
        (Version, &["TRAVIS_TAG"]),
        (Commit, &["TRAVIS_COMMIT"]),
        (Repository, &["TRAVIS_REPO_SLUG"]),
        (Reference, &["TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH"]),
        (PullRequest, &["TRAVIS_PULL_REQUEST"]),
        (Run, &["TRAVIS_BUILD_ID"]),
        (Job, &["TRAVIS_JOB_NAME", "TRAVIS_JOB_NUMBER"]),
        (RunUrl, &["TRAVIS_BUILD_WEB_URL"]),
        (Leg, &["TRAVIS_JOB_ID"]),
        (Address, &["TRAVIS_REPO_SLUG"]),
    ],
};

/// It sets these variables if the build maps its substitutions (`automapSubstitutions`). There is
/// no leg: the steps of a build, which may run in parallel, share all variables.
pub(super) const CLOUD_BUILD: Provider = Provider {
    name: "google-cloud-build",
    marks: &["BUILDER_OUTPUT"],
    form: Form::Plain,
    facts: &[
        (Version, &["TAG_NAME"]),
        (Commit, &["COMMIT_SHA", "REVISION_ID"]),
        (Repository, &["REPO_FULL_NAME", "REPO_NAME"]),
        (Address, &["REPO_FULL_NAME"]),
        (Reference, &["BRANCH_NAME", "TAG_NAME"]),
        (PullRequest, &["_PR_NUMBER"]),
        (Run, &["BUILD_ID"]),
        (Job, &["TRIGGER_NAME"]),
        (
            RunUrl,
            &[
                "https://console.cloud.google.com/cloud-build/builds;region={LOCATION}/{BUILD_ID}?project={PROJECT_ID}",
            ],
        ),
    ],
};
