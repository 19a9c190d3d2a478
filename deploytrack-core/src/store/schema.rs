//! The schema of a database, compared with that of this program.

use super::{Pool, Store, on, sqlx_error::unexpected};
use crate::error::Error;

/// The result of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    Same,
    /// Migrations are missing.
    Older,
}

impl Store {
    /// Compares the schema with that of this program.
    ///
    /// # Errors
    /// [`Error::Setup`] if it is newer, or not one of deploytrack.
    pub(crate) async fn schema(&self) -> Result<Schema, Error> {
        let newest: Option<i64> = on!(Pool, &self.reads, |pool| sqlx::query_scalar(
            "select max(version) from _sqlx_migrations where success"
        )
        .fetch_one(pool)
        .await)
        .map_err(|error| match unexpected(error) {
            Error::Internal(_) => Error::Setup("it is not a database of deploytrack".into()),
            away => away,
        })?;
        match newest.cmp(&self.newest_migration()) {
            std::cmp::Ordering::Equal => Ok(Schema::Same),
            std::cmp::Ordering::Less => Ok(Schema::Older),
            std::cmp::Ordering::Greater => Err(Error::Setup(
                "a newer version of deploytrack has used it; use the programs of that version"
                    .into(),
            )),
        }
    }

    /// The number of the newest migration of this program.
    fn newest_migration(&self) -> Option<i64> {
        let migrations = match &self.reads {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => &super::sqlite::MIGRATIONS,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => &super::postgres::MIGRATIONS,
        };
        migrations.iter().map(|migration| migration.version).max()
    }
}
