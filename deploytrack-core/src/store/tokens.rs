//! Tokens in the database.

use chrono::TimeDelta;
use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked, digest, origin_text, signed, stored_origin, unsigned},
    on,
    sqlx_error::{unexpected, unreadable},
};
use crate::{
    catalog::Reference,
    clock::Time,
    digest::Digest,
    error::Error,
    pattern::NamePattern,
    text::{Label, Name},
    token::{StoredToken, Token},
};

/// How long a token that has ended remains in the list, and its uses in the audit.
const RETAINED: TimeDelta = TimeDelta::days(30);
/// How long a token of an exchange that has ended remains: a repetition of the exchange finds it.
const RETAINED_EXCHANGES: TimeDelta = TimeDelta::days(1);

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    name: String,
    subject: String,
    role: String,
    components: Option<String>,
    environments: Option<String>,
    exchanged: bool,
    secret: Vec<u8>,
    former_secret: Option<Vec<u8>>,
    created_by: String,
    created_at: Micros,
    expires_at: Micros,
    rotated_at: Option<Micros>,
    former_ends_at: Option<Micros>,
    last_used_at: Option<Micros>,
    revoked_at: Option<Micros>,
    origin: Option<String>,
}

impl TryFrom<Row> for StoredToken {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let time = |micros: Option<Micros>| micros.map(|micros| micros.0);
        Ok(Self {
            token: Token {
                id: row.id,
                name: checked(&row.name)?,
                subject: checked(&row.subject)?,
                role: checked(&row.role)?,
                components: patterns(row.components.as_deref())?,
                environments: patterns(row.environments.as_deref())?,
                created_by: checked(&row.created_by)?,
                created_at: row.created_at.0,
                expires_at: row.expires_at.0,
                rotated_at: time(row.rotated_at),
                former_ends_at: time(row.former_ends_at),
                last_used_at: time(row.last_used_at),
                revoked_at: time(row.revoked_at),
            },
            secret: digest(&row.secret)?,
            former: row.former_secret.as_deref().map(digest).transpose()?,
            exchanged: row.exchanged,
            origin: stored_origin(row.origin.as_deref())?,
        })
    }
}

/// Reads a list of patterns, if the token has one.
fn patterns(column: Option<&str>) -> Result<Option<Vec<NamePattern>>, Error> {
    column
        .map(serde_json::from_str)
        .transpose()
        .map_err(unreadable)
}

/// A list of patterns as it is stored.
fn as_json(patterns: Option<&Vec<NamePattern>>) -> Result<Option<String>, Error> {
    patterns
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| Error::Internal(error.into()))
}

fn token(row: Option<Row>) -> Result<Option<StoredToken>, Error> {
    row.map(StoredToken::try_from).transpose()
}

impl Store {
    /// Part of the tokens that no exchange made, in name order, and how many there are.
    pub(crate) async fn tokens(
        &self,
        skip: u64,
        take: u64,
    ) -> Result<(Vec<StoredToken>, u64), Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select * from tokens where not exchanged order by name, created_at, id limit $1 offset $2"
        )
        .bind(signed(take))
        .bind(signed(skip))
        .fetch_all(pool)
        .await)
        .map_err(unexpected)?;
        let total = self
            .number("select count(*) from tokens where not exchanged")
            .await?;
        let tokens = rows.into_iter().map(StoredToken::try_from);
        Ok((tokens.collect::<Result<_, _>>()?, total))
    }

    /// The token with this id, or the valid one with this name.
    pub(crate) async fn token(&self, which: &Reference) -> Result<Option<StoredToken>, Error> {
        let row: Option<Row> = on!(Pool, &self.reads, |pool| match which {
            Reference::Id(id) => sqlx::query_as("select * from tokens where id = $1").bind(*id),
            Reference::Name(name) =>
                sqlx::query_as("select * from tokens where name_key = $1").bind(name.key()),
        }
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        token(row)
    }

    /// The token whose secret, or whose secret before the last rotation, has this digest.
    pub(crate) async fn token_by_secret(
        &self,
        secret: &Digest,
    ) -> Result<Option<StoredToken>, Error> {
        let row: Option<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select * from tokens where secret = $1 or former_secret = $1"
        )
        .bind(&secret.as_bytes()[..])
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        token(row)
    }

    /// Notes when tokens were last used. It is no commit that readers wait for: an answer that is
    /// cached stays valid.
    pub(crate) async fn note_tokens_used(&self, used: &[(Uuid, Time)]) -> Result<(), Error> {
        let mut transaction = self.begin_write(super::Purpose::Change).await?;
        on!(Transaction, &mut transaction, |write| async {
            for (id, at) in used {
                sqlx::query("update tokens set last_used_at = $1 where id = $2 and (last_used_at is null or last_used_at < $1)")
                    .bind(Micros(*at))
                    .bind(*id)
                    .execute(&mut **write)
                    .await?;
            }
            Ok(())
        }
        .await)
        .map_err(unexpected)?;
        on!(Transaction, transaction, |write| write.commit().await).map_err(unexpected)
    }
}

impl Write {
    /// The number of tokens that are valid at this time, without those of exchanges.
    pub(crate) async fn count_tokens(&mut self, now: Time) -> Result<u64, Error> {
        let count: i64 = on!(Transaction, self.unflushed(), |write| sqlx::query_scalar(
            "select count(*) from tokens where not exchanged and revoked_at is null and expires_at > $1"
        )
        .bind(Micros(now))
        .fetch_one(&mut **write)
        .await)
        .map_err(unexpected)?;
        Ok(unsigned(count))
    }

    /// Removes the tokens that ended long ago.
    pub(crate) async fn remove_ended_tokens(&mut self, now: Time) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| sqlx::query(
            "delete from tokens where expires_at < $1 or revoked_at < $1"
        )
        .bind(Micros(now - RETAINED))
        .execute(&mut **write)
        .await
        .map(|_| ()))
        .map_err(unexpected)
    }

    /// Removes the tokens of exchanges that ended a day ago.
    pub(crate) async fn remove_ended_exchanges(&mut self, now: Time) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| sqlx::query(
            "delete from tokens where expires_at < $1 and exchanged"
        )
        .bind(Micros(now - RETAINED_EXCHANGES))
        .execute(&mut **write)
        .await
        .map(|_| ()))
        .map_err(unexpected)
    }

    /// The token whose secret has this digest, as this write sees it.
    pub(crate) async fn token_with_secret(
        &mut self,
        secret: &Digest,
    ) -> Result<Option<StoredToken>, Error> {
        let row: Option<Row> = on!(Transaction, self.unflushed(), |write| sqlx::query_as(
            "select * from tokens where secret = $1"
        )
        .bind(&secret.as_bytes()[..])
        .fetch_optional(&mut **write)
        .await)
        .map_err(unexpected)?;
        token(row)
    }

    /// Takes the name from the token that has it, if that one has expired.
    pub(crate) async fn free_name_of_token(&mut self, name: &Name, now: Time) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| sqlx::query(
            "update tokens set name_key = null where name_key = $1 and expires_at <= $2"
        )
        .bind(name.key())
        .bind(Micros(now))
        .execute(&mut **write)
        .await
        .map(|_| ()))
        .map_err(unexpected)
    }

    /// Adds a token. If its name or its secret is taken, it writes nothing and returns false.
    pub(crate) async fn add_token(&mut self, new: &StoredToken) -> Result<bool, Error> {
        let token = &new.token;
        let (components, environments) = (
            as_json(token.components.as_ref())?,
            as_json(token.environments.as_ref())?,
        );
        let name_key = (!new.exchanged).then(|| token.name.key());
        let added = on!(Transaction, self.unflushed(), |write| sqlx::query(
            "insert into tokens (id, name, name_key, subject, role, components, environments, exchanged, secret, created_by, created_at, \
             expires_at, origin) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing",
        )
        .bind(token.id)
        .bind(token.name.as_str())
        .bind(name_key)
        .bind(token.subject.as_str())
        .bind(token.role.as_str())
        .bind(components)
        .bind(environments)
        .bind(new.exchanged)
        .bind(&new.secret.as_bytes()[..])
        .bind(token.created_by.as_str())
        .bind(Micros(token.created_at))
        .bind(Micros(token.expires_at))
        .bind(new.origin.as_deref().map(origin_text))
        .execute(&mut **write)
        .await
        .map(|done| done.rows_affected()))
        .map_err(unexpected)?;
        Ok(added == 1)
    }

    /// Locks the token with this id, or the valid one with this name, and returns it.
    pub(crate) async fn lock_token(
        &mut self,
        which: &Reference,
    ) -> Result<Option<StoredToken>, Error> {
        // An update that changes nothing locks the row on both databases.
        let row: Option<Row> = on!(Transaction, self.unflushed(), |write| match which {
            Reference::Id(id) =>
                sqlx::query_as("update tokens set name = name where id = $1 returning *").bind(*id),
            Reference::Name(name) =>
                sqlx::query_as("update tokens set name = name where name_key = $1 returning *")
                    .bind(name.key()),
        }
        .fetch_optional(&mut **write)
        .await)
        .map_err(unexpected)?;
        token(row)
    }

    /// Writes the secrets and times of a rotated token.
    pub(crate) async fn write_rotation(&mut self, rotated: &StoredToken) -> Result<(), Error> {
        self.change_access();
        let (token, former) = (&rotated.token, rotated.former.as_ref());
        on!(Transaction, self.unflushed(), |write| sqlx::query(
            "update tokens set secret = $1, former_secret = $2, rotated_at = $3, former_ends_at = $4, expires_at = $5 where id = $6"
        )
        .bind(&rotated.secret.as_bytes()[..])
        .bind(former.map(|former| &former.as_bytes()[..]))
        .bind(token.rotated_at.map(Micros))
        .bind(token.former_ends_at.map(Micros))
        .bind(Micros(token.expires_at))
        .bind(token.id)
        .execute(&mut **write)
        .await
        .map(|_| ()))
        .map_err(unexpected)
    }

    /// Notes a token as revoked. Its name can be used again.
    pub(crate) async fn write_token_revocation(
        &mut self,
        id: Uuid,
        now: Time,
    ) -> Result<(), Error> {
        self.change_access();
        on!(Transaction, self.unflushed(), |write| sqlx::query(
            "update tokens set revoked_at = $1, name_key = null where id = $2"
        )
        .bind(Micros(now))
        .bind(id)
        .execute(&mut **write)
        .await
        .map(|_| ()))
        .map_err(unexpected)
    }

    /// Notes all valid tokens of a subject as revoked, and returns their number.
    pub(crate) async fn revoke_tokens_of(
        &mut self,
        subject: &Label,
        now: Time,
    ) -> Result<u64, Error> {
        self.change_access();
        on!(Transaction, self.unflushed(), |write| sqlx::query(
            "update tokens set revoked_at = $1, name_key = null where subject = $2 and revoked_at is null and expires_at > $1"
        )
        .bind(Micros(now))
        .bind(subject.as_str())
        .execute(&mut **write)
        .await
        .map(|done| done.rows_affected()))
        .map_err(unexpected)
    }

    /// Notes the first use of a token. Returns whether it is the first one.
    pub(crate) async fn note_first_use(&mut self, id: Uuid, at: Time) -> Result<bool, Error> {
        let noted = on!(Transaction, self.unflushed(), |write| sqlx::query(
            "update tokens set last_used_at = $1 where id = $2 and last_used_at is null"
        )
        .bind(Micros(at))
        .bind(id)
        .execute(&mut **write)
        .await
        .map(|done| done.rows_affected()))
        .map_err(unexpected)?;
        Ok(noted == 1)
    }

    /// Notes that a secret of an ended token was refused. Returns whether that was not noted since
    /// this time.
    pub(crate) async fn note_refusal(
        &mut self,
        id: Uuid,
        at: Time,
        since: Time,
    ) -> Result<bool, Error> {
        let noted = on!(Transaction, self.unflushed(), |write| sqlx::query(
            "update tokens set refused_at = $1 where id = $2 and (refused_at is null or refused_at <= $3)"
        )
        .bind(Micros(at))
        .bind(id)
        .bind(Micros(since))
        .execute(&mut **write)
        .await
        .map(|done| done.rows_affected()))
        .map_err(unexpected)?;
        Ok(noted == 1)
    }
}
