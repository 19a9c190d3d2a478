//! Events: their numbers, their order and their content.

use std::time::Duration;

use deploytrack_core::{
    deployment::{Change, NewDeployment},
    event::{Event, EventType},
    status::Status,
    text::CommitSha,
    tracker::Events,
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;
use tokio::time::timeout;

use crate::given::{advance, by, new, succeeded};

/// Reads this many events.
async fn read(events: &mut Events, many: usize) -> Vec<Event> {
    let mut all = Vec::new();
    while all.len() < many {
        let page = timeout(Duration::from_secs(30), events.next())
            .await
            .unwrap()
            .unwrap();
        all.extend(page.iter().map(|event| (**event).clone()));
    }
    all
}

fn types(events: &[Event]) -> Vec<EventType> {
    events.iter().map(|event| event.r#type).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_change_is_an_event_in_its_order(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let mut events = tracker.events(None).await.unwrap();
    let deployment = succeeded(&tracker, "v1").await;
    advance(&tracker, &deployment, Status::RolledBack).await;
    let change = Change {
        description: Some(Some("why".parse().unwrap())),
        ..Change::default()
    };
    tracker.update(deployment.id, change, &by()).await.unwrap();
    tracker
        .reorder_environments(vec![deployment.environment_id], &by())
        .await
        .unwrap();
    let told = read(&mut events, 8).await;
    assert_eq!(
        types(&told),
        [
            EventType::ComponentCreated,
            EventType::EnvironmentCreated,
            EventType::DeploymentCreated,
            EventType::DeploymentTransitioned,
            EventType::DeploymentTransitioned,
            EventType::DeploymentTransitioned,
            EventType::DeploymentUpdated,
            EventType::EnvironmentsOrdered,
        ]
    );
    assert_eq!(
        told.iter().map(|event| event.id).collect::<Vec<_>>(),
        (1..=8).collect::<Vec<_>>()
    );
    let history = tracker.history(deployment.id).await.unwrap();
    assert_eq!(
        told.iter()
            .filter_map(|event| event.transition.clone())
            .collect::<Vec<_>>(),
        history
    );
    assert!(
        told[2..7]
            .iter()
            .all(|event| event.deployment.as_ref().unwrap().id == deployment.id)
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_have_no_gaps_and_readers_see_each_once_and_in_order(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    // Two trackers with separate stores, like two servers.
    let (tracker, other) = (database.tracker().await, database.tracker().await);
    let mut readers = vec![
        tracker.events(None).await.unwrap(),
        other.events(None).await.unwrap(),
    ];
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let tracker = if writer % 2 == 0 {
                tracker.clone()
            } else {
                other.clone()
            };
            tokio::spawn(async move {
                for round in 0..20 {
                    let deployment = tracker
                        .record(
                            new(
                                &format!("component-{writer}"),
                                "production",
                                &format!("v{round}"),
                            ),
                            &by(),
                        )
                        .await;
                    advance(&tracker, &deployment.unwrap().value, Status::Failed).await;
                    let refused = NewDeployment {
                        commit_sha: CommitSha::new("abcd").ok(),
                        status: Status::RolledBack,
                        ..new("x", "y", "z")
                    };
                    assert!(tracker.record(refused, &by()).await.is_err());
                }
            })
        })
        .collect();
    // 8 components, an environment, 160 deployments and 160 failures.
    for reader in &mut readers {
        let told = read(reader, 329).await;
        assert_eq!(
            told.iter().map(|event| event.id).collect::<Vec<_>>(),
            (1..=329).collect::<Vec<_>>()
        );
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut late = tracker.events(Some(0)).await.unwrap();
    assert_eq!(read(&mut late, 329).await.len(), 329);
    let mut middle = other.events(Some(300)).await.unwrap();
    assert_eq!(read(&mut middle, 29).await[0].id, 301);
    assert!(tracker.events(Some(330)).await.is_err());
    assert!(
        timeout(Duration::from_millis(300), late.next())
            .await
            .is_err(),
        "nothing more is told"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_refuse_update_and_delete(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    for sql in [
        "update events set number = 7 where number = 1",
        "delete from events",
    ] {
        assert!(database.execute(sql).await.is_err(), "{sql}");
    }
}
