//! Translates errors of sqlx into [`Error`].

use sqlx::error::{DatabaseError, ErrorKind};

use crate::error::Error;

#[cfg(feature = "sqlite")]
pub(super) mod sqlite;

/// Translates an error that no caller can fix: the database is unavailable or full, or there is a
/// bug in it or in this program.
pub(super) fn unexpected(error: sqlx::Error) -> Error {
    let away = match &error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        // The other side closed the connection while it was opened, or is no database: a proxy in
        // front of a database that has failed.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed
        // The database rolled back the transaction itself, and sqlx still counts it. The pool
        // closes the connection.
        | sqlx::Error::InvalidSavePointStatement => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| is_away(refusal.as_ref(), &code)),
        _ => false,
    };
    if away {
        Error::Unavailable(error.into())
    } else {
        Error::Internal(error.into())
    }
}

/// Whether the database refused a statement because of its own condition.
fn is_away(refusal: &dyn DatabaseError, code: &str) -> bool {
    #[cfg(feature = "sqlite")]
    if refusal
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .is_some()
    {
        return code.parse().is_ok_and(sqlite::is_away);
    }
    let _ = refusal;
    // Connection, authorization, resources, operator intervention, system error.
    ["08", "28", "53", "57", "58"].iter().any(|class| code.starts_with(class))
        // Serialization failure, deadlock, lock not available; read-only after a failover; idle for
        // too long, or a transaction that took too long; revoked privileges; a dropped database.
        || matches!(code, "40001" | "40P01" | "55P03" | "25006" | "25P03" | "25P04" | "42501" | "3D000")
}

/// Whether an error reports damaged data. Other data can still be read then.
pub(crate) fn is_damage(error: &Error) -> bool {
    let Some(cause) =
        std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<sqlx::Error>())
    else {
        return matches!(error, Error::Internal(_));
    };
    let sqlx::Error::Database(refusal) = cause else {
        return matches!(
            cause,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)
        );
    };
    refusal.code().is_some_and(|code| {
        #[cfg(feature = "sqlite")]
        if refusal
            .try_downcast_ref::<sqlx::sqlite::SqliteError>()
            .is_some()
        {
            return code.parse().is_ok_and(sqlite::is_damage);
        }
        // System error, internal error.
        ["58", "XX"].iter().any(|class| code.starts_with(class))
    })
}

/// Whether the database rolled a write back because of another one: a serialization failure or a
/// deadlock. Nothing of it was written.
pub(crate) fn is_conflict(error: &Error) -> bool {
    let cause =
        std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<sqlx::Error>());
    cause
        .and_then(sqlx::Error::as_database_error)
        .and_then(DatabaseError::code)
        .is_some_and(|code| matches!(&*code, "40001" | "40P01"))
}

/// Whether an error affects all writes until an operator frees space or restores a permission.
pub(super) fn is_persistent(error: &Error) -> bool {
    let cause =
        std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<sqlx::Error>());
    let Some(refusal) = cause.and_then(sqlx::Error::as_database_error) else {
        return false;
    };
    refusal.code().is_some_and(|code| {
        #[cfg(feature = "sqlite")]
        if refusal
            .try_downcast_ref::<sqlx::sqlite::SqliteError>()
            .is_some()
        {
            return code.parse().is_ok_and(sqlite::is_persistent);
        }
        ["53", "58"].iter().any(|class| code.starts_with(class))
            || matches!(&*code, "25006" | "42501")
    })
}

/// Whether a statement was refused because a value is not unique.
pub(super) fn is_unique_violation(error: &sqlx::Error) -> bool {
    kind(error) == Some(ErrorKind::UniqueViolation)
}

/// Whether a statement was refused because other rows refer to the row that it would delete.
pub(super) fn is_foreign_key_violation(error: &sqlx::Error) -> bool {
    kind(error) == Some(ErrorKind::ForeignKeyViolation)
}

fn kind(error: &sqlx::Error) -> Option<ErrorKind> {
    error.as_database_error().map(DatabaseError::kind)
}

/// Reports a value in the database that does not pass validation.
pub(super) fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::Internal(format!("a value in the database cannot be read: {why}").into())
}

/// Translates a failed migration into a message for the operator.
pub(super) fn migration_error(error: sqlx::migrate::MigrateError) -> Error {
    use sqlx::migrate::MigrateError;
    match error {
        MigrateError::VersionMissing(version) => Error::Setup(format!(
            "the database has migration {version}, which this version of deploytrack does not have; a newer version has used the database, so start that version"
        )),
        MigrateError::VersionMismatch(version) => Error::Setup(format!(
            "migration {version} of the database differs from the one in this version of deploytrack; an unreleased version has made it, so restore a backup of a released one"
        )),
        MigrateError::Execute(error) => unexpected(error),
        MigrateError::ExecuteMigration(error, version) => match unexpected(error) {
            Error::Internal(cause) => Error::Setup(format!(
                "migration {version} cannot be applied, and the database is unchanged: {cause}; its tables are not those that a version \
                 of deploytrack has left, so restore a backup"
            )),
            unavailable => unavailable,
        },
        other => Error::Internal(other.into()),
    }
}
