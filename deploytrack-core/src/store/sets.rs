//! Statements of many rows. Rows are split into sets of at most 64, and each set is one statement.

use sqlx::{Database, QueryBuilder, query_builder::Separated};
use uuid::Uuid;

use super::{
    Write,
    column::{Micros, origin_text},
    on,
    sqlx_error::unexpected,
};
use crate::{clock::Time, digest::Digest, error::Error, origin::Origin};

/// The most rows that one statement writes.
const MOST_ROWS: usize = 64;

/// A value of a column.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Id(Option<Uuid>),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
    Number(Option<i64>),
    SmallNumber(Option<i16>),
    Boolean(Option<bool>),
    Time(Option<Micros>),
    Origin(Option<&'a Origin>),
}

/// A row: its columns, each with its value.
pub(super) type Columns<'a, const N: usize> = [(&'static str, Value<'a>); N];

/// A database whose statements can have rows of values.
pub(super) trait BindValue: Database {
    /// Binds a value as the next one of a row.
    fn bind(row: &mut Separated<'_, Self, &'static str>, value: Value<'_>)
    where
        Self: Sized;
}

macro_rules! bind_value {
    ($feature:literal, $database:ty) => {
        #[cfg(feature = $feature)]
        impl BindValue for $database {
            fn bind(row: &mut Separated<'_, Self, &'static str>, value: Value<'_>) {
                match value {
                    Value::Id(value) => row.push_bind(value),
                    Value::Text(value) => row.push_bind(value),
                    Value::Bytes(value) => row.push_bind(value),
                    Value::Number(value) => row.push_bind(value),
                    Value::SmallNumber(value) => row.push_bind(value),
                    Value::Boolean(value) => row.push_bind(value),
                    Value::Time(value) => row.push_bind(value),
                    Value::Origin(value) => row.push_bind(value.map(origin_text)),
                };
            }
        }
    };
}
bind_value!("sqlite", sqlx::Sqlite);
bind_value!("postgres", sqlx::Postgres);

/// Splits rows into sets, each for one statement.
pub(super) fn in_sets<T>(rows: &[T]) -> std::slice::Chunks<'_, T> {
    rows.chunks(MOST_ROWS)
}

/// Splits keys into lists, each for one statement, and repeats the last key of a list up to a power
/// of two. The reason is that of `padded`.
pub(super) fn in_lists<T>(keys: &[T]) -> impl Iterator<Item = impl Iterator<Item = &T>> {
    keys.chunks(MOST_ROWS).map(|set| {
        set.iter()
            .chain(std::iter::repeat(&set[set.len() - 1]))
            .take(set.len().next_power_of_two())
    })
}

/// A statement that inserts a set of rows and ends with `rest`, such as an `on conflict` clause.
/// The first column of a row must not be null.
pub(super) fn insert<'a, DB: BindValue, T, const N: usize>(
    table: &'static str,
    set: &'a [T],
    columns: impl Fn(&'a T) -> Columns<'a, N>,
    rest: &'static str,
) -> QueryBuilder<DB> {
    let mut query = QueryBuilder::new("insert into ");
    query.push(table);
    let rows = padded(set, columns);
    push_names(&mut query, &rows);
    query.push(" select * from (");
    push_values(&mut query, rows);
    // Without the rows of nulls that `padded` adds. Both databases name the columns of a list of
    // values column1, column2 and so on.
    query
        .push(") as given where column1 is not null ")
        .push(rest);
    query
}

/// Adds a set of rows to a query as a table of its `with` clause. The table also has the rows of
/// nulls that `padded` adds: they must match nothing.
pub(super) fn push_table<'a, DB: BindValue, T, const N: usize>(
    query: &mut QueryBuilder<DB>,
    table: &'static str,
    set: &'a [T],
    columns: impl Fn(&'a T) -> Columns<'a, N>,
) {
    let rows = padded(set, columns);
    query.push(table);
    push_names(query, &rows);
    query.push(" as (");
    push_values(query, rows);
    query.push(")");
}

/// The rows of a set, and rows of nulls up to a power of two. There are then few different
/// statements, which the database prepares once each, and most sets need one statement.
fn padded<'a, T, const N: usize>(
    set: &'a [T],
    columns: impl Fn(&'a T) -> Columns<'a, N>,
) -> Vec<Columns<'a, N>> {
    let mut rows: Vec<_> = set.iter().map(columns).collect();
    if let Some(last) = rows.last() {
        let nulls = last.map(|(name, value)| (name, value.null()));
        rows.resize(set.len().next_power_of_two(), nulls);
    }
    rows
}

fn push_names<DB: Database, const N: usize>(query: &mut QueryBuilder<DB>, rows: &[Columns<'_, N>]) {
    let mut names = query.push(" (").separated(", ");
    for (name, _) in rows.first().into_iter().flatten() {
        names.push(name);
    }
    query.push(")");
}

fn push_values<DB: BindValue, const N: usize>(
    query: &mut QueryBuilder<DB>,
    rows: Vec<Columns<'_, N>>,
) {
    query.push_values(rows, |mut row, columns| {
        for (_, value) in columns {
            DB::bind(&mut row, value);
        }
    });
}

impl Value<'_> {
    const fn null(self) -> Self {
        match self {
            Self::Id(_) => Self::Id(None),
            Self::Text(_) => Self::Text(None),
            Self::Bytes(_) => Self::Bytes(None),
            Self::Number(_) => Self::Number(None),
            Self::SmallNumber(_) => Self::SmallNumber(None),
            Self::Boolean(_) => Self::Boolean(None),
            Self::Time(_) => Self::Time(None),
            Self::Origin(_) => Self::Origin(None),
        }
    }
}

impl From<Uuid> for Value<'_> {
    fn from(id: Uuid) -> Self {
        Self::Id(Some(id))
    }
}

impl From<Option<Uuid>> for Value<'_> {
    fn from(id: Option<Uuid>) -> Self {
        Self::Id(id)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Digest> for Value<'a> {
    fn from(digest: &'a Digest) -> Self {
        Self::Bytes(Some(digest.as_bytes()))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<i16> for Value<'_> {
    fn from(number: i16) -> Self {
        Self::SmallNumber(Some(number))
    }
}

impl<'a> From<Option<&'a Origin>> for Value<'a> {
    fn from(origin: Option<&'a Origin>) -> Self {
        Self::Origin(origin)
    }
}

impl From<Time> for Value<'_> {
    fn from(time: Time) -> Self {
        Self::Time(Some(Micros(time)))
    }
}

impl From<Option<Time>> for Value<'_> {
    fn from(time: Option<Time>) -> Self {
        Self::Time(time.map(Micros))
    }
}

impl Write {
    /// Inserts rows into a table, a set at a time, and returns how many rows the database has
    /// written. `rest` is as in [`insert`].
    pub(super) async fn insert<'a, T, const N: usize>(
        &mut self,
        table: &'static str,
        rows: &'a [T],
        columns: impl Fn(&'a T) -> Columns<'a, N>,
        rest: &'static str,
    ) -> Result<u64, Error> {
        let mut written = 0;
        for set in in_sets(rows) {
            written += on!(Transaction, self.unflushed(), |write| {
                let mut query = insert(table, set, &columns, rest);
                let done = query.build().execute(&mut **write).await;
                done.map(|done| done.rows_affected())
            })
            .map_err(unexpected)?;
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sets_contain_each_row_once_and_have_few_sizes() {
        let rows: Vec<i64> = (0..300).collect();
        for length in 0..rows.len() {
            let mut contained = Vec::new();
            for set in in_sets(&rows[..length]) {
                let padded = padded(set, |number| [("number", (*number).into())]);
                assert!(
                    padded.len().is_power_of_two() && padded.len() <= MOST_ROWS,
                    "{length}"
                );
                contained.extend(padded.iter().filter_map(|[(_, value)]| match value {
                    Value::Number(number) => *number,
                    _ => None,
                }));
            }
            assert_eq!(contained, rows[..length]);
            let lists: Vec<Vec<_>> = in_lists(&rows[..length]).map(Iterator::collect).collect();
            assert!(
                lists
                    .iter()
                    .all(|list| list.len().is_power_of_two() && list.len() <= MOST_ROWS),
                "{length}"
            );
            assert_eq!(
                lists.concat().into_iter().collect::<BTreeSet<_>>(),
                rows[..length].iter().collect()
            );
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_statement_has_a_row_of_nulls_for_each_missing_row() {
        let columns = |number: &i64| [("a", (*number).into()), ("b", "x".into())];
        let query =
            insert::<sqlx::Sqlite, _, 2>("t", &[1, 2, 3], columns, "on conflict do nothing");
        assert_eq!(
            query.sql().as_str(),
            "insert into t (a, b) select * from (VALUES (?, ?), (?, ?), (?, ?), (?, ?)) as given \
             where column1 is not null on conflict do nothing"
        );
    }
}
