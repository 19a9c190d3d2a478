//! Providers that people run themselves, beside a forge.

use super::Provider;
use crate::ci::{
    Fact::{Actor, Commit, Environment, Job, PullRequest, Reference, Repository, Rerun, Run, RunUrl, Version},
    annotations::Form,
};

/// A build that is restarted has a new number.
pub(super) const DRONE: Provider = Provider {
    name: "drone",
    marks: &["DRONE"],
    form: Form::Plain,
    tells: &[
        (Version, &["DRONE_TAG"]),
        (Commit, &["DRONE_COMMIT_SHA", "DRONE_COMMIT"]),
        (Environment, &["DRONE_DEPLOY_TO"]),
        (Actor, &["DRONE_BUILD_TRIGGER", "DRONE_COMMIT_AUTHOR"]),
        (Repository, &["DRONE_REPO"]),
        (Reference, &["DRONE_SOURCE_BRANCH", "DRONE_COMMIT_REF"]),
        (PullRequest, &["DRONE_PULL_REQUEST"]),
        (Run, &["DRONE_BUILD_NUMBER"]),
        (Job, &["{DRONE_STAGE_NAME}/{DRONE_STEP_NAME}", "DRONE_STEP_NAME"]),
        (RunUrl, &["DRONE_BUILD_LINK"]),
        (Rerun, &["DRONE_BUILD_NUMBER"]),
    ],
};

/// The build number is whatever people configured and may come again, so no key is derived.
pub(super) const TEAMCITY: Provider = Provider {
    name: "teamcity",
    marks: &["TEAMCITY_VERSION"],
    form: Form::TeamCity,
    tells: &[
        (Commit, &["BUILD_VCS_NUMBER"]),
        (Run, &["BUILD_NUMBER"]),
        (Job, &["{TEAMCITY_PROJECT_NAME}/{TEAMCITY_BUILDCONF_NAME}", "TEAMCITY_BUILDCONF_NAME"]),
        (RunUrl, &["BUILD_URL"]),
    ],
};

/// A build that is run again, whole or from one of its steps on, has a new number. `BUILD_USER_ID` is of a plugin.
pub(super) const JENKINS: Provider = Provider {
    name: "jenkins",
    marks: &["JENKINS_URL"],
    form: Form::Plain,
    tells: &[
        (Version, &["TAG_NAME"]),
        (Commit, &["GIT_COMMIT"]),
        (Actor, &["BUILD_USER_ID"]),
        (Repository, &["GIT_URL"]),
        (Reference, &["CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"]),
        (PullRequest, &["CHANGE_ID"]),
        (Run, &["BUILD_NUMBER"]),
        (Job, &["JOB_NAME"]),
        (RunUrl, &["BUILD_URL"]),
        (Rerun, &["BUILD_NUMBER"]),
    ],
};
