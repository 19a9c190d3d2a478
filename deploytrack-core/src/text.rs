//! Checked text: types that validate their text at construction.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::trim::{trimmed, trimmed_path};
pub use crate::{invalid::Invalid, name::Name};

mod trim;

/// Defines a type for text with a length in a range that passes `check`.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $least:literal..=$most:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The minimum number of characters.
            pub const LEAST: usize = $least;
            /// The maximum number of characters.
            pub const MOST: usize = $most;

            /// Checks the text.
            ///
            /// # Errors
            /// [`Invalid`] when the text breaks a rule of the type.
            pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
                let text = text.into();
                let check: fn(&str) -> Result<(), Invalid> = $check;
                check(&text).map(|()| Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(text: String) -> Result<Self, Invalid> {
                Self::new(text)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

checked_text! {
    /// A version: 1 to 255 characters, no control characters, no space at either end. Versions are
    /// never compared as numbers.
    Version, 1..=255, |text| line(text, Version::MOST, "must be at most 255 characters long")
}

checked_text! {
    /// A short text, such as the name of a person, a program or a team: 1 to 255 characters, no
    /// control characters, no space at either end.
    Label, 1..=255, |text| line(text, Label::MOST, "must be at most 255 characters long")
}

checked_text! {
    /// A git commit: 4 to 64 hexadecimal digits.
    CommitSha, 4..=64, |text| {
        let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hexadecimal && (CommitSha::LEAST..=CommitSha::MOST).contains(&text.len()) {
            Ok(())
        } else {
            Err(Invalid("must be 4 to 64 hexadecimal digits"))
        }
    }
}

checked_text! {
    /// The beginning of the id of a deployment, with its hyphens: `019ab1e2-7c4d`. The first 13
    /// characters are the millisecond in which the id was made (RFC 9562, section 5.7).
    IdPrefix, 4..=36, |text| {
        let fits = |(at, byte): (usize, u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        if (IdPrefix::LEAST..=IdPrefix::MOST).contains(&text.len()) && text.bytes().enumerate().all(fits) {
            Ok(())
        } else {
            Err(Invalid("must be the beginning of an id, at least 4 characters, such as 019ab1e2-7c4d"))
        }
    }
}

checked_text! {
    /// Free text of at most 4,096 characters; line breaks are allowed, NUL is not.
    Description, 0..=4096, |text| prose(text, Description::MOST, "must be at most 4096 characters long")
}

checked_text! {
    /// The reason of a transition, such as `exit code 3`: at most 1,024 characters; NUL is not
    /// allowed.
    Reason, 0..=1024, |text| prose(text, Reason::MOST, "must be at most 1024 characters long")
}

checked_text! {
    /// An idempotency key, which identifies repetitions of a request: 1 to 255 visible ASCII
    /// characters (RFC 5234, `VCHAR`).
    IdempotencyKey, 1..=255, |text| {
        if !text.is_empty() && text.len() <= IdempotencyKey::MOST && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(())
        } else {
            Err(Invalid("must be 1 to 255 visible ASCII characters, without spaces"))
        }
    }
}

checked_text! {
    /// The query of a page, such as `env=production&q=pay`: at most 1,024 characters, no control
    /// characters.
    ViewQuery, 0..=1024, |text| {
        if text.chars().any(char::is_control) {
            return Err(Invalid("must have no control characters"));
        }
        prose(text, ViewQuery::MOST, "must be at most 1024 characters long")
    }
}

impl Default for ViewQuery {
    /// The query of the whole matrix.
    fn default() -> Self {
        Self(String::new())
    }
}

fn line(text: &str, most: usize, too_long: &'static str) -> Result<(), Invalid> {
    if text.is_empty() {
        Err(Invalid("must not be empty"))
    } else if text.chars().count() > most {
        Err(Invalid(too_long))
    } else if text.chars().any(char::is_control) {
        Err(Invalid("must have no control characters"))
    } else if text.trim() != text {
        Err(Invalid("must have no space at either end"))
    } else {
        Ok(())
    }
}

fn prose(text: &str, most: usize, too_long: &'static str) -> Result<(), Invalid> {
    if text.chars().count() > most {
        Err(Invalid(too_long))
    } else if text.contains('\0') {
        Err(Invalid("must have no NUL character"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_an_id_has_its_hyphens() {
        for good in [
            "019a",
            "019ab1e2-",
            "019AB1E2-7c4d",
            "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f52",
        ] {
            assert!(IdPrefix::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "019",
            "019ab1e27c4d",
            "019ab1e2-7c4d7",
            "019g",
            "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f520",
        ] {
            assert!(IdPrefix::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_length_of_a_version_is_counted_in_characters() {
        assert!(Version::new("é".repeat(255)).is_ok());
        for bad in ["", " v1", "v1 ", "v\n1", "v\0", &"v".repeat(256)] {
            assert!(Version::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_commit_is_hexadecimal() {
        assert!(CommitSha::new("ed52224333bd2591ebd3e2f1eea9768c6b925305").is_ok());
        for bad in ["", "abc", "xyz1", &"a".repeat(65)] {
            assert!(CommitSha::new(bad).is_err(), "{bad}");
        }
    }
}
