//! Checks the identity of this job: whether its provider issues identity tokens, and which way of
//! authentication is used.

use super::Finding;
use crate::{
    error::Failure,
    keyless::{JobIdentity, Offer},
    process_env::ProcessEnv,
    settings::Settings,
};

const CHECK: &str = "identity";

/// Requests an identity token, if the job has no other token.
pub(super) async fn check(settings: &Settings, env: &ProcessEnv, findings: &mut Vec<Finding>) {
    match &settings.identity {
        Some(identity) if settings.offers_identity() => findings.push(issued(identity).await),
        _ => findings.extend(not_used(settings, env)),
    }
}

async fn issued(identity: &JobIdentity) -> Finding {
    let why = "no token is configured, so the identity of this job is used";
    match identity.identity_token().await {
        Ok(_) => {
            let source = match identity.offer() {
                Offer::Token(source) => source.to_string(),
                Offer::Missing { .. } | Offer::None => String::new(),
            };
            let audience = identity.audience();
            Finding::ok(
                CHECK,
                format!("{why}: an identity token from {source}, for the audience {audience}"),
            )
        }
        Err(error) => {
            let (exit, detail) = Failure::from(error).summary();
            Finding::problem(CHECK, exit, format!("{why}: {detail}"))
        }
    }
}

/// Why the identity of this job is not used; `None` where no provider could offer one.
fn not_used(settings: &Settings, env: &ProcessEnv) -> Option<Finding> {
    let token = &settings.token_from;
    Some(match (Offer::of(env), settings.token.is_some()) {
        (Offer::None, _) => return None,
        (Offer::Token(source), _) => Finding::ok(
            CHECK,
            format!(
                "{source} offers identity tokens; none is used, because requests are sent {token}"
            ),
        ),
        (Offer::Missing { provider, way_out }, true) => Finding::ok(
            CHECK,
            format!(
                "{provider} gave this job no identity token, and none is needed {token}; to use one, {way_out}"
            ),
        ),
        (Offer::Missing { provider, way_out }, false) => Finding::warning(
            CHECK,
            format!("{provider} gave this job no identity token; {way_out}"),
        ),
    })
}
