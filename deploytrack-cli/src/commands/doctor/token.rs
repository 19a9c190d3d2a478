//! Checks the token: whether the server accepts it, its access and its expiry.

use chrono::{DateTime, TimeDelta};
use deploytrack_core::{
    api::{TOKEN_ENDED, TOKEN_LIFETIME},
    client,
    clock::{self, Time},
    query::PageRequest,
};

use super::Finding;
use crate::{
    error::{Failure, UNTRUSTED_IDENTITY},
    exit::Exit,
    settings::Settings,
    token::{self, Access},
};

/// The time before the expiry from which on a token should be renewed.
const SOON: TimeDelta = TimeDelta::days(7);
const RENEW: &str =
    "an admin creates a new one with `deploytrack token create`, and `deploytrack login` stores it";

pub(super) async fn check(
    settings: &Settings,
    now: Time,
    server_answers: bool,
    findings: &mut Vec<Finding>,
) {
    if settings.offers_identity() {
        findings.push(accepted_if(server_answers, settings).await);
        if server_answers && let (Some(access), _) = shown(settings).await {
            findings.push(role(Some(access)));
        }
        return;
    }
    let Some(token) = settings.token.as_deref() else {
        let way_out = "set DEPLOYTRACK_TOKEN or DEPLOYTRACK_TOKEN_FILE, or store one with `deploytrack login`";
        findings.push(Finding::problem(
            "token",
            Exit::Unauthorised,
            format!("there is none; {way_out}"),
        ));
        return;
    };
    findings.push(accepted_if(server_answers, settings).await);
    let (access, expires) = match token::access(token) {
        Some(access) => (Some(access), token::expiry(token)),
        None if server_answers => shown(settings).await,
        None => (None, None),
    };
    findings.push(role(access));
    findings.push(expiry(expires, now));
}

/// What the token may do.
fn role(access: Option<Access>) -> Finding {
    match access {
        Some(Access::Admin) => Finding::ok("role", "admin: it can read and write"),
        Some(Access::Writer(None)) => {
            Finding::ok("role", "writer: it can read and record deployments")
        }
        Some(Access::Writer(Some(limits))) => Finding::ok(
            "role",
            format!("writer: it can read, and record deployments of {limits}"),
        ),
        Some(Access::Reader) => Finding::ok(
            "role",
            "it can only read; recording needs a token with the role writer",
        ),
        None => Finding::not_checked("role", "the token does not show its role"),
    }
}

/// The access and the expiry of a token that only the server can read.
async fn shown(settings: &Settings) -> (Option<Access>, Option<i64>) {
    let Ok(client) = settings.clone().client() else {
        return (None, None);
    };
    let Ok(login) = client.login().await else {
        return (None, None);
    };
    let expires = login.value.expires_at.map(|at| at.timestamp());
    (token::access_of(&login.value), expires)
}

async fn accepted_if(server_answers: bool, settings: &Settings) -> Finding {
    if server_answers {
        return accepted(settings).await;
    }
    let detail = format!("{}; no server answers", settings.token_from);
    Finding::not_checked("token", detail)
}

/// Sends the smallest request that needs a token.
async fn accepted(settings: &Settings) -> Finding {
    const CHECK: &str = "token";
    let client = match settings.clone().client() {
        Ok(client) => client,
        Err(failure) => return Finding::failed(CHECK, &failure),
    };
    match client
        .components(None, PageRequest::new(0, 1).unwrap_or_default())
        .await
    {
        Ok(_) => Finding::ok(CHECK, format!("accepted, {}", settings.token_from)),
        Err(client::Error::Unauthorised(problem))
            if problem.status == 401
                && ![TOKEN_ENDED, TOKEN_LIFETIME, UNTRUSTED_IDENTITY].contains(&&*problem.code) =>
        {
            Finding::problem(
                CHECK,
                Exit::Unauthorised,
                format!(
                    "the server does not accept it, {}; {RENEW}",
                    settings.token_from
                ),
            )
        }
        Err(error) => Finding::failed(CHECK, &Failure::from(error)),
    }
}

fn expiry(expires: Option<i64>, now: Time) -> Finding {
    const CHECK: &str = "expiry";
    let Some(at) = expires.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) else {
        return Finding::not_checked(CHECK, "the token has no readable expiry");
    };
    let when = clock::format(&at);
    match at - now {
        left if left <= TimeDelta::zero() => Finding::problem(
            CHECK,
            Exit::Unauthorised,
            format!("it expired at {when}; {RENEW}"),
        ),
        left if left < SOON => {
            Finding::warning(CHECK, format!("it expires soon, at {when}; {RENEW}"))
        }
        _ => Finding::ok(CHECK, format!("it expires at {when}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Verdict, *};

    #[test]
    fn a_token_that_expires_soon_is_a_warning() {
        let now = clock::parse("2026-11-23T18:32:00Z").unwrap();
        let after = |days| expiry(Some((now + TimeDelta::days(days)).timestamp()), now).result;
        assert_eq!(
            [after(-1), after(0), after(6), after(8)],
            [
                Verdict::Problem,
                Verdict::Problem,
                Verdict::Warning,
                Verdict::Ok
            ]
        );
        assert_eq!(expiry(None, now).result, Verdict::NotChecked);
    }
}
