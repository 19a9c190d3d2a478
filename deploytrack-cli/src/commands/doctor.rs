//! placeholder
use super::login::Streams;
use crate::{args::Global, error::Failure, surroundings::Surroundings};
/// Check
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {}
pub(crate) async fn run(_: &Global, _: &Surroundings, _: Streams<'_>) -> Result<(), Failure> { Ok(()) }
