//! Walls in the database.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked, signed},
    on,
    sqlx_error::unexpected,
};
use crate::{catalog::Reference, clock::Time, digest::Digest, error::Error, wall::Wall};

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    name: String,
    view: String,
    created_by: String,
    created_at: Micros,
    last_seen_at: Option<Micros>,
}

impl TryFrom<Row> for Wall {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            name: checked(&row.name)?,
            view: checked(&row.view)?,
            created_by: checked(&row.created_by)?,
            created_at: row.created_at.0,
            last_seen_at: row.last_seen_at.map(|time| time.0),
        })
    }
}

impl Store {
    /// Part of the walls, in name order, and how many there are.
    pub(crate) async fn walls(&self, skip: u64, take: u64) -> Result<(Vec<Wall>, u64), Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select * from walls order by name_key limit $1 offset $2"
        )
        .bind(signed(take))
        .bind(signed(skip))
        .fetch_all(pool)
        .await)
        .map_err(unexpected)?;
        let total = self.number("select count(*) from walls").await?;
        let walls = rows.into_iter().map(Wall::try_from);
        Ok((walls.collect::<Result<_, _>>()?, total))
    }

    /// The wall with this hash of its session's id.
    pub(crate) async fn wall(&self, session: &Digest) -> Result<Option<Wall>, Error> {
        let row: Option<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select * from walls where session = $1"
        )
        .bind(&session.as_bytes()[..])
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        row.map(Wall::try_from).transpose()
    }
}

impl Write {
    /// The number of walls.
    pub(crate) async fn count_walls(&mut self) -> Result<u64, Error> {
        self.number("select count(*) from walls").await
    }

    /// Adds a wall. If its name is taken, it writes nothing and returns false.
    pub(crate) async fn add_wall(&mut self, new: &Wall, session: &Digest) -> Result<bool, Error> {
        let added = on!(Transaction, self.unflushed(), |write| sqlx::query(
            "insert into walls (id, name, name_key, view, session, created_by, created_at) values ($1, $2, $3, $4, $5, $6, $7)
             on conflict do nothing",
        )
        .bind(new.id)
        .bind(new.name.as_str())
        .bind(new.name.key())
        .bind(new.view.as_str())
        .bind(&session.as_bytes()[..])
        .bind(new.created_by.as_str())
        .bind(Micros(new.created_at))
        .execute(&mut **write)
        .await
        .map(|done| done.rows_affected()))
        .map_err(unexpected)?;
        Ok(added == 1)
    }

    /// Removes the wall with this id or name, and returns it.
    pub(crate) async fn remove_wall(&mut self, which: &Reference) -> Result<Option<Wall>, Error> {
        let removed: Option<Row> =
            on!(Transaction, self.unflushed(), |write| match which {
                Reference::Id(id) =>
                    sqlx::query_as("delete from walls where id = $1 returning *").bind(*id),
                Reference::Name(name) =>
                    sqlx::query_as("delete from walls where name_key = $1 returning *")
                        .bind(name.key()),
            }
            .fetch_optional(&mut **write)
            .await)
            .map_err(unexpected)?;
        removed.map(Wall::try_from).transpose()
    }

    /// Notes that a wall was shown.
    pub(crate) async fn note_wall_seen(&mut self, id: Uuid, now: Time) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| sqlx::query(
            "update walls set last_seen_at = $1 where id = $2"
        )
        .bind(Micros(now))
        .bind(id)
        .execute(&mut **write)
        .await
        .map(|_| ()))
        .map_err(unexpected)
    }
}
