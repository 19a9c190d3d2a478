//! Revocations of JSON Web Tokens in the database.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked, checked_option, signed},
    on,
    sqlx_error::{unexpected, unreadable},
};
use crate::{
    error::Error,
    revocation::{Revocation, RevokedTokens},
    text::Label,
    token::SignedToken,
};

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    jti: Option<String>,
    subject: Option<String>,
    created_by: String,
    created_at: Micros,
}

impl TryFrom<Row> for Revocation {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let jti = checked_option(row.jti.as_deref())?.map(RevokedTokens::Jti);
        let subject = checked_option(row.subject.as_deref())?.map(RevokedTokens::Subject);
        Ok(Self {
            id: row.id,
            tokens: jti
                .or(subject)
                .ok_or_else(|| unreadable("a revocation names no token"))?,
            created_by: checked(&row.created_by)?,
            created_at: row.created_at.0,
        })
    }
}

fn revocations(rows: Vec<Row>) -> Result<Vec<Revocation>, Error> {
    rows.into_iter().map(Revocation::try_from).collect()
}

impl Store {
    /// Part of the revocations, newest first, and how many there are.
    pub(crate) async fn revocations(
        &self,
        skip: u64,
        take: u64,
    ) -> Result<(Vec<Revocation>, u64), Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select * from revocations order by id desc limit $1 offset $2"
        )
        .bind(signed(take))
        .bind(signed(skip))
        .fetch_all(pool)
        .await)
        .map_err(unexpected)?;
        let total = self.number("select count(*) from revocations").await?;
        Ok((revocations(rows)?, total))
    }

    /// The revocations that name the id of a token or its subject.
    pub(crate) async fn revocations_naming(
        &self,
        token: &SignedToken,
    ) -> Result<Vec<Revocation>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select * from revocations where jti = $1 or subject = $2"
        )
        .bind(token.id.as_ref().map(Label::as_str))
        .bind(token.subject.as_str())
        .fetch_all(pool)
        .await)
        .map_err(unexpected)?;
        revocations(rows)
    }
}

impl Write {
    /// The number of revocations.
    pub(crate) async fn count_revocations(&mut self) -> Result<u64, Error> {
        self.number("select count(*) from revocations").await
    }

    /// Adds a revocation.
    pub(crate) async fn add_revocation(&mut self, new: &Revocation) -> Result<(), Error> {
        self.change_access();
        let (jti, subject) = match &new.tokens {
            RevokedTokens::Jti(id) => (Some(id.as_str()), None),
            RevokedTokens::Subject(subject) => (None, Some(subject.as_str())),
        };
        on!(Transaction, self.unflushed(), |write| sqlx::query(
            "insert into revocations (id, jti, subject, created_by, created_at) values ($1, $2, $3, $4, $5)"
        )
        .bind(new.id)
        .bind(jti)
        .bind(subject)
        .bind(new.created_by.as_str())
        .bind(Micros(new.created_at))
        .execute(&mut **write)
        .await
        .map(|_| ()))
        .map_err(unexpected)
    }

    /// Removes a revocation, and returns it.
    pub(crate) async fn remove_revocation(
        &mut self,
        id: Uuid,
    ) -> Result<Option<Revocation>, Error> {
        self.change_access();
        let removed: Option<Row> = on!(Transaction, self.unflushed(), |write| sqlx::query_as(
            "delete from revocations where id = $1 returning *"
        )
        .bind(id)
        .fetch_optional(&mut **write)
        .await)
        .map_err(unexpected)?;
        removed.map(Revocation::try_from).transpose()
    }
}
