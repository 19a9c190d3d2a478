//! Transitions of one deployment in one group.

use std::collections::BTreeMap;

use deploytrack_core::{error::Error, status::Status};
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    fold,
};
use rstest::rstest;

use super::{block_writers, history, registered_tracker, statuses, terms, transition};
use crate::given::{by, new};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_rival_transitions_in_one_group_one_is_made(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = registered_tracker(&database).await;
    let mut deployments = Vec::new();
    for number in 0..20 {
        deployments.push(
            tracker
                .record(new("api", "production", &format!("v{number}")), &by())
                .await
                .unwrap()
                .value,
        );
    }
    let hold = database.block_writes().await;
    let first = block_writers(&tracker, &database).await;
    let mut moves = Vec::new();
    for deployment in &deployments {
        let ours = transition(&tracker, deployment.id, Status::Failed, terms()).await;
        moves.push((
            deployment.id,
            ours,
            transition(&tracker, deployment.id, Status::InProgress, terms()).await,
        ));
    }
    hold.release().await;
    drop(first);
    for (id, one, other) in moves {
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        let path = match (&one, &other) {
            (Ok(_), Err(Error::Transition(illegal))) => {
                assert_eq!(
                    (illegal.from, illegal.to),
                    (Status::Failed, Status::InProgress),
                    "the status it lost to"
                );
                vec![Status::Pending, Status::Failed]
            }
            // With two writers, the other order is possible, and is a legal chain.
            (Ok(_), Ok(_)) => vec![Status::Pending, Status::InProgress, Status::Failed],
            other => panic!("{other:?}"),
        };
        assert_eq!(statuses(&history(&tracker, id).await), path);
    }
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn consecutive_transitions_in_one_group_are_a_chain(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = registered_tracker(&database).await;
    let mut deployments = Vec::new();
    for number in 0..10 {
        deployments.push(
            tracker
                .record(new("api", "production", &format!("v{number}")), &by())
                .await
                .unwrap()
                .value,
        );
    }
    let hold = database.block_writes().await;
    let first = block_writers(&tracker, &database).await;
    let mut moves = Vec::new();
    for deployment in &deployments {
        for status in [
            Status::InProgress,
            Status::Succeeded,
            Status::RolledBack,
            Status::Pending,
            Status::Failed,
        ] {
            moves.push((
                deployment.id,
                status,
                transition(&tracker, deployment.id, status, terms()).await,
            ));
        }
    }
    hold.release().await;
    drop(first);
    let mut made = BTreeMap::<_, Vec<_>>::new();
    for (id, status, reply) in moves {
        match reply.await.unwrap() {
            Ok(_) => made.entry(id).or_default().push(status),
            Err(Error::Transition(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    for (id, made) in made {
        let moved = statuses(&history(&tracker, id).await).split_off(1);
        if database.is_sqlite() {
            assert_eq!(
                (moved.len(), &moved),
                (5, &made),
                "the one writer keeps to the order in which they came"
            );
        }
        // With two writers, the order may differ.
        let in_order = |mut statuses: Vec<Status>| {
            statuses.sort_unstable_by_key(Status::to_string);
            statuses
        };
        assert_eq!(
            in_order(moved),
            in_order(made),
            "those that were acknowledged, each once"
        );
    }
    fold::check(&tracker).await;
}
