//! How long a server is the primary, and what is bound to it: a pool, and a transaction.

use std::{
    io,
    ops::{Deref, DerefMut},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgPool, PgTransaction};
use tokio_util::sync::CancellationToken;

/// How long the connections to a former primary may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// The time in which one server is the primary. A statement that waits for a server after that time
/// fails: a server that lost its network never answers, and its connections do not end either.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Tenure(CancellationToken);

impl Tenure {
    /// Runs a statement, or a part of it, as long as the server is the primary.
    ///
    /// # Errors
    /// The error of the statement; an error of the connection if the server is no longer the
    /// primary. It may have carried out the statement all the same.
    pub(in crate::store) async fn during<T>(
        &self,
        statement: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        let ended = || {
            io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the database server is no longer the primary",
            )
        };
        self.0
            .run_until_cancelled(statement)
            .await
            .unwrap_or_else(|| Err(ended().into()))
    }
}

/// The connections to the primary. Clones share them; they are replaced when another server becomes
/// the primary.
#[derive(Clone, Debug)]
pub(in crate::store) struct PrimaryPool(Arc<RwLock<Arc<Current>>>);

/// A pool of connections to one server, and the time in which it is the primary.
#[derive(Debug)]
pub(in crate::store) struct Current {
    pub(in crate::store) pool: PgPool,
    pub(in crate::store) tenure: Tenure,
}

impl Current {
    fn new(pool: PgPool) -> Arc<Self> {
        Arc::new(Self {
            pool,
            tenure: Tenure::default(),
        })
    }
}

impl PrimaryPool {
    pub(super) fn new(pool: PgPool) -> Self {
        Self(Arc::new(RwLock::new(Current::new(pool))))
    }

    /// The pool of the server that is the primary now.
    pub(in crate::store) fn current(&self) -> Arc<Current> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Begins a transaction with a statement.
    pub(in crate::store) async fn begin_with(
        &self,
        statement: impl Into<String>,
    ) -> sqlx::Result<PrimaryTransaction> {
        let current = self.current();
        let begun = current.pool.begin_with(AssertSqlSafe(statement.into()));
        Ok(PrimaryTransaction {
            transaction: current.tenure.during(begun).await?,
            tenure: current.tenure.clone(),
        })
    }

    /// Replaces the pool, and ends the tenure of the former one.
    pub(super) fn replace(&self, pool: PgPool) {
        let new = Current::new(pool);
        let former = std::mem::replace(
            &mut *self.0.write().unwrap_or_else(PoisonError::into_inner),
            new,
        );
        former.tenure.0.cancel();
        // Connections that never end by themselves stay behind until the system gives them up.
        tokio::spawn(async move { tokio::time::timeout(CLOSE, former.pool.close()).await });
    }

    /// Closes the pool after its running statements.
    pub(in crate::store) async fn close(&self) {
        self.current().pool.close().await;
    }
}

/// A transaction on the primary.
#[derive(Debug)]
pub(in crate::store) struct PrimaryTransaction {
    transaction: PgTransaction<'static>,
    pub(in crate::store) tenure: Tenure,
}

impl PrimaryTransaction {
    pub(in crate::store) async fn commit(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }
}

impl Deref for PrimaryTransaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for PrimaryTransaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}
