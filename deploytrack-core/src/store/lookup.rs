//! Looking up components and environments by id or name.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Write,
    column::{Micros, checked},
    on,
    sqlx_error::unexpected,
    write::in_lists,
};
use crate::{
    catalog::{Kind, Reference},
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
        Ok(Self { id: row.id, name: checked(&row.name)?, archived_at: row.archived_at.map(|time| time.0) })
    }
}

impl Write {
    /// Looks up references. Unknown ones are left out.
    pub(crate) async fn lookup(&mut self, kind: Kind, references: &[&Reference]) -> Result<Vec<CatalogEntry>, Error> {
        let mut found = Vec::with_capacity(references.len());
        for set in in_lists(references) {
            let rows: Vec<Row> = on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new(match kind {
                    Kind::Component => "select id, name, archived_at from components where",
                    Kind::Environment => "select id, name, archived_at from environments where",
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
        on!(Transaction, &mut self.transaction, |write| {
            sqlx::query_scalar("select last_event from commits").fetch_one(&mut **write).await
        })
        .map_err(unexpected)
    }

    /// The names of all components or environments.
    pub(crate) async fn all_names(&mut self, kind: Kind) -> Result<Vec<Name>, Error> {
        let names: Vec<String> = on!(Transaction, &mut self.transaction, |write| {
            sqlx::query_scalar(match kind {
                Kind::Component => "select name from components",
                Kind::Environment => "select name from environments",
            })
            .fetch_all(&mut **write)
            .await
        })
        .map_err(unexpected)?;
        names.iter().map(|name| checked(name)).collect()
    }

    /// The names in the events after this number: those of components and environments that were
    /// registered or changed.
    pub(crate) async fn names_since(&mut self, number: i64) -> Result<Vec<(Kind, Name)>, Error> {
        let rows: Vec<(String, String)> = on!(Transaction, &mut self.transaction, |write| {
            sqlx::query_as("select type, name from events where number > $1 and name is not null")
                .bind(number)
                .fetch_all(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        let kind = |r#type: &str| if r#type.starts_with("component.") { Kind::Component } else { Kind::Environment };
        rows.iter().map(|(r#type, name)| Ok((kind(r#type), checked(name)?))).collect()
    }
}
