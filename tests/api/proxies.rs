//! The client that a trusted proxy names: its address and its scheme.

use std::time::Duration;

use deploytrack_server::{
    connections::ConnectionLimits,
    proxies::{ProxyNetwork, TrustedProxies},
};
use deploytrack_tests::{caller::Caller, database::Database, raw, server::Server};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

/// A server with one connection of an address that has no token. It trusts the proxies on this
/// machine if `trusting`.
async fn server(database: &Database, trusting: bool) -> Server {
    let limits = ConnectionLimits {
        connections: 20,
        per_address: 1,
    };
    let tracker = database.tracker().await;
    let network = trusting.then(|| "127.0.0.0/8".parse::<ProxyNetwork>().unwrap());
    let trusted: TrustedProxies = network.into_iter().collect();
    Server::of_app(
        Server::app(&tracker)
            .with_limits(limits)
            .with_trusted_proxies(trusted),
    )
}

fn request(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}

/// The status of a request with these headers.
async fn status(server: &Server, headers: &str) -> u16 {
    let text = request("/api/v1/openapi.json", headers);
    let answer = raw::send(server.address(), text.as_bytes(), Duration::from_secs(10)).await;
    raw::status(&answer)
}

/// Begins a request whose large answer is not read, and waits until the answer has begun.
async fn begin(server: &Server, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let text = request("/api/v1/openapi.json", headers);
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.readable().await.unwrap();
    stream
}

#[tokio::test]
async fn the_limit_of_an_address_is_that_of_the_client_behind_a_trusted_proxy() {
    let database = Database::sqlite();
    let server = server(&database, true).await;
    let busy = begin(&server, "X-Forwarded-For: 192.0.2.1\r\n").await;
    let token = Caller::reader_token();
    for (headers, expected) in [
        ("X-Forwarded-For: 192.0.2.1\r\n".to_owned(), 429),
        (
            "X-Forwarded-For: [::ffff:192.0.2.1]:4711\r\n".to_owned(),
            429,
        ),
        (
            "X-Forwarded-For: 198.51.100.1, 192.0.2.1, 127.0.0.1\r\n".to_owned(),
            429,
        ),
        ("Forwarded: for=192.0.2.1\r\n".to_owned(), 429),
        ("X-Forwarded-For: 192.0.2.2\r\n".to_owned(), 200),
        ("X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\n".to_owned(), 200),
        (
            "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n".to_owned(),
            200,
        ),
    ] {
        assert_eq!(status(&server, &headers).await, expected, "{headers}");
    }
    let authorized = format!("X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer {token}\r\n");
    let list = request("/api/v1/deployments", &authorized);
    let answer = raw::send(server.address(), list.as_bytes(), Duration::from_secs(10)).await;
    assert_eq!(raw::status(&answer), 200, "{answer}");
    drop(busy);
    let mut found = 429;
    for _ in 0..100 {
        sleep(Duration::from_millis(50)).await;
        found = status(&server, "X-Forwarded-For: 192.0.2.1\r\n").await;
        if found == 200 {
            break;
        }
    }
    assert_eq!(found, 200, "the request that ended no longer counts");
}

#[tokio::test]
async fn forged_headers_of_a_client_that_is_no_proxy_change_nothing() {
    let database = Database::sqlite();
    let server = server(&database, false).await;
    let _busy = begin(&server, "X-Forwarded-For: 192.0.2.1\r\n").await;
    for headers in [
        "X-Forwarded-For: 192.0.2.2\r\n",
        "Forwarded: for=192.0.2.2\r\n",
        "X-Real-IP: 192.0.2.2\r\n",
    ] {
        assert_eq!(status(&server, headers).await, 429, "{headers}");
    }
}

#[tokio::test]
async fn many_long_and_repeated_headers_are_answered_as_others() {
    let database = Database::sqlite();
    let server = server(&database, true).await;
    let long = format!("X-Forwarded-For: {}\r\n", "192.0.2.1,".repeat(3000));
    assert_eq!(status(&server, &long).await, 200);
    let quotes = format!("Forwarded: for={}\r\n", "\"".repeat(30_001));
    assert_eq!(status(&server, &quotes).await, 200);
    let repeated = "X-Forwarded-For: 192.0.2.1\r\n".repeat(90);
    assert_eq!(status(&server, &repeated).await, 200);
    let too_long = format!("X-Forwarded-For: {}\r\n", "1".repeat(40_000));
    assert_eq!(status(&server, &too_long).await, 431);
}

/// The cookie that a login sets.
async fn cookie(server: &Server, headers: &str) -> String {
    let token = Caller::reader_token();
    let text = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{headers}\r\n"
    );
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    cookie.unwrap_or(&answer).to_owned()
}

#[tokio::test]
async fn a_cookie_is_secure_when_a_trusted_proxy_reports_https() {
    let database = Database::sqlite();
    for (trusting, headers, secure) in [
        (true, "X-Forwarded-Proto: https\r\n", true),
        (true, "Forwarded: for=192.0.2.1;proto=https\r\n", true),
        (true, "X-Forwarded-Proto: http\r\n", false),
        (true, "", false),
        (false, "X-Forwarded-Proto: https\r\n", false),
        (
            false,
            "Origin: https://localhost\r\nSec-Fetch-Site: same-origin\r\n",
            true,
        ),
    ] {
        let cookie = cookie(&server(&database, trusting).await, headers).await;
        assert!(cookie.contains("HttpOnly"), "{cookie}");
        assert_eq!(cookie.contains("; Secure"), secure, "{headers}{cookie}");
        assert_eq!(cookie.starts_with("__Host-"), secure, "{headers}{cookie}");
    }
    let other = "X-Forwarded-Proto: https\r\nOrigin: http://localhost\r\n";
    assert!(
        cookie(&server(&database, true).await, other)
            .await
            .contains("other_site")
    );
}
