//! Many at once.

use deploytrack_core::error::Error;
use deploytrack_tests::{fold, on_both};

use crate::*;

/// Rounds of each race; a release runs more of them.
const ROUNDS: usize = 10;

on_both! {
    async fn of_sixteen_contenders_exactly_one_wins(database) {
        let tracker = database.tracker().await;
        for _ in 0..ROUNDS {
            let new = NewDeployment { status: Status::InProgress, ..new("api", "production", "v1") };
            let deployment = tracker.record(new, &by()).await.unwrap().value;
            let id = deployment.id;
            let contenders: Vec<_> = (0..16)
                .map(|index| {
                    let (tracker, status) = (tracker.clone(), if index % 2 == 0 { Status::Succeeded } else { Status::Failed });
                    tokio::spawn(async move { tracker.update(id, Change::to(status), &by()).await })
                })
                .collect();
            let mut winners = Vec::new();
            let mut lost_to = Vec::new();
            for contender in contenders {
                match contender.await.unwrap() {
                    Ok(won) => winners.push(won.status),
                    Err(Error::Transition(refusal)) => lost_to.push(refusal.from),
                    Err(other) => panic!("{other}"),
                }
            }
            assert_eq!(winners.len(), 1);
            assert_eq!(lost_to, vec![winners[0]; 15], "the losers are told the status they lost to");
            assert_eq!(tracker.history(deployment.id).await.unwrap().len(), 3);
        }
        fold::check(&tracker).await;
    }

    async fn concurrent_successes_and_rollbacks_in_one_cell_leave_the_fold(database) {
        let tracker = database.tracker().await;
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let tracker = tracker.clone();
                tokio::spawn(async move {
                    for round in 0..ROUNDS {
                        let deployment = succeeded(&tracker, &format!("v{task}.{round}")).await;
                        if (task + round) % 3 != 0 {
                            advance(&tracker, &deployment, Status::RolledBack).await;
                        }
                        if (task + round) % 3 == 1 {
                            for status in [Status::Pending, Status::InProgress, Status::Succeeded] {
                                advance(&tracker, &deployment, status).await;
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        fold::check(&tracker).await;
    }

    async fn one_new_name_used_by_many_at_once_is_registered_once(database) {
        let tracker = database.tracker().await;
        let tasks: Vec<_> = (0..16)
            .map(|index| {
                let tracker = tracker.clone();
                tokio::spawn(async move { tracker.record(new("api", "production", &format!("v{index}")), &by()).await.unwrap() })
            })
            .collect();
        let mut ids = Vec::new();
        for task in tasks {
            let deployment = task.await.unwrap();
            ids.push((deployment.component_id, deployment.environment_id));
        }
        ids.dedup();
        assert_eq!(ids.len(), 1);
    }
}
