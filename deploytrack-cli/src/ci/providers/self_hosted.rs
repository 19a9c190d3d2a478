//! Self-hosted providers that are not part of a forge.

use super::Provider;
use crate::ci::{
    Fact::{
        Actor, Address, BuiltTag, Commit, Environment, Job, Leg, PullRequest, Reference,
        Repository, Run, RunUrl, Version,
    },
    annotations::Form,
};

/// Stages and steps, which may run in parallel, have numbers in their build, and a restarted build
/// has a new number.
pub(super) const DRONE: Provider = Provider {
    name: "drone",
    marks: &["DRONE"],
    form: Form::Plain,
    facts: &[
        (Version, &["DRONE_TAG"]),
        (Commit, &["DRONE_COMMIT_SHA", "DRONE_COMMIT"]),
        (Environment, &["DRONE_DEPLOY_TO"]),
        (Actor, &["DRONE_BUILD_TRIGGER", "DRONE_COMMIT_AUTHOR"]),
        (Repository, &["DRONE_REPO"]),
        (Reference, &["DRONE_SOURCE_BRANCH", "DRONE_COMMIT_REF"]),
        (PullRequest, &["DRONE_PULL_REQUEST"]),
        (Run, &["DRONE_BUILD_NUMBER"]),
        (
            Job,
            &["{DRONE_STAGE_NAME}/{DRONE_STEP_NAME}", "DRONE_STEP_NAME"],
        ),
        (RunUrl, &["DRONE_BUILD_LINK"]),
        (
            Leg,
            &["{DRONE_BUILD_NUMBER}/{DRONE_STAGE_NUMBER}/{DRONE_STEP_NUMBER}"],
        ),
        (Address, &["DRONE_GIT_HTTP_URL", "DRONE_REPO_LINK"]),
    ],
};

/// There is no leg: the format of the build number is configurable, numbers may repeat, and
/// parallel builds of one chain may have the same.
pub(super) const TEAMCITY: Provider = Provider {
    name: "teamcity",
    marks: &["TEAMCITY_VERSION"],
    form: Form::TeamCity,
    facts: &[
        (Commit, &["BUILD_VCS_NUMBER"]),
        (Run, &["BUILD_NUMBER"]),
        (
            Job,
            &[
                "{TEAMCITY_PROJECT_NAME}/{TEAMCITY_BUILDCONF_NAME}",
                "TEAMCITY_BUILDCONF_NAME",
            ],
        ),
        (RunUrl, &["BUILD_URL"]),
    ],
};

/// `BUILD_USER_ID` is set by a plugin.
///
/// There is no leg: the branches of `parallel`, and the cells of a matrix, share every variable of
/// the build if they share a node, even `EXECUTOR_NUMBER`. `STAGE_NAME` is that of the innermost
/// stage.
///
/// The parameters of a build are variables, too. A tag is therefore the one that was checked out
/// only if the branch has the same name.
pub(super) const JENKINS: Provider = Provider {
    name: "jenkins",
    marks: &["JENKINS_URL"],
    form: Form::Plain,
    facts: &[
        (Version, &["TAG_NAME"]),
        (Commit, &["GIT_COMMIT"]),
        (Actor, &["BUILD_USER_ID"]),
        (Repository, &["GIT_URL"]),
        (Reference, &["CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"]),
        (PullRequest, &["CHANGE_ID"]),
        (Run, &["BUILD_NUMBER"]),
        (Job, &["JOB_NAME"]),
        (RunUrl, &["BUILD_URL"]),
        (BuiltTag, &["BRANCH_NAME"]),
        (Address, &["GIT_URL"]),
    ],
};
