//! Whether anything was written since: what makes it safe to keep an answer.
#![cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "PostgreSQL is asked each time"))]

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{Store, Write, column::signed, fault::unexpected, on};
use crate::error::Error;

/// How long it takes at most, beside the look itself, until a program sees what another program has written to an SQLite
/// file that both have open. What it has written itself it sees at once.
const UNSEEN: Duration = Duration::from_millis(2);

/// The state of the database. As long as it is the same, so is everything that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DatabaseVersion(i64);

/// What this program knows of the commits on its database.
#[derive(Debug, Default)]
pub(super) struct Commits {
    seen: Mutex<Seen>,
    /// Held by who looks after a commit; the others wait for what they will know.
    looking: tokio::sync::Mutex<()>,
    last_event: watch::Sender<i64>,
}

#[derive(Debug, Default)]
struct Seen {
    /// How many writes this program has committed.
    own: u64,
    last: Option<Looked>,
}

/// The last look at the database.
#[derive(Clone, Copy, Debug)]
struct Looked {
    at: Instant,
    /// How many writes this program had committed before it looked.
    own: u64,
    version: DatabaseVersion,
}

/// What can be said without a look at the database.
#[derive(Debug, PartialEq, Eq)]
enum Known {
    Version(DatabaseVersion),
    /// It is time to look whether somebody else has written, for this caller alone: the others go on with what they know.
    Expired,
    /// This program has written since.
    Changed,
}

impl Commits {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A write of this program was committed: what was seen before it is no longer so.
    pub(super) fn happened(&self, last_event: i64) {
        self.seen().own += 1;
        self.told(last_event);
    }

    /// Events are there up to this number: whoever waits for more is woken.
    pub(super) fn told(&self, last_event: i64) {
        self.last_event.send_if_modified(|last| {
            let more = last_event > *last;
            *last = (*last).max(last_event);
            more
        });
    }

    /// The last event that is known of, now and whenever there is another one.
    pub(super) fn watch(&self) -> watch::Receiver<i64> {
        self.last_event.subscribe()
    }

    /// Whether anybody watches.
    pub(super) fn is_watched(&self) -> bool {
        self.last_event.receiver_count() > 0
    }

    fn known(&self) -> Known {
        let mut seen = self.seen();
        let own = seen.own;
        match &mut seen.last {
            Some(last) if last.own == own && last.at.elapsed() < UNSEEN => Known::Version(last.version),
            Some(last) if last.own == own => {
                last.at = Instant::now();
                Known::Expired
            }
            _ => Known::Changed,
        }
    }

    /// Notes a look, unless another one that ended before it saw more: who was given that version must not be given an
    /// older one afterwards.
    fn looked(&self, looked: Looked) {
        let mut seen = self.seen();
        if seen.last.is_none_or(|last| last.version.0 <= looked.version.0) {
            seen.last = Some(looked);
        }
    }
}

impl Store {
    /// The state of the database now.
    ///
    /// On PostgreSQL the database is asked each time: several servers write to it. An SQLite file has one server as a
    /// rule, which knows of its own commits: the file is asked after each of them, and every two milliseconds in case
    /// another program writes to it.
    pub(crate) async fn database_version(&self) -> Result<DatabaseVersion, Error> {
        if self.is_shared() {
            return self.read_version().await;
        }
        match self.commits.known() {
            Known::Version(version) => return Ok(version),
            Known::Expired => return self.look().await,
            Known::Changed => {}
        }
        let _alone = self.commits.looking.lock().await;
        // Whoever had the turn before has looked.
        if let Known::Version(version) = self.commits.known() { Ok(version) } else { self.look().await }
    }

    /// Looks at the database and keeps what it sees.
    async fn look(&self) -> Result<DatabaseVersion, Error> {
        // Both before the look: what is committed during it may be seen or not.
        let (at, own) = (Instant::now(), self.commits.seen().own);
        let version = self.read_version().await?;
        self.commits.looked(Looked { at, own, version });
        Ok(version)
    }

    async fn read_version(&self) -> Result<DatabaseVersion, Error> {
        on!(Pool, &self.reads, |pool| sqlx::query_scalar("select count from commits").fetch_one(pool).await)
            .map(DatabaseVersion)
            .map_err(unexpected)
    }
}

impl Write {
    /// Counts this write among the commits and takes the numbers of its events; gives the last one. Other writes wait from
    /// here on until the commit can be seen (see `events`).
    pub(super) async fn count_commit(&mut self, events: usize) -> Result<i64, Error> {
        on!(Transaction, &mut self.transaction, |write| {
            sqlx::query_scalar("update commits set count = count + 1, last_event = last_event + $1 returning last_event")
                .bind(signed(events as u64))
                .fetch_one(&mut **write)
                .await
        })
        .map_err(unexpected)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    /// A look at the file that does not grow old, with this many own commits before it.
    fn look(own: u64, version: i64) -> Looked {
        Looked { at: Instant::now() + Duration::from_hours(1), own, version: DatabaseVersion(version) }
    }

    #[test]
    fn what_was_seen_before_an_own_commit_is_not_relied_on() {
        let commits = Commits::default();
        commits.looked(look(0, 7));
        assert_eq!(commits.known(), Known::Version(DatabaseVersion(7)));
        commits.happened(1);
        assert_eq!(commits.known(), Known::Changed);
        commits.looked(look(0, 7));
        assert_eq!(commits.known(), Known::Changed, "a look that began before the commit says nothing about it");
        commits.looked(look(1, 8));
        assert_eq!(commits.known(), Known::Version(DatabaseVersion(8)));
    }

    #[test]
    fn of_two_looks_the_one_that_saw_more_counts_whichever_ends_first() {
        let commits = Commits::default();
        commits.looked(look(0, 8));
        commits.looked(look(0, 7));
        assert_eq!(commits.known(), Known::Version(DatabaseVersion(8)));
    }

    #[test]
    fn a_look_is_relied_on_for_two_milliseconds() {
        let commits = Commits::default();
        commits.looked(Looked { at: Instant::now(), ..look(0, 7) });
        std::thread::sleep(UNSEEN);
        assert_eq!(commits.known(), Known::Expired);
        assert_eq!(commits.known(), Known::Version(DatabaseVersion(7)), "one looks again, and the others need not");
    }
}
