//! A set of keys with which the signatures of tokens are checked.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::de::IgnoredAny;

use super::Key;

/// A set of keys with which the signatures of tokens are checked.
#[derive(Default)]
pub(crate) struct Keyring(Vec<(Key, Validation)>);

impl Keyring {
    pub(crate) fn new(keys: Vec<Key>) -> Self {
        let keys = keys.into_iter().map(|key| {
            let validation = validation(&key);
            (key, validation)
        });
        Self(keys.collect())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the keys has signed a token with this header.
    pub(crate) fn has_signed(&self, token: &str, header: &Header) -> bool {
        self.candidates(header).any(|(key, validation)| {
            jsonwebtoken::decode::<IgnoredAny>(token, &key.decoding, validation).is_ok()
        })
    }

    /// Whether a key has the algorithm and the `kid` of this header.
    pub(crate) fn names(&self, header: &Header) -> bool {
        header.kid.is_some()
            && self
                .0
                .iter()
                .any(|(key, _)| key.algorithm == header.alg && key.id == header.kid)
    }

    /// The keys that may have signed a token: those of its algorithm with its `kid`. Without a `kid`,
    /// or with one that no key has, all of them that a token need not name.
    fn candidates(&self, header: &Header) -> impl Iterator<Item = &(Key, Validation)> {
        let of_algorithm = self.0.iter().filter(|(key, _)| key.algorithm == header.alg);
        let is_known = self.names(header);
        let kid = header.kid.clone();
        of_algorithm.filter(move |(key, _)| {
            if is_known {
                key.id == kid
            } else {
                kid.is_none() || key.id.is_none() || key.algorithm == Algorithm::HS256
            }
        })
    }
}

/// What the library checks with a key: the signature by its algorithm. It ignores `nbf`, accepts
/// tokens without `aud` and reads the machine's clock, so all claims are checked elsewhere, against
/// the tracker's clock.
fn validation(key: &Key) -> Validation {
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}
