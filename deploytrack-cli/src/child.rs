//! The command that is wrapped: it runs as it would alone, with the same streams, terminal and signals.

use std::{
    ffi::OsString,
    io::{self, IsTerminal},
    process::ExitStatus,
};

use tokio::process::{Child, Command};

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The exit code for the pipeline: the command's own; 128 and the number of the signal that ended it; 127 or 126 when
    /// it could not be started, as a shell has it.
    pub(crate) code: u8,
    /// Whether it did what it should.
    pub(crate) succeeded: bool,
    /// The same in words.
    pub(crate) reason: String,
}

/// Runs a command to its end.
pub(crate) async fn run(command: &[OsString]) -> Outcome {
    let Some((program, arguments)) = command.split_first() else { return Outcome::not_started(&io::Error::other("there is no command")) };
    let mut command = Command::new(program);
    command.args(arguments);
    // Listened to before the command starts: a signal that comes in between must not end this process alone.
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return Outcome::not_started(&error),
    };
    let own_group = !io::stdin().is_terminal();
    #[cfg(unix)]
    if own_group {
        // So that a signal reaches what the command starts, too. With a terminal the group stays the terminal's, or the
        // command could not read from it.
        command.process_group(0);
    }
    match command.spawn() {
        Ok(child) => signals.wait(child, own_group).await,
        Err(error) => Outcome::not_started(&error),
    }
}

impl Outcome {
    fn not_started(error: &io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        Self { code, succeeded: false, reason: format!("the command could not be started: {error}") }
    }

    fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
            return Self { code, succeeded: false, reason: format!("ended by signal {signal}{}", named(signal)) };
        }
        let code = status.code().unwrap_or(1);
        let reason = format!("exit code {code}");
        Self { code: u8::try_from(code & 0xff).unwrap_or(1), succeeded: status.success(), reason }
    }
}

#[cfg(unix)]
const fn named(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        6 => " (SIGABRT)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

/// The signals that are passed on instead of ending this process.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn wait(mut self, mut child: Child, own_group: bool) -> Outcome {
        use rustix::process::Signal;
        loop {
            let signal = tokio::select! {
                ended = child.wait() => return ended.map_or_else(|error| Outcome::not_started(&error), Outcome::of),
                _ = self.interrupt.recv() => Signal::INT,
                _ = self.terminate.recv() => Signal::TERM,
                _ = self.hang_up.recv() => Signal::HUP,
            };
            // The terminal gives Ctrl-C to every process of its group; the command has it already.
            if own_group || signal != Signal::INT {
                pass_on(&child, signal, own_group);
            }
        }
    }
}

#[cfg(unix)]
fn pass_on(child: &Child, signal: rustix::process::Signal, own_group: bool) {
    use rustix::process::{Pid, kill_process, kill_process_group};
    let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
    // A command that has just ended needs no signal.
    let _ = if own_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn wait(self, mut child: Child, _own_group: bool) -> Outcome {
        loop {
            tokio::select! {
                ended = child.wait() => return ended.map_or_else(|error| Outcome::not_started(&error), Outcome::of),
                // The console gives Ctrl-C to the command, too.
                _ = tokio::signal::ctrl_c() => {}
            }
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn ended(command: &[&str]) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&command.iter().map(OsString::from).collect::<Vec<_>>()))
    }

    #[test]
    fn an_outcome_is_the_commands_own() {
        for (command, code, reason) in [
            (&["true"][..], 0, "exit code 0"),
            (&["sh", "-c", "exit 3"], 3, "exit code 3"),
            (&["sh", "-c", "kill -KILL $$"], 137, "ended by signal 9 (SIGKILL)"),
        ] {
            let outcome = ended(command);
            assert_eq!((outcome.code, outcome.succeeded, outcome.reason.as_str()), (code, code == 0, reason));
        }
        assert_eq!(ended(&["no-such-command-anywhere"]).code, 127);
        assert_eq!(ended(&["/"]).code, 126);
    }
}
