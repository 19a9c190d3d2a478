//! The terms of a write: who makes it, once under which key, and on what condition.

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
    digest::Digest,
    entity_tag::{Condition, EntityTag},
    error::Error,
    store::{Answer, Kept, Key, Write},
    text::{IdempotencyKey, Label},
};

/// How long the answer to a request is kept under its idempotency key, unless the tracker was told otherwise.
pub const RETENTION: TimeDelta = TimeDelta::hours(24);

/// The terms of a write. Who makes it is enough: `&label` serves wherever terms are asked for.
#[derive(Clone, Debug)]
pub struct Terms {
    by: Label,
    once: Option<Once>,
    only_if: Option<Condition>,
    sent_at: Option<Time>,
}

/// A key under which a request is carried out once, however often it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The key. Each caller has keys of its own.
    pub key: IdempotencyKey,
    /// What tells the request from another one under the same key.
    pub request: Digest,
}

impl Terms {
    /// A write by somebody, without more.
    #[must_use]
    pub fn by(by: Label) -> Self {
        Self { by, once: None, only_if: None, sent_at: None }
    }

    /// The write is made once under this key: when it comes again, the first answer is given again.
    #[must_use]
    pub fn once(self, once: Option<Once>) -> Self {
        Self { once, ..self }
    }

    /// The write is made only if what it changes is as the caller has seen it.
    #[must_use]
    pub fn only_if(self, condition: Option<Condition>) -> Self {
        Self { only_if: condition, ..self }
    }

    /// The sender's clock when the write was sent: times in it are read by that clock, see [`crate::arrival`].
    #[must_use]
    pub fn sent_at(self, sent_at: Option<Time>) -> Self {
        Self { sent_at, ..self }
    }

    /// The write as it arrives now.
    pub(super) const fn arriving(&self, at: Time) -> Arrival {
        Arrival { at, sent_at: self.sent_at }
    }

    /// Who makes the write.
    #[must_use]
    pub const fn author(&self) -> &Label {
        &self.by
    }

    /// Refuses a write to something that is not as the caller has seen it.
    pub(super) fn check(&self, present: &impl Serialize) -> Result<(), Error> {
        let Some(condition) = &self.only_if else { return Ok(()) };
        let tag = EntityTag::of(&serde_json::to_vec(present).map_err(|error| Error::Internal(error.into()))?);
        if condition.matches(&tag) { Ok(()) } else { Err(Error::Changed(tag)) }
    }
}

impl From<&Label> for Terms {
    fn from(by: &Label) -> Self {
        Self::by(by.clone())
    }
}

/// What a write did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// Its answer.
    pub value: T,
    /// Whether the write was made before, under the same idempotency key, and the answer is the one it had then.
    pub replayed: bool,
    /// The names that it registered although they look like typing errors, where the guard only warns.
    pub resembles: Vec<Resemblance>,
    /// What it found archived, each once, in order.
    pub archived: Vec<ArchiveNote>,
}

impl<T> Deref for Written<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The keys that are at work in this process.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashSet<Key>>);

impl Running {
    fn keys(&self) -> std::sync::MutexGuard<'_, HashSet<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key at work; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    running: Arc<Running>,
    pub(super) key: Key,
    request: Digest,
}

impl Terms {
    /// Claims the key of the write, if it has one.
    pub(super) fn claim(&self, running: &Arc<Running>) -> Result<Option<Claim>, Error> {
        let Some(Once { key, request }) = &self.once else { return Ok(None) };
        let key = Key { subject: self.by.clone(), key: key.clone() };
        if !running.keys().insert(key.clone()) {
            return Err(Error::InFlight);
        }
        Ok(Some(Claim { running: running.clone(), key, request: *request }))
    }
}

impl Claim {
    /// The answer that was kept under the key, as the answer to this request.
    pub(super) fn replayed<T: DeserializeOwned>(&self, kept: &Kept) -> Result<Written<T>, Error> {
        if kept.request != self.request {
            return Err(Error::KeyReused { recorded: id_in(&kept.answer) });
        }
        let value = serde_json::from_str(&kept.answer).map_err(|error| Error::Internal(error.into()))?;
        Ok(Written { value, replayed: true, resembles: Vec::new(), archived: Vec::new() })
    }

    /// The answer to this request, to be kept under the key.
    pub(super) fn answered(&self, value: &impl Serialize, given_at: Time, retention: TimeDelta) -> Result<Answer, Error> {
        let answer = serde_json::to_string(value).map_err(|error| Error::Internal(error.into()))?;
        let kept = Kept { request: self.request, answer };
        Ok(Answer { key: self.key.clone(), kept, given_at, expires_at: given_at + retention })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.running.keys().remove(&self.key);
    }
}

/// The id of the record that a kept answer shows.
fn id_in(answer: &str) -> Option<Uuid> {
    serde_json::from_str::<serde_json::Value>(answer).ok()?.get("id")?.as_str()?.parse().ok()
}

/// A write that has begun under its terms.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) write: Write,
    claim: Option<Claim>,
    steady: Time,
    retention: TimeDelta,
}

/// What there is to do under the terms of a write.
#[derive(Debug)]
pub(super) enum Begun<T> {
    /// The work.
    Work(Box<Work>),
    /// Nothing: it was done before.
    Done(Written<T>),
}

impl Tracker {
    /// Begins a write of its own, unless it was made before under the same key.
    pub(super) async fn begin<T: DeserializeOwned>(&self, terms: &Terms) -> Result<Begun<T>, Error> {
        self.begin_claimed(terms.claim(&self.running)?).await
    }

    /// The same, where the key has been claimed.
    pub(super) async fn begin_claimed<T: DeserializeOwned>(&self, claim: Option<Claim>) -> Result<Begun<T>, Error> {
        let (mut write, steady) = (self.store.write().await?, self.clock.steady());
        if let Some(claim) = &claim {
            if !write.take_key(&claim.key).await? {
                return Err(Error::InFlight);
            }
            if let Some(kept) = write.kept_answers(std::slice::from_ref(&claim.key), steady).await?.get(&claim.key) {
                return claim.replayed(kept).map(Begun::Done);
            }
        }
        Ok(Begun::Work(Box::new(Work { write, claim, steady, retention: self.retention })))
    }
}

impl Work {
    /// Makes the write durable, and its answer with it when there is a key to keep it under.
    pub(super) async fn finish<T: Serialize>(mut self, value: T) -> Result<Written<T>, Error> {
        if let Some(claim) = &self.claim {
            self.write.keep_answer(claim.answered(&value, self.steady, self.retention)?);
        }
        self.write.commit().await?;
        Ok(Written { value, replayed: false, resembles: Vec::new(), archived: Vec::new() })
    }
}
