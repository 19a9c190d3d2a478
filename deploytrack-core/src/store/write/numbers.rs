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
        let last = self.numbers.last;
        match self.unflushed() {
            // SQLite has one writer at a time: the numbers after the last one are free until the
            // end of this write. Rows that have a number may still be in the draft.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(write) => {
                let stored: Option<i64> =
                    sqlx::query_scalar("select seq from sqlite_sequence where name = 'history'")
                        .fetch_optional(&mut **write)
                        .await
                        .map_err(unexpected)?;
                let last = last.max(stored.unwrap_or(0));
                Ok((last + 1..).take(count).collect())
            }
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                let tenure = write.tenure.clone();
                // The newest row is read before the first number is fetched, so that every other
                // writer of the rows that are visible has fetched its numbers before.
                let numbers = sqlx::query_as(
                    "select nextval(pg_get_serial_sequence('history', 'sequence')), (select coalesce(max(sequence), 0) from history)
                     from generate_series(1, $1)",
                )
                .bind(crate::store::column::signed(count as u64))
                .fetch_all(&mut **write);
                let numbers = tenure.during(numbers).await.map_err(unexpected)?;
                rising(last, &numbers)
            }
        }
    }
}

/// The numbers that a sequence has returned, each with the number of the newest row at that time.
///
/// # Errors
/// [`Error::Unavailable`] if one of them is not above all earlier ones: the order of the history, and
/// of equal times the current deployment, would be wrong.
#[cfg(feature = "postgres")]
fn rising(mut last: i64, numbers: &[(i64, i64)]) -> Result<Vec<i64>, Error> {
    for (number, newest) in numbers {
        last = last.max(*newest);
        if *number <= last {
            return Err(Error::Unavailable(
                format!(
                    "history_sequence_seq returned {number} after {last}, so the history would be out of order; every connection must get numbers \
                     above those of all others: turn the cache of sequences off (`alter sequence history_sequence_seq cache 1`; on YugabyteDB \
                     ysql_sequence_cache_minval = 0) and restart the servers"
                )
                .into(),
            ));
        }
        last = *number;
    }
    Ok(numbers.iter().map(|(number, _)| *number).collect())
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_above_the_newest_row_and_above_each_other() {
        assert!(rising(0, &[]).is_ok());
        assert_eq!(rising(3, &[(4, 3), (6, 3)]).ok(), Some(vec![4, 6]));
        for (last, numbers) in [
            (4, vec![(4, 0)]),
            (0, vec![(4, 4)]),
            (0, vec![(4, 101)]),
            (0, vec![(5, 1), (5, 1)]),
            (0, vec![(6, 1), (5, 1)]),
        ] {
            assert!(rising(last, &numbers).is_err(), "{last} {numbers:?}");
        }
    }
}
