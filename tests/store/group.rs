//! Writes that share a transaction: each has the same result as in a transaction of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    task::Poll,
    time::{Duration, Instant},
};

use deploytrack_core::{
    catalog::Reference,
    deployment::{Change, Deployment, NewDeployment},
    digest::Digest,
    error::Error,
    history::HistoryEntry,
    query::{DeploymentFilter, PageRequest},
    status::Status,
    text::{IdempotencyKey, Name},
    tracker::{IdempotentRequest, Terms, Tracker, WriteOutcome},
};
use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    fold,
};
use rstest::rstest;
use tokio::{task::JoinHandle, time::sleep};
use uuid::Uuid;

use crate::given::{by, new};

/// How many writes may wait in the queue; must equal the limit of the writer.
const MOST_WAITING: usize = 4096;
/// How many writes share a transaction at most; must equal the limit of the writer.
const MOST_TOGETHER: usize = 512;

type Reply = Result<WriteOutcome<Deployment>, Error>;

/// Starts a write in the background; when this returns, the write is in the queue.
async fn enqueue<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let mut work = Box::pin(work);
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(done) => tokio::spawn(async { done }),
        Poll::Pending => tokio::spawn(work),
    }
}

/// Starts to record a deployment on these terms.
async fn record(tracker: &Tracker, new: NewDeployment, terms: Terms) -> JoinHandle<Reply> {
    let tracker = tracker.clone();
    enqueue(async move { tracker.record(new, terms).await }).await
}

/// Starts a transition.
async fn transition(
    tracker: &Tracker,
    id: Uuid,
    status: Status,
    terms: Terms,
) -> JoinHandle<Reply> {
    let tracker = tracker.clone();
    enqueue(async move { tracker.update(id, Change::to(status), terms).await }).await
}

fn terms() -> Terms {
    Terms::by(by())
}

/// Terms with an idempotency key; two requests are the same when their texts are equal.
fn terms_with_key(key: &str, request: &str) -> Terms {
    terms().once(Some(IdempotentRequest {
        key: IdempotencyKey::new(key).unwrap(),
        request: Digest::of(request.as_bytes()),
    }))
}

/// A name that is not similar to any other.
fn name(number: usize) -> String {
    Digest::of(&number.to_be_bytes()).to_string()[..20].to_owned()
}

/// Starts a blocked write for every writer, so that all later writes wait in the queue together.
async fn block_writers(tracker: &Tracker, database: &Database) -> Vec<JoinHandle<Reply>> {
    let mut first = Vec::new();
    for number in 0..if database.is_sqlite() { 1 } else { 2 } {
        first.push(
            record(
                tracker,
                new("api", "production", &format!("first-{number}")),
                terms(),
            )
            .await,
        );
        sleep(Duration::from_millis(50)).await;
    }
    first
}

/// The names of all components and all environments.
async fn names(tracker: &Tracker) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = PageRequest::new(0, 100).unwrap();
    let components = tracker
        .components(None, all)
        .await
        .unwrap()
        .data
        .into_iter()
        .map(|component| component.name.to_string());
    let environments = tracker
        .environments(None, all)
        .await
        .unwrap()
        .data
        .into_iter()
        .map(|environment| environment.name.to_string());
    (components.collect(), environments.collect())
}

async fn history(tracker: &Tracker, id: Uuid) -> Vec<HistoryEntry> {
    tracker.history(id).await.unwrap()
}

fn statuses(history: &[HistoryEntry]) -> Vec<Status> {
    history.iter().map(|entry| entry.to).collect()
}

async fn total(tracker: &Tracker) -> u64 {
    tracker
        .list(&DeploymentFilter::default(), PageRequest::default())
        .await
        .unwrap()
        .total
}

/// A tracker with `api` and `production` registered.
async fn registered_tracker(database: &Database) -> Tracker {
    let tracker = database.tracker().await;
    tracker
        .record(new("api", "production", "v0"), &by())
        .await
        .unwrap();
    tracker
}

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
    for number in 0..MOST_WAITING + surplus {
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
        (surplus - MOST_TOGETHER..=surplus).contains(&refused.len()),
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
        before + (MOST_WAITING + surplus - refused.len()) as u64
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
