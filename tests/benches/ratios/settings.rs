//! The options of the command line.

use std::{process::exit, time::Duration};

/// The text of `--help`.
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

/// The amount of measuring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Extent {
    Quick,
    #[default]
    Usual,
    Full,
}

/// The database to measure.
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

/// The options of the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    extent: Extent,
    only: Option<String>,
    kind: Option<Kind>,
}

impl Settings {
    /// Reads the options, or ends the process: with the help, with an error, or silently outside
    /// `cargo bench`.
    pub(crate) fn of_this_process(args: Vec<String>) -> Self {
        // `cargo test --all-targets` runs this program too, and must not measure.
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
                // Options that `cargo bench` passes to every program.
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

    /// Whether a line with this name is selected.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| name.to_lowercase().contains(&only.to_lowercase()))
    }

    /// Whether a database is selected.
    pub(crate) fn wants_kind(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|only| only == kind)
    }

    /// Whether the run must take only a minute.
    pub(crate) fn is_quick(&self) -> bool {
        self.extent == Extent::Quick
    }

    /// The number of deployments for most lines.
    pub(crate) fn rows(&self) -> u64 {
        if self.is_quick() { 10_000 } else { 1_000_000 }
    }

    /// The numbers of deployments that are compared with 10,000.
    pub(crate) fn longer(&self) -> &'static [u64] {
        match self.extent {
            Extent::Quick => &[],
            Extent::Usual => &[1_000_000],
            Extent::Full => &[1_000_000, 10_000_000],
        }
    }

    /// The number of rounds of a line: at least enough for a median.
    pub(crate) const ROUNDS: usize = 3;

    /// The time to measure one side of a round.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_millis(if self.is_quick() { 500 } else { 2000 })
    }

    /// The time that it runs before the measurement.
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
