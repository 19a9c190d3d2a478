//! Clients that read slowly or not at all.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How long to wait for the head of an answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// The receive buffer of the client's socket, in bytes.
const WINDOW: u32 = 4096;

/// A request with an answer of which only the head has been read.
#[derive(Debug)]
pub struct Unread {
    stream: TcpStream,
    head: String,
}

impl Unread {
    /// Sends a GET request with a token, and reads the head of the answer.
    ///
    /// # Panics
    /// When the server refuses the connection.
    pub async fn ask(address: SocketAddr, token: &str, path: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(WINDOW).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = timeout(PATIENCE, head(&mut stream))
            .await
            .unwrap_or_default();
        Self { stream, head }
    }

    /// The status of the answer, or 0 when there is no answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        crate::raw::status(&self.head)
    }

    /// The head of the answer.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Reads the rest of the answer, this many bytes at a time with a pause after each, and returns
    /// it as it was sent. Works because the request has `Connection: close`.
    ///
    /// # Panics
    /// When the connection is reset.
    pub async fn read(mut self, bytes: usize, pause: Duration) -> Vec<u8> {
        let (mut buffer, mut all) = (vec![0; bytes], Vec::new());
        loop {
            match self.stream.read(&mut buffer).await.unwrap() {
                0 => return all,
                read => all.extend_from_slice(&buffer[..read]),
            }
            sleep(pause).await;
        }
    }

    /// Continues to read in the background, this many bytes at a time with a pause after each.
    #[must_use]
    pub fn slowly(mut self, bytes: usize, pause: Duration) -> Slow {
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            let mut buffer = vec![0; bytes];
            while self.stream.read_exact(&mut buffer).await.is_ok() {
                sleep(pause).await;
            }
            // A shorter rest is not read, and the connection stays open.
            std::future::pending::<()>().await;
        });
        Slow {
            head: self.head,
            _reading: reading,
        }
    }
}

/// An answer that is being read slowly. The connection closes when this value is dropped.
#[derive(Debug)]
pub struct Slow {
    head: String,
    _reading: JoinSet<()>,
}

impl Slow {
    /// The status of the answer, or 0 when there is no answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        crate::raw::status(&self.head)
    }
}

/// Reads the head of an answer, up to the empty line.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}
