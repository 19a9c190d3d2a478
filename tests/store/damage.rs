//! Databases whose files are gone, locked or damaged.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use deploytrack_core::{
    deployment::NewDeployment,
    error::Error,
    query::{DeploymentFilter, MatrixFilter, PageRequest},
    status::Status,
    store::Store,
    tracker::Tracker,
    verification::{Difference, Verification},
};
use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    disk::SmallDisk,
};
use rstest::rstest;

use crate::given::{by, new, shown, shown_in, succeeded};

async fn try_to_write(tracker: &Tracker) -> Result<(), Error> {
    let new = NewDeployment {
        status: Status::Succeeded,
        ..new("api", "production", "v2")
    };
    tracker.record(new, &by()).await.map(drop)
}

/// What is shown, after the readers whose connections were closed: each of them fails once.
async fn shown_after_reconnect(tracker: &Tracker) -> Option<String> {
    let began = Instant::now();
    loop {
        match tracker.matrix(&MatrixFilter::default()).await {
            Ok(matrix) => return shown_in(&matrix),
            Err(error) => assert!(began.elapsed() < Duration::from_secs(10), "{error}"),
        }
    }
}

/// The cause, as it is logged.
fn cause(refusal: &Error) -> String {
    assert!(matches!(refusal, Error::Unavailable(_)), "{refusal:?}");
    std::error::Error::source(refusal).unwrap().to_string()
}

fn beside(database: &Path, end: &str) -> PathBuf {
    format!("{}{end}", database.display()).into()
}

/// An operation on the files of a database, and its reversal.
type FileOperation = (&'static str, fn(&Path), Option<fn(&Path)>);

fn moved(path: &Path) -> PathBuf {
    beside(path, ".aside")
}

const FILE_OPERATIONS: [FileOperation; 8] = [
    (
        "the file is deleted",
        |path| fs::remove_file(path).unwrap(),
        None,
    ),
    (
        "the file is moved",
        |path| fs::rename(path, moved(path)).unwrap(),
        Some(|path| fs::rename(moved(path), path).unwrap()),
    ),
    (
        "the folder is moved",
        |path| fs::rename(path.parent().unwrap(), moved(path.parent().unwrap())).unwrap(),
        Some(|path| fs::rename(moved(path.parent().unwrap()), path.parent().unwrap()).unwrap()),
    ),
    (
        "the file is replaced by a copy",
        |path| {
            fs::copy(path, moved(path)).unwrap();
            fs::rename(moved(path), path).unwrap();
        },
        None,
    ),
    (
        "the file is replaced by something else",
        |path| {
            fs::write(moved(path), "no database").unwrap();
            fs::rename(moved(path), path).unwrap();
        },
        None,
    ),
    (
        "the write-ahead log is deleted",
        |path| fs::remove_file(beside(path, "-wal")).unwrap(),
        None,
    ),
    (
        "the write-ahead log is replaced",
        |path| {
            fs::copy(beside(path, "-wal"), moved(path)).unwrap();
            fs::rename(moved(path), beside(path, "-wal")).unwrap();
        },
        None,
    ),
    (
        "the index of the log is deleted",
        |path| fs::remove_file(beside(path, "-shm")).unwrap(),
        None,
    ),
];

#[tokio::test]
async fn no_write_is_acknowledged_when_the_file_is_gone() {
    for (deed, undo_by) in FILE_OPERATIONS.map(|(deed, done, undone)| ((deed, done), undone)) {
        let (deed, done) = deed;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/deploytrack.db");
        fs::create_dir(path.parent().unwrap()).unwrap();
        let tracker = Database::sqlite_at(&path).tracker().await;
        succeeded(&tracker, "v1").await;
        assert_eq!(shown(&tracker).await.as_deref(), Some("v1"));
        done(&path);
        for refusal in [
            try_to_write(&tracker).await.unwrap_err(),
            tracker.ready().await.unwrap_err(),
        ] {
            let cause = cause(&refusal);
            assert!(
                cause.contains("deploytrack.db")
                    && (cause.contains("deleted") || cause.contains("replaced")),
                "{deed}: {cause}"
            );
        }
        assert_eq!(
            shown(&tracker).await.as_deref(),
            Some("v1"),
            "{deed}: reads go on"
        );
        if let Some(undo) = undo_by {
            undo(&path);
            try_to_write(&tracker).await.unwrap();
            tracker.ready().await.unwrap();
        }
        tokio::time::timeout(Duration::from_secs(5), tracker.close())
            .await
            .unwrap_or_else(|_| panic!("{deed}: it closes"));
    }
}

/// A commit must not be acknowledged when the file was moved during it.
#[tokio::test]
async fn every_acknowledged_write_is_in_the_file_at_the_path() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deploytrack.db");
        let tracker = Database::sqlite_at(&path).tracker().await;
        succeeded(&tracker, "v1").await;
        let (writer, gone) = (tracker.clone(), moved(folder.path()));
        let writing = tokio::spawn(async move {
            let mut acknowledged = 0;
            while try_to_write(&writer).await.is_ok() {
                acknowledged += 1;
            }
            acknowledged
        });
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..60))).await;
        // During a write, or between two of them.
        fs::rename(folder.path(), &gone).unwrap();
        let acknowledged: u64 = writing.await.unwrap();
        fs::rename(&gone, folder.path()).unwrap();
        tracker.close().await;
        let kept = Database::sqlite_at(&path).tracker().await;
        let kept = kept
            .list(&DeploymentFilter::default(), PageRequest::default())
            .await
            .unwrap()
            .total;
        assert!(kept > acknowledged, "{kept} of {acknowledged} and one more");
    }
}

/// SQLite takes such a file for an empty database, and deletes the log beside it, which may be all
/// that is left.
#[tokio::test]
async fn a_log_without_its_database_is_not_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deploytrack.db");
    let tracker = Database::sqlite_at(&path).tracker().await;
    succeeded(&tracker, "v1").await;
    let (whole, log) = (
        fs::read(&path).unwrap(),
        fs::read(beside(&path, "-wal")).unwrap(),
    );
    assert!(!log.is_empty());
    for length in [None, Some(0), Some(7), Some(16), Some(99)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deploytrack.db");
        if let Some(length) = length {
            fs::write(&path, &whole[..length]).unwrap();
        }
        fs::write(beside(&path, "-wal"), &log).unwrap();
        let url = format!("sqlite:{}", path.display());
        for refusal in [
            Store::open(&url).await.unwrap_err(),
            Store::open_to_serve(&url).await.unwrap_err(),
        ] {
            let Error::Setup(sentence) = refusal else {
                panic!("{length:?}: {refusal:?}")
            };
            assert!(
                sentence.contains("deploytrack.db-wal") && sentence.contains("move"),
                "{length:?}: {sentence}"
            );
        }
        assert_eq!(fs::read(beside(&path, "-wal")).unwrap(), log, "{length:?}");
        assert_eq!(
            fs::metadata(&path).ok().map(|file| file.len()),
            length.map(|length| length as u64),
            "the file is as it was"
        );
        // Without the log, an empty file becomes a database.
        fs::write(beside(&path, "-wal"), "").unwrap();
        let opened = Store::open(&url).await;
        assert_eq!(opened.is_ok(), length.is_none_or(|length| length == 0));
    }
    tracker.close().await;
}

/// Another program has opened a database at the path of this one. Its write-ahead log must survive
/// when this one closes.
#[tokio::test]
async fn the_files_of_another_database_in_the_same_place_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deploytrack.db");
    let old = Database::sqlite_at(&path).tracker().await;
    succeeded(&old, "v1").await;
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(beside(&path, end)).unwrap();
    }
    let new = Database::sqlite_at(&path).tracker().await;
    succeeded(&new, "v7").await;
    try_to_write(&old).await.unwrap_err();
    old.close().await;
    assert!(beside(&path, "-wal").exists());
    assert_eq!(shown(&new).await.as_deref(), Some("v7"));
    new.close().await;
    assert_eq!(
        shown(&Database::sqlite_at(&path).tracker().await)
            .await
            .as_deref(),
        Some("v7")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lock_of_another_process_is_waited_for_and_then_reported() {
    let database = Database::sqlite();
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let hold = database.block_writes().await;
    let start = Instant::now();
    assert!(cause(&tracker.ready().await.unwrap_err()).contains("lock"));
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "readiness is asked for every few seconds: {:?}",
        start.elapsed()
    );
    cause(&try_to_write(&tracker).await.unwrap_err());
    assert_eq!(shown(&tracker).await.as_deref(), Some("v1"), "reads go on");
    hold.release().await;
    try_to_write(&tracker).await.unwrap();
    tracker.ready().await.unwrap();
}

/// A long import must not make the server unready.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_writes_is_ready(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let lines: Vec<_> = (0..1000)
        .map(|number| (number, import_line(number)))
        .collect();
    let import = {
        let tracker = tracker.clone();
        tokio::spawn(async move { tracker.import(lines, &by()).await.map(drop) })
    };
    while !import.is_finished() {
        tracker.ready().await.unwrap();
    }
    import.await.unwrap().unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failed_write_makes_the_server_unready_only_briefly(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    database
        .execute("alter table events rename to hidden")
        .await
        .unwrap();
    try_to_write(&tracker).await.unwrap_err();
    database
        .execute("alter table hidden rename to events")
        .await
        .unwrap();
    try_to_write(&tracker).await.unwrap();
    tracker.ready().await.unwrap();
}

fn import_line(number: usize) -> deploytrack_core::api::ImportLine {
    use deploytrack_core::api::FromBody as _;

    let line = format!(
        r#"{{"component":"api","environment":"production","version":"v{number}","status":"succeeded","occurredAt":"2025-06-01T12:00:00Z"}}"#
    );
    deploytrack_core::api::ImportLine::from_body(
        deploytrack_core::json::object(line.as_bytes()).unwrap(),
    )
    .unwrap()
}

/// The file of a closed SQLite database with 160 deployments.
async fn large(folder: &Path) -> PathBuf {
    let path = folder.join("deploytrack.db");
    let tracker = Database::sqlite_at(&path).tracker().await;
    tracker
        .import(
            (0..160)
                .map(|number| (number, import_line(number)))
                .collect(),
            &by(),
        )
        .await
        .unwrap();
    tracker.close().await;
    path
}

const PAGE: usize = 4096;

/// Overwrites a page in place, as a failing disk may.
fn overwrite(path: &Path, page: usize, content: &[u8]) {
    use std::os::unix::fs::FileExt as _;

    let file = fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(content, (page * PAGE) as u64).unwrap();
}

fn damage(path: &Path, page: usize) {
    overwrite(path, page, &[0xA5; PAGE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verification_names_what_is_damaged_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = large(folder.path()).await;
    let whole = fs::read(&path).unwrap();
    let pages = whole.len() / PAGE;
    let (mut seen, mut most) = (std::collections::BTreeMap::<String, usize>::new(), 0);
    for page in 1..pages {
        let copy = folder.path().join(format!("{page}.db"));
        fs::write(&copy, &whole).unwrap();
        // The pages of the schema and of the migrations are read when a database is opened.
        damage(&copy, page);
        let Ok(store) = Store::open(&format!("sqlite:{}", copy.display())).await else {
            continue;
        };
        let tracker = Tracker::new(store);
        let found: Verification = tracker
            .verify()
            .await
            .unwrap_or_else(|error| panic!("page {page}: {error:?}"));
        tracker.close().await;
        fs::remove_file(&copy).unwrap();
        if found.ok {
            // A page of zeros.
            *seen.entry("nothing".into()).or_default() += 1;
            continue;
        }
        let named = |difference: &&Difference| {
            difference.detail.contains("could not be read") || difference.table == "database"
        };
        let unread: Vec<_> = found.differences.iter().filter(named).collect();
        assert!(!unread.is_empty(), "page {page}: {found}");
        assert!(
            found
                .differences
                .iter()
                .all(|difference| !difference.repairable),
            "page {page}: {found}"
        );
        *seen.entry(unread[0].table.clone()).or_default() += 1;
        most = most.max(found.deployments);
    }
    println!("{seen:?}");
    assert!(most > 140, "{most}");
    for table in [
        "deployments",
        "history",
        "cell_periods",
        "events",
        "current_cells",
        "database",
    ] {
        assert!(seen.contains_key(table), "{table}: {seen:?}");
    }
    assert!(
        seen.get("nothing").is_none_or(|pages| *pages < 3),
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verification_goes_on_after_a_damaged_page_of_postgresql() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    // A server that the tests have not started does not give access to its files.
    let Some((_, folder)) = database.url().split_once("?host=") else {
        return;
    };
    let tracker = database.tracker().await;
    tracker
        .import(
            (0..160)
                .map(|number| (number, import_line(number)))
                .collect(),
            &by(),
        )
        .await
        .unwrap();
    tracker.close().await;
    let Some(disk) = SmallDisk::mount(64 * 1024 * 1024) else {
        return println!("left out: no file system can be mounted here");
    };
    // Cached pages would hide the damage. The move drops them; a vacuum would read them again.
    database
        .execute("alter table history set (autovacuum_enabled = off)")
        .await
        .unwrap();
    database.move_to(&disk).await;
    let path = database
        .text("select pg_relation_filepath('history')")
        .await;
    let file = fs::File::options()
        .write(true)
        .open(format!("{folder}/data/{path}"))
        .unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xA5; 8192], 8192).unwrap();
    let found = database.tracker().await.verify().await.unwrap();
    assert!(
        !found.ok && found.is_damaged() && !found.is_repairable(),
        "{found}"
    );
    assert_eq!(found.deployments, 160, "{found}");
    assert!(
        found
            .differences
            .iter()
            .all(|difference| difference.table == "history"),
        "{found}"
    );
    assert!(
        found.differences[0].detail.contains("invalid page"),
        "{found}"
    );
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    database.leave().await;
    for refusal in [
        try_to_write(&tracker).await.unwrap_err(),
        tracker.ready().await.unwrap_err(),
    ] {
        cause(&refusal);
    }
}

/// Each setting makes writes fail at another step. Only new connections have the setting.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_postgresql_that_refuses_writes_is_unready_and_works_again() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    for setting in [
        "set default_transaction_read_only = on",
        "set statement_timeout = '1ms'",
        "set lock_timeout = '50ms'",
    ] {
        database.configure(setting).await;
        let hold = if setting.contains("read_only") {
            None
        } else {
            Some(database.block_writes().await)
        };
        for _ in 0..5 {
            cause(&try_to_write(&tracker).await.unwrap_err());
        }
        if setting.contains("read_only") {
            cause(&tracker.ready().await.unwrap_err());
            let shown = shown_after_reconnect(&tracker).await;
            assert_eq!(shown.as_deref(), Some("v1"), "reads go on");
        }
        if let Some(hold) = hold {
            hold.release().await;
        }
        database.configure("reset all").await;
        let freed = Instant::now();
        while try_to_write(&tracker).await.is_err() {
            assert!(freed.elapsed() < Duration::from_secs(5), "{setting}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(shown_after_reconnect(&tracker).await.as_deref(), Some("v2"));
        tracker.ready().await.unwrap();
        succeeded(&tracker, "v1").await;
    }
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
}

/// A reader must not cache a damaged page.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repaired_page_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = large(folder.path()).await;
    let whole = fs::read(&path).unwrap();
    let tracker = Database::sqlite_at(&path).tracker().await;
    let all = async || {
        tracker
            .list(&DeploymentFilter::default(), PageRequest::default())
            .await
            .map(|page| page.total)
    };
    for page in 2..whole.len() / PAGE {
        damage(&path, page);
    }
    let mut refusals = 0;
    for _ in 0..8 {
        refusals += usize::from(tracker.verify().await.map_or(true, |found| !found.ok));
    }
    assert_eq!(refusals, 8, "the damage is seen");
    for (page, content) in whole.chunks(PAGE).enumerate() {
        overwrite(&path, page, content);
    }
    for _ in 0..8 {
        assert_eq!(all().await.unwrap(), 160);
        let found = tracker.verify().await.unwrap();
        assert!(found.ok, "{found}");
    }
}
