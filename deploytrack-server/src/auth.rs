//! Authorization: whether the token or the session of a request is valid, and its role allows the
//! request.

use std::sync::Arc;

use deploytrack_core::{
    digest::Digest,
    limits::WriteLimits,
    session::StoredSession,
    store::DatabaseVersion,
    token::{Credential, TokenSecret},
    wall::Wall,
};
use http::{HeaderMap, Method, header, request::Parts};

use crate::{
    App,
    app::Surface,
    credentials::is_unavailable,
    identity::Identity,
    proxies::Client,
    rates::{RateExceeded, Standing},
    refusal::{Refusal, internal},
    request_log::RequestLog,
    session,
    token::{Claims, Role, TokenFault, role_of_session},
};

/// The permission that an endpoint requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// None: the endpoint is open to anyone.
    Open,
    /// None, also at the limit of connections and at the listener for health checks.
    Health,
    /// None, if the badges of the server are public. Otherwise the path does not exist.
    Badges,
    /// The endpoint checks the token, the code or the cookie itself.
    Session,
    /// The endpoint checks the identity token in the body itself.
    Identity,
    /// A valid token, or a session for a read.
    Reader,
    /// A token, as `Reader`; none at the listener for metrics.
    Metrics,
    /// As `Reader`, or the session of a wall: what the page of a wall reads. Everything else is closed
    /// to walls.
    Wall,
    /// As `Reader`, with the role `writer` or `admin`. The write itself checks the limits of the
    /// token.
    Writer,
    /// As `Reader`, with the role `admin`.
    Admin,
}

impl Access {
    /// Whether a request needs a valid token.
    pub(crate) const fn needs_token(self) -> bool {
        match self {
            Self::Open | Self::Health | Self::Badges | Self::Session | Self::Identity => false,
            Self::Reader | Self::Metrics | Self::Wall | Self::Writer | Self::Admin => true,
        }
    }

    /// The least role that it requires, if any valid token is not enough.
    pub(crate) const fn role(self) -> Option<Role> {
        match self {
            Self::Writer => Some(Role::Writer),
            Self::Admin => Some(Role::Admin),
            _ => None,
        }
    }
}

/// Checks the token or the session of a request, its rate, and its role. A session only reads: a page
/// of another site could make the browser send a write with its cookie.
pub(crate) async fn authorize(
    app: &App,
    access: Access,
    parts: &Parts,
    log: &RequestLog,
    standing: &mut Option<Standing>,
) -> Result<Identity, Refusal> {
    if app.surface == Surface::Metrics {
        return Ok(Identity::anyone());
    }
    if !access.needs_token() {
        *standing = count_anonymous(app, access, parts)?;
        return Ok(Identity::anyone());
    }
    let (claims, version) = identify(app, access, &parts.method, &parts.headers).await?;
    log.note_caller(&claims);
    let (is_read, is_wall) = (parts.method.is_safe(), claims.wall.is_some());
    *standing = app.rates.count_subject(is_read, is_wall, &claims.subject)?;
    check_permission(access, &claims)?;
    Ok(Identity::of(claims, version))
}

/// Counts a request that needs no token for its address, if it does some work: a badge, or a request
/// for a session or with an identity token.
fn count_anonymous(
    app: &App,
    access: Access,
    parts: &Parts,
) -> Result<Option<Standing>, RateExceeded> {
    let counts = match access {
        Access::Badges | Access::Identity => true,
        Access::Open | Access::Session => !parts.method.is_safe(),
        _ => false,
    };
    match parts.extensions.get::<Client>().filter(|_| counts) {
        Some(client) => app.rates.count_anonymous(client.address),
        None => Ok(None),
    }
}

/// Checks the token or the session of a read that is still running, which may have ended since the
/// read began. It counts for no rate.
pub(crate) async fn authorize_again(
    app: &App,
    access: Access,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let (claims, _) = identify(app, access, &Method::GET, headers).await?;
    check_permission(access, &claims)
}

fn check_permission(access: Access, claims: &Claims) -> Result<(), Refusal> {
    if claims.wall.is_some() && access != Access::Wall {
        return Err(Refusal::Wall);
    }
    match access.role().filter(|role| claims.role < *role) {
        Some(role) => Err(Refusal::Role(role)),
        None => Ok(()),
    }
}

/// The claims of the token or of the session of a request, and the version of the database if it was
/// read.
async fn identify(
    app: &App,
    access: Access,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(Arc<Claims>, Option<DatabaseVersion>), Refusal> {
    if headers.contains_key(header::AUTHORIZATION) {
        let token = verified(app, bearer_token(headers)?).await?;
        let version = match app.tracker.database_version().await {
            Ok(version) => Some(version),
            // Monitoring must be able to read that the database is unavailable.
            Err(error) if access == Access::Metrics && is_unavailable(&error) => None,
            Err(error) => return Err(error.into()),
        };
        Ok((accepted(app, token, version).await?, version))
    } else if method.is_safe() {
        Box::pin(session(app, headers)).await
    } else {
        Err(Box::pin(refusal_of_write(app, headers)).await)
    }
}

/// Checks a token.
pub(crate) async fn check_token(app: &App, token: &str) -> Result<Arc<Claims>, Refusal> {
    let token = verified(app, token).await?;
    let version = app.tracker.database_version().await?;
    accepted(app, token, Some(version)).await
}

/// A token whose form is right, and whose signature is valid if it has one.
enum Verified {
    Stored(Digest),
    Signed(Arc<Claims>),
}

/// Checks everything about a token that needs no database. One that names an unknown key is checked
/// again after the published keys were read again.
async fn verified(app: &App, token: &str) -> Result<Verified, Refusal> {
    if token.starts_with(TokenSecret::PREFIX) {
        let secret: TokenSecret = token.parse().map_err(|_| Refusal::BadToken)?;
        return Ok(Verified::Stored(secret.digest()));
    }
    let (verifier, now) = (app.verifier(), app.tracker.clock().now());
    let mut checked = verifier.check(token, now);
    if matches!(checked, Err(TokenFault::Invalid)) && Box::pin(verifier.renew_for(token, now)).await
    {
        checked = verifier.check(token, now);
    }
    checked.map(Verified::Signed).map_err(|fault| match fault {
        TokenFault::Invalid => Refusal::BadToken,
        TokenFault::TooLong(longest) => Refusal::LongToken(longest),
    })
}

/// Checks that a token was not revoked, and returns its claims.
async fn accepted(
    app: &App,
    token: Verified,
    version: Option<DatabaseVersion>,
) -> Result<Arc<Claims>, Refusal> {
    let access = version.map(DatabaseVersion::access);
    let (credentials, tracker) = (&app.credentials, &app.tracker);
    match token {
        Verified::Stored(secret) => credentials.check_stored(tracker, secret, access).await,
        Verified::Signed(claims) => {
            if let Some(Credential::Signed(token)) = &claims.credential {
                credentials.check_signed(tracker, token, access).await?;
            }
            Ok(claims)
        }
    }
}

/// The refusal of a write without a token.
async fn refusal_of_write(app: &App, headers: &HeaderMap) -> Refusal {
    match wall(app, headers).await {
        Ok(Some(_)) => Refusal::Wall,
        Ok(None) => Refusal::NoToken,
        Err(refusal) => refusal,
    }
}

/// The wall whose session the request has, if it has the cookie of a wall.
pub(crate) async fn wall(app: &App, headers: &HeaderMap) -> Result<Option<Wall>, Refusal> {
    let Some(id) = session::wall(headers, &app.fingerprint()) else {
        return Ok(None);
    };
    let found = app.tracker.wall(&id).await?;
    found.map(Some).ok_or(Refusal::RevokedWall)
}

/// The claims of the token for which the session of the request was begun, or of its wall, and the
/// version of the database if it was read.
pub(crate) async fn session(
    app: &App,
    headers: &HeaderMap,
) -> Result<(Arc<Claims>, Option<DatabaseVersion>), Refusal> {
    if let Some(wall) = wall(app, headers).await? {
        return Ok((Arc::new(Claims::of_wall(wall).map_err(internal)?), None));
    }
    let verifier = app.fingerprint();
    let id = session::id(headers, &verifier).ok_or(Refusal::NoToken)?;
    let found = app.tracker.session(&id, &verifier).await?;
    let found = found.ok_or(Refusal::NoToken)?;
    let version = check_token_of(app, &found).await?;
    let claims = Claims {
        role: role_of_session(&found),
        subject: found.subject,
        limits: WriteLimits::default(),
        expires_at: found.expires_at,
        credential: Some(found.credential),
        origin: None,
        wall: None,
    };
    Ok((Arc::new(claims), Some(version)))
}

/// Checks that the token of a session was not revoked: the session ends with it. Returns the version
/// of the database with which it was checked.
pub(crate) async fn check_token_of(
    app: &App,
    session: &StoredSession,
) -> Result<DatabaseVersion, Refusal> {
    let version = app.tracker.database_version().await?;
    let access = Some(version.access());
    let (credentials, tracker) = (&app.credentials, &app.tracker);
    let checked = match &session.credential {
        Credential::Stored(secret) => {
            let checked = credentials.check_stored(tracker, *secret, access).await;
            checked.map(|_| ())
        }
        Credential::Signed(token) => credentials.check_signed(tracker, token, access).await,
    };
    match checked {
        Ok(()) => Ok(version),
        Err(Refusal::EndedToken(_) | Refusal::BadToken) => Err(Refusal::NoToken),
        Err(refusal) => Err(refusal),
    }
}

/// The token of the one `Authorization: Bearer` header.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let one = all.next().ok_or(Refusal::NoToken)?;
    // If there are two headers, a proxy may have checked the other one.
    if all.next().is_some() {
        return Err(Refusal::BadToken);
    }
    let text = one.to_str().map_err(|_| Refusal::BadToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(Refusal::BadToken)?;
    if scheme.eq_ignore_ascii_case("Bearer") {
        Ok(token.trim_matches(' '))
    } else {
        Err(Refusal::BadToken)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn token(values: &[&str]) -> Result<String, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        match bearer_token(&headers) {
            Ok(token) => Ok(token.to_owned()),
            Err(Refusal::NoToken) => Err("none"),
            Err(_) => Err("bad"),
        }
    }

    #[test]
    fn the_token_comes_from_exactly_one_bearer_header() {
        for header in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            assert_eq!(token(&[header]).unwrap(), "a.b.c");
        }
        assert_eq!(token(&[]), Err("none"));
        for headers in [
            &["Basic a.b.c"][..],
            &["Bearer"],
            &["a.b.c"],
            &[""],
            &["Bearer a.b.c", "Bearer a.b.c"],
        ] {
            assert_eq!(token(headers), Err("bad"), "{headers:?}");
        }
    }
}
