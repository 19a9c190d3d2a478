//! Finding removed deployments by their cell, their version and the lines of an import.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::removed::{RemovedRow, all, select_removed};
use crate::{
    error::Error,
    retention::{Outline, RemovedDeployment},
    store::{
        CellKey, LineKey, Store, Write,
        column::{checked, signed},
        on,
        sets::{in_sets, push_table},
        sqlx_error::unexpected,
    },
    text::CommitSha,
};

impl Store {
    /// The removed deployments of these versions of components.
    pub(in crate::store) async fn removed_of_versions(
        &self,
        versions: &[&(Uuid, String)],
    ) -> Result<Vec<RemovedDeployment>, Error> {
        let mut removed = Vec::new();
        for set in in_sets(versions) {
            let rows: Vec<RemovedRow> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new("with ");
                push_table(&mut query, "listed", set, |(component_id, version)| {
                    [
                        ("component_id", (*component_id).into()),
                        ("version", version.as_str().into()),
                    ]
                });
                query.push(concat!(" ", select_removed!(
                    "join listed on listed.version = r.version and listed.component_id = r.component_id"
                )));
                query.build_query_as().fetch_all(pool).await
            })
            .map_err(unexpected)?;
            removed.extend(all(rows)?);
        }
        Ok(removed)
    }
}

impl Write {
    /// The keys that match a removed deployment, as [`Write::recorded_lines`] matches recorded ones.
    pub(crate) async fn removed_lines(&mut self, lines: &[LineKey]) -> Result<Vec<LineKey>, Error> {
        let numbered: Vec<(usize, &LineKey)> = lines.iter().enumerate().collect();
        let mut matches = Vec::new();
        for set in in_sets(&numbered) {
            let found: Vec<(i64, String)> = on!(Transaction, self.reading().await?, |write| {
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
                    ]
                });
                query.push(
                    " select listed.number, r.outline from listed join removed_deployments r
                         on r.component_id = listed.component_id and r.environment_id = listed.environment_id
                           and r.version = listed.version and r.commit_sha is not distinct from listed.commit_sha",
                );
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            for (number, outline) in found {
                let outline: Outline = checked(&outline)?;
                let line = usize::try_from(number).ok().and_then(|at| lines.get(at));
                matches.extend(
                    line.filter(|line| outline.has_entered(line.status, line.occurred_at))
                        .cloned(),
                );
            }
        }
        Ok(matches)
    }

    /// The removed deployments of a cell.
    pub(crate) async fn removed_in(
        &mut self,
        cell: CellKey,
    ) -> Result<Vec<RemovedDeployment>, Error> {
        let rows: Vec<RemovedRow> = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_as(select_removed!(
                "where r.component_id = $1 and r.environment_id = $2 order by r.id"
            ))
            .bind(cell.component_id)
            .bind(cell.environment_id)
            .fetch_all(&mut **write)
            .await
        })
        .map_err(unexpected)?;
        all(rows)
    }

    /// The deployment of a cell whose latest transition happened last.
    pub(crate) async fn newest_in(&mut self, cell: CellKey) -> Result<Option<Uuid>, Error> {
        on!(Transaction, self.reading().await?, |write| {
            sqlx::query_scalar(
                "select id from deployments where component_id = $1 and environment_id = $2
                 order by occurred_at desc, occurred_sequence desc limit 1",
            )
            .bind(cell.component_id)
            .bind(cell.environment_id)
            .fetch_optional(&mut **write)
            .await
        })
        .map_err(unexpected)
    }
}
