//! The answers kept under idempotency keys.

#[cfg(feature = "postgres")]
use std::time::Duration;

use sqlx::FromRow;

use super::{
    Transaction, Write,
    column::{Micros, digest},
    fault::unexpected,
    on,
};
use crate::{
    clock::Time,
    digest::Digest,
    error::Error,
    text::{IdempotencyKey, Label},
};

/// The most expired answers that one write removes: more than it adds, so that they never pile up, and so few that
/// no write waits for a sweep.
const REMOVED_AT_ONCE: i64 = 8;

/// How long to wait for a key that another write has, in milliseconds from one look to the next; two thirds of a second
/// in all. A write that was refused, or had been made before, may still be rolling back when its caller comes again.
#[cfg(feature = "postgres")]
const WAITS: [u64; 7] = [5, 10, 20, 40, 80, 160, 320];

/// An answer that was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The request it answered.
    pub(crate) request: Digest,
    /// The answer, as JSON.
    pub(crate) answer: String,
}

#[derive(Debug, FromRow)]
struct Row {
    request: Vec<u8>,
    answer: String,
}

impl Write {
    /// Takes a key until the end of this write. False when another write is at work under it, and stays so for a moment.
    #[cfg_attr(not(feature = "postgres"), expect(clippy::unused_async, reason = "only PostgreSQL is asked"))]
    pub(crate) async fn take_key(&mut self, subject: &Label, key: &IdempotencyKey) -> Result<bool, Error> {
        match &mut self.0 {
            // The one writer: whoever else has the key has committed.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(_) => {
                let _ = (subject, key);
                Ok(true)
            }
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                let name = Digest::of(format!("{subject}\n{key}").as_bytes());
                let number = name.as_bytes().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
                let sql = "select pg_try_advisory_xact_lock($1)";
                for wait in WAITS {
                    if sqlx::query_scalar(sql).bind(number).fetch_one(&mut **write).await.map_err(unexpected)? {
                        return Ok(true);
                    }
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                sqlx::query_scalar(sql).bind(number).fetch_one(&mut **write).await.map_err(unexpected)
            }
        }
    }

    /// The answer kept under a key, unless it has expired.
    pub(crate) async fn kept_answer(&mut self, subject: &Label, key: &IdempotencyKey, now: Time) -> Result<Option<Kept>, Error> {
        let row: Option<Row> = on!(Transaction, &mut self.0, |write| {
            sqlx::query_as("select request, answer from idempotency_keys where subject = $1 and key = $2 and expires_at > $3")
                .bind(subject.as_str())
                .bind(key.as_str())
                .bind(Micros(now))
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        row.map(|row| Ok(Kept { request: digest(&row.request)?, answer: row.answer })).transpose()
    }

    /// Keeps an answer under a key, and removes a few that have expired.
    pub(crate) async fn keep_answer(
        &mut self,
        (subject, key): (&Label, &IdempotencyKey),
        kept: &Kept,
        (now, expires_at): (Time, Time),
    ) -> Result<(), Error> {
        self.remove_expired(now).await?;
        on!(Transaction, &mut self.0, |write| {
            sqlx::query(
                "insert into idempotency_keys (subject, key, request, answer, expires_at) values ($1, $2, $3, $4, $5)
                 on conflict (subject, key) do update
                     set request = excluded.request, answer = excluded.answer, expires_at = excluded.expires_at",
            )
            .bind(subject.as_str())
            .bind(key.as_str())
            .bind(&kept.request.as_bytes()[..])
            .bind(kept.answer.as_str())
            .bind(Micros(expires_at))
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }

    async fn remove_expired(&mut self, now: Time) -> Result<(), Error> {
        match &mut self.0 {
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(write) => sqlx::query(
                "delete from idempotency_keys where (subject, key) in (
                     select subject, key from idempotency_keys where expires_at <= $1 order by expires_at limit $2
                 )",
            )
            .bind(Micros(now))
            .bind(REMOVED_AT_ONCE)
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
            .bind(REMOVED_AT_ONCE)
            .execute(&mut **write)
            .await
            .map(|_| ()),
        }
        .map_err(unexpected)
    }
}
