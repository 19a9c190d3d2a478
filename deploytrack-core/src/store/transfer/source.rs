//! The database that is copied.

use std::fs::File;

use uuid::Uuid;

use super::{TableContent, Target, extremes, tables::TABLES};
#[cfg(feature = "postgres")]
use crate::store::postgres;
#[cfg(feature = "sqlite")]
use crate::store::sqlite;
use crate::{
    error::Error,
    store::{Schema, Snapshot, Store, on, scheme, unexpected, unsupported},
    transfer::Extremes,
};

/// A database that is copied, as it is at one moment.
#[derive(Debug)]
pub(crate) struct Source {
    store: Store,
    snapshot: Snapshot,
    /// The commits until that moment.
    commits: i64,
    /// The lock of a server on an SQLite file.
    _server: Option<File>,
}

impl Source {
    /// Opens the database at a URL, and begins to read it.
    ///
    /// # Errors
    /// [`Error::Setup`] if there is none, if a server has the SQLite file open, or if its schema is
    /// not that of this program.
    pub(crate) async fn open(url: &str) -> Result<Self, Error> {
        match scheme(url) {
            #[cfg(feature = "sqlite")]
            Some("sqlite") => {
                let path = Store::file_of(url)?;
                let path = path.ok_or_else(|| {
                    Error::Setup("a database in memory belongs to one program; name a file".into())
                })?;
                Self::open_file(&path).await
            }
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => {
                Self::begin(postgres::open_unchanged(url).await?, None).await
            }
            _ => Err(unsupported()),
        }
    }

    /// Opens the SQLite database in a file, and begins to read it.
    #[cfg(feature = "sqlite")]
    pub(crate) async fn open_file(path: &std::path::Path) -> Result<Self, Error> {
        let (store, server) = sqlite::open_alone(path).await?;
        Self::begin(store, Some(server)).await
    }

    async fn begin(store: Store, server: Option<File>) -> Result<Self, Error> {
        if store.schema().await? == Schema::Older {
            return Err(Error::Setup(
                "its schema is older than this program; run `deploytrack-server migrate` for it first"
                    .into(),
            ));
        }
        let mut snapshot = store.snapshot().await?;
        for table in TABLES {
            table.require_columns(&mut snapshot.0).await?;
        }
        let commits = on!(Transaction, &mut snapshot.0, |snapshot| sqlx::query_scalar(
            "select count from commits"
        )
        .fetch_one(&mut **snapshot)
        .await)
        .map_err(unexpected)?;
        Ok(Self {
            store,
            snapshot,
            commits,
            _server: server,
        })
    }

    /// Copies every table. Returns the name and the content of each.
    pub(crate) async fn copy_to(
        &mut self,
        target: &mut Target,
    ) -> Result<Vec<(&'static str, TableContent)>, Error> {
        let mut copied = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            let content = table
                .read(&mut self.snapshot.0, Some(&mut target.transaction))
                .await?;
            tracing::debug!(table = table.name, rows = content.rows, "copied");
            copied.push((table.name, content));
        }
        Ok(copied)
    }

    /// The numbers that its readers see.
    pub(crate) async fn extremes(&mut self) -> Result<Extremes, Error> {
        extremes(&mut self.snapshot.0).await
    }

    /// The id of the store.
    pub(crate) async fn id(&self) -> Result<Uuid, Error> {
        self.store.id().await
    }

    /// The number of writes since the moment of the copy.
    pub(crate) async fn later_commits(&self) -> Result<i64, Error> {
        let now: i64 = on!(Pool, &self.store.reads, |pool| sqlx::query_scalar(
            "select count from commits"
        )
        .fetch_one(pool)
        .await)
        .map_err(unexpected)?;
        Ok(now - self.commits)
    }

    /// Ends the read and closes the database.
    pub(crate) async fn close(self) {
        drop(self.snapshot);
        self.store.close().await;
    }
}
