//! The name of a component or an environment: any printable text.

use std::{
    borrow::Cow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

use crate::invalid::Invalid;

mod alphabet;
#[cfg(feature = "store")]
mod index;
mod near;

#[cfg(feature = "store")]
pub(crate) use index::NameIndex;
pub use near::near_misses;

/// The name of a component or an environment: 1 to 255 printable characters in NFC, without space
/// at either end.
///
/// Two names are equal when their keys are equal: case, the kind and number of spaces, and the
/// characters that only select the appearance of an emoji are ignored. Names are ordered by their
/// keys, as in both databases.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The minimum number of characters.
    pub const LEAST: usize = 1;
    /// The maximum number of characters.
    pub const MOST: usize = 255;

    /// Trims the text, composes its characters (NFC) and checks it.
    ///
    /// # Errors
    /// [`Invalid`] when the text has no visible character, has characters that cannot be printed, or is too long.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let trimmed = text.trim();
        let name = if trimmed.is_ascii() {
            trimmed.to_owned()
        } else {
            trimmed.nfc().collect()
        };
        alphabet::check(&name).map(|()| Self(name))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the name, by which names are compared: equal names have the same key. The
    /// database stores it with the name.
    #[must_use]
    pub fn key(&self) -> Cow<'_, str> {
        let plain = |byte: &u8| byte.is_ascii() && *byte != b' ' && !byte.is_ascii_uppercase();
        if self.0.as_bytes().iter().all(plain) {
            Cow::Borrowed(&self.0)
        } else {
            Cow::Owned(key(&self.0))
        }
    }
}

fn key(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !alphabet::is_joiner(*c)).collect();
    let spaced = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    UniCase::unicode(spaced).to_folded_case().nfc().collect()
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.key() == other.key()
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl TryFrom<String> for Name {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl FromStr for Name {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests;
