//! Idempotency keys of the requests for one deployment.

use deploytrack_core::{client::Error, status::Status, text::IdempotencyKey};
use uuid::Uuid;

/// A new random key.
pub(crate) fn random() -> Result<IdempotencyKey, Error> {
    checked(&Uuid::new_v4().to_string())
}

/// The key that was given, or a random one. The request that is sent now and the one in the spool
/// must have the same key.
pub(crate) fn or_random(given: Option<IdempotencyKey>) -> Result<IdempotencyKey, Error> {
    given.map_or_else(random, Ok)
}

/// The key of a transition that belongs to the request with this key.
pub(super) fn of_transition(request: &IdempotencyKey, to: Status) -> Result<IdempotencyKey, Error> {
    checked(&format!("{request}-{to}"))
}

fn checked(text: &str) -> Result<IdempotencyKey, Error> {
    IdempotencyKey::new(text).map_err(|why| Error::Setup(format!("an idempotency key {why}")))
}
