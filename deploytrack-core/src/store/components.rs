//! Components in the database.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked, checked_option, signed, unsigned},
    on,
    sqlx_error::{is_foreign_key_violation, is_unique_violation, unexpected},
};
use crate::{
    catalog::{CatalogKind, Component},
    error::Error,
    query::CatalogFilter,
    text::{Description, Label, Name},
};

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    name: String,
    description: Option<String>,
    owner: Option<String>,
    kind: Option<String>,
    lifecycle: Option<String>,
    archived: bool,
    archived_at: Option<Micros>,
    created_at: Micros,
    updated_at: Micros,
}

impl TryFrom<Row> for Component {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            name: checked(&row.name)?,
            description: checked_option(row.description.as_deref())?,
            owner: checked_option(row.owner.as_deref())?,
            kind: checked_option(row.kind.as_deref())?,
            lifecycle: checked_option(row.lifecycle.as_deref())?,
            archived: row.archived,
            archived_at: row.archived_at.map(|time| time.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

impl Store {
    /// Part of the components that match, in name order, and how many match in all.
    pub(crate) async fn matching_components(
        &self,
        filter: &CatalogFilter,
        skip: u64,
        take: u64,
    ) -> Result<(Vec<Component>, u64), Error> {
        let key = filter.name.as_ref().map(Name::key);
        let key = key.as_deref();
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new("select * from components where true");
            if let Some(key) = key {
                query.push(" and name_key = ").push_bind(key);
            }
            if let Some(archived) = filter.archived {
                query.push(if archived {
                    " and archived_at is not null"
                } else {
                    " and archived_at is null"
                });
            }
            query
                .push(" order by name_key limit ")
                .push_bind(signed(take))
                .push(" offset ")
                .push_bind(signed(skip));
            query.build_query_as().fetch_all(pool).await
        })
        .map_err(unexpected)?;
        let total: i64 = on!(Pool, &self.reads, |pool| {
            sqlx::query_scalar(
                "select count(*) from components where ($1 is null or name_key = $1) and ($2 is null or (archived_at is not null) = $2)",
            )
            .bind(key)
            .bind(filter.archived)
            .fetch_one(pool)
            .await
        })
        .map_err(unexpected)?;
        Ok((
            rows.into_iter()
                .map(Component::try_from)
                .collect::<Result<_, _>>()?,
            unsigned(total),
        ))
    }

    /// Part of the components, in name order. With a name, the list has at most one component.
    pub(crate) async fn components(
        &self,
        name: Option<&Name>,
        skip: u64,
        take: u64,
    ) -> Result<(Vec<Component>, u64), Error> {
        let filter = CatalogFilter {
            name: name.cloned(),
            archived: None,
        };
        self.matching_components(&filter, skip, take).await
    }

    /// The components after this key, in name order, that an import of their deployments would not
    /// restore: they have more than a name, or were never deployed.
    pub(crate) async fn described_components(
        &self,
        after: Option<&str>,
        take: u64,
    ) -> Result<Vec<Component>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(
                "select c.* from components c where c.name_key > $1 and (c.archived or c.description is not null or c.owner is not null
                     or c.kind is not null or c.lifecycle is not null
                     or not exists (select 1 from current_cells cell where cell.component_id = c.id))
                 order by c.name_key limit $2",
            )
            .bind(after.unwrap_or_default())
            .bind(signed(take))
            .fetch_all(pool)
            .await
        })
        .map_err(unexpected)?;
        rows.into_iter().map(Component::try_from).collect()
    }

    /// One component.
    pub(crate) async fn component(&self, id: Uuid) -> Result<Option<Component>, Error> {
        let row: Option<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select * from components where id = $1"
        )
        .bind(id)
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        row.map(Component::try_from).transpose()
    }
}

impl Write {
    /// One component, as this write sees it.
    pub(crate) async fn component(&mut self, id: Uuid) -> Result<Option<Component>, Error> {
        let row: Option<Row> = on!(Transaction, self.unflushed(), |write| {
            sqlx::query_as("select * from components where id = $1")
                .bind(id)
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        row.map(Component::try_from).transpose()
    }

    /// Locks a component until the end of this write: other writes to it wait.
    pub(crate) async fn lock_component(&mut self, id: Uuid) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query("update components set updated_at = updated_at where id = $1")
                .bind(id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// Registers a component. If its name is taken, it writes nothing and returns false.
    pub(crate) async fn add_component(&mut self, new: &Component) -> Result<bool, Error> {
        let added = on!(Transaction, self.unflushed(), |write| {
            sqlx::query(
                "insert into components (id, name, description, owner, kind, lifecycle, archived, archived_at, created_at, updated_at,
                 name_key) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing",
            )
            .bind(new.id)
            .bind(new.name.as_str())
            .bind(new.description.as_ref().map(Description::as_str))
            .bind(new.owner.as_ref().map(Label::as_str))
            .bind(new.kind.as_ref().map(Label::as_str))
            .bind(new.lifecycle.as_ref().map(Label::as_str))
            .bind(new.archived)
            .bind(new.archived_at.map(Micros))
            .bind(Micros(new.created_at))
            .bind(Micros(new.updated_at))
            .bind(new.name.key())
            .execute(&mut **write)
            .await
            .map(|done| done.rows_affected())
        })
        .map_err(unexpected)?;
        Ok(added == 1)
    }

    /// Replaces the component with the same id.
    pub(crate) async fn replace_component(&mut self, new: &Component) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query(
                "update components set name = $1, description = $2, owner = $3, kind = $4, lifecycle = $5, archived = $6, archived_at = $7,
                 updated_at = $8, name_key = $9 where id = $10",
            )
            .bind(new.name.as_str())
            .bind(new.description.as_ref().map(Description::as_str))
            .bind(new.owner.as_ref().map(Label::as_str))
            .bind(new.kind.as_ref().map(Label::as_str))
            .bind(new.lifecycle.as_ref().map(Label::as_str))
            .bind(new.archived)
            .bind(new.archived_at.map(Micros))
            .bind(Micros(new.updated_at))
            .bind(new.name.key())
            .bind(new.id)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(|error| {
            if is_unique_violation(&error) {
                Error::NameTaken { kind: CatalogKind::Component, name: new.name.clone() }
            } else {
                unexpected(error)
            }
        })
    }

    /// Deletes a component without deployments.
    pub(crate) async fn delete_component(&mut self, component: &Component) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query("delete from components where id = $1")
                .bind(component.id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(|error| {
            if is_foreign_key_violation(&error) {
                Error::InUse {
                    kind: CatalogKind::Component,
                    name: component.name.clone(),
                }
            } else {
                unexpected(error)
            }
        })
    }
}
