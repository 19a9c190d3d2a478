//! The examples of identity tokens.

use deploytrack_core::{
    exchange::{ExchangedToken, ISSUED_TOKEN_TYPE, IdentityExplanation, RuleExplanation},
    pin::{Pin, PinConflict},
    text::Label,
};
use serde_json::{Value, json};

use super::{answers::page, parsed, world::time};
use crate::{
    oidc::{IdentityFault, Mismatch},
    refusal::Refusal,
};

/// The id of a pin.
pub(crate) const PIN: &str = "01a209b4-2f10-7b3c-8d21-7e95c1f0a4d6";
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const RULE: &str = "web deploys";

pub(crate) fn exchanged_token() -> Value {
    let token = ExchangedToken {
        access_token: "dtk_9WfUq2mV0cYkT7bXz4RaLd1PsJ8hNe0Nx3aB".to_owned(),
        issued_token_type: ISSUED_TOKEN_TYPE.to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: 3598,
        spool_key: "5f1c6a0e2b9d47f38ac1d5e60b7f92a4c3e81d7065fa2b94e1087cd3b6f5a912".to_owned(),
    };
    json!(token)
}

pub(crate) fn identity_explanation() -> Value {
    let mismatch = mismatch();
    let explanation = IdentityExplanation {
        issuer: parsed(GITHUB),
        audiences: vec!["https://deploytrack.example.com".to_owned()],
        rules: vec![
            RuleExplanation {
                rule: parsed(RULE),
                accepts: false,
                claim: Some(mismatch.claim),
                received: mismatch.received,
                reason: Some(mismatch.reason),
            },
            RuleExplanation {
                rule: parsed("read everywhere"),
                accepts: true,
                claim: None,
                received: None,
                reason: None,
            },
        ],
    };
    json!(explanation)
}

pub(crate) fn page_of_pins() -> Value {
    json!(page(vec![pin()], 1, None))
}

fn pin() -> Pin {
    Pin {
        id: parsed(PIN),
        issuer: parsed(GITHUB),
        rule: parsed(RULE),
        claim: parsed("repository_id"),
        name: parsed("octo-org/octo-repo"),
        value: parsed("74"),
        created_at: time("2026-11-23T18:39:00.112Z"),
    }
}

fn mismatch() -> Mismatch {
    Mismatch {
        claim: "ref".to_owned(),
        received: Some("refs/heads/fix".to_owned()),
        reason: "its condition (equals) is not met".to_owned(),
        met: 1,
    }
}

/// The refusals of an identity token.
pub(crate) fn identity_refusals() -> Vec<Refusal> {
    let faults = [
        IdentityFault::Off,
        IdentityFault::NoRule {
            rule: parsed(RULE),
            mismatch: mismatch(),
            others: 1,
        },
        IdentityFault::KeysUnavailable(parsed(GITHUB)),
        IdentityFault::Pin(Box::new(PinConflict {
            pin: pin(),
            received: Label::new("91").ok(),
        })),
    ];
    let refusals = faults.map(|fault| Refusal::from(fault).of_exchange());
    refusals.into()
}
