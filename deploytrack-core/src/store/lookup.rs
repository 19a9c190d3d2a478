//! Looking up components and environments by id or name.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Write,
    column::{Micros, checked},
    on,
    sets::in_lists,
    sqlx_error::unexpected,
};
use crate::{
    catalog::{CatalogKind, Reference},
    clock::Time,
    error::Error,
    text::Name,
};

/// The id and the name of a component or environment, and when it was archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CatalogEntry {
    pub(crate) id: Uuid,
    pub(crate) name: Name,
    pub(crate) archived_at: Option<Time>,
}

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    name: String,
    archived_at: Option<Micros>,
}

impl TryFrom<Row> for CatalogEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            name: checked(&row.name)?,
            archived_at: row.archived_at.map(|time| time.0),
        })
    }
}

impl Write {
    /// Looks up references. Unknown ones are left out.
    pub(crate) async fn lookup(
        &mut self,
        kind: CatalogKind,
        references: &[&Reference],
    ) -> Result<Vec<CatalogEntry>, Error> {
        let mut found = Vec::with_capacity(references.len());
        for set in in_lists(references) {
            let rows: Vec<Row> = on!(Transaction, self.unflushed(), |write| {
                let mut query = QueryBuilder::new(match kind {
                    CatalogKind::Component => "select id, name, archived_at from components where",
                    CatalogKind::Environment => {
                        "select id, name, archived_at from environments where"
                    }
                });
                for (at, reference) in set.enumerate() {
                    query.push(if at == 0 { " " } else { " or " });
                    match reference {
                        Reference::Id(id) => query.push("id = ").push_bind(*id),
                        Reference::Name(name) => query.push("name_key = ").push_bind(name.key()),
                    };
                }
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            for row in rows {
                found.push(row.try_into()?);
            }
        }
        Ok(found)
    }

    /// The number of the last event, as this write sees it.
    pub(crate) async fn last_event(&mut self) -> Result<i64, Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query_scalar("select last_event from commits")
                .fetch_one(&mut **write)
                .await
        })
        .map_err(unexpected)
    }

    /// The names of all components or environments.
    pub(crate) async fn all_names(&mut self, kind: CatalogKind) -> Result<Vec<Name>, Error> {
        let names: Vec<String> = on!(Transaction, self.unflushed(), |write| {
            sqlx::query_scalar(match kind {
                CatalogKind::Component => "select name from components",
                CatalogKind::Environment => "select name from environments",
            })
            .fetch_all(&mut **write)
            .await
        })
        .map_err(unexpected)?;
        names.iter().map(|name| checked(name)).collect()
    }

    /// The names in the events after one number and up to another: components and environments that
    /// were registered or changed.
    pub(crate) async fn names_between(
        &mut self,
        after: i64,
        last: i64,
    ) -> Result<Vec<(CatalogKind, Name)>, Error> {
        let rows: Vec<(String, String)> = on!(Transaction, self.unflushed(), |write| {
            // Without the upper bound, PostgreSQL expects a third of all events and reads the whole
            // table.
            sqlx::query_as("select type, name from events where number > $1 and number <= $2 and name is not null")
                .bind(after)
                .bind(last)
                .fetch_all(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        let kind = |r#type: &str| {
            if r#type.starts_with("component.") {
                CatalogKind::Component
            } else {
                CatalogKind::Environment
            }
        };
        rows.iter()
            .map(|(r#type, name)| Ok((kind(r#type), checked(name)?)))
            .collect()
    }
}
