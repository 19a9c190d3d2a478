//! Copying a database to an empty one, which may be of the other kind.
//!
//! `tables` describes the tables once for both databases. `values` converts the values of their
//! columns. `rows` reads and writes rows in sets, and `description` compares the description with the
//! tables of a database. `source` and `target` are the two databases.

mod description;
mod rows;
mod source;
mod tables;
mod target;
mod values;

pub(crate) use self::{rows::TableContent, source::Source, target::Target};
use super::{Transaction, on, sqlx_error::unexpected};
use crate::{error::Error, transfer::Extremes};

/// The numbers of a database that its readers see.
async fn extremes(database: &mut Transaction) -> Result<Extremes, Error> {
    let (current_cells, last_sequence, last_event) = on!(Transaction, database, |database| {
        sqlx::query_as(
            "select (select count(*) from current_cells where deployment_id is not null),
                 (select coalesce(max(sequence), 0) from history), (select last_event from commits)"
        )
        .fetch_one(&mut **database)
        .await
    })
    .map_err(unexpected)?;
    Ok(Extremes {
        current_cells,
        last_sequence,
        last_event,
    })
}
