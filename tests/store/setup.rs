//! Opening a database.

use deploytrack_core::{
    deployment::{NewDeployment, Undeploy},
    query::{DeploymentFilter, MatrixFilter, PageRequest},
    status::Status,
    store::Store,
    tracker::Tracker,
};
use deploytrack_tests::database::{
    Database,
    DatabaseKind::{self, Postgres, Sqlite},
};
use rstest::rstest;

use crate::given::{by, new, shown, succeeded};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_simultaneous_starts_on_an_empty_database_all_succeed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let url = database.url().to_owned();
            tokio::spawn(async move { Store::open(&url).await })
        })
        .collect();
    for start in starts {
        Tracker::new(start.await.unwrap().unwrap())
            .ready()
            .await
            .unwrap();
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_start_keeps_the_data(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    tracker.close().await;
    assert_eq!(
        shown(&database.tracker().await).await.as_deref(),
        Some("v1")
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_newer_schema_is_refused_with_a_sentence(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    database.tracker().await.close().await;
    let sql = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
            select 99990101000000, 'from the future', success, checksum, 0 from _sqlx_migrations limit 1";
    database.execute(sql).await.unwrap();
    let refusal = Store::open(database.url()).await.unwrap_err().to_string();
    assert!(refusal.contains("newer"), "{refusal}");
}

/// What migration 14 adds to the cells, taken away again.
const BEFORE_14: &str = "alter table current_cells drop column deployed_by; alter table current_cells drop column commit_sha;
    delete from _sqlx_migrations where version = 14";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_migration_fills_the_columns_of_the_cells_that_it_adds(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let undone = succeeded(&tracker, "v1").await;
    tracker
        .undeploy(undone.id, Undeploy::default(), &by())
        .await
        .unwrap();
    let built = NewDeployment {
        status: Status::Succeeded,
        commit_sha: Some("ed52224".parse().unwrap()),
        ..new("api", "staging", "v2")
    };
    tracker.record(built, &by()).await.unwrap();
    let all = MatrixFilter::default();
    let before = tracker.matrix(&all).await.unwrap();
    tracker.close().await;

    database.execute(BEFORE_14).await.unwrap();
    let tracker = database.tracker().await;
    assert_eq!(tracker.matrix(&all).await.unwrap(), before);
    assert!(before[0].environments["staging"].commit_sha.is_some());
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
}

/// The URL of a PostgreSQL database with these hosts before its own.
fn with_hosts(database: &Database, hosts: &str) -> String {
    let url = url::Url::parse(database.url()).unwrap();
    let socket = url.query_pairs().find(|(name, _)| name == "host");
    let own = match &socket {
        Some((_, folder)) => folder.replace('/', "%2F"),
        None => url[url::Position::BeforeHost..url::Position::AfterPort].to_owned(),
    };
    format!(
        "{}{hosts},{own}{}?target_session_attrs=read-write",
        &url[..url::Position::BeforeHost],
        url.path()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_primary_is_found_among_several_hosts() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let url = with_hosts(&database, "127.0.0.1:1,[::1]:1");
    let tracker = Tracker::new(Store::open(&url).await.unwrap());
    succeeded(&tracker, "v1").await;
    assert_eq!(shown(&tracker).await.as_deref(), Some("v1"));
    tracker.ready().await.unwrap();
    tracker.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_primary_the_answer_of_each_host_is_shown() {
    let refusal = Store::open("postgres://me:hunter2@127.0.0.1:1,[::1]:2/track")
        .await
        .unwrap_err();
    let cause = std::error::Error::source(&refusal).unwrap();
    let said = format!("{refusal}: {cause}");
    for part in ["127.0.0.1:1: ", "[::1]:2: "] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

/// Sixteen writers of one cell wait for each other. In a stricter isolation all but the first of
/// those that waited would fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_do_not_depend_on_the_default_isolation_of_postgresql() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let name = database.text("select current_database()").await;
    let strict = format!("alter database {name} set default_transaction_isolation = serializable");
    database.execute(&strict).await.unwrap();
    let (one, other) = (database.tracker().await, database.tracker().await);
    let writes: Vec<_> = (0..16)
        .map(|number| {
            let tracker = if number % 2 == 0 { &one } else { &other }.clone();
            tokio::spawn(async move { succeeded(&tracker, &format!("v{number}")).await })
        })
        .collect();
    for write in writes {
        write.await.unwrap();
    }
    let found = one.verify().await.unwrap();
    assert!(found.ok, "{found}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_closed_database_is_not_ready(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    tracker.ready().await.unwrap();
    tracker.close().await;
    tracker.ready().await.unwrap_err();
}

/// An embedding program may close the tracker while readers and a verification still exist.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_closed_sqlite_database_is_one_file_with_everything() {
    let database = Database::sqlite();
    let tracker = database.tracker().await;
    for version in 0..20 {
        succeeded(&tracker, &format!("v{version}")).await;
    }
    let mut events = tracker.events(Some(0)).await.unwrap();
    assert!(!events.next().await.unwrap().is_empty());
    let verifying = {
        let tracker = tracker.clone();
        tokio::spawn(async move { tracker.verify().await })
    };
    assert_eq!(shown(&tracker).await.as_deref(), Some("v19"));
    tracker.close().await;
    for end in ["-wal", "-shm"] {
        assert!(
            !std::path::Path::new(&format!("{}{end}", database.file().display())).exists(),
            "{end}"
        );
    }
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(database.file(), copy.path().join("copy.db")).unwrap();
    let copy = Database::sqlite_at(&copy.path().join("copy.db"))
        .tracker()
        .await;
    assert_eq!(
        copy.list(&DeploymentFilter::default(), PageRequest::default())
            .await
            .unwrap()
            .total,
        20
    );
    drop((events, verifying));
}

#[tokio::test]
async fn sqlite_keeps_a_write_ahead_log_and_is_new_enough_not_to_corrupt_it() {
    let database = Database::sqlite();
    let _tracker = database.tracker().await;
    assert_eq!(database.text("pragma journal_mode").await, "wal");
    let version = database.text("select sqlite_version()").await;
    let version: Vec<u32> = version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(version >= vec![3, 51, 3], "{version:?}");
}

#[tokio::test]
async fn an_sqlite_database_in_memory_is_one_database() {
    let tracker = Tracker::new(Store::open("sqlite::memory:").await.unwrap());
    let tasks: Vec<_> = (0..8)
        .map(|index| {
            let tracker = tracker.clone();
            tokio::spawn(async move { succeeded(&tracker, &format!("v{index}")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(
        tracker
            .list(&DeploymentFilter::default(), PageRequest::default())
            .await
            .unwrap()
            .total,
        8
    );
}

#[tokio::test]
async fn a_url_of_another_database_is_refused_with_a_sentence() {
    let refusal = Store::open("mysql://localhost/x")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("sqlite") && refusal.contains("postgres"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_refusal_shows_no_password() {
    let refusal = Store::open("postgres://somebody:hunter2@127.0.0.1:1/x")
        .await
        .unwrap_err();
    let mut said = format!("{refusal} {refusal:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(&refusal);
    while let Some(error) = cause {
        said.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(!said.contains("hunter2"), "{said}");
}

/// Replaces the function that reports the timeline: the database finds this one first.
async fn fail_timelines(database: &Database, code: &str) {
    let name = database.text("select current_database()").await;
    for sql in [
        format!(
            "create function pg_control_system(out system_identifier bigint) language plpgsql as $$ \
             begin raise exception 'no timelines today' using errcode = '{code}'; end $$"
        ),
        format!("alter database {name} set search_path = public, pg_catalog"),
    ] {
        database.execute(&sql).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_a_database_without_timelines_is_used_without_them() {
    // There is no such function, its use is not permitted, or it is not supported.
    for code in ["42883", "42501", "0A000"] {
        let Some(database) = Database::postgres().await else {
            return;
        };
        fail_timelines(&database, code).await;
        let tracker = database.tracker().await;
        succeeded(&tracker, "v1").await;
        tracker.close().await;
    }
    // A timeout, a lack of memory, an internal error.
    for code in ["57014", "53200", "XX000"] {
        let Some(database) = Database::postgres().await else {
            return;
        };
        fail_timelines(&database, code).await;
        let refusal = Store::open(database.url()).await.unwrap_err();
        let cause = std::error::Error::source(&refusal).unwrap().to_string();
        assert!(cause.contains("no timelines today"), "{code}: {cause}");
    }
}
