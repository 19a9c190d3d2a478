//! The database that receives a copy, until its commit.

use super::{
    TableContent, extremes,
    tables::{TABLES, Table},
};
use crate::{
    error::Error,
    store::{Purpose, Snapshot, Store, Transaction, on, unexpected},
    transfer::Extremes,
};

/// A database that receives a copy in one transaction. If it is dropped before the commit, the
/// database stays empty.
#[derive(Debug)]
pub(crate) struct Target {
    pub(super) transaction: Transaction,
}

impl Target {
    /// Begins the transaction. Other writes wait for it.
    ///
    /// # Errors
    /// [`Error::Setup`] if the database is not empty.
    pub(crate) async fn begin(store: &Store) -> Result<Self, Error> {
        let transaction = store.begin_write(Purpose::Change).await?;
        let mut target = Self { transaction };
        for table in TABLES {
            table.require_columns(&mut target.transaction).await?;
            if table.is_single {
                target
                    .execute(format!("delete from {}", table.name))
                    .await?;
            } else {
                target.require_empty(table).await?;
            }
        }
        Ok(target)
    }

    async fn require_empty(&mut self, table: &Table) -> Result<(), Error> {
        let sql = format!("select count(*) from {}", table.name);
        let rows: i64 = on!(Transaction, &mut self.transaction, |database| {
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .fetch_one(&mut **database)
                .await
        })
        .map_err(unexpected)?;
        match rows {
            0 => Ok(()),
            rows => Err(Error::Setup(format!(
                "it is not empty: the table {} has {rows} rows; name a new database",
                table.name
            ))),
        }
    }

    /// Reads back what was written. Returns the content of each table.
    pub(crate) async fn contents(&mut self) -> Result<Vec<TableContent>, Error> {
        let mut contents = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            contents.push(table.read(&mut self.transaction, None).await?);
        }
        Ok(contents)
    }

    /// The numbers that its readers will see.
    pub(crate) async fn extremes(&mut self) -> Result<Extremes, Error> {
        extremes(&mut self.transaction).await
    }

    /// Prepares the database for writes and for fast reads: the next row of history gets a number
    /// above the copied ones, and PostgreSQL's planner knows the tables.
    pub(crate) async fn finish(&mut self) -> Result<(), Error> {
        match &self.transaction {
            // SQLite notes the greatest number of an AUTOINCREMENT column at each insert.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Transaction::Postgres(_) => {
                let setval = "select setval(pg_get_serial_sequence('history', 'sequence'), coalesce(max(sequence), 1), max(sequence) is not null)
                    from history";
                self.execute(setval.to_owned()).await?;
                let names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
                self.execute(format!("analyze {}", names.join(", "))).await
            }
        }
    }

    async fn execute(&mut self, sql: String) -> Result<(), Error> {
        on!(Transaction, &mut self.transaction, |database| {
            let run = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut **database);
            run.await.map(drop)
        })
        .map_err(unexpected)
    }

    /// Lends the transaction to a verification.
    pub(crate) async fn into_snapshot(self) -> Result<Snapshot, Error> {
        let mut snapshot = Snapshot(self.transaction);
        snapshot.execute("savepoint reading").await?;
        Ok(snapshot)
    }

    /// Takes the transaction back.
    pub(crate) fn from_snapshot(snapshot: Snapshot) -> Self {
        Self {
            transaction: snapshot.0,
        }
    }

    /// Commits the copy.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        on!(Transaction, self.transaction, |transaction| transaction
            .commit()
            .await)
        .map_err(unexpected)
    }
}
