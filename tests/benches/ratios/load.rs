//! A small HTTP client with a persistent connection, and a load of many of them. It does as little
//! work as possible, since it runs on the cores that it measures.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Runtime,
    task::JoinSet,
};

/// A source of requests, as the bytes on the wire.
pub(crate) type Source = Arc<dyn Fn() -> Bytes + Send + Sync>;

/// The size of one read of an answer, in bytes.
const BUFFER: usize = 256 * 1024;

/// A source that repeats one request.
pub(crate) fn always(request: Bytes) -> Source {
    Arc::new(move || request.clone())
}

/// A source that chooses from these requests at random.
pub(crate) fn any_of(requests: Vec<Bytes>) -> Source {
    Arc::new(move || requests[fastrand::usize(..requests.len())].clone())
}

/// A source that creates each request from its number, from 0 on.
pub(crate) fn numbered(make: impl Fn(u64) -> Bytes + Send + Sync + 'static) -> Source {
    let next = AtomicU64::new(0);
    Arc::new(move || make(next.fetch_add(1, Ordering::Relaxed)))
}

/// The requests to a server, and the expected status.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: String,
    pub(crate) connections: usize,
    pub(crate) status: u16,
    pub(crate) source: Source,
}

impl Load {
    /// The number of answered requests per second, measured over `time` after `warm`. When it is
    /// less than one for each connection, all answers and their whole time count.
    pub(crate) fn rate(&self, runtime: &Runtime, warm: Duration, time: Duration) -> f64 {
        runtime.block_on(async {
            let (start, mut callers) = (Instant::now(), JoinSet::new());
            let from = start + warm;
            for _ in 0..self.connections {
                callers.spawn(caller(self.clone(), from, from + time));
            }
            let each = callers.join_all().await;
            let (counted, all): (u32, u32) = (
                each.iter().map(|answered| answered.0).sum(),
                each.iter().map(|answered| answered.1).sum(),
            );
            if each.iter().all(|answered| answered.0 > 0) {
                f64::from(counted) / time.as_secs_f64()
            } else {
                f64::from(all) / start.elapsed().as_secs_f64()
            }
        })
    }
}

/// Sends requests until the end. Returns the number of answers in the measured time, and of all
/// answers.
async fn caller(load: Load, from: Instant, until: Instant) -> (u32, u32) {
    let (mut connection, mut counted, mut all) = (Connection::open(&load.address).await, 0, 0);
    loop {
        let request = (load.source)();
        let head = connection.ask(&request).await;
        assert!(
            head.status == load.status,
            "{} was expected of\n\n{}",
            load.status,
            connection.told(&request, head)
        );
        let now = Instant::now();
        all += 1;
        if now >= until {
            return (counted, all);
        }
        counted += u32::from(now >= from);
    }
}

/// The parts of the head of an answer that determine its length.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    status: u16,
    /// The length of the head, with the empty line.
    bytes: usize,
    /// The length of the body; `None` for a chunked one.
    body: Option<usize>,
    /// The length of the whole answer.
    whole: usize,
}

impl Head {
    /// Whether an answer is complete, after this many bytes and with this end of a chunked body.
    fn ends(self, read: usize, chunks: &[u8]) -> bool {
        self.body.map_or_else(
            || chunks.ends_with(b"0\r\n\r\n"),
            |body| read == self.bytes + body,
        )
    }
}

/// A connection to a server.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the server takes connections");
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: vec![0; BUFFER],
        }
    }

    /// Sends a request, reads its answer and returns the head.
    async fn ask(&mut self, request: &[u8]) -> Head {
        self.stream
            .write_all(request)
            .await
            .expect("the server takes the request");
        let (head, mut read) = self.head().await;
        // Only a chunked body must be searched for its end.
        let mut end = if head.body.is_none() {
            self.buffer[head.bytes..read].to_vec()
        } else {
            Vec::new()
        };
        while !head.ends(read, &end) {
            // Keeps the beginning of the answer, for the message about an unexpected one.
            let at = if read < BUFFER / 2 { read } else { BUFFER / 2 };
            let more = self.read(at).await;
            read += more;
            if head.body.is_none() {
                end.extend_from_slice(&self.buffer[at..at + more]);
            }
        }
        Head {
            whole: read,
            ..head
        }
    }

    /// Sends a request and returns the whole answer: head and body.
    pub(crate) async fn fetch(&mut self, request: &[u8]) -> (String, Vec<u8>) {
        self.stream
            .write_all(request)
            .await
            .expect("the server takes the request");
        let (head, mut read) = self.head().await;
        let text = String::from_utf8_lossy(&self.buffer[..head.bytes]).into_owned();
        let mut body = self.buffer[head.bytes..read].to_vec();
        while !head.ends(read, &body) {
            let more = self.read(0).await;
            read += more;
            body.extend_from_slice(&self.buffer[..more]);
        }
        (
            text,
            if head.body.is_none() {
                joined(&body)
            } else {
                body
            },
        )
    }

    /// Reads until the head is complete. Returns it and the number of bytes read.
    async fn head(&mut self) -> (Head, usize) {
        let mut read = 0;
        loop {
            read += self.read(read).await;
            if let Some(head) = parsed(&self.buffer[..read]) {
                return (head, read);
            }
        }
    }

    async fn read(&mut self, at: usize) -> usize {
        let read = self
            .stream
            .read(&mut self.buffer[at..])
            .await
            .expect("the server answers");
        assert_ne!(
            read, 0,
            "the server closed the connection in the middle of an answer"
        );
        read
    }

    /// A request without its token, and the beginning of the last answer, for error messages.
    fn told(&self, request: &[u8], head: Head) -> String {
        let request = String::from_utf8_lossy(request);
        let request = request
            .lines()
            .filter(|line| !line.starts_with("authorization"))
            .collect::<Vec<_>>()
            .join("\n");
        let answer = String::from_utf8_lossy(&self.buffer[..head.whole.min(4096)]);
        format!("{request}\n\nbut the answer is\n\n{answer}")
    }
}

/// The head at the beginning of these bytes, if it is complete.
fn parsed(bytes: &[u8]) -> Option<Head> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let status = std::str::from_utf8(&bytes[9..12]).ok()?.parse().ok()?;
    let body = if matches!(status, 204 | 304) {
        Some(0)
    } else {
        content_length(&bytes[..end])
    };
    Some(Head {
        status,
        bytes: end + 4,
        body,
        whole: 0,
    })
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.find(|line| {
        line.get(..NAME.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
    })?;
    std::str::from_utf8(&line[NAME.len()..])
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Decodes a chunked body.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") {
        let length =
            usize::from_str_radix(std::str::from_utf8(&chunks[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&chunks[end + 2..end + 2 + length]);
        chunks = &chunks[(end + 4 + length).min(chunks.len())..];
    }
    body
}
