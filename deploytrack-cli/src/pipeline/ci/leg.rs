//! The leg of a job: one of several runs of the same job, as a matrix or `parallel` makes them.
//!
//! A step that is repeated in its leg goes on with the deployment of its earlier try. An idempotency key that only the two of
//! them have leads from one to the other. The key is derived from the leg, where a variable of the provider identifies it, and
//! from the command, its folder and its environment. Two steps of one leg, and two rounds of a loop, differ in one of these.
//! A record without a command has no derived key: a loop that records three deployments looks like a step that is repeated
//! three times.

use std::{collections::BTreeMap, ffi::OsString};

use deploytrack_core::{catalog::Reference, digest::Digest, text::IdempotencyKey};

use super::{Context, Fact};

/// The facts that differ between two runs of a CI.
const RUN: [Fact; 5] = [Fact::Repository, Fact::RunUrl, Fact::Run, Fact::Attempt, Fact::Job];
/// Variables that the shell changes from one command to the next.
const VOLATILE: [&str; 3] = ["_", "SHLVL", "OLDPWD"];

/// A step of a leg: the deployment that it records, and the command that it runs.
pub(crate) struct Step<'a> {
    pub(crate) component: &'a Reference,
    pub(crate) environment: &'a Reference,
    pub(crate) version: String,
    pub(crate) command: &'a [OsString],
}

impl Context {
    /// The key of a step, the same when it is repeated in its leg; none where no variable identifies the leg.
    pub(crate) fn idempotency_key(&self, step: &Step<'_>) -> Option<IdempotencyKey> {
        let leg = self.fact(Fact::Leg).filter(|_| !step.command.is_empty())?;
        let run = RUN.map(|fact| self.fact(fact).map(|known| known.value.clone()));
        let provider = self.provider.map(|provider| provider.name);
        let what = [step.component.to_string(), step.environment.to_string(), step.version.clone()];
        // As bytes, so that two words that are no text never look the same.
        let command: Vec<_> = step.command.iter().map(|word| word.as_encoded_bytes()).collect();
        let folder = std::env::current_dir().ok().map(|folder| folder.into_os_string().into_encoded_bytes());
        let text = serde_json::to_string(&(provider, run, &leg.value, what, command, folder, &self.variables)).ok()?;
        IdempotencyKey::new(format!("ci-{}", Digest::of(text.as_bytes()))).ok()
    }
}

/// The environment of the command. The key is a digest of all of it, so no single value can be guessed from the key.
pub(super) fn lasting(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    variables.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect()
}
