//! Runners with wrong clocks. `faketime` changes the clock of one program.

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Process},
};
use serde_json::Value;

use crate::given::Bench;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

fn wrapped(bench: &Bench, off: i64, version: &str, command: &[&str]) {
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        version,
        "--no-ci",
        "--",
    ];
    let run = bench
        .home
        .deploytrack_with_clock(off, &[&args, command].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{off}: {run:?}");
}

fn latest(bench: &Bench) -> Value {
    let latest = bench
        .home
        .deploytrack(&["latest", "-c", "api", "-o", "json"])
        .done()
        .to_owned();
    serde_json::from_str::<Value>(&latest).unwrap()[0].clone()
}

/// Checks the current version, and that the database verifies.
fn assert_shown(bench: &Bench, version: &str) {
    assert_eq!(latest(bench)["version"], version);
    assert_eq!(bench.home.deploytrack(&["verify"]).code, 0);
}

/// The difference between a time of the API and the present, in seconds.
fn seconds_from_now(time: &Value) -> i64 {
    let time: chrono::DateTime<chrono::Utc> = time.as_str().unwrap().parse().unwrap();
    (time - deploytrack_core::clock::Clock::now(&deploytrack_core::clock::SystemClock))
        .num_seconds()
        .abs()
}

#[test]
fn runners_with_wrong_clocks_are_current_in_the_order_of_delivery() {
    let bench = Bench::new();
    for (number, off) in [0, 17, -3, -10, 60, 1440, -1440, 0]
        .into_iter()
        .map(|minutes| minutes * MINUTE)
        .enumerate()
    {
        let version = format!("v{number}");
        wrapped(&bench, off, &version, &["true"]);
        assert_shown(&bench, &version);
        let shown = latest(&bench);
        for time in ["startedAt", "finishedAt", "succeededAt"] {
            assert!(seconds_from_now(&shown[time]) < 60, "{off}: {shown}");
        }
    }
}

#[test]
fn every_way_to_record_accepts_any_clock() {
    let bench = Bench::new();
    for off in [17 * MINUTE, -10 * MINUTE, DAY, -DAY] {
        let at = |args: &[&str]| {
            let args = [args, &["--quiet"]].concat();
            let run = bench.home.deploytrack_with_clock(off, &args);
            assert_eq!(
                (run.code, run.err.as_str()),
                (0, ""),
                "{off}: {args:?} {run:?}"
            );
            run.out.trim().to_owned()
        };
        let place = ["-c", "api", "-e", "production", "--no-ci", "--version"];
        at(&[&["record"], &place[..], &["v1", "--status", "succeeded"]].concat());
        assert_shown(&bench, "v1");
        let id = at(&[&["record"], &place[..], &["v2", "--status", "in_progress"]].concat());
        at(&["update", &id, "succeeded"]);
        assert_shown(&bench, "v2");
        at(&["rollback", "-c", "api", "-e", "production"]);
        assert_shown(&bench, "v1");
        at(&["undeploy", "-c", "api", "-e", "production"]);
        assert_eq!(latest(&bench), Value::Null, "{off}");
        bench.home.deploytrack(&["verify"]).ok();
    }
}

#[test]
fn a_spooled_event_takes_its_place_in_the_past() {
    let mut bench = Bench::new();
    let url = bench.server.url().to_owned();
    for (turn, off) in [17 * MINUTE, -10 * MINUTE, DAY].into_iter().enumerate() {
        bench.server.kill();
        let late = format!("late-{turn}");
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            &late,
            "--no-ci",
            "--send-timeout",
            "1s",
            "--",
            "true",
        ];
        assert_eq!(bench.home.deploytrack_with_clock(off, &args).code, 0);
        std::thread::sleep(std::time::Duration::from_millis(1500));
        bench.restart(&url);
        let live = format!("live-{turn}");
        let other = Home::new()
            .with("DEPLOYTRACK_URL", &url)
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        other
            .deploytrack(&[
                "record",
                "-c",
                "api",
                "-e",
                "production",
                "--version",
                &live,
                "--no-ci",
                "--status",
                "succeeded",
            ])
            .ok();
        let flushed = bench.home.deploytrack_with_clock(off, &["flush"]);
        assert_eq!(flushed.done(), "1 sent, 0 kept, 0 refused\n", "{flushed:?}");
        assert_shown(&bench, &live);
        let listed = bench
            .home
            .deploytrack(&["list", "--version", &late, "-o", "json"])
            .done()
            .to_owned();
        let listed: Value = serde_json::from_str(&listed).unwrap();
        assert!(
            seconds_from_now(&listed["data"][0]["succeededAt"]) < 60,
            "{off}: {listed}"
        );
    }
}

#[test]
fn a_clock_that_was_set_back_while_an_entry_waited_loses_nothing() {
    let mut bench = Bench::new();
    let url = bench.server.url().to_owned();
    bench.server.kill();
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v1",
        "--no-ci",
        "--send-timeout",
        "1s",
        "--",
        "true",
    ];
    assert_eq!(bench.home.deploytrack_with_clock(DAY, &args).code, 0);
    bench.restart(&url);
    assert_eq!(
        bench.home.deploytrack(&["flush"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_shown(&bench, "v1");
}

#[test]
fn a_server_clock_that_is_set_back_hides_nothing_and_is_logged() {
    let bench = Bench::new();
    wrapped(&bench, 0, "v1", &["true"]);
    let database = bench.database.url().to_owned();
    drop(bench.server);
    let home = Home::new();
    let log = home.path().join("log");
    let mut command = home.command_with_clock(
        -30,
        "deploytrack-server",
        &["--listen", "127.0.0.1:0", "--database-url", &database],
    );
    command
        .env("DEPLOYTRACK_JWT_SECRET", deploytrack_tests::caller::SECRET)
        .stderr(std::fs::File::create(&log).unwrap());
    let server = Process::started(command);
    let client = Home::new()
        .with("DEPLOYTRACK_URL", server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    client
        .deploytrack(&[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v2",
            "--no-ci",
            "--",
            "true",
        ])
        .ok();
    let matrix = client
        .deploytrack(&["matrix", "-o", "json"])
        .done()
        .to_owned();
    assert!(matrix.contains("\"v2\""), "{matrix}");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(
        log.contains("the clock of this server is behind the recorded times"),
        "{log}"
    );
}
