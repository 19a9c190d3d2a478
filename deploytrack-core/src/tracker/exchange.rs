//! The exchange of an accepted identity token for a token of the server.

use super::{Tracker, in_own_task};
use crate::{
    clock::Time,
    digest::Digest,
    error::Error,
    limits::WriteLimits,
    origin::Origin,
    pin::NamedId,
    role::Role,
    text::Label,
    token::{StoredToken, Token},
};

/// An identity that a rule accepts, and the token that it gets.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What the identity token states about the job.
    pub origin: Origin,
    /// The names in it whose ids are pinned.
    pub named: Vec<NamedId>,
    /// The author of the writes.
    pub subject: Label,
    /// The role; an admin with limits becomes a writer.
    pub role: Role,
    /// The components and environments that it may write to.
    pub limits: WriteLimits,
    /// The digest of the secret. A repetition of the exchange has the same one.
    pub secret: Digest,
    /// When the token ends.
    pub expires_at: Time,
}

/// The outcome of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeOutcome {
    /// A new token, or the one that a former exchange of the same identity token created.
    Valid(Box<Token>),
    /// The token that a former exchange created was revoked or has expired.
    Ended,
}

/// A verified identity that gets no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedIdentity {
    /// The issuer.
    pub issuer: Label,
    /// The repository or project, as the issuer names it.
    pub repository: Option<Label>,
    /// The reason.
    pub why: String,
}

impl RefusedIdentity {
    /// The repository, or the issuer if it names none.
    pub(super) fn name(&self) -> &Label {
        self.repository.as_ref().unwrap_or(&self.issuer)
    }
}

impl Tracker {
    /// Exchanges an identity for a token. The ids of its names are compared with their pins, and
    /// pinned at their first use, in the same transaction.
    ///
    /// # Errors
    /// [`Error::PinConflict`], [`Error::TooManyPins`], and errors of the database.
    pub async fn exchange(&self, exchange: Exchange) -> Result<ExchangeOutcome, Error> {
        let this = self.clone();
        in_own_task(async move {
            let now = this.clock.now();
            let mut write = this.store.write().await?;
            let by = (now, &exchange.subject);
            this.pin_in(&mut write, &exchange.origin, &exchange.named, by)
                .await?;
            if let Some(stored) = write.token_with_secret(&exchange.secret).await? {
                // Pins that were removed since are pinned again.
                write.commit().await?;
                return Ok(match stored.token.end(now) {
                    None => ExchangeOutcome::Valid(Box::new(stored.token)),
                    Some(_) => ExchangeOutcome::Ended,
                });
            }
            write.remove_ended_tokens(now).await?;
            write.remove_ended_exchanges(now).await?;
            let stored = this.exchanged(exchange, now)?;
            write.add_token(&stored).await?;
            write.commit().await?;
            Ok(ExchangeOutcome::Valid(Box::new(stored.token)))
        })
        .await
    }

    fn exchanged(&self, exchange: Exchange, now: Time) -> Result<StoredToken, Error> {
        let token = Token {
            id: self.next_id(),
            name: "exchanged".parse()?,
            created_by: exchange.subject.clone(),
            subject: exchange.subject,
            role: exchange.role.within(&exchange.limits),
            components: exchange.limits.components,
            environments: exchange.limits.environments,
            created_at: now,
            expires_at: exchange.expires_at,
            rotated_at: None,
            former_ends_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        Ok(StoredToken {
            token,
            secret: exchange.secret,
            former: None,
            exchanged: true,
            origin: Some(Box::new(exchange.origin)),
        })
    }
}
