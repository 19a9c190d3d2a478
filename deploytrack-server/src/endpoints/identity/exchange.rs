//! `POST /api/v1/token`: exchanges an identity token for a token of the server.

use deploytrack_core::{
    digest::Digest,
    error::Error,
    exchange::{ExchangedToken, ISSUED_TOKEN_TYPE},
    limits::WriteLimits,
    pattern::NamePattern,
    pin,
    text::Label,
    tracker::{Exchange, ExchangeOutcome},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::request::{ExchangeRequest, form};
use crate::{
    App,
    oidc::{ExchangeWindow, IdentityFault, Rule, VerifiedIdentity},
    openapi::{OperationDraft, examples, group},
    refusal::{Refusal, internal},
    request::Call,
    response::{HandlerResult, untagged},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::IDENTITY,
        "exchangeToken",
        "Exchange an identity token",
        "Exchanges the identity token that a CI system has signed for a token of this server (RFC 8693). The first rule of the server that \
         accepts the identity decides about the role, the limits and the lifetime. An identity token may be exchanged again: the answer has \
         the same token then, until half of its lifetime has passed. A refusal has the members `error` and `error_description` of RFC 6749, \
         too. An identity token is not accepted by any other operation.",
    )
    .any_body(form())
    .answers::<ExchangedToken>(
        StatusCode::OK,
        "The token. It is not to be cached.",
        examples::exchanged_token(),
    )
    .refuses(examples::identity_refusals())
    .refuses([Error::TooManyPins(pin::MOST)])
    .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
}

/// Exchanges the identity token in the form.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    Box::pin(answer(call)).await.map_err(Refusal::of_exchange)
}

async fn answer(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    let app = call.app().clone();
    let request = ExchangeRequest::of(call.form().await?)?;
    let exchanged = exchange(&app, &request).await?;
    let mut response = untagged(StatusCode::OK, &exchanged)?;
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

async fn exchange(app: &App, request: &ExchangeRequest) -> Result<ExchangedToken, Refusal> {
    let trust = app.trust.get().ok_or(IdentityFault::Off)?;
    let now = app.tracker.clock().now();
    let identity = trust.verify(&request.subject_token, now).await?;
    trust.check_target(&identity, request.audience.as_deref())?;
    let refused = |fault: IdentityFault| {
        app.tracker.note_identity_refused(identity.refused(&fault));
        Refusal::from(fault)
    };
    let (rule, limits) = trust.accept(&identity).map_err(refused)?;
    let window = ExchangeWindow::of(identity.issued, rule.lifetime, now);
    let verifier = app.verifier();
    let secret = verifier.token_secret(&seed(&request.subject_token, rule, &limits, window));
    let outcome = app
        .tracker
        .exchange(Exchange {
            origin: identity.origin(rule),
            named: identity.named_ids(rule),
            subject: subject(rule, &identity)?,
            role: rule.role,
            limits,
            secret: secret.digest(),
            expires_at: window.ends,
        })
        .await;
    let token = match outcome {
        Ok(ExchangeOutcome::Valid(token)) => token,
        Ok(ExchangeOutcome::Ended) => return Err(IdentityFault::Revoked.into()),
        Err(Error::PinConflict(conflict)) => return Err(refused(IdentityFault::Pin(conflict))),
        Err(error) => return Err(error.into()),
    };
    let expires_in = (token.expires_at - now).num_seconds();
    Ok(ExchangedToken {
        access_token: secret.expose().to_owned(),
        issued_token_type: ISSUED_TOKEN_TYPE.to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: u64::try_from(expires_in).unwrap_or_default(),
        spool_key: verifier.spool_key(&identity.spool_seed(rule)).to_string(),
    })
}

/// The seed of the exchanged token. It has everything on which the rights depend, so that a changed
/// rule gives another token.
fn seed(identity_token: &str, rule: &Rule, limits: &WriteLimits, window: ExchangeWindow) -> String {
    let digest = Digest::of(identity_token.as_bytes());
    let patterns = |patterns: Option<&Vec<NamePattern>>| {
        let texts = patterns.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        json!(texts)
    };
    json!([
        "exchange",
        digest,
        rule.name,
        rule.role.as_str(),
        patterns(limits.components.as_ref()),
        patterns(limits.environments.as_ref()),
        window.number,
        window.ends.timestamp(),
    ])
    .to_string()
}

/// The author of the writes: the rule and the repository. All jobs of a repository share it, so that
/// a later job can repeat a write under its idempotency key.
fn subject(rule: &Rule, identity: &VerifiedIdentity) -> Result<Label, Refusal> {
    let text = match &identity.origin(rule).repository {
        Some(repository) => format!("oidc:{}/{repository}", rule.name),
        None => format!("oidc:{}", rule.name),
    };
    let text: String = text.chars().take(Label::MOST).collect();
    Label::new(text.trim()).map_err(internal)
}
