//! `deploytrack record`

mod explain;
mod settled;
pub(crate) mod wrapped;

use std::{path::PathBuf, time::Duration};

use deploytrack_core::{
    catalog::Reference,
    client::Error,
    clock::{self, Clock as _, SystemClock, Time},
    deployment::NewDeployment,
    status::Status,
    text::{CommitSha, Description, IdempotencyKey, Label, Version},
};
use uuid::Uuid;

use self::{
    settled::{Key, Settled},
    wrapped::Wrapping,
};
use super::{
    discreet, metadata,
    on_error::{self, OnError},
    waiting, which,
};
use crate::{
    Exit, again,
    args::{Output, pair, status},
    child::Asked,
    ci::{Context, outputs},
    error::Failure,
    id_file::{self, Held},
    render::deployment,
    session::Session,
    spool::Ask,
};

/// Record a deployment and print its id, or wrap the command that deploys
///
/// With -- COMMAND the start is recorded, the command runs with the same streams and signals, and its outcome is recorded.
/// The tracker never breaks the deploy: whatever becomes of it, the command runs and its exit code is returned, and what
/// could not be sent is kept and sent by the next call or by `deploytrack flush`.
///
/// In a CI the version, the environment, the commit, who deploys and the run are taken from its variables where they are not
/// given; elsewhere the version and the commit from the git repository of the current directory. --explain shows them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack record --component user-service --environment production --version v2.3.1
  deploytrack record -c user-service -e production --version v2.3.1 --status succeeded --occurred-at 2026-11-23T18:32:00Z
  deploytrack record -c user-service -e production --version v2.3.1 -- ./deploy.sh --fast
  deploytrack record -c user-service -e production --version v2.3.1 --id-file deployment.id
  deploytrack record -c user-service -e production --explain")]
pub(crate) struct Record {
    /// What is deployed
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
    /// Where to [default: what the CI tells]
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Option<Reference>,
    /// Which version [default: the tag that the CI tells, or that git has at HEAD]
    #[arg(long)]
    version: Option<Version>,
    /// The status it has reached already
    #[arg(short, long, default_value = "pending", value_parser = status(), conflicts_with = "command")]
    status: Status,
    /// Who deploys it [default: who the CI tells, else the token's subject]
    #[arg(long, value_name = "WHO")]
    deployed_by: Option<Label>,
    /// The commit it was built from [default: what the CI or git tells]
    #[arg(long, value_name = "SHA")]
    commit_sha: Option<CommitSha>,
    /// Free text
    #[arg(long, value_name = "TEXT")]
    description: Option<Description>,
    /// Something else to keep; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    meta: Vec<(String, String)>,
    /// When it reached that status, such as 2026-11-23T18:32:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = clock::parse, conflicts_with = "command")]
    occurred_at: Option<Time>,
    /// Register a new name even if it resembles a known one
    #[arg(long)]
    register: bool,
    /// Do this once under this key, however often the command is repeated with it [default: in a CI one for each run of a
    /// job, else a random one]
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<IdempotencyKey>,
    /// Write the deployment's id to this file, for update, show and wait with --id-file
    ///
    /// It is written as soon as the id is known, with COMMAND before it runs if the server has answered by then. A file
    /// that is there already is replaced.
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
    /// Take nothing from the CI or from git
    #[arg(long)]
    no_ci: bool,
    /// Show each value and where it is from; send nothing and run nothing
    #[arg(long)]
    explain: bool,
    /// What to do when the server cannot be asked [default: fail; spool with COMMAND]
    ///
    /// With fail and COMMAND, the command does not run unless its start is recorded.
    #[arg(long, value_enum, value_name = "spool|warn|fail", env = "DEPLOYTRACK_ON_ERROR", hide_possible_values = true)]
    on_error: Option<OnError>,
    #[command(flatten)]
    pub(crate) wrapping: Wrapping,
}

impl Record {
    /// The command that is to run, if there is one.
    pub(crate) fn to_run(&self, timeout: Option<Duration>) -> Option<Asked<'_>> {
        self.wrapping.asked(timeout, &[]).filter(|_| !self.explain)
    }

    /// Removes the id that an earlier pipeline left: were nothing recorded now, it would name the wrong deployment. What
    /// cannot be removed cannot be written either, and that is said.
    pub(crate) fn clear_id_file(&self) {
        if let Some(path) = self.id_file.as_ref().filter(|_| !self.explain) {
            drop(id_file::clear(path));
        }
    }

    /// Tells later steps of the pipeline, unless nothing is to do with it.
    fn hand_on(&self, id: Uuid, new: &NewDeployment, session: &mut Session<'_>) {
        if !self.no_ci {
            outputs::write(id, new, session);
        }
    }

    fn context(&self, session: &Session<'_>) -> Context {
        if self.no_ci { Context::ignored() } else { Context::find(session.surroundings, self.version.as_ref()) }
    }
}

pub(crate) async fn run(record: Record, session: &mut Session<'_>) -> Result<(), Failure> {
    let settled = record.settle(&record.context(session));
    if record.explain {
        return explain::run(settled, session);
    }
    let settled = Settled { new: settled.new.map(|new| discreet::new_deployment(new, session)), ..settled };
    match record.to_run(session.timeout) {
        Some(asked) => wrapped(&record, asked, settled, session).await,
        None => plain(&record, settled, session).await,
    }
}

async fn wrapped(record: &Record, asked: Asked<'_>, settled: Settled, session: &mut Session<'_>) -> Result<(), Failure> {
    let on_error = record.on_error.unwrap_or(OnError::Spool);
    let new = match settled.new {
        Err(failure) if on_error != OnError::Fail => {
            session.warn(&format!("nothing is recorded: {}", failure.sentence()));
            return Err(wrapped::run_alone(asked).await);
        }
        new => new.map_err(|failure| failure.hint(wrapped::NOT_RUN))?,
    };
    let how = (on_error, record.wrapping.send_timeout, record.id_file.clone());
    let (outcome, id) = wrapped::run(new.clone(), settled.key.into_known(), asked, how, session).await?;
    if let Some(id) = id {
        record.hand_on(id, &new, session);
    }
    waiting::say(waiting::LATE, session);
    Err(Failure::new(Exit::Command(outcome.code), outcome.reason))
}

async fn plain(record: &Record, settled: Settled, session: &mut Session<'_>) -> Result<(), Failure> {
    let mut new = settled.new?;
    let on_error = record.on_error.unwrap_or(OnError::Fail);
    if on_error == OnError::Spool {
        // What is sent later happened now.
        new.occurred_at.get_or_insert_with(|| SystemClock.now());
    }
    let again = matches!(settled.key, Key::Derived(_));
    let key = on_error::key(settled.key.into_known())?;
    let sent = if again { again::record(&session.client, &key, &new).await } else { session.client.under(key.clone()).record(&new).await };
    let recorded = match sent {
        Err(error) if on_error::goes_on(on_error, &error) => {
            let ask = Ask::Record { body: new.to_body(), register: new.register, again };
            let run = on_error::go_on(on_error, (key, ask), None, &error, session);
            if let (Some(path), Some(run)) = (&record.id_file, run)
                && let Err(why) = which::hand_on_run(path, &run)
            {
                session.warn(&why);
            }
            return Ok(());
        }
        recorded => recorded.map_err(refused)?,
    };
    let id = recorded.value.id;
    record.hand_on(id, &new, session);
    match session.output() {
        Output::Table => session.line(&id.to_string()),
        _ => session.answer(&recorded.text, &deployment::list(std::slice::from_ref(&recorded.value))),
    }?;
    let written = record.id_file.as_ref().map_or(Ok(()), |path| id_file::write(path, &Held::Id(id)));
    written.map_err(|why| Failure::usage(why).hint(format!("the deployment is recorded all the same, as {id}")))
}

/// A name that looks like a typing error has a second way out here.
fn refused(error: Error) -> Failure {
    let near_miss = matches!(&error, Error::Refused(problem) if !problem.did_you_mean.is_empty());
    let failure = Failure::from(error);
    if near_miss { failure.hint("if the new name is right, repeat the command with --register") } else { failure }
}
