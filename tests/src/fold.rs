//! What the history says is current, worked out a second time and in the plainest way.

use std::collections::{BTreeMap, HashMap};

use deploytrack_core::{
    clock::Time,
    deployment::{Deployment, HistoryEntry},
    query::{DeploymentFilter, MatrixFilter, PageRequest},
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
        let page = tracker.list(&DeploymentFilter::default(), page).await.unwrap();
        if page.data.is_empty() {
            assert_eq!(page.total, all.len() as u64, "the total counts what the pages show");
            return all;
        }
        for deployment in page.data {
            let history = tracker.history(deployment.id).await.unwrap();
            all.push((deployment, history));
        }
    }
}

/// The current deployment of every cell: the newest success that still stands, by the time it happened, ties by the
/// order of recording.
#[must_use]
pub fn current(all: &[(Deployment, Vec<HistoryEntry>)]) -> HashMap<(Uuid, Uuid), &Deployment> {
    let mut newest = HashMap::new();
    for (deployment, history) in all {
        if history.last().is_none_or(|entry| entry.to != Status::Succeeded) {
            continue;
        }
        let success = history.last().map(|entry| (entry.occurred_at, entry.sequence)).unwrap_or_default();
        let cell = newest.entry((deployment.component_id, deployment.environment_id)).or_insert((success, deployment));
        if success >= cell.0 {
            *cell = (success, deployment);
        }
    }
    newest.into_iter().map(|(cell, (_, deployment))| (cell, deployment)).collect()
}

/// Compares matrix, latest, list and totals with the fold of the history.
///
/// # Panics
/// When they differ.
pub async fn check(tracker: &Tracker) {
    let all = everything(tracker).await;
    for (deployment, history) in &all {
        check_history(deployment, history);
    }
    let current = current(&all);
    check_matrix(tracker, &current).await;
    check_latest(tracker, &all, &current).await;
    check_lists(tracker, &all).await;
}

fn check_history(deployment: &Deployment, history: &[HistoryEntry]) {
    assert!(history.is_sorted_by(|a, b| a.sequence < b.sequence));
    assert_eq!(history[0].from, None);
    assert_eq!(history[0].to, Status::Pending);
    let mut attempt = 1;
    for pair in history.windows(2) {
        assert_eq!(pair[1].from, Some(pair[0].to));
        assert!(pair[0].to.advance(pair[1].to).is_ok(), "{:?} -> {:?}", pair[0].to, pair[1].to);
        attempt += i64::from(pair[1].to == Status::Pending);
        assert_eq!(pair[1].attempt, attempt);
    }
    let last = |wanted: Status| history.iter().rfind(|entry| entry.to == wanted).map(|entry| entry.occurred_at);
    assert_eq!(Some(deployment.status), history.last().map(|entry| entry.to));
    assert_eq!(deployment.attempt, attempt);
    assert_eq!(deployment.succeeded_at, last(Status::Succeeded));
}

async fn check_matrix(tracker: &Tracker, current: &HashMap<(Uuid, Uuid), &Deployment>) {
    let everything = MatrixFilter { include_archived: true, ..MatrixFilter::default() };
    let shown: Cells = tracker
        .matrix(&everything)
        .await
        .unwrap()
        .iter()
        .flat_map(|row| {
            let component = row.component_name.to_string();
            row.environments.iter().map(move |(environment, cell)| {
                ((component.clone(), environment.to_string()), (cell.version.to_string(), cell.deployed_at))
            })
        })
        .collect();
    let folded: Cells = current
        .values()
        .map(|deployment| {
            let cell = (deployment.component_name.to_string(), deployment.environment_name.to_string());
            (cell, (deployment.version.to_string(), deployment.succeeded_at.unwrap()))
        })
        .collect();
    assert_eq!(shown, folded, "the matrix against the fold of the history");
}

async fn check_latest(tracker: &Tracker, all: &[(Deployment, Vec<HistoryEntry>)], current: &HashMap<(Uuid, Uuid), &Deployment>) {
    let mut components: Vec<_> = all.iter().map(|(deployment, _)| deployment.component_id).collect();
    components.sort_unstable();
    components.dedup();
    for component in components {
        let mut shown: Vec<_> = tracker.latest(component).await.unwrap().iter().map(|deployment| deployment.id).collect();
        let mut folded: Vec<_> = current.iter().filter(|(cell, _)| cell.0 == component).map(|(_, deployment)| deployment.id).collect();
        shown.sort_unstable();
        folded.sort_unstable();
        assert_eq!(shown, folded, "latest against the fold of the history");
    }
}

/// Every combination of component, environment and status, each of them also left out.
async fn check_lists(tracker: &Tracker, all: &[(Deployment, Vec<HistoryEntry>)]) {
    let with_none = |mut ids: Vec<Uuid>| {
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(Some).chain([None]).collect::<Vec<_>>()
    };
    let components = with_none(all.iter().map(|(deployment, _)| deployment.component_id).collect());
    let environments = with_none(all.iter().map(|(deployment, _)| deployment.environment_id).collect());
    for component_id in components {
        for environment_id in &environments {
            for status in Status::ALL.into_iter().map(Some).chain([None]) {
                let filter = DeploymentFilter { component_id, environment_id: *environment_id, status, ..DeploymentFilter::default() };
                check_list(tracker, &filter, all).await;
            }
        }
    }
}

async fn check_list(tracker: &Tracker, filter: &DeploymentFilter, all: &[(Deployment, Vec<HistoryEntry>)]) {
    let fits = |deployment: &&Deployment| {
        filter.component_id.is_none_or(|id| id == deployment.component_id)
            && filter.environment_id.is_none_or(|id| id == deployment.environment_id)
            && filter.status.is_none_or(|status| status == deployment.status)
    };
    let mut expected: Vec<_> = all.iter().map(|(deployment, _)| deployment).filter(fits).collect();
    expected.sort_by_key(|deployment| std::cmp::Reverse((deployment.created_at, deployment.id)));
    let page = tracker.list(filter, PageRequest::new(0, 100).unwrap()).await.unwrap();
    assert_eq!(page.total, expected.len() as u64, "the total of {filter:?}");
    let shown: Vec<_> = page.data.iter().map(|deployment| deployment.id).collect();
    let expected: Vec<_> = expected.iter().take(100).map(|deployment| deployment.id).collect();
    assert_eq!(shown, expected, "the list of {filter:?}");
}
