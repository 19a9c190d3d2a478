//! `POST /api/v1/oidc/explain`: how the rules judge an identity token.

use deploytrack_core::exchange::{IdentityExplanation, RuleExplanation};
use http::StatusCode;

use super::request::{ExchangeRequest, form};
use crate::{
    App,
    oidc::{IdentityFault, Mismatch, Rule, VerifiedIdentity},
    openapi::{OperationDraft, examples, group},
    refusal::Refusal,
    request::Call,
    response::{HandlerResult, untagged},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::IDENTITY,
        "explainIdentity",
        "Explain the rules for an identity token",
        "Checks an identity token as `exchangeToken` does, and returns for each rule of its issuer whether it accepts the identity, or the \
         first claim that does not fit. It writes nothing. The values that the rules expect are not returned: everybody can get an identity \
         token of a public issuer.",
    )
    .any_body(form())
    .answers::<IdentityExplanation>(
        StatusCode::OK,
        "The rules of the issuer.",
        examples::identity_explanation(),
    )
    .refuses(examples::identity_refusals())
    .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
}

/// Explains how the rules judge the identity token in the form.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    Box::pin(answer(call)).await.map_err(Refusal::of_exchange)
}

async fn answer(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    let app = call.app().clone();
    let request = ExchangeRequest::of(call.form().await?)?;
    let trust = app.trust.get().ok_or(IdentityFault::Off)?;
    let now = app.tracker.clock().now();
    let identity = trust.verify(&request.subject_token, now).await?;
    let mut rules = Vec::new();
    for (rule, judged) in trust.judge(&identity) {
        rules.push(explanation(&app, &identity, rule, judged.err()).await?);
    }
    let explanation = IdentityExplanation {
        audiences: identity.claims.texts("aud"),
        issuer: identity.issuer,
        rules,
    };
    untagged(StatusCode::OK, &explanation)
}

async fn explanation(
    app: &App,
    identity: &VerifiedIdentity,
    rule: &Rule,
    mismatch: Option<Mismatch>,
) -> Result<RuleExplanation, Refusal> {
    let mismatch = match mismatch {
        None => pin_mismatch(app, identity, rule).await?,
        found => found,
    };
    Ok(RuleExplanation {
        rule: rule.name.clone(),
        accepts: mismatch.is_none(),
        claim: mismatch.as_ref().map(|mismatch| mismatch.claim.clone()),
        received: mismatch
            .as_ref()
            .and_then(|mismatch| mismatch.received.clone()),
        reason: mismatch.map(|mismatch| mismatch.reason),
    })
}

/// The first id that differs from its pin, for a rule that accepts the identity.
async fn pin_mismatch(
    app: &App,
    identity: &VerifiedIdentity,
    rule: &Rule,
) -> Result<Option<Mismatch>, Refusal> {
    let (origin, named) = (identity.origin(rule), identity.named_ids(rule));
    let conflict = app.tracker.pin_conflict(&origin, &named).await?;
    Ok(conflict.map(|conflict| Mismatch::of_pin(&conflict)))
}
