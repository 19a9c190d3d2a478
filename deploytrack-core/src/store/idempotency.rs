//! The answers kept under idempotency keys.

use std::collections::BTreeMap;
#[cfg(feature = "postgres")]
use std::time::Duration;

use sqlx::{FromRow, QueryBuilder};

use super::{
    Transaction, Write,
    column::{Micros, digest, signed},
    fault::unexpected,
    on,
    write::in_sets,
};
use crate::{
    clock::Time,
    digest::Digest,
    error::Error,
    text::{IdempotencyKey, Label},
};

/// The most expired answers that are removed for one that is kept: more than are added, so that they never pile up, and so
/// few that no write waits for a sweep.
const REMOVED_AT_ONCE: usize = 8;

/// How long to wait for a key that another write has, in milliseconds from one look to the next; two thirds of a second
/// in all. A write that was refused, or had been made before, may still be rolling back when its caller comes again.
#[cfg(feature = "postgres")]
const WAITS: [u64; 7] = [5, 10, 20, 40, 80, 160, 320];

/// A key, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) subject: Label,
    pub(crate) key: IdempotencyKey,
}

/// An answer that was kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The request it answered.
    pub(crate) request: Digest,
    /// The answer, as JSON.
    pub(crate) answer: String,
}

/// An answer to be kept.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) key: Key,
    pub(crate) kept: Kept,
    pub(crate) given_at: Time,
    pub(crate) expires_at: Time,
}

#[derive(Debug, FromRow)]
struct Row {
    subject: String,
    key: String,
    request: Vec<u8>,
    answer: String,
}

impl Answer {
    /// Answers that expired before this time are removed. They stay for a quarter longer than they are given again: after
    /// a restart under a clock that is ahead by up to that time, and another one under the right clock, none is missing.
    fn long_expired(&self) -> Time {
        self.given_at - (self.expires_at - self.given_at) / 4
    }
}

impl Write {
    /// Takes keys until the end of this write, as far as no other write is at work under them; says which it has.
    #[cfg_attr(not(feature = "postgres"), expect(clippy::unused_async, reason = "only PostgreSQL is asked"))]
    pub(crate) async fn take_keys(&mut self, keys: &[Key]) -> Result<Vec<bool>, Error> {
        match &mut self.transaction {
            // The one writer: whoever else had a key has committed.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(_) => Ok(vec![true; keys.len()]),
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                if keys.is_empty() {
                    return Ok(Vec::new());
                }
                let numbers: Vec<i64> = keys.iter().map(Key::number).collect();
                sqlx::query_scalar(
                    "select pg_try_advisory_xact_lock(number) from unnest($1) with ordinality as key (number, place) order by place",
                )
                .bind(numbers)
                .fetch_all(&mut **write)
                .await
                .map_err(unexpected)
            }
        }
    }

    /// Takes a key until the end of this write. False when another write is at work under it, and stays so for a moment.
    pub(crate) async fn take_key(&mut self, key: &Key) -> Result<bool, Error> {
        let key = std::slice::from_ref(key);
        #[cfg(feature = "postgres")]
        for wait in WAITS {
            if self.take_keys(key).await? == [true] {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        Ok(self.take_keys(key).await? == [true])
    }

    /// The answers kept under these keys that have not expired.
    pub(crate) async fn kept_answers(&mut self, keys: &[Key], now: Time) -> Result<BTreeMap<Key, Kept>, Error> {
        let mut kept = BTreeMap::new();
        for set in in_sets(keys) {
            let rows: Vec<Row> = on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new("with asked (subject, key) as (");
                query.push_values(set, |mut row, key| {
                    row.push_bind(key.map(|key| key.subject.as_str())).push_bind(key.map(|key| key.key.as_str()));
                });
                query.push(
                    ") select kept.subject, kept.key, kept.request, kept.answer from asked \
                     join idempotency_keys kept on kept.subject = asked.subject and kept.key = asked.key where kept.expires_at > ",
                );
                query.push_bind(Micros(now)).build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            for row in rows {
                let key = keys.iter().find(|key| key.subject.as_str() == row.subject && key.key.as_str() == row.key);
                if let Some(key) = key {
                    kept.insert(key.clone(), Kept { request: digest(&row.request)?, answer: row.answer });
                }
            }
        }
        Ok(kept)
    }

    /// Keeps answers under their keys, and removes a few that have expired.
    pub(super) async fn write_answers(&mut self, answers: &[Answer]) -> Result<(), Error> {
        let Some(expired) = answers.iter().map(Answer::long_expired).max() else { return Ok(()) };
        self.remove_expired(expired, REMOVED_AT_ONCE * answers.len()).await?;
        for set in in_sets(answers) {
            on!(Transaction, &mut self.transaction, |write| {
                let mut query =
                    QueryBuilder::new("insert into idempotency_keys (subject, key, request, answer, expires_at) select * from (");
                query.push_values(set, |mut row, new| {
                    row.push_bind(new.map(|new| new.key.subject.as_str()))
                        .push_bind(new.map(|new| new.key.key.as_str()))
                        .push_bind(new.map(|new| &new.kept.request.as_bytes()[..]))
                        .push_bind(new.map(|new| new.kept.answer.as_str()))
                        .push_bind(new.map(|new| Micros(new.expires_at)));
                });
                query.push(
                    ") as given where column1 is not null on conflict (subject, key) do update \
                     set request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at",
                );
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }

    async fn remove_expired(&mut self, now: Time, most: usize) -> Result<(), Error> {
        let most = signed(most as u64);
        match &mut self.transaction {
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(write) => sqlx::query(
                "delete from idempotency_keys where (subject, key) in (
                     select subject, key from idempotency_keys where expires_at <= $1 order by expires_at limit $2
                 )",
            )
            .bind(Micros(now))
            .bind(most)
            .execute(&mut **write)
            .await
            .map(|_| ()),
            // What another writer is removing is left to it: nobody waits.
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => sqlx::query(
                "delete from idempotency_keys where (subject, key) in (
                     select subject, key from idempotency_keys where expires_at <= $1 order by expires_at limit $2 for update skip locked
                 )",
            )
            .bind(Micros(now))
            .bind(most)
            .execute(&mut **write)
            .await
            .map(|_| ()),
        }
        .map_err(unexpected)
    }
}

impl Key {
    /// The number by which PostgreSQL locks it.
    #[cfg(feature = "postgres")]
    fn number(&self) -> i64 {
        let name = Digest::of(format!("{}\n{}", self.subject, self.key).as_bytes());
        name.as_bytes().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
    }
}
