//! Sessions of the pages and their codes in the database.

use sqlx::FromRow;

use super::{
    Store, Write,
    column::{Micros, checked, checked_option, digest},
    on,
    sqlx_error::unexpected,
};
use crate::{
    clock::Time,
    digest::Digest,
    error::Error,
    session::{MOST, MOST_OF_SUBJECT, StoredSession},
    text::Label,
    token::{Credential, SignedToken},
};

#[derive(Debug, FromRow)]
struct Row {
    subject: String,
    admin: bool,
    verifier: Vec<u8>,
    expires_at: Micros,
    token_ends: Micros,
    token_secret: Option<Vec<u8>>,
    jti: Option<String>,
    issued_at: Option<Micros>,
}

impl TryFrom<Row> for StoredSession {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let subject: Label = checked(&row.subject)?;
        let credential = match row.token_secret {
            Some(secret) => Credential::Stored(digest(&secret)?),
            None => Credential::Signed(SignedToken {
                id: checked_option(row.jti.as_deref())?,
                subject: subject.clone(),
                issued_at: row.issued_at.map(|time| time.0),
            }),
        };
        Ok(Self {
            subject,
            credential,
            admin: row.admin,
            verifier: digest(&row.verifier)?,
            expires_at: row.expires_at.0,
            token_ends: row.token_ends.0,
        })
    }
}

impl Store {
    /// The session with this hash of its id, or the code with this hash.
    pub(crate) async fn session(
        &self,
        id: &Digest,
        is_code: bool,
    ) -> Result<Option<StoredSession>, Error> {
        let row: Option<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select subject, admin, verifier, expires_at, token_ends, token_secret, jti, issued_at from sessions where id = $1 and is_code = $2"
        )
        .bind(&id.as_bytes()[..])
        .bind(is_code)
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        row.map(StoredSession::try_from).transpose()
    }
}

impl Write {
    /// Removes a session or a code, and returns it if there was one.
    pub(crate) async fn take_session(
        &mut self,
        id: &Digest,
        is_code: bool,
    ) -> Result<Option<StoredSession>, Error> {
        let row: Option<Row> = on!(Transaction, self.unflushed(), |write| sqlx::query_as(
            "delete from sessions where id = $1 and is_code = $2 returning *"
        )
        .bind(&id.as_bytes()[..])
        .bind(is_code)
        .fetch_optional(&mut **write)
        .await)
        .map_err(unexpected)?;
        row.map(StoredSession::try_from).transpose()
    }

    /// Adds a session or a code. Removes what has ended, and the oldest ones above the limits.
    pub(crate) async fn add_session(
        &mut self,
        id: &Digest,
        is_code: bool,
        session: &StoredSession,
        now: Time,
    ) -> Result<(), Error> {
        let (secret, id_of_token, issued_at) = match &session.credential {
            Credential::Stored(secret) => (Some(secret), None, None),
            Credential::Signed(token) => {
                let id = token.id.as_ref().map(Label::as_str);
                (None, id, token.issued_at)
            }
        };
        on!(Transaction, self.unflushed(), |write| async {
            sqlx::query("delete from sessions where expires_at <= $1")
                .bind(Micros(now))
                .execute(&mut **write)
                .await?;
            sqlx::query(
                "delete from sessions where id in (
                     select id from sessions where subject = $1 and is_code = $2 order by created_at desc limit 1000000 offset $3
                 )",
            )
            .bind(session.subject.as_str())
            .bind(is_code)
            .bind(MOST_OF_SUBJECT - 1)
            .execute(&mut **write)
            .await?;
            sqlx::query(
                "delete from sessions where id in (select id from sessions order by created_at desc limit 1000000 offset $1)",
            )
            .bind(MOST - 1)
            .execute(&mut **write)
            .await?;
            sqlx::query(
                "insert into sessions (id, is_code, subject, admin, verifier, created_at, expires_at, token_ends, token_secret, jti, issued_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            )
            .bind(&id.as_bytes()[..])
            .bind(is_code)
            .bind(session.subject.as_str())
            .bind(session.admin)
            .bind(&session.verifier.as_bytes()[..])
            .bind(Micros(now))
            .bind(Micros(session.expires_at))
            .bind(Micros(session.token_ends))
            .bind(secret.map(|secret| &secret.as_bytes()[..]))
            .bind(id_of_token)
            .bind(issued_at.map(Micros))
            .execute(&mut **write)
            .await
            .map(|_| ())
        }
        .await)
        .map_err(unexpected)
    }
}
