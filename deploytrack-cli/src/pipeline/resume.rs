//! Resumes a deployment when a step of a pipeline is repeated.
//!
//! A step sends its start under an idempotency key that all its tries share. If an earlier try has
//! already recorded a deployment under that key, the step resumes that deployment only if all of
//! these conditions are met:
//!
//! - Component, environment, version and commit are the same.
//! - The deployment is `failed` or `pending`, so no process is working on it. A deployment in progress may belong to a living
//!   process, such as another leg of the job, and is left alone. So is one that has succeeded or was rolled back.
//! - If the start is sent late: the last transition is not later than the start of this step. A step that began while the
//!   earlier one was running is not a repetition of it.
//! - The transitions to `pending` and `in_progress` are accepted. If several processes try at the same time, the status machine
//!   accepts the transitions of one of them.
//!
//! In every other case the step records a deployment of its own. Nothing is written to the earlier
//! deployment until all conditions but the last are met: its metadata change together with its
//! first transition.

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

use crate::{error::is_final, lookup, pipeline::key};

/// How a step starts.
#[derive(Debug)]
pub(crate) enum StepStart {
    /// This step, or an earlier try of the same request, has recorded this deployment.
    Recorded(Uuid),
    /// The step has to resume this deployment.
    Resume(Uuid),
    /// The step has to record another deployment.
    RecordAnother,
}

/// Sends the start of a step under the key that all its tries share.
///
/// The caller stores the result before it sends the next request: the step itself changes the
/// status of the deployment, so a second call could decide differently.
pub(crate) async fn begin(
    client: &Client,
    key: &IdempotencyKey,
    new: &NewDeployment,
    is_live: bool,
) -> Result<StepStart, Error> {
    let error = match client.with_idempotency_key(key.clone()).record(new).await {
        Ok(recorded) => return Ok(StepStart::Recorded(recorded.value.id)),
        Err(error) => error,
    };
    if lookup::may_be_of_a_name(&error)
        && let Some(by_name) = lookup::by_name(client, new).await?
    {
        return Box::pin(begin(client, key, &by_name, is_live)).await;
    }
    let earlier = match error {
        Error::Refused(problem) if problem.code == "idempotency_key_reused" => problem.recorded_id,
        error => return Err(error),
    };
    match earlier {
        Some(id) if is_repetition(client, id, new, is_live).await? => Ok(StepStart::Resume(id)),
        _ => Ok(StepStart::RecordAnother),
    }
}

/// Whether `new` repeats the step that recorded the deployment `id`.
async fn is_repetition(
    client: &Client,
    id: Uuid,
    new: &NewDeployment,
    is_live: bool,
) -> Result<bool, Error> {
    let earlier = match client.deployment(id).await {
        Ok(earlier) => earlier.value,
        // The key may have been used for another kind of request.
        Err(error) if is_refused(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    if !can_resume(&earlier, new) {
        return Ok(false);
    }
    let Some(began_at) = new.occurred_at.filter(|_| !is_live) else {
        return Ok(true);
    };
    // `claimed_at` is the time by the clock of a runner, like our own. Answers contain times to the
    // millisecond.
    let is_later = |entry: &HistoryEntry| {
        entry
            .claimed_at
            .unwrap_or(entry.occurred_at)
            .timestamp_millis()
            > began_at.timestamp_millis()
    };
    Ok(!client.history(id).await?.value.iter().any(is_later))
}

/// Resumes a deployment, under keys that only this process uses. `false` if another process was
/// faster.
pub(crate) async fn resume(
    client: &Client,
    own_key: &IdempotencyKey,
    new: &NewDeployment,
    id: Uuid,
) -> Result<bool, Error> {
    for status in [Status::Pending, Status::InProgress] {
        let metadata = Some(new.metadata.clone());
        let change = Change {
            occurred_at: new.occurred_at,
            metadata,
            ..Change::to(status)
        };
        match client
            .with_idempotency_key(key::of_transition(own_key, status)?)
            .update(id, &change)
            .await
        {
            Ok(_) => {}
            // It is pending already. The next transition resumes it.
            Err(error) if is_refused(&error) && status == Status::Pending => {}
            Err(error) if is_refused(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// The deployment that was recorded or resumed at exactly this time. It is found by its content,
/// for when the server no longer stores the idempotency key.
pub(crate) async fn recorded_at(
    client: &Client,
    new: &NewDeployment,
    at: Time,
) -> Result<Option<Uuid>, Error> {
    let filter = DeploymentFilter {
        version: Some(new.version.clone()),
        ..DeploymentFilter::default()
    };
    let filter = filter
        .of(Some(new.component.clone()))
        .within(Some(new.environment.clone()));
    for deployment in client
        .list(
            &filter,
            PageRequest::new(0, PageRequest::MOST_TAKE).unwrap_or_default(),
        )
        .await?
        .value
        .data
    {
        if client
            .history(deployment.id)
            .await?
            .value
            .iter()
            .any(|entry| was_sent_with(entry, at))
        {
            return Ok(Some(deployment.id));
        }
    }
    Ok(None)
}

/// Whether a request with this time wrote this row of the history. Answers contain times to the
/// millisecond.
fn was_sent_with(entry: &HistoryEntry, at: Time) -> bool {
    let times = [Some(entry.occurred_at), entry.claimed_at];
    times
        .into_iter()
        .flatten()
        .any(|time| time.timestamp_millis() == at.timestamp_millis())
}

/// Whether the server rejected the request for good.
fn is_refused(error: &Error) -> bool {
    matches!(error, Error::Refused(_)) && is_final(error)
}

/// Whether a deployment has the same content as a new one, and a status in which no process is
/// working on it.
fn can_resume(earlier: &Deployment, new: &NewDeployment) -> bool {
    let is_the_same = earlier.version == new.version
        && earlier.commit_sha == new.commit_sha
        && new
            .component
            .is(earlier.component_id, &earlier.component_name)
        && new
            .environment
            .is(earlier.environment_id, &earlier.environment_name);
    is_the_same
        && new.status == Status::InProgress
        && matches!(earlier.status, Status::Failed | Status::Pending)
}
