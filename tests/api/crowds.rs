//! More connections than a server accepts, and very slow ones.

use std::{net::SocketAddr, time::Duration};

use deploytrack_server::connections::ConnectionLimits;
use deploytrack_tests::{
    caller::Caller,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    raw::{self, Connection},
    server::Server,
};
use rstest::rstest;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::given::api_in_production;

const SOON: Duration = Duration::from_secs(20);
const NOW: Duration = Duration::ZERO;
const FEW: ConnectionLimits = ConnectionLimits {
    connections: 8,
    per_address: 4,
};

async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(
        timeout(Duration::from_millis(300), stream.read(&mut [0; 1024])).await,
        Ok(Ok(0) | Err(_))
    )
}

fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn silent_connections_keep_nobody_out() {
    let database = Database::sqlite();
    let server = Server::with_limits(&database, FEW).await;
    for addresses in [1, 30] {
        let mut silent = Vec::new();
        for number in 0..60 {
            silent.push(
                connect(
                    &format!("127.0.2.{}", 1 + number % addresses),
                    server.address(),
                )
                .await,
            );
        }
        for path in ["/healthz", "/readyz", "/api/v1/deployments"] {
            let answer = timeout(SOON, server.reader().get(path)).await.unwrap();
            assert_eq!(answer.status, 200, "{path} beside {addresses} addresses");
        }
        let mut open = 0;
        for stream in &mut silent {
            open += usize::from(!is_closed(stream).await);
        }
        assert!(
            open <= if addresses == 1 {
                FEW.per_address
            } else {
                FEW.connections
            },
            "{open} of {addresses}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_has_carried_a_token_is_not_closed_for_silent_ones_of_its_address() {
    let database = Database::sqlite();
    let server = Server::with_limits(
        &database,
        ConnectionLimits {
            connections: 40,
            per_address: 2,
        },
    )
    .await;
    let list = get("/api/v1/deployments", &Caller::reader_token());
    let mut proxy = Vec::new();
    for _ in 0..20 {
        let mut connection = Connection::open(server.address()).await;
        assert_eq!(
            raw::status(&connection.ask(vec![(NOW, list.clone())], SOON).await),
            200
        );
        proxy.push(connection);
    }
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(server.address()).await.unwrap());
    }
    assert!(is_closed(&mut silent[0]).await);
    for connection in &mut proxy {
        assert_eq!(
            raw::status(&connection.ask(vec![(NOW, list.clone())], SOON).await),
            200
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_every_connection_busy_health_checks_are_answered_and_others_get_503(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::with_limits(&database, FEW).await;
    let (component, environment) = api_in_production(&server).await;
    let hold = database.block_writes().await;
    let body = json!({"componentId": component, "environmentId": environment, "version": "v1"});
    let busy: Vec<_> = (0..FEW.connections)
        .map(|_| {
            tokio::spawn(
                server
                    .admin()
                    .request("POST", "/api/v1/deployments")
                    .json(&body)
                    .send(),
            )
        })
        .collect();
    let told = loop {
        let mut connection = Connection::open(server.address()).await;
        let answer = connection
            .ask(
                vec![(NOW, get("/api/v1/components", &Caller::reader_token()))],
                SOON,
            )
            .await;
        assert_eq!(raw::status(&server_health(&server).await), 200);
        if raw::status(&answer) != 200 {
            break answer;
        }
    };
    assert_eq!(raw::status(&told), 503, "{told}");
    assert!(
        told.contains("all connections of the server are busy")
            && told.contains("--max-connections"),
        "{told}"
    );
    assert_eq!(raw::header(&told, "retry-after"), Some("1"), "{told}");
    assert!(raw::is_closing(&told), "{told}");
    hold.release().await;
    for answer in busy {
        assert_eq!(
            answer.await.unwrap().unwrap().status(),
            201,
            "a request in progress is never cut"
        );
    }
    assert_eq!(server.reader().total().await, FEW.connections as u64);
}

async fn server_health(server: &Server) -> String {
    let mut connection = Connection::open(server.address()).await;
    connection
        .ask(
            vec![(NOW, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())],
            SOON,
        )
        .await
}

/// The head of a POST with a body of this many bytes, and the beginning of the body.
fn beginning(path: &str, media_type: &str, bytes: usize, first: usize) -> Vec<u8> {
    let token = Caller::admin_token();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: {media_type}\r\nContent-Length: {bytes}\r\n\r\n"
    );
    format!("{head}{}", "x".repeat(first)).into_bytes()
}

#[tokio::test]
async fn a_body_that_arrives_in_drips_is_abandoned_before_the_deadline() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let mut drip = vec![(
        NOW,
        beginning("/api/v1/deployments", "application/json", 1000, 1),
    )];
    drip.extend((0..20).map(|_| (Duration::from_secs(1), b"x".to_vec())));
    let answer = Connection::open(server.address())
        .await
        .ask(drip, SOON)
        .await;
    assert_eq!(raw::status(&answer), 408, "{answer}");
    assert!(
        raw::is_closing(&answer) && answer.contains("8 KiB a second"),
        "{answer}"
    );
}

#[tokio::test]
async fn large_bodies_in_flight_share_one_bound() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let (path, media_type) = ("/api/v1/deployments/import", "application/x-ndjson");
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream
            .write_all(&beginning(path, media_type, 8 * 1024 * 1024, 100_000))
            .await
            .unwrap();
        held.push(stream);
    }
    // The server reserves room for a body when it has read the head.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let whole = beginning(path, media_type, 100_000, 100_000);
    let answer = Connection::open(server.address())
        .await
        .ask(vec![(NOW, whole)], SOON)
        .await;
    assert!(
        [503, 400].contains(&raw::status(&answer)),
        "it waits for its reservation: {answer}"
    );
    if raw::status(&answer) == 503 {
        assert!(
            answer.contains("too many large bodies are arriving") && raw::is_closing(&answer),
            "{answer}"
        );
        assert_eq!(raw::header(&answer, "retry-after"), Some("1"));
    }
    let small = json!({"component": "api", "environment": "production", "version": "v1"});
    server.admin().record(small).await;
}

#[tokio::test]
async fn a_refusal_for_lack_of_room_leaves_no_body_on_the_connection() {
    let database = Database::sqlite();
    // The limit allows one reader of events.
    let server = Server::with_limits(
        &database,
        ConnectionLimits {
            connections: 2,
            per_address: 2,
        },
    )
    .await;
    let reader = Caller::reader_token();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream
        .write_all(&get("/api/v1/events", &reader))
        .await
        .unwrap();
    assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
    for bytes in [10, 60_000, 900_000] {
        let filler = "GET /api/v1/none HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(bytes / 40 + 1);
        let head = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {reader}\r\nContent-Length: {bytes}\r\n\r\n"
        );
        for pieces in [
            vec![(NOW, format!("{head}{}", &filler[..bytes]).into_bytes())],
            vec![
                (NOW, head.clone().into_bytes()),
                (Duration::from_millis(20), filler[..bytes].into()),
            ],
        ] {
            let mut connection = Connection::open(server.address()).await;
            let answer = connection.ask(pieces, SOON).await;
            assert!(
                [429, 503].contains(&raw::status(&answer)),
                "{bytes}: {answer}"
            );
            assert!(raw::header(&answer, "retry-after").is_some(), "{answer}");
            if !raw::is_closing(&answer) {
                let next = connection
                    .ask(
                        vec![(NOW, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())],
                        SOON,
                    )
                    .await;
                assert!(next.contains("\"ok\""), "{bytes}: {next}");
            }
        }
    }
}
