//! The setting for new names that look like typing errors of known ones.

use std::{fmt, str::FromStr};

use crate::{catalog::CatalogKind, text::Name};

/// What happens to a deployment whose new name is a near miss of a known one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameGuard {
    /// The name is registered without a check.
    Off,
    /// The name is registered, and the answer and the log name the known name that it resembles.
    Warn,
    /// The deployment is rejected, unless its request asks for registration.
    #[default]
    Refuse,
}

/// The error for a word that is not a name guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be off, warn or refuse")]
pub struct UnknownNameGuard;

impl NameGuard {
    const ALL: [Self; 3] = [Self::Off, Self::Warn, Self::Refuse];

    /// The word of the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        }
    }
}

impl FromStr for NameGuard {
    type Err = UnknownNameGuard;

    fn from_str(word: &str) -> Result<Self, UnknownNameGuard> {
        Self::ALL
            .into_iter()
            .find(|guard| guard.as_str() == word)
            .ok_or(UnknownNameGuard)
    }
}

impl fmt::Display for NameGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that was registered although it resembles a known one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resemblance {
    /// Whether it is a component or an environment.
    pub kind: CatalogKind,
    /// The new name.
    pub name: Name,
    /// The known name that it resembles.
    pub known: Name,
}
