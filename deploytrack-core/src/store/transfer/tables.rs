//! The tables: their columns, in both databases.

/// The type of a column. `values` has its form in each database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Id,
    Text,
    Bytes,
    /// A whole number, of whatever size on PostgreSQL.
    Number,
    Boolean,
    Time,
}
use Kind::{Boolean, Bytes, Id, Number, Text, Time};

/// A table. Rows are read in the order of the key.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The first columns, as many as this, are the primary key.
    pub(super) key: usize,
    pub(super) columns: &'static [(&'static str, Kind)],
    /// Whether the migrations insert the only row of the table.
    pub(super) is_single: bool,
}

const fn table(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Table {
    Table {
        name,
        key,
        columns,
        is_single: false,
    }
}

const fn single(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Table {
    Table {
        is_single: true,
        ..table(name, 1, columns)
    }
}

/// All tables. A table comes after those that its rows refer to. `commits` is the first: every
/// other write waits for its row.
pub(super) const TABLES: &[Table] = &[
    single(
        "commits",
        &[
            ("only_row", Number),
            ("count", Number),
            ("last_event", Number),
            ("access", Number),
        ],
    ),
    single("store", &[("only_row", Number), ("id", Id)]),
    table(
        "components",
        1,
        &[
            ("id", Id),
            ("name", Text),
            ("name_key", Text),
            ("description", Text),
            ("owner", Text),
            ("kind", Text),
            ("lifecycle", Text),
            ("archived", Boolean),
            ("archived_at", Time),
            ("created_at", Time),
            ("updated_at", Time),
        ],
    ),
    table(
        "environments",
        1,
        &[
            ("id", Id),
            ("name", Text),
            ("name_key", Text),
            ("description", Text),
            ("type", Text),
            ("position", Number),
            ("archived", Boolean),
            ("archived_at", Time),
            ("created_at", Time),
            ("updated_at", Time),
        ],
    ),
    table(
        "deployments",
        1,
        &[
            ("id", Id),
            ("component_id", Id),
            ("environment_id", Id),
            ("version", Text),
            ("status", Text),
            ("attempt", Number),
            ("deployed_by", Text),
            ("commit_sha", Text),
            ("description", Text),
            ("metadata", Text),
            ("created_at", Time),
            ("updated_at", Time),
            ("started_at", Time),
            ("finished_at", Time),
            ("succeeded_at", Time),
            ("succeeded_sequence", Number),
            ("occurred_at", Time),
            ("occurred_sequence", Number),
            ("origin", Text),
            ("head_hash", Bytes),
            ("revision", Number),
        ],
    ),
    table(
        "history",
        1,
        &[
            ("sequence", Number),
            ("deployment_id", Id),
            ("attempt", Number),
            ("event", Text),
            ("from_status", Text),
            ("to_status", Text),
            ("occurred_at", Time),
            ("claimed_at", Time),
            ("recorded_at", Time),
            ("recorded_by", Text),
            ("reason", Text),
            ("origin", Text),
            ("hash", Bytes),
        ],
    ),
    table(
        "removals",
        1,
        &[
            ("number", Number),
            ("removed_at", Time),
            ("removed_by", Text),
            ("before", Time),
            ("keep_last", Number),
            ("deployments", Number),
            ("entries", Number),
            ("oldest", Time),
            ("newest", Time),
            ("hash", Bytes),
        ],
    ),
    table(
        "removed_deployments",
        1,
        &[
            ("id", Id),
            ("component_id", Id),
            ("environment_id", Id),
            ("version", Text),
            ("deployed_by", Text),
            ("commit_sha", Text),
            ("created_at", Time),
            ("updated_at", Time),
            ("head_hash", Bytes),
            ("entries", Number),
            ("first_sequence", Number),
            ("last_sequence", Number),
            ("outline", Text),
            ("removal", Number),
        ],
    ),
    table(
        "current_cells",
        2,
        &[
            ("component_id", Id),
            ("environment_id", Id),
            ("deployment_id", Id),
            ("version", Text),
            ("deployed_by", Text),
            ("commit_sha", Text),
            ("succeeded_at", Time),
            ("newest_at", Time),
        ],
    ),
    table(
        "cell_periods",
        4,
        &[
            ("component_id", Id),
            ("environment_id", Id),
            ("started_at", Time),
            ("sequence", Number),
            ("deployment_id", Id),
            ("version", Text),
            ("ended_at", Time),
        ],
    ),
    table(
        "deployment_counts",
        3,
        &[
            ("component_id", Id),
            ("environment_id", Id),
            ("status", Text),
            ("count", Number),
        ],
    ),
    table(
        "environment_counts",
        3,
        &[
            ("environment_id", Id),
            ("status", Text),
            ("slot", Number),
            ("count", Number),
        ],
    ),
    table(
        "events",
        1,
        &[
            ("number", Number),
            ("type", Text),
            ("subject_id", Id),
            ("history_sequence", Number),
            ("name", Text),
            ("recorded_at", Time),
            ("recorded_by", Text),
            ("details", Text),
        ],
    ),
    table(
        "idempotency_keys",
        2,
        &[
            ("subject", Text),
            ("key", Text),
            ("request", Bytes),
            ("answer", Text),
            ("expires_at", Time),
        ],
    ),
    table(
        "sessions",
        1,
        &[
            ("id", Bytes),
            ("is_code", Boolean),
            ("subject", Text),
            ("admin", Boolean),
            ("verifier", Bytes),
            ("created_at", Time),
            ("expires_at", Time),
            ("token_ends", Time),
            ("token_secret", Bytes),
            ("jti", Text),
            ("issued_at", Time),
        ],
    ),
    table(
        "tokens",
        1,
        &[
            ("id", Id),
            ("name", Text),
            ("name_key", Text),
            ("subject", Text),
            ("role", Text),
            ("components", Text),
            ("environments", Text),
            ("exchanged", Boolean),
            ("secret", Bytes),
            ("former_secret", Bytes),
            ("created_by", Text),
            ("created_at", Time),
            ("expires_at", Time),
            ("rotated_at", Time),
            ("former_ends_at", Time),
            ("last_used_at", Time),
            ("revoked_at", Time),
            ("refused_at", Time),
            ("origin", Text),
        ],
    ),
    table(
        "revocations",
        1,
        &[
            ("id", Id),
            ("jti", Text),
            ("subject", Text),
            ("created_by", Text),
            ("created_at", Time),
        ],
    ),
    table(
        "pins",
        1,
        &[
            ("id", Id),
            ("issuer", Text),
            ("rule", Text),
            ("claim", Text),
            ("name", Text),
            ("value", Text),
            ("created_at", Time),
        ],
    ),
    table(
        "walls",
        1,
        &[
            ("id", Id),
            ("name", Text),
            ("name_key", Text),
            ("view", Text),
            ("session", Bytes),
            ("created_by", Text),
            ("created_at", Time),
            ("last_seen_at", Time),
        ],
    ),
];
