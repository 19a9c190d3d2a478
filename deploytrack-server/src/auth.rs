//! Authorization: whether the token of a request is valid, and its role allows the request.

use http::{HeaderMap, header};

use crate::{App, identity::Identity, refusal::Refusal, token::TokenFault};

/// The permission that an endpoint requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// None: the endpoint is open to anyone.
    Open,
    /// None, also at the limit of connections and at the listener for health checks.
    Health,
    /// None, if the badges of the server are public. Otherwise the path does not exist.
    Badges,
    /// A valid token.
    Reader,
    /// A valid token with the role `admin`.
    Admin,
}

impl Access {
    /// Whether a request needs a valid token.
    pub(crate) const fn needs_token(self) -> bool {
        match self {
            Self::Open | Self::Health | Self::Badges => false,
            Self::Reader | Self::Admin => true,
        }
    }
}

/// Checks the token of a request and its role.
pub(crate) fn authorize(
    app: &App,
    access: Access,
    headers: &HeaderMap,
) -> Result<Identity, Refusal> {
    if !access.needs_token() {
        return Ok(Identity::anyone());
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
    Ok(Identity::of(claims))
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
