//! Writes on SQLite: what a use case cannot forget.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::{
    catalog::{Component, Environment},
    deployment::{Deployment, Metadata},
    history::NewEntry,
    status::Status,
    store::Store,
};

/// An empty database with a component and an environment, and a deployment of the one to the other
/// that is not recorded yet.
async fn given() -> (Store, DeploymentRecord) {
    let store = Store::open("sqlite::memory:").await.unwrap();
    let name = || "x".parse().unwrap();
    let component = Component::registered(Uuid::now_v7(), name(), Time::default());
    let environment = Environment::registered(Uuid::now_v7(), name(), Time::default());
    let mut write = store.write().await.unwrap();
    write.add_component(&component).await.unwrap();
    let position = write.position_by_type(environment.r#type).await.unwrap();
    write.add_environment(&environment, position).await.unwrap();
    write.commit().await.unwrap();
    let deployment = Deployment {
        id: Uuid::now_v7(),
        component_id: component.id,
        component_name: name(),
        environment_id: environment.id,
        environment_name: name(),
        version: "1".parse().unwrap(),
        status: Status::Pending,
        attempt: 1,
        deployed_by: "ci".parse().unwrap(),
        commit_sha: None,
        description: None,
        metadata: Metadata::default(),
        created_at: Time::default(),
        updated_at: Time::default(),
        started_at: None,
        finished_at: None,
        succeeded_at: None,
        occurred_at: Time::default(),
        origin: None,
        removed_at: None,
    };
    (store, DeploymentRecord::new(deployment))
}

fn entry(to: Status) -> NewEntry {
    NewEntry {
        to: Some(to),
        occurred_at: Time::default(),
        claimed_at: None,
        origin: None,
        recorded_at: Time::default(),
        recorded_by: "ci".parse().unwrap(),
        reason: None,
    }
}

async fn locked<'w>(write: &'w mut Write, record: &DeploymentRecord) -> LockedCells<'w> {
    let cell = CellKey::of(&record.deployment);
    write.lock(&[], [(cell, Time::default())]).await.unwrap()
}

fn sequences(history: &[crate::history::HistoryEntry]) -> Vec<i64> {
    history.iter().map(|entry| entry.sequence).collect()
}

#[tokio::test]
async fn rows_beyond_the_reserved_numbers_get_the_next_numbers() {
    let (store, mut record) = given().await;
    let id = record.deployment.id;
    let mut write = store.write().await.unwrap();
    let mut cells = locked(&mut write, &record).await;
    cells.reserve(1).await.unwrap();
    for to in [Status::Pending, Status::InProgress, Status::Succeeded] {
        cells.add_entry(&mut record, entry(to)).await.unwrap();
    }
    // Reads the history, which writes the draft.
    assert_eq!(sequences(&cells.history(id).await.unwrap()), [1, 2, 3]);
    let mut record = cells.deployment(id).await.unwrap();
    cells
        .add_entry(&mut record, entry(Status::RolledBack))
        .await
        .unwrap();
    write.commit().await.unwrap();
    assert_eq!(sequences(&store.history(id).await.unwrap()), [1, 2, 3, 4]);
    assert_eq!(store.last_event().await.unwrap(), 4);
}

#[tokio::test]
async fn a_read_sees_the_draft() {
    let (store, mut record) = given().await;
    let (id, cell) = (record.deployment.id, CellKey::of(&record.deployment));
    let mut write = store.write().await.unwrap();
    let mut cells = locked(&mut write, &record).await;
    for to in [Status::Pending, Status::InProgress, Status::Succeeded] {
        cells.add_entry(&mut record, entry(to)).await.unwrap();
    }
    assert_eq!(cells.deployments_in(cell).await.unwrap(), [id]);
    let current = cells.current(cell, None).await.unwrap();
    assert_eq!(current, Some((id, Time::default())));
}

#[tokio::test]
async fn only_an_id_that_was_locked_can_be_unknown() {
    let (store, record) = given().await;
    let (asked, other) = (Uuid::now_v7(), Uuid::now_v7());
    let mut write = store.write().await.unwrap();
    let cells = write.lock(&[(asked, Time::default())], []).await.unwrap();
    assert!(matches!(
        cells.locked_deployment(asked),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        cells.locked_deployment(other),
        Err(Error::Internal(_))
    ));
    assert!(matches!(
        cells.newest_time(CellKey::of(&record.deployment)),
        Err(Error::Internal(_))
    ));
}

#[tokio::test]
async fn a_history_is_not_continued_in_a_cell_that_is_not_locked() {
    let (store, mut record) = given().await;
    let mut write = store.write().await.unwrap();
    let mut cells = write.lock(&[], []).await.unwrap();
    let refused = cells.add_entry(&mut record, entry(Status::Pending)).await;
    assert!(matches!(refused, Err(Error::Internal(_))));
    write.commit().await.unwrap();
    assert_eq!(store.last_event().await.unwrap(), 0);
}

#[tokio::test]
async fn a_success_that_is_rolled_back_in_the_same_write_has_one_ended_period() {
    let (store, mut record) = given().await;
    let cell = CellKey::of(&record.deployment);
    let mut write = store.write().await.unwrap();
    let mut cells = locked(&mut write, &record).await;
    for &to in Status::RolledBack.whole_path() {
        cells.add_entry(&mut record, entry(to)).await.unwrap();
    }
    assert_eq!(cells.current(cell, None).await.unwrap(), None);
    assert_eq!(
        cells.last_deployment_of(cell).await.unwrap(),
        Some(record.deployment.id)
    );
}
