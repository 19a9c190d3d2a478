//! The keys of the server, those of an attacker, and signatures by them.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use deploytrack_tests::caller::SECRET;
use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use super::good_claims;

/// A pair of keys with its algorithm and its id.
pub(super) struct Pair {
    pub(super) algorithm: Algorithm,
    pub(super) kid: &'static str,
    pub(super) private: EncodingKey,
    pub(super) public_pem: String,
    public_der: Vec<u8>,
}

/// The pairs whose public keys the server accepts, and one that it does not know.
pub(super) struct Keys {
    pub(super) known: Vec<Pair>,
    pub(super) foreign: Pair,
}

impl Pair {
    fn new(kid: &'static str, algorithm: Algorithm) -> Self {
        let signature = match algorithm {
            Algorithm::RS256 => &PKCS_RSA_SHA256,
            Algorithm::ES256 => &PKCS_ECDSA_P256_SHA256,
            _ => &PKCS_ED25519,
        };
        let pair = KeyPair::generate_for(signature).unwrap();
        let pem = pair.serialize_pem();
        let private = match algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            _ => EncodingKey::from_ed_pem(pem.as_bytes()),
        };
        Self {
            algorithm,
            kid,
            private: private.unwrap(),
            public_pem: pair.public_key_pem(),
            public_der: der(&pair.public_key_pem()),
        }
    }

    /// The public key as a JSON Web Key.
    pub(super) fn jwk(&self) -> Value {
        if self.algorithm == Algorithm::EdDSA {
            let x = &self.public_der[self.public_der.len() - 32..];
            return json!({"kty": "OKP", "crv": "Ed25519", "x": base64(x), "kid": self.kid});
        }
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        json!(jwk)
    }

    /// The public key in all forms in which it could be taken for the secret of an HMAC.
    pub(super) fn as_secrets(&self) -> Vec<(&'static str, Vec<u8>)> {
        let pem = self.public_pem.as_bytes();
        let mut forms = vec![
            ("PEM", pem.to_vec()),
            (
                "PEM without its last line break",
                pem.trim_ascii_end().to_vec(),
            ),
            ("DER", self.public_der.clone()),
            ("JWK", self.jwk().to_string().into_bytes()),
        ];
        for part in ["n", "x"] {
            if let Some(value) = self.jwk()[part].as_str() {
                forms.push((
                    "the number of the JWK",
                    URL_SAFE_NO_PAD.decode(value).unwrap(),
                ));
            }
        }
        forms
    }

    /// A token with this header and these claims, signed by this pair with this algorithm.
    pub(super) fn sign(&self, header: &Value, claims: &Value, algorithm: Algorithm) -> String {
        let message = message(&header.to_string(), &claims.to_string());
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.private, algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            known: vec![
                Pair::new("rsa-1", Algorithm::RS256),
                Pair::new("ec-1", Algorithm::ES256),
                Pair::new("ed-1", Algorithm::EdDSA),
            ],
            foreign: Pair::new("foreign", Algorithm::ES256),
        }
    }

    /// The set of public keys that the server reads.
    pub(super) fn public_set(&self) -> String {
        let keys: Vec<_> = self.known.iter().map(Pair::jwk).collect();
        json!({ "keys": keys }).to_string()
    }

    /// A valid token of each pair.
    pub(super) fn good_tokens(&self) -> Vec<String> {
        let sign = |pair: &Pair| {
            let header = json!({"alg": pair.algorithm, "typ": "JWT", "kid": pair.kid});
            pair.sign(&header, &good_claims(), pair.algorithm)
        };
        self.known.iter().map(sign).collect()
    }
}

/// The bytes in a PEM block.
fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with('-'));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

pub(super) fn base64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The first two parts of a token.
pub(super) fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", base64(header), base64(claims))
}

/// A signature of a message by a secret.
pub(super) fn hmac(message: &str, secret: &[u8], algorithm: Algorithm) -> String {
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap()
}

/// A token with this header and these claims, signed with the secret of the server.
pub(super) fn signed(header: &str, claims: &str) -> String {
    let message = message(header, claims);
    let signature = hmac(&message, SECRET.as_bytes(), Algorithm::HS256);
    format!("{message}.{signature}")
}
