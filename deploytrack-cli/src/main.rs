//! The `deploytrack` command.

use std::{
    io::{BufWriter, stderr, stdout},
    process::ExitCode,
};

use deploytrack_cli::{ProcessEnv, run};

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
