//! How far the history in an SQLite database goes.

use super::{
    Store,
    column::{Micros, digest},
    on,
    sqlx_error::unexpected,
};
use crate::{
    backup::{Extent, LastRow},
    error::Error,
};

impl Store {
    /// How far the history goes. The database may have an older schema.
    pub(crate) async fn extent(&self) -> Result<Extent, Error> {
        let last: Option<(i64, Micros, Vec<u8>)> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select sequence, recorded_at, hash from history order by sequence desc limit 1"
        )
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        let row = |(sequence, at, hash): (i64, Micros, Vec<u8>)| {
            Ok::<_, Error>(LastRow {
                sequence,
                recorded_at: at.0,
                hash: digest(&hash)?,
            })
        };
        Ok(Extent {
            // A database that no server of this version has opened yet has no id.
            store_id: self.id().await.ok(),
            deployments: self.number("select count(*) from deployments").await?,
            history_rows: self.number("select count(*) from history").await?,
            last_row: last.map(row).transpose()?,
            last_event: self.last_number().await?,
        })
    }

    /// Whether the history has this row, so that it continues the history that ends with it.
    pub(crate) async fn has_row(&self, row: &LastRow) -> Result<bool, Error> {
        let hash: Option<Vec<u8>> = on!(Pool, &self.reads, |pool| sqlx::query_scalar(
            "select hash from history where sequence = $1"
        )
        .bind(row.sequence)
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        Ok(hash.is_some_and(|hash| hash == row.hash.as_bytes()))
    }

    async fn last_number(&self) -> Result<i64, Error> {
        on!(Pool, &self.reads, |pool| sqlx::query_scalar(
            "select last_event from commits"
        )
        .fetch_one(pool)
        .await)
        .map_err(unexpected)
    }
}
