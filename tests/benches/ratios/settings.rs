//! What the command line asks for.

use std::{process::exit, time::Duration};

/// What `--help` shows.
const HELP: &str = "\
Ratios of what the server does to what the machine allows, both measured in one run, in turns.

Usage: cargo bench -- [OPTIONS]

Without options it takes some minutes, on data sets of 10,000 and 1,000,000 deployments. They are made at the first run,
which may take long, and kept under target/bench-data.

  --quick                          a minute in all, on 10,000 deployments alone
  --full                           10,000,000 deployments too
  --only TEXT                      the lines whose name contains TEXT
  --database sqlite|postgres|both  [default: both]

A line is: name, ours, floor, ratio (the median of the rounds' ratios), the least and the greatest ratio, target, and
whether it is reached.";

/// How much is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Extent {
    Quick,
    #[default]
    Usual,
    Full,
}

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    extent: Extent,
    only: Option<String>,
    kind: Option<Kind>,
}

impl Settings {
    /// The settings of this process, or its end: with the help, with a refusal, or, outside `cargo bench`, with nothing.
    pub(crate) fn of_this_process(args: Vec<String>) -> Self {
        // `cargo test --all-targets` runs this too, and a test is no time to measure.
        if args.is_empty() {
            println!("measures only when it is asked to: cargo bench");
            exit(0)
        }
        Self::read(args.into_iter()).unwrap_or_else(|why| {
            println!("{why}\n\n{HELP}");
            exit(2)
        })
    }

    fn read(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut settings = Self::default();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--help" | "-h" => {
                    println!("{HELP}");
                    exit(0)
                }
                // What `cargo bench` passes to every program.
                "--bench" => {}
                "--quick" => settings.extent = Extent::Quick,
                "--full" => settings.extent = Extent::Full,
                "--only" => settings.only = Some(value()?),
                "--database" => settings.kind = kind(&value()?)?,
                other => return Err(format!("{other} is no option")),
            }
        }
        Ok(settings)
    }

    /// Whether a line of this name is asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.to_lowercase().contains(&only.to_lowercase()))
    }

    /// Whether a database is asked for.
    pub(crate) fn wants_kind(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|only| only == kind)
    }

    /// Whether only a minute is to be spent.
    pub(crate) fn is_quick(&self) -> bool {
        self.extent == Extent::Quick
    }

    /// How many deployments a usual line is measured on.
    pub(crate) fn rows(&self) -> u64 {
        if self.is_quick() { 10_000 } else { 1_000_000 }
    }

    /// The lengths of history that are compared with 10,000 deployments.
    pub(crate) fn longer(&self) -> &'static [u64] {
        match self.extent {
            Extent::Quick => &[],
            Extent::Usual => &[1_000_000],
            Extent::Full => &[1_000_000, 10_000_000],
        }
    }

    /// How many rounds a line has: the least that has a median.
    pub(crate) const ROUNDS: usize = 3;

    /// How long one side of a round is measured.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_millis(if self.is_quick() { 500 } else { 2000 })
    }

    /// How long it runs before that.
    pub(crate) fn warm(&self) -> Duration {
        self.time() / 5
    }
}

fn kind(word: &str) -> Result<Option<Kind>, String> {
    match word {
        "sqlite" => Ok(Some(Kind::Sqlite)),
        "postgres" => Ok(Some(Kind::Postgres)),
        "both" => Ok(None),
        other => Err(format!("{other} is none of sqlite, postgres and both")),
    }
}
