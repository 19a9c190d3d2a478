//! How a command ended, and the change of its deployment that records it.

use std::{io, process::ExitStatus, time::Duration};

use deploytrack_core::{
    clock::{Clock as _, SystemClock, Time},
    deployment::{Change, Metadata},
    status::Status,
    text::Reason,
};
use serde::{Deserialize, Serialize};

/// The exit code of a command that exceeded its time limit, as with timeout(1).
const TIMED_OUT: u8 = 124;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// The exit code for the pipeline: that of the command; 128 plus the number of the signal that
    /// ended it; 127 or 126 if it could not be started, as in a shell; 124 if it exceeded its time
    /// limit.
    pub(crate) code: u8,
    /// Whether the command succeeded.
    pub(crate) succeeded: bool,
    /// The reason in words.
    pub(crate) reason: String,
    /// Whether a warning has to print the reason: the command did not run, or not to its end, so it
    /// printed none itself.
    #[serde(default, rename = "unsaid")]
    pub(crate) needs_warning: bool,
    /// When the command ended.
    pub(crate) at: Time,
    /// Its last lines, if it failed and they were requested.
    #[serde(default)]
    pub(crate) output_tail: Option<String>,
}

impl Outcome {
    fn failed(code: u8, reason: String) -> Self {
        Self {
            code,
            succeeded: false,
            reason,
            needs_warning: false,
            at: SystemClock.now(),
            output_tail: None,
        }
    }

    /// The outcome of a command that could not be started.
    pub(crate) fn not_started(program: &str, error: &io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::NotFound {
            127
        } else {
            126
        };
        Self {
            needs_warning: true,
            ..Self::failed(code, format!("{program} could not be started: {error}"))
        }
    }

    /// The outcome of a command whose end no process saw.
    pub(crate) fn unknown(code: u8) -> Self {
        let reason =
            "how the command ended is not known: the deploytrack that waited for it was killed"
                .to_owned();
        Self {
            needs_warning: true,
            ..Self::failed(code, reason)
        }
    }

    pub(crate) fn timed_out(after: Duration) -> Self {
        let reason = format!(
            "the command was ended, since it took longer than {}",
            humantime::format_duration(after)
        );
        Self {
            needs_warning: true,
            ..Self::failed(TIMED_OUT, reason)
        }
    }

    /// The outcome if a signal arrives before the command began.
    pub(crate) fn cancelled(signal: i32) -> Self {
        Self {
            reason: format!(
                "called off by signal {signal}{} before the command began",
                name_of(signal)
            ),
            ..Self::by_signal(signal)
        }
    }

    fn by_signal(signal: i32) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        Self::failed(code, format!("ended by signal {signal}{}", name_of(signal)))
    }

    /// Whether this is the reason of a command that SIGINT ended.
    pub(crate) fn is_by_interrupt(reason: &str) -> bool {
        reason == Self::by_signal(2).reason
    }

    /// The outcome for an exit status.
    pub(crate) fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::by_signal(signal);
        }
        let code = status.code().unwrap_or(1);
        let ended = Self::failed(
            u8::try_from(code & 0xff).unwrap_or(1),
            format!("exit code {code}"),
        );
        Self {
            succeeded: status.success(),
            ..ended
        }
    }

    /// The same outcome, with as many of the last lines as fit beside `metadata`. The server would
    /// refuse metadata that are too large.
    pub(crate) fn fitting(&self, metadata: &Metadata) -> Self {
        let fits = |tail: &str| {
            let patch = [("outputTail".to_owned(), tail.into())]
                .into_iter()
                .collect();
            Metadata::new(patch).is_ok_and(|patch| metadata.merged(&patch).is_ok())
        };
        let mut tail = self.output_tail.as_deref();
        while let Some(lines) = tail.filter(|lines| !fits(lines)) {
            tail = lines.split_once('\n').map(|(_, rest)| rest);
        }
        Self {
            output_tail: tail.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The change of the deployment that records this outcome.
    pub(crate) fn change(&self) -> Change {
        let status = if self.succeeded {
            Status::Succeeded
        } else {
            Status::Failed
        };
        let reason = if self.succeeded {
            None
        } else {
            Reason::new(self.reason.chars().take(1024).collect::<String>()).ok()
        };
        let tail = self
            .output_tail
            .iter()
            .map(|tail| ("outputTail".to_owned(), tail.as_str().into()))
            .collect();
        let metadata = Metadata::new(tail)
            .ok()
            .filter(|_| self.output_tail.is_some());
        Change {
            occurred_at: Some(self.at),
            reason,
            metadata,
            ..Change::to(status)
        }
    }
}

#[cfg(unix)]
fn name_of(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal)
        .map(|name| format!(" ({name})"))
        .unwrap_or_default()
}

#[cfg(not(unix))]
fn name_of(_signal: i32) -> String {
    String::new()
}
