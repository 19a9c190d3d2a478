//! What a write reads of deployments, and how it writes them.

use std::collections::HashSet;

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    super::{
        Place, Write,
        column::{Micros, signed},
        current::PlaceRow,
        fault::{unexpected, unreadable},
        on,
        write::{in_lists, in_sets},
    },
    Revised, Row,
};
use crate::{
    clock::Time,
    error::Error,
    status::Status,
    text::{CommitSha, Description, Version},
};

/// A line of an import, as far as it tells whether it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) version: Version,
    pub(crate) commit_sha: Option<CommitSha>,
    pub(crate) status: Status,
    pub(crate) occurred_at: Time,
}

#[derive(Debug, FromRow)]
struct DeploymentPlace {
    id: Uuid,
    #[sqlx(flatten)]
    place: PlaceRow,
}

impl Write {
    /// The cells of these deployments; the ids of no deployment are left out.
    pub(in crate::store) async fn places_of(&mut self, ids: &[Uuid]) -> Result<Vec<(Uuid, Place)>, Error> {
        let mut places = Vec::with_capacity(ids.len());
        for ids in in_lists(ids) {
            let rows: Vec<DeploymentPlace> = on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new("select id, component_id, environment_id from deployments where id in (");
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query.push(")").build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            places.extend(rows.into_iter().map(|row| (row.id, row.place.into())));
        }
        Ok(places)
    }

    /// Those of these deployments that there are, as the database has them.
    pub(in crate::store) async fn read_deployments(&mut self, ids: &[Uuid]) -> Result<Vec<Revised>, Error> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in in_lists(ids) {
            let rows: Vec<Row> = on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new(select!("where d.id in ("));
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query.push(")").build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            for row in rows {
                found.push(row.try_into()?);
            }
        }
        Ok(found)
    }

    /// Writes deployments, those that are new and those that are over the revision they were read at.
    pub(in crate::store) async fn write_deployments(&mut self, all: &[Revised]) -> Result<(), Error> {
        let mut written = 0;
        for set in in_sets(all) {
            written += on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new(
                    "insert into deployments (id, component_id, environment_id, version, status, attempt, deployed_by, commit_sha, description, \
                     metadata, created_at, updated_at, started_at, finished_at, succeeded_at, succeeded_sequence, occurred_at, occurred_sequence, head_hash, revision) \
                     select * from (",
                );
                query.push_values(set, |mut row, new| {
                    let (revised, new) = (new, new.map(|revised| &revised.deployment));
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
                        .push_bind(revised.and_then(|revised| revised.succeeded))
                        .push_bind(new.map(|new| Micros(new.occurred_at)))
                        .push_bind(revised.map(|revised| revised.occurred))
                        .push_bind(revised.map(|revised| &revised.head.as_bytes()[..]))
                        .push_bind(revised.map(|revised| revised.revision + 1));
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
            // The cell is taken by every writer first, so nobody can have been faster.
            return Err(unreadable("a deployment changed under a taken cell"));
        }
        Ok(())
    }

    /// Those of these lines that are known: the cell has a deployment of the version and commit that entered the status at
    /// that very time.
    pub(crate) async fn known_lines(&mut self, lines: Vec<Line>) -> Result<HashSet<Line>, Error> {
        Ok(self.deployments_that_entered(lines).await?.into_iter().map(|(line, _)| line).collect())
    }

    /// The deployments that are known by these lines.
    pub(crate) async fn deployments_that_entered(&mut self, lines: Vec<Line>) -> Result<Vec<(Line, Uuid)>, Error> {
        self.flush().await?;
        let numbered: Vec<(usize, &Line)> = lines.iter().enumerate().collect();
        let mut known = Vec::new();
        for set in in_sets(&numbered) {
            let found: Vec<(i64, Uuid)> = on!(Transaction, &mut self.transaction, |write| {
                let mut query =
                    QueryBuilder::new("with asked (number, component_id, environment_id, version, commit_sha, status, occurred_at) as (");
                query.push_values(set, |mut row, numbered| {
                    let (number, line) = (numbered.map(|(number, _)| *number), numbered.map(|(_, line)| *line));
                    row.push_bind(number.map(|number| signed(number as u64)))
                        .push_bind(line.map(|line| line.place.component_id))
                        .push_bind(line.map(|line| line.place.environment_id))
                        .push_bind(line.map(|line| line.version.as_str()))
                        .push_bind(line.and_then(|line| line.commit_sha.as_ref()).map(CommitSha::as_str))
                        .push_bind(line.map(|line| line.status.as_str()))
                        .push_bind(line.map(|line| Micros(line.occurred_at)));
                });
                query.push(
                    ") select asked.number, d.id from asked join deployments d
                         on d.component_id = asked.component_id and d.environment_id = asked.environment_id
                           and d.version = asked.version and d.commit_sha is not distinct from asked.commit_sha
                     where exists (
                         select 1 from history h where h.deployment_id = d.id
                           and h.event = 'transition' and h.to_status = asked.status
                           and (h.occurred_at = asked.occurred_at or h.claimed_at = asked.occurred_at)
                     )",
                );
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            known.extend(found.into_iter().filter_map(|(number, id)| Some((lines.get(usize::try_from(number).ok()?)?.clone(), id))));
        }
        Ok(known)
    }
}
