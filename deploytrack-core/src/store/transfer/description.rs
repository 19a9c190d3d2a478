//! The description of the tables, compared with the tables of a database.

use super::{tables::Table, unexpected};
use crate::{error::Error, store::Transaction};

impl Table {
    /// Refuses a table whose columns differ from its description: a value of theirs would be lost.
    pub(super) async fn require_columns(&self, database: &mut Transaction) -> Result<(), Error> {
        let found = self.columns_in(database).await?;
        let described = |name: &str| self.columns.iter().any(|(column, _)| *column == name);
        let unknown = found.iter().find(|name| !described(name));
        if let Some(column) = unknown {
            return Err(Error::Setup(format!(
                "the table {} has the column {column}, which this version of deploytrack does not copy",
                self.name
            )));
        }
        let missing = self
            .columns
            .iter()
            .find(|(column, _)| !found.iter().any(|name| name == column));
        missing.map_or(Ok(()), |(column, _)| {
            Err(Error::Setup(format!(
                "the table {} lacks the column {column}",
                self.name
            )))
        })
    }

    async fn columns_in(&self, database: &mut Transaction) -> Result<Vec<String>, Error> {
        match database {
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(database) => {
                sqlx::query_scalar("select name from pragma_table_info($1)")
                    .bind(self.name)
                    .fetch_all(&mut **database)
                    .await
            }
            #[cfg(feature = "postgres")]
            Transaction::Postgres(database) => {
                sqlx::query_scalar(
                    "select attname::text from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
                )
                .bind(self.name)
                .fetch_all(&mut **database)
                .await
            }
        }
        .map_err(unexpected)
    }
}
