//! The async runtime of a command.

use crate::{error::Failure, exit::Exit};

/// Runs a command on one thread, which is enough for requests that follow one another. Returns when
/// the command ends: a DNS lookup or a file operation that still blocks a helper thread is
/// abandoned.
pub(crate) fn run<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unreachable, format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_background();
    outcome
}
