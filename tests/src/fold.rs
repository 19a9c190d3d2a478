//! A second, simple implementation of the fold: computes from the history what every view must
//! show.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use deploytrack_core::{
    clock::Time,
    deployment::Deployment,
    history::{HistoryEntry, HistoryKind},
    matrix::Matrix,
    query::{DeploymentFilter, ListKey, MatrixFilter, Order, PageRequest},
    status::Status,
    tracker::Tracker,
};
use uuid::Uuid;

/// A cell as text: component, environment, version and time of success.
pub type Cells = BTreeMap<(String, String), (String, Time)>;

/// Every deployment with its history, the newest deployment first.
///
/// # Panics
/// When the tracker fails.
pub async fn everything(tracker: &Tracker) -> Vec<(Deployment, Vec<HistoryEntry>)> {
    let mut all = Vec::new();
    loop {
        let page = PageRequest::new(all.len() as u64, 100).unwrap();
        let page = tracker
            .list(&DeploymentFilter::default(), page)
            .await
            .unwrap();
        if page.data.is_empty() {
            assert_eq!(
                page.total,
                all.len() as u64,
                "the total counts what the pages show"
            );
            return all;
        }
        for deployment in page.data {
            let history = tracker.history(deployment.id).await.unwrap();
            all.push((deployment, history));
        }
    }
}

/// A period of a cell, as it counts at a given time.
#[derive(Clone, Copy, Debug)]
struct Stretch<'a> {
    began: (Time, i64),
    ended: Option<Time>,
    /// The deployment that was current; `None` after an undeployment.
    deployment: Option<&'a Deployment>,
}

/// The current deployment of every cell at a time, or now, and since when. It belongs to the newest
/// of the successes that had happened and were not rolled back by then, and of the undeployments
/// that had happened. On equal times the one recorded last is newer.
///
/// # Panics
/// When a history has a rollback without a success before it.
#[must_use]
pub fn current(
    all: &[(Deployment, Vec<HistoryEntry>)],
    at: Option<Time>,
) -> HashMap<(Uuid, Uuid), (&Deployment, Time)> {
    let mut cells = HashMap::<_, Vec<Stretch<'_>>>::new();
    for (deployment, history) in all {
        let cell = cells
            .entry((deployment.component_id, deployment.environment_id))
            .or_default();
        let mut success = None;
        for entry in history {
            let begun = |deployment| Stretch {
                began: (entry.occurred_at, entry.sequence),
                ended: None,
                deployment,
            };
            match (entry.event, entry.to) {
                (HistoryKind::Undeployed, _) => cell.push(begun(None)),
                (HistoryKind::Transition, Status::Succeeded) => {
                    success = Some(cell.len());
                    cell.push(begun(Some(deployment)));
                }
                (HistoryKind::Transition, Status::RolledBack) => {
                    cell[success.unwrap()].ended = Some(entry.occurred_at);
                }
                (HistoryKind::Transition, _) => {}
            }
        }
    }
    let counts = |stretch: &&Stretch<'_>| match at {
        Some(at) => stretch.began.0 <= at && stretch.ended.is_none_or(|ended| ended > at),
        None => stretch.ended.is_none(),
    };
    cells
        .into_iter()
        .filter_map(|(cell, stretches)| {
            let newest = *stretches
                .iter()
                .filter(counts)
                .max_by_key(|stretch| stretch.began)?;
            Some((cell, (newest.deployment?, newest.began.0)))
        })
        .collect()
}

/// The unsettled deployments: the newest deployment of each cell by its latest transition (on equal
/// times the one recorded last), if it is pending, in progress or failed and newer than the cell's
/// current success or undeployment.
#[must_use]
pub fn unsettled(all: &[(Deployment, Vec<HistoryEntry>)]) -> Vec<Uuid> {
    let mut cells = HashMap::<_, ((Time, i64), &Deployment)>::new();
    for (deployment, history) in all {
        let Some(last) = history
            .iter()
            .rfind(|entry| entry.event == HistoryKind::Transition)
        else {
            continue;
        };
        let newest = ((last.occurred_at, last.sequence), deployment);
        let cell = cells
            .entry((deployment.component_id, deployment.environment_id))
            .or_insert(newest);
        if newest.0 > cell.0 {
            *cell = newest;
        }
    }
    // A success that counts is the latest transition of its deployment; only an undeployment is
    // newer than every transition.
    let removed = |cell: (Uuid, Uuid), than: (Time, i64)| {
        let in_cell = all.iter().filter(move |(deployment, _)| {
            (deployment.component_id, deployment.environment_id) == cell
        });
        let removals = in_cell
            .flat_map(|(_, history)| history)
            .filter(|entry| entry.event == HistoryKind::Undeployed);
        removals
            .into_iter()
            .any(|removal| (removal.occurred_at, removal.sequence) > than)
    };
    let unsettled = |status| {
        matches!(
            status,
            Status::Pending | Status::InProgress | Status::Failed
        )
    };
    let newest = cells.into_iter().filter(|(cell, (when, deployment))| {
        unsettled(deployment.status) && !removed(*cell, *when)
    });
    newest.map(|(_, (_, deployment))| deployment.id).collect()
}

async fn check_unsettled(tracker: &Tracker, all: &[(Deployment, Vec<HistoryEntry>)]) {
    let everything = MatrixFilter {
        include_archived: true,
        ..MatrixFilter::default()
    };
    let shown = tracker.unsettled(&everything).await.unwrap();
    let mut shown: Vec<_> = shown.iter().map(|deployment| deployment.id).collect();
    let mut folded = unsettled(all);
    shown.sort_unstable();
    folded.sort_unstable();
    assert_eq!(
        shown, folded,
        "the attempts against the fold of the history"
    );
}

/// How many times of the past are compared at most.
const MOMENTS: usize = 40;

/// Compares matrix, latest, lists and totals with the fold of the history, now and at times of the
/// past. Then runs the tracker's own verification.
///
/// # Panics
/// When a view differs from the fold, or the verification finds a difference.
pub async fn check(tracker: &Tracker) {
    let all = everything(tracker).await;
    for (deployment, history) in &all {
        check_history(deployment, history);
    }
    let mut moments: Vec<_> = all
        .iter()
        .flat_map(|(_, history)| history)
        .map(|entry| entry.occurred_at)
        .collect();
    moments.sort_unstable();
    moments.dedup();
    let step = moments.len().div_ceil(MOMENTS).max(1);
    for at in moments
        .iter()
        .step_by(step)
        .flat_map(|moment| [*moment, *moment - TimeDelta::microseconds(1)])
        .map(Some)
        .chain([None])
    {
        let current = current(&all, at);
        check_matrix(tracker, &current, at).await;
        check_latest(tracker, &all, &current, at).await;
    }
    check_lists(tracker, &all).await;
    check_unsettled(tracker, &all).await;
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    assert_eq!(found.deployments, all.len() as u64);
}

fn check_history(deployment: &Deployment, history: &[HistoryEntry]) {
    assert!(history.is_sorted_by(|a, b| a.sequence < b.sequence));
    assert_eq!(history[0].from, None);
    assert_eq!(history[0].to, Status::Pending);
    let mut attempt = 1;
    for pair in history.windows(2) {
        assert_eq!(pair[1].from, Some(pair[0].to));
        if pair[1].event == HistoryKind::Undeployed {
            assert_eq!((pair[1].to, pair[1].attempt), (pair[0].to, attempt));
            continue;
        }
        assert!(
            pair[0].to.transition_to(pair[1].to).is_ok(),
            "{:?} -> {:?}",
            pair[0].to,
            pair[1].to
        );
        attempt += i64::from(pair[1].to == Status::Pending);
        assert_eq!(pair[1].attempt, attempt);
    }
    let moves = || {
        history
            .iter()
            .filter(|entry| entry.event == HistoryKind::Transition)
    };
    let last = |wanted: Status| {
        moves()
            .rfind(|entry| entry.to == wanted)
            .map(|entry| entry.occurred_at)
    };
    assert_eq!(
        Some(deployment.status),
        history.last().map(|entry| entry.to)
    );
    assert_eq!(deployment.attempt, attempt);
    assert_eq!(deployment.succeeded_at, last(Status::Succeeded));
    assert_eq!(
        Some(deployment.occurred_at),
        moves().next_back().map(|entry| entry.occurred_at)
    );
}

/// The cells that a matrix shows.
#[must_use]
pub fn cells(matrix: &Matrix) -> Cells {
    let rows = matrix
        .iter()
        .flat_map(|row| row.environments.iter().map(move |cell| (row, cell)));
    rows.map(|(row, (environment, cell))| {
        (
            (row.component_name.to_string(), environment.to_string()),
            (cell.version.to_string(), cell.deployed_at),
        )
    })
    .collect()
}

async fn check_matrix(
    tracker: &Tracker,
    current: &HashMap<(Uuid, Uuid), (&Deployment, Time)>,
    at: Option<Time>,
) {
    let everything = MatrixFilter {
        include_archived: true,
        at,
        ..MatrixFilter::default()
    };
    let shown = cells(&tracker.matrix(&everything).await.unwrap());
    let folded: Cells = current
        .values()
        .map(|(deployment, since)| {
            let cell = (
                deployment.component_name.to_string(),
                deployment.environment_name.to_string(),
            );
            (cell, (deployment.version.to_string(), *since))
        })
        .collect();
    assert_eq!(
        shown, folded,
        "the matrix against the fold of the history at {at:?}"
    );
}

async fn check_latest(
    tracker: &Tracker,
    all: &[(Deployment, Vec<HistoryEntry>)],
    current: &HashMap<(Uuid, Uuid), (&Deployment, Time)>,
    at: Option<Time>,
) {
    let mut components: Vec<_> = all
        .iter()
        .map(|(deployment, _)| deployment.component_id)
        .collect();
    components.sort_unstable();
    components.dedup();
    for component in components {
        let latest = tracker.latest(component, at).await.unwrap();
        assert!(
            latest
                .iter()
                .all(|deployment| deployment.status == Status::Succeeded)
        );
        let mut shown: Vec<_> = latest
            .iter()
            .map(|deployment| (deployment.id, deployment.succeeded_at))
            .collect();
        let folded = current.iter().filter(|(cell, _)| cell.0 == component);
        let mut folded: Vec<_> = folded
            .map(|(_, (deployment, since))| (deployment.id, Some(*since)))
            .collect();
        shown.sort_unstable();
        folded.sort_unstable();
        assert_eq!(
            shown, folded,
            "latest against the fold of the history at {at:?}"
        );
    }
}

/// Checks the list with every combination of component, environment, status and order, each filter
/// also absent.
async fn check_lists(tracker: &Tracker, all: &[(Deployment, Vec<HistoryEntry>)]) {
    let with_none = |mut ids: Vec<Uuid>| {
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(Some).chain([None]).collect::<Vec<_>>()
    };
    let components = with_none(
        all.iter()
            .map(|(deployment, _)| deployment.component_id)
            .collect(),
    );
    let environments = with_none(
        all.iter()
            .map(|(deployment, _)| deployment.environment_id)
            .collect(),
    );
    for component_id in components {
        for environment_id in &environments {
            for status in Status::ALL.into_iter().map(Some).chain([None]) {
                for order in Order::ALL {
                    let environment_id = *environment_id;
                    let filter = DeploymentFilter {
                        component_id,
                        environment_id,
                        status,
                        order,
                        ..DeploymentFilter::default()
                    };
                    check_list(tracker, &filter, all).await;
                }
            }
        }
    }
}

async fn check_list(
    tracker: &Tracker,
    filter: &DeploymentFilter,
    all: &[(Deployment, Vec<HistoryEntry>)],
) {
    let fits = |deployment: &&Deployment| {
        filter
            .component_id
            .is_none_or(|id| id == deployment.component_id)
            && filter
                .environment_id
                .is_none_or(|id| id == deployment.environment_id)
            && filter
                .status
                .is_none_or(|status| status == deployment.status)
    };
    let mut expected: Vec<_> = all
        .iter()
        .map(|(deployment, _)| deployment)
        .filter(fits)
        .collect();
    expected.sort_by_key(|deployment| std::cmp::Reverse(ListKey::of(filter.order, deployment)));
    let page = tracker
        .list(filter, PageRequest::new(0, 100).unwrap())
        .await
        .unwrap();
    assert_eq!(page.total, expected.len() as u64, "the total of {filter:?}");
    let shown: Vec<_> = page.data.iter().map(|deployment| deployment.id).collect();
    let expected: Vec<_> = expected
        .iter()
        .take(100)
        .map(|deployment| deployment.id)
        .collect();
    assert_eq!(shown, expected, "the list of {filter:?}");
}
