//! Readers who do not read.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How long it takes at most until a server begins to answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How much a reader's system takes for it.
const WINDOW: u32 = 4096;

/// A request whose answer is read no further than its head.
#[derive(Debug)]
pub struct Unread {
    stream: TcpStream,
    head: String,
}

impl Unread {
    /// Asks for a path with a token, and reads the head of the answer.
    ///
    /// # Panics
    /// When the server does not take the connection.
    pub async fn ask(address: SocketAddr, token: &str, path: &str) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(WINDOW).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = timeout(PATIENCE, head(&mut stream)).await.unwrap_or_default();
        Self { stream, head }
    }

    /// The status of the answer; 0 when there was none.
    #[must_use]
    pub fn status(&self) -> u16 {
        crate::raw::status(&self.head)
    }

    /// The head of the answer.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Reads the rest of the answer, so many bytes at a time after a pause each, and gives it as it came. The request must
    /// have asked for the end of the connection.
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

    /// Goes on reading so many bytes at a time, with a pause after each.
    #[must_use]
    pub fn slowly(mut self, bytes: usize, pause: Duration) -> Slow {
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            let mut buffer = vec![0; bytes];
            while self.stream.read_exact(&mut buffer).await.is_ok() {
                sleep(pause).await;
            }
            // What is left of a shorter rest is not read, and the connection stays.
            std::future::pending::<()>().await;
        });
        Slow { head: self.head, _reading: reading }
    }
}

/// An answer that is being read slowly; the connection ends when this value goes.
#[derive(Debug)]
pub struct Slow {
    head: String,
    _reading: JoinSet<()>,
}

impl Slow {
    /// The status of the answer; 0 when there was none.
    #[must_use]
    pub fn status(&self) -> u16 {
        crate::raw::status(&self.head)
    }
}

/// Reads up to the empty line.
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
