//! A reader of events that disconnects and resumes many times.

use std::time::Duration;

use deploytrack_tests::caller::Caller;
use fastrand::Rng;
use reqwest::Response;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::END;

/// How long to wait for the next event while there are writers.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Reader {
    servers: Vec<Caller>,
    random: Rng,
}

/// The events that a reader got, and its disconnections.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The data of the events. Their numbers start at 1 and have no gaps, so the last number is
    /// their count.
    pub(super) told: Vec<String>,
    /// How often it disconnected and connected again.
    pub(super) breaks: u64,
    /// How often it disconnected before the answer arrived.
    pub(super) hasty: u64,
}

impl Reader {
    pub(super) fn new(servers: Vec<Caller>) -> Self {
        Self {
            servers,
            random: Rng::new(),
        }
    }

    /// Reads from the first event to the last, and disconnects after each of these numbers of
    /// events.
    pub(super) async fn read(mut self, plan: Vec<usize>) -> Read {
        let mut read = Read::default();
        for seen in plan {
            self.connection(&mut read, Some(seen)).await;
            read.breaks += 1;
            sleep(Duration::from_millis(self.random.u64(..20))).await;
        }
        self.connection(&mut read, None).await;
        read
    }

    /// Reads over one connection up to this number of events, or to the last. Further bytes,
    /// perhaps a part of an event, are dropped with the connection.
    async fn connection(&mut self, read: &mut Read, until: Option<usize>) {
        if self.random.u8(..4) == 0 {
            let moment = Duration::from_micros(self.random.u64(..3000));
            read.hasty += u64::from(
                timeout(moment, self.connect(read.told.len()))
                    .await
                    .is_err(),
            );
        }
        let mut stream = Stream {
            response: self.connect(read.told.len()).await,
            bytes: Vec::new(),
        };
        while until.is_none_or(|until| read.told.len() < until) {
            let next = timeout(PATIENCE, stream.event(read.told.len())).await;
            let event = next.unwrap_or_else(|_| panic!("nothing came behind {}", read.told.len()));
            let end = until.is_none() && is_end(&event);
            read.told.push(event);
            if end {
                return;
            }
        }
    }

    async fn connect(&mut self, seen: usize) -> Response {
        let server = &self.servers[self.random.usize(..self.servers.len())];
        let request = match seen {
            0 => server.request("GET", "/api/v1/events?after=0"),
            seen => server
                .request("GET", "/api/v1/events")
                .header("last-event-id", seen),
        };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "behind {seen}");
        response
    }
}

fn is_end(event: &str) -> bool {
    event.contains(END)
        && serde_json::from_str::<Value>(event).unwrap()["deployment"]["version"] == END
}

struct Stream {
    response: Response,
    bytes: Vec<u8>,
}

impl Stream {
    /// The data of the next event; its number must follow the `seen` first ones.
    async fn event(&mut self, seen: usize) -> String {
        loop {
            let block = self.block().await;
            let field = |name: &str| {
                block
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            };
            let id = field("id").unwrap_or_else(|| panic!("a block without an id: {block}"));
            let (number, _) = id.split_once('@').unwrap();
            let id: usize = number.parse().unwrap();
            let Some(data) = field("data") else {
                assert_eq!(id, seen, "a position is that of the last event: {block}");
                continue;
            };
            assert_eq!(id, seen + 1, "each event once and in order: {block}");
            let event: Value = serde_json::from_str(data).unwrap();
            assert_eq!(
                (event["id"].as_u64(), event["type"].as_str()),
                (Some(id as u64), field("event")),
                "{block}"
            );
            return data.to_owned();
        }
    }

    /// The lines up to the next empty line.
    async fn block(&mut self) -> String {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
                let block = self.bytes.drain(..end + 2).take(end).collect();
                return String::from_utf8(block).unwrap();
            }
            let chunk = self
                .response
                .chunk()
                .await
                .unwrap()
                .unwrap_or_else(|| panic!("the server ended the stream"));
            self.bytes.extend_from_slice(&chunk);
        }
    }
}
