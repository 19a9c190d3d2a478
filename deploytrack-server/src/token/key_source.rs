//! Where published keys are read: a JSON Web Key Set, directly or through the discovery document of
//! an issuer.

use deploytrack_core::{
    client::{BadHttpsUrl, DocumentClient, DocumentError, HttpsUrl},
    json,
};
use serde_json::Value;

use super::{Key, KeyFault};

/// The path of the discovery document below an issuer (`OpenID` Connect Discovery 1.0, section 4).
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Where published keys are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// A JSON Web Key Set (RFC 7517).
    KeySet(HttpsUrl),
    /// The set that the discovery document of this issuer names.
    Issuer(HttpsUrl),
}

/// Why the keys of a source could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeySourceFault {
    /// A document could not be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The discovery document is no strict JSON object.
    #[error("{0} is not a JSON object with unique names")]
    Discovery(HttpsUrl),
    /// The discovery document is about another issuer.
    #[error("{url} has the issuer {found:?}, which must be exactly {expected:?}")]
    OtherIssuer {
        url: HttpsUrl,
        expected: HttpsUrl,
        found: String,
    },
    /// The discovery document names no key set by https.
    #[error("jwks_uri in {url} {source}")]
    KeySetUrl { url: HttpsUrl, source: BadHttpsUrl },
    /// The issuer has no discovery document.
    #[error("the discovery document of {0} has no URL")]
    Url(HttpsUrl),
    /// The key set has no usable key.
    #[error("{url} {source}")]
    Keys { url: HttpsUrl, source: KeyFault },
}

impl KeySource {
    /// Reads the keys. Each document has at most 1 MiB and ten seconds.
    pub(crate) async fn read(
        &self,
        documents: &DocumentClient,
    ) -> Result<Vec<Key>, KeySourceFault> {
        let url = match self {
            Self::KeySet(url) => url.clone(),
            Self::Issuer(issuer) => discover(issuer, documents).await?,
        };
        let content = documents.read(&url).await?;
        Key::in_published_set(&content).map_err(|source| KeySourceFault::Keys { url, source })
    }
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::KeySet(url) | Self::Issuer(url) => url.fmt(f),
        }
    }
}

/// The URL of the keys of an issuer. The `issuer` of the document must be exactly the configured one
/// (`OpenID` Connect Discovery 1.0, section 4.3), so that one issuer cannot answer for another.
async fn discover(
    issuer: &HttpsUrl,
    documents: &DocumentClient,
) -> Result<HttpsUrl, KeySourceFault> {
    let url = issuer
        .below(DISCOVERY)
        .map_err(|_| KeySourceFault::Url(issuer.clone()))?;
    let content = documents.read(&url).await?;
    let Ok(document) = json::object(&content) else {
        return Err(KeySourceFault::Discovery(url));
    };
    let text = |name: &str| {
        document
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let found = text("issuer");
    if found != issuer.as_str() {
        return Err(KeySourceFault::OtherIssuer {
            url,
            expected: issuer.clone(),
            found: found.chars().take(200).collect(),
        });
    }
    text("jwks_uri")
        .parse()
        .map_err(|source| KeySourceFault::KeySetUrl { url, source })
}
