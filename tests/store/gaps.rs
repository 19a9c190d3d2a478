//! The gaps of a matrix: what `compare` says of the stored history.

use std::sync::Arc;

use chrono::TimeDelta;
use deploytrack_core::{
    clock::{ManualClock, Time},
    compare::{Comparison, FirstSuccesses, Stay, Track},
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    history::{self, HistoryEntry},
    matrix::{Gap, GapState},
    query::MatrixFilter,
    status::Status,
    tracker::Tracker,
};
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    fold,
};
use rstest::rstest;

use crate::given::{advance, by, new, noon, with_clock};

/// A tracker whose clock moves on by an hour with each write.
struct Hourly {
    tracker: Tracker,
    clock: Arc<ManualClock>,
}

impl Hourly {
    fn new(tracker: &Tracker) -> Self {
        let (tracker, clock) = with_clock(tracker);
        Self { tracker, clock }
    }

    /// Records a version of `api` as succeeded.
    async fn success(&self, environment: &str, version: &str) -> Deployment {
        self.success_of(environment, version, None).await
    }

    async fn success_of(
        &self,
        environment: &str,
        version: &str,
        commit: Option<&str>,
    ) -> Deployment {
        self.clock.advance(TimeDelta::hours(1));
        let new = NewDeployment {
            status: Status::Succeeded,
            commit_sha: commit.map(|commit| commit.parse().unwrap()),
            register: true,
            ..new("api", environment, version)
        };
        self.tracker.record(new, &by()).await.unwrap().value
    }

    async fn roll_back(&self, deployment: &Deployment) {
        self.clock.advance(TimeDelta::hours(1));
        advance(&self.tracker, deployment, Status::RolledBack).await;
    }

    async fn undeploy(&self, deployment: &Deployment) {
        self.clock.advance(TimeDelta::hours(1));
        let undeploy = Undeploy::default();
        self.tracker
            .undeploy(deployment.id, undeploy, &by())
            .await
            .unwrap();
    }

    /// Staging of the worked cases: v1, v2, v3 rolled back, v4.
    async fn staging(&self) {
        self.success("staging", "v1").await;
        self.success("staging", "v2").await;
        self.roll_back(&self.success("staging", "v3").await).await;
        self.success("staging", "v4").await;
    }

    /// The gap of `api` in an environment.
    async fn gap(&self, environment: &str) -> Option<Gap> {
        gap(&self.tracker, environment, None).await
    }
}

async fn gap(tracker: &Tracker, environment: &str, at: Option<Time>) -> Option<Gap> {
    let filter = MatrixFilter {
        gaps: true,
        at,
        ..MatrixFilter::default()
    };
    let matrix = tracker.matrix(&filter).await.unwrap();
    matrix[0].environments.get(environment)?.gap.clone()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is compared with the gap of a cell, which may have none"
)]
fn expected(against: &str, state: GapState, versions: impl Into<Option<u64>>) -> Option<Gap> {
    Some(Gap {
        against: against.parse().unwrap(),
        state,
        versions: versions.into(),
    })
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn production_is_behind_by_the_versions_that_were_not_rolled_back(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let given = Hourly::new(&database.tracker().await);
    given.success("production", "v1").await;
    given.staging().await;
    let behind = expected("staging", GapState::Behind, 2);
    assert_eq!(given.gap("production").await, behind);
    assert_eq!(given.gap("staging").await, None, "nothing is before it");

    given.success("production", "v4").await;
    let same = expected("staging", GapState::Same, None);
    assert_eq!(given.gap("production").await, same);
    let plain = MatrixFilter::default();
    let matrix = given.tracker.matrix(&plain).await.unwrap();
    assert_eq!(matrix[0].environments["production"].gap, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_version_that_production_rolled_back_is_pending_again(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let given = Hourly::new(&database.tracker().await);
    given.success("production", "v1").await;
    given.staging().await;
    given.success("production", "v2").await;
    let again = given.success("production", "v4").await;
    given.roll_back(&again).await;
    let behind = expected("staging", GapState::Behind, 1);
    assert_eq!(given.gap("production").await, behind);

    for status in [Status::Pending, Status::InProgress, Status::Succeeded] {
        advance(&given.tracker, &again, status).await;
    }
    let same = expected("staging", GapState::Same, None);
    assert_eq!(given.gap("production").await, same, "the retry succeeded");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hotfix_is_diverged_ahead_or_unknown_as_its_history_says(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let given = Hourly::new(&database.tracker().await);
    given.success("production", "v0").await;
    given.success("staging", "v1").await;
    let unknown = expected("staging", GapState::Unknown, None);
    assert_eq!(given.gap("production").await, unknown, "nothing is shared");

    given.success("production", "v1").await;
    given.success("production", "v1.1").await;
    let ahead = expected("staging", GapState::Ahead, 1);
    assert_eq!(given.gap("production").await, ahead);

    given.success("staging", "v2").await;
    let diverged = expected("staging", GapState::Diverged, None);
    assert_eq!(given.gap("production").await, diverged);

    given.success("staging", "v3").await;
    given.success("production", "v3").await;
    given.success("staging", "v2").await;
    assert_eq!(given.gap("production").await, unknown, "staging went back");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_moved_tag_is_diverged_and_an_unknown_or_shortened_commit_is_not(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let given = Hourly::new(&database.tracker().await);
    let long = "ed52224333bd2591ebd3e2f1eea9768c6b925305";
    given.success_of("staging", "v1", Some(long)).await;
    for (commit, state) in [
        (Some(long), GapState::Same),
        (Some("ED52224"), GapState::Same),
        (None, GapState::Same),
        (Some("0ddba11"), GapState::Diverged),
    ] {
        given.success_of("production", "v1", commit).await;
        let gap = given.gap("production").await;
        assert_eq!(gap, expected("staging", state, None), "{commit:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cell_is_compared_with_the_nearest_cell_of_an_earlier_type(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let given = Hourly::new(&database.tracker().await);
    for environment in ["development", "qa", "prod-eu", "prod-us", "bunker"] {
        given.success(environment, "v1").await;
    }
    let staging = given.success("staging", "v1").await;
    let same = |against| expected(against, GapState::Same, None);
    assert_eq!(given.gap("development").await, None);
    assert_eq!(given.gap("qa").await, same("development"));
    assert_eq!(given.gap("staging").await, same("qa"));
    assert_eq!(given.gap("prod-eu").await, same("staging"));
    assert_eq!(given.gap("prod-us").await, same("staging"), "not prod-eu");
    assert_eq!(given.gap("bunker").await, None, "its type is other");

    given.undeploy(&staging).await;
    assert_eq!(given.gap("prod-us").await, same("qa"), "staging is empty");
    given.success("staging", "v2").await;
    let behind = expected("staging", GapState::Behind, 1);
    assert_eq!(given.gap("prod-us").await, behind);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_gaps_of_a_moment_are_those_of_its_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let given = Hourly::new(&database.tracker().await);
    given.success("production", "v1").await;
    given.staging().await;
    for (hours, state, versions) in [
        (2, GapState::Same, None),
        (3, GapState::Behind, Some(1)),
        (4, GapState::Behind, Some(2)),
        (5, GapState::Behind, Some(1)),
        (6, GapState::Behind, Some(2)),
    ] {
        let at = noon() + TimeDelta::hours(hours);
        let gap = gap(&given.tracker, "production", Some(at)).await;
        assert_eq!(gap, expected("staging", state, versions), "hour {hours}");
    }
}

/// The stays of an environment, from the histories of its deployments.
fn stays<'a>(
    all: &'a [(Deployment, Vec<HistoryEntry>)],
    environment: &str,
    at: Time,
) -> Vec<Stay<'a>> {
    let mut stays: Vec<_> = all
        .iter()
        .filter(|(deployment, _)| deployment.environment_name.as_str() == environment)
        .flat_map(|(deployment, entries)| {
            let periods = history::periods(entries).into_iter();
            periods.map(move |period| (deployment, period))
        })
        .filter(|(_, period)| period.started_at <= at)
        .map(|(deployment, period)| {
            let version = (!period.is_undeployment).then(|| deployment.version.as_str());
            let stay = Stay {
                version,
                commit: None,
                started_at: period.started_at,
                is_rolled_back: period.ended_at.is_some_and(|ended| ended <= at),
            };
            ((period.started_at, period.sequence), stay)
        })
        .collect();
    stays.sort_by_key(|(order, _)| *order);
    stays.into_iter().map(|(_, stay)| stay).collect()
}

/// Writes something at random.
async fn write(given: &Hourly, random: &mut fastrand::Rng) {
    let environment = ["staging", "production", "development"][random.usize(..3)];
    let deployments = fold::everything(&given.tracker).await;
    given.clock.advance(TimeDelta::minutes(random.i64(0..3)));
    let known =
        (!deployments.is_empty()).then(|| &deployments[random.usize(..deployments.len())].0);
    match (random.u8(..10), known) {
        (0..=2, Some(known)) => {
            let next = Change::to(*random.choice(known.status.allowed()).unwrap());
            given.tracker.update(known.id, next, &by()).await.unwrap();
        }
        (3, Some(known)) => {
            // Refused unless the deployment is current.
            let undeploy = Undeploy::default();
            let _ = given.tracker.undeploy(known.id, undeploy, &by()).await;
        }
        _ => {
            let version = format!("v{}", random.u8(..5));
            let new = NewDeployment {
                status: Status::Succeeded,
                register: true,
                occurred_at: random
                    .bool()
                    .then(|| noon() + TimeDelta::minutes(random.i64(0..10))),
                ..new("api", environment, &version)
            };
            given.tracker.record(new, &by()).await.unwrap();
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_gap_needs_only_a_part_of_the_history_and_is_that_of_the_whole(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    for seed in 0..6 {
        let Some(database) = kind.create().await else {
            return;
        };
        let given = Hourly::new(&database.tracker().await);
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..40 {
            write(&given, &mut random).await;
        }
        let all = fold::everything(&given.tracker).await;
        let end = noon() + TimeDelta::days(1);
        let moments = (0..60).map(|minute| Some(noon() + TimeDelta::minutes(minute)));
        for at in moments.chain([None]) {
            let filter = MatrixFilter {
                gaps: true,
                at,
                ..MatrixFilter::default()
            };
            let matrix = given.tracker.matrix(&filter).await.unwrap();
            let tracks = ["development", "staging", "production"]
                .map(|environment| stays(&all, environment, at.unwrap_or(end)));
            let first = FirstSuccesses::of(tracks.each_ref().map(|stays| Track::new(stays)));
            for (environment, cell) in matrix[0].environments.iter() {
                let Some(gap) = &cell.gap else { continue };
                let track = |name: &str| {
                    let names = ["development", "staging", "production"];
                    Track::new(&tracks[names.iter().position(|one| *one == name).unwrap()])
                };
                let (here, there) = (track(environment.as_str()), track(gap.against.as_str()));
                let whole = Gap::of(gap.against.clone(), &Comparison::of(here, there, &first));
                assert_eq!(
                    Some(gap),
                    whole.as_ref(),
                    "seed {seed}, {environment} at {at:?}"
                );
            }
        }
    }
}
