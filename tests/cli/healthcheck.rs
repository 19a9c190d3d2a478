//! `deploytrack-server healthcheck`.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use deploytrack_tests::{
    database::Database,
    program::{Home, Process, Run},
};

fn address_of(server: &Process) -> String {
    server.url().trim_start_matches("http://").to_owned()
}

fn check(args: &[&str]) -> Run {
    Home::new().deploytrack_server(&[&["healthcheck"], args].concat())
}

/// Checks that a run failed with one sentence that contains all of these texts.
#[track_caller]
fn refuses(run: &Run, code: i32, texts: &[&str]) {
    assert!(run.code == code && run.out.is_empty(), "{run:?}");
    assert!(texts.iter().all(|text| run.err.contains(text)), "{run:?}");
}

#[test]
fn the_check_succeeds_until_the_database_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deploytrack.db");
    let server = Process::server(&Home::new(), &format!("sqlite:{}", file.display()));
    let address = address_of(&server);
    let ready = check(&["--listen", &address]);
    assert_eq!(
        ready.done(),
        format!("the server at http://{address} is ready\n")
    );
    assert_eq!(ready.err, "");
    fs::remove_file(file).unwrap();
    let run = check(&["--listen", &address]);
    refuses(&run, 1, &[&address, "is not ready: the database"]);
    assert_eq!(run.err.lines().count(), 1, "{run:?}");
}

#[test]
fn the_check_finds_the_server_by_the_settings_of_the_server() {
    let (database, home) = (Database::sqlite(), Home::new());
    let args = ["--listen", "127.0.0.1:0", "--database-url", database.url()];
    let mut command = home.command("deploytrack-server", &args);
    command
        .args(["--health-listen", "127.0.0.1:0"])
        .stderr(std::process::Stdio::null());
    let mut server = Process::started(command);
    let line = server.read_until(|text| text.ends_with('\n'));
    let health = line
        .trim()
        .strip_prefix("health checks on http://")
        .unwrap();
    let wildcard = health.replace("127.0.0.1", "0.0.0.0");
    for (name, value) in [
        ("DEPLOYTRACK_LISTEN", address_of(&server)),
        ("DEPLOYTRACK_HEALTH_LISTEN", health.to_owned()),
        ("DEPLOYTRACK_HEALTH_LISTEN", wildcard),
    ] {
        let run = Home::new()
            .with(name, &*value)
            .deploytrack_server(&["healthcheck"]);
        let reached = value.replace("0.0.0.0", "127.0.0.1");
        assert!(run.done().contains(&reached), "{name}={value}: {run:?}");
    }
}

#[test]
fn a_server_that_is_not_there_or_is_silent_is_not_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let begun = Instant::now();
    let silent = check(&["--listen", &address, "--timeout", "300ms"]);
    refuses(&silent, 1, &[&address, "did not answer within 300ms"]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{silent:?}");
    drop(listener);
    let absent = check(&["--listen", &address]);
    refuses(&absent, 1, &[&address, "cannot be reached"]);
}

/// The address of a program that sends this to its first caller, again and again for some of them.
fn foreign(answer: &'static str, times: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        // The caller may leave before the end.
        let _ = (0..times).try_for_each(|_| stream.write_all(answer.as_bytes()));
    });
    address
}

#[test]
fn another_program_at_the_address_is_not_a_ready_server() {
    for (answer, times) in [
        ("", 1),
        ("SSH-2.0-OpenSSH_9.2\r\n", 1),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 1),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}",
            1,
        ),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 1),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort", 1),
        ("HTTP/1.1 200 OK\r\n\r\n", 1_000_000),
    ] {
        let address = foreign(answer, times);
        let run = check(&["--listen", &address]);
        refuses(
            &run,
            1,
            &[&address, "does not answer as a deploytrack server: "],
        );
    }
}

#[test]
fn a_check_without_a_port_or_a_time_is_a_usage_error() {
    for (args, text) in [
        (&["--listen", "127.0.0.1:0"][..], "DEPLOYTRACK_LISTEN"),
        (&["--timeout", "0s"], "--timeout"),
        (&["--timeout", "soon"], "500ms"),
        (&["now"], "now"),
    ] {
        refuses(&check(args), 2, &[text]);
    }
}
