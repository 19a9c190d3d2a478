//! `deploytrack update`

use deploytrack_core::{
    clock::{self, Clock as _, SystemClock, Time},
    deployment::Change,
    status::Status,
    text::{Description, IdempotencyKey, Reason},
};
use uuid::Uuid;

use super::{
    clearable, metadata,
    on_error::{self, OnError},
};
use crate::{
    args::{Output, pair, status},
    error::Failure,
    render::{deployment, text::clean},
    session::Session,
    spool::Ask,
};

/// Move a deployment to another status
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A deployment moves from pending to in_progress or failed, from in_progress to succeeded or failed, \
from succeeded to rolled_back, and from failed or rolled_back to pending again.

Example:
  deploytrack update 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50 failed --reason 'exit code 3'")]
pub(crate) struct Update {
    /// The deployment
    id: Uuid,
    /// Its new status
    #[arg(value_parser = status())]
    status: Status,
    /// Why, such as 'exit code 3'
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    /// Something to keep with it; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    meta: Vec<(String, String)>,
    /// A new description; an empty one removes it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// When it happened, such as 2026-11-23T18:32:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    occurred_at: Option<Time>,
    #[arg(long, value_name = "KEY", help = super::KEY_HELP)]
    idempotency_key: Option<IdempotencyKey>,
    /// What to do when the server cannot be asked [default: fail]
    #[arg(long, value_enum, value_name = "spool|warn|fail", env = "DEPLOYTRACK_ON_ERROR", hide_possible_values = true)]
    on_error: Option<OnError>,
}

pub(crate) async fn run(update: Update, session: &mut Session<'_>) -> Result<(), Failure> {
    let metadata = if update.meta.is_empty() { None } else { Some(metadata(update.meta)?) };
    let description = clearable::<Description>("description", update.description)?;
    let on_error = update.on_error.unwrap_or(OnError::Fail);
    let mut change = Change { status: Some(update.status), occurred_at: update.occurred_at, reason: update.reason, description, metadata };
    if on_error == OnError::Spool {
        // What is sent later happened now.
        change.occurred_at.get_or_insert_with(|| SystemClock.now());
    }
    let key = on_error::key(update.idempotency_key)?;
    let updated = match session.client.under(key.clone()).update(update.id, &change).await {
        Err(error) if on_error::goes_on(on_error, &error) => {
            on_error::go_on(on_error, (key, Ask::Update { body: change.to_body() }), Some(update.id), &error, session);
            return Ok(());
        }
        updated => updated?,
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
