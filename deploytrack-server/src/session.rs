//! The cookie of a session, and who may set it.
//!
//! The cookie has a random id of 256 bits, and the database has only its hash. Its name depends on
//! the secret of the server: browsers share cookies between the ports of a host, and two servers
//! there must not end each other's sessions.
//!
//! The id of a wall's session is computed from the secret of its link, so that opening the link
//! again is no write. It ends when the wall is revoked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deploytrack_core::{clock::Time, digest::Digest};
use http::{HeaderMap, HeaderName, HeaderValue, header, uri::Authority};

use crate::{
    refusal::{Refusal, internal},
    token::Verifier,
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The start of a code. A token is never read as a code: it begins otherwise.
pub(crate) const CODE: &str = "dtc_";
/// The characters of an id: 32 bytes in base64.
const ID_LENGTH: usize = 43;
/// The start of the secret of a wall's link.
pub(crate) const WALL: &str = "dtw_";
/// The start of the id of a wall's session: such an id is longer than any other.
const WALL_ID: char = 'w';
/// The longest `Max-Age` that browsers accept: 400 days, in seconds.
const WALL_AGE: i64 = 400 * 24 * 3600;
/// The prefix with which a browser accepts a cookie only over https, for this host alone (RFC
/// 6265bis, section 4.1.3).
const HOST: &str = "__Host-";

/// A random text of 256 bits.
pub(crate) fn random() -> Result<String, Refusal> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The hash under which the id of the request's session is stored, if there is a cookie.
pub(crate) fn id(headers: &HeaderMap, verifier: &Digest) -> Option<Digest> {
    let (id, _) = cookie_value(headers, verifier)?;
    (id.len() == ID_LENGTH).then(|| Digest::of(id.as_bytes()))
}

/// The hash under which the id of the request's wall is stored, if there is a cookie of a wall.
pub(crate) fn wall(headers: &HeaderMap, verifier: &Digest) -> Option<Digest> {
    let (id, _) = cookie_value(headers, verifier)?;
    let is_wall = id.len() == ID_LENGTH + 1 && id.starts_with(WALL_ID);
    is_wall.then(|| Digest::of(id.as_bytes()))
}

/// The secret of a wall's link, from a random seed.
pub(crate) fn wall_secret(verifier: &Verifier, seed: &str) -> String {
    let bytes = verifier.wall_bytes(&Digest::of(seed.as_bytes()));
    format!("{WALL}{}", URL_SAFE_NO_PAD.encode(bytes.as_bytes()))
}

/// The id of a wall's session, from the secret of its link.
pub(crate) fn wall_id(secret: &str) -> String {
    let id = Digest::of(format!("deploytrack wall session\n{secret}").as_bytes());
    format!("{WALL_ID}{}", URL_SAFE_NO_PAD.encode(id.as_bytes()))
}

/// The id in the cookie of the request, and whether the cookie is only for https.
fn cookie_value<'a>(headers: &'a HeaderMap, verifier: &Digest) -> Option<(&'a str, bool)> {
    let name = name(verifier);
    let secure = value(headers, &format!("{HOST}{name}")).map(|id| (id, true));
    secure.or_else(|| value(headers, &name).map(|id| (id, false)))
}

fn name(verifier: &Digest) -> String {
    let verifier = verifier.to_string();
    format!(
        "deploytrack-session-{}",
        verifier.get(..8).unwrap_or_default()
    )
}

/// The value of the first cookie with this name.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter();
    all.filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(known, value)| (known == name).then_some(value))
}

/// The `Set-Cookie` of a session that ends at this time.
pub(crate) fn cookie(
    https: bool,
    verifier: &Digest,
    id: &str,
    now: Time,
    expires_at: Time,
) -> Result<HeaderValue, Refusal> {
    set_cookie(https, verifier, id, (expires_at - now).num_seconds().max(0))
}

/// The `Set-Cookie` of a wall's session.
pub(crate) fn wall_cookie(
    https: bool,
    verifier: &Digest,
    id: &str,
) -> Result<HeaderValue, Refusal> {
    set_cookie(https, verifier, id, WALL_AGE)
}

/// The `Set-Cookie` with which the browser keeps the wall's session of this request for another 400
/// days. A page sends no `Origin` when it reads, so the cookie is as secure as it was.
pub(crate) fn renewed_wall_cookie(
    headers: &HeaderMap,
    verifier: &Digest,
) -> Result<Option<HeaderValue>, Refusal> {
    let known = cookie_value(headers, verifier);
    let renew = |(id, https)| set_cookie(https, verifier, id, WALL_AGE);
    known.map(renew).transpose()
}

/// The `Set-Cookie`s that remove the session, with and without https.
pub(crate) fn removal(verifier: &Digest) -> Result<[HeaderValue; 2], Refusal> {
    Ok([
        set_cookie(true, verifier, "", 0)?,
        set_cookie(false, verifier, "", 0)?,
    ])
}

fn set_cookie(
    https: bool,
    verifier: &Digest,
    id: &str,
    max_age: i64,
) -> Result<HeaderValue, Refusal> {
    let (prefix, secure) = if https { (HOST, "; Secure") } else { ("", "") };
    let text = format!(
        "{prefix}{}={id}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age}{secure}",
        name(verifier)
    );
    let mut cookie = HeaderValue::try_from(text).map_err(internal)?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

/// Whether the page that sent this request was loaded over https. A proxy in front of a server that
/// speaks http may end TLS, and need not be a trusted one.
pub(crate) fn is_https_page(headers: &HeaderMap) -> bool {
    origin(headers).is_some_and(|origin| origin.starts_with("https://"))
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN)?.to_str().ok()
}

/// Refuses a request that a page of another site made. A browser states the site with
/// `Sec-Fetch-Site`, or, over http, the page's `Origin`; a program that is no browser states
/// neither. Where the client is known to use https, a page loaded over http is another site.
pub(crate) fn check_site(headers: &HeaderMap, is_https: bool) -> Result<(), Refusal> {
    let is_own = match headers.get(SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => !headers.contains_key(header::ORIGIN) || is_own_origin(headers, is_https),
    };
    is_own.then_some(()).ok_or(Refusal::OtherSite)
}

fn is_own_origin(headers: &HeaderMap, is_https: bool) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let own = origin(headers).and_then(|origin| origin.split_once("://"));
    let same = |(scheme, from): (&str, &str), host: &str| {
        let full = |text: &str| {
            let authority = text.parse::<Authority>().ok()?;
            let port = if scheme == "https" { 443 } else { 80 };
            Some((
                authority.host().to_ascii_lowercase(),
                authority.port_u16().unwrap_or(port),
            ))
        };
        full(from).is_some() && full(from) == full(host)
    };
    own.zip(host)
        .is_some_and(|(own, host)| (own.0 == "https" || !is_https) && same(own, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_request_of_another_site_is_recognised() {
        let check = |pairs: &[(&'static str, &str)]| check_site(&headers(pairs), false).is_ok();
        let host = ("host", "tracker.example.com:3000");
        assert!(check(&[host]));
        assert!(check(&[
            host,
            ("origin", "http://tracker.example.com:3000")
        ]));
        assert!(check(&[
            ("host", "t.example"),
            ("origin", "https://t.example")
        ]));
        assert!(check(&[host, ("sec-fetch-site", "same-origin")]));
        for (scheme, is_own) in [("http", false), ("https", true)] {
            let page = format!("{scheme}://tracker.example.com:3000");
            let over_https = check_site(&headers(&[host, ("origin", &page)]), true);
            assert_eq!(over_https.is_ok(), is_own, "{page}");
        }
        for other in [
            "http://tracker.example.com",
            "http://evil.example",
            "null",
            "",
            "http://tracker.example.com:3000.evil.example",
        ] {
            assert!(!check(&[host, ("origin", other)]), "{other}");
        }
        for other in ["same-site", "cross-site", "none", ""] {
            assert!(!check(&[host, ("sec-fetch-site", other)]), "{other}");
        }
    }

    #[test]
    fn the_cookie_is_secure_over_https_and_is_found_again() {
        let verifier = Digest::of(b"a secret");
        let now = deploytrack_core::clock::parse("2025-06-01T12:00:00Z").unwrap();
        let text = "a".repeat(ID_LENGTH);
        let set = |origin| {
            let end = now + chrono::TimeDelta::seconds(90);
            let https = is_https_page(&headers(&[("origin", origin)]));
            let cookie = cookie(https, &verifier, &text, now, end);
            cookie.unwrap().to_str().unwrap().to_owned()
        };
        let (plain, secure) = (set("http://host"), set("https://host"));
        assert!(plain.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=90"));
        assert!(secure.starts_with("__Host-deploytrack-session-"));
        assert!(secure.ends_with("; Max-Age=90; Secure"));
        for cookie in [plain, secure] {
            let pair = format!("theme=dark; {}", cookie.split(';').next().unwrap());
            assert_eq!(
                id(&headers(&[("cookie", &pair)]), &verifier),
                Some(Digest::of(text.as_bytes()))
            );
            assert_eq!(id(&headers(&[("cookie", &pair)]), &Digest::of(b"b")), None);
        }
    }

    #[test]
    fn the_cookie_of_a_wall_is_renewed_as_it_was_and_is_no_other_session() {
        let (verifier, wall) = (Digest::of(b"a secret"), wall_id("dtw_a"));
        assert_ne!(wall, wall_id("dtw_b"));
        for https in [false, true] {
            let set = wall_cookie(https, &verifier, &wall).unwrap();
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let again = headers(&[("cookie", &pair)]);
            assert_eq!(
                super::wall(&again, &verifier),
                Some(Digest::of(wall.as_bytes()))
            );
            assert_eq!(id(&again, &verifier), None);
            assert_eq!(renewed_wall_cookie(&again, &verifier).unwrap(), Some(set));
        }
        let name = name(&verifier);
        let session = format!("{name}={}", "w".repeat(ID_LENGTH));
        let session = headers(&[("cookie", &session)]);
        assert_eq!(super::wall(&session, &verifier), None);
    }
}
