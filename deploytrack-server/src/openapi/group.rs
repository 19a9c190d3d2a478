//! The groups of operations.

use super::examples;

/// A group of operations.
pub(crate) struct Group {
    /// The name, which is the tag of its operations.
    pub(crate) name: &'static str,
    /// Its description.
    pub(super) description: &'static str,
    /// The kind of record that the id in a path names.
    pub(super) record: &'static str,
    /// The id of a record in the examples.
    pub(super) example: &'static str,
}

pub(crate) static DEPLOYMENTS: Group = Group {
    name: "deployments",
    description: "Deployments, their statuses and histories, the matrix, import and export.",
    record: "deployment",
    example: examples::USER_SERVICE_IN_STAGING,
};
pub(crate) static COMPONENTS: Group = Group {
    name: "components",
    description: "Components: deployable units with their own versions.",
    record: "component",
    example: examples::USER_SERVICE,
};
pub(crate) static ENVIRONMENTS: Group = Group {
    name: "environments",
    description: "Environments: named places in which components run.",
    record: "environment",
    example: examples::STAGING,
};
pub(crate) static WALLS: Group = Group {
    name: "walls",
    description: "Walls: links that show one view of the matrix without a login.",
    record: "wall",
    example: "",
};
pub(crate) static TOKENS: Group = Group {
    name: "tokens",
    description: "Tokens that the server stores: they can be listed, rotated and revoked.",
    record: "token",
    example: examples::CI_TOKEN,
};
pub(crate) static REVOCATIONS: Group = Group {
    name: "revocations",
    description: "Revocations: JSON Web Tokens that are refused before they expire.",
    record: "revocation",
    example: examples::REVOCATION,
};
pub(crate) static IDENTITY: Group = Group {
    name: "identity",
    description: "Identity tokens of pipelines: their exchange for a token of the server, and the pinned ids of repositories.",
    record: "pin",
    example: examples::PIN,
};
pub(crate) static SESSIONS: Group = Group {
    name: "sessions",
    description: "Sessions, with which browsers read the pages. Programs need none: they send the token.",
    record: "",
    example: "",
};
pub(crate) static BADGES: Group = Group {
    name: "badges",
    description: "Badges: pictures of one cell for pages that have no token. They are off unless the server runs with `--badges public`.",
    record: "",
    example: "",
};
pub(crate) static SERVER: Group = Group {
    name: "server",
    description: "Events, verification, retention, health checks, and this document.",
    record: "",
    example: "",
};

/// All groups.
pub(crate) static ALL: [&Group; 10] = [
    &DEPLOYMENTS,
    &COMPONENTS,
    &ENVIRONMENTS,
    &WALLS,
    &TOKENS,
    &REVOCATIONS,
    &IDENTITY,
    &SESSIONS,
    &BADGES,
    &SERVER,
];
