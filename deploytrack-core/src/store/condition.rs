//! The condition of the database: whether this program can write to it.
//!
//! A database that answers reads may refuse every write: its disk is full, its file is read-only,
//! another process holds its lock. Only a write shows that, so readiness depends on the last write,
//! and on a trial write when the last one is old.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::timeout;

#[cfg(feature = "sqlite")]
use super::files::Files;
use super::{
    Purpose, Store, on,
    sqlx_error::{is_persistent, unexpected},
};
use crate::{error::Error, measurement::FileMeasurements};

/// How long the outcome of a write is valid. `/readyz` needs no token, so a request to it must not
/// cause a write each time.
const VALIDITY: Duration = Duration::from_secs(1);
/// How long a trial write may take.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(2);

/// The condition of the database, as this program has seen it.
#[derive(Debug, Default)]
pub(super) struct Condition {
    last: Mutex<LastOutcomes>,
    /// The number of writes in progress.
    writing: AtomicUsize,
    /// Held during a trial write; other callers use its outcome.
    trial: tokio::sync::Mutex<()>,
    /// The files of an SQLite database, which must stay where they are.
    #[cfg(feature = "sqlite")]
    files: Option<Files>,
}

/// The last outcomes of writes.
#[derive(Debug, Default)]
struct LastOutcomes {
    /// When a write was committed, unless one has failed since.
    written: Option<Instant>,
    failed: Option<Instant>,
    /// When a write failed for lack of space or was refused, or a trial write failed for any
    /// reason, and the cause.
    refused: Option<(Instant, Cause)>,
}

/// The cause for which a write failed.
#[derive(Clone, Debug)]
enum Cause {
    /// A newer program has migrated the database.
    Outdated,
    Database(String),
}

impl Cause {
    fn of(error: &Error) -> Self {
        if matches!(error, Error::Outdated) {
            return Self::Outdated;
        }
        let source = std::error::Error::source(error);
        Self::Database(source.map_or_else(|| error.to_string(), ToString::to_string))
    }

    fn into_error(self) -> Error {
        match self {
            Self::Outdated => Error::Outdated,
            Self::Database(why) => Error::Unavailable(why.into()),
        }
    }
}

/// Counts a write in progress until it is dropped.
#[derive(Debug)]
pub(super) struct WriteGuard {
    condition: Arc<Condition>,
    is_committed: bool,
}

impl WriteGuard {
    pub(super) fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Ends a write that was committed.
    pub(super) fn succeed(mut self) {
        self.is_committed = true;
        *self.condition.last() = LastOutcomes {
            written: Some(Instant::now()),
            ..LastOutcomes::default()
        };
    }
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        self.condition.writing.fetch_sub(1, Ordering::AcqRel);
        // A write without a commit may have failed at any step: the next readiness check makes a
        // trial write.
        if !self.is_committed {
            self.condition.last().written = None;
        }
    }
}

impl Condition {
    /// The condition of a database in these files.
    #[cfg(feature = "sqlite")]
    pub(super) fn new(files: Files) -> Self {
        Self {
            files: Some(files),
            ..Self::default()
        }
    }

    /// Whether another database now has files under the paths of this one.
    #[cfg(feature = "sqlite")]
    pub(super) fn is_displaced(&self) -> bool {
        self.files.as_ref().is_some_and(Files::are_foreign)
    }

    /// The measurements of the files of an SQLite database.
    pub(super) fn measure_files(&self) -> Option<FileMeasurements> {
        #[cfg(feature = "sqlite")]
        return self.files.as_ref().map(Files::measure);
        #[cfg(not(feature = "sqlite"))]
        return None;
    }

    fn last(&self) -> std::sync::MutexGuard<'_, LastOutcomes> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a write has begun.
    pub(super) fn begin_write(self: &Arc<Self>) -> WriteGuard {
        self.writing.fetch_add(1, Ordering::AcqRel);
        WriteGuard {
            condition: self.clone(),
            is_committed: false,
        }
    }

    /// Notes a failed step of a write, and returns the outcome.
    pub(super) fn note<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        let now = Instant::now();
        match &outcome {
            Err(error @ Error::Unavailable(_)) => {
                let mut last = self.last();
                (last.written, last.failed) = (None, Some(now));
                // A trial write needs little room and may succeed all the same.
                if is_persistent(error) {
                    last.refused = Some((now, Cause::of(error)));
                }
            }
            Err(Error::Outdated) => {
                let mut last = self.last();
                (last.written, last.refused) = (None, Some((now, Cause::Outdated)));
            }
            _ => {}
        }
        outcome
    }

    /// Whether a write has failed since a connection of this age was opened.
    #[cfg(feature = "sqlite")]
    pub(super) fn has_failed_since(&self, age: Duration) -> bool {
        self.last().failed.is_some_and(|at| at.elapsed() <= age)
    }

    /// Returns an error when the files of the database were deleted or replaced.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(
            clippy::unused_self,
            clippy::unnecessary_wraps,
            reason = "PostgreSQL has no files of its own here"
        )
    )]
    pub(super) fn check_files(&self) -> Result<(), Error> {
        #[cfg(feature = "sqlite")]
        if let Some(files) = &self.files {
            return files.check();
        }
        Ok(())
    }

    /// The outcome of the last write or trial write, if it is at most a second old.
    fn recent_outcome(&self) -> Option<Result<(), Error>> {
        let last = self.last();
        if last.written.is_some_and(|at| at.elapsed() < VALIDITY) {
            return Some(Ok(()));
        }
        let (_, why) = last
            .refused
            .as_ref()
            .filter(|(at, _)| at.elapsed() < VALIDITY)?;
        Some(Err(why.clone().into_error()))
    }

    /// Notes the outcome of a trial write, and returns it.
    fn note_trial(&self, outcome: Result<(), Error>) -> Result<(), Error> {
        match &outcome {
            Ok(()) => {
                *self.last() = LastOutcomes {
                    written: Some(Instant::now()),
                    ..LastOutcomes::default()
                }
            }
            Err(error) => self.last().refused = Some((Instant::now(), Cause::of(error))),
        }
        self.note(outcome)
    }
}

impl Store {
    /// The measurements of the files of an SQLite database.
    pub(crate) fn measure_files(&self) -> Option<FileMeasurements> {
        self.condition.measure_files()
    }

    /// Asks whether the database can be written to.
    pub(super) async fn writable(&self) -> Result<(), Error> {
        self.condition.check_files()?;
        if let Some(outcome) = self.condition.recent_outcome() {
            return outcome;
        }
        let this = self.clone();
        // In its own task: a cancelled trial write would leave its transaction open.
        match timeout(
            TRIAL_TIMEOUT,
            tokio::spawn(async move { this.try_to_write().await }),
        )
        .await
        {
            Ok(tried) => tried.map_err(|ended| Error::Internal(ended.into()))?,
            // A write is in progress: a long import must not make the server unready.
            Err(_) if self.condition.writing.load(Ordering::Acquire) > 0 => Ok(()),
            Err(_) => Err(Error::Unavailable(
                "no write can begin; another program may hold the lock of the database".into(),
            )),
        }
    }

    /// Waits until the writer answers, whether it accepts a trial write or refuses it. A write in
    /// progress is an answer.
    pub(crate) async fn wait_for_writer(&self) {
        if self.condition.recent_outcome().is_none()
            && self.condition.writing.load(Ordering::Acquire) == 0
        {
            let this = self.clone();
            // In its own task, as in `writable`.
            let _ = tokio::spawn(async move { this.try_to_write().await }).await;
        }
    }

    /// Commits a write that changes nothing.
    async fn try_to_write(&self) -> Result<(), Error> {
        let _alone = self.condition.trial.lock().await;
        if let Some(outcome) = self.condition.recent_outcome() {
            return outcome;
        }
        self.condition.note_trial(self.write_nothing().await)
    }

    async fn write_nothing(&self) -> Result<(), Error> {
        let mut begun = self.begin_write(Purpose::Trial).await?;
        on!(Transaction, &mut begun, |write| sqlx::query(
            "update commits set count = count"
        )
        .execute(&mut **write)
        .await
        .map(|_| ()))
        .map_err(unexpected)?;
        on!(Transaction, begun, |write| write.commit().await).map_err(unexpected)?;
        self.condition.check_files()
    }
}
