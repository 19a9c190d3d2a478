//! The leg of a job: one of several runs of the same job, as a matrix or `parallel` creates them.
//!
//! A step that is repeated in its leg resumes the deployment of its earlier try. It finds that
//! deployment by an idempotency key that only the tries of this step share. The key is derived from
//! the leg, if a variable of the provider identifies it, and from the command, its folder and its
//! environment. Two steps of one leg, and two rounds of a loop, differ in one of these.
//!
//! A record without a command has no derived key: a loop that records three deployments cannot be
//! distinguished from a step that is repeated three times.

use std::ffi::OsString;

use deploytrack_core::{catalog::Reference, digest::Digest, text::IdempotencyKey};

use super::{Context, Fact};

/// The facts that differ between two runs of a CI.
const RUN: [Fact; 5] = [
    Fact::Repository,
    Fact::RunUrl,
    Fact::Run,
    Fact::Attempt,
    Fact::Job,
];
/// A step of a leg: the deployment that it records, and its command.
pub(crate) struct Step<'a> {
    pub(crate) component: &'a Reference,
    pub(crate) environment: &'a Reference,
    pub(crate) version: String,
    pub(crate) command: &'a [OsString],
}

impl Context {
    /// The key of a step, the same if it is repeated in its leg; none if no variable identifies the
    /// leg.
    pub(crate) fn idempotency_key(&self, step: &Step<'_>) -> Option<IdempotencyKey> {
        let leg = self.fact(Fact::Leg).filter(|_| !step.command.is_empty())?;
        let run = RUN.map(|fact| self.fact(fact).map(|found| found.value.clone()));
        let provider = self.provider.map(|provider| provider.name);
        let deployment = [
            step.component.to_string(),
            step.environment.to_string(),
            step.version.clone(),
        ];
        // As bytes, so that two words that are not UTF-8 never look the same.
        let command: Vec<_> = step
            .command
            .iter()
            .map(|word| word.as_encoded_bytes())
            .collect();
        let folder = std::env::current_dir()
            .ok()
            .map(|folder| folder.into_os_string().into_encoded_bytes());
        let text = serde_json::to_string(&(
            provider,
            run,
            &leg.value,
            deployment,
            command,
            folder,
            &self.variables,
        ))
        .ok()?;
        IdempotencyKey::new(format!("ci-{}", Digest::of(text.as_bytes()))).ok()
    }
}
