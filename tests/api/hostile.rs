//! HTTP requests that no honest client sends.

use std::time::Duration;

use deploytrack_tests::{caller::Caller, database::Database, raw, server::Server};

const SOON: Duration = Duration::from_secs(3);

/// A request with the token of an admin and these header lines.
fn request(first: &str, headers: &str) -> Vec<u8> {
    format!(
        "{first}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n{headers}\r\n",
        Caller::admin_token()
    )
    .into_bytes()
}

#[tokio::test]
async fn a_request_must_have_exactly_one_good_host() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let list = "GET /api/v1/deployments HTTP/1.1";
    for (headers, status) in [
        ("Host: localhost\r\n", 200),
        ("Host: 127.0.0.1:3000\r\n", 200),
        ("Host: [::1]:3000\r\n", 200),
        ("", 400),
        ("Host: a\r\nHost: b\r\n", 400),
        ("Host: a/b\r\n", 400),
        ("Host: user@a\r\n", 400),
        ("Host: a b\r\n", 400),
        ("Host: a:\r\n", 200),
        ("Host: a:65535\r\n", 200),
        ("Host: a:65536\r\n", 400),
        ("Host: a:0\r\n", 400),
        ("Host: a:+80\r\n", 400),
        ("Host: a:8o\r\n", 400),
        ("Host: a:80:80\r\n", 400),
        ("Host: :80\r\n", 400),
        ("Host: [::1]:x\r\n", 400),
        ("Host: [::1\r\n", 400),
        ("Host: \r\n", 400),
    ] {
        let answer = raw::send(server.address(), &request(list, headers), SOON).await;
        assert_eq!(raw::status(&answer), status, "{headers:?}: {answer}");
    }
}

#[tokio::test]
async fn odd_methods_are_refused() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    for first in [
        "TRACE /api/v1/deployments HTTP/1.1",
        "CONNECT localhost:80 HTTP/1.1",
        "BREW /api/v1/deployments HTTP/1.1",
        &format!("{} /api/v1/deployments HTTP/1.1", "M".repeat(60 * 1024)),
        "OPTIONS * HTTP/1.1",
    ] {
        let answer = raw::send(
            server.address(),
            &request(first, "Host: localhost\r\n"),
            SOON,
        )
        .await;
        let status = raw::status(&answer);
        assert!(
            (400..500).contains(&status)
                || (first.starts_with("OPTIONS") && (200..300).contains(&status)),
            "{}: {answer}",
            &first[..20]
        );
        assert!(!answer.contains("eyJ"), "no header comes back");
    }
}

#[tokio::test]
async fn too_many_headers_are_431() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let one = format!("Host: localhost\r\nX-Long: {}\r\n", "x".repeat(100_000));
    let many = (0..2000)
        .map(|n| format!("X-{n}: {}\r\n", "y".repeat(50)))
        .collect::<Vec<_>>()
        .concat();
    for headers in [one, format!("Host: localhost\r\n{many}")] {
        let answer = raw::send(
            server.address(),
            &request("GET /api/v1/deployments HTTP/1.1", &headers),
            SOON,
        )
        .await;
        assert_eq!(
            raw::status(&answer),
            431,
            "{}",
            &answer[..answer.len().min(200)]
        );
    }
}

#[tokio::test]
async fn targets_with_tricks_are_refused() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    for target in [
        "/api/v1/../v1/deployments",
        "/api/v1/./deployments",
        "/api/v1/%2e%2e/v1/deployments",
        "/api/v1/deployments%2Fmatrix",
        "/api/v1/deployments/%00",
        "/api/v1/deployments/;x",
    ] {
        let answer = raw::send(
            server.address(),
            &request(&format!("GET {target} HTTP/1.1"), "Host: localhost\r\n"),
            SOON,
        )
        .await;
        assert!(
            matches!(raw::status(&answer), 400 | 404),
            "{target}: {answer}"
        );
    }
    for (target, status) in [
        ("http://localhost/healthz", 200),
        ("https://localhost/healthz", 200),
        ("HTTP://localhost:3000/healthz", 200),
        ("ftp://localhost/healthz", 400),
        ("file:///healthz", 400),
        ("javascript://localhost/healthz", 400),
        ("http://user@localhost/healthz", 400),
        ("http://localhost:99999/healthz", 400),
    ] {
        let answer = raw::send(
            server.address(),
            &request(&format!("GET {target} HTTP/1.1"), "Host: localhost\r\n"),
            SOON,
        )
        .await;
        assert_eq!(raw::status(&answer), status, "{target}: {answer}");
    }
    let long = format!(
        "GET /api/v1/deployments?version={} HTTP/1.1",
        "v".repeat(200_000)
    );
    let answer = raw::send(
        server.address(),
        &request(&long, "Host: localhost\r\n"),
        SOON,
    )
    .await;
    assert!(
        (400..500).contains(&raw::status(&answer)),
        "{}",
        &answer[..answer.len().min(200)]
    );
}

#[tokio::test]
async fn the_body_of_an_unauthorized_request_is_not_read() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let request =
        b"POST /api/v1/deployments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    let answer = raw::send(server.address(), request, SOON).await;
    assert_eq!(raw::status(&answer), 401, "{answer}");
}

#[tokio::test]
async fn a_body_that_declares_too_large_a_length_is_refused_at_once() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let headers =
        "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n";
    let answer = raw::send(
        server.address(),
        &request("POST /api/v1/deployments HTTP/1.1", headers),
        SOON,
    )
    .await;
    assert_eq!(raw::status(&answer), 413, "{answer}");
}

#[tokio::test]
async fn a_request_smuggled_by_two_lengths_is_refused() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    for headers in [
        "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked, chunked\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: identity\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked;x=1\r\n",
        "Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: \u{b}chunked\r\n",
    ] {
        let answer = raw::send(
            server.address(),
            &request("POST /api/v1/deployments HTTP/1.1", headers),
            SOON,
        )
        .await;
        assert_eq!(raw::status(&answer) / 100, 4, "{headers:?}: {answer}");
    }
    assert_eq!(server.reader().total().await, 0);
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let patience = Duration::from_secs(30);
    for first in [&b""[..], b"GET /healthz HTTP/1.1\r\nHost: loc"] {
        assert!(
            raw::closes_within(server.address(), first, patience)
                .await
                .is_some(),
            "{first:?}"
        );
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_abandoned() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let headers = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n";
    let mut slow = request("POST /api/v1/deployments HTTP/1.1", headers);
    slow.extend_from_slice(b"{\"component\"");
    assert!(
        raw::closes_within(server.address(), &slow, Duration::from_mins(1))
            .await
            .is_some()
    );
    assert_eq!(server.reader().total().await, 0);
}

#[tokio::test]
async fn slow_callers_do_not_keep_others_waiting() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        slow.push(
            tokio::net::TcpStream::connect(server.address())
                .await
                .unwrap(),
        );
    }
    let answer = tokio::time::timeout(SOON, server.anonymous().get("/healthz"))
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
}
