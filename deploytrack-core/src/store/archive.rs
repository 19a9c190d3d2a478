//! Archiving components and environments, and taking them out of the archive.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Write,
    column::{Micros, checked},
    draft::{EventSource, NewEvent, UnarchiveCause},
    on,
    sets::in_lists,
    sqlx_error::unexpected,
};
use crate::{catalog::CatalogKind, clock::Time, error::Error, event::EventType, text::Name};

/// A component or environment, and the time of the last deployment of it or to it.
#[derive(Clone, Debug)]
pub(crate) struct LastUse {
    pub(crate) id: Uuid,
    pub(crate) name: Name,
    pub(crate) created_at: Time,
    pub(crate) last_deployed_at: Option<Time>,
}

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    name: String,
    created_at: Micros,
    last_deployed_at: Option<Micros>,
}

impl TryFrom<Row> for LastUse {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let last_deployed_at = row.last_deployed_at.map(|time| time.0);
        Ok(Self {
            id: row.id,
            name: checked(&row.name)?,
            created_at: row.created_at.0,
            last_deployed_at,
        })
    }
}

/// Selects every component or environment with its last deployment, which is the last entry of an
/// index.
macro_rules! last_uses {
    ($table:literal, $column:literal, $archived:literal) => {
        concat!(
            "select one.id, one.name, one.created_at, (select d.occurred_at from deployments d where d.",
            $column,
            " = one.id order by d.occurred_at desc limit 1) as last_deployed_at from ",
            $table,
            " one where one.archived_at is ",
            $archived,
            " order by one.name_key"
        )
    };
}

impl Write {
    /// Takes a component or environment out of the archive at the commit, unless it was archived
    /// after the deployment happened.
    pub(crate) fn unarchive(&mut self, kind: CatalogKind, id: Uuid, cause: UnarchiveCause) {
        let latest = self
            .unarchive_causes
            .entry((kind, id))
            .or_insert_with(|| cause.clone());
        if latest.occurred_at < cause.occurred_at {
            *latest = cause;
        }
    }

    /// Updates the rows that this write takes out of the archive, and adds an event for each.
    pub(super) async fn write_unarchived(&mut self) -> Result<(), Error> {
        for (
            (kind, id),
            UnarchiveCause {
                occurred_at,
                recorded_at,
                by,
            },
        ) in std::mem::take(&mut self.unarchive_causes)
        {
            let unarchived: Option<String> = on!(Transaction, self.unflushed(), |write| {
                sqlx::query_scalar(match kind {
                    CatalogKind::Component => {
                        "update components set archived = false, archived_at = null, updated_at = $2
                         where id = $1 and archived_at <= $3 returning name"
                    }
                    CatalogKind::Environment => {
                        "update environments set archived = false, archived_at = null, updated_at = $2
                         where id = $1 and archived_at <= $3 returning name"
                    }
                })
                .bind(id)
                .bind(Micros(recorded_at))
                .bind(Micros(occurred_at))
                .fetch_optional(&mut **write)
                .await
            })
            .map_err(unexpected)?;
            let Some(name) = unarchived else { continue };
            let r#type = match kind {
                CatalogKind::Component => EventType::ComponentUnarchived,
                CatalogKind::Environment => EventType::EnvironmentUnarchived,
            };
            let source = EventSource::EventRow {
                name: Some(checked(&name)?),
                at: recorded_at,
                by,
                details: None,
            };
            self.add_event(NewEvent {
                r#type,
                subject_id: Some(id),
                source,
            });
        }
        Ok(())
    }

    /// The archived components or environments, or those that are not archived, in the order of
    /// names.
    pub(crate) async fn last_uses(
        &mut self,
        kind: CatalogKind,
        archived: bool,
    ) -> Result<Vec<LastUse>, Error> {
        let rows: Vec<Row> = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_as(match (kind, archived) {
                (CatalogKind::Component, false) => last_uses!("components", "component_id", "null"),
                (CatalogKind::Component, true) => {
                    last_uses!("components", "component_id", "not null")
                }
                (CatalogKind::Environment, false) => {
                    last_uses!("environments", "environment_id", "null")
                }
                (CatalogKind::Environment, true) => {
                    last_uses!("environments", "environment_id", "not null")
                }
            })
            .fetch_all(&mut **write)
            .await
        })
        .map_err(unexpected)?;
        rows.into_iter().map(LastUse::try_from).collect()
    }

    /// Archives components or environments, or takes them out of the archive.
    pub(crate) async fn set_archived(
        &mut self,
        kind: CatalogKind,
        ids: &[Uuid],
        archived: bool,
        now: Time,
    ) -> Result<(), Error> {
        for set in in_lists(ids) {
            on!(Transaction, self.unflushed(), |write| {
                let mut query = QueryBuilder::new(match kind {
                    CatalogKind::Component => "update components set archived = ",
                    CatalogKind::Environment => "update environments set archived = ",
                });
                query
                    .push_bind(archived)
                    .push(", archived_at = ")
                    .push_bind(archived.then_some(Micros(now)));
                query
                    .push(", updated_at = ")
                    .push_bind(Micros(now))
                    .push(" where id in (");
                let mut list = query.separated(", ");
                for id in set {
                    list.push_bind(*id);
                }
                query.push(")");
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }
}
