//! Hostile callers against one server, and their effect on other callers.

mod attacks;
mod others;
mod table;

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process, RATES},
};
use serde_json::json;

use self::{
    attacks::{ATTACKS, Attack},
    others::Others,
    table::{Row, print},
};
use crate::bench::{Bench, Kind};

/// How long others are observed before an attack.
const BEFORE: Duration = Duration::from_secs(2);
/// How long the server may take to recover in all.
const RECOVERY: Duration = Duration::from_mins(2);

pub(crate) async fn run(bench: Bench) -> String {
    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..bench.rounds {
        // An older server refuses the schema of this version.
        let has_data = |attack: &Attack| attack.data.is_none() || bench.server.is_none();
        let asked = |attack: &&Attack| {
            has_data(attack) && bench.only.is_none_or(|only| attack.name.contains(only))
        };
        for attack in ATTACKS
            .iter()
            .filter(|attack| bench.kind == Kind::Sqlite || attack.uses_database)
            .filter(asked)
        {
            let row = measure(attack, bench).await;
            println!("  {row}");
            match rows.iter_mut().find(|known| known.name == row.name) {
                Some(known) => known.worsen(&row),
                None => rows.push(row),
            }
        }
    }
    print(&rows);
    if bench.server.is_none() {
        rows.iter().for_each(Row::check);
    }
    format!("{} kinds of abuse", rows.len())
}

async fn measure(attack: &Attack, bench: Bench) -> Row {
    let database = bench.kind.database().await;
    if let Some(data) = attack.data {
        data.insert(&database).await;
    }
    let home = Home::new();
    let server = start(&home, &database, attack, bench);
    let address = server.url().trim_start_matches("http://").parse().unwrap();
    let admin = Caller::admin(server.url());
    admin.record(json!({"component": "api", "environment": "production", "version": "v1", "status": "succeeded"})).await;

    let others = Others::observe(address);
    tokio::time::sleep(BEFORE).await;
    let before = others.latencies().await;
    let start = peak_memory(&server);

    let others = Others::observe(address);
    (attack.run)(address).await;
    let during = others.latencies().await;
    let ended = Instant::now();
    others::wait_until_well(address, RECOVERY).await;
    let well = ended.elapsed();
    let peak = peak_memory(&server);
    // A large data set takes longer to verify than the attack lasts.
    if attack.data.is_none() {
        let verified = admin.get("/api/v1/verify").await.expect(200);
        assert_eq!(verified["ok"], true, "{}: {verified}", attack.name);
    }
    Row {
        name: attack.name,
        start,
        peak,
        p99_before: before.p99(),
        p99: during.p99(),
        failed: during.failed(),
        until_well: well,
    }
}

/// Starts the server program that the command line names, under the limit of open files of the
/// attack.
fn start(home: &Home, database: &Database, attack: &Attack, bench: Bench) -> Process {
    let mut server = home.command(
        "deploytrack-server",
        &["--listen", "127.0.0.1:0", "--database-url", database.url()],
    );
    if let Some(program) = bench.server {
        let args: Vec<_> = server.get_args().map(ToOwned::to_owned).collect();
        server = Command::new(program);
        server
            .args(args)
            .env_clear()
            .env("HOME", home.path())
            .current_dir(home.path());
    }
    let mut limited = Command::new("sh");
    limited
        .args([
            "-c",
            &format!("ulimit -n {}; exec \"$@\"", attack.files),
            "sh",
        ])
        .arg(server.get_program())
        .args(server.get_args());
    limited
        .env_clear()
        .env("HOME", home.path())
        .current_dir(home.path());
    limited
        .env("DEPLOYTRACK_JWT_SECRET", SECRET)
        .envs(RATES.map(|name| (name, "1000000000/s")))
        .env("RUST_LOG", "off");
    Process::started(limited)
}

/// The peak memory of the process, in bytes.
fn peak_memory(server: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}
