//! The state of the database: whether anything was written since an answer was computed.
#![cfg_attr(
    not(feature = "sqlite"),
    allow(dead_code, reason = "on PostgreSQL every call runs a query")
)]

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{Store, on, sqlx_error::unexpected};
use crate::error::Error;

/// How long a version that was read from an SQLite file is valid, if this program commits nothing.
/// A commit of another program to the same file is seen after this time plus one read at most.
/// Commits of this program are seen at once.
const LIFETIME: Duration = Duration::from_millis(2);

/// The state of the database. Two reads under equal versions return the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DatabaseVersion(i64);

/// The commits that this program has made or seen: a cached version, and the number of the last
/// event, to which readers can subscribe.
#[derive(Debug, Default)]
pub(super) struct CommitWatch {
    cache: Mutex<Cache>,
    /// Held while a task reads the version after a commit; other tasks wait for its result.
    refreshing: tokio::sync::Mutex<()>,
    last_event: watch::Sender<i64>,
}

#[derive(Debug, Default)]
struct Cache {
    /// The number of writes that this program has committed.
    own_commits: u64,
    last: Option<CachedVersion>,
}

/// A version that was read from the database.
#[derive(Clone, Copy, Debug)]
struct CachedVersion {
    read_at: Instant,
    /// The number of writes that this program had committed before the read.
    own_commits: u64,
    version: DatabaseVersion,
}

/// The result of a lookup in the cache.
#[derive(Debug, PartialEq, Eq)]
enum CacheLookup {
    Valid(DatabaseVersion),
    /// The version is too old: another program may have written. Only one caller gets this result
    /// and reads the version again; the others get `Valid` meanwhile.
    Expired,
    /// This program has committed a write since.
    Outdated,
}

impl CommitWatch {
    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a commit of this program. It invalidates the cached version.
    pub(super) fn note_commit(&self, last_event: i64) {
        self.cache().own_commits += 1;
        self.note_last_event(last_event);
    }

    /// Notes that the events up to this number exist, and wakes subscribers that wait for more.
    pub(super) fn note_last_event(&self, last_event: i64) {
        self.last_event.send_if_modified(|last| {
            let more = last_event > *last;
            *last = (*last).max(last_event);
            more
        });
    }

    /// Subscribes to the number of the last event.
    pub(super) fn subscribe(&self) -> watch::Receiver<i64> {
        self.last_event.subscribe()
    }

    /// Whether anyone is subscribed.
    pub(super) fn has_subscribers(&self) -> bool {
        self.last_event.receiver_count() > 0
    }

    fn lookup(&self) -> CacheLookup {
        let mut cache = self.cache();
        let own_commits = cache.own_commits;
        match &mut cache.last {
            Some(last) if last.own_commits == own_commits && last.read_at.elapsed() < LIFETIME => {
                CacheLookup::Valid(last.version)
            }
            Some(last) if last.own_commits == own_commits => {
                last.read_at = Instant::now();
                CacheLookup::Expired
            }
            _ => CacheLookup::Outdated,
        }
    }

    /// Caches a version, unless a newer one is cached: of two reads, the older one can end last,
    /// and a caller that got the newer version must not get the older one afterwards.
    fn store(&self, read: CachedVersion) {
        let mut cache = self.cache();
        if cache
            .last
            .is_none_or(|last| last.version.0 <= read.version.0)
        {
            cache.last = Some(read);
        }
    }
}

impl Store {
    /// The state of the database now.
    ///
    /// On PostgreSQL each call runs a query, since several servers write to the database. An SQLite
    /// file usually has one server, which counts its own commits. The file is therefore read only
    /// after each of them, and every two milliseconds in case another program writes to it.
    pub(crate) async fn database_version(&self) -> Result<DatabaseVersion, Error> {
        if self.is_shared() {
            return self.read_version().await;
        }
        match self.commits.lookup() {
            CacheLookup::Valid(version) => return Ok(version),
            CacheLookup::Expired => return self.refresh_version().await,
            CacheLookup::Outdated => {}
        }
        let _alone = self.commits.refreshing.lock().await;
        // Look again: the task that held the lock before has refreshed the cache.
        if let CacheLookup::Valid(version) = self.commits.lookup() {
            Ok(version)
        } else {
            self.refresh_version().await
        }
    }

    /// Reads the version and caches it.
    async fn refresh_version(&self) -> Result<DatabaseVersion, Error> {
        // Both before the read: it may or may not see a commit that is made meanwhile.
        let (read_at, own_commits) = (Instant::now(), self.commits.cache().own_commits);
        let version = self.read_version().await?;
        self.commits.store(CachedVersion {
            read_at,
            own_commits,
            version,
        });
        Ok(version)
    }

    async fn read_version(&self) -> Result<DatabaseVersion, Error> {
        on!(Pool, &self.reads, |pool| sqlx::query_scalar(
            "select count from commits"
        )
        .fetch_one(pool)
        .await)
        .map(DatabaseVersion)
        .map_err(unexpected)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    /// A version that does not expire, read after this many commits of this program.
    fn read(own_commits: u64, version: i64) -> CachedVersion {
        CachedVersion {
            read_at: Instant::now() + Duration::from_hours(1),
            own_commits,
            version: DatabaseVersion(version),
        }
    }

    #[test]
    fn a_version_read_before_an_own_commit_is_outdated() {
        let commits = CommitWatch::default();
        commits.store(read(0, 7));
        assert_eq!(commits.lookup(), CacheLookup::Valid(DatabaseVersion(7)));
        commits.note_commit(1);
        assert_eq!(commits.lookup(), CacheLookup::Outdated);
        commits.store(read(0, 7));
        assert_eq!(
            commits.lookup(),
            CacheLookup::Outdated,
            "a read that began before the commit may not include it"
        );
        commits.store(read(1, 8));
        assert_eq!(commits.lookup(), CacheLookup::Valid(DatabaseVersion(8)));
    }

    #[test]
    fn an_older_version_never_replaces_a_newer_one() {
        let commits = CommitWatch::default();
        commits.store(read(0, 8));
        commits.store(read(0, 7));
        assert_eq!(commits.lookup(), CacheLookup::Valid(DatabaseVersion(8)));
    }

    #[test]
    fn a_version_expires_after_two_milliseconds() {
        let commits = CommitWatch::default();
        commits.store(CachedVersion {
            read_at: Instant::now(),
            ..read(0, 7)
        });
        std::thread::sleep(LIFETIME);
        assert_eq!(commits.lookup(), CacheLookup::Expired);
        assert_eq!(
            commits.lookup(),
            CacheLookup::Valid(DatabaseVersion(7)),
            "one caller reads again; the others need not"
        );
    }
}
