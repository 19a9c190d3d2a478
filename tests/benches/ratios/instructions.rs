//! Instructions per request, counted by callgrind: the same on every run, where wall time is too
//! noisy.

use std::{fs, path::Path, process::Command};

use bytes::Bytes;
use deploytrack_tests::{
    caller,
    program::{Process, binary},
};

use crate::{
    bare_hyper,
    load::Connection,
    reads,
    run::{Run, address},
    settings::Kind,
    table::{Line, Target, Unit},
};

/// The instructions are counted for these two numbers of requests: the difference excludes start
/// and end of the process.
const FEW: u32 = 500;
const MANY: u32 = 2500;

/// A deployment by its id, compared with bare hyper.
pub(crate) fn run(run: &mut Run) {
    let line = Line {
        name: "instructions by id, the same one, SQLite".into(),
        unit: Unit::Instructions,
        target: Target::AtMost(1.4),
    };
    if !run.wants(Kind::Sqlite, [line.name.as_str()]) {
        return;
    }
    if run.settings.is_quick() {
        return run.leave_out(&line.name, "--quick");
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        return run.leave_out(&line.name, "valgrind is not installed");
    }
    let rows = run.settings.rows();
    let (database, server) = (
        run.database(Kind::Sqlite, rows),
        run.server(Kind::Sqlite, rows),
    );
    let request = reads::by_id(&server, &reads::ids(run, &server, 1)).remove(0);
    let (head, body) = server.answer(&run.runtime, &request);
    drop(server);
    let mut ours = Command::new("valgrind");
    ours.arg(binary("deploytrack-server")).args([
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        &database,
    ]);
    ours.env("DEPLOYTRACK_JWT_SECRET", caller::SECRET)
        .env("RUST_LOG", "error");
    let (mut bare, floor) = (
        Command::new("valgrind"),
        bare_hyper::command(run.scratch(), &head, &body),
    );
    bare.arg(floor.get_program()).args(floor.get_args());
    line.print_ratio(&[(
        per_request(run, &ours, &request),
        per_request(run, &bare, &request),
    )]);
}

fn per_request(run: &Run, command: &Command, request: &Bytes) -> f64 {
    let (few, many) = (
        counted(run, command, request, FEW),
        counted(run, command, request, MANY),
    );
    (many - few) / f64::from(MANY - FEW)
}

/// The instructions of a whole process that answers this many requests.
fn counted(run: &Run, command: &Command, request: &Bytes, requests: u32) -> f64 {
    let counts = run.scratch().join("callgrind.out");
    let mut counting = Command::new(command.get_program());
    counting
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .args(command.get_args());
    counting.envs(
        command
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let process = Process::started(counting);
    run.runtime.block_on(async {
        let mut connection = Connection::open(address(&process)).await;
        for _ in 0..requests {
            connection.fetch(request).await;
        }
    });
    let _ = process.terminate();
    total(&counts)
}

fn total(counts: &Path) -> f64 {
    let text = fs::read_to_string(counts).expect("callgrind writes what it counted");
    let line = text.lines().find_map(|line| {
        line.strip_prefix("totals: ")
            .or_else(|| line.strip_prefix("summary: "))
    });
    line.and_then(|total| total.trim().parse().ok())
        .expect("callgrind writes a total")
}
