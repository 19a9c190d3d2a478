//! Obstacles between a command and its server, each with its way out; `doctor` names the same one.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use deploytrack_tests::{
    caller::Caller,
    program::Home,
    tls::{Authority, TlsOptions, TlsProxy},
};

use crate::given::Bench;

/// A listener that gives this answer to every request and closes the connection. Returns its host
/// and port.
fn answering(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    address
}

/// A listener that closes every connection without reading, which resets it.
fn resetting() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Waits for bytes, which stay unread.
            let _ = stream.peek(&mut [0; 1]);
        }
    });
    address
}

/// A listener that redirects every request to the same path of another server.
fn redirecting(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 4096];
            let length = stream.read(&mut asked).unwrap_or_default();
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            let path = asked.split(' ').nth(1).unwrap_or("/");
            let answer = "Content-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nLocation: https://new.example.com/tracker{path}\r\n{answer}"
            );
        }
    });
    address
}

/// A listener that accepts every connection and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// Checks the message and the way out for a server, of a command and of the doctor.
#[track_caller]
fn assert_obstacle(url: &str, variables: &[(&str, &str)], said: &str, hint: &str) {
    let home = Home::new()
        .with("DEPLOYTRACK_URL", url)
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let home = variables
        .iter()
        .fold(home, |home, (name, value)| home.with(name, *value));
    let run = home.deploytrack(&["matrix", "--timeout", "2s"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(
        run.err.contains(said) && run.err.contains(hint),
        "{url}: {run:?}"
    );
    // The message names no other way out.
    for (way_out, belongs) in [
        ("`deploytrack serve`", "127.0.0.1:1:"),
        ("--cacert", "certificate"),
        ("NO_PROXY", "proxy"),
    ] {
        assert!(
            !run.err.contains(way_out) || run.err.contains(belongs),
            "{url}: {run:?}"
        );
    }
    let doctor = home.deploytrack(&["doctor", "-o", "json", "--timeout", "2s"]);
    assert_eq!(doctor.code, 3, "{doctor:?}");
    assert!(
        doctor.out.replace("\\\"", "\"").contains(hint),
        "{url}: {doctor:?}"
    );
}

#[test]
fn a_server_that_is_not_there() {
    assert_obstacle(
        "http://127.0.0.1:1",
        &[],
        "Connection refused",
        "deploytrack serve",
    );
    assert_obstacle(
        "http://tracker.invalid",
        &[("DEPLOYTRACK_ALLOW_HTTP", "1")],
        "its name has no address",
        "check the spelling of tracker.invalid",
    );
    assert_obstacle(
        "https://tracker.invalid",
        &[],
        "its name has no address",
        "check the spelling of tracker.invalid",
    );
}

#[test]
fn the_wrong_scheme_for_the_port() {
    let bench = Bench::new();
    let plain = bench.server.url().replace("http://", "https://");
    assert_obstacle(
        &plain,
        &[],
        "it does not speak TLS",
        "this may be the port for http",
    );
    let files = Authority::new();
    files.self_signed("own", &[]);
    let front = TlsProxy::new(
        &files.read("own.pem"),
        &files.file("own.key"),
        bench.server.url(),
        TlsOptions::default(),
    );
    assert_obstacle(
        &front.url("127.0.0.1").replace("https://", "http://"),
        &[],
        "cannot reach",
        "use an https:// address",
    );
    let nginx = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 48\r\nConnection: close\r\n\r\n\
                  The plain HTTP request was sent to HTTPS port\r\n ";
    assert_obstacle(
        &format!("http://{}", answering(nginx)),
        &[],
        "speaks TLS",
        "use an https:// address",
    );
}

#[test]
fn a_server_that_speaks_something_else() {
    assert_obstacle(
        &format!("http://{}", answering(b"SSH-2.0-OpenSSH_9.2\r\n")),
        &[],
        "is not HTTP",
        "use an https:// address",
    );
    // The first frame of HTTP/2.
    assert_obstacle(
        &format!("http://{}", answering(b"\0\0\0\x04\0\0\0\0\0")),
        &[],
        "is not HTTP",
        "use an https:// address",
    );
    assert_obstacle(
        &format!("http://{}", answering(b"")),
        &[],
        "ended the connection without an answer",
        "if this happens every time",
    );
    assert_obstacle(
        &format!("http://{}", resetting()),
        &[],
        "ended the connection without an answer",
        "if this happens every time",
    );
    assert_obstacle(
        &format!("https://{}", resetting()),
        &[],
        "ended the connection without an answer",
        "a firewall or a load balancer",
    );
    let (_listener, address) = silent();
    assert_obstacle(
        &format!("http://{address}"),
        &[],
        "did not answer within 2s",
        "--timeout 2m",
    );
}

#[test]
fn a_tls_that_cannot_be_spoken() {
    let (bench, files) = (Bench::new(), Authority::new());
    files.self_signed("own", &[]);
    let own = files.file("own.pem");
    let trusted = [("DEPLOYTRACK_CACERT", own.to_str().unwrap())];
    let front = |manner| {
        TlsProxy::new(
            &files.read("own.pem"),
            &files.file("own.key"),
            bench.server.url(),
            manner,
        )
    };
    let http2 = front(TlsOptions {
        http2_alone: true,
        ..TlsOptions::default()
    });
    assert_obstacle(
        &http2.url("localhost"),
        &trusted,
        "does not speak HTTP/1.1",
        "must support HTTP/1.1 too",
    );
    let mutual = front(TlsOptions {
        wants_certificate: true,
        ..TlsOptions::default()
    });
    assert_obstacle(
        &mutual.url("localhost"),
        &trusted,
        "requires a client certificate",
        "must not ask for one",
    );
}

#[test]
fn a_proxy_in_between() {
    let refused = [
        ("HTTPS_PROXY", "http://me:hush@127.0.0.1:1"),
        ("HTTP_PROXY", "http://me:hush@127.0.0.1:1"),
        ("DEPLOYTRACK_ALLOW_HTTP", "1"),
    ];
    assert_obstacle(
        "https://tracker.invalid",
        &refused,
        "the proxy cannot be reached",
        "NO_PROXY=tracker.invalid",
    );
    assert_obstacle(
        "http://tracker.invalid",
        &refused,
        "the proxy cannot be reached",
        "NO_PROXY=tracker.invalid",
    );
    let unknown = [("https_proxy", "http://proxy.invalid:3128")];
    assert_obstacle(
        "https://tracker.invalid",
        &unknown,
        "the proxy cannot be reached",
        "NO_PROXY=tracker.invalid",
    );
    let login = answering(
        b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
    let login = [
        ("ALL_PROXY", login.as_str()),
        ("DEPLOYTRACK_ALLOW_HTTP", "1"),
    ];
    assert_obstacle(
        "https://tracker.invalid",
        &login,
        "requires a user name and a password",
        "http://USER:PASSWORD@HOST:PORT",
    );
    assert_obstacle(
        "http://tracker.invalid",
        &login,
        "requires a user name and a password",
        "http://USER:PASSWORD@HOST:PORT",
    );
    let blocked =
        answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_obstacle(
        "https://tracker.invalid",
        &[("HTTPS_PROXY", &blocked)],
        "the proxy does not connect to it",
        "NO_PROXY=tracker.invalid",
    );
    let socks = [("ALL_PROXY", "socks5h://127.0.0.1:1")];
    assert_obstacle(
        "https://tracker.invalid",
        &socks,
        "the proxy cannot be reached",
        "NO_PROXY=tracker.invalid",
    );
}

#[test]
fn an_answer_of_somebody_else() {
    let answer = |text: &'static str| format!("http://{}", answering(text.as_bytes()));
    for status in ["301 Moved Permanently", "308 Permanent Redirect"] {
        assert_obstacle(
            &format!("http://{}", redirecting(status)),
            &[],
            "redirects to https://new.example.com/tracker/",
            "--url https://new.example.com/tracker",
        );
    }
    let login = "HTTP/1.1 302 Found\r\nLocation: https://sso.example.com/login?next=/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_obstacle(
        &answer(login),
        &[],
        "redirects to https://sso.example.com/login",
        "login page",
    );
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
    assert_obstacle(&answer(page), &[], "an HTML page", "login page");
    let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
    assert_obstacle(
        &answer(json),
        &[],
        "not from a deploytrack server",
        "check that this is the address of a deploytrack server",
    );
}

#[test]
fn a_proxy_that_asks_for_a_login_is_not_taken_for_a_refused_token() {
    let basic = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Type: text/html\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
    let home = Home::new()
        .with(
            "DEPLOYTRACK_URL",
            format!("http://{}", answering(basic.as_bytes())),
        )
        .with("DEPLOYTRACK_TOKEN", "x");
    let run = home.deploytrack(&["matrix"]);
    assert_eq!(run.code, 4, "{run:?}");
    assert!(
        run.err.contains("not as a deploytrack server does")
            && !run.err.contains("the token is missing"),
        "{run:?}"
    );
}
