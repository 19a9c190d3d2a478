//! Honest callers: each opens a connection, sends one request, and closes.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use deploytrack_tests::caller::Caller;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(10);
/// A good latency after an attack, and how many answers in a row must have it.
const WELL: Duration = Duration::from_millis(200);
const IN_A_ROW: usize = 10;

/// Callers that send requests until they are stopped, from another address than the attackers: one
/// for the health, one with a token for a list.
pub(crate) struct Others {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Vec<Result<Duration, String>>>>,
}

impl Others {
    pub(crate) fn observe(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ask = |question: String| {
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    latencies.push(latency(address, &question).await);
                    sleep(PAUSE).await;
                }
                latencies
            })
        };
        let tasks = questions().into_iter().map(ask).collect();
        Self { stop, tasks }
    }

    /// Stops the callers and returns their latencies.
    pub(crate) async fn latencies(self) -> Latencies {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for task in self.tasks {
            all.extend(task.await.unwrap());
        }
        let failures: Vec<_> = all
            .iter()
            .filter_map(|latency| latency.as_ref().err())
            .collect();
        if let Some(failure) = failures.first() {
            println!(
                "    {} questions without a good answer, the first one: {failure}",
                failures.len()
            );
        }
        let failed = failures.len();
        let mut sorted: Vec<_> = all
            .into_iter()
            .map(|latency| latency.unwrap_or(TIMEOUT))
            .collect();
        sorted.sort_unstable();
        Latencies { sorted, failed }
    }
}

fn questions() -> [String; 2] {
    let list = format!(
        "GET /api/v1/deployments HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n",
        Caller::reader_token()
    );
    ["GET /healthz HTTP/1.1\r\nHost: a\r\n".to_owned(), list]
        .map(|head| format!("{head}Connection: close\r\n\r\n"))
}

/// The latency of a request, or the reason why it got no good answer.
async fn latency(address: SocketAddr, question: &str) -> Result<Duration, String> {
    let started = Instant::now();
    let answer = async {
        let mut stream = TcpStream::connect(address)
            .await
            .map_err(|error| format!("no connection: {error}"))?;
        let mut answer = Vec::new();
        let written = stream.write_all(question.as_bytes()).await;
        let read = stream.read_to_end(&mut answer).await;
        if answer.starts_with(b"HTTP/1.1 200") {
            return Ok(());
        }
        Err(format!(
            "{written:?} {read:?} {}",
            String::from_utf8_lossy(&answer)
        ))
    };
    match timeout(TIMEOUT, answer).await {
        Ok(Ok(())) => Ok(started.elapsed()),
        Ok(Err(why)) => Err(format!("after {:?}: {why}", started.elapsed())),
        Err(_) => Err("timed out".into()),
    }
}

/// Sorted latencies.
pub(crate) struct Latencies {
    sorted: Vec<Duration>,
    failed: usize,
}

impl Latencies {
    pub(crate) fn p99(&self) -> Duration {
        let at = (self.sorted.len() * 99 / 100).min(self.sorted.len().saturating_sub(1));
        self.sorted.get(at).copied().unwrap_or_default()
    }

    /// The share without a good answer.
    pub(crate) fn failed(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "there are some thousands")]
        let share = self.failed as f64 / self.sorted.len().max(1) as f64;
        share
    }
}

/// Waits until requests are answered fast again.
///
/// # Panics
/// When they are not within `patience`.
pub(crate) async fn wait_until_well(address: SocketAddr, patience: Duration) {
    let well = async {
        let mut in_a_row = 0;
        while in_a_row < IN_A_ROW {
            for question in questions() {
                let fast = latency(address, &question)
                    .await
                    .is_ok_and(|latency| latency < WELL);
                in_a_row = if fast { in_a_row + 1 } else { 0 };
            }
        }
    };
    assert!(
        timeout(patience, well).await.is_ok(),
        "the server does not recover"
    );
}
