//! Detects the provider, and reads values from its variables.

use std::{fs::File, io::Read as _};

use deploytrack_core::text::{CommitSha, Label, Name, Version};
use serde_json::Value;

use super::{
    Fact, FactValue,
    address::without_credentials,
    providers::{PROVIDERS, Provider},
};
use crate::{
    process_env::ProcessEnv,
    text::{cut, one_line},
};

/// The largest number of bytes that are read of the payload of an event.
const MOST_BYTES: u64 = 32 * 1024 * 1024;
/// The largest number of characters of a value in the metadata. Folders of Jenkins make long
/// addresses.
const MOST_OF_METADATA: usize = 2_048;

/// The provider of this CI, if it is a known one.
pub(super) fn provider(env: &ProcessEnv) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.is_here(env))
}

/// The name of the provider of this CI, if it is a known one.
pub(crate) fn provider_name(env: &ProcessEnv) -> Option<&'static str> {
    provider(env).map(|provider| provider.name)
}

/// Whether this process runs in a known CI.
pub(crate) fn is_known(env: &ProcessEnv) -> bool {
    provider(env).is_some()
}

/// The commit of the run that triggered this one, from the variables of Azure or from the event
/// payload of GitHub.
pub(super) fn triggering_commit(env: &ProcessEnv) -> Option<FactValue> {
    if let Some(alias) = env.variable("RESOURCES_TRIGGERINGALIAS") {
        let variable = format!(
            "RESOURCES_PIPELINE_{}_SOURCECOMMIT",
            alias.to_ascii_uppercase()
        );
        return fact_value(Fact::Commit, env.variable(&variable)?, &variable);
    }
    let file = File::open(env.variable("GITHUB_EVENT_PATH")?).ok()?;
    let event: Value = serde_json::from_reader(file.take(MOST_BYTES)).ok()?;
    fact_value(
        Fact::Commit,
        event.pointer("/workflow_run/head_sha")?.as_str()?,
        "workflow_run.head_sha",
    )
}

/// A value in the form in which it is recorded; none if it cannot be recorded.
pub(super) fn fact_value(fact: Fact, text: &str, source: &str) -> Option<FactValue> {
    let text = without_credentials(text);
    let value = match fact {
        Fact::Reference | Fact::BuiltTag => ["refs/heads/", "refs/tags/"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(&text)
            .to_owned(),
        // Names stay useful when they are shortened.
        Fact::Actor | Fact::Job => cut(&one_line(&text), Label::MOST),
        _ => text,
    };
    let is_valid = match fact {
        Fact::Version => Version::new(value.as_str()).is_ok(),
        Fact::Commit => CommitSha::new(value.as_str()).is_ok(),
        Fact::Environment => Name::new(value.as_str()).is_ok(),
        // Drone sets @hook if no person started the build.
        Fact::Actor => Label::new(value.as_str()).is_ok() && !value.starts_with('@'),
        // Several providers set false if there is none.
        Fact::PullRequest => Label::new(value.as_str()).is_ok() && value != "false",
        Fact::RunUrl | Fact::Repository | Fact::Reference => is_metadata(&value),
        _ => Label::new(value.as_str()).is_ok(),
    };
    is_valid.then(|| FactValue {
        value,
        source: source.to_owned(),
    })
}

/// Whether a text can be stored in the metadata.
pub(super) fn is_metadata(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= MOST_OF_METADATA
        && !text.chars().any(char::is_control)
}
