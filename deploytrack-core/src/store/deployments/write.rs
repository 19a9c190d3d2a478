//! Reading and writing deployments within a write.

use std::collections::HashSet;

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    super::{
        CellKey, Write,
        cell_key::CellKeyRow,
        column::{Micros, signed},
        on,
        sets::{in_lists, in_sets},
        sqlx_error::{unexpected, unreadable},
    },
    DeploymentRecord, Row,
};
use crate::{
    clock::Time,
    error::Error,
    status::Status,
    text::{CommitSha, Description, Version},
};

/// The key by which an import recognises a deployment that is recorded already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LineKey {
    pub(crate) cell: CellKey,
    pub(crate) version: Version,
    pub(crate) commit_sha: Option<CommitSha>,
    pub(crate) status: Status,
    pub(crate) occurred_at: Time,
}

#[derive(Debug, FromRow)]
struct DeploymentCell {
    id: Uuid,
    #[sqlx(flatten)]
    cell: CellKeyRow,
}

impl Write {
    /// The cells of these deployments. Unknown ids are left out.
    pub(in crate::store) async fn cells_of(
        &mut self,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, CellKey)>, Error> {
        let mut cells = Vec::with_capacity(ids.len());
        for ids in in_lists(ids) {
            let rows: Vec<DeploymentCell> = on!(Transaction, self.reading().await?, |write| {
                let mut query = QueryBuilder::new(
                    "select id, component_id, environment_id from deployments where id in (",
                );
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query
                    .push(")")
                    .build_query_as()
                    .fetch_all(&mut **write)
                    .await
            })
            .map_err(unexpected)?;
            cells.extend(rows.into_iter().map(|row| (row.id, row.cell.into())));
        }
        Ok(cells)
    }

    /// These deployments as the database has them. Unknown ids are left out.
    pub(in crate::store) async fn read_deployments(
        &mut self,
        ids: &[Uuid],
    ) -> Result<Vec<DeploymentRecord>, Error> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in in_lists(ids) {
            let rows: Vec<Row> = on!(Transaction, self.reading().await?, |write| {
                let mut query = QueryBuilder::new(select_deployments!("where d.id in ("));
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query
                    .push(")")
                    .build_query_as()
                    .fetch_all(&mut **write)
                    .await
            })
            .map_err(unexpected)?;
            for row in rows {
                found.push(row.try_into()?);
            }
        }
        Ok(found)
    }

    /// Inserts new deployments, and updates others if the database still has the revision that was
    /// read.
    pub(in crate::store) async fn write_deployments(
        &mut self,
        all: &[DeploymentRecord],
    ) -> Result<(), Error> {
        let mut written = 0;
        for set in in_sets(all) {
            written += on!(Transaction, self.unflushed(), |write| {
                let mut query = QueryBuilder::new(
                    "insert into deployments (id, component_id, environment_id, version, status, attempt, deployed_by, commit_sha, description, \
                     metadata, created_at, updated_at, started_at, finished_at, succeeded_at, succeeded_sequence, occurred_at, occurred_sequence, head_hash, revision) \
                     select * from (",
                );
                query.push_values(set, |mut row, new| {
                    let (record, new) = (new, new.map(|record| &record.deployment));
                    row.push_bind(new.map(|new| new.id))
                        .push_bind(new.map(|new| new.component_id))
                        .push_bind(new.map(|new| new.environment_id))
                        .push_bind(new.map(|new| new.version.as_str()))
                        .push_bind(new.map(|new| new.status.as_str()))
                        .push_bind(new.map(|new| new.attempt))
                        .push_bind(new.map(|new| new.deployed_by.as_str()))
                        .push_bind(new.and_then(|new| new.commit_sha.as_ref()).map(CommitSha::as_str))
                        .push_bind(new.and_then(|new| new.description.as_ref()).map(Description::as_str))
                        .push_bind(new.map(|new| new.metadata.as_json()))
                        .push_bind(new.map(|new| Micros(new.created_at)))
                        .push_bind(new.map(|new| Micros(new.updated_at)))
                        .push_bind(new.and_then(|new| new.started_at).map(Micros))
                        .push_bind(new.and_then(|new| new.finished_at).map(Micros))
                        .push_bind(new.and_then(|new| new.succeeded_at).map(Micros))
                        .push_bind(record.and_then(|record| record.succeeded_sequence))
                        .push_bind(new.map(|new| Micros(new.occurred_at)))
                        .push_bind(record.map(|record| record.occurred_sequence))
                        .push_bind(record.map(|record| &record.head_hash.as_bytes()[..]))
                        .push_bind(record.map(|record| record.revision + 1));
                });
                query.push(
                    ") as given where column1 is not null on conflict (id) do update set status = excluded.status, attempt = excluded.attempt, description = excluded.description, \
                     metadata = excluded.metadata, updated_at = excluded.updated_at, started_at = excluded.started_at, \
                     finished_at = excluded.finished_at, succeeded_at = excluded.succeeded_at, \
                     succeeded_sequence = excluded.succeeded_sequence, occurred_at = excluded.occurred_at, \
                     occurred_sequence = excluded.occurred_sequence, head_hash = excluded.head_hash, revision = excluded.revision \
                     where deployments.revision = excluded.revision - 1",
                );
                query.build().execute(&mut **write).await.map(|done| done.rows_affected())
            })
            .map_err(unexpected)?;
        }
        if written != all.len() as u64 {
            // Every writer locks the cell first, so no other writer can have changed the row.
            return Err(unreadable("a deployment changed while its cell was locked"));
        }
        Ok(())
    }

    /// The keys that match a recorded deployment: one of the same cell, version and commit that
    /// entered the status at exactly that time.
    pub(crate) async fn recorded_lines(
        &mut self,
        lines: Vec<LineKey>,
    ) -> Result<HashSet<LineKey>, Error> {
        Ok(self
            .deployments_by_line(lines)
            .await?
            .into_iter()
            .map(|(line, _)| line)
            .collect())
    }

    /// The deployments that match these keys.
    pub(crate) async fn deployments_by_line(
        &mut self,
        lines: Vec<LineKey>,
    ) -> Result<Vec<(LineKey, Uuid)>, Error> {
        let numbered: Vec<(usize, &LineKey)> = lines.iter().enumerate().collect();
        let mut matches = Vec::new();
        for set in in_sets(&numbered) {
            let found: Vec<(i64, Uuid)> = on!(Transaction, self.reading().await?, |write| {
                let mut query =
                    QueryBuilder::new("with listed (number, component_id, environment_id, version, commit_sha, status, occurred_at) as (");
                query.push_values(set, |mut row, numbered| {
                    let (number, line) = (numbered.map(|(number, _)| *number), numbered.map(|(_, line)| *line));
                    row.push_bind(number.map(|number| signed(number as u64)))
                        .push_bind(line.map(|line| line.cell.component_id))
                        .push_bind(line.map(|line| line.cell.environment_id))
                        .push_bind(line.map(|line| line.version.as_str()))
                        .push_bind(line.and_then(|line| line.commit_sha.as_ref()).map(CommitSha::as_str))
                        .push_bind(line.map(|line| line.status.as_str()))
                        .push_bind(line.map(|line| Micros(line.occurred_at)));
                });
                query.push(
                    ") select listed.number, d.id from listed join deployments d
                         on d.component_id = listed.component_id and d.environment_id = listed.environment_id
                           and d.version = listed.version and d.commit_sha is not distinct from listed.commit_sha
                     where exists (
                         select 1 from history h where h.deployment_id = d.id
                           and h.event = 'transition' and h.to_status = listed.status
                           and (h.occurred_at = listed.occurred_at or h.claimed_at = listed.occurred_at)
                     )",
                );
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            matches.extend(found.into_iter().filter_map(|(number, id)| {
                Some((lines.get(usize::try_from(number).ok()?)?.clone(), id))
            }));
        }
        Ok(matches)
    }
}
