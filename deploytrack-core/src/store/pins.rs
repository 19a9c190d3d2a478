//! Pins in the database.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked, signed},
    on,
    sqlx_error::unexpected,
};
use crate::{error::Error, pin::Pin, text::Label};

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    issuer: String,
    rule: String,
    claim: String,
    name: String,
    value: String,
    created_at: Micros,
}

impl TryFrom<Row> for Pin {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            issuer: checked(&row.issuer)?,
            rule: checked(&row.rule)?,
            claim: checked(&row.claim)?,
            name: checked(&row.name)?,
            value: checked(&row.value)?,
            created_at: row.created_at.0,
        })
    }
}

/// Selects the pin of a name.
const PIN: &str = "select * from pins where issuer = $1 and rule = $2 and claim = $3 and name = $4";

/// The name that a pin belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PinKey<'a> {
    pub(crate) issuer: &'a Label,
    pub(crate) rule: &'a Label,
    pub(crate) claim: &'a Label,
    pub(crate) name: &'a Label,
}

impl Store {
    /// Part of the pins, the newest first, and how many there are.
    pub(crate) async fn pins(&self, skip: u64, take: u64) -> Result<(Vec<Pin>, u64), Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select * from pins order by created_at desc, id desc limit $1 offset $2"
        )
        .bind(signed(take))
        .bind(signed(skip))
        .fetch_all(pool)
        .await)
        .map_err(unexpected)?;
        let total = self.number("select count(*) from pins").await?;
        let pins = rows.into_iter().map(Pin::try_from);
        Ok((pins.collect::<Result<_, _>>()?, total))
    }

    /// The pin of a name.
    pub(crate) async fn pin(&self, key: PinKey<'_>) -> Result<Option<Pin>, Error> {
        let row: Option<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(PIN)
            .bind(key.issuer.as_str())
            .bind(key.rule.as_str())
            .bind(key.claim.as_str())
            .bind(key.name.as_str())
            .fetch_optional(pool)
            .await)
        .map_err(unexpected)?;
        row.map(Pin::try_from).transpose()
    }
}

impl Write {
    /// The pin of a name, as this write sees it.
    pub(crate) async fn pin(&mut self, key: PinKey<'_>) -> Result<Option<Pin>, Error> {
        let row: Option<Row> = on!(Transaction, self.unflushed(), |write| sqlx::query_as(PIN)
            .bind(key.issuer.as_str())
            .bind(key.rule.as_str())
            .bind(key.claim.as_str())
            .bind(key.name.as_str())
            .fetch_optional(&mut **write)
            .await)
        .map_err(unexpected)?;
        row.map(Pin::try_from).transpose()
    }

    /// The number of pins.
    pub(crate) async fn count_pins(&mut self) -> Result<u64, Error> {
        self.number("select count(*) from pins").await
    }

    /// Adds a pin. If the name has one, it writes nothing and returns false.
    pub(crate) async fn add_pin(&mut self, pin: &Pin) -> Result<bool, Error> {
        let added = on!(Transaction, self.unflushed(), |write| sqlx::query(
            "insert into pins (id, issuer, rule, claim, name, value, created_at) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        )
        .bind(pin.id)
        .bind(pin.issuer.as_str())
        .bind(pin.rule.as_str())
        .bind(pin.claim.as_str())
        .bind(pin.name.as_str())
        .bind(pin.value.as_str())
        .bind(Micros(pin.created_at))
        .execute(&mut **write)
        .await
        .map(|done| done.rows_affected()))
        .map_err(unexpected)?;
        Ok(added == 1)
    }

    /// Removes a pin, and returns it.
    pub(crate) async fn remove_pin(&mut self, id: Uuid) -> Result<Option<Pin>, Error> {
        let removed: Option<Row> = on!(Transaction, self.unflushed(), |write| sqlx::query_as(
            "delete from pins where id = $1 returning *"
        )
        .bind(id)
        .fetch_optional(&mut **write)
        .await)
        .map_err(unexpected)?;
        removed.map(Pin::try_from).transpose()
    }
}
