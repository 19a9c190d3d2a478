//! Reads by many clients.

use bytes::Bytes;
use deploytrack_tests::program::Process;
use serde_json::Value;

use crate::{
    bare_hyper,
    load::{Load, Source, always, any_of},
    pgbench::Pgbench,
    run::{Run, Server, address},
    settings::Kind,
    table::Line,
};

const CLIENTS: usize = 64;
/// The number of deployments to read at random.
const IDS: usize = 20_000;

const UNCHANGED: &str = "matrix 1,000 x 8, unchanged (304)";
const MATRIX: &str = "matrix 1,000 x 8, full";
const MATRIX_GZIP: &str = "matrix 1,000 x 8, full, Accept-Encoding: gzip";
const HOT: &str = "by id, the same one";
const ANY: &str = "by id, any";
const LIST: &str = "list of 20 with total";
const FILTERED: &str = "list of 20 with total, of one environment";

/// On SQLite, each compared with bare hyper.
pub(crate) fn sqlite(run: &mut Run) {
    let named = |name: &str| format!("{name}, SQLite");
    let targets = [
        (UNCHANGED, 0.85),
        (MATRIX, 0.7),
        (MATRIX_GZIP, 0.7),
        (HOT, 0.8),
        (ANY, 0.3),
        (LIST, 0.5),
        (FILTERED, 0.5),
    ];
    let lines = targets.map(|(name, share)| (name, Line::rate(named(name), share)));
    against_hyper(run, Kind::Sqlite, &lines);
}

/// On PostgreSQL: reads by id compared with pgbench, and answers from the cache compared with bare
/// hyper.
pub(crate) fn postgres(run: &mut Run) {
    let named = |name: &str| format!("{name}, PostgreSQL");
    let targets = [
        (UNCHANGED, 0.85),
        (MATRIX, 0.7),
        (LIST, 0.12),
        (FILTERED, 0.12),
    ];
    let lines = targets.map(|(name, share)| (name, Line::rate(named(name), share)));
    if !run.settings.is_quick() {
        against_hyper(run, Kind::Postgres, &lines);
    } else if run.wants(
        Kind::Postgres,
        lines.iter().map(|(_, line)| line.name.as_str()),
    ) {
        run.leave_out("matrix and list on PostgreSQL", "--quick");
    }
    against_pgbench(
        run,
        &Line::rate("by id, any, PostgreSQL, against pgbench", 0.55),
    );
}

fn against_hyper(run: &mut Run, kind: Kind, lines: &[(&str, Line)]) {
    if !run.wants(kind, lines.iter().map(|(_, line)| line.name.as_str())) {
        return;
    }
    let rows = run.settings.rows();
    let server = run.server(kind, rows);
    for (what, line) in lines
        .iter()
        .filter(|(_, line)| run.settings.wants(&line.name))
    {
        let (status, requests) = requests(run, &server, what);
        let (floor, sample) = floor(run, &server, &requests[0]);
        let source: Source = if requests.len() == 1 {
            always(requests[0].clone())
        } else {
            any_of(requests)
        };
        let ours = server.load(CLIENTS, status, source.clone());
        let bare = Load {
            address: address(&floor).to_owned(),
            ..ours.clone()
        };
        run.compare(line, || run.rate(&ours), || run.rate(&bare));
        if *what == MATRIX_GZIP && !sample.contains("content-encoding: gzip") {
            run.leave_out(
                "compression",
                &format!("the server does not compress the matrix, so that line compares what is not compressed ({})", line.name),
            );
        }
    }
}

/// The requests of a line, and the expected status.
fn requests(run: &Run, server: &Server, what: &str) -> (u16, Vec<Bytes>) {
    const PATH: &str = "/api/v1/deployments/matrix";
    let one = |request| (200, vec![request]);
    match what {
        UNCHANGED => (
            304,
            vec![server.get(
                PATH,
                &format!("if-none-match: {}\r\n", tag(run, server, PATH)),
            )],
        ),
        MATRIX => one(server.get(PATH, "")),
        MATRIX_GZIP => one(server.get(PATH, "accept-encoding: gzip\r\n")),
        HOT => (200, by_id(server, &ids(run, server, 1))),
        ANY => (200, by_id(server, &ids(run, server, IDS))),
        LIST => one(server.get("/api/v1/deployments", "")),
        FILTERED => one(server.get(
            &format!(
                "/api/v1/deployments?environmentId={}",
                environment(run, server)
            ),
            "",
        )),
        other => unreachable!("{other} is no line"),
    }
}

/// A bare server that returns the answer to a request, and the head of that answer.
fn floor(run: &Run, server: &Server, request: &Bytes) -> (Process, String) {
    let (head, body) = server.answer(&run.runtime, request);
    (bare_hyper::start(run.scratch(), &head, &body), head)
}

fn tag(run: &Run, server: &Server, path: &str) -> String {
    let (head, _) = server.answer(&run.runtime, &server.get(path, ""));
    head.lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .expect("the matrix has an entity tag")
        .to_owned()
}

fn against_pgbench(run: &mut Run, line: &Line) {
    if !run.wants(Kind::Postgres, [line.name.as_str()]) {
        return;
    }
    let rows = run.settings.rows();
    let database = run.database(Kind::Postgres, rows);
    let Some(pgbench) = Pgbench::new(&run.runtime, &database, run.scratch()) else {
        return run.leave_out(&line.name, "pgbench is not installed");
    };
    let server = run.server(Kind::Postgres, rows);
    let ours = server.load(
        CLIENTS,
        200,
        any_of(by_id(&server, &ids(run, &server, IDS))),
    );
    run.compare(
        line,
        || run.rate(&ours),
        || pgbench.reads(CLIENTS, run.settings.time()),
    );
}

/// The requests that read these deployments.
pub(crate) fn by_id(server: &Server, ids: &[String]) -> Vec<Bytes> {
    ids.iter()
        .map(|id| server.get(&format!("/api/v1/deployments/{id}"), ""))
        .collect()
}

/// The ids of deployments, spread over the whole history.
pub(crate) fn ids(run: &Run, server: &Server, count: usize) -> Vec<String> {
    let components = components(run, server);
    let mut ids = Vec::with_capacity(count);
    while ids.len() < count {
        let component = &components[fastrand::usize(..components.len())];
        let list = format!("/api/v1/deployments?componentId={component}&take=100");
        let total = server.read(&run.runtime, &list)["total"].as_u64().unwrap();
        let page = server.read(
            &run.runtime,
            &format!("{list}&skip={}", fastrand::u64(..total.max(101) - 100)),
        );
        ids.extend(texts(&page["data"], "id"));
    }
    ids.truncate(count);
    ids
}

/// The ids of all components.
pub(crate) fn components(run: &Run, server: &Server) -> Vec<String> {
    texts(
        &server.read(&run.runtime, "/api/v1/deployments/matrix"),
        "componentId",
    )
}

/// The ids of all environments.
pub(crate) fn environments(run: &Run, server: &Server) -> Vec<String> {
    texts(
        &server.read(&run.runtime, "/api/v1/environments")["data"],
        "id",
    )
}

fn environment(run: &Run, server: &Server) -> String {
    environments(run, server).swap_remove(0)
}

/// One field of every object of an array.
pub(crate) fn texts(array: &Value, field: &str) -> Vec<String> {
    array
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object[field].as_str().unwrap().to_owned())
        .collect()
}
