//! Entity tags and the conditions of a request (RFC 9110, sections 8.8.3 and 13.1).

use std::{fmt, str::FromStr};

use crate::{digest::Digest, invalid::Invalid};

const NOT_A_CONDITION: Invalid =
    Invalid("must be * or entity tags in double quotes, separated by commas");

/// A strong entity tag: representations with the same tag are byte-for-byte equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag(String);

impl EntityTag {
    /// Computes the tag of a representation: half of its SHA-256 digest.
    #[must_use]
    pub fn of(representation: &[u8]) -> Self {
        let mut text = Digest::of(representation).to_string();
        text.truncate(32);
        Self(text)
    }

    /// The tag of the same representation in a content coding, such as `gzip`, which has other
    /// bytes.
    #[must_use]
    pub fn with_coding(&self, coding: &str) -> Self {
        Self(format!("{}-{coding}", self.0))
    }
}

impl fmt::Display for EntityTag {
    /// Formats the tag with its quotes, as in a header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `*`: any existing representation.
    Any,
    /// One of these tags. The `bool` is true for a weak tag.
    OneOf(Vec<(bool, String)>),
}

impl Condition {
    /// Whether a tag matches by strong comparison, as for `If-Match`: a weak tag matches nothing.
    #[must_use]
    pub fn matches(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|(weak, text)| !weak && *text == tag.0),
        }
    }

    /// Whether a tag matches by weak comparison, as for `If-None-Match`.
    #[must_use]
    pub fn matches_weakly(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|(_, text)| *text == tag.0),
        }
    }
}

impl FromStr for Condition {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut rest = text.trim_matches([' ', '\t']);
        if rest == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        loop {
            let (weak, opened) = rest
                .strip_prefix("W/")
                .map_or((false, rest), |rest| (true, rest));
            let (tag, after) = opened
                .strip_prefix('"')
                .and_then(|opened| opened.split_once('"'))
                .ok_or(NOT_A_CONDITION)?;
            if tag.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                return Err(NOT_A_CONDITION);
            }
            tags.push((weak, tag.to_owned()));
            let after = after.trim_start_matches([' ', '\t']);
            if after.is_empty() {
                return Ok(Self::OneOf(tags));
            }
            rest = after
                .strip_prefix(',')
                .ok_or(NOT_A_CONDITION)?
                .trim_start_matches([' ', '\t']);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_an_asterisk_or_a_list_of_tags() {
        let tag = EntityTag::of(b"{}");
        assert_eq!(tag.to_string(), "\"44136fa355b3678a1146ad16f7e8649e\"");
        for (text, strong, weak) in [
            ("*".to_owned(), true, true),
            (tag.to_string(), true, true),
            (format!("W/{tag}"), false, true),
            (format!("\"other,with,commas\" , {tag}"), true, true),
            ("\"\"".to_owned(), false, false),
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(
                (condition.matches(&tag), condition.matches_weakly(&tag)),
                (strong, weak),
                "{text}"
            );
        }
        for text in [
            "",
            "44136f",
            "\"a",
            "\"a\" \"b\"",
            "\"a\",",
            "w/\"a\"",
            "\"a b\"",
            "*, \"a\"",
        ] {
            assert_eq!(text.parse::<Condition>(), Err(NOT_A_CONDITION), "{text}");
        }
    }
}
