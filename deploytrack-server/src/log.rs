//! The log, on standard error.

use std::{
    fmt,
    io::{self, IsTerminal as _},
};

use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan, util::SubscriberInitExt as _};

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lines of text, for people.
    Text,
    /// One JSON object per line, for programs.
    Json,
}

impl Format {
    /// Text on a terminal, JSON otherwise.
    #[must_use]
    pub fn suitable() -> Self {
        if io::stderr().is_terminal() {
            Self::Text
        } else {
            Self::Json
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Whether `level` is valid: a level such as `info`, or directives such as
/// `info,deploytrack_server=debug`.
#[must_use]
pub fn is_level(level: &str) -> bool {
    !level.trim().is_empty() && EnvFilter::builder().parse(level).is_ok()
}

/// The filter for a level. It drops the notices of PostgreSQL unless the level mentions sqlx: every
/// rollback without changes causes one.
fn filter(level: &str) -> EnvFilter {
    const QUIET: &str = "sqlx::postgres::notice=error";
    let level = if level.contains("sqlx") {
        level.to_owned()
    } else {
        format!("{level},{QUIET}")
    };
    EnvFilter::builder().parse_lossy(level)
}

/// Starts the log. A second call has no effect.
pub fn init(format: Format, level: &str) {
    let filter = filter(level);
    let colour = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colour)
        .with_span_events(FmtSpan::NONE);
    // The only possible error: a log is already running, for example in a program that embeds the
    // server.
    let _ = match format {
        Format::Text => builder.finish().try_init(),
        Format::Json => builder.json().flatten_event(true).finish().try_init(),
    };
}
