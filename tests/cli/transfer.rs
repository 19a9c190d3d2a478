//! `deploytrack-server migrate --from URL --to URL`.

use std::{fs, path::Path, thread::sleep, time::Duration};

use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    program::{Home, Process, Run, binary},
};
use rstest::rstest;
use serde_json::json;

use crate::{
    given::Bench,
    pages::{blocks, lines_of, page, section},
    readme::typed,
};

/// The password in the tests, where the server asks for none.
const PASSWORD: &str = "hunter2";

/// The URL of a database without a password, and the password, which is in a file of the home.
fn address(home: &Home, database: &Database, file: &str) -> String {
    let Ok(mut url) = url::Url::parse(database.url()) else {
        return database.url().to_owned();
    };
    let password = url.password().unwrap_or(PASSWORD).to_owned();
    fs::write(home.path().join(file), password).unwrap();
    if url.has_host() {
        url.set_password(None).unwrap();
    }
    url.into()
}

/// The arguments that copy a database.
fn arguments(home: &Home, from: &Database, to: &Database) -> Vec<String> {
    let mut arguments = vec!["migrate".to_owned()];
    for (flag, database) in [("--from", from), ("--to", to)] {
        arguments.extend([flag.to_owned(), address(home, database, flag)]);
        if !database.is_sqlite() {
            arguments.extend([format!("{flag}-password-file"), format!("./{flag}")]);
        }
    }
    arguments
}

fn copy(home: &Home, from: &Database, to: &Database) -> Run {
    let arguments = arguments(home, from, to);
    home.deploytrack_server(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_is_reported_and_served(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(target) = kind.create().await else {
        return;
    };
    let bench = Bench::filled();
    let refused = copy(&Home::new(), &bench.database, &target);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
    assert!(
        refused.err.contains("(--from) cannot be opened")
            && refused
                .err
                .contains("is in use: a server is running; stop that program first"),
        "{refused:?}"
    );
    let Bench {
        home,
        server,
        database,
    } = bench;
    let url = server.url().to_owned();
    assert_eq!(server.terminate().0, 0);
    let matrix = |home: &Home| {
        home.deploytrack(&["matrix", "-o", "json"])
            .done()
            .to_owned()
    };
    let copied = copy(&home, &database, &target);
    for line in [
        "table                    source     target  digest of both\n",
        "deployments                   4          4  ",
        "history                      11         11  ",
        "current cells 3, last sequence 11, last event 15: the same in both\n",
        "verified: 4 deployments, 11 history rows, 4 cells: all agree\n",
    ] {
        assert!(copied.done().contains(line), "{line}: {copied:?}");
    }
    assert!(
        copied.err.contains("only one of them may have servers"),
        "{copied:?}"
    );
    let at = url.trim_start_matches("http://");
    let server = Process::server_at(at, &Home::new(), database.url());
    let before = matrix(&home);
    assert_eq!(server.terminate().0, 0);
    let server = Process::server_at(at, &Home::new(), target.url());
    assert_eq!(matrix(&home), before);
    if target.is_sqlite() {
        let another = Database::sqlite();
        another.tracker().await.close().await;
        let refused = copy(&Home::new(), &another, &target);
        assert!(
            refused.err.contains("(--to) cannot be opened")
                && refused.err.contains("another server uses it"),
            "{refused:?}"
        );
    }
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v2",
        "--status",
        "succeeded",
    ];
    home.deploytrack(&args).ok();
    assert!(matrix(&home).contains("v2"));
    assert_eq!(server.terminate().0, 0);
    let again = copy(&home, &database, &target);
    assert!(
        again.code == 1
            && again.err.contains("cannot be copied to")
            && again.err.contains("it is not empty"),
        "{again:?}"
    );
}

#[test]
fn a_copy_that_cannot_begin_has_a_sentence_and_creates_nothing() {
    let home = Home::new();
    let run = |args: &[&str]| home.deploytrack_server(&[&["migrate"], args].concat());
    run(&["--database-url", "sqlite:real.db"]).ok();
    fs::write(home.path().join("text.db"), "no database").unwrap();
    fs::write(home.path().join("empty"), "").unwrap();
    let (postgres, secret) = (
        "postgres://me@127.0.0.1:1/x",
        "postgres://me:hunter2@127.0.0.1:1/x",
    );
    for (args, code, expected) in [
        (&["--from", "sqlite:real.db"][..], 2, "--to <URL>"),
        (&["--to", "sqlite:new.db"], 2, "--from <URL>"),
        (
            &["--from", "sqlite:absent.db", "--to", "sqlite:new.db"],
            1,
            "there is no database at absent.db",
        ),
        (
            &["--from", "sqlite:text.db", "--to", "sqlite:new.db"],
            1,
            "text.db is not an SQLite database",
        ),
        (
            &["--from", "sqlite::memory:", "--to", "sqlite:new.db"],
            1,
            "name a file",
        ),
        (
            &["--from", "real.db", "--to", "sqlite:new.db"],
            2,
            "--from must be sqlite:PATH or postgres://",
        ),
        (
            &["--from", "sqlite:real.db", "--to", "mysql://hunter2"],
            2,
            "--to must be sqlite:PATH or postgres://",
        ),
        (
            &["--from", secret, "--to", "sqlite:new.db"],
            2,
            "--from contains a password",
        ),
        (
            &["--from", "sqlite:real.db", "--to", secret],
            2,
            "name the file with --to-password-file (or PGPASSFILE)",
        ),
        (
            &[
                "--from",
                "sqlite:real.db",
                "--to",
                "postgres://127.0.0.1:1/x?user=me&password=hunter2",
            ],
            2,
            "--to contains a password",
        ),
        (
            &[
                "--from",
                "sqlite:real.db",
                "--to",
                "sqlite:new.db",
                "--to-password-file",
                "empty",
            ],
            2,
            "--to names an SQLite file",
        ),
        (
            &[
                "--from",
                "sqlite:real.db",
                "--to",
                postgres,
                "--to-password-file",
                "absent",
            ],
            2,
            "(--to-password-file) cannot be read",
        ),
        (
            &[
                "--from",
                "sqlite:real.db",
                "--to",
                postgres,
                "--to-password-file",
                "empty",
            ],
            2,
            "(--to-password-file) is empty",
        ),
        (
            &["--from", "sqlite:real.db", "--to", postgres],
            1,
            "postgres://...@127.0.0.1:1/x (--to) cannot be opened",
        ),
    ] {
        let run = run(args);
        assert_eq!(
            (run.code, run.out.as_str()),
            (code, ""),
            "{args:?}: {run:?}"
        );
        assert!(run.err.contains(expected), "{args:?}: {run:?}");
        assert!(!run.err.contains(PASSWORD), "{args:?}: {run:?}");
        assert!(!home.path().join("new.db").exists(), "{args:?}");
    }
}

/// Whether a database is missing, or has only the rows of the migrations.
async fn is_empty(database: &Database) -> bool {
    if database.is_sqlite() && !database.file().exists() {
        return true;
    }
    let contents = database.contents().await;
    let written = contents.iter().filter(|(_, rows)| !rows.is_empty());
    written
        .map(|(table, _)| table.as_str())
        .all(|table| ["commits", "store"].contains(&table))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_copy_that_is_killed_leaves_the_target_empty(
    #[values(Sqlite, Postgres)] from: DatabaseKind,
    #[values(Sqlite, Postgres)] to: DatabaseKind,
) {
    let (Some(source), Some(target)) = (from.create().await, to.create().await) else {
        return;
    };
    let bench = Bench::on(source);
    let lines: Vec<_> = (0..3000)
        .map(|number| {
            let day = 1 + number % 28;
            json!({
                "component": format!("team-{}", number % 5), "environment": "production", "version": format!("v{number}"),
                "status": "succeeded", "occurredAt": format!("2024-02-{day:02}T00:00:00Z"),
            })
            .to_string()
        })
        .collect();
    let lines = lines.join("\n");
    bench
        .home
        .deploytrack_reading(&["import", "-"], &lines)
        .ok();
    let Bench {
        home,
        server,
        database,
    } = bench;
    assert_eq!(server.terminate().0, 0);
    let arguments = arguments(&home, &database, &target);
    for round in 0..4 {
        let mut child = home
            .command(
                "deploytrack-server",
                &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            )
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(50 + fastrand::u64(0..1500)));
        child.kill().unwrap();
        if child.wait().unwrap().success() || !is_empty(&target).await {
            println!("round {round}: the copy was complete before it was killed");
            assert_eq!(
                database.contents().await.len(),
                target.contents().await.len()
            );
            return;
        }
    }
    let copied = copy(&home, &database, &target);
    assert!(
        copied.done().contains("verified: 3000 deployments"),
        "{copied:?}"
    );
}

/// The databases on the page.
const ON_POSTGRES: &str = "postgres://tracker@10.0.0.1/tracker";
const FOLDER: &str = "/var/lib/deploytrack/";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_commands_of_the_page_can_be_typed() {
    let Some(target) = Database::postgres().await else {
        return;
    };
    let Bench {
        home,
        server,
        database,
    } = Bench::filled();
    assert_eq!(server.terminate().0, 0);
    fs::rename(database.file(), home.path().join("deploytrack.db")).unwrap();
    let programs = binary("deploytrack-server")
        .parent()
        .unwrap()
        .display()
        .to_string();
    let home = home
        .with("PATH", format!("{programs}:/usr/bin:/bin"))
        .with("DEPLOYTRACK_LISTEN", "127.0.0.1:0");
    let url = address(&home, &target, "database-password");
    let page = page("docs/scaling.md");
    let section = section(&page, "## Move to PostgreSQL");
    let lines: Vec<_> = lines_of(section)
        .iter()
        .map(|line| {
            line.replace(ON_POSTGRES, &format!("'{url}'"))
                .replace(FOLDER, "")
        })
        .collect();
    let [there, serve, back] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    let printed = typed(&home, there);
    let words = |text: &str| -> Vec<String> {
        let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        text.split_whitespace()
            .filter(is_word)
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        words(&printed),
        words(blocks(section, "text")[0]),
        "{printed}"
    );
    let serve = crate::readme::shell(&home, &format!("exec {serve} 2>/dev/null"));
    assert_eq!(Process::started(serve).terminate().0, 0);
    fs::rename(
        home.path().join("deploytrack.db"),
        home.path().join("old.db"),
    )
    .unwrap();
    assert!(typed(&home, back).contains("verified: 4 deployments"));
    assert!(Path::new(&home.path().join("deploytrack.db")).exists());
}
