//! Copying a database to an empty one: from SQLite to PostgreSQL, back, or between two of a kind.

use crate::{
    error::Error,
    store::{Source, Store, TableContent, Target},
    tracker::verification::{accept, verify_uncommitted},
    transfer::{Transfer, TransferredTable},
};

/// A database that is copied, as it was when it was opened.
#[derive(Debug)]
pub struct TransferSource(Source);

impl TransferSource {
    /// Opens the database at a URL, which is as for [`Store::open`], and begins to read it. It is not
    /// changed. No server can open an SQLite file until this is closed.
    ///
    /// # Errors
    /// [`Error::Setup`] with a sentence for the operator: there is no database, a server has the
    /// SQLite file open, or its schema is not that of this program. [`Error::Unavailable`] if the
    /// database cannot be reached.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Source::open(url).await.map(Self)
    }

    /// Opens the SQLite database in a file, as [`TransferSource::open`] does. The path is taken
    /// literally.
    ///
    /// # Errors
    /// As [`TransferSource::open`].
    #[cfg(feature = "sqlite")]
    pub async fn open_file(path: &std::path::Path) -> Result<Self, Error> {
        Source::open_file(path).await.map(Self)
    }

    /// Copies everything to an empty database, in one transaction, and verifies the copy before its
    /// commit. After an error, or when the future is dropped, the target is still empty, unless the
    /// error says otherwise. The memory is bounded, and the time is proportional to the database.
    ///
    /// The target should have been opened by [`Store::open_to_serve`]: no server may use it
    /// meanwhile.
    ///
    /// # Errors
    /// [`Error::Setup`] with a sentence for the operator: the target is not empty, something was
    /// written to the source meanwhile, the copy differs from the source, or the data differs from
    /// its history. Errors of the databases.
    pub async fn copy_to(&mut self, store: &Store) -> Result<Transfer, Error> {
        let mut target = Target::begin(store).await?;
        let copied = self.0.copy_to(&mut target).await?;
        target.finish().await?;
        let tables = compared(&copied, &target.contents().await?)?;
        let extremes = self.0.extremes().await?;
        if target.extremes().await? != extremes {
            return Err(Error::Setup("the copy differs from the source".into()));
        }
        let (verification, snapshot) =
            verify_uncommitted(store, target.into_snapshot().await?).await?;
        accept(&verification)?;
        let store_id = self.0.id().await?;
        self.refuse_later_commits("nothing was copied").await?;
        Target::from_snapshot(snapshot).commit().await?;
        self.refuse_later_commits("the target lacks them and must not be used")
            .await?;
        Ok(Transfer {
            tables,
            extremes,
            store_id,
            verification,
        })
    }

    /// Closes the database.
    pub async fn close(self) {
        self.0.close().await;
    }

    /// Refuses a copy that lacks what was written meanwhile.
    async fn refuse_later_commits(&self, outcome: &str) -> Result<(), Error> {
        match self.0.later_commits().await? {
            0 => Ok(()),
            commits => Err(Error::Setup(format!(
                "{commits} writes reached the source while it was copied, so {outcome}; stop all servers of the source first"
            ))),
        }
    }
}

/// Compares what was read from the source with what was read back from the target.
fn compared(
    source: &[(&'static str, TableContent)],
    target: &[TableContent],
) -> Result<Vec<TransferredTable>, Error> {
    let pairs = source.iter().zip(target);
    pairs
        .map(|((name, source), target)| {
            if source != target {
                return Err(Error::Setup(format!(
                    "the copy differs from the source in the table {name}: {} rows in the source, {} in the target",
                    source.rows, target.rows
                )));
            }
            Ok(TransferredTable {
                name,
                source_rows: source.rows,
                target_rows: target.rows,
                digest: source.digest(),
            })
        })
        .collect()
}
