//! `PostgreSQL` restarts under load: nothing acknowledged is lost, and requests work again at once.

use std::time::{Duration, Instant};

use deploytrack_core::{store::Store, tracker::Tracker};
use deploytrack_tests::{
    postgres::{Cluster, Stop},
    program::{Home, Process},
};
use tokio::time::sleep;

use crate::{
    bench::{Bench, Kind},
    load::{self, Load},
};

/// The time after which no request may fail any more, from when `PostgreSQL` accepts connections.
const AGAIN: Duration = Duration::from_secs(2);

pub(crate) async fn run(bench: Bench) -> String {
    if bench.kind == Kind::Sqlite {
        return "left out: SQLite has no server".into();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::kept(folder.path(), &[]);
    let url = cluster.url().replace("{}", "postgres");
    let home = Home::new().with("DEPLOYTRACK_LOG_LEVEL", "off");
    let servers: Vec<_> = (0..bench.kind.servers())
        .map(|_| Process::server(&home, &url))
        .collect();
    let urls: Vec<_> = servers
        .iter()
        .map(|server| server.url().to_owned())
        .collect();
    let load = Load::start(&urls, "r");
    let stops = [Stop::Fast, Stop::Immediate, Stop::Kill];
    let (mut slowest, mut longest) = (Duration::ZERO, Duration::ZERO);
    for stop in stops
        .iter()
        .cycle()
        .take(usize::try_from(bench.rounds).unwrap())
    {
        load.wait_for_writes(20).await;
        sleep(Duration::from_millis(fastrand::u64(0..300))).await;
        let stopped = Instant::now();
        cluster.restart(*stop);
        let returned = Instant::now();
        longest = longest.max(returned - stopped);
        sleep(AGAIN + Duration::from_millis(500)).await;
        if let Some((at, why)) = load.last_failure() {
            let late = at.saturating_duration_since(returned);
            assert!(late <= AGAIN, "{late:?} after the return ({stop:?}): {why}");
            slowest = slowest.max(late);
        }
    }
    let done = load.stop().await;
    for server in servers {
        assert_eq!(server.terminate().0, 0, "a clean end");
    }
    let tracker = Tracker::new(Store::open(&url).await.unwrap());
    let found = load::check(&tracker, &done.acknowledged).await;
    tracker.close().await;
    format!(
        "{} restarts of at most {longest:.1?}, {} acknowledged writes, none lost, {} reads, {} requests failed, the last one \
         {slowest:.2?} after the return; {found}",
        bench.rounds,
        done.acknowledged.len(),
        done.read,
        done.failures.len()
    )
}
