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

/// Runs a command to its end, with these variables besides its own, and passes signals on to it.
pub(crate) async fn run(command: &[OsString], variables: &[(&str, String)], signals: &mut Signals) -> Outcome {
    let Some((program, arguments)) = command.split_first() else { return Outcome::not_started(&io::Error::other("there is no command")) };
    let mut command = Command::new(program);
    command.args(arguments).envs(variables.iter().map(|(name, value)| (*name, value)));
    let own_group = !io::stdin().is_terminal();
    #[cfg(unix)]
    if own_group {
        // So that a signal reaches what the command starts, too. With a terminal the group stays the terminal's, or the
        // command could not read from it.
        command.process_group(0);
    }
    match command.spawn() {
        Ok(child) => wait(child, own_group, signals).await,
        Err(error) => Outcome::not_started(&error),
    }
}

async fn wait(mut child: Child, own_group: bool, signals: &mut Signals) -> Outcome {
    loop {
        tokio::select! {
            ended = child.wait() => return ended.map_or_else(|error| Outcome::not_started(&error), Outcome::of),
            signal = signals.next() => pass_on(&child, signal, own_group),
        }
    }
}

impl Outcome {
    fn not_started(error: &io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        Self { code, succeeded: false, reason: format!("the command could not be started: {error}") }
    }

    /// The command was called off before it began.
    pub(crate) fn called_off(signal: i32) -> Self {
        Self { reason: format!("called off by signal {signal}{} before the command began", named(signal)), ..Self::by_signal(signal) }
    }

    fn by_signal(signal: i32) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        Self { code, succeeded: false, reason: format!("ended by signal {signal}{}", named(signal)) }
    }

    fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::by_signal(signal);
        }
        let code = status.code().unwrap_or(1);
        let reason = format!("exit code {code}");
        Self { code: u8::try_from(code & 0xff).unwrap_or(1), succeeded: status.success(), reason }
    }
}

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

/// The signals that call a pipeline off. Listened to from the beginning: one that came between two steps would otherwise
/// end this process alone.
#[cfg(unix)]
pub(crate) struct Signals([(i32, Option<tokio::signal::unix::Signal>); 3]);

#[cfg(unix)]
impl Signals {
    /// Where a signal cannot be listened to, it does what it does without this.
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Self(kinds.map(|kind| (kind.as_raw_value(), signal(kind).ok())))
    }

    /// The number of the next one.
    pub(crate) async fn next(&mut self) -> i32 {
        std::future::poll_fn(|context| {
            for (number, signal) in &mut self.0 {
                if signal.as_mut().is_some_and(|signal| signal.poll_recv(context).is_ready()) {
                    return std::task::Poll::Ready(*number);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

#[cfg(unix)]
fn pass_on(child: &Child, signal: i32, own_group: bool) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let signal = match signal {
        // The terminal gives Ctrl-C to every process of its group; the command has it already.
        2 if !own_group => return,
        2 => Signal::INT,
        15 => Signal::TERM,
        _ => Signal::HUP,
    };
    let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
    // A command that has just ended needs no signal.
    let _ = if own_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
}

/// Ctrl-C, which the console gives to the command, too.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn listen() -> Self {
        Self
    }

    pub(crate) async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        2
    }
}

#[cfg(not(unix))]
fn pass_on(_child: &Child, _signal: i32, _own_group: bool) {}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn ended(command: &[&str]) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { run(&command.iter().map(OsString::from).collect::<Vec<_>>(), &[], &mut Signals::listen()).await })
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
