//! The rows of a table: reading them in sets in the order of the key, writing sets, and the digest of
//! all of them.

use sqlx::{Database, QueryBuilder};

use super::{
    on,
    tables::Table,
    unexpected,
    values::{ReadRow, ReadValue},
};
use crate::{
    digest::Digest,
    error::Error,
    store::{Transaction, sets::BindValue},
};

/// The most rows in memory, and of one statement.
const SET: usize = 256;

/// The rows of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableContent {
    pub(crate) rows: u64,
    /// The digests of all rows, added up: the databases sort text in different orders.
    digests: [u64; 4],
}

type ReadColumns = Vec<ReadValue>;

impl Table {
    /// Reads all rows, and writes them to a database if there is one.
    pub(super) async fn read(
        &self,
        from: &mut Transaction,
        mut to: Option<&mut Transaction>,
    ) -> Result<TableContent, Error> {
        let mut content = TableContent::default();
        let mut last = None;
        loop {
            let set = self.read_set(from, last.as_ref()).await?;
            for row in &set {
                content.add(row).map_err(|error| self.named(error))?;
            }
            if let (Some(to), false) = (&mut to, set.is_empty()) {
                self.write_set(to, &set).await?;
            }
            let is_last = set.len() < SET;
            last = set.into_iter().next_back();
            if is_last {
                return Ok(content);
            }
        }
    }

    /// Reads the rows that follow a row.
    async fn read_set(
        &self,
        from: &mut Transaction,
        after: Option<&ReadColumns>,
    ) -> Result<Vec<ReadColumns>, Error> {
        on!(Transaction, from, |database| {
            let mut query = self.select(after);
            let rows = query.build().fetch_all(&mut **database).await;
            rows.and_then(|rows| rows.iter().map(|row| self.columns_of(row)).collect())
        })
        .map_err(unexpected)
    }

    async fn write_set(&self, to: &mut Transaction, set: &[ReadColumns]) -> Result<(), Error> {
        on!(Transaction, to, |database| {
            let mut query = self.insert(set);
            query.build().execute(&mut **database).await.map(drop)
        })
        .map_err(unexpected)
    }

    fn select<DB: BindValue>(&self, after: Option<&ReadColumns>) -> QueryBuilder<DB> {
        let mut query = QueryBuilder::new("select ");
        let mut columns = query.separated(", ");
        for (name, kind) in self.columns {
            columns.push(kind.selected(name));
        }
        query.push(" from ").push(self.name);
        let key = || self.columns[..self.key].iter().map(|(name, _)| *name);
        if let Some(after) = after {
            query.push(" where (");
            push_names(&mut query, key());
            query.push(") > (");
            let mut values = query.separated(", ");
            for value in &after[..self.key] {
                DB::bind(&mut values, value.bound());
            }
            query.push(")");
        }
        query.push(" order by ");
        push_names(&mut query, key());
        query.push(" limit ").push(SET);
        query
    }

    fn insert<DB: BindValue>(&self, set: &[ReadColumns]) -> QueryBuilder<DB> {
        let mut query = QueryBuilder::new("insert into ");
        query.push(self.name).push(" (");
        push_names(&mut query, self.columns.iter().map(|(name, _)| *name));
        query.push(") ");
        query.push_values(set, |mut row, columns| {
            for value in columns {
                DB::bind(&mut row, value.bound());
            }
        });
        query
    }

    fn columns_of(&self, row: &impl ReadRow) -> sqlx::Result<ReadColumns> {
        let kinds = self.columns.iter().enumerate();
        kinds.map(|(at, (_, kind))| row.read(at, *kind)).collect()
    }

    /// An error about the table.
    fn named(&self, error: Error) -> Error {
        match error {
            Error::Setup(why) => Error::Setup(format!("table {}: {why}", self.name)),
            other => other,
        }
    }
}

impl TableContent {
    /// The digest of all rows.
    pub(crate) fn digest(&self) -> Digest {
        let digests: Vec<_> = self
            .digests
            .iter()
            .flat_map(|part| part.to_le_bytes())
            .collect();
        Digest::of(&digests)
    }

    fn add(&mut self, row: &ReadColumns) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for value in row {
            value.append_to(&mut bytes)?;
        }
        self.rows += 1;
        let digest = Digest::of(&bytes);
        for (sum, part) in self
            .digests
            .iter_mut()
            .zip(digest.as_bytes().chunks_exact(8))
        {
            let part = part
                .iter()
                .fold(0, |part, byte| part << 8 | u64::from(*byte));
            *sum = sum.wrapping_add(part);
        }
        Ok(())
    }
}

fn push_names<DB: Database>(
    query: &mut QueryBuilder<DB>,
    names: impl Iterator<Item = &'static str>,
) {
    let mut separated = query.separated(", ");
    for name in names {
        separated.push(name);
    }
}
