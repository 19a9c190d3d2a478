//! Poolers such as PgBouncer. They lend a client one of their connections to the database for as
//! long as the client is connected (session mode), for a transaction, or for a statement.

use sqlx::{
    Connection as _, Executor as _, Row as _,
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::time::timeout;

use super::{WAIT, certificate, sqlx_error};
use crate::error::Error;

/// How often the connections are compared: another client of a busy pooler may get in between.
const ROUNDS: usize = 3;

/// How long a pooler lends a connection to this program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) enum Lending {
    /// As long as the client is connected: without a pooler, or behind one in session mode. A
    /// pooler that manages the prepared statements of each client looks the same (PgBouncer with
    /// `max_prepared_statements`).
    #[default]
    Session,
    /// For a transaction. The prepared statements of a session are in a process that is lent to
    /// other clients afterwards.
    Transaction,
}

/// Removes the prepared statements that earlier transactions left in the process: sqlx uses the
/// same names on every connection.
macro_rules! begin {
    ($begin:literal) => {
        concat!($begin, "; deallocate all")
    };
}

impl Lending {
    /// Begins a write. A write reads again what it has waited for, whatever the default isolation of
    /// the database is.
    pub(in crate::store) const fn begin(self) -> &'static str {
        match self {
            Self::Session => "begin isolation level read committed",
            Self::Transaction => begin!("begin isolation level read committed"),
        }
    }

    /// Begins a read of one statement, if it needs a transaction: the statement is first prepared
    /// and then run, and both steps must reach the same process.
    pub(super) const fn begin_read() -> &'static str {
        begin!("begin read only")
    }

    /// Begins a consistent read of several statements.
    pub(in crate::store) const fn begin_snapshot(self) -> &'static str {
        match self {
            Self::Session => "begin isolation level repeatable read, read only",
            Self::Transaction => begin!("begin isolation level repeatable read, read only"),
        }
    }
}

/// Finds out how long a connection is lent.
///
/// # Errors
/// [`Error::Setup`] for a pooler in statement mode, for one that rejects a parameter of the URL,
/// and for one that does not lend two connections at once.
pub(super) async fn lending(options: &PgConnectOptions) -> Result<Lending, Error> {
    let connected = timeout(WAIT, PgConnection::connect_with(options)).await;
    let mut one = connected
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
        .map_err(not_connected)?;
    let compared = timeout(WAIT, compared(&mut one, options)).await;
    let lending = compared
        .map_err(|_| Error::Setup(ONE_AT_A_TIME.into()))?
        .map_err(not_begun)?;
    one.close().await.map_err(sqlx_error::unexpected)?;
    Ok(lending)
}

const ONE_AT_A_TIME: &str = "the database gives no second connection within 5 s; behind a pooler in session mode, each server needs 11 \
     (PgBouncer: default_pool_size), or set pool_mode = transaction";

/// Compares the server processes of two clients. Two connected clients share a process only if a
/// pooler lends it to them in turns.
async fn compared(one: &mut PgConnection, options: &PgConnectOptions) -> sqlx::Result<Lending> {
    let mut other = PgConnection::connect_with(options).await?;
    let mut lending = Lending::Session;
    for _ in 0..ROUNDS {
        let first = process(one).await?;
        // While its transaction is open, the other client has the process to itself.
        other.execute("begin").await?;
        let borrowed = process(&mut other).await?;
        if first == borrowed || first != process(one).await? {
            lending = if keeps_statements(&mut other).await? {
                Lending::Session
            } else {
                Lending::Transaction
            };
            break;
        }
        other.execute("rollback").await?;
    }
    other.execute("rollback").await?;
    other.close().await?;
    Ok(lending)
}

/// Whether a pooler manages the prepared statements of each client. The database then knows them by
/// names that the pooler chose. The connection must have an open transaction.
async fn keeps_statements(connection: &mut PgConnection) -> sqlx::Result<bool> {
    connection.execute("deallocate all").await?;
    sqlx::query("select 1").execute(&mut *connection).await?;
    let passed_on = connection
        .fetch_optional("select name from pg_prepared_statements where name like 'sqlx%'")
        .await?;
    Ok(passed_on.is_none())
}

/// The id of the server process, read without a prepared statement.
async fn process(connection: &mut PgConnection) -> sqlx::Result<i32> {
    connection
        .fetch_one("select pg_backend_pid()")
        .await?
        .try_get(0)
}

/// The error for an untrusted certificate, or for a parameter of the URL that a pooler does not
/// set.
fn not_connected(error: sqlx::Error) -> Error {
    if let Some(way_out) = certificate::way_out(&error) {
        return Error::Setup(way_out.into());
    }
    let message = error
        .as_database_error()
        .map(|refusal| refusal.message().to_owned());
    match message.filter(|message| message.contains("unsupported startup parameter")) {
        Some(message) => Error::Setup(format!(
            "the pooler in front of the database rejects a parameter of the database URL ({message}): leave `options` out and set the value for \
             the database user (alter role NAME set ...), or make the pooler ignore it (PgBouncer: ignore_startup_parameters)"
        )),
        None => sqlx_error::unexpected(error),
    }
}

fn not_begun(error: sqlx::Error) -> Error {
    let refused = error
        .as_database_error()
        .is_some_and(|refusal| refusal.message().contains("statement pooling"));
    if refused {
        return Error::Setup(
            "the pooler in front of the database is in statement mode, which allows no transactions; set pool_mode = session or \
             transaction for this database"
                .into(),
        );
    }
    sqlx_error::unexpected(error)
}
