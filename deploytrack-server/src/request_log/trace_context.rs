//! The id of a trace, from the header `traceparent` (W3C Trace Context, section 3.2).

use std::fmt;

use http::HeaderMap;

/// The name of the header.
const HEADER: &str = "traceparent";

/// The id of the trace that a request belongs to: 16 bytes, not all of them zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceId(u128);

impl TraceId {
    /// The id in the one header `traceparent`, if it is valid.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(HEADER).iter();
        match (all.next(), all.next()) {
            (Some(one), None) => Self::parse(one.to_str().ok()?),
            _ => None,
        }
    }

    /// Reads `VERSION-TRACE-PARENT-FLAGS`. A later version than 00 may have more parts.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = |digits| parts.next().filter(|part| is_hex(part, digits));
        let (version, trace, parent, _flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        let has_more = parts.next().is_some();
        let is_zero = |digits: &str| digits.bytes().all(|digit| digit == b'0');
        if version == "ff" || version == "00" && has_more || is_zero(trace) || is_zero(parent) {
            return None;
        }
        u128::from_str_radix(trace, 16).ok().map(Self)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Whether a text has so many hexadecimal digits, in lower case, and nothing else.
fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn the_trace_id_of_a_valid_header_is_taken() {
        for text in [
            format!("00-{TRACE}-00f067aa0ba902b7-01"),
            format!("cc-{TRACE}-00f067aa0ba902b7-00-later"),
        ] {
            assert_eq!(TraceId::parse(&text).unwrap().to_string(), TRACE, "{text}");
        }
        let short = format!("00-{:032x}-00f067aa0ba902b7-01", 7);
        let id = TraceId::parse(&short).unwrap().to_string();
        assert_eq!((id.len(), id.trim_start_matches('0')), (32, "7"));
    }

    #[test]
    fn a_wrong_header_is_ignored() {
        let zero = "0".repeat(32);
        for text in [
            String::new(),
            TRACE.to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{zero}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-00f067aa0ba902b7-0\n"),
            format!(" 00-{TRACE}-00f067aa0ba902b7-01"),
        ] {
            assert_eq!(TraceId::parse(&text), None, "{text:?}");
        }
    }

    #[test]
    fn two_headers_are_ignored() {
        let mut headers = HeaderMap::new();
        let value = format!("00-{TRACE}-00f067aa0ba902b7-01");
        headers.append(HEADER, value.parse().unwrap());
        assert!(TraceId::of(&headers).is_some());
        headers.append(HEADER, value.parse().unwrap());
        assert_eq!(TraceId::of(&headers), None);
    }
}
