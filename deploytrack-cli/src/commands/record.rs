//! `deploytrack record`

pub(crate) mod wrapped;

use std::path::PathBuf;

use deploytrack_core::{
    catalog::Reference,
    client::Error,
    clock::{self, Clock as _, SystemClock, Time},
    deployment::NewDeployment,
    status::Status,
    text::{CommitSha, Description, IdempotencyKey, Label, Version},
};

use self::wrapped::Wrapping;
use super::{
    metadata,
    on_error::{self, OnError},
    waiting, which,
};
use crate::{
    Exit,
    args::{Output, pair, status},
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
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack record --component user-service --environment production --version v2.3.1
  deploytrack record -c user-service -e production --version v2.3.1 --status succeeded --occurred-at 2026-11-23T18:32:00Z
  deploytrack record -c user-service -e production --version v2.3.1 -- ./deploy.sh --fast
  deploytrack record -c user-service -e production --version v2.3.1 --id-file deployment.id")]
pub(crate) struct Record {
    /// What is deployed
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
    /// Where to
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Reference,
    /// Which version
    #[arg(long)]
    version: Version,
    /// The status it has reached already
    #[arg(short, long, default_value = "pending", value_parser = status(), conflicts_with = "command")]
    status: Status,
    /// Who deploys it [default: the token's subject]
    #[arg(long, value_name = "WHO")]
    deployed_by: Option<Label>,
    /// The commit it was built from
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
    #[arg(long, value_name = "KEY", help = super::KEY_HELP)]
    idempotency_key: Option<IdempotencyKey>,
    /// Write the deployment's id to this file, for update, show and wait with --id-file
    ///
    /// It is written as soon as the id is known, with COMMAND before it runs if the server has answered by then. A file
    /// that is there already is replaced.
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
    /// What to do when the server cannot be asked [default: fail; spool with COMMAND]
    ///
    /// With fail and COMMAND, the command does not run unless its start is recorded.
    #[arg(long, value_enum, value_name = "spool|warn|fail", env = "DEPLOYTRACK_ON_ERROR", hide_possible_values = true)]
    on_error: Option<OnError>,
    #[command(flatten)]
    pub(crate) wrapping: Wrapping,
}

impl Record {
    /// Removes the id that an earlier pipeline left: were nothing recorded now, it would name the wrong deployment. What
    /// cannot be removed cannot be written either, and that is said.
    pub(crate) fn clear_id_file(&self) {
        if let Some(path) = &self.id_file {
            drop(id_file::clear(path));
        }
    }
}

pub(crate) async fn run(record: Record, session: &mut Session<'_>) -> Result<(), Failure> {
    let mut new = NewDeployment {
        deployed_by: record.deployed_by,
        commit_sha: record.commit_sha,
        description: record.description,
        metadata: metadata(record.meta)?,
        status: record.status,
        occurred_at: record.occurred_at,
        register: record.register,
        ..NewDeployment::new(record.component, record.environment, record.version)
    };
    if let Some(asked) = record.wrapping.asked(session.timeout, &[]) {
        let on_error = record.on_error.unwrap_or(OnError::Spool);
        let how = (on_error, record.wrapping.send_timeout, record.id_file);
        let outcome = wrapped::run(new, record.idempotency_key, asked, how, session).await?;
        waiting::say(waiting::LATE, session);
        return Err(Failure::new(Exit::Command(outcome.code), outcome.reason));
    }
    let on_error = record.on_error.unwrap_or(OnError::Fail);
    if on_error == OnError::Spool {
        // What is sent later happened now.
        new.occurred_at.get_or_insert_with(|| SystemClock.now());
    }
    let key = on_error::key(record.idempotency_key)?;
    let recorded = match session.client.under(key.clone()).record(&new).await {
        Err(error) if on_error::goes_on(on_error, &error) => {
            let ask = Ask::Record { body: new.to_body(), register: new.register, again: false };
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
    match session.output() {
        Output::Table => session.line(&id.to_string()),
        _ => session.answer(&recorded.text, &deployment::list(std::slice::from_ref(&recorded.value))),
    }?;
    let written = record.id_file.map_or(Ok(()), |path| id_file::write(&path, &Held::Id(id)));
    written.map_err(|why| Failure::usage(why).hint(format!("the deployment is recorded all the same, as {id}")))
}

/// A name that looks like a typing error has a second way out here.
fn refused(error: Error) -> Failure {
    let near_miss = matches!(&error, Error::Refused(problem) if !problem.did_you_mean.is_empty());
    let failure = Failure::from(error);
    if near_miss { failure.hint("if the new name is right, repeat the command with --register") } else { failure }
}
