//! Ratios: the performance of the server compared with a baseline of the machine, both measured in
//! one run.
//!
//! ```text
//! cargo bench -- --help
//! ```
//!
//! | Module | Contains |
//! |---|---|
//! | `settings` | the options of the command line |
//! | `machine` | the machine of the measurement |
//! | `table` | a line, its target, and its result |
//! | `run` | the shared parts of a run: settings, databases, rounds |
//! | `load` | a small HTTP client, and a load of many of them |
//! | `data` | the data sets, kept between runs |
//! | `bare_hyper`, `raw_sqlite`, `pgbench` | the baselines |
//! | `reads`, `writes`, `bodies`, `growth`, `names`, `servers`, `process`, `instructions`, `pocketbase` | the lines |

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench says what is wrong by panicking"
)]
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

mod bare_hyper;
mod bodies;
mod data;
mod growth;
mod instructions;
mod load;
mod machine;
mod names;
mod pgbench;
mod pocketbase;
mod process;
mod raw_sqlite;
mod reads;
mod run;
mod servers;
mod settings;
mod table;
mod writes;

use crate::{run::Run, settings::Settings};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // A baseline runs this program again, in a separate process like the server.
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [bare_hyper::ARGUMENT, answer] => bare_hyper::serve(answer),
        [raw_sqlite::ARGUMENT, file, batch, warm, time] => {
            raw_sqlite::write(file, batch, warm, time);
        }
        _ => measure(&Settings::of_this_process(args)),
    }
}

fn measure(settings: &Settings) {
    machine::print(settings);
    let mut run = Run::new(settings);
    reads::sqlite(&mut run);
    reads::postgres(&mut run);
    writes::sqlite(&mut run);
    writes::postgres(&mut run);
    bodies::run(&mut run);
    growth::run(&mut run);
    names::run(&mut run);
    servers::run(&mut run);
    process::run(&mut run);
    instructions::run(&mut run);
    pocketbase::run(&mut run);
    run.finish();
}
