//! The state of the database: whether anything was written since an answer was computed.
#![cfg_attr(
    not(feature = "sqlite"),
    allow(dead_code, reason = "on PostgreSQL every call runs a query")
)]

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
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
pub struct DatabaseVersion {
    commits: i64,
    access: AccessVersion,
}

/// The state of the tokens and the revocations. As long as it stays the same, no token is revoked
/// that was valid before, and no former secret ends but by its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccessVersion(i64);

impl DatabaseVersion {
    /// The state of the tokens and the revocations.
    #[must_use]
    pub const fn access(self) -> AccessVersion {
        self.access
    }
}

/// The commits that this program has made or seen: a cached version, and the number of the last
/// event, to which readers can subscribe.
#[derive(Debug, Default)]
pub(super) struct CommitWatch {
    cache: Mutex<Cache>,
    /// Held while a task reads the version after a commit; other tasks wait for its result.
    refreshing: tokio::sync::Mutex<()>,
    last_event: watch::Sender<i64>,
    shared_reads: SharedReads,
}

/// The reads of the version of a database that several servers share. Calls that wait for a read
/// share the next one: a hundred requests at the same time cost two queries, and not a hundred.
#[derive(Debug, Default)]
struct SharedReads {
    /// Numbers calls and reads in the order in which they begin.
    began: AtomicU64,
    last: Mutex<Option<SharedRead>>,
}

/// The last read. A failed one has no version.
#[derive(Clone, Copy, Debug)]
struct SharedRead {
    began: u64,
    version: Option<DatabaseVersion>,
}

impl SharedReads {
    fn begin(&self) -> u64 {
        self.began.fetch_add(1, Ordering::SeqCst)
    }

    /// The result of a read that began after a call, if there is one.
    fn after(&self, call: u64) -> Option<Result<DatabaseVersion, Error>> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let read = last.filter(|read| read.began > call)?;
        let failed = || Error::Unavailable("the version of the database could not be read".into());
        Some(read.version.ok_or_else(failed))
    }

    fn note(&self, began: u64, version: Option<DatabaseVersion>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(SharedRead { began, version });
    }
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
            .is_none_or(|last| last.version.commits <= read.version.commits)
        {
            cache.last = Some(read);
        }
    }
}

impl Store {
    /// The state of the database now.
    ///
    /// On PostgreSQL each call waits for a query that begins after it, since several servers write to
    /// the database; calls at the same time share it. An SQLite
    /// file usually has one server, which counts its own commits. The file is therefore read only
    /// after each of them, and every two milliseconds in case another program writes to it.
    pub(crate) async fn database_version(&self) -> Result<DatabaseVersion, Error> {
        if self.is_shared() {
            return self.shared_version().await;
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

    /// Reads the version of a shared database, or waits for another call's read that begins later
    /// than this call.
    async fn shared_version(&self) -> Result<DatabaseVersion, Error> {
        let reads = &self.commits.shared_reads;
        let call = reads.begin();
        let _turn = self.commits.refreshing.lock().await;
        if let Some(shared) = reads.after(call) {
            return shared;
        }
        let began = reads.begin();
        let version = self.read_version().await;
        reads.note(began, version.as_ref().ok().copied());
        version
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
        let (commits, access) = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select count, access from commits"
        )
        .fetch_one(pool)
        .await)
        .map_err(unexpected)?;
        let access = AccessVersion(access);
        Ok(DatabaseVersion { commits, access })
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    fn version(commits: i64) -> DatabaseVersion {
        let access = AccessVersion(0);
        DatabaseVersion { commits, access }
    }

    /// A version that does not expire, read after this many commits of this program.
    fn read(own_commits: u64, commits: i64) -> CachedVersion {
        CachedVersion {
            read_at: Instant::now() + Duration::from_hours(1),
            own_commits,
            version: version(commits),
        }
    }

    #[test]
    fn a_version_read_before_an_own_commit_is_outdated() {
        let commits = CommitWatch::default();
        commits.store(read(0, 7));
        assert_eq!(commits.lookup(), CacheLookup::Valid(version(7)));
        commits.note_commit(1);
        assert_eq!(commits.lookup(), CacheLookup::Outdated);
        commits.store(read(0, 7));
        assert_eq!(
            commits.lookup(),
            CacheLookup::Outdated,
            "a read that began before the commit may not include it"
        );
        commits.store(read(1, 8));
        assert_eq!(commits.lookup(), CacheLookup::Valid(version(8)));
    }

    #[test]
    fn an_older_version_never_replaces_a_newer_one() {
        let commits = CommitWatch::default();
        commits.store(read(0, 8));
        commits.store(read(0, 7));
        assert_eq!(commits.lookup(), CacheLookup::Valid(version(8)));
    }

    #[test]
    fn a_call_shares_a_read_that_began_after_it() {
        let reads = SharedReads::default();
        let (early, read, late) = (reads.begin(), reads.begin(), reads.begin());
        assert!(reads.after(early).is_none());
        reads.note(read, Some(version(7)));
        assert_eq!(reads.after(early).unwrap().unwrap(), version(7));
        assert!(reads.after(late).is_none(), "it began before this call");
        reads.note(reads.begin(), None);
        let failed = reads.after(late).unwrap().unwrap_err();
        assert!(matches!(failed, Error::Unavailable(_)));
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
            CacheLookup::Valid(version(7)),
            "one caller reads again; the others need not"
        );
    }
}
