//! Environments in the database.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked, checked_option, signed, unsigned},
    environment_order::{Position, ordinal},
    on,
    sqlx_error::{is_foreign_key_violation, is_unique_violation, unexpected},
};
use crate::{
    catalog::{CatalogKind, Environment},
    error::Error,
    query::CatalogFilter,
    text::{Description, Name},
};

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    name: String,
    description: Option<String>,
    r#type: String,
    /// The number of the environment in the order.
    ordinal: i64,
    archived: bool,
    archived_at: Option<Micros>,
    created_at: Micros,
    updated_at: Micros,
}

impl TryFrom<Row> for Environment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            name: checked(&row.name)?,
            description: checked_option(row.description.as_deref())?,
            r#type: checked(&row.r#type)?,
            order: row.ordinal,
            archived: row.archived,
            archived_at: row.archived_at.map(|time| time.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Environment>, Error> {
    rows.into_iter().map(Environment::try_from).collect()
}

/// Selects environments with their numbers in the order.
macro_rules! numbered {
    ($rest:literal) => {
        concat!(
            "select e.*, (",
            ordinal!("e"),
            ") as ordinal from environments e ",
            $rest
        )
    };
}

impl Store {
    /// Part of the environments that match, in their order, and how many match in all.
    pub(crate) async fn matching_environments(
        &self,
        filter: &CatalogFilter,
        skip: u64,
        take: u64,
    ) -> Result<(Vec<Environment>, u64), Error> {
        let key = filter.name.as_ref().map(Name::key);
        let key = key.as_deref();
        let is_part_of_all = *filter == CatalogFilter::default();
        let mut rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            // One name is one row: count its number for that row alone. A page of the whole list:
            // number the rows from its offset. Otherwise number all environments at once.
            let mut query = QueryBuilder::new(if key.is_some() {
                numbered!("where true")
            } else if is_part_of_all {
                "select e.*, cast(0 as bigint) as ordinal from environments e where true"
            } else {
                "select * from (select e.*, row_number() over (order by e.position, e.id) as ordinal from environments e) e where true"
            });
            if let Some(key) = key {
                query.push(" and e.name_key = ").push_bind(key);
            }
            if let Some(archived) = filter.archived {
                query.push(if archived { " and e.archived_at is not null" } else { " and e.archived_at is null" });
            }
            query.push(" order by e.position, e.id limit ").push_bind(signed(take)).push(" offset ").push_bind(signed(skip));
            query.build_query_as().fetch_all(pool).await
        })
        .map_err(unexpected)?;
        if is_part_of_all {
            rows.iter_mut()
                .zip(signed(skip) + 1..)
                .for_each(|(row, ordinal)| row.ordinal = ordinal);
        }
        let total: i64 = on!(Pool, &self.reads, |pool| {
            sqlx::query_scalar(
                "select count(*) from environments where ($1 is null or name_key = $1) and ($2 is null or (archived_at is not null) = $2)",
            )
            .bind(key)
            .bind(filter.archived)
            .fetch_one(pool)
            .await
        })
        .map_err(unexpected)?;
        Ok((all(rows)?, unsigned(total)))
    }

    /// Part of the environments, in their order. With a name, the list has at most one environment.
    pub(crate) async fn environments(
        &self,
        name: Option<&Name>,
        skip: u64,
        take: u64,
    ) -> Result<(Vec<Environment>, u64), Error> {
        let filter = CatalogFilter {
            name: name.cloned(),
            archived: None,
        };
        self.matching_environments(&filter, skip, take).await
    }

    /// The environments that have deployments.
    pub(crate) async fn environments_in_use(&self) -> Result<Vec<Uuid>, Error> {
        on!(Pool, &self.reads, |pool| {
            sqlx::query_scalar(
                "select distinct environment_id from environment_counts where count > 0",
            )
            .fetch_all(pool)
            .await
        })
        .map_err(unexpected)
    }

    /// One environment.
    pub(crate) async fn environment(&self, id: Uuid) -> Result<Option<Environment>, Error> {
        let row: Option<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(numbered!(
            "where e.id = $1"
        ))
        .bind(id)
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        row.map(Environment::try_from).transpose()
    }
}

impl Write {
    /// All environments, in their order.
    pub(crate) async fn all_environments(&mut self) -> Result<Vec<Environment>, Error> {
        let rows: Vec<Row> = on!(Transaction, self.unflushed(), |write| {
            sqlx::query_as(
                "select e.*, row_number() over (order by e.position, e.id) as ordinal from environments e order by e.position, e.id",
            )
            .fetch_all(&mut **write)
            .await
        })
        .map_err(unexpected)?;
        all(rows)
    }

    /// One environment, as this write sees it.
    pub(crate) async fn environment(&mut self, id: Uuid) -> Result<Option<Environment>, Error> {
        let row: Option<Row> = on!(Transaction, self.unflushed(), |write| {
            sqlx::query_as(numbered!("where e.id = $1"))
                .bind(id)
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        row.map(Environment::try_from).transpose()
    }

    /// Locks an environment until the end of this write: other writes to it wait.
    pub(crate) async fn lock_environment(&mut self, id: Uuid) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query("update environments set updated_at = updated_at where id = $1")
                .bind(id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// Registers an environment at a position. The order must be locked.
    pub(crate) async fn add_environment(
        &mut self,
        new: &Environment,
        position: Position,
    ) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query(
                "insert into environments (id, name, description, type, position, archived, archived_at, created_at, updated_at, name_key)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(new.id)
            .bind(new.name.as_str())
            .bind(new.description.as_ref().map(Description::as_str))
            .bind(new.r#type.as_str())
            .bind(position.0)
            .bind(new.archived)
            .bind(new.archived_at.map(Micros))
            .bind(Micros(new.created_at))
            .bind(Micros(new.updated_at))
            .bind(new.name.key())
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(|error| name_taken(error, &new.name))
    }

    /// Replaces the environment with the same id, except for its position.
    pub(crate) async fn replace_environment(&mut self, new: &Environment) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query(
                "update environments set name = $1, description = $2, type = $3, archived = $4, archived_at = $5, updated_at = $6,
                 name_key = $7 where id = $8",
            )
            .bind(new.name.as_str())
            .bind(new.description.as_ref().map(Description::as_str))
            .bind(new.r#type.as_str())
            .bind(new.archived)
            .bind(new.archived_at.map(Micros))
            .bind(Micros(new.updated_at))
            .bind(new.name.key())
            .bind(new.id)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(|error| name_taken(error, &new.name))
    }

    /// Deletes an environment without deployments.
    pub(crate) async fn delete_environment(
        &mut self,
        environment: &Environment,
    ) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query("delete from environments where id = $1")
                .bind(environment.id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(|error| {
            if is_foreign_key_violation(&error) {
                Error::InUse {
                    kind: CatalogKind::Environment,
                    name: environment.name.clone(),
                }
            } else {
                unexpected(error)
            }
        })
    }
}

fn name_taken(error: sqlx::Error, name: &Name) -> Error {
    if is_unique_violation(&error) {
        Error::NameTaken {
            kind: CatalogKind::Environment,
            name: name.clone(),
        }
    } else {
        unexpected(error)
    }
}
