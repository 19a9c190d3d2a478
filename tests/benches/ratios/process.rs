//! The processes: memory, start time, size, and the command line program compared with curl.

use std::{
    fs,
    process::{Command, Stdio},
    time::Instant,
};

use deploytrack_tests::program::{Home, binary};

use crate::{
    load::{always, any_of},
    reads,
    run::{Run, Server},
    settings::Kind,
    table::{Line, Unit, median},
    writes,
};

const IDLE: &str = "anonymous memory, idle, SQLite";
const LOADED: &str = "anonymous memory, under load, SQLite";
const START: &str = "start to first answer, SQLite";
const SIZE: &str = "server program, stripped";
const COMMAND: &str = "deploytrack matrix, whole process, against curl";
/// How many times a program is started for one figure.
const STARTS: usize = 9;

/// Measures every line.
pub(crate) fn run(run: &mut Run) {
    if run.wants(Kind::Sqlite, [IDLE, LOADED, START, COMMAND]) {
        run.database(Kind::Sqlite, run.settings.rows());
        start(run);
        memory(run);
        command(run);
    }
    if run.settings.wants(SIZE) {
        size(run);
    }
}

/// The time from the start of the process to the first answer with a deployment.
fn start(run: &mut Run) {
    if !run.settings.wants(START) {
        return;
    }
    let rows = run.settings.rows();
    let first = run.server(Kind::Sqlite, rows);
    let id = reads::ids(run, &first, 1).remove(0);
    drop(first);
    let mut figures = Vec::new();
    for _ in 0..STARTS {
        let database = run.database(Kind::Sqlite, rows);
        let from = Instant::now();
        let server = Server::start(&database);
        server.read(&run.runtime, &format!("/api/v1/deployments/{id}"));
        figures.push(from.elapsed().as_secs_f64() * 1000.0);
    }
    Line::most(START, Unit::Milliseconds, 25.0).print_figure(&figures);
}

fn memory(run: &mut Run) {
    if !run.wants(Kind::Sqlite, [IDLE, LOADED]) {
        return;
    }
    let server = run.server(Kind::Sqlite, run.settings.rows());
    let Some(idle) = anonymous(&server) else {
        return run.leave_out("memory", "this system has no /proc/PID/status");
    };
    if run.settings.wants(IDLE) {
        Line::most(IDLE, Unit::Megabytes, 15.0).print_figure(&[idle]);
    }
    if run.settings.wants(LOADED) {
        let get = |path| always(server.get(path, ""));
        let sources = [
            any_of(reads::by_id(&server, &reads::ids(run, &server, 20_000))),
            get("/api/v1/deployments"),
            get("/api/v1/deployments/matrix"),
        ];
        for source in sources {
            run.rate(&server.load(64, 200, source));
        }
        run.rate(&server.load(64, 201, writes::posts(run, &server)));
        Line::most(LOADED, Unit::Megabytes, 100.0).print_figure(&[anonymous(&server).unwrap()]);
    }
}

/// The private memory of a process, in megabytes.
fn anonymous(server: &Server) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim()
        .trim_end_matches(" kB")
        .parse::<f64>()
        .ok()
        .map(|kilobytes| kilobytes / 1000.0)
}

fn size(run: &mut Run) {
    let stripped = run.scratch().join("stripped");
    let done = Command::new("strip")
        .arg("-o")
        .args([&stripped, binary("deploytrack-server")])
        .status();
    if !done.is_ok_and(|status| status.success()) {
        return run.leave_out(SIZE, "strip is not installed");
    }
    let bytes =
        u32::try_from(fs::metadata(stripped).unwrap().len()).expect("a program is no larger");
    Line::most(SIZE, Unit::Megabytes, 12.0).print_figure(&[f64::from(bytes) / 1_000_000.0]);
}

/// The same matrix, fetched by the command line program and by curl.
fn command(run: &mut Run) {
    let line = Line::cost(COMMAND, 3.0);
    if !run.settings.wants(COMMAND) {
        return;
    }
    if Command::new("curl").arg("--version").output().is_err() {
        return run.leave_out(COMMAND, "curl is not installed");
    }
    let server = run.server(Kind::Sqlite, run.settings.rows());
    let home = Home::new()
        .with("DEPLOYTRACK_URL", server.process.url())
        .with("DEPLOYTRACK_TOKEN", server.token());
    let (authorization, url) = (
        format!("authorization: Bearer {}", server.token()),
        format!("{}/api/v1/deployments/matrix", server.process.url()),
    );
    // The command line program requests gzip too; curl does not decompress it.
    let curl = || {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--fail",
            "--header",
            &authorization,
            "--header",
            "accept-encoding: gzip",
            &url,
        ]);
        curl
    };
    run.compare(
        &line,
        || milliseconds(|| home.command("deploytrack", &["matrix"])),
        || milliseconds(curl),
    );
}

/// The median run time of a program, in milliseconds.
fn milliseconds(command: impl Fn() -> Command) -> f64 {
    let mut figures: Vec<_> = (0..STARTS)
        .map(|_| {
            let from = Instant::now();
            let status = command().stdout(Stdio::null()).status().unwrap();
            assert!(status.success(), "the program ends with {status}");
            from.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    median(&figures)
}
