//! The setting for new names that look like typing errors of known ones.

use crate::{catalog::CatalogKind, text::Name, words::words};

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

words! {
    NameGuard,
    "must be off, warn or refuse",
    {
        Off => "off",
        Warn => "warn",
        Refuse => "refuse",
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
