//! Clients that send a whole write and disconnect before its answer: no write of others is lost.

use std::time::Duration;

use deploytrack_tests::caller::Caller;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::sleep};

use crate::{
    bench::{Bench, Servers},
    load::{self, Load},
};

pub(crate) async fn run(bench: Bench) -> String {
    let database = bench.kind.database().await;
    let servers = Servers::start(bench.kind, &database);
    let urls: Vec<_> = servers
        .admins()
        .iter()
        .map(|admin| admin.url().to_owned())
        .collect();
    let load = Load::start(&urls, "kept");
    for round in 0..bench.rounds {
        hang_up(&urls[fastrand::usize(..urls.len())], round).await;
    }
    load.wait_for_writes(10).await;
    let done = load.stop().await;
    done.assert_no_failure();
    drop(servers);
    let found = load::check_database(&database, &done.acknowledged).await;
    format!(
        "{} clients hung up, {} acknowledged writes of others, none lost, {} reads; {found}",
        bench.rounds,
        done.acknowledged.len(),
        done.read
    )
}

async fn hang_up(url: &str, round: u64) {
    let body = json!({"component": "api", "environment": "production", "version": format!("gone-{round}"), "status": "succeeded"}).to_string();
    let request = format!(
        "POST /api/v1/deployments HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        Caller::admin_token(),
        body.len()
    );
    let mut stream = TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    sleep(Duration::from_micros(fastrand::u64(0..8000))).await;
}
