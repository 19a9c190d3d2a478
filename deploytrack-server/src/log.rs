//! The log, on standard error.

mod writer;

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

/// Starts the log. A second call has no effect. [`end`] writes the last lines.
///
/// A panic is logged, too: its message on standard error would wait for the reader there.
pub fn init(format: Format, level: &str) {
    // A log is already running in a program that embeds the server.
    if tracing::dispatcher::has_been_set() {
        return;
    }
    let colour = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(level))
        .with_writer(writer::start())
        // An error of the writer would be printed to standard error.
        .log_internal_errors(false)
        .with_ansi(colour)
        .with_span_events(FmtSpan::NONE);
    let started = match format {
        Format::Text => builder.finish().try_init(),
        Format::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let location = panic.location().map(tracing::field::display);
            let message = panic.payload_as_str();
            tracing::error!(location, message, "a panic");
        }));
    }
}

/// The number of lines that were lost because the reader of standard error is too slow or gone.
#[must_use]
pub fn lost_lines() -> u64 {
    writer::lost_lines()
}

/// Ends the log: writes the lines that wait, for about a second at most. Every end of the process
/// must call it.
pub fn end() {
    writer::end();
}
