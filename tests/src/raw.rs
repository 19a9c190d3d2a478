//! Bytes to a socket, for what no client library would send.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
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

/// A connection that stays open for several requests, as a pool of a client library has it.
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
        Self { reader: BufReader::new(reader), writer: Some(writer) }
    }

    /// Sends these pieces one after the other, each after its pause, while the answer is read. A server that refuses early
    /// may close before it has read everything, so a failure to write is none.
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

    /// One answer, its head and its body.
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
        let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        let _ = self.reader.read_exact(&mut body).await;
        head + &String::from_utf8_lossy(&body)
    }
}

/// The value of a header of an answer.
#[must_use]
pub fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.lines().skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_once(": ")).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Whether an answer says that its connection takes no further request.
#[must_use]
pub fn is_closing(answer: &str) -> bool {
    header(answer, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
}
