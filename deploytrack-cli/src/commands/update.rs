//! `deploytrack update`

use std::path::PathBuf;

use deploytrack_core::{
    client::Error,
    clock::{self, Clock as _, SystemClock, Time},
    deployment::Change,
    status::Status,
    text::{BadText, Description, IdempotencyKey, Reason},
};
use uuid::Uuid;

use super::{
    fields::{clearable, fitting, metadata},
    masking as discreet,
    on_error::{self, OnError},
    which::{self, Target},
};
use crate::{
    delivery::{Delivered, Telling},
    error::Failure,
    flags::{Output, pair, status},
    render::{deployment, text::clean},
    session::Session,
    spool::{Ask, Event, Refusal, Run},
};

/// Move a deployment to another status
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A deployment moves from pending to in_progress or failed, from in_progress to succeeded or failed, \
from succeeded to rolled_back, and from failed or rolled_back to pending again.

Examples:
  deploytrack update 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50 failed --reason 'exit code 3'
  deploytrack update --id-file deployment.id succeeded")]
#[command(override_usage = "deploytrack update [OPTIONS] <ID> <STATUS>\n       deploytrack update [OPTIONS] --id-file <FILE> <STATUS>")]
pub(crate) struct Update {
    // An id that may be left out would make clap read `ID --reason TEXT STATUS` wrongly.
    /// The deployment; with --id-file its new status
    #[arg(value_name = "ID", value_parser = first)]
    first: First,
    /// Its new status
    #[arg(value_parser = status(), conflicts_with = "id_file")]
    status: Option<Status>,
    /// Take the id from this file, as `record --id-file` wrote it
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
    /// Why, such as 'exit code 3'
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    /// Something to keep with it; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    meta: Vec<(String, String)>,
    /// A new description; an empty one removes it
    #[arg(long, value_name = "TEXT", value_parser = description)]
    description: Option<String>,
    /// When it happened, such as 2026-11-23T18:32:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    occurred_at: Option<Time>,
    #[arg(long, value_name = "KEY", help = super::fields::KEY_HELP)]
    idempotency_key: Option<IdempotencyKey>,
    #[arg(
        long,
        value_enum,
        value_name = "spool|warn|fail",
        hide_possible_values = true,
        help = "What to do when the server cannot be asked [env: DEPLOYTRACK_ON_ERROR] [default: fail]"
    )]
    on_error: Option<OnError>,
}

/// What stands first.
#[derive(Clone, Copy, Debug)]
enum First {
    Id(Uuid),
    Status(Status),
}

fn first(text: &str) -> Result<First, &'static str> {
    let status = || {
        text.parse()
            .map(First::Status)
            .map_err(|_| "must be the id of a deployment, as `deploytrack list` shows it, or with --id-file the new status")
    };
    Uuid::try_parse(text).map_or_else(|_| status(), |id| Ok(First::Id(id)))
}

/// A description that a server takes; an empty one is none.
fn description(text: &str) -> Result<String, BadText> {
    Description::new(text).map(String::from)
}

impl Update {
    /// The deployment, and its new status.
    async fn target(&self, session: &Session<'_>) -> Result<(Target, Status), Failure> {
        match (self.first, self.status, &self.id_file) {
            (First::Id(id), Some(status), _) => Ok((Target::Known(id), status)),
            (First::Status(status), _, Some(path)) => Ok((which::target(path, session).await?, status)),
            (First::Id(_), _, Some(_)) => Err(Failure::usage("with --id-file the status alone is given, and no id")),
            (First::Id(_), None, None) => {
                Err(Failure::usage("no status is given").hint("give the new status after the id, such as succeeded"))
            }
            (First::Status(_), ..) => Err(Failure::usage("no deployment is named").hint("give its id, or --id-file FILE")),
        }
    }
}

pub(crate) async fn run(update: Update, session: &mut Session<'_>) -> Result<(), Failure> {
    let (target, status) = update.target(session).await?;
    let on_error = update.on_error.unwrap_or(OnError::Fail);
    let meta = if on_error == OnError::Fail { update.meta } else { fitting(update.meta, session) };
    let metadata = if meta.is_empty() { None } else { Some(metadata(meta)?) };
    let description = clearable::<Description>("description", update.description)?;
    let change = Change { status: Some(status), occurred_at: update.occurred_at, reason: update.reason, description, metadata };
    let mut change = discreet::change(change, session);
    if on_error == OnError::Spool {
        // What is sent later happened now.
        change.occurred_at.get_or_insert_with(|| SystemClock.now());
    }
    let key = on_error::key(update.idempotency_key)?;
    let id = match target {
        Target::Known(id) => id,
        Target::Kept(run) => match after_its_record(run, (key.clone(), &change), on_error, session).await? {
            Some(id) => id,
            None => return Ok(()),
        },
        Target::Nothing(why) if on_error == OnError::Fail => return Err(which::nothing(&why)),
        Target::Nothing(why) => {
            session.warn(&format!("nothing is recorded: {why}"));
            return Ok(());
        }
    };
    let updated = match session.client.under(key.clone()).update(id, &change).await {
        Err(error) if on_error::goes_on(on_error, &error) => {
            on_error::go_on(on_error, (key, Ask::Update { body: change.to_body() }), Some(id), &error, session);
            return Ok(());
        }
        Err(error) => {
            let (_, said) = on_error::keep_refused(on_error, (key, Ask::Update { body: change.to_body() }), Some(id), &error, session);
            return Err(said.into_iter().fold(error.into(), Failure::hint));
        }
        Ok(updated) => updated,
    };
    let deployment = &updated.value;
    match session.output() {
        Output::Table => session.line(&clean(&format!(
            "{} {} in {} is {}",
            deployment.component_name, deployment.version, deployment.environment_name, deployment.status
        ))),
        _ => session.answer(&updated.text, &deployment::list(std::slice::from_ref(deployment))),
    }
}

/// The id of a deployment whose record was kept in the spool: that is sent first. While it cannot be, the change is kept
/// behind it, in the same run.
async fn after_its_record(
    run: Run,
    (key, change): (IdempotencyKey, &Change),
    on_error: OnError,
    session: &mut Session<'_>,
) -> Result<Option<Uuid>, Failure> {
    let mut telling = Telling::of(run).map_err(Failure::of_spool)?;
    if telling.is_for_another_server(session.client.url()) {
        return Err(Failure::usage("the deployment was recorded for another server, and is kept for it in the spool")
            .hint("name that server with --url; `deploytrack spool list` shows which it is"));
    }
    match telling.deliver(&session.client).await {
        Delivered::All => {
            let id = telling.deployment();
            telling.end();
            id.map(Some).ok_or_else(|| which::nothing("the run that the file names tells of no deployment"))
        }
        Delivered::Refused(error) | Delivered::Later(error @ Error::Unauthorised(_)) => {
            Err(behind_refused(telling, (key, change), (on_error, &error), session))
        }
        Delivered::Later(error) if on_error::goes_on(on_error, &error) => {
            let event = Event { server: session.client.url().to_owned(), key, ask: Ask::Update { body: change.to_body() } };
            let failure = Failure::of(&error);
            let error = failure.message();
            session.warn(&match on_error {
                OnError::Spool => match telling.add(event) {
                    Ok(()) => {
                        format!("it is kept in the spool behind its record and sent by the next call or by `deploytrack flush`: {error}")
                    }
                    Err(why) => format!("nothing is recorded: {error}; and the spool cannot be written: {why}"),
                },
                OnError::Warn | OnError::Fail => format!("nothing is recorded: {error}"),
            });
            Ok(None)
        }
        Delivered::Later(error) => Err(error.into()),
    }
}

/// The record is refused: it stays in the spool, and where errors are spooled the change stays behind it.
fn behind_refused(
    mut telling: Telling,
    (key, change): (IdempotencyKey, &Change),
    (on_error, error): (OnError, &Error),
    session: &Session<'_>,
) -> Failure {
    let run = telling.run().map(Run::name).unwrap_or_default();
    let event = Event { server: session.server(), key, ask: Ask::Update { body: change.to_body() } };
    let what = match (on_error, error) {
        (OnError::Spool, _) if telling.add(event).is_ok() => "the record and this change behind it are kept in the spool as refused",
        _ => "the record is kept in the spool as refused, and this change is not kept",
    };
    let way_out = Refusal::of(error).map(|refusal| refusal.way_out(&run, telling.deployment().is_none()));
    Failure::of(error).hint(format!("{what}: {}", way_out.unwrap_or_default()))
}
