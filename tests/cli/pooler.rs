//! The real server with PgBouncer between it and its database.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    thread,
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    pooler::Pooler,
    program::{Home, Process},
};

/// Checks everything that must work in every accepted pool mode.
async fn everything_works(mode: &str) {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let Some(pooler) = Pooler::before(
        &database,
        &[
            &format!("pool_mode = {mode}"),
            "default_pool_size = 25",
            "max_client_conn = 300",
        ],
    ) else {
        return;
    };
    let mut servers: Vec<_> = (0..2)
        .map(|_| Process::server(&Home::new(), &pooler.url()))
        .collect();
    let home = |server: &Process| {
        Home::new()
            .with("DEPLOYTRACK_URL", server.url())
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token())
    };
    write_at_once(&servers, &home);
    let listed = home(&servers[0]).deploytrack(&["list", "--all", "-o", "jsonl"]);
    assert_eq!(listed.done().lines().count(), 40);
    home(&servers[1]).deploytrack(&["verify"]).ok();
    hears(&home(&servers[1]), &home(&servers[0]));
    // A restarted server finds all data, and the named statements of the previous one are gone or
    // harmless.
    servers.remove(0).kill();
    let again = Process::server(&Home::new(), &pooler.url());
    assert!(home(&again).deploytrack(&["matrix"]).done().contains("v9."));
    assert!(
        !pooler.log().contains("prepared statement"),
        "{}",
        pooler.log()
    );
    for server in servers.into_iter().chain([again]) {
        assert_eq!(server.terminate().0, 0);
    }
}

/// Checks that a reader of events at one server gets what the other one records.
fn hears(reader: &Home, writer: &Home) {
    let mut watch = reader
        .command("deploytrack", &["watch", "-o", "jsonl"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = watch.stdout.take().unwrap();
    let heard = thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).unwrap();
        line
    });
    // The reader may not be connected yet.
    for round in 0..100 {
        let version = format!("v9.{round}");
        writer
            .deploytrack(&[
                "record",
                "-c",
                "heard",
                "-e",
                "production",
                "--version",
                &version,
                "--status",
                "succeeded",
            ])
            .ok();
        if heard.is_finished() {
            break;
        }
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(heard.join().unwrap().contains("heard"));
}

fn write_at_once(servers: &[Process], home: &(impl Fn(&Process) -> Home + Sync)) {
    thread::scope(|scope| {
        for writer in 0..8 {
            let server = &servers[writer % 2];
            scope.spawn(move || {
                let (home, component) = (home(server), format!("component-{writer}"));
                for round in 0..5 {
                    let version = format!("v{round}");
                    let args = [
                        "record",
                        "-c",
                        &component,
                        "-e",
                        "production",
                        "--version",
                        &version,
                        "--status",
                        "succeeded",
                    ];
                    home.deploytrack(&args).ok();
                    home.deploytrack(&["matrix"]).ok();
                }
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pooler_in_session_mode_needs_no_setting() {
    everything_works("session").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pooler_in_transaction_mode_needs_no_setting() {
    everything_works("transaction").await;
}

/// The error of a server that refuses to start behind a pooler with these settings.
async fn refusal(settings: &[&str], parameters: &str) -> Option<String> {
    let database = Database::postgres().await?;
    let pooler = Pooler::before(&database, settings)?;
    let run = Home::new()
        .with("DEPLOYTRACK_JWT_SECRET", SECRET)
        .deploytrack_server(&[
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            &format!("{}{parameters}", pooler.url()),
        ]);
    assert_eq!(run.code, 1, "{run:?}");
    Some(run.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_statement_mode_is_refused_with_the_mode_that_works() {
    let Some(said) = refusal(&["pool_mode = statement"], "").await else {
        return;
    };
    assert!(
        said.contains("statement mode") && said.contains("pool_mode = session or transaction"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_the_pooler_refuses_is_named() {
    let Some(said) = refusal(&["pool_mode = session"], "?options=-csearch_path%3Dtracker").await
    else {
        return;
    };
    assert!(
        said.contains("unsupported startup parameter") && said.contains("alter role"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_mode_pooler_with_one_connection_is_refused() {
    let Some(said) = refusal(&["pool_mode = session", "default_pool_size = 1"], "").await else {
        return;
    };
    assert!(
        said.contains("default_pool_size") && said.contains("pool_mode = transaction"),
        "{said}"
    );
}
