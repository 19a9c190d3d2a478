//! Reading and writing deployments within a write.

use std::collections::HashSet;

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    super::{
        CellKey, Write,
        cell_key::CellKeyRow,
        column::signed,
        on,
        sets::{Columns, in_lists, in_sets, push_table},
        sqlx_error::{unexpected, unreadable},
    },
    DeploymentRecord, Row,
};
use crate::{
    clock::Time,
    deployment::Deployment,
    error::Error,
    history::HistoryKind,
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

/// The row of a deployment, with its next revision.
fn columns(record: &DeploymentRecord) -> Columns<'_, 21> {
    // Without `..`: a new field of a deployment must be stored too.
    let Deployment {
        id,
        component_id,
        component_name: _,
        environment_id,
        environment_name: _,
        version,
        status,
        attempt,
        deployed_by,
        commit_sha,
        description,
        metadata,
        created_at,
        updated_at,
        started_at,
        finished_at,
        succeeded_at,
        occurred_at,
        origin,
        removed_at: _,
    } = &record.deployment;
    let commit_sha = commit_sha.as_ref().map(CommitSha::as_str);
    let description = description.as_ref().map(Description::as_str);
    [
        ("id", (*id).into()),
        ("component_id", (*component_id).into()),
        ("environment_id", (*environment_id).into()),
        ("version", version.as_str().into()),
        ("status", status.as_str().into()),
        ("attempt", (*attempt).into()),
        ("deployed_by", deployed_by.as_str().into()),
        ("commit_sha", commit_sha.into()),
        ("description", description.into()),
        ("metadata", metadata.as_json().into()),
        ("created_at", (*created_at).into()),
        ("updated_at", (*updated_at).into()),
        ("started_at", (*started_at).into()),
        ("finished_at", (*finished_at).into()),
        ("succeeded_at", (*succeeded_at).into()),
        ("succeeded_sequence", record.succeeded_sequence.into()),
        ("occurred_at", (*occurred_at).into()),
        ("occurred_sequence", record.occurred_sequence.into()),
        ("origin", origin.as_deref().into()),
        ("head_hash", (&record.head_hash).into()),
        ("revision", (record.revision + 1).into()),
    ]
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
        let rest = "on conflict (id) do update set status = excluded.status, attempt = excluded.attempt, \
             description = excluded.description, metadata = excluded.metadata, updated_at = excluded.updated_at, \
             started_at = excluded.started_at, finished_at = excluded.finished_at, succeeded_at = excluded.succeeded_at, \
             succeeded_sequence = excluded.succeeded_sequence, occurred_at = excluded.occurred_at, \
             occurred_sequence = excluded.occurred_sequence, origin = excluded.origin, head_hash = excluded.head_hash, revision = excluded.revision \
             where deployments.revision = excluded.revision - 1";
        let written = self.insert("deployments", all, columns, rest).await?;
        if written != all.len() as u64 {
            // Every writer locks the cell first, so no other writer can have changed the row.
            return Err(unreadable("a deployment changed while its cell was locked"));
        }
        Ok(())
    }

    /// The keys that match a recorded deployment: one of the same cell, version and commit that
    /// entered the status at exactly that time. A removed deployment counts as recorded.
    pub(crate) async fn recorded_lines(
        &mut self,
        lines: Vec<LineKey>,
    ) -> Result<HashSet<LineKey>, Error> {
        let mut recorded: HashSet<_> = self.removed_lines(&lines).await?.into_iter().collect();
        let existing = self.deployments_by_line(lines).await?;
        recorded.extend(existing.into_iter().map(|(line, _)| line));
        Ok(recorded)
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
                let mut query = QueryBuilder::new("with ");
                push_table(&mut query, "listed", set, |(number, line)| {
                    [
                        ("number", signed(*number as u64).into()),
                        ("component_id", line.cell.component_id.into()),
                        ("environment_id", line.cell.environment_id.into()),
                        ("version", line.version.as_str().into()),
                        (
                            "commit_sha",
                            line.commit_sha.as_ref().map(CommitSha::as_str).into(),
                        ),
                        ("status", line.status.as_str().into()),
                        ("occurred_at", line.occurred_at.into()),
                    ]
                });
                query.push(
                    " select listed.number, d.id from listed join deployments d
                         on d.component_id = listed.component_id and d.environment_id = listed.environment_id
                           and d.version = listed.version and d.commit_sha is not distinct from listed.commit_sha
                     where exists (
                         select 1 from history h where h.deployment_id = d.id
                           and h.to_status = listed.status
                           and (h.occurred_at = listed.occurred_at or h.claimed_at = listed.occurred_at)
                           and h.event = ",
                );
                query
                    .push_bind(HistoryKind::Transition.as_str())
                    .push(")");
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
