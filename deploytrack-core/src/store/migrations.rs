//! A database that a newer program has migrated while this one has it open.
//!
//! Every program migrates the database that it opens, and refuses one with a migration that it does
//! not have. During a rolling restart a newer server migrates a database on which older ones still
//! run. They must not write: a newer schema may need what an older program does not add. So every
//! write begins with a look at the last migration. It runs under a lock that a migration takes too
//! (on SQLite the one of the only writer), so a write is either complete before the migration or
//! refused after it.

use sqlx::migrate::Migrator;

/// Whether the database has a migration after this one.
#[cfg(feature = "sqlite")]
pub(super) const IS_NEWER: &str =
    "select exists (select 1 from _sqlx_migrations where version > $1)";

/// The number of the last migration of this program.
pub(super) fn last(migrations: &Migrator) -> i64 {
    migrations
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default()
}
