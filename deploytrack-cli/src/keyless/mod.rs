//! Keyless pipelines: the identity token of a job, exchanged for a token of the server.
//!
//! A command without a token uses the identity token that the provider of its job issues. The
//! exchanged token stays in the memory of this process: it is in no file, no variable, no argument
//! and no message.
//!
//! | File | Knows |
//! |---|---|
//! | `offer` | whether and how the provider of this job offers identity tokens |
//! | `request` | the request of GitHub Actions and Forgejo Actions |
//! | `program` | the programs of CircleCI and Buildkite |
//! | `job_identity` | the exchange, and the token for the requests |
//! | `principal` | which jobs have the same identity |

mod job_identity;
mod offer;
mod principal;
mod program;
mod request;

pub(crate) use self::{job_identity::JobIdentity, offer::Offer};
