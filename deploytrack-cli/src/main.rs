//! The `deploytrack` command.

use std::{
    io::{BufWriter, stderr, stdout},
    process::ExitCode,
};

use deploytrack_cli::{Surroundings, run};

fn main() -> ExitCode {
    let surroundings = Surroundings::of_this_process();
    run(std::env::args_os(), &surroundings, &mut BufWriter::new(stdout().lock()), &mut stderr()).into()
}
