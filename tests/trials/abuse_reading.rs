//! What one reader's token can take from a server, and from the others who use it meanwhile.

use std::{
    fmt, fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    many::Many,
    program::{Home, Process},
    slow::Unread,
};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

use crate::bench::Bench;

/// How many connections a round has.
const CONNECTIONS: u64 = 100;
/// How long the others are watched before the abuse, and during it.
const CALM: Duration = Duration::from_secs(3);
const ABUSE: Duration = Duration::from_secs(15);
/// How long it takes at most until a server is well again.
const PATIENCE: Duration = Duration::from_mins(2);
/// How many quick answers in a row make a server well.
const WELL: usize = 20;
/// The most memory that a server may need, whatever one reader does.
const MOST_MEMORY: u64 = 200 * 1024 * 1024;

/// A line of the table of abuse.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What was done.
    pub(crate) name: &'static str,
    /// The most memory that the server had, in bytes.
    pub(crate) peak: u64,
    /// The 99th percentile of the time that the others waited for an answer, before and meanwhile.
    pub(crate) calm: Duration,
    pub(crate) others: Duration,
    /// The longest that one of the others waited meanwhile.
    pub(crate) slowest: Duration,
    /// How many of the others were not answered with 200.
    pub(crate) refused: usize,
    /// How long it took after the end of the abuse until the others were answered as before.
    pub(crate) well: Duration,
    /// What the abuse came to.
    pub(crate) note: String,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, peak, calm, others, slowest, refused, well, note } = self;
        let megabytes = peak / 1024 / 1024;
        write!(
            f,
            "{name:24} {megabytes:6} MB  others' p99 {calm:9.1?} before, {others:9.1?} meanwhile, {slowest:9.1?} the slowest, {refused} refused  well after {well:9.1?}  {note}"
        )
    }
}

pub(crate) async fn run(bench: Bench) -> String {
    let rows = [slow_exports(bench).await, distinct_questions(bench).await, streams_of_one_subject(bench).await];
    for row in &rows {
        println!("  {row}");
        assert!(row.peak <= MOST_MEMORY && row.refused == 0, "{row}");
    }
    format!("{} rows", rows.len())
}

/// Exports of large rows, of each of which a byte a second is read.
pub(crate) async fn slow_exports(bench: Bench) -> Row {
    let abused = Abused::start(bench, Many::large(1000)).await;
    abused
        .watch("slow exports", async |server| {
            let token = Caller::token_of("abuser");
            let asked: JoinSet<_> = (0..bench.rounds * CONNECTIONS).map(|_| unread(server, &token, "/api/v1/deployments/export")).collect();
            let exports = asked.join_all().await;
            let begun = exports.iter().filter(|export| export.status() == 200).count();
            let note = format!("{begun} of {} begun", exports.len());
            let slow: Vec<_> = exports.into_iter().map(|export| export.slowly(1, Duration::from_secs(1))).collect();
            sleep(ABUSE).await;
            drop(slow);
            note
        })
        .await
}

/// Questions about one component of 25,000 in eight environments, each another one, and now and then about all of them.
pub(crate) async fn distinct_questions(bench: Bench) -> Row {
    let abused = Abused::start(bench, Many::cells(25_000, 8)).await;
    abused
        .watch("distinct questions", async |server| {
            let (end, mut askers) = (Instant::now() + ABUSE, JoinSet::new());
            for asker in 0..8 * bench.rounds {
                let caller = Caller::named(server.url(), "abuser");
                askers.spawn(async move {
                    let (mut answered, mut refused, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
                    for number in 1.. {
                        if Instant::now() > end {
                            break;
                        }
                        let component = (number * 97 + asker * 3001) % 25_000 + 1;
                        let (start, of_one) = (Instant::now(), number % 100 != 0);
                        let filter = if of_one {
                            format!("component=component-{component:06}")
                        } else {
                            format!("environment=environment-000{}", asker % 8 + 1)
                        };
                        match caller.get(&format!("/api/v1/deployments/matrix?{filter}")).await.status {
                            200 => answered += 1,
                            429 | 503 => refused += 1,
                            other => panic!("{other}"),
                        }
                        slowest = if of_one { slowest.max(start.elapsed()) } else { slowest };
                    }
                    (answered, refused, slowest)
                });
            }
            let all = askers.join_all().await;
            let sum = |part: fn(&(u64, u64, Duration)) -> u64| all.iter().map(part).sum::<u64>();
            let slowest = all.iter().map(|(.., slowest)| *slowest).max().unwrap_or_default();
            format!("{} answered, {} refused, the slowest about one component {slowest:.1?}", sum(|one| one.0), sum(|one| one.1))
        })
        .await
}

/// Readers of events from the first on, who want what there is none of, all with one subject's token.
pub(crate) async fn streams_of_one_subject(bench: Bench) -> Row {
    let abused = Abused::start(bench, Many { deployments: 100, ..Many::cells(100, 8) }).await;
    abused
        .watch("streams of one subject", async |server| {
            let token = Caller::token_of("abuser");
            let asked: JoinSet<_> =
                (0..bench.rounds * CONNECTIONS).map(|_| unread(server, &token, "/api/v1/events?after=0&component=nothing")).collect();
            let streams = asked.join_all().await;
            let begun = streams.iter().filter(|stream| stream.status() == 200).count();
            let other = unread(server, &Caller::token_of("other"), "/api/v1/events").await;
            assert_eq!(other.status(), 200, "another subject finds a place: {}", other.head());
            sleep(ABUSE).await;
            format!("{begun} of {} begun", streams.len())
        })
        .await
}

/// Asks for a path over a connection of its own.
fn unread(server: &Process, token: &str, path: &'static str) -> impl Future<Output = Unread> + Send + 'static {
    let (address, token) = (server.url().trim_start_matches("http://").parse().unwrap(), token.to_owned());
    async move { Unread::ask(address, &token, path).await }
}

/// A server that is to be abused.
struct Abused {
    server: Process,
    _database: Database,
}

impl Abused {
    async fn start(bench: Bench, many: Many) -> Self {
        let database = bench.kind.database().await;
        many.record(&database).await;
        Self { server: Process::server(&Home::new(), database.url()), _database: database }
    }

    /// Watches the others before, during and after an abuse.
    async fn watch(self, name: &'static str, abuse: impl AsyncFnOnce(&Process) -> String) -> Row {
        let others = Others::at(&self.server);
        sleep(CALM).await;
        let (calm, ..) = others.end().await;
        let others = Others::at(&self.server);
        let note = abuse(&self.server).await;
        let (meanwhile, slowest, refused) = others.end().await;
        let well = well_after(&self.server, 2 * calm).await;
        Row { name, peak: peak(&self.server), calm, others: meanwhile, slowest, refused, well, note }
    }
}

/// The most memory that a process had, in bytes.
fn peak(server: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
}

/// Asks a small question, and gives how long the answer took and whether it was one.
async fn ask(caller: &Caller, number: usize) -> (Duration, bool) {
    let path = ["/api/v1/deployments?take=1", "/api/v1/environments?take=5", "/healthz"][number % 3];
    let start = Instant::now();
    let answer = timeout(PATIENCE, caller.request("GET", path).send()).await;
    (start.elapsed(), answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status() == 200)))
}

/// How long it takes until the others are answered in this time again.
async fn well_after(server: &Process, quick: Duration) -> Duration {
    let (start, caller, mut row) = (Instant::now(), Caller::named(server.url(), "other"), 0);
    let mut last = Instant::now();
    for number in 0.. {
        let (time, answered) = ask(&caller, number).await;
        row = if answered && time <= quick.max(Duration::from_millis(5)) { row + 1 } else { 0 };
        if row == 0 {
            last = Instant::now();
        }
        if row == WELL || start.elapsed() > PATIENCE {
            break;
        }
    }
    last - start
}

/// Somebody else, who asks small questions one after the other.
struct Others {
    ended: Arc<AtomicBool>,
    asking: JoinHandle<Vec<(Duration, bool)>>,
}

impl Others {
    fn at(server: &Process) -> Self {
        let (ended, caller) = (Arc::new(AtomicBool::new(false)), Caller::named(server.url(), "other"));
        let asking = tokio::spawn({
            let ended = ended.clone();
            async move {
                let mut times = Vec::new();
                while !ended.load(Ordering::Relaxed) {
                    times.push(ask(&caller, times.len()).await);
                    sleep(Duration::from_millis(5)).await;
                }
                times
            }
        });
        Self { ended, asking }
    }

    /// The 99th percentile of the times, the longest, and how many had no answer.
    async fn end(self) -> (Duration, Duration, usize) {
        self.ended.store(true, Ordering::Relaxed);
        let mut times = self.asking.await.unwrap();
        times.sort_unstable();
        let last = times.len() - 1;
        (times[last * 99 / 100].0, times[last].0, times.iter().filter(|(_, answered)| !answered).count())
    }
}
