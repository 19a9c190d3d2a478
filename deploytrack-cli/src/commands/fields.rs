//! Values of flags that become fields of a request.

use std::str::FromStr;

use deploytrack_core::{deployment::Metadata, text::Invalid};

use crate::{error::Failure, session::Session};

/// The help of `--idempotency-key`.
pub(super) const KEY_HELP: &str = "Run this once, however often the command is repeated with the same key [default: a random key]";

/// Parses a text that may be empty: an empty text removes the value.
pub(super) fn or_empty<T: FromStr<Err = Invalid>>(text: &str) -> Result<String, Invalid> {
    if !text.is_empty() {
        text.parse::<T>()?;
    }
    Ok(text.to_owned())
}

/// The change that a flag asks for: no flag changes nothing, an empty text removes the value, any
/// other text sets it.
#[expect(
    clippy::option_option,
    reason = "unchanged, removed and set are three values, as in core's changes"
)]
pub(super) fn clearable<T: FromStr<Err = Invalid>>(
    flag: &str,
    text: Option<String>,
) -> Result<Option<Option<T>>, Failure> {
    match text {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(Some(None)),
        Some(text) => text
            .parse()
            .map(|value| Some(Some(value)))
            .map_err(|why| Failure::usage(format!("--{flag} {why}"))),
    }
}

/// `key=value` pairs as metadata.
pub(super) fn metadata(pairs: Vec<(String, String)>) -> Result<Metadata, Failure> {
    let map = pairs
        .into_iter()
        .map(|(key, value)| (key, value.into()))
        .collect();
    Metadata::new(map).map_err(|why| Failure::usage(format!("--meta {why}")))
}

/// The pairs that fit into the metadata. The largest pairs are left out until the rest fits, each
/// with a warning.
pub(super) fn fitting(
    mut pairs: Vec<(String, String)>,
    session: &mut Session<'_>,
) -> Vec<(String, String)> {
    while let (Err(why), Some(largest)) = (metadata(pairs.clone()), largest(&pairs)) {
        let (key, value) = pairs.remove(largest);
        session.warn(&format!(
            "{}: {key}, with {} characters, is left out",
            why.message(),
            value.chars().count()
        ));
    }
    pairs
}

fn largest(pairs: &[(String, String)]) -> Option<usize> {
    (0..pairs.len()).max_by_key(|index| pairs[*index].0.len() + pairs[*index].1.len())
}
