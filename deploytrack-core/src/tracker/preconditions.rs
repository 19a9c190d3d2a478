//! The terms of a write: its author, its idempotency key, its condition, and when it was sent.
//!
//! A write excludes other writes with its idempotency key in two steps. A [`KeyClaim`] excludes the
//! requests in this process, before the transaction begins. [`Write::lock_key`] or
//! [`Write::lock_keys`] excludes the requests of other servers, in the transaction.

use std::{
    collections::HashSet,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::TimeDelta;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{Resemblance, Tracker};
use crate::{
    archive::ArchiveNote,
    arrival::Arrival,
    clock::Time,
    deployment::Deployment,
    digest::Digest,
    entity_tag::{Condition, EntityTag},
    error::Error,
    limits::WriteLimits,
    origin::Origin,
    store::{NewAnswer, ScopedKey, StoredAnswer, Write},
    text::{IdempotencyKey, Label},
};

/// How long an answer stays under its idempotency key, unless [`Tracker::with_retention`] sets
/// another time.
pub const RETENTION: TimeDelta = TimeDelta::hours(24);

/// The terms of a write. A `&Label` converts into terms with only an author.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The author.
    by: Label,
    /// The components and environments that the author may write to.
    limits: WriteLimits,
    once: Option<IdempotentRequest>,
    /// The condition of `If-Match`.
    only_if: Option<Condition>,
    /// The sender's clock at the time of sending.
    sent_at: Option<Time>,
    /// The job that the author is, if its token was exchanged.
    origin: Option<Box<Origin>>,
}

/// A request under an idempotency key: it is carried out once, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// The key. Keys of different subjects are independent.
    pub key: IdempotencyKey,
    /// The digest that distinguishes the request from another one under the same key.
    pub request: Digest,
}

impl Terms {
    /// The terms with only an author.
    #[must_use]
    pub fn by(by: Label) -> Self {
        Self {
            by,
            limits: WriteLimits::default(),
            once: None,
            only_if: None,
            sent_at: None,
            origin: None,
        }
    }

    /// Rejects the write unless its component and environment are within these limits. They apply to
    /// deployments: recording, updating, undeploying.
    #[must_use]
    pub fn within(self, limits: WriteLimits) -> Self {
        Self { limits, ..self }
    }

    /// Carries out the write once under this key: a repeated request gets the first answer again.
    #[must_use]
    pub fn once(self, once: Option<IdempotentRequest>) -> Self {
        Self { once, ..self }
    }

    /// Carries out the write only if the condition holds for the current state of the object.
    #[must_use]
    pub fn only_if(self, condition: Option<Condition>) -> Self {
        Self {
            only_if: condition,
            ..self
        }
    }

    /// Sets the sender's clock at the time of sending: times in the write are read by that clock,
    /// see [`crate::arrival`].
    #[must_use]
    pub fn sent_at(self, sent_at: Option<Time>) -> Self {
        Self { sent_at, ..self }
    }

    /// Sets the origin of the author, which the history stores.
    #[must_use]
    pub fn from_origin(self, origin: Option<Box<Origin>>) -> Self {
        Self { origin, ..self }
    }

    /// The origin of the author.
    pub(super) fn origin(&self) -> Option<Box<Origin>> {
        self.origin.clone()
    }

    /// The arrival of the write at this time.
    pub(super) const fn arriving(&self, at: Time) -> Arrival {
        Arrival {
            at,
            sent_at: self.sent_at,
        }
    }

    /// The author of the write.
    #[must_use]
    pub const fn author(&self) -> &Label {
        &self.by
    }

    /// The components and environments that the author may write to.
    pub(super) const fn limits(&self) -> &WriteLimits {
        &self.limits
    }

    /// Rejects a write to the cell of a deployment that is outside the limits.
    pub(super) fn check_limits(&self, deployment: &Deployment) -> Result<(), Error> {
        self.limits
            .check_cell(&deployment.component_name, &deployment.environment_name)
    }

    /// Rejects a write if the condition does not hold for the present state of the object.
    pub(super) fn check(&self, present: &impl Serialize) -> Result<(), Error> {
        let Some(condition) = &self.only_if else {
            return Ok(());
        };
        let tag = EntityTag::of(
            &serde_json::to_vec(present).map_err(|error| Error::Internal(error.into()))?,
        );
        if condition.matches(&tag) {
            Ok(())
        } else {
            Err(Error::Changed(tag))
        }
    }
}

impl From<&Label> for Terms {
    fn from(by: &Label) -> Self {
        Self::by(by.clone())
    }
}

/// The outcome of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOutcome<T> {
    /// The answer.
    pub value: T,
    /// Whether this is the answer of an earlier request under the same idempotency key.
    pub replayed: bool,
    /// The names that were registered although they look like typing errors, under the guard that
    /// only warns.
    pub resembles: Vec<Resemblance>,
    /// What the write found archived, each name once, in order.
    pub archived: Vec<ArchiveNote>,
}

impl<T> WriteOutcome<T> {
    /// The same outcome with another answer.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> WriteOutcome<U> {
        WriteOutcome {
            value: change(self.value),
            replayed: self.replayed,
            resembles: self.resembles,
            archived: self.archived,
        }
    }
}

impl<T> Deref for WriteOutcome<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The idempotency keys of running requests in this process.
#[derive(Debug, Default)]
pub(super) struct ActiveKeys(Mutex<HashSet<ScopedKey>>);

impl ActiveKeys {
    fn keys(&self) -> std::sync::MutexGuard<'_, HashSet<ScopedKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The claim of a key by a running request. Dropping it releases the key.
#[derive(Debug)]
pub(super) struct KeyClaim {
    active_keys: Arc<ActiveKeys>,
    pub(super) key: ScopedKey,
    request: Digest,
}

impl Terms {
    /// Claims the key of the write, if it has one.
    pub(super) fn claim(&self, active_keys: &Arc<ActiveKeys>) -> Result<Option<KeyClaim>, Error> {
        let Some(IdempotentRequest { key, request }) = &self.once else {
            return Ok(None);
        };
        let key = ScopedKey {
            subject: self.by.clone(),
            key: key.clone(),
        };
        if !active_keys.keys().insert(key.clone()) {
            return Err(Error::InFlight);
        }
        Ok(Some(KeyClaim {
            active_keys: active_keys.clone(),
            key,
            request: *request,
        }))
    }
}

impl KeyClaim {
    /// Returns the answer that is stored under the key as the answer to this request.
    pub(super) fn replay<T: DeserializeOwned>(
        &self,
        stored: &StoredAnswer,
    ) -> Result<WriteOutcome<T>, Error> {
        if stored.request != self.request {
            return Err(Error::KeyReused {
                recorded: id_in(&stored.answer),
            });
        }
        let value =
            serde_json::from_str(&stored.answer).map_err(|error| Error::Internal(error.into()))?;
        Ok(WriteOutcome {
            value,
            replayed: true,
            resembles: Vec::new(),
            archived: Vec::new(),
        })
    }

    /// The answer to this request, to be stored under the key.
    pub(super) fn new_answer(
        &self,
        value: &impl Serialize,
        given_at: Time,
        retention: TimeDelta,
    ) -> Result<NewAnswer, Error> {
        let answer = serde_json::to_string(value).map_err(|error| Error::Internal(error.into()))?;
        let stored = StoredAnswer {
            request: self.request,
            answer,
        };
        Ok(NewAnswer {
            key: self.key.clone(),
            stored,
            given_at,
            expires_at: given_at + retention,
        })
    }
}

impl Drop for KeyClaim {
    fn drop(&mut self) {
        self.active_keys.keys().remove(&self.key);
    }
}

/// The id in a stored answer.
fn id_in(answer: &str) -> Option<Uuid> {
    serde_json::from_str::<serde_json::Value>(answer)
        .ok()?
        .get("id")?
        .as_str()?
        .parse()
        .ok()
}

/// A write that has begun under its terms.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) write: Write,
    claim: Option<KeyClaim>,
    /// The start of the write by [`crate::clock::Clock::steady`], for the expiry of its answer.
    steady: Time,
    retention: TimeDelta,
}

/// The start of a write.
#[derive(Debug)]
pub(super) enum Start<T> {
    /// The write has begun.
    Work(Box<Work>),
    /// The request was carried out before; this is its answer.
    Replay(WriteOutcome<T>),
}

impl Tracker {
    /// Begins a write, or returns the answer that is stored under its key.
    pub(super) async fn begin<T: DeserializeOwned>(
        &self,
        terms: &Terms,
    ) -> Result<Start<T>, Error> {
        self.begin_claimed(terms.claim(&self.active_keys)?).await
    }

    /// Begins a write in the same way, with a key that is already claimed.
    pub(super) async fn begin_claimed<T: DeserializeOwned>(
        &self,
        claim: Option<KeyClaim>,
    ) -> Result<Start<T>, Error> {
        let (mut write, steady) = (self.store.write().await?, self.clock.steady());
        if let Some(claim) = &claim {
            if !write.lock_key(&claim.key).await? {
                return Err(Error::InFlight);
            }
            if let Some(stored) = write
                .stored_answers(std::slice::from_ref(&claim.key), steady)
                .await?
                .get(&claim.key)
            {
                return claim.replay(stored).map(Start::Replay);
            }
        }
        Ok(Start::Work(Box::new(Work {
            write,
            claim,
            steady,
            retention: self.retention,
        })))
    }
}

impl Work {
    /// Commits the write, and stores its answer if there is a key.
    pub(super) async fn finish<T: Serialize>(mut self, value: T) -> Result<WriteOutcome<T>, Error> {
        if let Some(claim) = &self.claim {
            self.write
                .store_answer(claim.new_answer(&value, self.steady, self.retention)?);
        }
        self.write.commit().await?;
        Ok(WriteOutcome {
            value,
            replayed: false,
            resembles: Vec::new(),
            archived: Vec::new(),
        })
    }
}
