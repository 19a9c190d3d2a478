//! Bytes to a socket, for what no client library would send.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Sends `bytes`, reads until the server closes or `patience` ends, and gives what came.
///
/// # Panics
/// When the server does not take the connection.
pub async fn send(address: SocketAddr, bytes: &[u8], patience: Duration) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = timeout(patience, stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an HTTP/1.1 answer, or 0 when there is none.
#[must_use]
pub fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").or_else(|| answer.strip_prefix("HTTP/1.0 ")).and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
}

/// How long a silent connection stays open, or `None` when it outlives `patience`.
///
/// # Panics
/// When the server does not take the connection.
pub async fn closes_within(address: SocketAddr, first_bytes: &[u8], patience: Duration) -> Option<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(first_bytes).await.unwrap();
    let start = tokio::time::Instant::now();
    let mut sink = Vec::new();
    timeout(patience, stream.read_to_end(&mut sink)).await.ok().map(|_| start.elapsed())
}
