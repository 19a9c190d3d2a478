//! `deploytrack record`

mod explain;
mod resolve;
mod stand_in;

use std::path::PathBuf;

use deploytrack_core::{
    catalog::Reference,
    client::{ApiResponse, Error},
    clock::{Clock as _, SystemClock, Time},
    deployment::{Deployment, NewDeployment},
    status::Status,
    text::{CommitSha, Description, IdempotencyKey, Label, Version},
};

use self::resolve::ResolvedRecord;
use super::{
    fields::{fitting, metadata},
    masking,
};
use crate::{
    ci::{Context, Fact, outputs},
    commands::repairs::Repairs,
    error::Failure,
    exit::Exit,
    flags::{Output, pair, status},
    lookup,
    pipeline::{
        backlog,
        child::WrappedCommand,
        id_file::{self, Content},
        key,
        on_error::{FailedRequest, OnError},
        start::Start,
        target,
        wrap::{self, Recording, WrapArgs},
    },
    queue::Request,
    render::deployment,
    report::Report,
    session::Session,
};

/// Record a deployment, or run the command that deploys
///
/// With -- COMMAND, this records the start, runs COMMAND with the same streams and signals, and
/// records its outcome. The tracker never breaks the deploy: COMMAND runs even if nothing can be
/// recorded, and its exit code is returned. Events that could not be sent are stored, and sent by
/// the next call or by `deploytrack flush`.
///
/// In a CI, values that are not given are taken from its variables: version, environment, commit,
/// deployer and run. Elsewhere the version and the commit are taken from the git repository of the
/// current directory. --explain shows all values.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
To correct a wrong record, record the right version, and take the wrong one back, so that no \
rollback leads to it: deploytrack update ID rolled_back --reason 'recorded by mistake'

Examples:
  deploytrack record -c user-service -e production --version v2.3.1 --status succeeded
  deploytrack record -c user-service -e production --version v2.3.1 --status succeeded --occurred-at 2h
  deploytrack record -c user-service -e production --version v2.3.1 -- ./deploy.sh --fast
  deploytrack record -c user-service -e production --version v2.3.1 --id-file deployment.id
  deploytrack record -c user-service -e production --explain")]
pub(crate) struct Record {
    /// The component
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
    /// The environment [default: from the CI]
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Option<Reference>,
    /// The version [default: the tag that is built or checked out, else the first 12 digits of the
    /// commit]
    #[arg(long)]
    version: Option<Version>,
    /// The status that the deployment has reached; the matrix shows succeeded ones
    #[arg(short, long, default_value = "pending", value_parser = status(), conflicts_with = "command")]
    status: Status,
    /// Who deploys [default: from the CI, else the token's subject]
    #[arg(long, value_name = "NAME")]
    deployed_by: Option<Label>,
    /// The commit that was built [default: the one that the version names in git or in the CI, else
    /// none]
    #[arg(long, value_name = "SHA")]
    commit_sha: Option<CommitSha>,
    /// Free text
    #[arg(long, value_name = "TEXT")]
    description: Option<Description>,
    /// Metadata to record; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    meta: Vec<(String, String)>,
    /// When the deployment reached that status, such as 2026-11-23T18:32:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::time_arg::parse, conflicts_with = "command")]
    occurred_at: Option<Time>,
    /// Register a new name even if it resembles a known one
    #[arg(long)]
    register: bool,
    /// Record only once under this key, even if the command is repeated with it [default: for
    /// COMMAND one per leg of a job, if the CI identifies legs, else a random one]
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<IdempotencyKey>,
    /// Write the deployment's id to this file, for update, show and wait with --id-file
    ///
    /// It is written as soon as the server has assigned the id; with COMMAND, before it runs if the
    /// server has answered by then. An existing id file is replaced.
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
    /// Take no value from the CI or from git
    #[arg(long)]
    no_ci: bool,
    /// Show each value and its source, without sending or running anything
    #[arg(long)]
    explain: bool,
    #[arg(
        long,
        value_enum,
        value_name = "spool|warn|fail",
        hide_possible_values = true,
        help = "What to do if the server cannot be asked [env: DEPLOYTRACK_ON_ERROR] [default: fail; spool with COMMAND]",
        long_help = "What to do if the server cannot be asked [env: DEPLOYTRACK_ON_ERROR] [default: fail; spool with COMMAND]\n\n\
                     With fail and COMMAND, the command does not run unless its start is recorded."
    )]
    on_error: Option<OnError>,
    #[command(flatten)]
    pub(crate) wrapping: WrapArgs,
    /// The invalid values of this command line, and how they were replaced.
    #[arg(skip)]
    pub(crate) mended: Repairs,
}

impl Record {
    /// The command to run, if there is one.
    pub(crate) fn wrapped_command(&self) -> Option<WrappedCommand<'_>> {
        self.wrapping.wrapped_command(&[]).filter(|_| !self.explain)
    }

    /// Removes the id file of an earlier pipeline. If nothing is recorded now, it would name the
    /// wrong deployment. An error is ignored here: writing the file fails too, and reports it.
    pub(crate) fn clear_id_file(&self) {
        if let Some(path) = self.id_file.as_ref().filter(|_| !self.explain) {
            drop(id_file::clear(path));
        }
    }

    /// Writes the outputs for later steps of the pipeline, unless `--no-ci` is given.
    fn write_outputs(&self, report: &Report, session: &mut Session<'_>) {
        if !self.no_ci {
            outputs::write(report, session.env, |warning| session.warn(warning));
        }
    }

    /// What to do if the server cannot be asked.
    fn on_error(&self) -> OnError {
        self.on_error.unwrap_or(if self.wrapping.has_command() {
            OnError::Spool
        } else {
            OnError::Fail
        })
    }

    /// Resolves all values. Unless `--on-error fail` is set, a missing version or environment is
    /// not an error: it gets a stand-in, and the record is stored in the spool until it is
    /// corrected.
    fn resolved(&mut self, session: &mut Session<'_>) -> ResolvedRecord {
        let context = self.context(session);
        if let Some(warning) = &context.warning {
            session.warn(warning);
        }
        for warning in context.invalid_values(&self.facts_from_ci(), session.env) {
            session.warn(&warning);
        }
        if self.explain || self.on_error() == OnError::Fail {
            return self.resolve(&context);
        }
        self.meta = fitting(std::mem::take(&mut self.meta), session);
        let resolved = self.resolve(&context);
        warn_of_missing_ci_metadata(&context, &resolved, session);
        let Err(failure) = &resolved.deployment else {
            return resolved;
        };
        self.mended.obstacles.push(failure.message().to_owned());
        let is_missing = |field: &&str| {
            resolved
                .values
                .iter()
                .any(|one| one.name == **field && one.value.is_none())
        };
        self.stand_in_for(
            &["version", "environment"]
                .into_iter()
                .filter(is_missing)
                .collect::<Vec<_>>(),
        );
        // Again with the stand-in: no commit belongs to it.
        self.resolve(&self.context(session))
    }

    /// The facts that are taken from the CI, since no flag gives them.
    fn facts_from_ci(&self) -> Vec<Fact> {
        let given = [
            (Fact::Version, self.version.is_some()),
            (Fact::Environment, self.environment.is_some()),
            (
                Fact::Commit,
                self.commit_sha.is_some() || self.mended.without_commit,
            ),
            (Fact::Actor, self.deployed_by.is_some()),
        ];
        let missing = given
            .into_iter()
            .filter_map(|(fact, given)| (!given).then_some(fact));
        missing
            .chain([Fact::RunUrl, Fact::Repository, Fact::Reference])
            .collect()
    }

    /// The start, with the obstacles to sending it.
    fn start(&self, new: NewDeployment) -> Start {
        let Repairs {
            as_given,
            obstacles,
            without_commit,
            ..
        } = self.mended.clone();
        let commit_sha = new.commit_sha.clone().filter(|_| !without_commit);
        let obstacle = (!obstacles.is_empty()).then(|| obstacles.join("; "));
        Start {
            new: NewDeployment { commit_sha, ..new },
            as_given,
            obstacle,
        }
    }

    fn context(&self, session: &Session<'_>) -> Context {
        if self.no_ci {
            Context::ignored()
        } else {
            Context::find(session.env, &self.component, self.version.as_ref())
        }
    }
}

/// Prints a warning if the metadata of the CI do not fit beside those of the command line.
fn warn_of_missing_ci_metadata(
    context: &Context,
    resolved: &ResolvedRecord,
    session: &mut Session<'_>,
) {
    let (Some((key, _)), Ok(new)) = (context.metadata(), &resolved.deployment) else {
        return;
    };
    if !new.metadata.to_map().contains_key(&key) {
        session.warn(&format!(
            "the metadata have at most 16 KiB: {key}, with the data of the CI run, is left out"
        ));
    }
}

pub(crate) async fn run(mut record: Record, session: &mut Session<'_>) -> Result<(), Failure> {
    let resolved = record.resolved(session);
    if record.explain {
        return explain::run(resolved, session);
    }
    let deployment = resolved
        .deployment
        .map(|new| masking::new_deployment(new, session));
    let resolved = ResolvedRecord {
        deployment,
        ..resolved
    };
    match record.wrapped_command() {
        Some(command) => wrapped(&record, command, resolved, session).await,
        None => plain(&record, resolved, session).await,
    }
}

/// Records a deployment around a command.
async fn wrapped(
    record: &Record,
    command: WrappedCommand<'_>,
    resolved: ResolvedRecord,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let on_error = record.on_error();
    let new = match resolved.deployment {
        Err(failure) if on_error != OnError::Fail => {
            session.warn(&format!("nothing is recorded: {}", failure.sentence()));
            return Err(wrap::run_unrecorded(command).await);
        }
        new => new.map_err(|failure| failure.hint(wrap::NOT_RUN))?,
    };
    let start = record.start(new);
    let recording = Recording {
        key: start.key(resolved.key.into_fixed()),
        start,
        subject: None,
        on_error,
        send_timeout: record.wrapping.send_timeout,
        id_file: record.id_file.clone(),
    };
    let (outcome, report) = wrap::run(recording, command, session).await?;
    if let Some(report) = report {
        record.write_outputs(&report, session);
    }
    backlog::warn_after(backlog::LATE, session);
    Err(Failure::new(Exit::Command(outcome.code), outcome.reason))
}

/// Records a deployment without a command.
async fn plain(
    record: &Record,
    resolved: ResolvedRecord,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let mut start = record.start(resolved.deployment?);
    let on_error = record.on_error();
    if on_error == OnError::Spool {
        // The deployment happens now, even if it is sent later.
        start
            .new
            .occurred_at
            .get_or_insert_with(|| SystemClock.now());
    }
    let key = key::or_random(start.key(resolved.key.into_fixed()))?;
    let recorded = match send(&start, &key, session).await {
        Ok(recorded) => recorded,
        Err(error) => return plain_failed(record, error, key, start.to_request(), session),
    };
    let (id, report) = (
        recorded.value.id,
        Report::of(&recorded.value, session.server()),
    );
    record.write_outputs(&report, session);
    match session.output() {
        Output::Table => session
            .line(&id.to_string())
            .and_then(|()| session.note(&report.line())),
        _ => session.answer(&recorded.text, &deployment::one(&recorded.value)),
    }?;
    let written = record
        .id_file
        .as_ref()
        .map_or(Ok(()), |path| id_file::write(path, &Content::Id(id)));
    written.map_err(|why| Failure::usage(why).hint(format!("the deployment is recorded as {id}")))
}

async fn send(
    start: &Start,
    key: &IdempotencyKey,
    session: &Session<'_>,
) -> Result<ApiResponse<Deployment>, Error> {
    match &start.obstacle {
        Some(why) => Err(Error::Setup(why.clone())),
        None => {
            lookup::record(
                &session.client.with_idempotency_key(key.clone()),
                &start.new,
            )
            .await
        }
    }
}

/// Stores a record that failed in the spool if errors are spooled. A refusal still ends the command
/// with an error.
fn plain_failed(
    record: &Record,
    error: Error,
    key: IdempotencyKey,
    request: Request,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let on_error = record.on_error();
    let failed = FailedRequest {
        key,
        request,
        deployment: None,
        error: &error,
    };
    let (entry, result) = if on_error.continues_after(&error) {
        (on_error.store_unsent(failed, session), Ok(()))
    } else {
        match on_error.store_refused(failed, session) {
            Some(stored) => (stored.entry, Err(refused(error).hint(stored.hint))),
            None => (None, Err(refused(error))),
        }
    };
    if let (Some(path), Some(entry)) = (&record.id_file, entry)
        && let Err(why) = target::hand_on_entry(path, &entry)
    {
        session.warn(&why);
    }
    result
}

/// The error for a refusal. A name that resembles another one can also be registered as new.
fn refused(error: Error) -> Failure {
    let near_miss = matches!(&error, Error::Refused(problem) if !problem.did_you_mean.is_empty());
    let failure = Failure::from(error);
    if near_miss {
        failure.hint("if the new name is right, repeat the command with --register")
    } else {
        failure
    }
}
