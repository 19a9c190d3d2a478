//! The deployments of the demo, recorded through the REST API like any others.

use chrono::TimeDelta;
use deploytrack_core::{
    catalog::{ComponentChange, EnvironmentChange, NewComponent, NewEnvironment},
    client::Client,
    clock::Time,
    deployment::{Change, NewDeployment},
    query::{DeploymentFilter, PageRequest},
    status::Status,
    text::{CommitSha, Description, Invalid, Label, Name, Reason},
};

use crate::{error::Failure, exit::Exit};

const ENVIRONMENTS: [&str; 3] = ["development", "staging", "production"];

/// Component, owner and kind.
const COMPONENTS: [(&str, &str, &str); 5] = [
    ("notification-worker", "messaging", "worker"),
    ("payment-api", "payments", "service"),
    ("search-indexer", "search", "worker"),
    ("user-service", "accounts", "service"),
    ("web-frontend", "storefront", "website"),
];

/// One deployment of the sample.
struct Sample {
    /// The age in hours.
    hours: i64,
    component: &'static str,
    environment: &'static str,
    version: &'static str,
    commit: &'static str,
    by: &'static str,
    ending: Ending,
}

/// The result of a deployment.
enum Ending {
    Succeeded,
    InProgress,
    Failed(&'static str),
    /// Rolled back after this many hours, with the reason.
    RolledBack(i64, &'static str),
}

const fn sample(
    hours: i64,
    component: &'static str,
    environment: &'static str,
    version: &'static str,
    commit: &'static str,
    by: &'static str,
    ending: Ending,
) -> Sample {
    Sample {
        hours,
        component,
        environment,
        version,
        commit,
        by,
        ending,
    }
}

/// Two weeks of five components, the earliest first: one failure, one rollback, one still running,
/// and drift.
const SAMPLES: [Sample; 18] = [
    sample(
        520,
        "search-indexer",
        "production",
        "v0.7.4",
        "9c1e07d4",
        "maria",
        Ending::Succeeded,
    ),
    sample(
        336,
        "notification-worker",
        "production",
        "v3.1.4",
        "51f0a2bb",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        150,
        "user-service",
        "production",
        "v2.3.0",
        "a7d3e6f1",
        "maria",
        Ending::Succeeded,
    ),
    sample(
        122,
        "search-indexer",
        "staging",
        "v0.7.4",
        "9c1e07d4",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        101,
        "web-frontend",
        "staging",
        "v5.0.3",
        "0b8c4d92",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        98,
        "web-frontend",
        "production",
        "v5.0.3",
        "0b8c4d92",
        "jonas",
        Ending::Succeeded,
    ),
    sample(
        75,
        "notification-worker",
        "development",
        "v3.2.0",
        "e40d19c7",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        73,
        "notification-worker",
        "staging",
        "v3.2.0",
        "e40d19c7",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        52,
        "payment-api",
        "development",
        "v1.9.2",
        "6f2b8ae0",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        50,
        "notification-worker",
        "production",
        "v3.2.0",
        "e40d19c7",
        "jonas",
        Ending::RolledBack(2, "messages were sent twice"),
    ),
    sample(
        49,
        "payment-api",
        "staging",
        "v1.9.2",
        "6f2b8ae0",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        31,
        "user-service",
        "staging",
        "v2.3.1",
        "3de95c08",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        26,
        "payment-api",
        "production",
        "v1.9.2",
        "6f2b8ae0",
        "maria",
        Ending::Succeeded,
    ),
    sample(
        9,
        "search-indexer",
        "development",
        "v0.8.0-rc.1",
        "b2640fa9",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        8,
        "search-indexer",
        "staging",
        "v0.8.0-rc.1",
        "b2640fa9",
        "ci-bot",
        Ending::Failed("the health check timed out"),
    ),
    sample(
        4,
        "user-service",
        "development",
        "v2.4.0",
        "c81f7b35",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        1,
        "web-frontend",
        "development",
        "v5.1.0",
        "47aa90de",
        "ci-bot",
        Ending::Succeeded,
    ),
    sample(
        0,
        "web-frontend",
        "staging",
        "v5.1.0",
        "47aa90de",
        "ci-bot",
        Ending::InProgress,
    ),
];

/// Records the sample if there is no deployment yet.
pub(super) async fn record_if_empty(client: &Client, now: Time) -> Result<(), Failure> {
    if client
        .list(&DeploymentFilter::default(), PageRequest::default())
        .await?
        .value
        .total
        > 0
    {
        return Ok(());
    }
    register(client).await?;
    for sample in &SAMPLES {
        record(client, sample, now).await?;
    }
    Ok(())
}

async fn register(client: &Client) -> Result<(), Failure> {
    for name in ENVIRONMENTS {
        let name = Name::new(name).map_err(bad)?;
        if client
            .environments(Some(&name), PageRequest::default())
            .await?
            .value
            .total
            == 0
        {
            client
                .create_environment(&NewEnvironment {
                    name,
                    details: EnvironmentChange::default(),
                })
                .await?;
        }
    }
    for (name, owner, kind) in COMPONENTS {
        let name = Name::new(name).map_err(bad)?;
        if client
            .components(Some(&name), PageRequest::default())
            .await?
            .value
            .total
            == 0
        {
            let (owner, kind) = (
                Label::new(owner).map_err(bad)?,
                Label::new(kind).map_err(bad)?,
            );
            let details = ComponentChange {
                owner: Some(Some(owner)),
                kind: Some(Some(kind)),
                ..ComponentChange::default()
            };
            client
                .create_component(&NewComponent { name, details })
                .await?;
        }
    }
    Ok(())
}

async fn record(client: &Client, sample: &Sample, now: Time) -> Result<(), Failure> {
    let at = |hours: i64| now - TimeDelta::hours(hours) - TimeDelta::minutes(7);
    let begun = matches!(sample.ending, Ending::InProgress | Ending::Failed(_));
    let new = NewDeployment {
        status: if begun {
            Status::InProgress
        } else {
            Status::Succeeded
        },
        occurred_at: Some(at(sample.hours)),
        deployed_by: Some(Label::new(sample.by).map_err(bad)?),
        commit_sha: Some(CommitSha::new(sample.commit).map_err(bad)?),
        description: Some(Description::new("part of the demo").map_err(bad)?),
        ..NewDeployment::named(sample.component, sample.environment, sample.version).map_err(bad)?
    };
    let id = client.record(&new).await?.value.id;
    let (status, when, why) = match sample.ending {
        Ending::Succeeded | Ending::InProgress => return Ok(()),
        Ending::Failed(why) => (
            Status::Failed,
            at(sample.hours) + TimeDelta::minutes(5),
            why,
        ),
        Ending::RolledBack(later, why) => (Status::RolledBack, at(sample.hours - later), why),
    };
    let reason = Some(Reason::new(why).map_err(bad)?);
    client
        .update(
            id,
            &Change {
                occurred_at: Some(when),
                reason,
                ..Change::to(status)
            },
        )
        .await?;
    Ok(())
}

/// The failure for an invalid text in the sample, which is a bug.
fn bad(why: Invalid) -> Failure {
    Failure::new(
        Exit::Refused,
        format!("the sample cannot be recorded: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_sorted_and_its_texts_are_valid() {
        assert!(SAMPLES.is_sorted_by(|a, b| a.hours >= b.hours));
        for sample in &SAMPLES {
            assert!(
                ENVIRONMENTS.contains(&sample.environment)
                    && COMPONENTS
                        .iter()
                        .any(|(name, ..)| *name == sample.component)
            );
            assert!(
                NewDeployment::named(sample.component, sample.environment, sample.version).is_ok()
            );
            assert!(CommitSha::new(sample.commit).is_ok() && Label::new(sample.by).is_ok());
        }
    }
}
