//! The numbers of rows of history.

use std::collections::VecDeque;

use super::Write;
use crate::{
    error::Error,
    store::{Transaction, sqlx_error::unexpected},
};

/// The numbers that a write has fetched for rows of history, in rising order.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    unused: VecDeque<i64>,
    /// The last number that was fetched.
    last: i64,
}

impl Write {
    /// Fetches the numbers for this many rows of history, if there are not as many already. Rows
    /// beyond them cost one more query each.
    pub(super) async fn reserve_numbers(&mut self, rows: usize) -> Result<(), Error> {
        let missing = rows.saturating_sub(self.numbers.unused.len());
        if missing > 0 {
            let fetched = self.fetch_numbers(missing).await?;
            self.numbers.last = fetched.last().copied().unwrap_or(self.numbers.last);
            self.numbers.unused.extend(fetched);
        }
        Ok(())
    }

    /// The number for the next row of history.
    pub(super) async fn next_number(&mut self) -> Result<i64, Error> {
        self.reserve_numbers(1).await?;
        let next = self.numbers.unused.pop_front();
        next.ok_or_else(|| Error::Internal("the database returned no number".into()))
    }

    /// Numbers that no other write uses. If this write fails, they are never used on PostgreSQL; on
    /// SQLite the next write uses them.
    async fn fetch_numbers(&mut self, count: usize) -> Result<Vec<i64>, Error> {
        #[cfg(feature = "sqlite")]
        let last = self.numbers.last;
        match self.unflushed() {
            // SQLite has one writer at a time: the numbers after the last one are free until the
            // end of this write. Rows that have a number may still be in the draft.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(write) => {
                let stored: Option<i64> = sqlx::query_scalar(
                    "select seq from sqlite_sequence where name = 'history'",
                )
                .fetch_optional(&mut **write)
                .await
                .map_err(unexpected)?;
                let last = last.max(stored.unwrap_or(0));
                Ok((last + 1..).take(count).collect())
            }
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => sqlx::query_scalar(
                "select nextval(pg_get_serial_sequence('history', 'sequence')) from generate_series(1, $1)",
            )
            .bind(crate::store::column::signed(count as u64))
            .fetch_all(&mut **write)
            .await
            .map_err(unexpected),
        }
    }
}
