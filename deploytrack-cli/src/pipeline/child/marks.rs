//! The variables by which a CI finds the processes that a job has left, to kill them.
//!
//! The keeper is without them: it has nothing to do but to see how the command ends, and to say so when the rest of the job
//! is killed. It ends with the command, and the command has them as it would have without this.

use std::process::Command as Keeper;

use tokio::process::Command;

/// Of the runners of GitHub and Azure Pipelines, and of Jenkins.
const MARKS: [&str; 5] =
    ["RUNNER_TRACKING_ID", "VSTS_PROCESS_LOOKUP_ID", "JENKINS_SERVER_COOKIE", "JENKINS_NODE_COOKIE", "HUDSON_SERVER_COOKIE"];

fn put_away(mark: &str) -> String {
    format!("DEPLOYTRACK_KEPT_{mark}")
}

/// Takes them from a keeper.
pub(crate) fn put_away_from(keeper: &mut Keeper) {
    for mark in MARKS {
        if let Some(value) = std::env::var_os(mark) {
            keeper.env_remove(mark).env(put_away(mark), value);
        }
    }
}

/// Gives them back to the command.
pub(super) fn restore(command: &mut Command) {
    for mark in MARKS {
        if let Some(value) = std::env::var_os(put_away(mark)) {
            command.env_remove(put_away(mark)).env(mark, value);
        }
    }
}
