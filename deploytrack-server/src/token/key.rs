//! The keys that verify tokens. A key knows its algorithm, so a token cannot choose another one: a
//! public key is never the secret of an HMAC (RFC 8725, section 3.1).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deploytrack_core::digest::Digest;
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;

/// The most keys in a set.
const MOST_KEYS: usize = 100;
/// The least bytes of the modulus of an RSA key: 2,048 bits (RFC 7518, section 3.3).
const LEAST_RSA: usize = 256;
/// The bytes of a point of P-256: both coordinates, and a byte that says so.
const P256_POINT: usize = 65;

/// A key that verifies the signatures of tokens.
#[derive(Clone)]
pub struct Key {
    /// The id, which a token may name as `kid`.
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    /// The digest of where the key comes from.
    pub(super) digest: Digest,
}

/// The reason for which a file is no key for tokens.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It is no PEM and no JSON.
    #[error("is neither a public key in PEM form nor a JSON Web Key set (RFC 7517)")]
    Format,
    /// It has a private key.
    #[error("has a private key; give the server the public one: openssl pkey -in PRIVATE -pubout")]
    Private,
    /// It has several PEM blocks.
    #[error("has more than one key in PEM form; give each a file of its own")]
    Several,
    /// The kind of key is not supported.
    #[error("has no key for RS256, ES256 (P-256) or EdDSA (Ed25519)")]
    Unsupported,
    /// The RSA key is too short.
    #[error("has an RSA key of fewer than 2048 bits")]
    ShortRsa,
    /// A set has a symmetric key.
    #[error(
        "has a symmetric key (kty oct); a shared secret belongs in --jwt-secret-file or --jwt-former-secret-file"
    )]
    Symmetric,
    /// The set is too large.
    #[error("has more than {MOST_KEYS} keys")]
    TooMany,
}

impl Key {
    /// The key of a shared secret. Its id is that of [`secret_id`].
    pub(super) fn of_secret(bytes: &[u8]) -> Self {
        Self {
            id: Some(secret_id(bytes)),
            algorithm: Algorithm::HS256,
            decoding: DecodingKey::from_secret(bytes),
            digest: Digest::of(bytes),
        }
    }

    /// The keys in a file: one in PEM form, a JSON Web Key, or a set of them.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn in_file(content: &[u8]) -> Result<Vec<Self>, KeyFault> {
        match content.first() {
            Some(b'{') => of_json(content),
            _ => of_pem(content).map(|key| vec![key]),
        }
    }

    /// The usable keys of a set that another server publishes. Keys that [`Key::in_file`] refuses are
    /// ignored: an issuer may publish some for other readers.
    ///
    /// # Errors
    /// [`KeyFault`] if it is no set, has too many keys, or none that is usable.
    pub(crate) fn in_published_set(content: &[u8]) -> Result<Vec<Self>, KeyFault> {
        let digest = Digest::of(content);
        let keys = members(content)?;
        let usable = keys.iter().filter_map(|key| of_member(key, digest).ok()?);
        some(usable.collect())
    }
}

/// The `kid` of tokens that a secret signs: enough of its digest to tell a few secrets apart.
pub(super) fn secret_id(secret: &[u8]) -> String {
    let digest = Digest::of(&[b"deploytrack kid\n", secret].concat()).to_string();
    digest.get(..16).unwrap_or_default().to_owned()
}

fn of_pem(content: &[u8]) -> Result<Key, KeyFault> {
    let text = std::str::from_utf8(content).map_err(|_| KeyFault::Format)?;
    match text.matches("-----BEGIN ").count() {
        _ if text.contains("PRIVATE KEY-----") => return Err(KeyFault::Private),
        0 => return Err(KeyFault::Format),
        1 => {}
        _ => return Err(KeyFault::Several),
    }
    let of = |algorithm, decoding| Key {
        id: None,
        algorithm,
        decoding,
        digest: Digest::of(content),
    };
    if let Ok(key) = DecodingKey::from_rsa_pem(content) {
        // The length of the whole structure, which is a little longer than its modulus.
        let is_long = key
            .try_get_as_bytes()
            .is_ok_and(|der| der.len() >= LEAST_RSA);
        return is_long
            .then(|| of(Algorithm::RS256, key))
            .ok_or(KeyFault::ShortRsa);
    }
    if let Ok(key) = DecodingKey::from_ec_pem(content) {
        let is_p256 = key
            .try_get_as_bytes()
            .is_ok_and(|point| point.len() == P256_POINT);
        return is_p256
            .then(|| of(Algorithm::ES256, key))
            .ok_or(KeyFault::Unsupported);
    }
    let key = DecodingKey::from_ed_pem(content).map_err(|_| KeyFault::Unsupported)?;
    Ok(of(Algorithm::EdDSA, key))
}

/// A set of keys, or one alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeySet {
    Set { keys: Vec<serde_json::Value> },
    One(serde_json::Value),
}

fn of_json(content: &[u8]) -> Result<Vec<Key>, KeyFault> {
    let digest = Digest::of(content);
    let mut known = Vec::new();
    for key in members(content)? {
        known.extend(of_member(&key, digest)?);
    }
    some(known)
}

/// The members of a set.
fn members(content: &[u8]) -> Result<Vec<serde_json::Value>, KeyFault> {
    let set = serde_json::from_slice(content).map_err(|_| KeyFault::Format)?;
    let keys = match set {
        KeySet::Set { keys } => keys,
        KeySet::One(key) => vec![key],
    };
    if keys.len() > MOST_KEYS {
        Err(KeyFault::TooMany)
    } else {
        Ok(keys)
    }
}

fn some(keys: Vec<Key>) -> Result<Vec<Key>, KeyFault> {
    if keys.is_empty() {
        Err(KeyFault::Unsupported)
    } else {
        Ok(keys)
    }
}

/// The key in a member of a set; `None` for one that is not understood, which is ignored (RFC 7517,
/// section 5).
fn of_member(member: &serde_json::Value, digest: Digest) -> Result<Option<Key>, KeyFault> {
    let Ok(jwk) = serde_json::from_value::<Jwk>(member.clone()) else {
        return Ok(None);
    };
    if member.get("d").is_some() {
        return Err(KeyFault::Private);
    }
    let Some(algorithm) = algorithm(&jwk)? else {
        return Ok(None);
    };
    let Ok(decoding) = DecodingKey::from_jwk(&jwk) else {
        return Ok(None);
    };
    Ok(Some(Key {
        id: jwk.common.key_id,
        algorithm,
        decoding,
        digest,
    }))
}

/// The algorithm of a key; `None` for one that is for something else, or not supported.
fn algorithm(jwk: &Jwk) -> Result<Option<Algorithm>, KeyFault> {
    if jwk
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|of| *of != PublicKeyUse::Signature)
    {
        return Ok(None);
    }
    let (by_type, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).unwrap_or_default();
            if modulus.len() < LEAST_RSA {
                return Err(KeyFault::ShortRsa);
            }
            (Algorithm::RS256, KeyAlgorithm::RS256)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::OctetKey(_) => return Err(KeyFault::Symmetric),
        _ => return Ok(None),
    };
    let fits = jwk.common.key_algorithm.is_none_or(|given| given == named);
    Ok(fits.then_some(by_type))
}
