//! Answers stored under idempotency keys.

use std::collections::BTreeMap;
#[cfg(feature = "postgres")]
use std::time::Duration;

use sqlx::{FromRow, QueryBuilder};

use super::{
    Transaction, Write,
    column::{Micros, digest, signed},
    draft::{NewAnswer, ScopedKey, StoredAnswer},
    on,
    sets::{Columns, in_sets, push_table},
    sqlx_error::unexpected,
};
use crate::{clock::Time, error::Error};

/// How many expired answers are removed for each one that is stored: more than are added, so that
/// they do not accumulate, and so few that no write waits for a cleanup.
const REMOVALS_PER_ANSWER: usize = 8;

/// The delays between two tries to lock a key that another write has locked, in milliseconds; two
/// thirds of a second in all. A write that was refused or replayed may still be rolling back when
/// its caller repeats the request.
#[cfg(feature = "postgres")]
const RETRY_DELAYS: [u64; 7] = [5, 10, 20, 40, 80, 160, 320];

#[derive(Debug, FromRow)]
struct Row {
    subject: String,
    key: String,
    request: Vec<u8>,
    answer: String,
}

impl NewAnswer {
    /// The time before which expired answers are removed. An answer stays for a quarter of its
    /// lifetime after it expires. A server may restart with a clock that is ahead by up to that
    /// time, and then restart with the right clock: no answer is missing.
    fn removable_before(&self) -> Time {
        self.given_at - (self.expires_at - self.given_at) / 4
    }
}

fn columns(new: &NewAnswer) -> Columns<'_, 5> {
    [
        ("subject", new.key.subject.as_str().into()),
        ("key", new.key.key.as_str().into()),
        ("request", (&new.stored.request).into()),
        ("answer", new.stored.answer.as_str().into()),
        ("expires_at", new.expires_at.into()),
    ]
}

impl Write {
    /// Locks keys until the end of this write, except those that another write has locked. Returns
    /// which ones it locked.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "only PostgreSQL runs a query")
    )]
    pub(crate) async fn lock_keys(&mut self, keys: &[ScopedKey]) -> Result<Vec<bool>, Error> {
        match self.unflushed() {
            // SQLite has one writer at a time: any other write with this key has committed.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(_) => Ok(vec![true; keys.len()]),
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                if keys.is_empty() {
                    return Ok(Vec::new());
                }
                let numbers: Vec<i64> = keys.iter().map(ScopedKey::number).collect();
                let tenure = write.tenure.clone();
                let locked = sqlx::query_scalar(
                    "select pg_try_advisory_xact_lock(number) from unnest($1) with ordinality as key (number, ordinal) order by ordinal",
                )
                .bind(numbers)
                .fetch_all(&mut **write);
                tenure.during(locked).await.map_err(unexpected)
            }
        }
    }

    /// Locks a key until the end of this write. Returns false if another write has it locked for
    /// longer than a moment.
    pub(crate) async fn lock_key(&mut self, key: &ScopedKey) -> Result<bool, Error> {
        let key = std::slice::from_ref(key);
        #[cfg(feature = "postgres")]
        for wait in RETRY_DELAYS {
            if self.lock_keys(key).await? == [true] {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        Ok(self.lock_keys(key).await? == [true])
    }

    /// The answers under these keys that have not expired.
    pub(crate) async fn stored_answers(
        &mut self,
        keys: &[ScopedKey],
        now: Time,
    ) -> Result<BTreeMap<ScopedKey, StoredAnswer>, Error> {
        let mut stored = BTreeMap::new();
        for set in in_sets(keys) {
            let rows: Vec<Row> = on!(Transaction, self.reading().await?, |write| {
                let mut query = QueryBuilder::new("with ");
                push_table(&mut query, "listed", set, |key| {
                    [
                        ("subject", key.subject.as_str().into()),
                        ("key", key.key.as_str().into()),
                    ]
                });
                query.push(
                    " select answers.subject, answers.key, answers.request, answers.answer from listed \
                     join idempotency_keys answers on answers.subject = listed.subject and answers.key = listed.key where answers.expires_at > ",
                );
                query.push_bind(Micros(now)).build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            for row in rows {
                let key = keys
                    .iter()
                    .find(|key| key.subject.as_str() == row.subject && key.key.as_str() == row.key);
                if let Some(key) = key {
                    stored.insert(
                        key.clone(),
                        StoredAnswer {
                            request: digest(&row.request)?,
                            answer: row.answer,
                        },
                    );
                }
            }
        }
        Ok(stored)
    }

    /// Stores answers under their keys, and removes a few expired ones.
    pub(super) async fn write_answers(&mut self, answers: &[NewAnswer]) -> Result<(), Error> {
        let Some(expired) = answers.iter().map(NewAnswer::removable_before).max() else {
            return Ok(());
        };
        self.remove_expired(expired, REMOVALS_PER_ANSWER * answers.len())
            .await?;
        let rest = "on conflict (subject, key) do update \
             set request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at";
        self.insert("idempotency_keys", answers, columns, rest)
            .await?;
        Ok(())
    }

    async fn remove_expired(&mut self, now: Time, most: usize) -> Result<(), Error> {
        let most = signed(most as u64);
        match self.unflushed() {
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
            // Skips rows that another writer is removing, so that no write waits.
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                let tenure = write.tenure.clone();
                let removed = sqlx::query(
                    "delete from idempotency_keys where (subject, key) in (
                         select subject, key from idempotency_keys where expires_at <= $1 order by expires_at limit $2 for update skip locked
                     )",
                )
                .bind(Micros(now))
                .bind(most)
                .execute(&mut **write);
                tenure.during(removed).await.map(|_| ())
            }
        }
        .map_err(unexpected)
    }
}

impl ScopedKey {
    /// The number of the advisory lock on PostgreSQL for this key.
    #[cfg(feature = "postgres")]
    fn number(&self) -> i64 {
        let name = crate::digest::Digest::of(format!("{}\n{}", self.subject, self.key).as_bytes());
        name.as_bytes()
            .first_chunk()
            .map_or(0, |bytes| i64::from_be_bytes(*bytes))
    }
}
