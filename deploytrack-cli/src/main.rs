//! The `deploytrack` command.

use std::{
    io::{BufWriter, stderr, stdout},
    process::ExitCode,
};

use deploytrack_cli::{ProcessEnv, run};

/// The allocator of musl takes one lock for all threads.
#[cfg(all(feature = "serve", target_env = "musl"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let env = ProcessEnv::of_this_process();
    run(
        std::env::args_os(),
        &env,
        &mut BufWriter::new(stdout().lock()),
        &mut stderr(),
    )
    .into()
}
