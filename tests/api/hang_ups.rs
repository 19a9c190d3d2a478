//! Clients that disconnect early: no acknowledged write is lost.

use std::time::Duration;

use deploytrack_tests::{
    caller::Caller,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use crate::given::id;

const HANG_UPS: u64 = 150;
const WRITES: usize = 60;

/// Sends a whole request and disconnects before the answer, after a delay between zero and a few
/// milliseconds.
async fn hang_up(server: &Server, round: u64) {
    let body =
        json!({"component": "api", "environment": "production", "version": format!("gone-{round}"), "status": "succeeded"}).to_string();
    let request = format!(
        "POST /api/v1/deployments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        Caller::admin_token(),
        body.len()
    );
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    sleep(Duration::from_micros(round * 97 % 8000)).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_acknowledged_write_is_lost(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let writers: Vec<_> = (0..4)
            .map(|writer| {
                let admin = server.admin();
                tokio::spawn(async move {
                    let mut ids = Vec::new();
                    for n in 0..WRITES {
                        let body = json!({"component": "api", "environment": "production", "version": format!("kept-{writer}-{n}"), "status": "succeeded"});
                        ids.push(id(&admin.record(body).await));
                    }
                    ids
                })
            })
            .collect();
    for round in 0..HANG_UPS {
        hang_up(&server, round).await;
    }
    for writer in writers {
        for id in writer.await.unwrap() {
            assert_eq!(
                server
                    .reader()
                    .get(&format!("/api/v1/deployments/{id}"))
                    .await
                    .status,
                200,
                "an acknowledged write is lost"
            );
        }
    }
    let total = server.reader().total().await;
    assert!(total >= 4 * WRITES as u64, "{total}");
    deploytrack_tests::fold::check(server.tracker()).await;
}
