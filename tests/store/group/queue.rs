//! The bounds of the queue, and requests whose callers are gone.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use deploytrack_core::{
    deployment::Change,
    error::Error,
    status::Status,
    tracker::{MAX_GROUP, MAX_QUEUED},
};
use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    fold,
};
use rstest::rstest;
use tokio::time::sleep;

use super::{
    Reply, block_writers, name, names, record, registered_tracker, terms_with_key, total,
    transition,
};
use crate::given::{by, new};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_over_the_limit_of_the_queue_are_refused_at_once(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = registered_tracker(&database).await;
    let hold = database.block_writes().await;
    let first = block_writers(&tracker, &database).await;
    let before = 1 + first.len() as u64;
    let (since, surplus) = (Instant::now(), 600);
    let mut replies = Vec::new();
    for number in 0..MAX_QUEUED + surplus {
        replies.push(
            record(
                &tracker,
                new("api", "production", "v1"),
                terms_with_key(&format!("key-{number}"), "record"),
            )
            .await,
        );
    }
    assert!(
        since.elapsed() < Duration::from_secs(8),
        "the machine is too slow for this test"
    );
    sleep(Duration::from_millis(50)).await;
    let refused: Vec<_> = replies
        .iter()
        .enumerate()
        .filter(|(_, reply)| reply.is_finished())
        .map(|(number, _)| number)
        .collect();
    // A writer that had not started with the first write may take some of these into its group.
    assert!(
        (surplus - MAX_GROUP..=surplus).contains(&refused.len()),
        "{} were refused",
        refused.len()
    );
    let in_flight = tracker
        .record(
            new("api", "production", "v1"),
            terms_with_key("key-0", "record"),
        )
        .await;
    assert!(matches!(in_flight, Err(Error::InFlight)), "{in_flight:?}");
    let busy = tracker
        .record(
            new("api", "production", "v1"),
            terms_with_key(&format!("key-{}", refused[0]), "record"),
        )
        .await;
    assert!(
        matches!(busy, Err(Error::Busy)),
        "its key is free: {busy:?}"
    );
    hold.release().await;
    for (number, reply) in replies.into_iter().enumerate() {
        match reply.await.unwrap() {
            Ok(made) => assert!(!made.replayed && !refused.contains(&number)),
            Err(Error::Busy) => assert!(refused.contains(&number), "{number}"),
            Err(error) => panic!("{number}: {error:?}"),
        }
    }
    for first in first {
        first.await.unwrap().unwrap();
    }
    assert_eq!(
        total(&tracker).await,
        before + (MAX_QUEUED + surplus - refused.len()) as u64
    );
    for number in [refused[0], refused[refused.len() - 1]] {
        assert!(
            !tracker
                .record(
                    new("api", "production", "v1"),
                    terms_with_key(&format!("key-{number}"), "record")
                )
                .await
                .unwrap()
                .replayed
        );
    }
    assert!(
        tracker
            .record(
                new("api", "production", "v1"),
                terms_with_key("key-0", "record")
            )
            .await
            .unwrap()
            .replayed
    );
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_is_carried_out_after_its_caller_has_disconnected(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = registered_tracker(&database).await;
    let deployment = tracker
        .record(new("api", "production", "v1"), &by())
        .await
        .unwrap();
    let hold = database.block_writes().await;
    let first = block_writers(&tracker, &database).await;
    let gone = record(
        &tracker,
        new("api", "production", "gone"),
        terms_with_key("gone", "record"),
    )
    .await;
    let refused = transition(
        &tracker,
        deployment.id,
        Status::RolledBack,
        terms_with_key("refused", "move"),
    )
    .await;
    let named = record(
        &tracker,
        new("web", "staging", "gone"),
        terms_with_key("named", "record"),
    )
    .await;
    for caller in [gone, refused, named].into_iter().chain(first) {
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
    }
    let again = tracker
        .record(
            new("api", "production", "gone"),
            terms_with_key("gone", "record"),
        )
        .await;
    assert!(
        matches!(again, Err(Error::InFlight)),
        "it is still waiting: {again:?}"
    );
    hold.release().await;
    for (key, new) in [
        ("gone", new("api", "production", "gone")),
        ("named", new("web", "staging", "gone")),
    ] {
        let replayed = until_free(async || {
            tracker
                .record(new.clone(), terms_with_key(key, "record"))
                .await
        })
        .await
        .unwrap();
        assert!(replayed.replayed, "{key} was written though nobody waited");
    }
    let moved = until_free(async || {
        tracker
            .update(
                deployment.id,
                Change::to(Status::Failed),
                terms_with_key("refused", "another"),
            )
            .await
    })
    .await;
    assert!(
        !moved.unwrap().replayed,
        "what was refused has left its key free for any request"
    );
    fold::check(&tracker).await;
}

/// Repeats a request until its key is not locked, and returns the reply.
async fn until_free(ask: impl AsyncFn() -> Reply) -> Reply {
    let since = Instant::now();
    loop {
        match ask().await {
            Err(Error::InFlight) => assert!(
                since.elapsed() < Duration::from_secs(10),
                "the key stays claimed"
            ),
            reply => return reply,
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Only on PostgreSQL, where a test can block a writer for any time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_waited_ten_seconds_is_refused_and_not_carried_out() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let tracker = registered_tracker(&database).await;
    let hold = database.block_writes().await;
    let first = block_writers(&tracker, &database).await;
    let since = Instant::now();
    let late = [
        record(
            &tracker,
            new("api", "production", "late"),
            terms_with_key("late", "record"),
        )
        .await,
        record(
            &tracker,
            new("web", "staging", "late"),
            terms_with_key("named", "record"),
        )
        .await,
    ];
    for late in late {
        let reply = late.await.unwrap();
        assert!(matches!(reply, Err(Error::Busy)), "{reply:?}");
    }
    assert!(
        (Duration::from_secs(10)..Duration::from_secs(15)).contains(&since.elapsed()),
        "{:?}",
        since.elapsed()
    );
    // The key is unlocked although the writer has not started with the request, so this one waits
    // again.
    let again = record(
        &tracker,
        new("api", "production", "again"),
        terms_with_key("late", "another"),
    )
    .await;
    sleep(Duration::from_millis(20)).await;
    assert!(!again.is_finished());
    hold.release().await;
    for first in first {
        first
            .await
            .unwrap()
            .expect("what a writer has turned to is written, however long it takes");
    }
    assert!(!again.await.unwrap().unwrap().replayed);
    let versions: BTreeSet<_> = fold::everything(&tracker)
        .await
        .iter()
        .map(|(deployment, _)| deployment.version.to_string())
        .collect();
    assert_eq!(
        versions,
        BTreeSet::from(["v0", "first-0", "first-1", "again"].map(str::to_owned))
    );
    assert_eq!(
        names(&tracker).await.0,
        BTreeSet::from(["api".to_owned()]),
        "nothing was registered either"
    );
    fold::check(&tracker).await;
}

/// The same for requests that need their own transaction: they wait for each other too. All are
/// sent before the writer, a task on the same thread, can start.
#[tokio::test]
async fn a_request_that_waited_ten_seconds_for_earlier_ones_is_refused() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let tracker = registered_tracker(&database).await;
    let hold = database.block_writes().await;
    let mut replies = Vec::new();
    for number in 0..20 {
        replies.push(
            record(
                &tracker,
                new(&name(number), "production", "v1"),
                terms_with_key(&format!("key-{number}"), "record"),
            )
            .await,
        );
    }
    sleep(Duration::from_millis(10_200)).await;
    hold.release().await;
    let mut replies = replies.into_iter();
    replies
        .next()
        .unwrap()
        .await
        .unwrap()
        .expect("this one was at work");
    for reply in replies {
        let reply = reply.await.unwrap();
        assert!(matches!(reply, Err(Error::Busy)), "{reply:?}");
    }
    assert_eq!(
        names(&tracker).await.0,
        BTreeSet::from(["api".to_owned(), name(0)])
    );
    for number in 0..20 {
        let again = tracker
            .record(
                new(&name(number), "production", "v1"),
                terms_with_key(&format!("key-{number}"), "record"),
            )
            .await
            .unwrap();
        assert_eq!(again.replayed, number == 0);
    }
    fold::check(&tracker).await;
}
