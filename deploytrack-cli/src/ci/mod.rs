//! Facts about a deployment that the CI, or else git, provides.
//!
//! | File | Knows |
//! |---|---|
//! | `context` | the facts about one deployment |
//! | `detect` | the provider of this CI, and the values in its variables |
//! | `providers` | the variables of each provider |
//! | `leg` | the idempotency key of a step in a leg of a job |
//! | `git` | how git is called |
//! | `checkout` | the repository of the current directory |
//! | `tags` | the tags that may be versions of a component |
//! | `revision` | the decision about the version and its commit |
//! | `invalid_values` | values of the CI that cannot be recorded |
//! | `annotations` | the formats of the providers for warnings and errors |
//! | `manner` | the format for this process, and whether colours are used |
//! | `address` | addresses with and without credentials |
//! | `outputs` | the files for outputs of a step |

mod address;
pub(crate) mod annotations;
mod checkout;
mod context;
mod detect;
mod git;
mod invalid_values;
pub(crate) mod leg;
pub(crate) mod manner;
pub(crate) mod outputs;
mod providers;
mod revision;
mod tags;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    address::{address_parts, without_credentials},
    context::{Context, identity_of_job},
    detect::{is_known, provider_name},
};

/// A kind of fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Version,
    Commit,
    Environment,
    Actor,
    Repository,
    Reference,
    PullRequest,
    Run,
    Attempt,
    Job,
    RunUrl,
    /// The leg of the job: unique among all legs, and the same if a step is repeated in it.
    Leg,
    /// Set if the run deploys what another run built.
    Downstream,
    /// A name that equals the tag only if the run builds the tag, and not if the tag is only a
    /// parameter.
    BuiltTag,
    /// The address of the repository.
    Address,
}

/// A value and its source: a variable, or `git`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FactValue {
    pub(crate) value: String,
    pub(crate) source: String,
}
