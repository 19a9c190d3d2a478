//! Tokens: creating, listing, rotating and revoking them, and finding the token of a secret.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    Start, Terms, Tracker, WriteOutcome, audit::add_token_event, in_own_task, page_links::counted,
    preconditions::Work,
};
use crate::{
    catalog::Reference,
    clock,
    digest::Digest,
    error::Error,
    event::EventType,
    query::{Page, PageRequest},
    text::Label,
    token::{CreatedToken, MOST, NewToken, Rotation, StoredToken, Token, TokenSecret},
};

impl Tracker {
    /// Part of the tokens, in name order. A token that has ended is listed for another 30 days. Tokens
    /// of an exchange are not listed.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn tokens(&self, page: PageRequest) -> Result<Page<Token>, Error> {
        let (tokens, total) = self.store.tokens(page.skip(), page.take()).await?;
        let tokens = tokens.into_iter().map(|stored| stored.token).collect();
        counted(page, (tokens, total))
    }

    /// The token with this id, or the valid one with this name.
    ///
    /// # Errors
    /// [`Error::NotFound`], and errors of the database.
    pub async fn token(&self, which: Reference) -> Result<Token, Error> {
        let found = self.store.token(&which).await?;
        found
            .map(|stored| stored.token)
            .ok_or_else(|| no_token(&which))
    }

    /// The token whose secret, or whose secret before the last rotation, has this digest.
    /// [`StoredToken::check`] decides whether it is valid.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn token_by_secret(&self, secret: &Digest) -> Result<Option<StoredToken>, Error> {
        self.store.token_by_secret(secret).await
    }

    /// Creates a token with a secret. `seed` is returned again when the request is repeated under its
    /// idempotency key: the secret is not stored, and the caller makes it again from the seed.
    ///
    /// # Errors
    /// [`Error::TokenExists`], [`Error::TooManyTokens`], errors of an idempotency key, and errors of
    /// the database.
    pub async fn create_token(
        &self,
        new: NewToken,
        secret: &TokenSecret,
        seed: String,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<CreatedToken>, Error> {
        let (this, terms, secret) = (self.clone(), terms.into(), secret.digest());
        in_own_task(async move {
            let stored = this.new_token(new, secret, terms.author().clone());
            let (at, token) = (stored.token.created_at, &stored.token);
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            work.write.remove_ended_tokens(at).await?;
            if work.write.count_tokens(at).await? >= MOST {
                return Err(Error::TooManyTokens(MOST));
            }
            work.write.free_name_of_token(&token.name, at).await?;
            if !work.write.add_token(&stored).await? {
                return Err(Error::TokenExists(stored.token.name));
            }
            let (r#type, by) = (EventType::TokenCreated, (at, terms.author()));
            add_token_event(&mut work.write, r#type, token, rights(token), by);
            let token = stored.token;
            work.finish(CreatedToken { token, seed }).await
        })
        .await
    }

    fn new_token(&self, new: NewToken, secret: Digest, created_by: Label) -> StoredToken {
        let now = self.clock.now();
        let token = Token {
            id: self.next_id(),
            name: new.name,
            subject: new.subject,
            role: new.role.within(&new.limits),
            components: new.limits.components,
            environments: new.limits.environments,
            created_by,
            created_at: now,
            expires_at: now + new.lifetime,
            rotated_at: None,
            former_ends_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        StoredToken {
            token,
            secret,
            former: None,
            exchanged: false,
            origin: None,
        }
    }

    /// Gives a token a new secret, as [`StoredToken::rotated`] describes. `longest` is the longest
    /// lifetime that a token gets. `seed` is that of
    /// [`Tracker::create_token`].
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::TokenEnded`], errors of an idempotency key, and errors of the
    /// database.
    pub async fn rotate_token(
        &self,
        which: Reference,
        Rotation { grace }: Rotation,
        longest: TimeDelta,
        secret: &TokenSecret,
        seed: String,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<CreatedToken>, Error> {
        let (this, terms, secret) = (self.clone(), terms.into(), secret.digest());
        in_own_task(async move {
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            let found = work.write.lock_token(&which).await?;
            let found = found.ok_or_else(|| no_token(&which))?;
            let now = this.clock.now();
            if let Some(end) = found.token.end(now) {
                let name = found.token.name;
                let reason = end.sentence();
                return Err(Error::TokenEnded { name, reason });
            }
            let rotated = found.rotated(secret, grace, longest, now);
            work.write.write_rotation(&rotated).await?;
            note_rotation(&mut work, &rotated.token, (now, terms.author()));
            let token = rotated.token;
            work.finish(CreatedToken { token, seed }).await
        })
        .await
    }

    /// Revokes a token: every server of the database refuses it from the next request on. A token
    /// that was revoked stays as it was.
    ///
    /// # Errors
    /// [`Error::NotFound`], and errors of the database.
    pub async fn revoke_token(&self, which: Reference, by: &Label) -> Result<(), Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let found = write.lock_token(&which).await?;
            let token = found.ok_or_else(|| no_token(&which))?.token;
            if token.revoked_at.is_some() {
                return Ok(());
            }
            let now = this.clock.now();
            write.write_token_revocation(token.id, now).await?;
            add_token_event(&mut write, EventType::TokenRevoked, &token, [], (now, &by));
            write.commit().await
        })
        .await
    }
}

fn note_rotation(work: &mut Work, token: &Token, by: (clock::Time, &Label)) {
    let time = |time: Option<clock::Time>| json!(time.as_ref().map(clock::format));
    let more = [
        ("expiresAt", time(Some(token.expires_at))),
        ("formerEndsAt", time(token.former_ends_at)),
    ];
    add_token_event(&mut work.write, EventType::TokenRotated, token, more, by);
}

/// The rights of a token, for its event. Absent limits are left out.
fn rights(token: &Token) -> impl Iterator<Item = (&'static str, Value)> {
    let all = [
        ("role", json!(token.role)),
        ("components", json!(token.components)),
        ("environments", json!(token.environments)),
        ("expiresAt", json!(clock::format(&token.expires_at))),
    ];
    all.into_iter().filter(|(_, value)| !value.is_null())
}

fn no_token(which: &Reference) -> Error {
    Error::NotFound {
        what: "token",
        key: which.to_string(),
    }
}
