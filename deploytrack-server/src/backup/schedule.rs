//! Backups that the server makes on its own.

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::DateTime;
use deploytrack_core::clock::{Clock as _, SystemClock, Time};
use tokio::time::sleep;

use super::{Target, folder};

/// How long to wait after a failure, if the interval is not shorter.
const RETRY: Duration = Duration::from_mins(5);
/// No backup yet.
const NEVER: i64 = i64::MIN;

/// The settings of backups that the server makes on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The SQLite database.
    pub database: PathBuf,
    /// The folder for its backups.
    pub folder: PathBuf,
    /// The time from one backup to the next.
    pub every: Duration,
    /// How many backups stay in the folder.
    pub keep: usize,
}

/// The schedule of a server. Clones share it.
#[derive(Clone, Debug)]
pub struct Schedule {
    plan: Arc<Plan>,
    last_success: Arc<AtomicI64>,
}

impl Schedule {
    /// A schedule that continues with the backups that are in the folder.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let last = folder::newest(&plan.folder).map_or(NEVER, |time| time.timestamp());
        Self {
            plan: Arc::new(plan),
            last_success: Arc::new(AtomicI64::new(last)),
        }
    }

    /// The time of the last backup, to the second; `None` if there is none in the folder.
    #[must_use]
    pub fn last_success(&self) -> Option<Time> {
        match self.last_success.load(Ordering::Relaxed) {
            NEVER => None,
            seconds => DateTime::from_timestamp(seconds, 0),
        }
    }

    /// The time from one backup to the next.
    #[must_use]
    pub fn every(&self) -> Duration {
        self.plan.every
    }

    /// Makes backups as long as the future is polled. A failure is logged as an error, and tried
    /// again after five minutes, or after the interval if that is shorter.
    pub async fn run(&self) -> Infallible {
        sleep(self.until_due()).await;
        loop {
            let pause = if self.make().await {
                self.plan.every
            } else {
                RETRY.min(self.plan.every)
            };
            sleep(pause).await;
        }
    }

    /// The time until the next backup. A server that is restarted often makes no more of them.
    fn until_due(&self) -> Duration {
        let age = self
            .last_success()
            .and_then(|last| (SystemClock.now() - last).to_std().ok());
        age.map_or(Duration::ZERO, |age| self.plan.every.saturating_sub(age))
    }

    /// Makes a backup; returns whether it succeeded.
    async fn make(&self) -> bool {
        let plan = &self.plan;
        let made = async {
            let target = Target::in_new_folder(plan.folder.clone())?;
            target.back_up(&plan.database, Some(plan.keep)).await
        };
        match made.await {
            Ok(made) => {
                let at = made.backup.created_at.timestamp();
                self.last_success.store(at, Ordering::Relaxed);
                tracing::info!(
                    path = %made.path.display(), bytes = made.backup.bytes, removed = made.removed,
                    "made a backup"
                );
                true
            }
            Err(error) => {
                tracing::error!(%error, "the backup failed and will be tried again");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use deploytrack_core::{store::Store, tracker::Tracker};

    use super::*;

    fn plan(folder: &std::path::Path) -> Plan {
        Plan {
            database: folder.join("deploytrack.db"),
            folder: folder.join("backups"),
            every: Duration::from_hours(24),
            keep: 2,
        }
    }

    #[tokio::test]
    async fn a_backup_is_made_at_once_and_then_after_the_interval() {
        let home = tempfile::tempdir().unwrap();
        let plan = plan(home.path());
        let tracker = Tracker::new(Store::open_file(&plan.database).await.unwrap());
        let schedule = Schedule::new(plan.clone());
        assert_eq!(
            (schedule.last_success(), schedule.until_due()),
            (None, Duration::ZERO)
        );
        assert!(schedule.make().await);
        assert!(schedule.last_success().is_some());
        let later = Schedule::new(plan);
        assert_eq!(later.last_success(), schedule.last_success());
        assert!(later.until_due() > Duration::from_hours(23));
        tracker.close().await;
    }

    #[tokio::test]
    async fn a_failure_is_no_success_and_is_tried_again() {
        let home = tempfile::tempdir().unwrap();
        let schedule = Schedule::new(plan(home.path()));
        assert!(!schedule.make().await, "there is no database");
        assert_eq!(
            (schedule.last_success(), schedule.until_due()),
            (None, Duration::ZERO)
        );
    }
}
