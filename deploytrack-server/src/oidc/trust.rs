//! The trusted issuers and the rules in use, and the check of an identity token against them.

use std::sync::{Arc, PoisonError, RwLock};

use deploytrack_core::{
    client::DocumentClient,
    clock::{Time, format},
    limits::WriteLimits,
    origin::Origin,
    pin::NamedId,
    text::Label,
    tracker::RefusedIdentity,
};
use jsonwebtoken::{Algorithm, Header};
use serde_json::{Map, Value, json};

use super::{
    IdentityClaims, IdentityFault, OidcSettings, Rule, file::TrustedIssuer, provenance,
    rule::Mismatch,
};
use crate::token::{KeySource, RemoteKeys, is_valid_header, part};

/// The most bytes of an identity token. The documented ones have about 2 KiB.
pub(crate) const MOST_BYTES: usize = 16 * 1024;
/// The tolerated difference of clocks, in seconds, for `nbf` and `iat`.
const LEEWAY: f64 = 60.0;

/// The trusted issuers and the rules of one state of the settings.
pub(crate) struct Trust {
    issuers: Vec<(TrustedIssuer, Arc<RemoteKeys>)>,
    rules: Vec<Rule>,
}

/// An identity token whose signature, times and audience are right.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedIdentity {
    pub(crate) issuer: Label,
    pub(crate) claims: IdentityClaims,
    /// When it was issued, in whole seconds since 1970, if it states that.
    pub(crate) issued: Option<i64>,
}

impl Trust {
    pub(crate) fn new(settings: OidcSettings, documents: &DocumentClient) -> Self {
        let with_keys = |issuer: TrustedIssuer| {
            let source = KeySource::Issuer(issuer.url.clone());
            (issuer, Arc::new(RemoteKeys::new(source, documents.clone())))
        };
        Self {
            issuers: settings.issuers.into_iter().map(with_keys).collect(),
            rules: settings.rules,
        }
    }

    /// Continues with the keys that former settings read from the same issuers.
    fn continue_from(&self, former: &Self) {
        for (issuer, keys) in &self.issuers {
            let same = former
                .issuers
                .iter()
                .find(|(known, _)| known.name == issuer.name);
            if let Some((_, former)) = same {
                keys.continue_from(former);
            }
        }
    }

    /// Checks everything about an identity token but the rules. Only the keys of a configured issuer
    /// are ever read: the token's own `jku`, `x5u` and `jwk` are not used.
    pub(crate) async fn verify(
        &self,
        token: &str,
        now: Time,
    ) -> Result<VerifiedIdentity, IdentityFault> {
        if token.len() > MOST_BYTES {
            return Err(IdentityFault::TooLong);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| IdentityFault::NotAToken)?;
        let is_valid = is_valid_header(token, &header) && is_asymmetric(&header);
        let claims = part(token, 1).filter(|_| is_valid);
        let claims = claims.ok_or(IdentityFault::NotAToken)?;
        let (issuer, keys) = self.issuer_of(&claims)?;
        match keys.have_signed(token, &header, now).await {
            Ok(true) => {}
            Ok(false) => return Err(IdentityFault::Signature(issuer.name.clone())),
            Err(_) => return Err(IdentityFault::KeysUnavailable(issuer.name.clone())),
        }
        let issued_at = check_times(&claims, now)?;
        check_audience(issuer, &claims)?;
        Ok(VerifiedIdentity {
            issuer: issuer.name.clone(),
            claims: IdentityClaims::new(claims),
            issued: issued_at,
        })
    }

    /// Checks the audience for which a client wants a token, if it names one.
    pub(crate) fn check_target(
        &self,
        identity: &VerifiedIdentity,
        audience: Option<&str>,
    ) -> Result<(), IdentityFault> {
        let Some(audience) = audience else {
            return Ok(());
        };
        let is_known = self.issuers.iter().any(|(issuer, _)| {
            issuer.name == identity.issuer && issuer.audiences.iter().any(|own| own == audience)
        });
        is_known.then_some(()).ok_or_else(|| IdentityFault::Target {
            issuer: identity.issuer.clone(),
            audience: audience.chars().take(200).collect(),
        })
    }

    fn issuer_of(
        &self,
        claims: &Map<String, Value>,
    ) -> Result<&(TrustedIssuer, Arc<RemoteKeys>), IdentityFault> {
        let stated = claims.get("iss").and_then(Value::as_str);
        let found = self
            .issuers
            .iter()
            .find(|(issuer, _)| Some(issuer.url.as_str()) == stated);
        let unknown =
            || IdentityFault::Issuer(stated.map(|stated| stated.chars().take(200).collect()));
        found.ok_or_else(unknown)
    }

    /// The rules of the issuer of an identity in their order, with the limits that each would give, or
    /// the first reason for which it does not accept the identity.
    pub(crate) fn judge(
        &self,
        identity: &VerifiedIdentity,
    ) -> impl Iterator<Item = (&Rule, Result<WriteLimits, Mismatch>)> {
        self.rules
            .iter()
            .filter(|rule| rule.issuer == identity.issuer.as_str())
            .map(|rule| (rule, rule.check(&identity.claims)))
    }

    /// The first rule that accepts an identity, and the limits that it gives.
    pub(crate) fn accept(
        &self,
        identity: &VerifiedIdentity,
    ) -> Result<(&Rule, WriteLimits), IdentityFault> {
        let (mut nearest, mut count) = (None::<(&Rule, Mismatch)>, 0);
        for (rule, judged) in self.judge(identity) {
            match judged {
                Ok(limits) => return Ok((rule, limits)),
                Err(mismatch) => {
                    count += 1;
                    if nearest
                        .as_ref()
                        .is_none_or(|(_, near)| near.met < mismatch.met)
                    {
                        nearest = Some((rule, mismatch));
                    }
                }
            }
        }
        Err(match nearest {
            None => IdentityFault::NoRules(identity.issuer.clone()),
            Some((rule, mismatch)) => IdentityFault::NoRule {
                rule: rule.name.clone(),
                mismatch,
                others: count - 1,
            },
        })
    }
}

impl VerifiedIdentity {
    /// The origin of writes by this rule.
    pub(crate) fn origin(&self, rule: &Rule) -> Origin {
        provenance::origin(rule, &self.issuer, &self.claims)
    }

    /// What the audit notes when this identity gets no token.
    pub(crate) fn refused(&self, why: &IdentityFault) -> RefusedIdentity {
        RefusedIdentity {
            issuer: self.issuer.clone(),
            repository: provenance::repository(&self.claims),
            why: why.to_string(),
        }
    }

    /// The names whose ids are pinned with this rule.
    pub(crate) fn named_ids(&self, rule: &Rule) -> Vec<NamedId> {
        provenance::named_ids(rule, &self.claims)
    }

    /// The text that all jobs of one repository and one rule share.
    pub(crate) fn spool_seed(&self, rule: &Rule) -> String {
        let repository = provenance::repository_key(&self.claims);
        json!([self.issuer, rule.name, repository]).to_string()
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

fn is_asymmetric(header: &Header) -> bool {
    matches!(
        header.alg,
        Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
    )
}

/// Checks `exp`, which is required, and `nbf` and `iat`, which are not. Returns `iat`.
fn check_times(claims: &Map<String, Value>, now: Time) -> Result<Option<i64>, IdentityFault> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds up to the year 9999 are exact in a double"
    )]
    let seconds = now.timestamp() as f64;
    let time = |claim: &'static str| match claims.get(claim) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            Some(time) if (0.0..1e12).contains(&time) => Ok(Some(time)),
            _ => Err(IdentityFault::NoTime(claim)),
        },
    };
    let expires = time("exp")?.ok_or(IdentityFault::NoTime("exp"))?;
    let shown = || format(&now);
    if seconds >= expires {
        return Err(IdentityFault::Expired { now: shown() });
    }
    let (issued, not_before) = (time("iat")?, time("nbf")?);
    for (claim, time) in [("nbf", not_before), ("iat", issued)] {
        if time.is_some_and(|time| time > seconds + LEEWAY) {
            return Err(IdentityFault::Early {
                claim,
                now: shown(),
            });
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "they are below 1e12")]
    let whole = |time: f64| time as i64;
    Ok(issued.map(whole))
}

/// Checks that one of the audiences of the token is one of the issuer's. `aud` is a text or a list of
/// texts (RFC 7519, section 4.1.3).
fn check_audience(
    issuer: &TrustedIssuer,
    claims: &Map<String, Value>,
) -> Result<(), IdentityFault> {
    let received: Option<Vec<&str>> = match claims.get("aud") {
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let received = received.unwrap_or_default();
    let is_for_us = received
        .iter()
        .any(|received| issuer.audiences.iter().any(|own| own == received));
    if is_for_us {
        return Ok(());
    }
    Err(IdentityFault::Audience {
        issuer: issuer.name.clone(),
        received: received.join(", ").chars().take(200).collect(),
    })
}

/// The trust in use. A reload replaces it.
#[derive(Default)]
pub(crate) struct CurrentTrust(RwLock<Option<Arc<Trust>>>);

impl CurrentTrust {
    /// The trust, if issuers are configured.
    pub(crate) fn get(&self) -> Option<Arc<Trust>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the issuers and rules. Keys of issuers that stay are still known.
    pub(crate) fn replace(&self, next: Option<Arc<Trust>>) {
        if let (Some(next), Some(former)) = (&next, self.get()) {
            next.continue_from(&former);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}
