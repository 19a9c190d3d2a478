//! Many different writes in one group.

use std::collections::BTreeSet;

use deploytrack_core::{
    catalog::Reference,
    deployment::{Deployment, NewDeployment},
    error::Error,
    status::Status,
    text::Name,
    tracker::Tracker,
};
use deploytrack_tests::database::{
    Database,
    DatabaseKind::{self, Postgres, Sqlite},
};
use rstest::rstest;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{
    Reply, block_writers, history, name, names, record, registered_tracker, statuses, terms,
    terms_with_key, total, transition,
};
use crate::given::{by, new};

/// A kind of write among many, with the result that it must have.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Record,
    UnderKey,
    NewName,
    Move,
    IllegalMove,
    UnknownId,
    UnknownComponent,
    NewComponentUnknownEnvironment,
    NearMiss,
    SameAgain,
    OtherUnderKey,
}

const KINDS: [Kind; 11] = [
    Kind::Record,
    Kind::UnderKey,
    Kind::NewName,
    Kind::Move,
    Kind::IllegalMove,
    Kind::UnknownId,
    Kind::UnknownComponent,
    Kind::NewComponentUnknownEnvironment,
    Kind::NearMiss,
    Kind::SameAgain,
    Kind::OtherUnderKey,
];

/// Starts one of many writes. `pending` is a deployment that only this write changes.
async fn send(
    tracker: &Tracker,
    kind: Kind,
    number: usize,
    pending: &Deployment,
) -> JoinHandle<Reply> {
    let (version, key, nowhere) = (
        format!("n{number}"),
        format!("used-{number}"),
        Reference::Id(Uuid::now_v7()),
    );
    let known = new("api", "production", &version);
    match kind {
        Kind::Record => {
            record(
                tracker,
                NewDeployment {
                    status: Status::Succeeded,
                    ..known
                },
                terms(),
            )
            .await
        }
        Kind::UnderKey => {
            record(
                tracker,
                known,
                terms_with_key(&format!("fresh-{number}"), "record"),
            )
            .await
        }
        Kind::NewName => {
            record(
                tracker,
                new(&name(number), "production", &version),
                terms_with_key(&format!("fresh-{number}"), "record"),
            )
            .await
        }
        Kind::Move => transition(tracker, pending.id, Status::InProgress, terms()).await,
        Kind::IllegalMove => {
            transition(
                tracker,
                pending.id,
                Status::Succeeded,
                terms_with_key(&format!("fresh-{number}"), "move"),
            )
            .await
        }
        Kind::UnknownId => transition(tracker, Uuid::now_v7(), Status::Failed, terms()).await,
        Kind::UnknownComponent => {
            record(
                tracker,
                NewDeployment {
                    component: nowhere,
                    environment: Name::new(name(number)).unwrap().into(),
                    ..known
                },
                terms(),
            )
            .await
        }
        Kind::NewComponentUnknownEnvironment => {
            record(
                tracker,
                NewDeployment {
                    environment: nowhere,
                    ..new(&name(number), "production", &version)
                },
                terms(),
            )
            .await
        }
        Kind::NearMiss => {
            record(
                tracker,
                new(&name(number), "prodution", &version),
                terms_with_key(&format!("fresh-{number}"), "record"),
            )
            .await
        }
        Kind::SameAgain => {
            record(
                tracker,
                new("api", "production", &format!("before-{number}")),
                terms_with_key(&key, "the first"),
            )
            .await
        }
        Kind::OtherUnderKey => record(tracker, known, terms_with_key(&key, "another")).await,
    }
}

fn json(deployment: &Deployment) -> serde_json::Value {
    serde_json::to_value(deployment).unwrap()
}

/// Checks the reply to one of many writes.
fn check_reply(kind: Kind, reply: &Reply, pending: &Deployment, used: &Deployment) {
    let right = match (kind, reply) {
        (Kind::Record, Ok(made)) => made.status == Status::Succeeded && !made.replayed,
        (Kind::UnderKey | Kind::NewName, Ok(made)) => {
            made.status == Status::Pending && !made.replayed
        }
        (Kind::Move, Ok(made)) => (made.id, made.status) == (pending.id, Status::InProgress),
        (Kind::IllegalMove, Err(Error::Transition(illegal))) => {
            (illegal.from, illegal.to) == (Status::Pending, Status::Succeeded)
        }
        (
            Kind::UnknownId,
            Err(Error::NotFound {
                what: "deployment", ..
            }),
        )
        | (
            Kind::UnknownComponent,
            Err(Error::NotFound {
                what: "component", ..
            }),
        )
        | (
            Kind::NewComponentUnknownEnvironment,
            Err(Error::NotFound {
                what: "environment",
                ..
            }),
        ) => true,
        (Kind::NearMiss, Err(Error::NearMiss { did_you_mean, .. })) => {
            did_you_mean[0].as_str() == "production"
        }
        // A stored answer has times in milliseconds, as it was sent.
        (Kind::SameAgain, Ok(made)) => made.replayed && json(&made.value) == json(used),
        (Kind::OtherUnderKey, Err(Error::KeyReused { recorded })) => *recorded == Some(used.id),
        _ => false,
    };
    assert!(right, "{kind:?}: {reply:?}");
}

/// Makes the database refuse every deployment of the version `bad`.
async fn refuse_bad_versions(database: &Database) {
    let sql = if database.is_sqlite() {
        "create trigger refuse before insert on deployments when new.version = 'bad' begin select raise(abort, 'refused'); end"
    } else {
        "create function refuse() returns trigger language plpgsql as
             $$ begin if new.version = 'bad' then raise exception 'refused'; end if; return new; end $$;
         create trigger refuse before insert on deployments for each row execute function refuse()"
    };
    database.execute(sql).await.unwrap();
}

async fn refuse_nothing(database: &Database) {
    database
        .execute(if database.is_sqlite() {
            "drop trigger refuse"
        } else {
            "drop trigger refuse on deployments"
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_of_many_concurrent_writes_gets_its_own_reply_and_a_refusal_leaves_no_trace(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = registered_tracker(&database).await;
    let (mut pending, mut used) = (Vec::new(), Vec::new());
    for number in 0..220 {
        pending.push(
            tracker
                .record(new("api", "production", "own"), &by())
                .await
                .unwrap()
                .value,
        );
        let before = new("api", "production", &format!("before-{number}"));
        used.push(
            tracker
                .record(
                    before,
                    terms_with_key(&format!("used-{number}"), "the first"),
                )
                .await
                .unwrap()
                .value,
        );
    }
    let total_before = total(&tracker).await;
    let hold = database.block_writes().await;
    let first = block_writers(&tracker, &database).await;
    let mut replies = Vec::new();
    for number in 0..220 {
        replies.push(
            send(
                &tracker,
                KINDS[number % KINDS.len()],
                number,
                &pending[number],
            )
            .await,
        );
    }
    hold.release().await;
    let engaged = first.len() as u64;
    for first in first {
        first.await.unwrap().unwrap();
    }
    for (number, reply) in replies.into_iter().enumerate() {
        check_reply(
            KINDS[number % KINDS.len()],
            &reply.await.unwrap(),
            &pending[number],
            &used[number],
        );
    }

    assert_eq!(total(&tracker).await, total_before + engaged + 3 * 20);
    let new_names = (0..220)
        .filter(|number| matches!(KINDS[number % KINDS.len()], Kind::NewName))
        .map(name);
    let expected = new_names.chain(["api".to_owned()]).collect();
    assert_eq!(
        names(&tracker).await,
        (expected, BTreeSet::from(["production".to_owned()]))
    );
    for number in (0..220).filter(|number| matches!(KINDS[number % KINDS.len()], Kind::IllegalMove))
    {
        assert_eq!(
            statuses(&history(&tracker, pending[number].id).await),
            [Status::Pending]
        );
    }
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    // Answers are stored under their keys; refusals are not.
    for (number, kind) in (0..220).map(|number| (number, KINDS[number % KINDS.len()])) {
        let again = tracker
            .record(
                new("api", "production", "again"),
                terms_with_key(&format!("fresh-{number}"), "another"),
            )
            .await;
        let kept = matches!(kind, Kind::UnderKey | Kind::NewName);
        assert_eq!(
            matches!(again, Err(Error::KeyReused { .. })),
            kept,
            "{kind:?}: {again:?}"
        );
        assert_eq!(again.is_ok(), !kept, "{kind:?}: {again:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_the_database_refuses_fails_alone(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = registered_tracker(&database).await;
    refuse_bad_versions(&database).await;
    let hold = database.block_writes().await;
    let first = block_writers(&tracker, &database).await;
    let mut replies = Vec::new();
    for number in 0..60 {
        let version = if number == 30 {
            "bad".to_owned()
        } else {
            format!("n{number}")
        };
        let new = NewDeployment {
            status: Status::Succeeded,
            ..new("api", "production", &version)
        };
        replies.push(
            record(
                &tracker,
                new,
                terms_with_key(&format!("key-{number}"), "record"),
            )
            .await,
        );
    }
    hold.release().await;
    for (number, reply) in replies.into_iter().enumerate() {
        let reply = reply.await.unwrap();
        assert_eq!(
            matches!(reply, Err(Error::Internal(_))),
            number == 30,
            "{number}: {reply:?}"
        );
        assert_eq!(reply.is_ok(), number != 30, "{number}: {reply:?}");
    }
    assert_eq!(total(&tracker).await, 60 + first.len() as u64);
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    for number in [29, 31] {
        let again = tracker
            .record(
                new("api", "production", "again"),
                terms_with_key(&format!("key-{number}"), "record"),
            )
            .await
            .unwrap();
        assert!(again.replayed && again.version.as_str() == format!("n{number}"));
    }
    let bad = async || {
        tracker
            .record(
                new("api", "production", "bad"),
                terms_with_key("key-30", "record"),
            )
            .await
    };
    assert!(
        matches!(bad().await, Err(Error::Internal(_))),
        "alone it fails too"
    );
    refuse_nothing(&database).await;
    assert!(
        !bad().await.unwrap().replayed,
        "its key is free, and nothing is kept under it"
    );
}
