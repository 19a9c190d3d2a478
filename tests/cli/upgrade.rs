//! docs/upgrade.md: its commands can be typed, and an old version does what the page says.

use std::{process::Command, time::Duration};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    program::{Home, Process, Run},
};
use rstest::rstest;

use crate::{
    pages::{lines_of, page, section},
    readme::{after_serve, typed},
};

/// A migration of a newer version, and one that an unreleased version has made.
const NEWER: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
    select 9999, 'from the future', success, checksum, 0 from _sqlx_migrations where version = 1";
const ALTERED: &str = "update _sqlx_migrations set checksum = (select checksum from _sqlx_migrations where version = 1) where version = 7";
/// One that was not noted, although its tables are there.
const NOT_NOTED: &str = "delete from _sqlx_migrations where version = 15";

#[test]
fn the_commands_can_be_typed() {
    let (home, server) = after_serve();
    let record =
        "deploytrack record --component user-service --environment production --version v2.3.0";
    typed(&home, record);
    let page = page("docs/upgrade.md");
    let lines = |heading: &str| lines_of(section(&page, heading));
    let [back_up] = &lines("## Before")[..] else {
        panic!("one line")
    };
    assert!(typed(&home, back_up).contains("1 deployments"));
    typed(&home, record);
    assert_eq!(server.terminate().0, 0);
    let [migrate, verify] = &lines("## SQLite")[..] else {
        panic!("two lines")
    };
    assert!(typed(&home, migrate).contains("is up to date"));
    assert!(typed(&home, verify).contains("2 deployments"));
    let [restore] = &lines("## Back")[..] else {
        panic!("one line")
    };
    assert!(typed(&home, restore).contains("lost: 1 deployments"));
}

/// Runs a program on a database to its end.
fn run(home: &Home, database: &Database, program: &str, args: &[&str]) -> Run {
    let mut command = home.command(
        program,
        &[args, &["--database-url", database.url()]].concat(),
    );
    command.env("DEPLOYTRACK_JWT_SECRET", SECRET);
    Run::of(&command.output().unwrap())
}

#[rstest]
#[case::newer(
    NEWER,
    "has migration 9999, which this version of deploytrack does not have; a newer version has used the database, so start that version"
)]
#[case::altered(
    ALTERED,
    "migration 7 of the database differs from the one in this version of deploytrack; an unreleased version has made it"
)]
#[case::not_noted(
    NOT_NOTED,
    "migration 15 cannot be applied, and the database is unchanged"
)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_command_that_opens_the_database_says_why_it_cannot(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
    #[case] sql: &str,
    #[case] sentence: &str,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    database.tracker().await.close().await;
    database.execute(sql).await.unwrap();
    let home = Home::new();
    let (server, serve) = ("deploytrack-server", ["serve", "--listen", "127.0.0.1:0"]);
    let runs = [
        run(&home, &database, server, &serve[1..]),
        run(&home, &database, "deploytrack", &serve),
        run(&home, &database, server, &["migrate"]),
        run(&home, &database, server, &["verify"]),
        run(&home, &database, server, &["verify", "--repair"]),
    ];
    for run in runs {
        assert_ne!(run.code, 0, "{run:?}");
        assert!(run.err.contains(sentence), "{run:?}");
        assert!(!run.err.contains("unexpected"), "{run:?}");
    }
    let token = ["token", "--subject", "ci-bot"];
    run(&home, &database, server, &token).ok();
    if sql == NEWER && database.is_sqlite() {
        let shown = format!("> the database {sentence}\n");
        assert!(page("docs/upgrade.md").contains(&shown));
        assert_refused_backups(&home, &database);
    }
}

fn assert_refused_backups(home: &Home, newer: &Database) {
    let backup = newer.file().to_str().unwrap();
    let own = Database::sqlite();
    let runs = [
        run(
            home,
            newer,
            "deploytrack-server",
            &["backup", "--to", "b.db"],
        ),
        run(home, &own, "deploytrack-server", &["restore", backup]),
    ];
    for run in runs {
        assert!(
            run.err
                .contains("a newer version of deploytrack has used it"),
            "{run:?}"
        );
    }
}

/// With a drain delay, a balancer sees that the server is not ready before it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_drains_is_not_ready_and_still_answers() {
    let (home, database) = (Home::new(), Database::sqlite());
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--drain-delay",
        "5m",
        "--database-url",
        database.url(),
    ];
    let mut command = home.command("deploytrack-server", &args);
    command
        .env("DEPLOYTRACK_JWT_SECRET", SECRET)
        .env("RUST_LOG", "off");
    let server = Process::started(command);
    let admin = Caller::admin(server.url());
    assert_eq!(admin.get("/readyz").await.status, 200);
    signal(&server);
    let refused = loop {
        let answer = Caller::anonymous(server.url()).get("/readyz").await;
        if answer.status != 200 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(
        refused.body.contains("the server is shutting down"),
        "{refused:?}"
    );
    let body =
        serde_json::json!({"component": "api", "environment": "production", "version": "v1"});
    let new = Caller::admin(server.url())
        .post("/api/v1/deployments", &body)
        .await;
    new.expect(201);
    assert_eq!(new.header("connection"), Some("close"));
    // A second signal ends the delay.
    signal(&server);
    assert_eq!(server.ended().0, 130);
}

fn signal(server: &Process) {
    let sent = Command::new("kill").arg(server.id().to_string()).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_drain_delay_is_bounded() {
    for delay in ["6m", "10", "soon"] {
        let run = Home::new().deploytrack_server(&["check-config", "--drain-delay", delay]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains("must be"), "{run:?}");
    }
    let run = Home::new().deploytrack_server(&["check-config", "--drain-delay", "10s"]);
    assert!(run.done().contains("drain delay     10s"), "{run:?}");
}
