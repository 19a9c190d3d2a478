//! `deploytrack update`

use std::path::PathBuf;

use deploytrack_core::{
    client::{ApiResponse, Error},
    clock::{Clock as _, SystemClock, Time},
    deployment::{Change, Deployment},
    status::Status,
    text::{Description, IdPrefix, IdempotencyKey, Invalid, Reason},
};
use uuid::Uuid;

use super::{
    fields::{clearable, fitting, metadata},
    masking,
};
use crate::{
    error::{Failure, is_about_the_token, is_final},
    flags::{Output, pair, status},
    pipeline::{
        deliver::{Delivery, DeliveryResult},
        key,
        on_error::{FailedRequest, OnError},
        target::{self, Target},
    },
    queue::{Entry, Event, Refusal, Request},
    render::{deployment, text::clean},
    report,
    session::Session,
    short_ids,
};

/// Change the status of a deployment
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A deployment moves from pending to in_progress or failed, from in_progress to succeeded or failed, \
from succeeded to rolled_back, and from failed or rolled_back to pending again. A wrong record is \
taken back with rolled_back; no rollback leads to it then.

Examples:
  deploytrack update 019ab1e2-7c4d failed --reason 'exit code 3'
  deploytrack update 019ab1e2-7c4d rolled_back --reason 'recorded by mistake'
  deploytrack update --id-file deployment.id succeeded")]
#[command(
    override_usage = "deploytrack update [OPTIONS] <ID> <STATUS>\n       deploytrack update [OPTIONS] --id-file <FILE> <STATUS>"
)]
pub(crate) struct Update {
    // Not an optional id: clap would then parse `ID --reason TEXT STATUS` wrongly.
    /// The deployment; with --id-file its new status
    #[arg(value_name = "ID", value_parser = first)]
    first: First,
    /// Its new status
    #[arg(value_parser = status(), conflicts_with = "id_file")]
    status: Option<Status>,
    /// Take the id from this file, as `record --id-file` wrote it
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
    /// The reason, such as 'exit code 3'
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    /// Metadata to record; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    meta: Vec<(String, String)>,
    /// A new description; an empty one removes it
    #[arg(long, value_name = "TEXT", value_parser = description)]
    description: Option<String>,
    /// When it happened, such as 2026-11-23T18:32:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::time_arg::parse)]
    occurred_at: Option<Time>,
    #[arg(long, value_name = "KEY", help = super::fields::KEY_HELP)]
    idempotency_key: Option<IdempotencyKey>,
    #[arg(
        long,
        value_enum,
        value_name = "spool|warn|fail",
        hide_possible_values = true,
        help = "What to do if the server cannot be asked [env: DEPLOYTRACK_ON_ERROR] [default: fail]"
    )]
    on_error: Option<OnError>,
}

/// The first argument.
#[derive(Clone, Debug)]
enum First {
    Id(IdPrefix),
    Status(Status),
}

fn first(text: &str) -> Result<First, &'static str> {
    let status = || {
        text.parse()
            .map(First::Status)
            .map_err(|_| "must be the id of a deployment, as `deploytrack list` shows it, or with --id-file the new status")
    };
    IdPrefix::new(text).map_or_else(|_| status(), |id| Ok(First::Id(id)))
}

/// A description that servers accept. An empty one removes the description.
fn description(text: &str) -> Result<String, Invalid> {
    Description::new(text).map(String::from)
}

impl Update {
    fn on_error(&self) -> OnError {
        self.on_error.unwrap_or(OnError::Fail)
    }

    /// The deployment, and its new status.
    async fn target(&self, session: &Session<'_>) -> Result<(Target, Status), Failure> {
        match (&self.first, self.status, &self.id_file) {
            (First::Id(id), Some(status), _) => {
                let target = match short_ids::resolve(&session.client, id).await {
                    Err(failure)
                        if failure.is_unreachable() && self.on_error() != OnError::Fail =>
                    {
                        let why = failure.message();
                        Target::Missing(format!("{why}; a whole id would be stored in the spool"))
                    }
                    found => Target::Recorded(found?),
                };
                Ok((target, status))
            }
            (First::Status(status), _, Some(path)) => {
                Ok((target::target(path, session).await?, *status))
            }
            (First::Id(_), _, Some(_)) => Err(Failure::usage(
                "with --id-file only the new status is given, without an id",
            )),
            (First::Id(_), None, None) => Err(Failure::usage("no status is given")
                .hint("give the new status after the id, such as succeeded")),
            (First::Status(_), ..) => {
                Err(Failure::usage("no deployment is named").hint("give its id, or --id-file FILE"))
            }
        }
    }
}

pub(crate) async fn run(update: Update, session: &mut Session<'_>) -> Result<(), Failure> {
    let (target, status) = update.target(session).await?;
    let on_error = update.on_error();
    let meta = if on_error == OnError::Fail {
        update.meta
    } else {
        fitting(update.meta, session)
    };
    let metadata = if meta.is_empty() {
        None
    } else {
        Some(metadata(meta)?)
    };
    let description = clearable::<Description>("description", update.description)?;
    let change = Change {
        status: Some(status),
        occurred_at: update.occurred_at,
        reason: update.reason,
        description,
        metadata,
    };
    let mut change = masking::change(change, session);
    if on_error == OnError::Spool {
        // The change happens now, even if it is sent later.
        change.occurred_at.get_or_insert_with(|| SystemClock.now());
    }
    let key = key::or_random(update.idempotency_key)?;
    let id = match target {
        Target::Recorded(id) => id,
        Target::Queued(entry) => {
            match send_record_first(entry, &key, &change, on_error, session).await? {
                Some(id) => id,
                None => return Ok(()),
            }
        }
        Target::Missing(why) if on_error == OnError::Fail => return Err(target::missing(&why)),
        Target::Missing(why) => {
            session.warn(&format!("nothing is recorded: {why}"));
            return Ok(());
        }
    };
    match session
        .client
        .with_idempotency_key(key.clone())
        .update(id, &change)
        .await
    {
        Ok(updated) => print(&updated, session),
        Err(error) => {
            let request = Request::Update {
                body: change.to_body(),
            };
            let failed = FailedRequest {
                key,
                request,
                deployment: Some(id),
                error: &error,
            };
            if on_error.continues_after(&error) {
                on_error.store_unsent(failed, session);
                return Ok(());
            }
            let stored = on_error.store_refused(failed, session);
            Err(stored
                .into_iter()
                .fold(error.into(), |failure: Failure, stored| {
                    failure.hint(stored.hint)
                }))
        }
    }
}

fn print(updated: &ApiResponse<Deployment>, session: &mut Session<'_>) -> Result<(), Failure> {
    let deployment = &updated.value;
    match session.output() {
        Output::Table => session.line(&clean(&format!(
            "{} is {}",
            report::subject(deployment),
            deployment.status
        ))),
        _ => session.answer(&updated.text, &deployment::one(deployment)),
    }
}

/// Sends the record of a deployment that is still in the spool. Returns the id that the server
/// assigned, or none if the server cannot be asked and the command ends without an error. The
/// change is then stored in the same entry, if errors are spooled.
async fn send_record_first(
    entry: Entry,
    key: &IdempotencyKey,
    change: &Change,
    on_error: OnError,
    session: &mut Session<'_>,
) -> Result<Option<Uuid>, Failure> {
    let mut delivery = Delivery::of(entry).map_err(Failure::of_spool)?;
    if delivery.is_for_another_server(session.client.url()) {
        return Err(Failure::usage("the deployment was recorded for another server, and is in the spool until it is sent there")
            .hint("name that server with --url; `deploytrack spool list` shows it"));
    }
    let error = match delivery.deliver(&session.client).await {
        DeliveryResult::Complete => {
            let id = delivery.deployment();
            delivery.end();
            return id.map(Some).ok_or_else(|| {
                target::missing("the spool entry that the file names has no deployment")
            });
        }
        DeliveryResult::Refused(error) | DeliveryResult::Later(error) => error,
    };
    let request = Request::Update {
        body: change.to_body(),
    };
    if !on_error.continues_after(&error) {
        let is_refusal = is_final(&error) || is_about_the_token(&error);
        return Err(if is_refusal {
            let event = Event {
                server: session.server(),
                key: key.clone(),
                request,
            };
            record_refused(delivery, event, on_error, &error)
        } else {
            error.into()
        });
    }
    let failure = Failure::of(&error);
    let why = failure.message();
    if on_error == OnError::Warn {
        session.warn(&format!("nothing is recorded: {why}"));
        return Ok(None);
    }
    let event = Event {
        server: session.client.url().to_owned(),
        key: key.clone(),
        request,
    };
    session.warn(&match delivery.add(event) {
        Ok(()) => format!("it is kept in the spool behind its record and sent by the next call or by `deploytrack flush`: {why}"),
        Err(error) => format!("nothing is recorded: {why}; and the spool cannot be written: {error}"),
    });
    Ok(None)
}

/// The error for a refused record. The record stays in the spool, and the change is stored behind
/// it if errors are spooled.
fn record_refused(
    mut delivery: Delivery,
    change: Event,
    on_error: OnError,
    error: &Error,
) -> Failure {
    let entry = delivery.entry().map(Entry::name).unwrap_or_default();
    let is_change_stored = on_error == OnError::Spool && delivery.add(change).is_ok();
    let what = if is_change_stored {
        "the record and this change behind it are kept in the spool as refused"
    } else {
        "the record is kept in the spool as refused, and this change is not kept"
    };
    let way_out =
        Refusal::of(error).map(|refusal| refusal.way_out(&entry, delivery.deployment().is_none()));
    Failure::of(error).hint(format!("{what}: {}", way_out.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use deploytrack_core::status::Status;

    use super::Update;

    #[test]
    fn the_help_names_every_status() {
        let command = <Update as clap::Args>::augment_args(clap::Command::new("update"));
        let help = command.get_after_help().unwrap().to_string();
        for status in Status::ALL {
            assert!(help.contains(status.as_str()), "{status}");
        }
    }
}
