//! Trials: many random rounds of critical behaviour, each compared with a second way to compute the result.
//!
//! ```text
//! cargo test -p deploytrack-tests --test trials -- --help
//! ```

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a trial says what is wrong by panicking")]
#![expect(clippy::print_stdout, reason = "a trial says what it did")]

mod abuse;
mod bench;
mod clocks;
mod events;
mod full_disk;
mod kills;
mod messages;
mod model;
mod races;
mod target;

use std::{
    path::{Path, PathBuf},
    process::exit,
    time::Instant,
};

use tokio::runtime::Runtime;

use crate::bench::{Bench, Kind};

const HELP: &str = "\
Trials of what must never go wrong. Without a name, all of them but abuse.

Usage: cargo test [--release] -p deploytrack-tests --test trials -- [NAME ...] [OPTIONS]

  model      random operations against a model in memory; a round is a fresh database and 400 operations
  races      16 contenders on one deployment; a round is one deployment
  messages   every message up to three times, in disorder, with connections reset and servers killed meanwhile, against
             the same messages in order; a round is a fresh database and 60 pipelines
  kills      kill -9 under concurrent writes: what was acknowledged is there; a round is one kill
  events     readers of events that break off and go on at another server, under concurrent writes: each event once, in
             order, as the database has them; a round is one write, and for ten of them a reader breaks off once
  clocks     runners whose clocks are off by up to a day, in turns and as legs of one job, on servers whose clocks differ: the
             matrix equals the order of delivery; a round is one turn
  full_disk  a disk that is filled and freed under load: writes are refused with 503 while there is no room, reads go on,
             writing works again within 5 s, and what was acknowledged is in the file of the database after a clean end; a
             round is one fill, and every fourth one ends with kill -9 instead
  abuse      hostile callers, one kind after the other: a table of the peak memory of the server, the latency of others
             before and meanwhile, and the time until all is well again; a round is every kind once

Options:
  --rounds N                     how many rounds of each [default: a few]
  --database sqlite|postgres     only on one of them; on PostgreSQL three server processes share the database
  --only TEXT                    abuse: the kinds whose name has this in it
  --server PATH                  abuse: another deploytrack-server, such as an older one, to compare with; no bound is checked
  --seed N                       the same rounds again [default: a new one, which is printed]";

/// A trial: its name, its default number of rounds, and its function, which returns a summary.
struct Trial {
    name: &'static str,
    /// With 0, the trial runs only when it is named.
    rounds: u64,
    run: fn(&Runtime, Bench) -> String,
}

const TRIALS: [Trial; 8] = [
    Trial { name: "model", rounds: 4, run: |runtime, bench| runtime.block_on(model::run(bench)) },
    Trial { name: "races", rounds: 20, run: |runtime, bench| runtime.block_on(races::run(bench)) },
    Trial { name: "messages", rounds: 2, run: |runtime, bench| runtime.block_on(messages::run(bench)) },
    Trial { name: "kills", rounds: 3, run: |runtime, bench| runtime.block_on(kills::run(bench)) },
    Trial { name: "clocks", rounds: 40, run: |runtime, bench| runtime.block_on(clocks::run(bench)) },
    Trial { name: "events", rounds: 300, run: |runtime, bench| runtime.block_on(events::run(bench)) },
    Trial { name: "full_disk", rounds: 3, run: |runtime, bench| runtime.block_on(full_disk::run(bench)) },
    Trial { name: "abuse", rounds: 0, run: |runtime, bench| runtime.block_on(abuse::run(bench)) },
];

/// The options of the command line.
#[derive(Default)]
struct Options {
    names: Vec<String>,
    rounds: Option<u64>,
    kind: Option<Kind>,
    seed: Option<u64>,
    server: Option<&'static Path>,
    only: Option<&'static str>,
}

fn main() {
    let asked = asked(std::env::args().skip(1)).unwrap_or_else(|why| {
        println!("{why}\n\n{HELP}");
        exit(2)
    });
    let runtime = Runtime::new().unwrap();
    let is_asked = |trial: &&Trial| match asked.names.as_slice() {
        [] => trial.rounds > 0,
        names => names.iter().any(|name| name == trial.name),
    };
    for trial in TRIALS.iter().filter(is_asked) {
        for kind in [Kind::Sqlite, Kind::Postgres].into_iter().filter(|kind| asked.kind.is_none_or(|only| only == *kind)) {
            run(trial, kind, &asked, &runtime);
        }
    }
}

fn run(trial: &Trial, kind: Kind, asked: &Options, runtime: &Runtime) {
    let (rounds, seed) = (asked.rounds.unwrap_or(trial.rounds.max(1)), asked.seed.unwrap_or_else(|| fastrand::u64(..)));
    if kind == Kind::Postgres && deploytrack_tests::postgres::url().is_none() {
        return println!("trial {} on postgres: left out on purpose", trial.name);
    }
    println!("trial {} on {}: {rounds} rounds, seed {seed}", trial.name, kind.name());
    fastrand::seed(seed);
    let start = Instant::now();
    let done = (trial.run)(runtime, Bench { kind, rounds, server: asked.server, only: asked.only });
    println!("  ok in {:.1} s: {done}", start.elapsed().as_secs_f64());
}

fn asked(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut asked = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is no whole number"));
        match arg.as_str() {
            "--help" | "-h" => {
                println!("{HELP}");
                exit(0)
            }
            // Options that `cargo test` passes to every test program.
            "--list" => exit(0),
            "--nocapture" | "--show-output" | "--quiet" | "-q" | "--exact" => {}
            "--rounds" => asked.rounds = Some(number(value()?)?),
            "--only" => asked.only = Some(value()?.leak()),
            "--server" => asked.server = Some(Box::leak(PathBuf::from(value()?).into_boxed_path())),
            "--seed" => asked.seed = Some(number(value()?)?),
            "--database" => asked.kind = Some(Kind::named(&value()?)?),
            flag if flag.starts_with('-') => return Err(format!("{flag} is no option")),
            // Another name is a filter for the tests of other programs.
            name => asked.names.push(name.to_owned()),
        }
    }
    Ok(asked)
}
