//! Databases that earlier versions have written, opened by this one.
//!
//! `earlier/sqlite` and `earlier/postgres` have a database for each migration with which a version
//! could end, as the program of that time wrote it, and what that program answered (`.json`).

mod dump;
mod world;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use deploytrack_core::{deployment::Change, query::MatrixFilter, status::Status, tracker::Tracker};
use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    fold,
    server::Server,
};
use rstest::rstest;
use serde_json::Value;

use self::world::EVENTS;
use crate::given::{by, shown, succeeded};

/// The first migration of which databases exist: earlier ones were changed until then.
const FIRST: u32 = 5;
/// The migrations with which no version ended, since they came in one merge with the next one.
const WITH_THE_NEXT: [u32; 3] = [14, 17, 19];

fn folder(kind: DatabaseKind) -> PathBuf {
    let name = match kind {
        Sqlite => "sqlite",
        Postgres => "postgres",
    };
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("store/earlier")
        .join(name)
}

/// The numbers that the names of the files in a folder begin with.
fn numbers(folder: &Path) -> BTreeSet<u32> {
    let names = fs::read_dir(folder).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name[..4].parse().unwrap())
        .collect()
}

/// The numbers of the migrations, and the last one.
fn migrations() -> (BTreeSet<u32>, u32) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/sqlite");
    let all = numbers(&folder);
    let last = *all.last().unwrap();
    (all, last)
}

#[rstest]
fn every_migration_before_the_last_has_its_database(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let (all, last) = migrations();
    let expected: BTreeSet<_> = all
        .into_iter()
        .filter(|number| (FIRST..last).contains(number) && !WITH_THE_NEXT.contains(number))
        .collect();
    let missing: Vec<_> = expected
        .difference(&numbers(&folder(kind)))
        .copied()
        .collect();
    assert!(
        missing.is_empty(),
        "no database of {missing:?}; CONTRIBUTING.md, \"Add a migration\", has the command that makes it, on the commit before"
    );
}

/// Whether every value of `then` is in `now`, which may have more fields.
#[track_caller]
fn assert_contains(now: &Value, then: &Value, place: &str) {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            for (name, value) in then {
                // A cell had this name for it once.
                let renamed = || now.get("deploymentId").filter(|_| name == "id");
                let now = now.get(name).or_else(renamed).unwrap_or(&Value::Null);
                assert_contains(now, value, &format!("{place}/{name}"));
            }
        }
        (Value::Array(now), Value::Array(then)) => {
            // The past matrix has since got the components that were archived later.
            if !place.contains("?at=") {
                assert_eq!(now.len(), then.len(), "{place} has another length");
            }
            for (index, then) in then.iter().enumerate() {
                // The order of names has changed.
                let is_named = |now: &&Value| then.get("name").is_some() && now["id"] == then["id"];
                let is_row = |now: &&Value| {
                    then.get("environments").is_some() && now["componentId"] == then["componentId"]
                };
                let same = now.iter().find(|now| is_named(now) || is_row(now));
                let now = same.unwrap_or(&now[index]);
                assert_contains(now, then, &format!("{place}/{index}"));
            }
        }
        _ => assert_eq!(now, then, "{place}"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_of_every_earlier_version_answers_as_it_did_and_goes_on(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    for number in numbers(&folder(kind)) {
        let Some(database) = kind.create().await else {
            return;
        };
        let file = |end: &str| folder(kind).join(format!("{number:04}.{end}"));
        let sql = fs::read_to_string(file("sql")).unwrap();
        dump::load(&database, &sql).await;
        let tracker = database.tracker().await;
        let found = tracker.verify().await.unwrap();
        assert!(found.ok, "{number}: {found}");
        fold::check(&tracker).await;

        let server = Server::over(tracker.clone());
        let then = fs::read_to_string(file("json")).unwrap();
        let then: Value = serde_json::from_str(&then).unwrap();
        let mut now = world::answers(&server.admin()).await;
        if let Some(events) = then[EVENTS].as_array() {
            let are_as_many = |now: &[Value]| now.len() == events.len();
            now[EVENTS] = world::events(&server.admin(), are_as_many).await.into();
        }
        assert_contains(&now, &then, &format!("{number:04}"));
        goes_on(&tracker).await;
    }
}

/// Records, and rolls back to what an earlier version has recorded.
async fn goes_on(tracker: &Tracker) {
    let before = shown(tracker).await;
    let new = succeeded(tracker, "v99").await;
    assert_eq!(shown(tracker).await.as_deref(), Some("v99"));
    let back = Change::to(Status::RolledBack);
    tracker.update(new.id, back, &by()).await.unwrap();
    assert_eq!(shown(tracker).await, before);
    assert!(
        before.is_some(),
        "{:?}",
        tracker.matrix(&MatrixFilter::default()).await
    );
    fold::check(tracker).await;
}

/// Makes the database of this version, or of another server program.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "it writes a file for the next migration; CONTRIBUTING.md has the command"]
async fn the_database_of_this_version_is_written(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let database: Database = kind.create().await.unwrap();
    let answers = world::record(&database).await;
    let number = database
        .text("select cast(max(version) as text) from _sqlx_migrations")
        .await;
    let file = |end: &str| folder(kind).join(format!("{number:0>4}.{end}"));
    fs::create_dir_all(folder(kind)).unwrap();
    fs::write(file("sql"), dump::of(&database)).unwrap();
    fs::write(file("json"), lines(&answers)).unwrap();
}

/// An object as JSON with one field on each line.
fn lines(object: &Value) -> String {
    let fields = object.as_object().unwrap().iter();
    let fields = fields.map(|(name, value)| format!("{}: {value}", Value::from(name.as_str())));
    format!("{{\n{}\n}}\n", fields.collect::<Vec<_>>().join(",\n"))
}
