//! Runs the wrapped command as it would run alone: with the same streams, terminal and signals.
//!
//! | File | Knows |
//! |---|---|
//! | `start` | how a program is found and started, as execvp(3) does |
//! | `signals` | the signals that this process receives and forwards |
//! | `time_limit`, `descendants` | the end of a command that takes too long, and of the processes that it started |
//! | `relay`, `recent_output`, `tail` | the pipe for the output, its last part, and the lines that are recorded |
//! | `mask_commands` | secrets that the command asks the CI to mask |
//! | `keeper_watch` | the command while a keeper runs it, and after the keeper is killed |
//! | `tracking_variables` | the variables by which a CI would kill the keeper |

#[cfg(unix)]
mod descendants;
#[cfg(unix)]
mod keeper_watch;
mod mask_commands;
mod recent_output;
mod relay;
mod signals;
mod start;
mod tail;
mod time_limit;
pub(crate) mod tracking_variables;

use std::{
    ffi::{OsStr, OsString},
    io::{self, IsTerminal},
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::sleep,
};

#[cfg(unix)]
pub(crate) use self::keeper_watch::{RecordingProcess, run_keeper};
pub(crate) use self::{
    relay::copy_stdin_to_stdout,
    signals::{Effect, Signals, end_interrupted, stop},
};
use self::{
    relay::{Pipes, Relay},
    signals::{Received, Target},
    tail::tail,
    time_limit::TimeLimit,
};
use crate::queue::Outcome;

/// How often to look for orphans of a command with a time limit. They are children of this process.
const REAPING: Duration = Duration::from_secs(1);

/// A command and how to run it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WrappedCommand<'a> {
    /// The program and its arguments.
    pub(crate) command: &'a [OsString],
    /// Additional environment variables.
    pub(crate) variables: &'a [(&'a str, String)],
    /// How long it may run, together with every process that it starts.
    pub(crate) limit: Option<Duration>,
    /// How many of its last lines are recorded if it fails. If this is not 0, its output goes
    /// through a pipe.
    pub(crate) output_tail: usize,
}

/// Runs a command to its end, and forwards signals to it. `on_start` gets its process id.
pub(crate) async fn run(
    command: WrappedCommand<'_>,
    signals: &mut Signals,
    on_start: impl FnOnce(u32),
) -> Outcome {
    // If no pipe can be created, the command runs without an output tail.
    let pipes = if command.output_tail > 0 {
        Pipes::new().ok()
    } else {
        None
    };
    let mut limit = TimeLimit::new(command.limit);
    let child = match start::start(command.command, |program, arguments| {
        prepared(program, arguments, command, pipes.as_ref())
    }) {
        Ok(child) => child,
        Err(error) => {
            let program = command
                .command
                .first()
                .map(|program| program.to_string_lossy());
            return Outcome::not_started(&program.unwrap_or_default(), &error);
        }
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
    let output_tail = output
        .filter(|_| !outcome.succeeded)
        .map(|output| tail(&output, command.output_tail));
    Outcome {
        output_tail,
        ..outcome
    }
}

/// A command with its variables, its streams and its process group.
fn prepared(
    program: &OsStr,
    arguments: &[OsString],
    wrapped: WrappedCommand<'_>,
    pipes: Option<&Pipes>,
) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(wrapped.variables.iter().map(|(name, value)| (*name, value)));
    tracking_variables::restore(&mut command);
    if let Some((out, err)) = pipes.and_then(|pipes| pipes.ends().ok()) {
        command.stdout(out).stderr(err);
    }
    set_process_group(command.as_std_mut());
    command
}

/// Gives a command its own process group, so that a signal also reaches the processes that it
/// starts. With a terminal it stays in the group of the terminal: otherwise it could not read from
/// it.
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
async fn wait(mut child: Child, limit: &mut TimeLimit, signals: &mut Signals) -> Outcome {
    let target = child.id().map(Target::of);
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended.map_or_else(|error| Outcome::not_started("the command", &error), Outcome::of),
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
    // Ctrl-Z stops every process of the terminal, including this one. A signal from another process
    // is only for the command.
    if received.by_kernel && received.effect() == Effect::Stops {
        stop();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn run_with(command: &[&str], options: WrappedCommand<'_>) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let command: Vec<_> = command.iter().map(OsString::from).collect();
            run(
                WrappedCommand {
                    command: &command,
                    ..options
                },
                &mut Signals::listen(),
                drop,
            )
            .await
        })
    }

    fn outcome(command: &[&str]) -> Outcome {
        run_with(command, WrappedCommand::default())
    }

    #[test]
    fn a_command_that_exceeds_its_time_limit_is_ended() {
        let options = WrappedCommand {
            limit: Some(Duration::from_millis(200)),
            ..WrappedCommand::default()
        };
        let outcome = run_with(&["sleep", "30"], options);
        assert_eq!(
            (outcome.code, outcome.reason.as_str()),
            (
                124,
                "the command was ended, since it took longer than 200ms"
            )
        );
    }

    #[test]
    fn the_last_lines_are_recorded_for_a_failure_and_not_for_a_success() {
        let options = WrappedCommand {
            output_tail: 2,
            ..WrappedCommand::default()
        };
        let outcome = run_with(&["sh", "-c", "echo a; echo b; echo c; exit 1"], options);
        assert_eq!(outcome.output_tail.as_deref(), Some("b\nc"));
        assert_eq!(run_with(&["echo", "a"], options).output_tail, None);
    }

    #[test]
    fn an_outcome_has_the_exit_code_of_the_command() {
        for (command, code, reason) in [
            (&["true"][..], 0, "exit code 0"),
            (&["sh", "-c", "exit 3"], 3, "exit code 3"),
            (
                &["sh", "-c", "kill -KILL $$"],
                137,
                "ended by signal 9 (SIGKILL)",
            ),
        ] {
            let outcome = outcome(command);
            assert_eq!(
                (outcome.code, outcome.succeeded, outcome.reason.as_str()),
                (code, code == 0, reason)
            );
        }
        assert_eq!(outcome(&["no-such-command-anywhere"]).code, 127);
        assert_eq!(outcome(&["/"]).code, 126);
    }
}
