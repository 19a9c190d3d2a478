//! Trials: many random rounds of critical behaviour, each compared with a second way to compute the
//! result.
//!
//! ```text
//! cargo test --test trials -- --help
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a trial says what is wrong by panicking"
)]
#![expect(clippy::print_stdout, reason = "a trial says what it did")]

mod abuse;
mod bench;
mod clocks;
mod events;
mod failover;
mod full_disk;
mod hang_ups;
mod kills;
mod load;
mod messages;
mod model;
mod races;
mod restarts;
mod restores;
mod rolling;
mod starts;
mod target;

use std::{
    path::{Path, PathBuf},
    process::exit,
    time::Instant,
};

use tokio::runtime::Runtime;

use crate::bench::{Bench, Kind};

const HELP: &str = "\
Trials of critical behaviour. Without a name, all of them except abuse.

Usage: cargo test [--release] --test trials -- [NAME ...] [OPTIONS]

  model      random operations, compared with a model in memory; a round is a new database and 400 operations
  races      16 concurrent writers on one deployment; a round is one deployment
  messages   every message up to three times, out of order, with reset connections and killed servers, compared with the
             same messages in order; a round is a new database and 60 pipelines
  kills      kill -9 during concurrent writes: every acknowledged write exists afterwards; a round is one kill
  events     readers of events that disconnect and resume at another server, during concurrent writes: each event once and
             in order, as in the database; a round is one write, with one disconnection of a reader for ten of them
  clocks     runners with clocks that are off by up to a day, in turns and as legs of one job, on servers with different
             clocks: the matrix follows the order of delivery; a round is one turn
  full_disk  a disk that is filled and freed under load: writes are refused with 503 while it is full, reads continue,
             writes work again within 5 s, and every acknowledged write is in the database file after a clean end; a round
             is one fill, and every fourth one ends with kill -9 instead
  failover   a PostgreSQL cluster of three machines whose primary is killed, paused or cut off under load, in turns: no request
             fails later than 5 s after another machine is the primary, every answer shows what was acknowledged, and nothing
             acknowledged is lost; a round is one fault. Needs root, iproute2, etcd, Patroni, HAProxy and PgBouncer
  restores   backups during concurrent writes: each verifies and has every write that was acknowledged before it; restores
             that are killed: the old or the restored database is in place, whole; a round is two backups and seven restores
  restarts   PostgreSQL is stopped (fast, immediate, kill -9 in turns) and started under load: nothing acknowledged is lost, and no
             request fails later than 2 s after its return; a round is one restart
  rolling    three servers with --drain-delay behind HAProxy are restarted one after the other under load: no request fails, and
             readers of events miss nothing (PostgreSQL); a round is one restart. Needs HAProxy
  starts     five programs migrate an empty database at the same time, and five servers start on another one: none fails; on
             SQLite one serves and the others say why they end; a round is both
  hang_ups   clients that send a whole write and disconnect: no write of others is lost; a round is one client
  abuse      hostile callers, one kind after the other: a table of the peak memory of the server, the latency of others
             before and during the attack, and the time to recover; a round is every kind once

Options:
  --rounds N                     the number of rounds of each trial [default: a few]
  --database sqlite|postgres     only this database; on PostgreSQL three server processes share it [default: both]
  --only TEXT                    abuse, failover: only the kinds whose name contains TEXT
  --server PATH                  abuse: another deploytrack-server to compare with, such as an older one; no bound is checked
  --seed N                       repeats the rounds of a seed [default: a new seed, which is printed]";

/// A trial: its name, its default number of rounds, and its function, which returns a summary.
struct Trial {
    name: &'static str,
    /// With 0, the trial runs only when it is named.
    rounds: u64,
    run: fn(&Runtime, Bench) -> String,
}

const TRIALS: [Trial; 14] = [
    Trial {
        name: "model",
        rounds: 4,
        run: |runtime, bench| runtime.block_on(model::run(bench)),
    },
    Trial {
        name: "races",
        rounds: 20,
        run: |runtime, bench| runtime.block_on(races::run(bench)),
    },
    Trial {
        name: "messages",
        rounds: 2,
        run: |runtime, bench| runtime.block_on(messages::run(bench)),
    },
    Trial {
        name: "kills",
        rounds: 3,
        run: |runtime, bench| runtime.block_on(kills::run(bench)),
    },
    Trial {
        name: "clocks",
        rounds: 40,
        run: |runtime, bench| runtime.block_on(clocks::run(bench)),
    },
    Trial {
        name: "events",
        rounds: 300,
        run: |runtime, bench| runtime.block_on(events::run(bench)),
    },
    Trial {
        name: "full_disk",
        rounds: 3,
        run: |runtime, bench| runtime.block_on(full_disk::run(bench)),
    },
    Trial {
        name: "failover",
        rounds: 1,
        run: |runtime, bench| runtime.block_on(failover::run(bench)),
    },
    Trial {
        name: "restores",
        rounds: 1,
        run: |runtime, bench| runtime.block_on(restores::run(bench)),
    },
    Trial {
        name: "restarts",
        rounds: 2,
        run: |runtime, bench| runtime.block_on(restarts::run(bench)),
    },
    Trial {
        name: "rolling",
        rounds: 2,
        run: |runtime, bench| runtime.block_on(rolling::run(bench)),
    },
    Trial {
        name: "starts",
        rounds: 1,
        run: |runtime, bench| runtime.block_on(starts::run(bench)),
    },
    Trial {
        name: "hang_ups",
        rounds: 200,
        run: |runtime, bench| runtime.block_on(hang_ups::run(bench)),
    },
    Trial {
        name: "abuse",
        rounds: 0,
        run: |runtime, bench| runtime.block_on(abuse::run(bench)),
    },
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
        for kind in [Kind::Sqlite, Kind::Postgres]
            .into_iter()
            .filter(|kind| asked.kind.is_none_or(|only| only == *kind))
        {
            run(trial, kind, &asked, &runtime);
        }
    }
}

fn run(trial: &Trial, kind: Kind, asked: &Options, runtime: &Runtime) {
    let (rounds, seed) = (
        asked.rounds.unwrap_or(trial.rounds.max(1)),
        asked.seed.unwrap_or_else(|| fastrand::u64(..)),
    );
    if kind == Kind::Postgres && deploytrack_tests::postgres::url().is_none() {
        return println!("trial {} on postgres: left out on purpose", trial.name);
    }
    println!(
        "trial {} on {}: {rounds} rounds, seed {seed}",
        trial.name,
        kind.name()
    );
    fastrand::seed(seed);
    let start = Instant::now();
    let done = (trial.run)(
        runtime,
        Bench {
            kind,
            rounds,
            server: asked.server,
            only: asked.only,
        },
    );
    println!("  ok in {:.1} s: {done}", start.elapsed().as_secs_f64());
}

fn asked(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut asked = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        let number = |text: String| {
            text.parse::<u64>()
                .map_err(|_| format!("{text} is no whole number"))
        };
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
