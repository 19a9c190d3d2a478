//! Retries: a write is carried out once, however often it is sent.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use deploytrack_tests::{caller::Caller, program::Home, snapshot};

use crate::given::Bench;

fn total(bench: &Bench) -> u64 {
    let page: serde_json::Value =
        serde_json::from_str(bench.home.deploytrack(&["list", "-o", "json"]).done()).unwrap();
    page["total"].as_u64().unwrap()
}

fn removals(bench: &Bench) -> usize {
    bench
        .home
        .deploytrack(&["export"])
        .done()
        .lines()
        .filter(|line| line.contains("\"undeployed\""))
        .count()
}

#[test]
fn a_key_of_ones_own_prints_the_same_id_twice() {
    let bench = Bench::new();
    let record = |version: &str| {
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            version,
            "--status",
            "succeeded",
            "--idempotency-key",
            "run-7",
        ];
        bench.home.deploytrack(&args)
    };
    let id = record("v1").done().to_owned();
    assert_eq!(record("v1").done(), id);
    assert_eq!(total(&bench), 1);
    snapshot!("cli_key_reused", record("v2").whole());
    let update = || {
        let args = [
            "update",
            id.trim(),
            "rolled_back",
            "--reason",
            "too slow",
            "--idempotency-key",
            "run-7-back",
        ];
        bench.home.deploytrack(&args)
    };
    assert_eq!(update().done(), "api v1 in production is rolled_back\n");
    assert_eq!(update().done(), "api v1 in production is rolled_back\n");
    assert_eq!(record("v1").done(), id, "also when it has moved on");
    let run = bench.home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v1",
        "--idempotency-key",
        "a b",
    ]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn an_undeployment_under_a_given_key_is_made_once() {
    let bench = Bench::filled();
    let args = [
        "undeploy",
        "-c",
        "api",
        "-e",
        "production",
        "--occurred-at",
        "2999-01-01T00:00:00Z",
        "--idempotency-key",
        "gone",
    ];
    assert_eq!(
        bench.home.deploytrack(&args).code,
        1,
        "a refusal keeps nothing"
    );
    let args = [
        "undeploy",
        "-c",
        "api",
        "-e",
        "production",
        "--idempotency-key",
        "gone",
    ];
    for _ in 0..2 {
        assert_eq!(
            bench.home.deploytrack(&args).done(),
            "api v1 left production\n"
        );
    }
    assert_eq!(
        bench.home.deploytrack(&args[..5]).code,
        1,
        "without the key it is another removal"
    );
    assert_eq!(removals(&bench), 1);
}

#[test]
fn an_undeployment_with_a_given_time_is_made_once() {
    let bench = Bench::filled();
    for _ in 0..2 {
        let args = [
            "undeploy",
            "-c",
            "api",
            "-e",
            "production",
            "--occurred-at",
            "2026-01-01T00:00:00Z",
        ];
        assert_eq!(
            bench.home.deploytrack(&args).code,
            1,
            "nothing was there yet"
        );
    }
    bench.record_at(
        "api",
        "production",
        "v0",
        "succeeded",
        "2025-06-01T12:00:00Z",
    );
    for _ in 0..2 {
        let args = [
            "undeploy",
            "-c",
            "api",
            "-e",
            "production",
            "--occurred-at",
            "2025-06-02T12:00:00Z",
        ];
        assert_eq!(
            bench.home.deploytrack(&args).done(),
            "api v0 left production\n"
        );
    }
    assert_eq!(removals(&bench), 1);
}

#[test]
fn a_write_with_a_lost_answer_is_retried_and_made_once() {
    for (command, expected) in [
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "production",
                "--version",
                "v1",
                "--status",
                "succeeded",
            ][..],
            1,
        ),
        (&["import", "-"], 1),
    ] {
        let bench = Bench::new();
        let losing = Losing::answers(1, bench.server.url());
        let line = r#"{"component":"api","environment":"production","version":"v1","status":"succeeded","occurredAt":"2025-06-01T12:00:00Z"}"#;
        let home = Home::new()
            .with("DEPLOYTRACK_URL", &losing.url)
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let run = home.deploytrack_reading(command, line);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(
            losing.lost.load(Ordering::SeqCst),
            1,
            "the first answer was lost"
        );
        assert_eq!(total(&bench), expected);
        if command[0] == "record" {
            assert!(uuid::Uuid::try_parse(run.out.trim()).is_ok(), "{run:?}");
            let shown = bench
                .home
                .deploytrack(&["show", run.out.trim(), "-o", "json"]);
            let shown: serde_json::Value = serde_json::from_str(shown.done()).unwrap();
            assert_eq!(shown["history"].as_array().unwrap().len(), 3);
        } else {
            assert!(run.out.contains("1 recorded"), "{run:?}");
        }
    }
}

#[test]
fn a_write_with_three_lost_answers_is_3_and_made_once() {
    let bench = Bench::new();
    let losing = Losing::answers(usize::MAX, bench.server.url());
    let home = Home::new()
        .with("DEPLOYTRACK_URL", &losing.url)
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let run = home.deploytrack(&["record", "-c", "api", "-e", "production", "--version", "v1"]);
    assert_eq!((run.code, run.out.as_str()), (3, ""), "{run:?}");
    assert_eq!(losing.lost.load(Ordering::SeqCst), 3);
    assert_eq!(total(&bench), 1);
}

/// A proxy that forwards requests to a server, and closes the first connections when their answers
/// begin.
struct Losing {
    url: String,
    /// The number of lost answers.
    lost: Arc<AtomicUsize>,
}

impl Losing {
    fn answers(most: usize, server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (server, lost) = (
            server.strip_prefix("http://").unwrap().to_owned(),
            Arc::new(AtomicUsize::new(0)),
        );
        let counted = lost.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let (mut requests, mut onward) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || io::copy(&mut requests, &mut onward));
                let counted = counted.clone();
                thread::spawn(move || answer(server, client, most, &counted));
            }
        });
        Self { url, lost }
    }
}

/// Forwards an answer, or loses it. The server has carried out the request when its answer begins.
fn answer(mut server: TcpStream, mut client: TcpStream, most: usize, lost: &AtomicUsize) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = server.read(&mut bytes) {
        if lost
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |lost| {
                (lost < most).then_some(lost + 1)
            })
            .is_ok()
        {
            let _ = client.shutdown(Shutdown::Both);
            return;
        }
        if client.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
}
