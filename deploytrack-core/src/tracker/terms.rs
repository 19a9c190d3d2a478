//! The terms of a write: who makes it, once under which key, and on what condition.

use std::{
    collections::HashSet,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::TimeDelta;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::Tracker;
use crate::{
    clock::Time,
    digest::Digest,
    entity_tag::{Condition, EntityTag},
    error::Error,
    store::{Kept, Write},
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
        Self { by, once: None, only_if: None }
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

    /// Who makes the write.
    pub(super) const fn author(&self) -> &Label {
        &self.by
    }

    /// Refuses a write to something that is not as the caller has seen it.
    pub(super) fn check(&self, present: &impl Serialize) -> Result<(), Error> {
        let Some(condition) = &self.only_if else { return Ok(()) };
        let tag = EntityTag::of(&serde_json::to_vec(present).map_err(|error| Error::Internal(error.into()))?);
        if condition.means(&tag) { Ok(()) } else { Err(Error::Changed(tag)) }
    }
}

impl From<&Label> for Terms {
    fn from(by: &Label) -> Self {
        Self::by(by.clone())
    }
}

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// Its answer.
    pub value: T,
    /// Whether the write was made before, under the same idempotency key, and the answer is the one it had then.
    pub replayed: bool,
}

impl<T> Deref for Written<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The keys that are at work in this process.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<HashSet<(Label, IdempotencyKey)>>);

impl Running {
    fn keys(&self) -> std::sync::MutexGuard<'_, HashSet<(Label, IdempotencyKey)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key at work; it is free again when this is dropped.
#[derive(Debug)]
struct Claim {
    running: Arc<Running>,
    subject: Label,
    once: Once,
}

impl Claim {
    fn make(running: &Arc<Running>, subject: &Label, once: &Once) -> Result<Self, Error> {
        if !running.keys().insert((subject.clone(), once.key.clone())) {
            return Err(Error::InFlight);
        }
        Ok(Self { running: running.clone(), subject: subject.clone(), once: once.clone() })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.running.keys().remove(&(self.subject.clone(), self.once.key.clone()));
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
    now: Time,
    retention: TimeDelta,
}

/// What there is to do under the terms of a write.
#[derive(Debug)]
pub(super) enum Begun<T> {
    /// The work.
    Work(Work),
    /// Nothing: it was done before.
    Done(Written<T>),
}

impl Tracker {
    /// Begins a write, unless it was made before under the same key.
    pub(super) async fn begin<T: DeserializeOwned>(&self, terms: &Terms, now: Time) -> Result<Begun<T>, Error> {
        let claim = terms.once.as_ref().map(|once| Claim::make(&self.running, &terms.by, once)).transpose()?;
        let mut write = self.store.write().await?;
        if let Some(Claim { subject, once, .. }) = &claim {
            if !write.take_key(subject, &once.key).await? {
                return Err(Error::InFlight);
            }
            match write.kept_answer(subject, &once.key, now).await? {
                Some(kept) if kept.request != once.request => return Err(Error::KeyReused { recorded: id_in(&kept.answer) }),
                Some(kept) => {
                    let value = serde_json::from_str(&kept.answer).map_err(|error| Error::Internal(error.into()))?;
                    return Ok(Begun::Done(Written { value, replayed: true }));
                }
                None => {}
            }
        }
        Ok(Begun::Work(Work { write, claim, now, retention: self.retention }))
    }
}

impl Work {
    /// Makes the write durable, and its answer with it when there is a key to keep it under.
    pub(super) async fn finish<T: Serialize>(mut self, value: T) -> Result<Written<T>, Error> {
        if let Some(Claim { subject, once, .. }) = &self.claim {
            let answer = serde_json::to_string(&value).map_err(|error| Error::Internal(error.into()))?;
            let kept = Kept { request: once.request, answer };
            self.write.keep_answer((subject, &once.key), &kept, (self.now, self.now + self.retention)).await?;
        }
        self.write.commit().await?;
        Ok(Written { value, replayed: false })
    }
}
