//! The command that is wrapped: it runs as it would alone, with the same streams, terminal and signals.

mod announced;
#[cfg(unix)]
mod descendants;
#[cfg(unix)]
mod keeper;
mod kept;
pub(crate) mod marks;
mod relay;
mod running;
mod signals;
mod start;
mod tail;

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
pub(crate) use self::keeper::{Teller, run_keeper};
#[cfg(unix)]
use self::{descendants::Descendants, signals::resume};
pub(crate) use self::{
    relay::carry_on,
    running::Running,
    signals::{Signals, end_interrupted},
};
use self::{
    relay::{Pipes, Relay},
    signals::{Received, Target, pass_on, stop},
    tail::tail,
};

/// How long a command that has been told to end may take to do so.
const GRACE: Duration = Duration::from_secs(10);
/// How often orphans of a command with a limit, which are this process's children, are looked for.
const REAPING: Duration = Duration::from_secs(1);
/// The exit code of a command whose time is over, as that of timeout(1).
const TIMED_OUT: u8 = 124;

/// A command, and how it is to run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    /// The program and its arguments.
    pub(crate) command: &'a [OsString],
    /// Variables for it besides its own.
    pub(crate) variables: &'a [(&'a str, String)],
    /// How long it may run, with all that it starts.
    pub(crate) limit: Option<Duration>,
    /// How many of its last lines are kept when it fails; with any, its output goes through a pipe.
    pub(crate) output_tail: usize,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// The exit code for the pipeline: the command's own; 128 and the number of the signal that ended it; 127 or 126 when
    /// it could not be started, as a shell has it; 124 when its time was over.
    pub(crate) code: u8,
    /// Whether it did what it should.
    pub(crate) succeeded: bool,
    /// The same in words.
    pub(crate) reason: String,
    /// Whether nobody has said that yet: the command did not run, or not to its end.
    #[serde(default)]
    pub(crate) unsaid: bool,
    /// When.
    pub(crate) at: Time,
    /// Its last lines, when it failed and they were asked for.
    #[serde(default)]
    pub(crate) output_tail: Option<String>,
}

/// Runs a command to its end, and passes signals on to it. `begun` is told the number of its process.
pub(crate) async fn run(asked: Asked<'_>, signals: &mut Signals, begun: impl FnOnce(u32)) -> Outcome {
    // Without pipes the command runs all the same.
    let pipes = if asked.output_tail > 0 { Pipes::new().ok() } else { None };
    let mut limit = Limit::of(asked.limit);
    let child = match start::start(asked.command, |program, arguments| prepared(program, arguments, asked, pipes.as_ref())) {
        Ok(child) => child,
        Err(error) => return Outcome::not_started(&error),
    };
    if let Some(pid) = child.id() {
        begun(pid);
    }
    let relay = pipes.map(Relay::begin);
    let outcome = wait(child, &mut limit, signals).await;
    let kept = match relay {
        Some(relay) => Some(relay.end(signals).await),
        None => None,
    };
    let output_tail = kept.filter(|_| !outcome.succeeded).map(|kept| tail(&kept, asked.output_tail));
    Outcome { output_tail, ..outcome }
}

/// A command with its variables and its streams.
fn prepared(program: &OsStr, arguments: &[OsString], asked: Asked<'_>, pipes: Option<&Pipes>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).envs(asked.variables.iter().map(|(name, value)| (*name, value)));
    marks::restore(&mut command);
    if let Some((out, err)) = pipes.and_then(|pipes| pipes.ends().ok()) {
        command.stdout(out).stderr(err);
    }
    in_a_group_of_its_own(command.as_std_mut());
    command
}

/// Gives a command a process group, so that a signal reaches what it starts, too. With a terminal the group stays the
/// terminal's, or the command could not read from it.
pub(crate) fn in_a_group_of_its_own(command: &mut std::process::Command) {
    #[cfg(unix)]
    if !shares_the_terminal() {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
}

/// Whether this process and the command share a terminal.
fn shares_the_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}

/// Waits for the end of a command.
async fn wait(mut child: Child, limit: &mut Limit, signals: &mut Signals) -> Outcome {
    let target = child.id().map(Target::of);
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended.map_or_else(|error| Outcome::not_started(&error), Outcome::of),
            received = signals.next() => tell(target, received),
            () = limit.over() => limit.enforce(target),
            () = sleep(REAPING), if limit.is_set() => limit.reap(child.id()),
        }
    };
    limit.judge(ended).await
}

/// Tells a command what came.
fn tell(target: Option<Target>, received: Received) {
    if let Some(target) = target {
        pass_on(target, received);
    }
    // Ctrl-Z stops all that the terminal sees, this process among them; a signal of another process is the command's.
    if received.by_kernel {
        stop(received);
    }
}

/// How long a command may take, and what ends when that is over: all that it has started.
#[derive(Debug)]
struct Limit {
    asked: Option<Duration>,
    alarm: Option<Instant>,
    is_over: bool,
    #[cfg(unix)]
    descendants: Option<Descendants>,
}

impl Limit {
    /// A limit for a command that is to be started.
    fn of(asked: Option<Duration>) -> Self {
        Self {
            asked,
            // One that is further away than any clock goes is none.
            alarm: asked.and_then(|asked| Instant::now().checked_add(asked)),
            is_over: false,
            #[cfg(unix)]
            descendants: asked.map(|_| Descendants::from_now_on()),
        }
    }

    const fn is_set(&self) -> bool {
        self.asked.is_some()
    }

    /// Ends when there is something to enforce.
    async fn over(&self) {
        match self.alarm {
            Some(alarm) => sleep_until(alarm).await,
            None => std::future::pending().await,
        }
    }

    /// The command and what it has started are asked to end first, then made to.
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
            // One that is stopped hears of it only when it goes on.
            descendants.signal(Signal::CONT, own_group);
            found
        });
        if !found {
            tell(target, Received::sent(number.as_raw()));
            target.into_iter().for_each(resume);
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, target: Option<Target>) {
        tell(target, Received::sent(if self.is_over { 9 } else { 15 }));
    }

    /// Removes what has ended and that nobody else waits for, the command itself apart.
    fn reap(&self, command: Option<u32>) {
        #[cfg(unix)]
        self.descendants.iter().for_each(|descendants| descendants.reap(command));
        #[cfg(not(unix))]
        let _ = command;
    }

    /// The outcome, once what the command has started is gone too.
    async fn judge(&self, ended: Outcome) -> Outcome {
        let Some(asked) = self.asked.filter(|_| self.is_over) else { return ended };
        #[cfg(unix)]
        if let Some(descendants) = &self.descendants {
            descendants.end_by(self.alarm.unwrap_or_else(Instant::now)).await;
        }
        Outcome::timed_out(asked)
    }
}

impl Outcome {
    fn failed(code: u8, reason: String) -> Self {
        Self { code, succeeded: false, reason, unsaid: false, at: SystemClock.now(), output_tail: None }
    }

    fn not_started(error: &io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        Self { unsaid: true, ..Self::failed(code, format!("the command could not be started: {error}")) }
    }

    /// Nobody saw how the command ended.
    pub(crate) fn unknown(code: u8) -> Self {
        let reason = "how the command ended is not known: the deploytrack that waited for it was killed".to_owned();
        Self { unsaid: true, ..Self::failed(code, reason) }
    }

    fn timed_out(after: Duration) -> Self {
        let reason = format!("the command was ended, since it took longer than {}", humantime::format_duration(after));
        Self { unsaid: true, ..Self::failed(TIMED_OUT, reason) }
    }

    /// The command was called off before it began.
    pub(crate) fn called_off(signal: i32) -> Self {
        Self { reason: format!("called off by signal {signal}{} before the command began", named(signal)), ..Self::by_signal(signal) }
    }

    fn by_signal(signal: i32) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        Self::failed(code, format!("ended by signal {signal}{}", named(signal)))
    }

    /// Whether this is the reason of one that SIGINT ended.
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

    /// The same with as many of its last lines as fit beside `metadata`: what does not fit as a whole is refused.
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

    /// The change that tells it.
    pub(crate) fn change(&self) -> Change {
        let status = if self.succeeded { Status::Succeeded } else { Status::Failed };
        let reason = if self.succeeded { None } else { Reason::new(self.reason.chars().take(1024).collect::<String>()).ok() };
        let tail = self.output_tail.iter().map(|tail| ("outputTail".to_owned(), tail.as_str().into())).collect();
        let metadata = Metadata::new(tail).ok().filter(|_| self.output_tail.is_some());
        Change { occurred_at: Some(self.at), reason, metadata, ..Change::to(status) }
    }
}

#[cfg(unix)]
fn named(signal: i32) -> String {
    signal_hook::low_level::signal_name(signal).map(|name| format!(" ({name})")).unwrap_or_default()
}

#[cfg(not(unix))]
fn named(_signal: i32) -> String {
    String::new()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn ended_as(command: &[&str], asked: Asked<'_>) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let command: Vec<_> = command.iter().map(OsString::from).collect();
            run(Asked { command: &command, ..asked }, &mut Signals::listen(), drop).await
        })
    }

    fn ended(command: &[&str]) -> Outcome {
        ended_as(command, Asked::default())
    }

    #[test]
    fn a_command_whose_time_is_over_is_asked_to_end() {
        let asked = Asked { limit: Some(Duration::from_millis(200)), ..Asked::default() };
        let outcome = ended_as(&["sleep", "30"], asked);
        assert_eq!((outcome.code, outcome.reason.as_str()), (124, "the command was ended, since it took longer than 200ms"));
    }

    #[test]
    fn the_last_lines_of_a_failure_are_kept_and_those_of_a_success_are_not() {
        let asked = Asked { output_tail: 2, ..Asked::default() };
        let outcome = ended_as(&["sh", "-c", "echo a; echo b; echo c; exit 1"], asked);
        assert_eq!(outcome.output_tail.as_deref(), Some("b\nc"));
        assert_eq!(ended_as(&["echo", "a"], asked).output_tail, None);
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
