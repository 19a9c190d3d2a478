//! `deploytrack-server backup` and `restore`, the schedule of a server, and its lock.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use deploytrack_core::{deployment::NewDeployment, text::Label, tracker::back_up};
use deploytrack_tests::{
    caller::Caller,
    database::Database,
    disk::SmallDisk,
    program::{Home, Process, Run, binary},
};
use serde_json::Value;

use crate::given::Bench;

/// A home, and a database without a server.
struct Stopped {
    home: Home,
    database: Database,
}

impl Stopped {
    /// Ends the server of a bench.
    fn of(bench: Bench) -> Self {
        let Bench {
            home,
            server,
            database,
        } = bench;
        assert_eq!(server.terminate().0, 0);
        Self { home, database }
    }

    /// Runs `deploytrack-server` for the database.
    fn run(&self, args: &[&str]) -> Run {
        run(&self.home, &self.database, args)
    }

    /// The names of the files beside the database.
    fn beside(&self) -> Vec<String> {
        names(self.database.file().parent().unwrap())
    }
}

fn run(home: &Home, database: &Database, args: &[&str]) -> Run {
    home.deploytrack_server(&[args, &["--database-url", database.url()]].concat())
}

/// Runs `deploytrack-server` for the database of a bench.
fn server(bench: &Bench, args: &[&str]) -> Run {
    run(&bench.home, &bench.database, args)
}

/// The names of the files in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

/// The path of a file in a home.
fn path(home: &Home, name: &str) -> PathBuf {
    home.path().join(name)
}

/// A run with the folder of the database and the new id replaced.
fn whole(stopped: &Stopped, run: &Run) -> String {
    let folder = stopped.database.file().parent().unwrap();
    let text = run.whole().replace(&folder.display().to_string(), "DATA");
    let (before, rest) = text.split_once("storeId is ").unwrap();
    format!("{before}storeId is <new>{}", &rest[36..])
}

#[test]
fn a_backup_of_a_running_server_is_verified_private_and_described() {
    let bench = Bench::filled();
    let made = server(&bench, &["backup", "--to", "one.db"]);
    assert!(
        made.done()
            .starts_with("one.db: 4 deployments, 11 history rows up to sequence 11, recorded "),
        "{made:?}"
    );
    assert!(
        made.err
            .contains("the secret that signs tokens is not in the backup"),
        "{made:?}"
    );
    assert_eq!(names(bench.home.path()), ["one.db", "one.db.json"]);
    for name in ["one.db", "one.db.json"] {
        let permissions = fs::metadata(path(&bench.home, name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(permissions & 0o777, 0o600, "{name}");
    }
    let described: Value =
        serde_json::from_slice(&fs::read(path(&bench.home, "one.db.json")).unwrap()).unwrap();
    assert_eq!(
        (
            &described["deployments"],
            &described["lastRow"]["sequence"],
            &described["version"]
        ),
        (&4.into(), &11.into(), &env!("CARGO_PKG_VERSION").into())
    );
    assert_eq!(
        described["bytes"],
        fs::metadata(path(&bench.home, "one.db")).unwrap().len()
    );
    let again = bench
        .home
        .deploytrack_server(&["verify", "--database-url", "sqlite:one.db"]);
    assert_eq!(
        again.done(),
        "4 deployments, 11 history rows, 4 cells: all agree\n"
    );
}

#[test]
fn only_the_newest_backups_stay_in_a_folder() {
    let bench = Bench::filled();
    fs::create_dir(path(&bench.home, "kept")).unwrap();
    fs::write(
        path(
            &bench.home,
            "kept/deploytrack-20261130T010203.004Z.db.partial",
        ),
        "killed",
    )
    .unwrap();
    for _ in 0..3 {
        server(&bench, &["backup", "--to", "kept", "--keep", "2"]).ok();
    }
    let kept = names(&path(&bench.home, "kept"));
    assert_eq!(kept.len(), 4, "two, each with its description: {kept:?}");
    let refused = server(&bench, &["backup", "--to", "file.db", "--keep", "2"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let beside = server(&bench, &["backup"]);
    let folder = bench.database.file().with_file_name("backups");
    assert!(
        beside.done().starts_with(folder.to_str().unwrap()),
        "{beside:?}"
    );
}

#[test]
fn a_backup_that_fails_has_a_sentence_and_leaves_no_file() {
    let bench = Bench::filled();
    server(&bench, &["backup", "--to", "taken.db"]).ok();
    fs::write(path(&bench.home, "text.db"), "no database").unwrap();
    let before = names(bench.home.path());
    let url = bench.database.url().to_owned();
    for (database, to, expected) in [
        (
            url.as_str(),
            "taken.db",
            "taken.db: this file exists already",
        ),
        (
            &url,
            "absent/",
            "the folder absent/ cannot be used for backups: No such file",
        ),
        (&url, "absent/x.db", "No such file or directory"),
        (
            "sqlite:absent.db",
            "x.db",
            "there is no database at absent.db",
        ),
        ("sqlite:text.db", "x.db", "is not an SQLite database"),
        (
            "postgres://localhost/x",
            "x.db",
            "back up PostgreSQL with pg_dump",
        ),
    ] {
        let run =
            bench
                .home
                .deploytrack_server(&["backup", "--database-url", database, "--to", to]);
        assert!(
            run.code != 0 && run.err.contains(expected),
            "{database} {to}: {run:?}"
        );
        assert_eq!(
            (run.out.as_str(), names(bench.home.path())),
            ("", before.clone()),
            "{to}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_history_makes_no_backup() {
    let bench = Bench::filled();
    let altered = "drop trigger history_keep_update; update history set recorded_by = 'somebody' where sequence = 3";
    for sql in altered.split("; ") {
        bench.database.execute(sql).await.unwrap();
    }
    let run = server(&bench, &["backup", "--to", "one.db"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.err.contains("the verification found") && run.err.contains("history row 3"),
        "{run:?}"
    );
    assert_eq!(names(bench.home.path()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_schema_is_backed_up_as_it_is_and_migrated_by_a_restore() {
    let stopped = Stopped {
        home: Home::new(),
        database: Database::sqlite(),
    };
    let earlier = include_str!("../store/earlier/sqlite/0015.sql");
    let connection = rusqlite::Connection::open(stopped.database.file()).unwrap();
    connection.execute_batch(earlier).unwrap();
    drop(connection);
    let migrations = async || {
        let sql = "select cast(max(version) as text) from _sqlx_migrations";
        stopped.database.text(sql).await
    };
    stopped.run(&["backup", "--to", "old.db"]).ok();
    assert_eq!(migrations().await, "15");
    assert_eq!(names(stopped.home.path()), ["old.db", "old.db.json"]);
    fs::copy(path(&stopped.home, "old.db"), stopped.database.file()).unwrap();
    assert_eq!(
        migrations().await,
        "15",
        "an older program can use the backup"
    );
    stopped.run(&["restore", "old.db"]).ok();
    assert!(migrations().await.as_str() >= "16");
    let newer = "insert into _sqlx_migrations select 9999, description, installed_on, success, checksum, execution_time from _sqlx_migrations limit 1";
    stopped.database.execute(newer).await.unwrap();
    let refused = stopped.run(&["backup", "--to", "new.db"]);
    assert!(
        refused
            .err
            .contains("a newer version of deploytrack has used it"),
        "{refused:?}"
    );
}

#[test]
fn a_full_disk_leaves_no_half_backup() {
    let Some(disk) = SmallDisk::mount(64 * 1024) else {
        return println!("left out: only root may mount a small disk");
    };
    let bench = Bench::filled();
    let run = server(
        &bench,
        &[
            "backup",
            "--to",
            disk.path().join("one.db").to_str().unwrap(),
        ],
    );
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains("disk is full"), "{run:?}");
    assert_eq!(names(disk.path()), [""; 0]);
}

#[test]
fn an_interrupted_backup_leaves_no_file() {
    let bench = Bench::filled();
    let command = "timeout -s TERM 0.001 \"$0\" backup --to one.db --database-url \"$1\"; echo $?";
    let program = binary("deploytrack-server");
    let output = Command::new("sh")
        .args(["-c", command])
        .arg(program)
        .arg(bench.database.url())
        .current_dir(bench.home.path())
        .output()
        .unwrap();
    // The signal may come before the handler, or after the end.
    let code = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let left = names(bench.home.path());
    assert!(
        left.is_empty() || left == ["one.db", "one.db.json"],
        "{code}: {left:?}"
    );
}

/// A process that closes a file loses its locks on it, also those of SQLite.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_by_the_program_that_has_the_database_open_leaves_it_locked() {
    let (home, database) = (Home::new(), Database::sqlite());
    let tracker = database.tracker().await;
    let new = NewDeployment::named("api", "production", "v1").unwrap();
    let by = Label::new("ci-bot").unwrap();
    tracker.record(new.clone(), &by).await.unwrap();
    back_up(database.file(), &path(&home, "one.db"))
        .await
        .unwrap();
    let refused = run(&home, &database, &["restore", "one.db"]);
    assert!(
        refused.code == 1
            && refused
                .err
                .contains("is in use: another program has it open"),
        "{refused:?}"
    );
    tracker.record(new, &by).await.unwrap();
    tracker.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_says_what_is_lost_and_can_be_undone() {
    let bench = Bench::filled();
    server(&bench, &["backup", "--to", "one.db"]).ok();
    bench.record("api", "production", "v2", "succeeded");
    bench.record("api", "production", "v3", "failed");
    let refused = server(&bench, &["restore", "one.db"]);
    assert!(
        refused.code == 1
            && refused
                .err
                .contains("is in use: a server is running; stop that program first"),
        "{refused:?}"
    );
    let stopped = Stopped::of(bench);
    let run = stopped.run(&["restore", "one.db"]);
    deploytrack_tests::snapshot!("cli_restore", whole(&stopped, &run));
    assert_eq!(
        stopped.run(&["verify"]).done(),
        "4 deployments, 11 history rows, 4 cells: all agree\n"
    );
    let event = stopped.database.text("select recorded_by || ' ' || type || ' ' || details from events order by number desc limit 1").await;
    assert!(
        event.starts_with("deploytrack-server store.restored {"),
        "{event}"
    );
    assert!(event.contains("\"backup\":\"one.db\""), "{event}");
    let former = format!("{}.before-restore", stopped.database.file().display());
    let undone = stopped.run(&["restore", &former]);
    assert!(
        undone.done().contains("6 deployments, 17 history rows"),
        "{undone:?}"
    );
    assert!(undone.out.contains("before-restore-2"), "{undone:?}");
    assert_eq!(
        stopped.run(&["verify"]).done(),
        "6 deployments, 17 history rows, 4 cells: all agree\n"
    );
}

#[test]
fn a_backup_that_is_damaged_or_none_is_not_restored() {
    let bench = Bench::filled();
    server(&bench, &["backup", "--to", "one.db"]).ok();
    let stopped = Stopped::of(bench);
    let before = stopped.beside();
    let file = |name: &str| path(&stopped.home, name);
    let mut bytes = fs::read(file("one.db")).unwrap();
    let end = bytes.len() - 1;
    bytes[end] ^= 1;
    fs::write(file("altered.db"), &bytes).unwrap();
    fs::copy(file("one.db.json"), file("altered.db.json")).unwrap();
    fs::write(file("empty.db"), "").unwrap();
    fs::write(file("text.db"), "no database").unwrap();
    for (name, expected) in [
        ("altered.db", "its content differs from the digest in"),
        ("empty.db", "is not an SQLite database"),
        ("text.db", "is not an SQLite database"),
        ("absent.db", "there is no such file"),
    ] {
        let run = stopped.run(&["restore", name]);
        assert!(
            run.code == 1 && run.err.contains(expected),
            "{name}: {run:?}"
        );
        assert_eq!(stopped.beside(), before, "{name}");
        let verified = stopped.run(&["verify"]);
        assert!(verified.done().starts_with("4 deployments"), "{name}");
    }
}

#[test]
fn a_damaged_database_is_replaced_with_its_log() {
    let bench = Bench::filled();
    server(&bench, &["backup", "--to", "one.db"]).ok();
    bench.record("api", "production", "v2", "succeeded");
    let Bench {
        home,
        mut server,
        database,
    } = bench;
    server.kill();
    let stopped = Stopped { home, database };
    // The log alone would still have every page.
    let log = format!("{}-wal", stopped.database.file().display());
    fs::write(stopped.database.file(), "damaged").unwrap();
    fs::write(&log, "damaged").unwrap();
    let run = stopped.run(&["restore", "one.db"]);
    assert!(
        run.done()
            .contains("the database before could not be read; lost: everything recorded after"),
        "{run:?}"
    );
    let left = stopped.beside();
    assert!(
        left.contains(&"deploytrack.db.before-restore-wal".to_owned()),
        "{left:?}"
    );
    assert!(stopped.run(&["verify"]).done().starts_with("4 deployments"));
}

#[test]
fn a_second_server_on_an_sqlite_file_is_refused() {
    let mut bench = Bench::filled();
    let url = [
        "--database-url",
        bench.database.url(),
        "--listen",
        "127.0.0.1:0",
    ];
    for (program, args) in [("deploytrack-server", &[][..]), ("deploytrack", &["serve"])] {
        let mut command = bench.home.command(program, &[args, &url].concat());
        let run = Run::of(&command.output().unwrap());
        assert_ne!(run.code, 0, "{program}");
        assert!(
            run.err
                .contains("is in use: another server uses it; stop that program first"),
            "{run:?}"
        );
    }
    // Other programs work beside the server.
    for command in ["verify", "migrate"] {
        server(&bench, &[command]).ok();
    }
    let url = bench.server.url().to_owned();
    bench.server.kill();
    bench.restart(&url);
}

#[test]
fn verify_and_backup_create_no_database() {
    let home = Home::new();
    for args in [&["verify"][..], &["backup"], &["verify", "--repair"]] {
        let run = home.deploytrack_server(&[args, &["--data-dir", "data"]].concat());
        assert_eq!(run.code, 1, "{args:?}");
        assert!(
            run.err
                .contains("there is no database at data/deploytrack.db"),
            "{run:?}"
        );
    }
    assert_eq!(names(home.path()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_makes_backups_on_its_own() {
    let home = Home::new();
    let folder = home.path().join("backups");
    let start = |home: &Home| {
        let args = [
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            "data",
            "--backup-to",
            "backups",
        ];
        let mut command = home.command("deploytrack-server", &args);
        command.env("RUST_LOG", "error");
        Process::started(command)
    };
    let server = start(&home);
    let until = Instant::now() + Duration::from_secs(20);
    while !folder.exists()
        || names(&folder)
            .iter()
            .filter(|name| !name.contains("partial"))
            .count()
            < 2
    {
        assert!(Instant::now() < until, "{:?}", names(&folder));
        sleep(Duration::from_millis(50));
    }
    assert_eq!(
        Caller::anonymous(server.url()).get("/readyz").await.status,
        200
    );
    assert_eq!(server.terminate().0, 0);
    let (made, server) = (names(&folder), start(&home));
    sleep(Duration::from_millis(500));
    assert_eq!(server.terminate().0, 0);
    assert_eq!(names(&folder), made, "the next one is due in a day");
}
