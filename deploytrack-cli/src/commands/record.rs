//! `deploytrack record`

mod explain;
mod settled;
pub(crate) mod start;
pub(crate) mod wrapped;

use std::path::PathBuf;

use deploytrack_core::{
    catalog::Reference,
    client::{Answer, Error},
    clock::{self, Clock as _, SystemClock, Time},
    deployment::{Deployment, NewDeployment},
    status::Status,
    text::{CommitSha, Description, IdempotencyKey, Label, Version},
};
use uuid::Uuid;

use self::{settled::Settled, start::Start, wrapped::Wrapping};
use super::{
    fields::{fitting, metadata},
    masking as discreet,
    on_error::{self, OnError},
    waiting, which,
};
use crate::{
    child::Asked,
    ci::{Context, Fact, outputs},
    commands::repairs::Repairs as Mended,
    error::Failure,
    exit::Exit,
    flags::{Output, pair, status},
    id_file::{self, Held},
    lookup,
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
    /// Which version [default: the tag that is built or checked out, else the first 12 digits of the commit]
    #[arg(long)]
    version: Option<Version>,
    /// The status it has reached already
    #[arg(short, long, default_value = "pending", value_parser = status(), conflicts_with = "command")]
    status: Status,
    /// Who deploys it [default: who the CI tells, else the token's subject]
    #[arg(long, value_name = "NAME")]
    deployed_by: Option<Label>,
    /// The commit it was built from [default: the one that the version names in git or in the CI, else none]
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
    /// Do this once under this key, however often the command is repeated with it [default: for
    /// COMMAND one per leg of a job, where the CI identifies legs, else a random one]
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
    #[arg(
        long,
        value_enum,
        value_name = "spool|warn|fail",
        hide_possible_values = true,
        help = "What to do when the server cannot be asked [env: DEPLOYTRACK_ON_ERROR] [default: fail; spool with COMMAND]",
        long_help = "What to do when the server cannot be asked [env: DEPLOYTRACK_ON_ERROR] [default: fail; spool with COMMAND]\n\n\
                     With fail and COMMAND, the command does not run unless its start is recorded."
    )]
    on_error: Option<OnError>,
    #[command(flatten)]
    pub(crate) wrapping: Wrapping,
    /// What was wrong with the values of this run.
    #[arg(skip)]
    pub(crate) mended: Mended,
}

impl Record {
    /// The command that is to run, if there is one.
    pub(crate) fn to_run(&self) -> Option<Asked<'_>> {
        self.wrapping.asked(&[]).filter(|_| !self.explain)
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
            outputs::write(id, new, session.env, |warning| session.warn(&warning));
        }
    }

    /// What becomes of an error.
    fn on_error(&self) -> OnError {
        self.on_error.unwrap_or(if self.wrapping.is_asked() { OnError::Spool } else { OnError::Fail })
    }

    /// What this comes to. Where the pipeline goes on whatever becomes of its record, a version or an environment that
    /// nothing tells is an obstacle, and not the end.
    fn settled(&mut self, session: &mut Session<'_>) -> Settled {
        let context = self.context(session);
        if let Some(warning) = &context.warning {
            session.warn(warning);
        }
        for sentence in context.unusable(&self.asked_of_the_ci(), session.env) {
            session.warn(&sentence);
        }
        if self.explain || self.on_error() == OnError::Fail {
            return self.settle(&context);
        }
        self.meta = fitting(std::mem::take(&mut self.meta), session);
        let settled = self.settle(&context);
        say_no_room(&context, &settled, session);
        let Err(failure) = &settled.new else { return settled };
        self.mended.obstacles.push(failure.message().to_owned());
        let is_missing = |field: &&str| settled.entries.iter().any(|entry| entry.name == **field && entry.value.is_none());
        self.stand_in_for(&["version", "environment"].into_iter().filter(is_missing).collect::<Vec<_>>());
        // The stand-in was built from no commit.
        self.settle(&self.context(session))
    }

    /// What is taken from the CI, since no flag gives it.
    fn asked_of_the_ci(&self) -> Vec<Fact> {
        let given = [
            (Fact::Version, self.version.is_some()),
            (Fact::Environment, self.environment.is_some()),
            (Fact::Commit, self.commit_sha.is_some() || self.mended.without_commit),
            (Fact::Actor, self.deployed_by.is_some()),
        ];
        let asked = given.into_iter().filter_map(|(fact, given)| (!given).then_some(fact));
        asked.chain([Fact::RunUrl, Fact::Repository, Fact::Reference]).collect()
    }

    /// The start as it is sent, once it is settled.
    fn start(&self, new: NewDeployment) -> Start {
        let Mended { as_given, obstacles, without_commit, .. } = self.mended.clone();
        let commit_sha = new.commit_sha.clone().filter(|_| !without_commit);
        let obstacle = (!obstacles.is_empty()).then(|| obstacles.join("; "));
        Start { new: NewDeployment { commit_sha, ..new }, as_given, obstacle }
    }

    fn context(&self, session: &Session<'_>) -> Context {
        if self.no_ci { Context::ignored() } else { Context::find(session.env, &self.component, self.version.as_ref()) }
    }
}

/// Says what of the CI had no room beside the metadata that were given.
fn say_no_room(context: &Context, settled: &Settled, session: &mut Session<'_>) {
    let (Some((key, _)), Ok(new)) = (context.metadata(), &settled.new) else { return };
    if !new.metadata.to_map().contains_key(&key) {
        session.warn(&format!("the metadata have at most 16 KiB: {key}, with what is known of the run, is left out"));
    }
}

pub(crate) async fn run(mut record: Record, session: &mut Session<'_>) -> Result<(), Failure> {
    let settled = record.settled(session);
    if record.explain {
        return explain::run(settled, session);
    }
    let settled = Settled { new: settled.new.map(|new| discreet::new_deployment(new, session)), ..settled };
    match record.to_run() {
        Some(asked) => wrapped(&record, asked, settled, session).await,
        None => plain(&record, settled, session).await,
    }
}

async fn wrapped(record: &Record, asked: Asked<'_>, settled: Settled, session: &mut Session<'_>) -> Result<(), Failure> {
    let on_error = record.on_error();
    let new = match settled.new {
        Err(failure) if on_error != OnError::Fail => {
            session.warn(&format!("nothing is recorded: {}", failure.sentence()));
            return Err(wrapped::run_alone(asked).await);
        }
        new => new.map_err(|failure| failure.hint(wrapped::NOT_RUN))?,
    };
    let how = (on_error, record.wrapping.send_timeout, record.id_file.clone());
    let start = record.start(new);
    let (outcome, id) = wrapped::run(start.clone(), start.key(settled.key), asked, how, session).await?;
    if let Some(id) = id {
        record.hand_on(id, &start.new, session);
    }
    waiting::say(waiting::LATE, session);
    Err(Failure::new(Exit::Command(outcome.code), outcome.reason))
}

async fn plain(record: &Record, settled: Settled, session: &mut Session<'_>) -> Result<(), Failure> {
    let mut start = record.start(settled.new?);
    let on_error = record.on_error();
    if on_error == OnError::Spool {
        // What is sent later happened now.
        start.new.occurred_at.get_or_insert_with(|| SystemClock.now());
    }
    let key = on_error::key(start.key(settled.key))?;
    let recorded = match send(&start, &key, session).await {
        Ok(recorded) => recorded,
        Err(error) => return plain_failed(record, error, (key, start.to_ask(false)), session),
    };
    let id = recorded.value.id;
    record.hand_on(id, &start.new, session);
    match session.output() {
        Output::Table => session.line(&id.to_string()),
        _ => session.answer(&recorded.text, &deployment::list(std::slice::from_ref(&recorded.value))),
    }?;
    let written = record.id_file.as_ref().map_or(Ok(()), |path| id_file::write(path, &Held::Id(id)));
    written.map_err(|why| Failure::usage(why).hint(format!("the deployment is recorded all the same, as {id}")))
}

async fn send(start: &Start, key: &IdempotencyKey, session: &Session<'_>) -> Result<Answer<Deployment>, Error> {
    match &start.obstacle {
        Some(why) => Err(Error::Setup(why.clone())),
        None => lookup::record(&session.client.under(key.clone()), &start.new).await,
    }
}

/// Keeps what was not recorded, where errors are spooled. A refusal ends the command all the same.
fn plain_failed(record: &Record, error: Error, event: (IdempotencyKey, Ask), session: &mut Session<'_>) -> Result<(), Failure> {
    let on_error = record.on_error();
    let (run, ended) = if on_error::goes_on(on_error, &error) {
        (on_error::go_on(on_error, event, None, &error, session), Ok(()))
    } else {
        let (run, said) = on_error::keep_refused(on_error, event, None, &error, session);
        (run, Err(said.into_iter().fold(refused(error), Failure::hint)))
    };
    if let (Some(path), Some(run)) = (&record.id_file, run)
        && let Err(why) = which::hand_on_run(path, &run)
    {
        session.warn(&why);
    }
    ended
}

/// A name that looks like a typing error has a second way out here.
fn refused(error: Error) -> Failure {
    let near_miss = matches!(&error, Error::Refused(problem) if !problem.did_you_mean.is_empty());
    let failure = Failure::from(error);
    if near_miss { failure.hint("if the new name is right, repeat the command with --register") } else { failure }
}
