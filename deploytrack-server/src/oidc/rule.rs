//! Rules: which identities are accepted, and what they may do.

use std::time::Duration;

use deploytrack_core::{limits::WriteLimits, pattern::NamePattern, pin::PinConflict, text::Label};
use serde_json::Value;

use super::{Condition, IdentityClaims, LimitPattern, UntrustedRun, limit::UnusableClaim};
use crate::token::Role;

/// The default lifetime of an exchanged token.
pub(crate) const LIFETIME: Duration = Duration::from_hours(1);
/// The longest lifetime of an exchanged token.
pub(crate) const LONGEST_LIFETIME: Duration = Duration::from_hours(12);

/// A rule of the settings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// The name, unique among the rules.
    pub(crate) name: Label,
    /// The URL of the issuer.
    pub(crate) issuer: String,
    /// All of them must be met.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) role: Role,
    pub(crate) components: Option<Vec<LimitPattern>>,
    pub(crate) environments: Option<Vec<LimitPattern>>,
    /// The lifetime of the tokens that are exchanged by it.
    pub(crate) lifetime: Duration,
    /// Whether it also accepts runs in which others decide what is executed.
    pub(crate) accepts_untrusted_runs: bool,
}

/// The first reason for which a rule does not accept an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The claim.
    pub(crate) claim: String,
    /// Its value in the token, if there is one.
    pub(crate) received: Option<String>,
    /// The rest of the sentence about the claim.
    pub(crate) reason: String,
    /// The number of conditions that were met before. The rule with the most is the one that was
    /// probably meant.
    pub(crate) met: usize,
}

impl Rule {
    /// The limits for an identity that the rule accepts.
    ///
    /// # Errors
    /// The first [`Mismatch`]: of the conditions in their order, then of the run, then of the limits.
    pub(crate) fn check(&self, claims: &IdentityClaims) -> Result<WriteLimits, Mismatch> {
        for (met, condition) in self.conditions.iter().enumerate() {
            if !condition.is_met(claims) {
                return Err(mismatch(claims, &condition.claim, unmet(condition), met));
            }
        }
        let met = self.conditions.len();
        if self.role > Role::Reader
            && !self.accepts_untrusted_runs
            && let Some(run) = UntrustedRun::of(claims, &self.conditions)
        {
            let reason = format!(
                "{}; a rule with accept_untrusted_runs = true accepts it for writing",
                run.reason
            );
            return Err(mismatch(claims, run.claim, reason, met));
        }
        let fill = |limits: Option<&Vec<LimitPattern>>| filled(limits, claims);
        let unusable =
            |fault: UnusableClaim| mismatch(claims, &fault.claim, fault.reason.to_owned(), met);
        Ok(WriteLimits {
            components: fill(self.components.as_ref()).map_err(unusable)?,
            environments: fill(self.environments.as_ref()).map_err(unusable)?,
        })
    }

    /// Whether a condition compares the claim with exact values.
    pub(crate) fn fixes(&self, claim: &str) -> bool {
        self.conditions
            .iter()
            .any(|condition| condition.claim == claim && condition.comparison.is_exact())
    }
}

fn filled(
    limits: Option<&Vec<LimitPattern>>,
    claims: &IdentityClaims,
) -> Result<Option<Vec<NamePattern>>, UnusableClaim> {
    let fill = |limits: &Vec<LimitPattern>| limits.iter().map(|limit| limit.fill(claims)).collect();
    limits.map(fill).transpose()
}

fn mismatch(claims: &IdentityClaims, claim: &str, reason: String, met: usize) -> Mismatch {
    Mismatch {
        claim: claim.to_owned(),
        received: claims.shown(claim),
        reason,
        met,
    }
}

/// The sentence does not contain the expected value: everybody can get an identity token of a public
/// issuer, and must not learn the names of repositories from it.
fn unmet(condition: &Condition) -> String {
    format!("its condition ({}) is not met", condition.comparison.word())
}

impl Mismatch {
    /// The mismatch of an id with its pin.
    pub(crate) fn of_pin(conflict: &PinConflict) -> Self {
        let pinned = &conflict.pin;
        Self {
            claim: pinned.claim.to_string(),
            received: conflict.received.as_ref().map(ToString::to_string),
            reason: format!(
                "{} had the id {} when the rule first accepted it; an admin removes the pin {} if this is right",
                pinned.name, pinned.value, conflict.pin.id
            ),
            met: 0,
        }
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.received {
            Some(received) => write!(f, "the claim {} is {received:?}: ", self.claim)?,
            None => write!(f, "the token has no claim {}: ", self.claim)?,
        }
        f.write_str(&self.reason)
    }
}

/// The value of a setting as the text with which claims are compared.
pub(crate) fn expected(value: &Value) -> Option<String> {
    IdentityClaims::new(serde_json::Map::from_iter([(
        "value".to_owned(),
        value.clone(),
    )]))
    .text("value")
}
