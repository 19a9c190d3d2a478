//! How this process prints warnings and errors: in colour or not, and in the format of its
//! provider.

use super::{
    annotations::{Form, Level},
    detect::provider,
};
use crate::{process_env::ProcessEnv, render::text::clean};

/// How a warning or an error is printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) colour: bool,
    pub(crate) form: Form,
    pub(crate) level: Level,
}

impl Manner {
    /// An error, in the colour and the format for this environment.
    pub(crate) fn of(env: &ProcessEnv) -> Self {
        Self {
            colour: env.colour_on_stderr(),
            form: form_of_provider(env),
            level: Level::Error,
        }
    }
}

/// The format of the provider.
pub(super) fn form_of_provider(env: &ProcessEnv) -> Form {
    provider(env)
        .map(|provider| provider.form)
        .unwrap_or_default()
}

/// A warning in the format of the provider, on one line.
pub(crate) fn warning(env: &ProcessEnv, text: &str) -> String {
    let text = clean(text);
    form_of_provider(env)
        .line(Level::Warning, &text)
        .unwrap_or_else(|| format!("deploytrack: warning: {text}"))
}
