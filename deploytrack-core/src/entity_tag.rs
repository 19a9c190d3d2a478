//! Entity tags and the conditions of a request (RFC 9110, sections 8.8.3 and 13.1).

use std::{fmt, str::FromStr};

use crate::digest::Digest;

/// A strong entity tag: two representations with the same tag are the same byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag(String);

impl EntityTag {
    /// The tag of a representation: half of its SHA-256 digest.
    #[must_use]
    pub fn of(representation: &[u8]) -> Self {
        let mut text = Digest::of(representation).to_string();
        text.truncate(32);
        Self(text)
    }

    /// The tag of the same representation in a content coding, such as `gzip`: its bytes are others.
    #[must_use]
    pub fn coded(&self, coding: &str) -> Self {
        Self(format!("{}-{coding}", self.0))
    }
}

impl fmt::Display for EntityTag {
    /// With its quotes, as in a header.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `*`: anything that is there.
    Any,
    /// One of these tags; with each, whether it is weak.
    OneOf(Vec<(bool, String)>),
}

impl Condition {
    /// Whether a tag is meant by strong comparison, as `If-Match` compares: a weak tag means none.
    #[must_use]
    pub fn means(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|(weak, text)| !weak && *text == tag.0),
        }
    }

    /// Whether a tag is meant by weak comparison, as `If-None-Match` compares.
    #[must_use]
    pub fn means_weakly(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|(_, text)| *text == tag.0),
        }
    }
}

/// A text that is no condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be * or entity tags in double quotes, separated by commas")]
pub struct NoCondition;

impl FromStr for Condition {
    type Err = NoCondition;

    fn from_str(text: &str) -> Result<Self, NoCondition> {
        let mut rest = text.trim_matches([' ', '\t']);
        if rest == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        loop {
            let (weak, opened) = rest.strip_prefix("W/").map_or((false, rest), |rest| (true, rest));
            let (tag, after) = opened.strip_prefix('"').and_then(|opened| opened.split_once('"')).ok_or(NoCondition)?;
            if tag.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                return Err(NoCondition);
            }
            tags.push((weak, tag.to_owned()));
            let after = after.trim_start_matches([' ', '\t']);
            if after.is_empty() {
                return Ok(Self::OneOf(tags));
            }
            rest = after.strip_prefix(',').ok_or(NoCondition)?.trim_start_matches([' ', '\t']);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_star_or_a_list_of_tags() {
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
            assert_eq!((condition.means(&tag), condition.means_weakly(&tag)), (strong, weak), "{text}");
        }
        for text in ["", "44136f", "\"a", "\"a\" \"b\"", "\"a\",", "w/\"a\"", "\"a b\"", "*, \"a\""] {
            assert_eq!(text.parse::<Condition>(), Err(NoCondition), "{text}");
        }
    }
}
