//! The groups of operations.

pub(crate) const DEPLOYMENTS: &str = "deployments";
pub(crate) const COMPONENTS: &str = "components";
pub(crate) const ENVIRONMENTS: &str = "environments";
pub(crate) const SERVER: &str = "server";

/// All groups, with their descriptions.
pub(crate) const ALL: [(&str, &str); 4] = [
    (
        DEPLOYMENTS,
        "Deployments, their statuses and histories, the matrix, import and export.",
    ),
    (
        COMPONENTS,
        "Components: deployable units with their own versions.",
    ),
    (
        ENVIRONMENTS,
        "Environments: named places in which components run.",
    ),
    (
        SERVER,
        "Events, verification, sessions of the pages, walls, health checks, and this document.",
    ),
];
