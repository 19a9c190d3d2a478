//! What the database's errors mean for a caller.

use sqlx::error::{DatabaseError, ErrorKind};

use crate::error::Error;

/// An error that no caller can mend: the database is away or full, or something is wrong with it or with us.
pub(super) fn unexpected(error: sqlx::Error) -> Error {
    let away = match &error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| is_away(refusal.as_ref(), &code)),
        _ => false,
    };
    if away { Error::Unavailable(error.into()) } else { Error::Internal(error.into()) }
}

/// Whether a refusal is about the database's condition and not about the statement.
fn is_away(refusal: &dyn DatabaseError, code: &str) -> bool {
    #[cfg(feature = "sqlite")]
    if refusal.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // The low byte is the primary code: busy, locked, read-only, I/O error, full, cannot open.
        return code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14));
    }
    let _ = refusal;
    // Connection, resources, operator intervention; serialization failure, deadlock; read-only after a failover.
    ["08", "53", "57"].iter().any(|class| code.starts_with(class)) || matches!(code, "40001" | "40P01" | "25006")
}

/// Whether a statement was refused because a value is taken.
pub(super) fn is_taken(error: &sqlx::Error) -> bool {
    kind(error) == Some(ErrorKind::UniqueViolation)
}

/// Whether a statement was refused because other rows refer to the one it would remove.
pub(super) fn is_referred_to(error: &sqlx::Error) -> bool {
    kind(error) == Some(ErrorKind::ForeignKeyViolation)
}

fn kind(error: &sqlx::Error) -> Option<ErrorKind> {
    error.as_database_error().map(DatabaseError::kind)
}

/// A value in the database that no longer passes its own checks.
pub(super) fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::Internal(format!("a value in the database cannot be read: {why}").into())
}

/// A failed migration, said for the operator.
pub(super) fn not_migrated(error: sqlx::migrate::MigrateError) -> Error {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::VersionMissing(version) => Error::Setup(format!(
            "the database has migration {version}, which this version of deploytrack does not know; it was used by a newer one, so start that"
        )),
        MigrateError::VersionMismatch(version) => Error::Setup(format!(
            "migration {version} of the database differs from the one in this version of deploytrack; it was made by an unreleased one"
        )),
        MigrateError::Execute(error) => unexpected(error),
        other => Error::Internal(other.into()),
    }
}
