//! Environments and their order.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Store, Transaction, Write,
    column::{Micros, checked, checked_option, signed, unsigned},
    fault::{is_referred_to, is_taken, unexpected},
    on,
};
use crate::{
    catalog::{Environment, Kind},
    error::Error,
    text::{Description, Name},
};

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    name: String,
    description: Option<String>,
    r#type: String,
    position: i64,
    archived: bool,
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
            order: row.position,
            archived: row.archived,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Environment>, Error> {
    rows.into_iter().map(Environment::try_from).collect()
}

impl Store {
    /// Part of the environments in their order, and how many there are; of one name, if given.
    pub(crate) async fn environments(&self, name: Option<&Name>, skip: u64, take: u64) -> Result<(Vec<Environment>, u64), Error> {
        let key = name.map(Name::key);
        let key = key.as_deref();
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new("select * from environments where true");
            if let Some(key) = key {
                query.push(" and name_key = ").push_bind(key);
            }
            query.push(" order by position, name_key limit ").push_bind(signed(take)).push(" offset ").push_bind(signed(skip));
            query.build_query_as().fetch_all(pool).await
        })
        .map_err(unexpected)?;
        let total: i64 = on!(Pool, &self.reads, |pool| {
            sqlx::query_scalar("select count(*) from environments where $1 is null or name_key = $1").bind(key).fetch_one(pool).await
        })
        .map_err(unexpected)?;
        Ok((all(rows)?, unsigned(total)))
    }

    /// The environments that something was deployed to.
    pub(crate) async fn environments_in_use(&self) -> Result<Vec<Uuid>, Error> {
        on!(Pool, &self.reads, |pool| {
            sqlx::query_scalar("select distinct environment_id from environment_counts where count > 0").fetch_all(pool).await
        })
        .map_err(unexpected)
    }

    /// One environment.
    pub(crate) async fn environment(&self, id: Uuid) -> Result<Option<Environment>, Error> {
        let row: Option<Row> =
            on!(Pool, &self.reads, |pool| sqlx::query_as("select * from environments where id = $1").bind(id).fetch_optional(pool).await)
                .map_err(unexpected)?;
        row.map(Environment::try_from).transpose()
    }
}

impl Write {
    /// Every environment in order. Until the end of this write no other can change the order or register one.
    pub(crate) async fn take_order(&mut self) -> Result<Vec<Environment>, Error> {
        match &mut self.transaction {
            // The one writer has the order to itself.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(_) => {}
            // Rows that do not exist yet cannot be locked; this lock lets readers and new deployments pass.
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                sqlx::query("lock table environments in share row exclusive mode").execute(&mut **write).await.map_err(unexpected)?;
            }
        }
        let rows: Vec<Row> = on!(Transaction, &mut self.transaction, |write| {
            sqlx::query_as("select * from environments order by position, name_key").fetch_all(&mut **write).await
        })
        .map_err(unexpected)?;
        all(rows)
    }

    /// One environment, as this write sees it.
    pub(crate) async fn environment(&mut self, id: Uuid) -> Result<Option<Environment>, Error> {
        let row: Option<Row> = on!(Transaction, &mut self.transaction, |write| {
            sqlx::query_as("select * from environments where id = $1").bind(id).fetch_optional(&mut **write).await
        })
        .map_err(unexpected)?;
        row.map(Environment::try_from).transpose()
    }

    /// The environment with this name.
    pub(crate) async fn environment_named(&mut self, name: &Name) -> Result<Option<Environment>, Error> {
        let row: Option<Row> = on!(Transaction, &mut self.transaction, |write| {
            sqlx::query_as("select * from environments where name_key = $1").bind(name.key()).fetch_optional(&mut **write).await
        })
        .map_err(unexpected)?;
        row.map(Environment::try_from).transpose()
    }

    /// Registers an environment. The order must have been taken.
    pub(crate) async fn add_environment(&mut self, new: &Environment) -> Result<(), Error> {
        on!(Transaction, &mut self.transaction, |write| {
            sqlx::query(
                "insert into environments (id, name, description, type, position, archived, created_at, updated_at, name_key)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(new.id)
            .bind(new.name.as_str())
            .bind(new.description.as_ref().map(Description::as_str))
            .bind(new.r#type.as_str())
            .bind(new.order)
            .bind(new.archived)
            .bind(Micros(new.created_at))
            .bind(Micros(new.updated_at))
            .bind(new.name.key())
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(|error| taken(error, &new.name))
    }

    /// Writes an environment over the one with its id.
    pub(crate) async fn replace_environment(&mut self, new: &Environment) -> Result<(), Error> {
        on!(Transaction, &mut self.transaction, |write| {
            sqlx::query(
                "update environments set name = $1, description = $2, type = $3, position = $4, archived = $5, updated_at = $6, name_key = $7
                 where id = $8",
            )
            .bind(new.name.as_str())
            .bind(new.description.as_ref().map(Description::as_str))
            .bind(new.r#type.as_str())
            .bind(new.order)
            .bind(new.archived)
            .bind(Micros(new.updated_at))
            .bind(new.name.key())
            .bind(new.id)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(|error| taken(error, &new.name))
    }

    /// Removes an environment that has no deployments.
    pub(crate) async fn delete_environment(&mut self, environment: &Environment) -> Result<(), Error> {
        on!(Transaction, &mut self.transaction, |write| {
            sqlx::query("delete from environments where id = $1").bind(environment.id).execute(&mut **write).await.map(|_| ())
        })
        .map_err(|error| {
            if is_referred_to(&error) {
                Error::InUse { kind: Kind::Environment, name: environment.name.clone() }
            } else {
                unexpected(error)
            }
        })
    }
}

fn taken(error: sqlx::Error, name: &Name) -> Error {
    if is_taken(&error) { Error::NameTaken { kind: Kind::Environment, name: name.clone() } } else { unexpected(error) }
}
