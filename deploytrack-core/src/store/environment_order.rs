//! The order of the environments: by position, and by id within equal positions.
//!
//! A new environment gets the position of the last environment of its type before it. Its id is
//! greater, so it sorts after that one, and no other row changes: registering thousands of
//! environments costs the same for each. Between other environments there are gaps, so wide that
//! rows are hardly ever spaced out again.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{
    Transaction, Write, on,
    sets::{in_sets, push_table},
    sqlx_error::unexpected,
};
use crate::{catalog::EnvironmentType, clock::Time, error::Error};

/// The gap between two environments with chosen positions.
const GAP: i64 = 1 << 32;
/// The key of the advisory lock on PostgreSQL for writes that add to the order or change it.
#[cfg(feature = "postgres")]
const ORDER_LOCK: i64 = 0x6465_706c_6f79_6f72;

/// A position in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(pub(super) i64);

/// An environment next to a place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Neighbour {
    id: Uuid,
    position: i64,
    r#type: EnvironmentType,
}

/// The environments on both sides of a place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Between {
    before: Option<Neighbour>,
    after: Option<Neighbour>,
}

impl Between {
    /// A free position between the two, if there is room for one.
    fn gap(self) -> Option<Position> {
        match (
            self.before.map(|before| before.position),
            self.after.map(|after| after.position),
        ) {
            (None, None) => Some(GAP),
            (Some(before), None) => before.checked_add(GAP),
            (None, Some(after)) => after.checked_sub(GAP),
            (Some(before), Some(after)) if before < after && after.abs_diff(before) > 1 => {
                Some(before.midpoint(after))
            }
            _ => None,
        }
        .map(Position)
    }

    /// The position of a new environment of this type, whose id is greater than all others.
    fn for_new(self, r#type: EnvironmentType) -> Option<Position> {
        match (self.before, self.after) {
            (Some(before), after)
                if before.r#type == r#type
                    && after.is_none_or(|after| after.position > before.position) =>
            {
                Some(Position(before.position))
            }
            _ => self.gap(),
        }
    }
}

/// A query for the number of an environment in the order, from 1.
macro_rules! ordinal {
    ($environment:literal) => {
        concat!(
            "select count(*) from environments other where (other.position, other.id) <= (",
            $environment,
            ".position, ",
            $environment,
            ".id)"
        )
    };
}
pub(super) use ordinal;

impl Write {
    /// Locks the order until the end of this write: no other write adds to it or changes it.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "only PostgreSQL runs a query")
    )]
    pub(crate) async fn lock_order(&mut self) -> Result<(), Error> {
        match self.unflushed() {
            // SQLite has one writer at a time.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(_) => Ok(()),
            // Rows that do not exist yet cannot be locked. A lock of the table would wait for
            // deployments that take an environment out of the archive, and these may wait for a
            // cell that this write has locked.
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                let tenure = write.tenure.clone();
                let locked = sqlx::query("select pg_advisory_xact_lock($1)")
                    .bind(ORDER_LOCK)
                    .execute(&mut **write);
                tenure.during(locked).await.map(|_| ()).map_err(unexpected)
            }
        }
    }

    /// The position of a new environment of this type: before the first one of a later type. The
    /// order must be locked.
    pub(crate) async fn position_by_type(
        &mut self,
        r#type: EnvironmentType,
    ) -> Result<Position, Error> {
        let between = self.between_types(r#type).await?;
        if let Some(position) = between.for_new(r#type) {
            return Ok(position);
        }
        self.space_out().await?;
        let between = self.between_types(r#type).await?;
        between
            .for_new(r#type)
            .ok_or_else(|| Error::Internal("the order has no room for another environment".into()))
    }

    /// The position for this number in the order, from 1, counted without the environment itself. A
    /// number beyond the end means the end. The order must be locked.
    pub(crate) async fn position_at(
        &mut self,
        ordinal: usize,
        id: Uuid,
    ) -> Result<Position, Error> {
        let between = self.between_at(ordinal, id).await?;
        if let Some(position) = between.gap() {
            return Ok(position);
        }
        self.space_out().await?;
        let between = self.between_at(ordinal, id).await?;
        between
            .gap()
            .ok_or_else(|| Error::Internal("the order has no room for another environment".into()))
    }

    async fn between_types(&mut self, r#type: EnvironmentType) -> Result<Between, Error> {
        let mut after = None;
        for later in EnvironmentType::ALL
            .into_iter()
            .filter(|later| *later > r#type)
        {
            let first: Option<(Uuid, i64)> = on!(Transaction, self.unflushed(), |write| {
                sqlx::query_as("select id, position from environments where type = $1 order by position, id limit 1")
                    .bind(later.as_str())
                    .fetch_optional(&mut **write)
                    .await
            })
            .map_err(unexpected)?;
            let first = first.map(|(id, position)| Neighbour {
                id,
                position,
                r#type: later,
            });
            after = [after, first]
                .into_iter()
                .flatten()
                .min_by_key(|first: &Neighbour| (first.position, first.id));
        }
        let before: Option<(Uuid, i64, String)> = on!(Transaction, self.unflushed(), |write| {
            let mut query = QueryBuilder::new("select id, position, type from environments");
            if let Some(after) = after {
                query
                    .push(" where (position, id) < (")
                    .push_bind(after.position)
                    .push(", ")
                    .push_bind(after.id)
                    .push(")");
            }
            query
                .push(" order by position desc, id desc limit 1")
                .build_query_as()
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        Ok(Between {
            before: before.map(neighbour).transpose()?,
            after,
        })
    }

    async fn between_at(&mut self, ordinal: usize, id: Uuid) -> Result<Between, Error> {
        let skip = i64::try_from(ordinal.saturating_sub(1)).unwrap_or(i64::MAX);
        // The number may be beyond the end, so this reads the environment before it from there.
        let after: Option<(Uuid, i64, String)> = on!(Transaction, self.unflushed(), |write| {
            sqlx::query_as("select id, position, type from environments where id <> $1 order by position, id limit 1 offset $2")
                .bind(id)
                .bind(skip)
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        let after = after.map(neighbour).transpose()?;
        let before: Option<(Uuid, i64, String)> = on!(Transaction, self.unflushed(), |write| {
            let mut query =
                QueryBuilder::new("select id, position, type from environments where id <> ");
            query.push_bind(id);
            if let Some(after) = after {
                query
                    .push(" and (position, id) < (")
                    .push_bind(after.position)
                    .push(", ")
                    .push_bind(after.id)
                    .push(")");
            }
            query
                .push(" order by position desc, id desc limit 1")
                .build_query_as()
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        Ok(Between {
            before: before.map(neighbour).transpose()?,
            after,
        })
    }

    /// Spaces out the positions of all environments with equal gaps, in the same order.
    async fn space_out(&mut self) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query(
                "update environments set position = numbered.ordinal * $1
                 from (select id, row_number() over (order by position, id) as ordinal from environments) as numbered
                 where numbered.id = environments.id",
            )
            .bind(GAP)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// Moves an environment to a position.
    pub(crate) async fn move_environment(
        &mut self,
        id: Uuid,
        Position(position): Position,
    ) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query("update environments set position = $1 where id = $2")
                .bind(position)
                .bind(id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// Sets the order of all environments; each comes with the time of its last change. The order
    /// must be locked.
    pub(crate) async fn set_order(&mut self, order: &[(Uuid, Time)]) -> Result<(), Error> {
        let numbered: Vec<(i64, &(Uuid, Time))> = (1..).zip(order).collect();
        for set in in_sets(&numbered) {
            on!(Transaction, self.unflushed(), |write| {
                let mut query = QueryBuilder::new("with ");
                push_table(&mut query, "given", set, |(ordinal, (id, updated_at))| {
                    [
                        ("id", (*id).into()),
                        ("position", (ordinal * GAP).into()),
                        ("updated_at", (*updated_at).into()),
                    ]
                });
                query.push(
                    " update environments set position = given.position, updated_at = given.updated_at from given \
                     where given.id = environments.id",
                );
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }
}

fn neighbour((id, position, r#type): (Uuid, i64, String)) -> Result<Neighbour, Error> {
    Ok(Neighbour {
        id,
        position,
        r#type: super::column::checked(&r#type)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: i64, r#type: EnvironmentType) -> Neighbour {
        Neighbour {
            id: Uuid::nil(),
            position,
            r#type,
        }
    }

    #[test]
    fn a_new_environment_shares_the_position_of_its_type_and_no_other() {
        use EnvironmentType::{Development, Production, Testing};
        let among = |before, after| {
            Between { before, after }
                .for_new(Testing)
                .map(|position| position.0)
        };
        assert_eq!(among(None, None), Some(GAP));
        assert_eq!(
            among(Some(at(8, Testing)), Some(at(9, Production))),
            Some(8)
        );
        assert_eq!(among(Some(at(8, Testing)), None), Some(8));
        assert_eq!(
            among(Some(at(8, Development)), Some(at(12, Production))),
            Some(10)
        );
        assert_eq!(among(Some(at(8, Development)), None), Some(8 + GAP));
        assert_eq!(among(None, Some(at(8, Production))), Some(8 - GAP));
        assert_eq!(
            among(Some(at(8, Testing)), Some(at(8, Production))),
            None,
            "both have the same position: a new environment would come after both"
        );
        assert_eq!(
            among(Some(at(8, Development)), Some(at(9, Production))),
            None,
            "there is no room"
        );
    }
}
