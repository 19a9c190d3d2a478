//! Raw bytes to a socket, for requests that no client library sends.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

/// Sends bytes and returns everything that the server sends until it closes the connection or
/// `patience` is over.
///
/// # Panics
/// When the server refuses the connection.
pub async fn send(address: SocketAddr, bytes: &[u8], patience: Duration) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Fails when the server refuses early and closes before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = timeout(patience, stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an HTTP/1 answer, or 0 when there is no answer.
#[must_use]
pub fn status(answer: &str) -> u16 {
    answer
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| answer.strip_prefix("HTTP/1.0 "))
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .unwrap_or(0)
}

/// The time until the server closes a silent connection, or `None` when it is still open after
/// `patience`.
///
/// # Panics
/// When the server refuses the connection.
pub async fn closes_within(
    address: SocketAddr,
    first_bytes: &[u8],
    patience: Duration,
) -> Option<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(first_bytes).await.unwrap();
    let start = tokio::time::Instant::now();
    let mut sink = Vec::new();
    timeout(patience, stream.read_to_end(&mut sink))
        .await
        .ok()
        .map(|_| start.elapsed())
}

/// A connection for several requests, as the pool of a client library uses it.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<OwnedReadHalf>,
    writer: Option<OwnedWriteHalf>,
}

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// When the server does not take the connection.
    pub async fn open(address: SocketAddr) -> Self {
        let (reader, writer) = TcpStream::connect(address).await.unwrap().into_split();
        Self {
            reader: BufReader::new(reader),
            writer: Some(writer),
        }
    }

    /// Sends these pieces one after the other, each after its pause, while the answer is read.
    /// Write errors are ignored: a server that refuses early may close before it has read
    /// everything.
    pub async fn ask(&mut self, pieces: Vec<(Duration, Vec<u8>)>, patience: Duration) -> String {
        let writing = self.writer.take().map(|mut writer| {
            tokio::spawn(async move {
                for (pause, piece) in pieces {
                    tokio::time::sleep(pause).await;
                    if writer.write_all(&piece).await.is_err() {
                        break;
                    }
                }
                writer
            })
        });
        let answer = timeout(patience, self.answer()).await.unwrap_or_default();
        if is_closing(&answer) {
            return answer;
        }
        if let Some(writing) = writing {
            self.writer = timeout(patience, writing).await.ok().and_then(Result::ok);
        }
        answer
    }

    /// Reads one answer: head and body.
    async fn answer(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match self.reader.read_line(&mut head).await {
                Ok(0) | Err(_) => return head,
                Ok(_) => {}
            }
        }
        if status(&head) == 100 {
            return Box::pin(self.answer()).await;
        }
        let length = header(&head, "content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        let _ = self.reader.read_exact(&mut body).await;
        head + &String::from_utf8_lossy(&body)
    }
}

/// The value of a header of an answer.
#[must_use]
pub fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.lines().skip(1).take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(": "))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Whether an answer has the header `Connection: close`.
#[must_use]
pub fn is_closing(answer: &str) -> bool {
    header(answer, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}
