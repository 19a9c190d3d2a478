use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    clock,
    deployment::{Metadata, NewDeployment},
};

fn minute(minutes: i64) -> Time {
    clock::parse("2026-06-01T12:00:00Z").unwrap() + chrono::TimeDelta::minutes(minutes)
}

fn deployment(id: u128, version: &str, status: Status, succeeded: Option<i64>) -> Deployment {
    let new = NewDeployment::named("api", "production", version).unwrap();
    Deployment {
        id: Uuid::from_u128(id),
        component_id: Uuid::from_u128(1),
        component_name: "api".parse().unwrap(),
        environment_id: Uuid::from_u128(2),
        environment_name: "production".parse().unwrap(),
        version: new.version,
        status,
        attempt: 1,
        deployed_by: "ci-bot".parse().unwrap(),
        commit_sha: None,
        description: None,
        metadata: Metadata::default(),
        created_at: minute(0),
        updated_at: minute(0),
        started_at: None,
        finished_at: None,
        succeeded_at: succeeded.map(minute),
        occurred_at: minute(succeeded.unwrap_or_default()),
        origin: None,
        removed_at: None,
    }
}

/// A cell: its successful deployments, one per minute.
struct Cell(Vec<Deployment>);

impl Cell {
    fn of(versions: &[&str]) -> Self {
        let mut cell = Self(Vec::new());
        for version in versions {
            cell.deploy(version);
        }
        cell
    }

    fn deploy(&mut self, version: &str) {
        let number = self.0.len() + 1;
        self.0.push(deployment(
            number as u128,
            version,
            Status::Succeeded,
            i64::try_from(number).ok(),
        ));
    }

    fn current(&self) -> &Deployment {
        self.0
            .iter()
            .filter(|one| one.status == Status::Succeeded)
            .max_by_key(|one| one.succeeded_at)
            .unwrap()
    }

    fn target(&self) -> Option<String> {
        target(&candidates(Some(self.current()), &self.0))
            .map(|one| one.deployment.version.to_string())
    }

    /// Rolls back as the command does. With `marked` false the replaced deployment is not
    /// `rolled_back` yet.
    fn roll_back(&mut self, marked: bool) -> Option<String> {
        let (version, from) = (self.target()?, self.current().id);
        self.deploy(&version);
        let map = json!({ OF: from }).as_object().unwrap().clone();
        self.0.last_mut().unwrap().metadata = Metadata::new(map).unwrap();
        if marked {
            self.0.iter_mut().find(|one| one.id == from).unwrap().status = Status::RolledBack;
        }
        Some(version)
    }
}

#[test]
fn repeated_rollbacks_visit_every_earlier_version_and_then_find_no_target() {
    for marked in [true, false] {
        let mut cell = Cell::of(&["v1", "v2", "v3", "v4"]);
        let walked: Vec<_> = std::iter::from_fn(|| cell.roll_back(marked)).collect();
        assert_eq!(walked, ["v3", "v2", "v1"], "marked: {marked}");
    }
}

#[test]
fn an_earlier_deployment_of_the_current_version_is_not_a_target() {
    assert_eq!(
        Cell::of(&["v1", "v2", "v2"]).target().as_deref(),
        Some("v1")
    );
    assert_eq!(Cell::of(&["v2", "v2"]).target(), None);
}

#[test]
fn a_version_that_was_deployed_again_rolls_back_to_the_other_version() {
    let mut cell = Cell::of(&["v1", "v2", "v1"]);
    assert_eq!(cell.roll_back(true).as_deref(), Some("v2"));
    assert_eq!(
        cell.roll_back(true),
        None,
        "v1 was rolled back, its first success too"
    );
}

#[test]
fn a_version_that_succeeded_again_after_its_rollback_is_a_target() {
    let mut cell = Cell::of(&["v1", "v2", "v3"]);
    cell.roll_back(true);
    cell.deploy("v3");
    cell.deploy("v4");
    assert_eq!(cell.roll_back(true).as_deref(), Some("v3"));
    assert_eq!(cell.roll_back(true).as_deref(), Some("v2"));
}

#[test]
fn a_version_that_never_succeeded_is_not_a_candidate() {
    let mut cell = Cell::of(&["v1", "v2", "v3"]);
    cell.0.push(deployment(9, "v2.5", Status::Failed, None));
    cell.0
        .push(deployment(10, "v2.6", Status::InProgress, None));
    assert_eq!(cell.target().as_deref(), Some("v2"));
    let candidates = candidates(Some(cell.current()), &cell.0);
    let judged: Vec<_> = candidates
        .iter()
        .map(|one| (one.deployment.version.as_str(), one.verdict))
        .collect();
    assert_eq!(
        judged,
        [
            ("v3", Verdict::Current),
            ("v2", Verdict::Target),
            ("v1", Verdict::Older)
        ]
    );
}

#[test]
fn a_failed_rollback_does_not_change_the_target() {
    let mut cell = Cell::of(&["v1", "v2"]);
    let from = cell.current().id;
    let map = json!({ OF: from }).as_object().unwrap().clone();
    cell.0.push(Deployment {
        metadata: Metadata::new(map).unwrap(),
        ..deployment(9, "v1", Status::Failed, None)
    });
    assert_eq!(cell.target().as_deref(), Some("v1"));
}

#[test]
fn a_rolled_back_deployment_whose_retry_failed_is_not_a_target() {
    let mut cell = Cell::of(&["v1", "v2", "v3"]);
    // Rolled back, retried, and failed: its earlier success no longer counts.
    cell.0[1].status = Status::Failed;
    assert_eq!(cell.target().as_deref(), Some("v1"));
}

#[test]
fn on_equal_times_the_deployment_recorded_earlier_is_the_target() {
    let mut cell = Cell::of(&["v1", "v2"]);
    cell.0[1].succeeded_at = cell.0[0].succeeded_at;
    let current = cell.0[1].clone();
    let candidates = candidates(Some(&current), &cell.0);
    assert_eq!(
        target(&candidates).map(|one| one.deployment.version.as_str()),
        Some("v1")
    );
}

#[test]
fn a_success_after_the_current_deployment_is_not_a_target() {
    let cell = Cell::of(&["v1", "v2", "v3"]);
    // v2 was current when the rollback read the cell; v3 has succeeded since.
    let candidates = candidates(Some(&cell.0[1]), &cell.0);
    let judged: Vec<_> = candidates
        .iter()
        .map(|one| (one.deployment.version.as_str(), one.verdict))
        .collect();
    assert_eq!(
        judged,
        [
            ("v3", Verdict::Newer),
            ("v2", Verdict::Current),
            ("v1", Verdict::Target)
        ]
    );
}

#[test]
fn a_requested_version_is_found_even_if_it_was_rolled_back() {
    let mut cell = Cell::of(&["v1", "v2", "v1"]);
    cell.0[2].status = Status::RolledBack;
    let version = |version: &str| success_of(&version.parse().unwrap(), &cell.0).map(|one| one.id);
    assert_eq!((version("v1"), version("v9")), (Some(cell.0[2].id), None));
}

proptest! {
    #[test]
    fn repeated_rollbacks_visit_every_version_exactly_once(versions in prop::collection::vec(0..5_u8, 1..12), marked: bool) {
        let names: Vec<_> = versions.iter().map(|number| format!("v{number}")).collect();
        let mut cell = Cell::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let first = cell.current().version.to_string();
        let walked: Vec<_> = std::iter::from_fn(|| cell.roll_back(marked)).collect();
        let all: HashSet<_> = walked.iter().chain([&first]).collect();
        prop_assert_eq!(all.len(), walked.len() + 1, "{:?}", walked);
        let every: HashSet<_> = names.iter().collect();
        prop_assert_eq!(all, every, "it visits every version");
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(versions in prop::collection::vec(0..4_u8, 1..10), seed: u64) {
        let names: Vec<_> = versions.iter().map(|number| format!("v{number}")).collect();
        let mut cell = Cell::of(&names.iter().map(String::as_str).collect::<Vec<_>>());
        cell.roll_back(true);
        let expected = cell.target();
        let middle = usize::try_from(seed).unwrap_or_default() % cell.0.len();
        cell.0.rotate_left(middle);
        prop_assert_eq!(cell.target(), expected);
    }
}
