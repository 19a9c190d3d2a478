//! Five programs that start at the same time on an empty database.

use std::{
    process::Child,
    thread,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process, Run},
};
use serde_json::json;

use crate::{
    bench::{Bench, Kind},
    load,
};

const PROGRAMS: usize = 5;

pub(crate) async fn run(bench: Bench) -> String {
    let mut slowest = Duration::ZERO;
    for _ in 0..bench.rounds {
        let start = Instant::now();
        migrate(&bench.kind.database().await).await;
        slowest = slowest.max(start.elapsed());
        let database = bench.kind.database().await;
        match bench.kind {
            Kind::Sqlite => one_serves(&database).await,
            Kind::Postgres => all_serve(&database).await,
        }
    }
    format!(
        "{} rounds of {PROGRAMS} programs that migrate and {PROGRAMS} servers, none failed, migrated within {slowest:.1?}",
        bench.rounds
    )
}

fn spawn(home: &Home, database: &Database, args: &[&str]) -> Child {
    let args = [args, &["--database-url", database.url()]].concat();
    let mut command = home.command("deploytrack-server", &args);
    command
        .env("DEPLOYTRACK_JWT_SECRET", SECRET)
        .env("RUST_LOG", "off");
    let piped = || std::process::Stdio::piped();
    command.stdout(piped()).stderr(piped()).spawn().unwrap()
}

async fn migrate(database: &Database) {
    let home = Home::new();
    let programs: Vec<_> = (0..PROGRAMS)
        .map(|_| spawn(&home, database, &["migrate"]))
        .collect();
    for program in programs {
        Run::of(&program.wait_with_output().unwrap()).ok();
    }
    load::check_database(database, &[]).await;
}

/// On `PostgreSQL` every server serves, and shows what the others record.
async fn all_serve(database: &Database) {
    let url = database.url();
    let servers: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..PROGRAMS)
            .map(|_| scope.spawn(|| Process::server(&Home::new(), url)))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    let mut acknowledged = Vec::new();
    for server in &servers {
        acknowledged.push(record(server.url()).await);
    }
    for server in servers {
        assert_eq!(Caller::reader(server.url()).total().await, PROGRAMS as u64);
        assert_eq!(server.terminate().0, 0);
    }
    load::check_database(database, &acknowledged).await;
}

/// An SQLite file has one server. The others say why they end.
async fn one_serves(database: &Database) {
    let home = Home::new();
    let mut servers: Vec<_> = (0..PROGRAMS)
        .map(|_| spawn(&home, database, &["--listen", "127.0.0.1:0"]))
        .collect();
    let until = Instant::now() + Duration::from_secs(30);
    let is_running = |server: &mut Child| server.try_wait().unwrap().is_none();
    while servers
        .iter_mut()
        .filter_map(|server| is_running(server).then_some(()))
        .count()
        > 1
    {
        assert!(Instant::now() < until, "more than one server runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let running = servers
        .iter_mut()
        .position(is_running)
        .expect("one server runs");
    let mut running = servers.swap_remove(running);
    for refused in servers {
        let refused = Run::of(&refused.wait_with_output().unwrap());
        assert!(
            refused.err.contains("is in use: another server uses it"),
            "{refused:?}"
        );
    }
    let mut line = String::new();
    let mut out = std::io::BufReader::new(running.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    let id = record(line.trim().strip_prefix("listening on ").unwrap()).await;
    running.kill().unwrap();
    running.wait().unwrap();
    load::check_database(database, &[id]).await;
}

async fn record(url: &str) -> String {
    let body = json!({"component": "api", "environment": "production", "version": "v1", "status": "succeeded"});
    let recorded = Caller::admin(url).record(body).await;
    recorded["id"].as_str().unwrap().to_owned()
}
