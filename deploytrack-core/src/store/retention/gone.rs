//! Removed deployments with the names of their cells and their removals, as requests meet them.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::removed::RemovedRow;
use crate::{
    error::Error,
    store::{
        GoneDeployment, Store, Write,
        column::{Micros, checked},
        on,
        sets::in_lists,
        sqlx_error::unexpected,
    },
};

#[derive(Debug, FromRow)]
struct GoneRow {
    #[sqlx(flatten)]
    removed: RemovedRow,
    component_name: String,
    environment_name: String,
    removed_at: Micros,
    before: Micros,
}

impl TryFrom<GoneRow> for GoneDeployment {
    type Error = Error;

    fn try_from(row: GoneRow) -> Result<Self, Error> {
        Ok(Self {
            removed: row.removed.try_into()?,
            component_name: checked(&row.component_name)?,
            environment_name: checked(&row.environment_name)?,
            removed_at: row.removed_at.0,
            before: row.before.0,
        })
    }
}

/// Selects removed deployments with the names of their cells and their removals. The list of ids
/// follows.
const GONE: &str = "select r.id, r.component_id, r.environment_id, r.version, r.deployed_by, r.commit_sha, r.created_at, r.updated_at,
    r.head_hash, r.entries, r.first_sequence, r.last_sequence, r.outline, r.removal,
    c.name as component_name, e.name as environment_name, m.removed_at, m.before
from removed_deployments r join removals m on m.number = r.removal join components c on c.id = r.component_id
    join environments e on e.id = r.environment_id where r.id in (";

impl Store {
    /// The removed deployments among these ids, in no order.
    pub(crate) async fn gone_deployments(
        &self,
        ids: &[Uuid],
    ) -> Result<Vec<GoneDeployment>, Error> {
        let mut gone = Vec::new();
        for ids in in_lists(ids) {
            let rows: Vec<GoneRow> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new(GONE);
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query.push(")").build_query_as().fetch_all(pool).await
            })
            .map_err(unexpected)?;
            for row in rows {
                gone.push(row.try_into()?);
            }
        }
        Ok(gone)
    }
}

impl Write {
    /// The removed deployments among these ids, in no order.
    pub(in crate::store) async fn gone_deployments(
        &mut self,
        ids: &[Uuid],
    ) -> Result<Vec<GoneDeployment>, Error> {
        let mut gone = Vec::new();
        for ids in in_lists(ids) {
            let rows: Vec<GoneRow> = on!(Transaction, self.unflushed(), |write| {
                let mut query = QueryBuilder::new(GONE);
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                let query = query.push(")");
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            for row in rows {
                gone.push(row.try_into()?);
            }
        }
        Ok(gone)
    }
}
