//! The variables by which a CI finds and kills processes that a job left behind.
//!
//! The keeper runs without them: it has to see how the command ends even if the rest of the job is
//! killed. It ends with the command. The command itself gets the variables back.

use std::process::Command as Keeper;

use tokio::process::Command;

/// The variables of GitHub runners, Azure Pipelines and Jenkins.
const VARIABLES: [&str; 5] = [
    "RUNNER_TRACKING_ID",
    "VSTS_PROCESS_LOOKUP_ID",
    "JENKINS_SERVER_COOKIE",
    "JENKINS_NODE_COOKIE",
    "HUDSON_SERVER_COOKIE",
];

/// The name under which the keeper has a variable for the command.
fn hidden_name(variable: &str) -> String {
    format!("DEPLOYTRACK_KEPT_{variable}")
}

/// Hides the variables from a keeper.
pub(crate) fn hide_from(keeper: &mut Keeper) {
    for variable in VARIABLES {
        if let Some(value) = std::env::var_os(variable) {
            keeper
                .env_remove(variable)
                .env(hidden_name(variable), value);
        }
    }
}

/// Restores the variables for the command.
pub(super) fn restore(command: &mut Command) {
    for variable in VARIABLES {
        if let Some(value) = std::env::var_os(hidden_name(variable)) {
            command
                .env_remove(hidden_name(variable))
                .env(variable, value);
        }
    }
}
