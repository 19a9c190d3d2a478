//! Authorization: the identity behind a request, and whether its role allows the request.

use std::sync::Arc;

use deploytrack_core::text::Label;
use http::{HeaderMap, header};

use crate::{
    App,
    refusal::Refusal,
    route::Access,
    token::{Claims, TokenFault},
};

/// The identity behind a request: the claims of its token, or none if the route is open to anyone.
#[derive(Debug)]
pub(crate) struct Identity(Option<Arc<Claims>>);

impl Identity {
    /// The subject of the token. A route that is open to anyone has none.
    pub(crate) fn subject(&self) -> Result<&Label, Refusal> {
        self.0
            .as_ref()
            .map(|claims| &claims.subject)
            .ok_or(Refusal::NoToken)
    }

    /// Whether the request had a valid token.
    pub(crate) const fn is_authenticated(&self) -> bool {
        self.0.is_some()
    }
}

/// Checks the token of a request and its role.
pub(crate) fn authorize(
    app: &App,
    access: Access,
    headers: &HeaderMap,
) -> Result<Identity, Refusal> {
    if access == Access::Open {
        return Ok(Identity(None));
    }
    let token = bearer_token(headers)?;
    let claims = app
        .verifier
        .check(token, app.tracker.clock().now())
        .map_err(|fault| match fault {
            TokenFault::Invalid => Refusal::BadToken,
            TokenFault::TooLong(longest) => Refusal::LongToken(longest),
        })?;
    if access == Access::Admin && !claims.admin {
        return Err(Refusal::Role);
    }
    Ok(Identity(Some(claims)))
}

/// The token of the one `Authorization: Bearer` header.
fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
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
