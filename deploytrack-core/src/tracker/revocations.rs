//! Revocations of JSON Web Tokens: creating, listing and removing them, and asking whether a token is
//! revoked.

use serde_json::json;
use uuid::Uuid;

use super::{
    Start, Terms, Tracker, WriteOutcome, audit::add_revocation_event, in_own_task,
    page_links::counted,
};
use crate::{
    error::Error,
    event::EventType,
    query::{Page, PageRequest},
    revocation::{MOST, Revocation, RevokedTokens},
    text::Label,
    token::SignedToken,
};

impl Tracker {
    /// Part of the revocations, newest first.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn revocations(&self, page: PageRequest) -> Result<Page<Revocation>, Error> {
        let found = self.store.revocations(page.skip(), page.take()).await?;
        counted(page, found)
    }

    /// Revokes JSON Web Tokens by their `jti` or their subject. That of a subject also revokes the
    /// tokens of the subject that the server stores.
    ///
    /// # Errors
    /// [`Error::TooManyRevocations`], errors of an idempotency key, and errors of the database.
    pub async fn revoke(
        &self,
        tokens: RevokedTokens,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<Revocation>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            if work.write.count_revocations().await? >= MOST {
                return Err(Error::TooManyRevocations(MOST));
            }
            let revocation = Revocation {
                id: this.next_id(),
                tokens,
                created_by: terms.author().clone(),
                created_at: this.clock.now(),
            };
            let (at, write) = (revocation.created_at, &mut work.write);
            write.add_revocation(&revocation).await?;
            let stored = match &revocation.tokens {
                RevokedTokens::Jti(_) => None,
                RevokedTokens::Subject(subject) => Some(write.revoke_tokens_of(subject, at).await?),
            };
            let more = stored.map(|count| ("storedTokens", json!(count)));
            let (r#type, by) = (EventType::RevocationCreated, (at, terms.author()));
            add_revocation_event(write, r#type, &revocation, more, by);
            work.finish(revocation).await
        })
        .await
    }

    /// Removes a revocation: its JSON Web Tokens are valid again until they expire. Stored tokens of
    /// the subject stay revoked.
    ///
    /// # Errors
    /// [`Error::NotFound`], and errors of the database.
    pub async fn remove_revocation(&self, id: Uuid, by: &Label) -> Result<(), Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let mut write = this.store.write().await?;
            let Some(removed) = write.remove_revocation(id).await? else {
                return Err(Error::NotFound {
                    what: "revocation",
                    key: id.to_string(),
                });
            };
            let by = (this.clock.now(), &by);
            add_revocation_event(&mut write, EventType::RevocationRemoved, &removed, None, by);
            write.commit().await
        })
        .await
    }

    /// Whether a revocation ends a JSON Web Token. The answer stays the same until
    /// [`AccessVersion`](crate::store::AccessVersion) changes.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn is_revoked(&self, token: &SignedToken) -> Result<bool, Error> {
        let naming = self.store.revocations_naming(token).await?;
        Ok(naming.iter().any(|revocation| revocation.covers(token)))
    }
}
