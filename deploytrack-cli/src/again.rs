//! A step of a pipeline that is run again: it goes on with the deployment that it recorded before.

use deploytrack_core::{
    client::{Answer, Client, Error},
    clock::Time,
    deployment::{Change, Deployment, NewDeployment},
    digest::Digest,
    history::HistoryEntry,
    query::{DeploymentFilter, PageRequest},
    status::Status,
    text::IdempotencyKey,
};
use uuid::Uuid;

/// A key that nobody else uses: that of the step, and what it recorded this time. `what` tells its messages apart.
pub(crate) fn own_key(key: &IdempotencyKey, new: &NewDeployment, what: &str) -> Result<IdempotencyKey, Error> {
    let digest = Digest::of(format!("{key}\n{}", new.to_body()).as_bytes());
    IdempotencyKey::new(format!("{digest}-{what}")).map_err(|why| Error::Setup(format!("an idempotency key {why}")))
}

/// Records a deployment under the key of its step. Where the step has recorded one before, that one is moved to where this
/// one should be; where that cannot be, since it has succeeded or was of something else, another one is recorded. However
/// often it is repeated, it does the same.
pub(crate) async fn record(client: &Client, key: &IdempotencyKey, new: &NewDeployment) -> Result<Answer<Deployment>, Error> {
    let earlier = match client.under(key.clone()).record(new).await {
        Err(Error::Refused(problem)) if problem.code == "idempotency_key_reused" => problem.recorded_id,
        // Without a time of its own, one step looks like the other.
        Ok(recorded) if recorded.replayed && new.occurred_at.is_none() => Some(recorded.value.id),
        recorded => return recorded,
    };
    match earlier {
        Some(id) => go_on(client, key, new, id).await,
        None => record_another(client, key, new).await,
    }
}

async fn go_on(client: &Client, key: &IdempotencyKey, new: &NewDeployment, id: Uuid) -> Result<Answer<Deployment>, Error> {
    let earlier = match client.deployment(id).await {
        Ok(earlier) if is_the_same(&earlier.value, new) => earlier,
        // The key may have been used for something that is no deployment.
        Ok(_) | Err(Error::Refused(_)) => return record_another(client, key, new).await,
        Err(error) => return Err(error),
    };
    // The answer is kept under a key of this step alone: repeated, it still says where the deployment was to begin with.
    let said = Change { metadata: Some(new.metadata.clone()), ..Change::default() };
    let mut answer = client.under(own_key(key, new, "again")?).update(earlier.value.id, &said).await?;
    let Some(steps) = steps(answer.value.status, new.status) else { return record_another(client, key, new).await };
    for status in steps {
        let change = Change { occurred_at: new.occurred_at, ..Change::to(status) };
        answer = client.under(own_key(key, new, status.as_str())?).update(id, &change).await?;
    }
    Ok(answer)
}

async fn record_another(client: &Client, key: &IdempotencyKey, new: &NewDeployment) -> Result<Answer<Deployment>, Error> {
    client.under(own_key(key, new, "another")?).record(new).await
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

fn is_the_same(earlier: &Deployment, new: &NewDeployment) -> bool {
    earlier.version == new.version
        && new.component.is(earlier.component_id, &earlier.component_name)
        && new.environment.is(earlier.environment_id, &earlier.environment_name)
}

/// The shortest way from one status to another that undoes no success and makes up no failure; none where there is none.
fn steps(from: Status, to: Status) -> Option<Vec<Status>> {
    let mut ways = vec![Vec::new()];
    // No way is longer than there are statuses.
    for _ in Status::ALL {
        let ends_at = |way: &Vec<Status>| way.last().copied().unwrap_or(from);
        // What runs already has begun.
        if let Some(way) = ways.iter().find(|way| ends_at(way) == to || (ends_at(way) == Status::InProgress && to == Status::Pending)) {
            return Some(way.clone());
        }
        let made_up = |status: Status| status == Status::RolledBack || (status == Status::Failed && to != Status::Failed);
        ways = ways
            .iter()
            .flat_map(|way| ends_at(way).allowed().iter().map(move |next| [&way[..], &[*next]].concat()))
            .filter(|way| !made_up(ends_at(way)))
            .collect();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_status_undoes_no_success_and_makes_up_no_failure() {
        use Status::{Failed, InProgress, Pending, RolledBack, Succeeded};
        for (from, to, way) in [
            (Failed, InProgress, Some(&[Pending, InProgress][..])),
            (RolledBack, Succeeded, Some(&[Pending, InProgress, Succeeded])),
            (Failed, Failed, Some(&[])),
            (Pending, InProgress, Some(&[InProgress])),
            (InProgress, InProgress, Some(&[])),
            (InProgress, Pending, Some(&[])),
            (InProgress, Failed, Some(&[Failed])),
            (Succeeded, Succeeded, Some(&[])),
            (Succeeded, InProgress, None),
            (Succeeded, Failed, None),
        ] {
            assert_eq!(steps(from, to).as_deref(), way, "{from} to {to}");
        }
    }
}
