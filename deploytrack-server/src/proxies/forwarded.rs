//! The headers with which a proxy names its client: `X-Forwarded-For` with `X-Forwarded-Proto`, and
//! `Forwarded` (RFC 7239).
//!
//! `Forwarded` is read only without `X-Forwarded-For`. Most proxies write `X-Forwarded-For` and pass
//! on a `Forwarded` that their client has written.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// One proxy or client on the way of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop {
    /// The address; `None` for another text, such as `unknown`.
    pub(super) address: Option<IpAddr>,
    /// Whether it used https.
    pub(super) is_https: Option<bool>,
}

/// The way of a request, as the headers report it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Forwarding {
    /// The hops, the nearest one first.
    pub(super) hops: Vec<Hop>,
    /// Whether the client used https, as the nearest proxy reports.
    pub(super) is_https: Option<bool>,
}

impl Forwarding {
    /// Reads the headers of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let is_https = values(headers, &PROTO).next().and_then(is_https);
        let hops = if headers.contains_key(FOR) {
            let hop = |text| Hop {
                address: address(text),
                is_https: None,
            };
            values(headers, &FOR).map(hop).collect()
        } else {
            values(headers, &header::FORWARDED).map(hop).collect()
        };
        Self { hops, is_https }
    }
}

/// The values of a header that is a list, from right to left. A line that is not text is one
/// invalid value.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    let is_quotable = *name == header::FORWARDED;
    let lines = lines.into_iter().rev();
    lines.flat_map(move |line| {
        let mut values = split(line.to_str().unwrap_or("?"), ',', is_quotable);
        values.reverse();
        values
    })
}

/// The parts of a text between separators, without empty ones. Where the text may have quotation
/// marks, a separator between them separates nothing. One that is not closed has no effect: a client
/// could otherwise hide the elements that the proxies append.
fn split(text: &str, separator: char, is_quotable: bool) -> Vec<&str> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, Quote::Outside);
    for (at, character) in text.char_indices() {
        if is_quotable {
            quote = quote.after(character);
        }
        if character == separator && quote == Quote::Outside {
            parts.push(&text[start..at]);
            start = at + character.len_utf8();
        }
    }
    if quote != Quote::Outside {
        return split(text, separator, false);
    }
    parts.push(&text[start..]);
    let parts = parts.into_iter().map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

/// The place of a character in a text with quotation marks (RFC 9110, section 5.6.4).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Outside,
    Inside,
    Escaped,
}

impl Quote {
    fn after(self, character: char) -> Self {
        match (self, character) {
            (Self::Outside, '"') | (Self::Escaped, _) => Self::Inside,
            (Self::Inside, '\\') => Self::Escaped,
            (Self::Inside, '"') => Self::Outside,
            (other, _) => other,
        }
    }
}

/// An element of `Forwarded`, such as `for="[2001:db8::7]:4711";proto=https`.
fn hop(element: &str) -> Hop {
    let mut hop = Hop::default();
    for pair in split(element, ';', true) {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let value = unquoted(value.trim());
        match name.trim() {
            name if name.eq_ignore_ascii_case("for") => hop.address = address(value),
            name if name.eq_ignore_ascii_case("proto") => hop.is_https = is_https(value),
            _ => {}
        }
    }
    hop
}

fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"');
    inner
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(value)
}

fn is_https(scheme: &str) -> Option<bool> {
    match scheme {
        https if https.eq_ignore_ascii_case("https") => Some(true),
        http if http.eq_ignore_ascii_case("http") => Some(false),
        _ => None,
    }
}

/// An address with or without a port; an IPv6 address may have brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let alone = || bare.unwrap_or(text).parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    alone()
        .or_else(with_port)
        .map(|address| address.to_canonical())
}
