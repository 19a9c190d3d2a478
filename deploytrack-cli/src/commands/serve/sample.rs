//! The deployments of the demo, recorded through the REST API like any others.

use std::time::Duration;

use chrono::TimeDelta;
use deploytrack_core::{
    catalog::{ComponentChange, EnvironmentChange, EnvironmentType, NewComponent, NewEnvironment},
    client::Client,
    clock::Time,
    deployment::{Change, Metadata, NewDeployment},
    query::{DeploymentFilter, PageRequest},
    status::Status,
    text::{CommitSha, Description, Label, Name, Reason},
};
use serde_json::json;

use crate::{error::Failure, exit::Exit};

/// Two weeks of twelve components: a canary that failed, a rollback, a hotfix, something that waits
/// for production, and something that is just being deployed.
const STORY: &str = include_str!("sample/story.txt");

const ENVIRONMENTS: [(&str, EnvironmentType); 4] = [
    ("development", EnvironmentType::Development),
    ("staging", EnvironmentType::Staging),
    ("canary", EnvironmentType::Production),
    ("production", EnvironmentType::Production),
];

/// Component, owner and kind.
const COMPONENTS: [(&str, &str, &str); 12] = [
    ("auth-gateway", "accounts", "service"),
    ("catalog-api", "catalog", "service"),
    ("mail-worker", "messaging", "worker"),
    ("payment-api", "payments", "service"),
    ("payment-worker", "payments", "worker"),
    ("report-export", "catalog", "job"),
    ("search-api", "search", "service"),
    ("search-indexer", "search", "worker"),
    ("shipping-api", "storefront", "service"),
    ("user-service", "accounts", "service"),
    ("web-checkout", "storefront", "website"),
    ("web-frontend", "storefront", "website"),
];

/// A version of a component.
#[derive(Clone, Copy, Debug)]
struct Release<'a> {
    component: &'a str,
    version: &'a str,
    commit: &'a str,
    title: &'a str,
}

/// One deployment of the story.
#[derive(Debug)]
struct Sample<'a> {
    release: Release<'a>,
    environment: &'a str,
    /// The time since it began.
    age: Duration,
    /// How long it took; none if it is still running.
    took: Option<Duration>,
    by: &'a str,
    ending: Ending<'a>,
}

/// The result of a deployment.
#[derive(Debug, PartialEq, Eq)]
enum Ending<'a> {
    Succeeded,
    InProgress,
    Failed(&'a str),
    /// Rolled back after this time, with the reason.
    RolledBack(Duration, &'a str),
}

/// The deployments of a story, the earliest first; none if a line cannot be read.
fn read(story: &str) -> Option<Vec<Sample<'_>>> {
    let mut release = None;
    let mut samples = Vec::new();
    for line in story.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_prefix("  ") {
            Some(line) => samples.push(sample(release?, line)?),
            None => release = Some(read_release(line)?),
        }
    }
    samples.sort_by_key(|sample| std::cmp::Reverse(sample.age));
    Some(samples)
}

fn read_release(line: &str) -> Option<Release<'_>> {
    let mut words = line.splitn(4, ' ');
    Some(Release {
        component: words.next()?,
        version: words.next()?,
        commit: words.next()?,
        title: words.next()?,
    })
}

fn sample<'a>(release: Release<'a>, line: &'a str) -> Option<Sample<'a>> {
    let (age, line) = line.split_once(' ')?;
    let (environment, line) = line.split_once(' ')?;
    let (took, line) = line.split_once(' ')?;
    let (by, ending) = line.split_once(' ').unwrap_or((line, ""));
    Some(Sample {
        release,
        environment,
        age: humantime::parse_duration(age).ok()?,
        took: humantime::parse_duration(took).ok(),
        by,
        ending: read_ending(ending)?,
    })
}

fn read_ending(text: &str) -> Option<Ending<'_>> {
    if text.is_empty() {
        return Some(Ending::Succeeded);
    }
    if text == "in progress" {
        return Some(Ending::InProgress);
    }
    if let Some(reason) = text.strip_prefix("failed: ") {
        return Some(Ending::Failed(reason));
    }
    let (later, reason) = text.strip_prefix("rolled back after ")?.split_once(": ")?;
    Some(Ending::RolledBack(
        humantime::parse_duration(later).ok()?,
        reason,
    ))
}

/// Records the story if there is no deployment yet.
pub(super) async fn record_if_empty(client: &Client, now: Time) -> Result<(), Failure> {
    let one = PageRequest::default();
    let found = client.list(&DeploymentFilter::default(), one).await?;
    if found.value.total > 0 {
        return Ok(());
    }
    register(client).await?;
    for sample in &read(STORY).ok_or_else(|| bad("a line of the story"))? {
        record(client, sample, now).await?;
    }
    Ok(())
}

async fn register(client: &Client) -> Result<(), Failure> {
    let one = PageRequest::default;
    for (name, kind) in ENVIRONMENTS {
        let name = Name::new(name).map_err(bad)?;
        if client.environments(Some(&name), one()).await?.value.total > 0 {
            continue;
        }
        let details = EnvironmentChange {
            r#type: Some(kind),
            ..EnvironmentChange::default()
        };
        client
            .create_environment(&NewEnvironment { name, details })
            .await?;
    }
    for (name, owner, kind) in COMPONENTS {
        let name = Name::new(name).map_err(bad)?;
        if client.components(Some(&name), one()).await?.value.total > 0 {
            continue;
        }
        let details = ComponentChange {
            owner: Some(Some(Label::new(owner).map_err(bad)?)),
            kind: Some(Some(Label::new(kind).map_err(bad)?)),
            ..ComponentChange::default()
        };
        client
            .create_component(&NewComponent { name, details })
            .await?;
    }
    Ok(())
}

async fn record(client: &Client, sample: &Sample<'_>, now: Time) -> Result<(), Failure> {
    let began = now - delta(sample.age);
    let id = client.record(&new(sample, began)?).await?.value.id;
    let Some(took) = sample.took else {
        return Ok(());
    };
    let ended = began + delta(took);
    let changes: &[(Status, Time, Option<&str>)] = match sample.ending {
        Ending::InProgress => &[],
        Ending::Succeeded => &[(Status::Succeeded, ended, None)],
        Ending::Failed(reason) => &[(Status::Failed, ended, Some(reason))],
        Ending::RolledBack(later, reason) => &[
            (Status::Succeeded, ended, None),
            (Status::RolledBack, ended + delta(later), Some(reason)),
        ],
    };
    for (status, at, reason) in changes {
        let change = Change {
            occurred_at: Some(*at),
            reason: reason.map(Reason::new).transpose().map_err(bad)?,
            ..Change::to(*status)
        };
        client.update(id, &change).await?;
    }
    Ok(())
}

fn new(sample: &Sample<'_>, began: Time) -> Result<NewDeployment, Failure> {
    let Release {
        component,
        version,
        commit,
        title,
    } = sample.release;
    let git = json!({"repository": format!("https://git.example.com/shop/{component}.git")});
    Ok(NewDeployment {
        status: Status::InProgress,
        occurred_at: Some(began),
        deployed_by: Some(Label::new(sample.by).map_err(bad)?),
        commit_sha: Some(CommitSha::new(commit).map_err(bad)?),
        description: Some(Description::new(title).map_err(bad)?),
        metadata: Metadata::new([("git".to_owned(), git)].into_iter().collect()).map_err(bad)?,
        ..NewDeployment::named(component, sample.environment, version).map_err(bad)?
    })
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or_default()
}

/// The failure for an invalid text in the story, which is a bug.
fn bad(what: impl std::fmt::Display) -> Failure {
    Failure::new(
        Exit::Refused,
        format!("the demo cannot be recorded: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_can_be_read_and_names_only_what_is_registered() {
        let story = read(STORY).unwrap();
        let began = deploytrack_core::clock::parse("2026-11-29T12:00:00Z").unwrap();
        for sample in &story {
            let has = |list: &[&str], name| list.contains(&name);
            assert!(
                has(&ENVIRONMENTS.map(|(name, _)| name), sample.environment)
                    && has(&COMPONENTS.map(|(name, ..)| name), sample.release.component),
                "{sample:?}"
            );
            assert_eq!(
                sample.took.is_none(),
                sample.ending == Ending::InProgress,
                "{sample:?}"
            );
            assert!(
                sample.took.is_none_or(|took| took < sample.age),
                "{sample:?}"
            );
            assert!(new(sample, began).is_ok(), "{sample:?}");
        }
        let has = |ending: fn(&Ending<'_>) -> bool| story.iter().any(|one| ending(&one.ending));
        assert!(has(|ending| matches!(ending, Ending::Failed(_))));
        assert!(has(|ending| matches!(ending, Ending::RolledBack(..))));
        assert!(has(|ending| matches!(ending, Ending::InProgress)));
    }

    #[test]
    fn a_line_that_is_not_of_the_story_is_refused() {
        for line in [
            "  5m staging 1m ada",
            "api v1 c0ffee Title\n  5m staging 1m",
            "api v1 c0ffee Title\n  5m staging 1m ada exploded",
            "api v1 c0ffee",
        ] {
            assert!(read(line).is_none(), "{line}");
        }
    }
}
