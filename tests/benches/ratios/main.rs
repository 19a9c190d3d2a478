//! Ratios: what the server does beside what the machine allows, both measured in one run.
//!
//! ```text
//! cargo bench -- --help
//! ```
//!
//! | Room | Knows |
//! |---|---|
//! | `settings` | what the command line asks for |
//! | `machine` | what the figures were measured on |
//! | `table` | a line, its target, and what the rounds came to |
//! | `run` | what a run has in common: settings, databases, rounds |
//! | `load` | a small HTTP client, and many of it at once |
//! | `data` | the data sets, kept between runs |
//! | `bare_hyper`, `raw_sqlite`, `pgbench` | the floors |
//! | `reads`, `writes`, `bodies`, `growth`, `names`, `servers`, `process`, `instructions`, `pocketbase` | the lines |

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench says what is wrong by panicking")]
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
    // A floor is this program once more, in a process of its own as the server is.
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [bare_hyper::ARGUMENT, answer] => bare_hyper::serve(answer),
        [raw_sqlite::ARGUMENT, file, batch, warm, time] => raw_sqlite::write(file, batch, warm, time),
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
