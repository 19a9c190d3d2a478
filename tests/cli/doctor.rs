//! `deploytrack doctor`: finds problems, names the way out, and prints no secret.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{Caller, SECRET, seconds, token},
    program::{Home, Run},
};
use serde_json::{Value, json};

use crate::given::Bench;

/// The result and the detail of each check.
fn result_of(run: &Run, check: &str) -> (String, String) {
    let findings: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    let finding = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == check);
    let finding = finding.unwrap_or_else(|| panic!("no check {check} in {findings:#}"));
    (
        finding["result"].as_str().unwrap().to_owned(),
        finding["detail"].as_str().unwrap().to_owned(),
    )
}

#[track_caller]
fn assert_check(run: &Run, check: &str, result: &str, detail: &str) {
    let (found, said) = result_of(run, check);
    assert!(
        found == result && said.contains(detail),
        "{check}: {found}: {said}"
    );
}

fn examined(home: &Home) -> Run {
    home.deploytrack(&["doctor", "-o", "json"])
}

/// A token of an admin that expires in this many seconds.
fn lasting(seconds_left: i64) -> String {
    let ends = i64::try_from(seconds()).unwrap() + seconds_left;
    token(
        &json!({"sub": "ci-bot", "exp": ends, "iat": ends - 10_000_000, "roles": ["admin"]}),
        SECRET,
    )
}

#[test]
fn when_all_is_well_only_ok_is_printed() {
    let bench = Bench::new();
    let home = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", lasting(3_000_000));
    let run = examined(&home);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    let findings: Value = serde_json::from_str(run.done()).unwrap();
    assert!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .all(|finding| finding["result"] == "ok"),
        "{findings:#}"
    );
    assert_check(&run, "url", "ok", "from DEPLOYTRACK_URL");
    assert_check(&run, "token", "ok", "from DEPLOYTRACK_TOKEN");
    assert!(
        !run.out.contains(&Caller::admin_token()[..20]),
        "a token is never shown"
    );
    let table = home.deploytrack(&["doctor"]);
    assert!(
        table.done().starts_with("CHECK")
            && table.out.contains("RESULT")
            && table.out.contains("DETAIL"),
        "{table:?}"
    );
}

#[test]
fn an_unreachable_server_is_3_and_dependent_checks_are_skipped() {
    let home = Home::new()
        .with("DEPLOYTRACK_URL", "http://127.0.0.1:1")
        .with("DEPLOYTRACK_TOKEN", lasting(3_000_000));
    let run = examined(&home);
    assert_eq!(run.code, 3, "{run:?}");
    assert_check(&run, "connection", "problem", "--url");
    for check in ["server", "token", "clock"] {
        assert_check(&run, check, "not checked", "");
    }
    assert_check(&run, "expiry", "ok", "");
    assert_check(&run, "spool", "ok", "");
}

#[test]
fn a_token_that_is_wrong_missing_or_over_is_4() {
    let bench = Bench::new();
    let home = |token: &str| {
        Home::new()
            .with("DEPLOYTRACK_URL", bench.server.url())
            .with("DEPLOYTRACK_TOKEN", token)
    };
    let wrong = examined(&home("not-a-token"));
    assert!(
        wrong.code == 4 && !format!("{wrong:?}").contains("not-a-token"),
        "{wrong:?}"
    );
    assert_check(&wrong, "token", "problem", "does not accept it");
    let missing = examined(&home(""));
    assert_eq!(missing.code, 4, "{missing:?}");
    assert_check(&missing, "token", "problem", "deploytrack login");
    let over = examined(&home(&lasting(-3600)));
    assert_eq!(over.code, 4, "{over:?}");
    assert_check(&over, "expiry", "problem", "it expired at");
    let soon = examined(&home(&lasting(3600)));
    assert_eq!(soon.code, 0, "{soon:?}");
    assert_check(&soon, "expiry", "warning", "it expires soon");
    let reads = examined(&home(&deploytrack_tests::caller::Caller::reader_token()));
    assert_check(&reads, "role", "ok", "only read");
}

/// Whether a fake server has received a token.
static GIVEN_AWAY: AtomicBool = AtomicBool::new(false);

/// A server that gives this answer to every request, and closes the connection.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut asked = [0; 4096];
            let length = stream.read(&mut asked).unwrap_or_default();
            // A server that claims to be deploytrack gets a request with the token.
            if !answer.contains("version")
                && String::from_utf8_lossy(&asked[..length])
                    .to_lowercase()
                    .contains("authorization")
            {
                GIVEN_AWAY.store(true, Ordering::SeqCst);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn a_server_that_is_not_deploytrack_is_named_and_never_gets_the_token() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>",
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>",
        "HTTP/1.1 302 Found\r\nLocation: https://elsewhere/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
    ] {
        let home = Home::new()
            .with("DEPLOYTRACK_URL", answering(answer))
            .with("DEPLOYTRACK_TOKEN", lasting(3_000_000));
        let run = examined(&home);
        assert_eq!(run.code, 3, "{run:?}");
        assert_check(&run, "server", "problem", "--url");
        assert_check(&run, "token", "not checked", "");
    }
    assert!(!GIVEN_AWAY.load(Ordering::SeqCst));
}

#[test]
fn a_server_that_never_answers_does_not_delay_the_command() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let start = Instant::now();
    let run = examined(
        &Home::new()
            .with("DEPLOYTRACK_URL", url)
            .with("DEPLOYTRACK_TOKEN", lasting(3_000_000)),
    );
    assert_eq!(run.code, 3, "{run:?}");
    assert_check(&run, "server", "problem", "did not answer within 5s");
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_wrong_clock_is_reported() {
    let answer = "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2020 18:32:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 31\r\nConnection: close\r\n\r\n{\"status\":\"ok\",\"version\":\"0.1\"}";
    let run = examined(
        &Home::new()
            .with("DEPLOYTRACK_URL", answering(answer))
            .with("DEPLOYTRACK_TOKEN", lasting(3_000_000)),
    );
    assert_check(&run, "clock", "problem", "NTP");
}

#[test]
fn a_config_file_that_cannot_be_used_is_2_and_one_that_others_can_read_a_warning() {
    let bench = Bench::new();
    let home = Home::new().with("DEPLOYTRACK_TOKEN", lasting(3_000_000));
    let file = home.path().join(".config/deploytrack/config.toml");
    fs::create_dir_all(&file).unwrap();
    let unreadable = examined(&home);
    assert_eq!(unreadable.code, 2, "{unreadable:?}");
    assert_check(&unreadable, "config file", "problem", "cannot read");
    assert_check(&unreadable, "server", "not checked", "");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, "token = hush hush").unwrap();
    let broken = examined(&home);
    assert!(
        broken.code == 2 && !broken.out.contains("hush"),
        "{broken:?}"
    );
    fs::write(
        &file,
        format!(
            "profile = \"work\"\n[profiles.work]\nurl = \"{}\"\n",
            bench.server.url()
        ),
    )
    .unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let open = examined(&home);
    assert_eq!(open.code, 0, "{open:?}");
    assert_check(&open, "config file", "warning", "chmod 600");
    assert_check(&open, "url", "ok", "from the profile work");
    let unknown = home.deploytrack(&["doctor", "-o", "json", "--profile", "none-such"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert_check(&unknown, "profile", "problem", "the profiles are work");
}

#[test]
fn queued_events_are_counted() {
    let home = Home::new()
        .with("DEPLOYTRACK_URL", "http://127.0.0.1:1")
        .with("DEPLOYTRACK_TOKEN", lasting(3_000_000));
    let _ = home
        .deploytrack(&[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--on-error",
            "spool",
        ])
        .done();
    assert_check(&examined(&home), "waiting", "warning", "1 entry waits");
    assert_check(&examined(&home), "waiting", "warning", "deploytrack flush");
}

#[test]
fn a_spool_that_cannot_be_written_is_a_problem() {
    let bench = Bench::new();
    let home = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", lasting(3_000_000));
    fs::write(home.path().join(".local"), "").unwrap();
    let run = examined(&home);
    assert_eq!(run.code, 2, "{run:?}");
    assert_check(&run, "spool", "problem", "would be lost");
}

#[test]
fn a_token_in_the_clear_and_a_proxy_are_named_without_their_secrets() {
    let home = Home::new()
        .with("DEPLOYTRACK_URL", "http://tracker.invalid")
        .with("DEPLOYTRACK_TOKEN", lasting(3_000_000))
        .with("HTTP_PROXY", "http://me:hush@127.0.0.1:1");
    let run = examined(&home);
    assert!(run.code == 3 && !run.out.contains("hush"), "{run:?}");
    assert_check(&run, "address", "warning", "https://");
    assert_check(&run, "proxy", "ok", "http://127.0.0.1:1 (HTTP_PROXY)");
    assert_check(&run, "connection", "not checked", "proxy");
}
