//! Credentials: whether the token of a request or of a session is still accepted, after its form and
//! its signature were checked.
//!
//! Every request reads the version of the database first, which the cache of answers needs anyway.
//! A part of it counts the changes that may end a token. As long as that count is the same, the
//! result of an earlier lookup holds; after a change, each credential is looked up once more. So a
//! revocation applies from the next request on, at every server of the database.

use std::sync::Arc;

use deploytrack_core::{
    digest::Digest,
    error::Error,
    store::AccessVersion,
    token::{Credential, SignedToken, StoredToken, TokenEnd},
    tracker::Tracker,
};
use quick_cache::sync::Cache;

use crate::{refusal::Refusal, token::Claims};

/// The most credentials in the cache: two or three megabytes.
const MOST: usize = 4096;

/// A credential as the database had it.
#[derive(Clone, Debug)]
enum Standing {
    /// A token of the server.
    Stored(Arc<StoredToken>, Arc<Claims>),
    /// A JSON Web Token, and whether a revocation ends it.
    Signed { revoked: bool },
}

/// The credentials that were looked up, each with the version at that time.
pub(crate) struct CredentialCache(Cache<Credential, (AccessVersion, Standing)>);

impl CredentialCache {
    pub(crate) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// Checks a JSON Web Token whose signature is valid.
    pub(crate) async fn check_signed(
        &self,
        tracker: &Tracker,
        token: &SignedToken,
        version: Option<AccessVersion>,
    ) -> Result<(), Refusal> {
        let credential = Credential::Signed(token.clone());
        let is_revoked = match self.get(&credential, version) {
            Some(Standing::Signed { revoked }) => revoked,
            _ => {
                let Some(version) = version else {
                    return Ok(());
                };
                let revoked = tracker.is_revoked(token).await?;
                self.add(credential, version, Standing::Signed { revoked });
                revoked
            }
        };
        if is_revoked {
            Err(Refusal::EndedToken(TokenEnd::Revoked))
        } else {
            Ok(())
        }
    }

    /// The claims of the token of the server whose secret has this digest, if it is valid now.
    pub(crate) async fn check_stored(
        &self,
        tracker: &Tracker,
        secret: Digest,
        version: Option<AccessVersion>,
    ) -> Result<Arc<Claims>, Refusal> {
        let (stored, claims) = self.stored(tracker, secret, version).await?;
        match stored.check(&secret, tracker.clock().now()) {
            Ok(()) => {
                tracker.note_token_used(&stored);
                Ok(claims)
            }
            Err(end) => {
                tracker.note_token_refused(&stored, end);
                Err(Refusal::EndedToken(end))
            }
        }
    }

    async fn stored(
        &self,
        tracker: &Tracker,
        secret: Digest,
        version: Option<AccessVersion>,
    ) -> Result<(Arc<StoredToken>, Arc<Claims>), Refusal> {
        let credential = Credential::Stored(secret);
        if let Some(Standing::Stored(stored, claims)) = self.get(&credential, version) {
            return Ok((stored, claims));
        }
        let found = tracker.token_by_secret(&secret).await?;
        // An unknown secret is not cached: invented ones would replace those of tokens.
        let stored = Arc::new(found.ok_or(Refusal::BadToken)?);
        let claims = Arc::new(Claims::of_stored(&stored, secret));
        if let Some(version) = version {
            let standing = Standing::Stored(stored.clone(), claims.clone());
            self.add(credential, version, standing);
        }
        Ok((stored, claims))
    }

    /// The standing that was looked up at this version. Without a version, at any.
    fn get(&self, credential: &Credential, version: Option<AccessVersion>) -> Option<Standing> {
        let (looked_up, standing) = self.0.get(credential)?;
        let is_current = version.is_none_or(|version| version == looked_up);
        is_current.then_some(standing)
    }

    fn add(&self, credential: Credential, version: AccessVersion, standing: Standing) {
        self.0.insert(credential, (version, standing));
    }
}

/// Whether an error is that of a database that cannot be used at the moment.
pub(crate) const fn is_unavailable(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_))
}
