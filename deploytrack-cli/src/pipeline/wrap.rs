//! Runs a command and records its start and its outcome: `deploytrack record ... -- COMMAND`.
//!
//! The command runs even if nothing can be recorded, unless `--on-error fail` is set.

use std::{
    ffi::OsString,
    path::PathBuf,
    time::{Duration, Instant},
};

use deploytrack_core::{
    client::Error,
    clock::{Clock as _, SystemClock},
    status::Status,
    text::IdempotencyKey,
};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    ci,
    error::{Failure, is_about_the_token},
    exit::Exit,
    flags::{duration, whole},
    pipeline::{
        child::{self, Signals, WrappedCommand},
        deliver::{Delivery, DeliveryResult},
        keeper, key,
        on_error::OnError,
        send,
        start::Start,
        target,
    },
    queue::{self, Event, Outcome, PendingOutcome, ProcessIdentity, Refusal, Request},
    report::Report,
    session::Session,
};

/// More lines than an output tail ever contains.
const MOST_LINES: u64 = 1_000_000;
/// The hint if the command is not run.
pub(crate) const NOT_RUN: &str =
    "the command was not run; without --on-error fail it runs even if nothing can be recorded";

/// The command, and the flags for running it. `--timeout` limits one answer, `--send-timeout` all
/// requests before or after the command, and `--command-timeout` the command.
#[derive(Debug, clap::Args)]
pub(crate) struct WrapArgs {
    /// How long all requests before COMMAND may take, and again all after it, where --timeout is
    /// for one answer; the next call sends the rest
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) send_timeout: Duration,
    /// How long COMMAND may run, such as 30m [default: as long as it takes]
    ///
    /// Then COMMAND and every process that it has started get SIGTERM, and ten seconds later
    /// SIGKILL. The exit code is 124.
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "command")]
    command_timeout: Option<Duration>,
    /// If COMMAND fails, record its last lines as the metadata outputTail, with secrets masked
    ///
    /// The output then goes to the terminal through a pipe.
    #[arg(long, value_name = "LINES", default_value_t = 0, requires = "command", hide_default_value = true, value_parser = whole::<usize>(0, MOST_LINES))]
    output_tail: usize,
    /// The command that deploys: its start and its outcome are recorded, and its exit code is
    /// returned
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl WrapArgs {
    /// Whether there is a command.
    pub(crate) const fn has_command(&self) -> bool {
        !self.command.is_empty()
    }

    /// Whether a `--timeout` beside a command may be meant as its time limit: it once was.
    pub(crate) const fn has_open_limit(&self) -> bool {
        self.has_command() && self.command_timeout.is_none()
    }

    /// The command and its arguments; empty if there is none.
    pub(crate) fn command(&self) -> &[OsString] {
        &self.command
    }

    /// The command and how to run it, if there is one.
    pub(crate) fn wrapped_command<'a>(
        &'a self,
        variables: &'a [(&'a str, String)],
    ) -> Option<WrappedCommand<'a>> {
        let (limit, output_tail) = (self.command_timeout, self.output_tail);
        self.has_command().then_some(WrappedCommand {
            command: &self.command,
            variables,
            limit,
            output_tail,
        })
    }
}

/// How start and outcome are recorded.
#[derive(Debug)]
pub(crate) struct Recording {
    /// The start of the deployment.
    pub(crate) start: Start,
    /// The deployment in a few words; none for the names in the start.
    pub(crate) subject: Option<String>,
    /// The idempotency key of the start; none for a random one.
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) on_error: OnError,
    /// How long all requests before the command may take, and again all after it.
    pub(crate) send_timeout: Duration,
    /// The file for the id of the deployment.
    pub(crate) id_file: Option<PathBuf>,
}

/// Records the start, runs the command, and records the outcome. Returns the outcome, and the report
/// if the server has acknowledged the start.
///
/// # Errors
/// With `--on-error fail`, the start could not be recorded, and the command did not run.
pub(crate) async fn run(
    recording: Recording,
    command: WrappedCommand<'_>,
    session: &mut Session<'_>,
) -> Result<(Outcome, Option<Report>), Failure> {
    let mut signals = Signals::listen();
    let Recording {
        start,
        subject,
        key,
        on_error,
        send_timeout,
        id_file,
    } = recording;
    let key = key::or_random(key)?;
    let start = start.in_progress_since(SystemClock.now());
    let pending = PendingOutcome {
        server: session.server(),
        key: key::random()?,
    };
    if let Some(spool) = &session.spool {
        spool.limit_to(send_timeout);
    }
    let delivery = if on_error == OnError::Spool {
        begin(session)
    } else {
        Delivery::new(None)
    };
    let mut wrap = Wrap {
        delivery,
        pending,
        on_error,
        send_timeout,
        id_file,
        is_start_refused: false,
        session,
    };
    let cancelled = wrap.record_start(key, &start, &mut signals).await?;
    let subject = subject.unwrap_or_else(|| wrap.delivery.subject());
    let server = wrap.session.server();
    let began = Instant::now();
    let outcome = match cancelled {
        Some(cancelled) => cancelled,
        None => wrap.run_command(command, &mut signals).await,
    };
    let took = began.elapsed();
    if outcome.needs_warning {
        wrap.session.warn(&outcome.reason);
    }
    let sent = wrap.record_outcome(&outcome, &mut signals).await;
    let report = sent.deployment.map(|id| Report {
        id,
        subject,
        status: if outcome.succeeded {
            Status::Succeeded
        } else {
            Status::Failed
        },
        took: Some(took),
        server,
    });
    if let (Some(report), true) = (&report, sent.is_complete) {
        report_to_people(report, session);
    }
    Ok((outcome, report))
}

/// Prints the line about the deployment where people read it: on a terminal, or in the log of a CI.
/// A program that reads the streams of the command gets nothing more than without us.
fn report_to_people(report: &Report, session: &mut Session<'_>) {
    if session.env.stderr_is_terminal || ci::is_known(session.env) {
        // The exit code of the command must not depend on our output.
        drop(session.note(&format!("deploytrack: {}", report.line())));
    }
}

/// The server's reply to the outcome.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reply {
    Recorded,
    Refused,
    /// The server could not be asked.
    None,
}

/// What the server has acknowledged.
struct Sent {
    deployment: Option<Uuid>,
    /// Whether the outcome is recorded too.
    is_complete: bool,
}

/// A delivery with an entry on disk, or only in memory if the spool cannot be used.
fn begin(session: &mut Session<'_>) -> Delivery {
    let entry = match &session.spool {
        Some(spool) => spool.begin().map_err(|error| error.to_string()),
        None => Err("there is no home directory".to_owned()),
    };
    match entry {
        Ok(entry) => Delivery::new(Some(entry)),
        Err(why) => {
            session.warn(&format!(
                "a deployment that cannot be sent will be lost: the spool cannot be used: {why}"
            ));
            Delivery::new(None)
        }
    }
}

/// A wrapped command and the delivery of its deployment.
struct Wrap<'s, 'a> {
    delivery: Delivery,
    /// Server and key of the outcome.
    pending: PendingOutcome,
    on_error: OnError,
    send_timeout: Duration,
    /// The id file, until it has been written.
    id_file: Option<PathBuf>,
    /// Whether the start was refused. The outcome is then stored behind it and not sent.
    is_start_refused: bool,
    session: &'s mut Session<'a>,
}

impl Wrap<'_, '_> {
    /// Records the start. Returns the outcome if a signal cancelled the command before it began.
    async fn record_start(
        &mut self,
        key: IdempotencyKey,
        start: &Start,
        signals: &mut Signals,
    ) -> Result<Option<Outcome>, Failure> {
        self.delivery.mark_unfinished(&self.pending);
        self.add(key, start.to_request_of_step());
        let obstacle = start.obstacle.clone().or_else(|| {
            self.session
                .obstacle
                .as_ref()
                .map(|obstacle| obstacle.why.clone())
        });
        let result = if let Some(why) = obstacle {
            Some(self.delivery.stopped_by(Error::Setup(why)))
        } else {
            tokio::select! {
                result = timeout(self.send_timeout, self.delivery.deliver(&self.session.client)) => result.ok(),
                signal = signals.next_that_ends() => return Ok(Some(Outcome::cancelled(signal))),
            }
        };
        // Before the command begins: after a crash another job may have to send the entry.
        self.delivery.add_seals();
        match result {
            Some(DeliveryResult::Complete) => self.write_id_file(),
            result if self.on_error == OnError::Fail => {
                return Err(not_recorded(result, self.send_timeout));
            }
            Some(DeliveryResult::Refused(error)) => {
                self.warn_of_refusal("the deployment", &error);
                self.is_start_refused = true;
            }
            // The start is sent again together with the outcome.
            Some(DeliveryResult::Later(_)) | None => {}
        }
        Ok(None)
    }

    /// Runs the command under a keeper, or directly if there is no entry on disk or no keeper can
    /// be started.
    async fn run_command(&mut self, command: WrappedCommand<'_>, signals: &mut Signals) -> Outcome {
        let Some(entry) = self.delivery.entry() else {
            return child::run(command, signals, drop).await;
        };
        // Only a process that finds the entry after a crash reads the mark.
        drop(entry.mark_starting());
        match keeper::start(entry, command, &self.session.flags, signals).await {
            Ok(outcome) => outcome,
            Err(_) => {
                child::run(command, signals, |pid| {
                    drop(entry.store_process(&ProcessIdentity::of(pid)));
                })
                .await
            }
        }
    }

    /// Writes the id of the deployment into the id file, or the name of the entry if there is no id
    /// yet.
    fn write_id_file(&mut self) {
        let written = self
            .id_file
            .take()
            .map_or(Ok(()), |path| target::hand_on(&path, &self.delivery));
        if let Err(why) = written {
            self.session.warn(&why);
        }
    }

    /// Adds an event to the delivery. Returns whether the disk accepted it.
    fn add(&mut self, key: IdempotencyKey, request: Request) -> bool {
        let server = self.session.server();
        let Err(error) = self.delivery.add(Event {
            server,
            key,
            request,
        }) else {
            return true;
        };
        self.session.warn(&format!(
            "an event of the deployment may be lost: the spool cannot be written: {error}"
        ));
        false
    }

    /// Sends the events that are left, and in the rest of the time the entries that earlier calls
    /// left behind. A signal that cancels the pipeline ends this soon.
    async fn record_outcome(mut self, outcome: &Outcome, signals: &mut Signals) -> Sent {
        let body = self.delivery.outcome_body(outcome);
        // If the outcome is not on disk, the mark stays: another process then knows that the
        // outcome is missing.
        if self.add(self.pending.key.clone(), Request::Update { body }) {
            self.delivery.mark_finished();
        }
        let (id, folder) = (
            self.delivery.deployment(),
            self.delivery.entry().map(|entry| entry.folder().to_owned()),
        );
        let sent = signals.unless_cancelled(self.send_rest()).await;
        sent.unwrap_or_else(|| {
            if let Some(folder) = folder {
                queue::leave(&folder);
            }
            Sent {
                deployment: id,
                is_complete: false,
            }
        })
    }

    async fn send_rest(mut self) -> Sent {
        let deadline = Instant::now() + self.send_timeout;
        let reply = if self.is_start_refused {
            Reply::Refused
        } else {
            self.send_outcome().await
        };
        let deployment = self.delivery.deployment();
        self.write_id_file();
        self.delivery.add_seals();
        self.delivery.end();
        if reply != Reply::None && self.session.obstacle.is_none() {
            send::send_backlog(deadline, self.session).await;
        }
        Sent {
            deployment,
            is_complete: reply == Reply::Recorded,
        }
    }

    /// Sends the outcome.
    async fn send_outcome(&mut self) -> Reply {
        match timeout(
            self.send_timeout,
            self.delivery.deliver(&self.session.client),
        )
        .await
        {
            Ok(DeliveryResult::Complete) => return Reply::Recorded,
            Ok(DeliveryResult::Refused(error)) => {
                let what = if self.delivery.deployment().is_none() {
                    "the deployment"
                } else {
                    "the outcome"
                };
                self.warn_of_refusal(what, &error);
                return Reply::Refused;
            }
            // Another token can send it.
            Ok(DeliveryResult::Later(error)) if is_about_the_token(&error) => {
                self.warn_of_refusal("the deployment", &error);
            }
            Ok(DeliveryResult::Later(error)) => self.warn_of_delay(Failure::of(&error).message()),
            Err(_) => self.warn_of_delay(&format!(
                "the server did not answer within {}",
                humantime::format_duration(self.send_timeout)
            )),
        }
        Reply::None
    }

    fn warn_of_refusal(&mut self, what: &str, error: &Error) {
        let warning = match (
            Refusal::of(error),
            self.delivery.entry().filter(|_| self.delivery.is_on_disk()),
        ) {
            (Some(refusal), Some(entry)) => {
                let way_out = refusal.way_out(&entry.name(), self.delivery.deployment().is_none());
                format!(
                    "{what} is refused and kept in the spool: {}; {way_out}",
                    refusal.reason
                )
            }
            _ => format!("{what} is not recorded: {}", Failure::of(error).summary().1),
        };
        self.session.warn(&warning);
    }

    fn warn_of_delay(&mut self, why: &str) {
        let warning = if self.delivery.is_on_disk() {
            format!(
                "the deployment is kept in the spool and sent by the next call or by `deploytrack flush`: {why}"
            )
        } else {
            format!("the deployment is not recorded: {why}")
        };
        self.session.warn(&warning);
    }
}

/// The error if `--on-error fail` prevents the command from running.
fn not_recorded(result: Option<DeliveryResult>, send_timeout: Duration) -> Failure {
    let failure = match result {
        Some(DeliveryResult::Refused(error) | DeliveryResult::Later(error)) => Failure::from(error),
        Some(DeliveryResult::Complete) | None => Failure::new(
            Exit::Unreachable,
            format!(
                "the server did not answer within {}",
                humantime::format_duration(send_timeout)
            ),
        ),
    };
    failure.hint(NOT_RUN)
}

/// Runs a command without recording anything. The "failure" carries its exit code.
pub(crate) async fn run_unrecorded(command: WrappedCommand<'_>) -> Failure {
    let outcome = child::run(command, &mut Signals::listen(), drop).await;
    Failure::new(Exit::Command(outcome.code), outcome.reason)
}
