//! Runs the wrapped command as it would run alone: with the same streams, terminal and signals.

#[cfg(unix)]
mod descendants;
#[cfg(unix)]
mod keeper_watch;
mod mask_commands;
mod process_identity;
mod recent_output;
mod relay;
mod signals;
mod start;
mod tail;
pub(crate) mod tracking_variables;

use std::{
    ffi::{OsStr, OsString},
    io::{self, IsTerminal},
    process::ExitStatus,
    time::Duration,
};

use deploytrack_core::{
    clock::{Clock as _, SystemClock, Time},
    deployment::{Change, Metadata},
    status::Status,
    text::Reason,
};
use serde::{Deserialize, Serialize};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, sleep_until},
};

#[cfg(unix)]
use rustix::process::Signal;

#[cfg(unix)]
pub(crate) use self::keeper_watch::{RecordingProcess, run_keeper};
#[cfg(unix)]
use self::{descendants::Descendants, signals::resume};
pub(crate) use self::{
    process_identity::ProcessIdentity,
    relay::copy_stdin_to_stdout,
    signals::{Signals, end_interrupted},
};
use self::{
    relay::{Pipes, Relay},
    signals::{Received, Target, stop},
    tail::tail,
};

/// How long a command may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);
/// How often to look for orphans of a command with a time limit. They are children of this process.
const REAPING: Duration = Duration::from_secs(1);
/// The exit code of a command that exceeded its time limit, as with timeout(1).
const TIMED_OUT: u8 = 124;

/// A command and how to run it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WrappedCommand<'a> {
    /// The program and its arguments.
    pub(crate) command: &'a [OsString],
    /// Additional environment variables.
    pub(crate) variables: &'a [(&'a str, String)],
    /// How long it may run, together with every process that it starts.
    pub(crate) limit: Option<Duration>,
    /// How many of its last lines are recorded if it fails. If this is not 0, its output goes through a pipe.
    pub(crate) output_tail: usize,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// The exit code for the pipeline: that of the command; 128 plus the number of the signal that ended it; 127 or 126 if it
    /// could not be started, as in a shell; 124 if it exceeded its time limit.
    pub(crate) code: u8,
    /// Whether the command succeeded.
    pub(crate) succeeded: bool,
    /// The reason in words.
    pub(crate) reason: String,
    /// Whether a warning has to print the reason: the command did not run, or not to its end, so it printed none itself.
    #[serde(default, rename = "unsaid")]
    pub(crate) needs_warning: bool,
    /// When the command ended.
    pub(crate) at: Time,
    /// Its last lines, if it failed and they were requested.
    #[serde(default)]
    pub(crate) output_tail: Option<String>,
}

/// Runs a command to its end, and forwards signals to it. `on_start` gets its process id.
pub(crate) async fn run(command: WrappedCommand<'_>, signals: &mut Signals, on_start: impl FnOnce(u32)) -> Outcome {
    // If no pipe can be created, the command runs without an output tail.
    let pipes = if command.output_tail > 0 { Pipes::new().ok() } else { None };
    let mut limit = Limit::new(command.limit);
    let child = match start::start(command.command, |program, arguments| prepared(program, arguments, command, pipes.as_ref())) {
        Ok(child) => child,
        Err(error) => return Outcome::not_started(&error),
    };
    if let Some(pid) = child.id() {
        on_start(pid);
    }
    let relay = pipes.map(Relay::begin);
    let outcome = wait(child, &mut limit, signals).await;
    let output = match relay {
        Some(relay) => Some(relay.end(signals).await),
        None => None,
    };
    let output_tail = output.filter(|_| !outcome.succeeded).map(|output| tail(&output, command.output_tail));
    Outcome { output_tail, ..outcome }
}

/// A command with its variables, its streams and its process group.
fn prepared(program: &OsStr, arguments: &[OsString], wrapped: WrappedCommand<'_>, pipes: Option<&Pipes>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).envs(wrapped.variables.iter().map(|(name, value)| (*name, value)));
    tracking_variables::restore(&mut command);
    if let Some((out, err)) = pipes.and_then(|pipes| pipes.ends().ok()) {
        command.stdout(out).stderr(err);
    }
    set_process_group(command.as_std_mut());
    command
}

/// Gives a command its own process group, so that a signal also reaches the processes that it starts. With a terminal it stays in
/// the group of the terminal: otherwise it could not read from it.
fn set_process_group(command: &mut std::process::Command) {
    #[cfg(unix)]
    if !shares_the_terminal() {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
}

/// Whether this process, and so the command, uses a terminal.
fn shares_the_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}

/// Waits for the end of a command.
async fn wait(mut child: Child, limit: &mut Limit, signals: &mut Signals) -> Outcome {
    let target = child.id().map(Target::of);
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended.map_or_else(|error| Outcome::not_started(&error), Outcome::of),
            received = signals.next() => forward(target, received),
            () = limit.over() => limit.enforce(target),
            () = sleep(REAPING), if limit.is_set() => limit.reap(child.id()),
        }
    };
    limit.outcome(ended).await
}

/// Forwards a signal to a command.
fn forward(target: Option<Target>, received: Received) {
    if let Some(target) = target {
        signals::forward(target, received);
    }
    // Ctrl-Z stops every process of the terminal, including this one. A signal from another process is only for the command.
    if received.by_kernel {
        stop(received);
    }
}

/// The time limit of a command and of every process that it has started.
#[derive(Debug)]
struct Limit {
    limit: Option<Duration>,
    /// When the next signal is due.
    alarm: Option<Instant>,
    /// Whether the limit has been exceeded.
    is_over: bool,
    #[cfg(unix)]
    descendants: Option<Descendants>,
}

impl Limit {
    /// A limit for a command that starts next.
    fn new(limit: Option<Duration>) -> Self {
        Self {
            limit,
            // A limit beyond the range of the clock never ends.
            alarm: limit.and_then(|limit| Instant::now().checked_add(limit)),
            is_over: false,
            #[cfg(unix)]
            descendants: limit.map(|_| Descendants::from_now_on()),
        }
    }

    const fn is_set(&self) -> bool {
        self.limit.is_some()
    }

    /// Completes when the next signal is due.
    async fn over(&self) {
        match self.alarm {
            Some(alarm) => sleep_until(alarm).await,
            None => std::future::pending().await,
        }
    }

    /// Sends SIGTERM first, and SIGKILL the second time, to the command and the processes that it has started.
    fn enforce(&mut self, target: Option<Target>) {
        self.signal(target);
        self.alarm = (!self.is_over).then(|| Instant::now() + GRACE);
        self.is_over = true;
    }

    #[cfg(unix)]
    fn signal(&self, target: Option<Target>) {
        let number = if self.is_over { Signal::KILL } else { Signal::TERM };
        let own_group = target.filter(|target| target.own_group).map(|target| target.pid);
        let found = self.descendants.as_ref().is_some_and(|descendants| {
            let found = descendants.signal(number, own_group);
            // A stopped process handles the signal only after it continues.
            descendants.signal(Signal::CONT, own_group);
            found
        });
        if !found {
            forward(target, Received::sent(number.as_raw()));
            target.into_iter().for_each(resume);
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, target: Option<Target>) {
        forward(target, Received::sent(if self.is_over { 9 } else { 15 }));
    }

    /// Reaps orphans that have ended, except for the command itself.
    fn reap(&self, command: Option<u32>) {
        #[cfg(unix)]
        self.descendants.iter().for_each(|descendants| descendants.reap(command));
        #[cfg(not(unix))]
        let _ = command;
    }

    /// The outcome, after the processes that the command has started are gone, too.
    async fn outcome(&self, ended: Outcome) -> Outcome {
        let Some(limit) = self.limit.filter(|_| self.is_over) else { return ended };
        #[cfg(unix)]
        if let Some(descendants) = &self.descendants {
            descendants.end_by(self.alarm.unwrap_or_else(Instant::now)).await;
        }
        Outcome::timed_out(limit)
    }
}

impl Outcome {
    fn failed(code: u8, reason: String) -> Self {
        Self { code, succeeded: false, reason, needs_warning: false, at: SystemClock.now(), output_tail: None }
    }

    fn not_started(error: &io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        Self { needs_warning: true, ..Self::failed(code, format!("the command could not be started: {error}")) }
    }

    /// The outcome of a command whose end no process saw.
    pub(crate) fn unknown(code: u8) -> Self {
        let reason = "how the command ended is not known: the deploytrack that waited for it was killed".to_owned();
        Self { needs_warning: true, ..Self::failed(code, reason) }
    }

    fn timed_out(after: Duration) -> Self {
        let reason = format!("the command was ended, since it took longer than {}", humantime::format_duration(after));
        Self { needs_warning: true, ..Self::failed(TIMED_OUT, reason) }
    }

    /// The outcome if a signal arrives before the command began.
    pub(crate) fn called_off(signal: i32) -> Self {
        Self { reason: format!("called off by signal {signal}{} before the command began", name_of(signal)), ..Self::by_signal(signal) }
    }

    fn by_signal(signal: i32) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        Self::failed(code, format!("ended by signal {signal}{}", name_of(signal)))
    }

    /// Whether this is the reason of a command that SIGINT ended.
    pub(crate) fn is_by_interrupt(reason: &str) -> bool {
        reason == Self::by_signal(2).reason
    }

    fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::by_signal(signal);
        }
        let code = status.code().unwrap_or(1);
        let ended = Self::failed(u8::try_from(code & 0xff).unwrap_or(1), format!("exit code {code}"));
        Self { succeeded: status.success(), ..ended }
    }

    /// The same outcome, with as many of the last lines as fit beside `metadata`. The server would refuse metadata that are too large.
    pub(crate) fn fitting(&self, metadata: &Metadata) -> Self {
        let fits = |tail: &str| {
            let patch = [("outputTail".to_owned(), tail.into())].into_iter().collect();
            Metadata::new(patch).is_ok_and(|patch| metadata.merged(&patch).is_ok())
        };
        let mut tail = self.output_tail.as_deref();
        while let Some(lines) = tail.filter(|lines| !fits(lines)) {
            tail = lines.split_once('\n').map(|(_, rest)| rest);
        }
        Self { output_tail: tail.map(str::to_owned), ..self.clone() }
    }

    /// The change of the deployment that records this outcome.
    pub(crate) fn change(&self) -> Change {
        let status = if self.succeeded { Status::Succeeded } else { Status::Failed };
        let reason = if self.succeeded { None } else { Reason::new(self.reason.chars().take(1024).collect::<String>()).ok() };
        let tail = self.output_tail.iter().map(|tail| ("outputTail".to_owned(), tail.as_str().into())).collect();
        let metadata = Metadata::new(tail).ok().filter(|_| self.output_tail.is_some());
        Change { occurred_at: Some(self.at), reason, metadata, ..Change::to(status) }
    }
}

#[cfg(unix)]
fn name_of(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal).map(|name| format!(" ({name})")).unwrap_or_default()
}

#[cfg(not(unix))]
fn name_of(_signal: i32) -> String {
    String::new()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn run_with(command: &[&str], options: WrappedCommand<'_>) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let command: Vec<_> = command.iter().map(OsString::from).collect();
            run(WrappedCommand { command: &command, ..options }, &mut Signals::listen(), drop).await
        })
    }

    fn outcome(command: &[&str]) -> Outcome {
        run_with(command, WrappedCommand::default())
    }

    #[test]
    fn a_command_that_exceeds_its_time_limit_is_ended() {
        let options = WrappedCommand { limit: Some(Duration::from_millis(200)), ..WrappedCommand::default() };
        let outcome = run_with(&["sleep", "30"], options);
        assert_eq!((outcome.code, outcome.reason.as_str()), (124, "the command was ended, since it took longer than 200ms"));
    }

    #[test]
    fn the_last_lines_are_recorded_for_a_failure_and_not_for_a_success() {
        let options = WrappedCommand { output_tail: 2, ..WrappedCommand::default() };
        let outcome = run_with(&["sh", "-c", "echo a; echo b; echo c; exit 1"], options);
        assert_eq!(outcome.output_tail.as_deref(), Some("b\nc"));
        assert_eq!(run_with(&["echo", "a"], options).output_tail, None);
    }

    #[test]
    fn an_outcome_has_the_exit_code_of_the_command() {
        for (command, code, reason) in [
            (&["true"][..], 0, "exit code 0"),
            (&["sh", "-c", "exit 3"], 3, "exit code 3"),
            (&["sh", "-c", "kill -KILL $$"], 137, "ended by signal 9 (SIGKILL)"),
        ] {
            let outcome = outcome(command);
            assert_eq!((outcome.code, outcome.succeeded, outcome.reason.as_str()), (code, code == 0, reason));
        }
        assert_eq!(outcome(&["no-such-command-anywhere"]).code, 127);
        assert_eq!(outcome(&["/"]).code, 126);
    }
}
