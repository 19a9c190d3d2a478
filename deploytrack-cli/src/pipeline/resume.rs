//! A step of a pipeline that is repeated: it goes on with the deployment that its earlier try recorded.
//!
//! A step sends its start under the key that it has in common with its repetitions. Where that key has recorded a deployment
//! before, a repetition goes on with it only if
//!
//! - it is of the same component, environment, version and commit;
//! - it is `failed` or `pending`, so no process has it in progress. A deployment in progress may be that of a living process,
//!   such as another leg of the job, and is left alone; so is one that has succeeded or was rolled back;
//! - its last transition is not later than the start of this step, where that is sent afterwards. A step that began while the
//!   earlier one was running is no repetition of it;
//! - the transitions to `pending` and `in_progress` are accepted. Of several processes that try at the same time the status
//!   machine lets one through.
//!
//! In every other case the step records a deployment of its own. Nothing is written to a deployment before all but the last
//! condition are met: its metadata change with its first transition.

use deploytrack_core::{
    client::{Client, Error},
    clock::Time,
    deployment::{Change, Deployment, NewDeployment},
    history::HistoryEntry,
    query::{DeploymentFilter, PageRequest},
    status::Status,
    text::IdempotencyKey,
};
use uuid::Uuid;

use crate::{lookup, pipeline::queue::deliver::is_final};

/// An idempotency key that no other process has.
pub(crate) fn own_key() -> Result<IdempotencyKey, Error> {
    key(&Uuid::new_v4().to_string())
}

fn key(text: &str) -> Result<IdempotencyKey, Error> {
    IdempotencyKey::new(text).map_err(|why| Error::Setup(format!("an idempotency key {why}")))
}

/// The deployment that a step belongs to.
#[derive(Debug)]
pub(crate) enum Start {
    /// The step has recorded this one.
    Recorded(Uuid),
    /// The step is to go on with this one.
    Resumes(Uuid),
    /// The step is to record another one.
    Separate,
}

/// Sends the start of a step under the key that its repetitions have too. The caller stores the result before it sends more:
/// a second call might decide otherwise, since the step itself changes the status of the deployment.
pub(crate) async fn begin(client: &Client, key: &IdempotencyKey, new: &NewDeployment, is_live: bool) -> Result<Start, Error> {
    let earlier = match client.under(key.clone()).record(new).await {
        Ok(recorded) => return Ok(Start::Recorded(recorded.value.id)),
        Err(error) => match (lookup::may_be_of_a_name(&error), error) {
            (true, error) if let Some(named) = lookup::by_name(client, new).await? => {
                drop(error);
                return Box::pin(begin(client, key, &named, is_live)).await;
            }
            (_, Error::Refused(problem)) if problem.code == "idempotency_key_reused" => problem.recorded_id,
            (_, error) => return Err(error),
        },
    };
    match earlier {
        Some(id) if is_repeated(client, id, new, is_live).await? => Ok(Start::Resumes(id)),
        _ => Ok(Start::Separate),
    }
}

/// Whether the deployment of an earlier step is one that `new` repeats.
async fn is_repeated(client: &Client, id: Uuid, new: &NewDeployment, is_live: bool) -> Result<bool, Error> {
    let earlier = match client.deployment(id).await {
        Ok(earlier) => earlier.value,
        // The key may have been used for something that is no deployment.
        Err(error) if is_refused(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    if !can_resume(&earlier, new) {
        return Ok(false);
    }
    let begun = new.occurred_at.filter(|_| !is_live);
    let Some(begun) = begun else { return Ok(true) };
    // What a runner claimed was read from a clock like ours. Answers show times to the millisecond.
    let is_later = |entry: &HistoryEntry| entry.claimed_at.unwrap_or(entry.occurred_at).timestamp_millis() > begun.timestamp_millis();
    Ok(!client.history(id).await?.value.iter().any(is_later))
}

/// Goes on with a deployment, under a key of the process's own. `false` if another process was faster.
pub(crate) async fn resume(client: &Client, own: &IdempotencyKey, new: &NewDeployment, id: Uuid) -> Result<bool, Error> {
    for status in [Status::Pending, Status::InProgress] {
        let metadata = Some(new.metadata.clone());
        let change = Change { occurred_at: new.occurred_at, metadata, ..Change::to(status) };
        match client.under(key(&format!("{own}-{status}"))?).update(id, &change).await {
            Ok(_) => {}
            // It may be pending already, and then begins with the next transition.
            Err(error) if is_refused(&error) && status == Status::Pending => {}
            Err(error) if is_refused(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// The deployment that was recorded, or gone on with, at exactly this time: found by what it is where no key is kept.
pub(crate) async fn recorded(client: &Client, new: &NewDeployment, at: Time) -> Result<Option<Uuid>, Error> {
    let filter = DeploymentFilter { version: Some(new.version.clone()), ..DeploymentFilter::default() };
    let filter = filter.of(Some(new.component.clone())).within(Some(new.environment.clone()));
    // Answers show times to the millisecond.
    for one in client.list(&filter, PageRequest::new(0, PageRequest::MOST_TAKE).unwrap_or_default()).await?.value.data {
        if client.history(one.id).await?.value.iter().any(|entry| was_told_at(entry, at)) {
            return Ok(Some(one.id));
        }
    }
    Ok(None)
}

/// Whether a row of history is what a message with this time made.
fn was_told_at(entry: &HistoryEntry, at: Time) -> bool {
    let times = [Some(entry.occurred_at), entry.claimed_at];
    times.into_iter().flatten().any(|time| time.timestamp_millis() == at.timestamp_millis())
}

/// Whether the server itself refuses a request, for good.
fn is_refused(error: &Error) -> bool {
    matches!(error, Error::Refused(_)) && is_final(error)
}

/// Whether a deployment is the same as a new one, and in a status in which no process has it in hand.
fn can_resume(earlier: &Deployment, new: &NewDeployment) -> bool {
    let is_the_same = earlier.version == new.version
        && earlier.commit_sha == new.commit_sha
        && new.component.is(earlier.component_id, &earlier.component_name)
        && new.environment.is(earlier.environment_id, &earlier.environment_name);
    is_the_same && new.status == Status::InProgress && matches!(earlier.status, Status::Failed | Status::Pending)
}
