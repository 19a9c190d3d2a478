//! A disk that is filled and freed in rounds, under load.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    disk::SmallDisk,
    program::{Home, Process},
};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use crate::bench::{Bench, Kind};

const WRITERS: usize = 4;
/// More bytes than all rounds write.
const DISK: u64 = 192 * 1024 * 1024;
/// The time within which writes must work again.
const AGAIN: Duration = Duration::from_secs(5);
/// How long it may take until writes fail on a full disk: the write-ahead log has allocated space.
const SHOWN: Duration = Duration::from_mins(1);

pub(crate) async fn run(bench: Bench) -> String {
    let Some((scarcity, database)) = scarce(bench.kind).await else {
        return "left out: no file system can be mounted here, and PostgreSQL has no other limit"
            .into();
    };
    let home = Home::new().with("DEPLOYTRACK_LOG_LEVEL", "off");
    let mut server = Process::server(&home, database.url());
    let (mut acknowledged, mut tally, mut slowest) = (Vec::new(), (0, 0), Duration::ZERO);
    for round in 1..=bench.rounds {
        let load = Load::start(&server, round);
        sleep(Duration::from_millis(fastrand::u64(50..200))).await;
        scarcity.begin(&server);
        load.wait_for_refusals().await;
        wait_for_readiness(&server, 503, AGAIN).await;
        sleep(Duration::from_millis(fastrand::u64(50..400))).await;
        if round % 4 == 0 {
            server.kill();
        }
        scarcity.end(&server);
        let freed = Instant::now();
        if round % 4 == 0 {
            server = Process::server(&home, database.url());
        }
        write_again(&server, freed).await;
        slowest = slowest.max(freed.elapsed());
        wait_for_readiness(&server, 200, AGAIN).await;
        acknowledged.extend(load.stop(&mut tally).await);
    }
    assert_eq!(server.terminate().0, 0, "a clean end");
    let found = all_is_there(&database, &acknowledged).await;
    if !database.is_sqlite() {
        database.leave().await;
    }
    let (refused, read) = tally;
    format!(
        "{} fills of {}, {} acknowledged writes, none lost, {refused} refused with 503, {read} reads answered, writing again within \
         {slowest:.2?}; {found}",
        bench.rounds,
        scarcity.name(),
        acknowledged.len(),
    )
}

/// The resource that runs out.
enum Scarcity {
    /// The space on a disk.
    Disk(SmallDisk),
    /// The file size limit of the process; the file with this path must not grow.
    FileSize(PathBuf),
}

/// A database and the resource that runs out.
async fn scarce(kind: Kind) -> Option<(Scarcity, Database)> {
    match (SmallDisk::mount(DISK), kind) {
        (Some(disk), Kind::Sqlite) => {
            let database = Database::sqlite_at(&disk.path().join("deploytrack.db"));
            Some((Scarcity::Disk(disk), database))
        }
        (Some(disk), Kind::Postgres) => {
            let database = Database::postgres().await?;
            database.move_to(&disk).await;
            Some((Scarcity::Disk(disk), database))
        }
        (None, Kind::Sqlite) => {
            println!(
                "  no file system can be mounted here: a limit on the size of files takes the place of the small disk"
            );
            let database = Database::sqlite();
            let log = format!("{}-wal", database.file().display());
            Some((Scarcity::FileSize(log.into()), database))
        }
        (None, Kind::Postgres) => None,
    }
}

impl Scarcity {
    const fn name(&self) -> &'static str {
        match self {
            Self::Disk(_) => "a disk",
            Self::FileSize(_) => "a file size limit",
        }
    }

    fn begin(&self, server: &Process) {
        match self {
            Self::Disk(disk) => disk.fill(),
            Self::FileSize(log) => limit(
                server,
                &std::fs::metadata(log)
                    .map_or(0, |log| log.len())
                    .to_string(),
            ),
        }
    }

    fn end(&self, server: &Process) {
        match self {
            Self::Disk(disk) => disk.free(),
            Self::FileSize(_) => limit(server, "unlimited"),
        }
    }
}

/// Sets the file size limit of a process. A killed process has none.
fn limit(server: &Process, bytes: &str) {
    let set = Command::new("prlimit")
        .args([
            "--pid",
            &server.id().to_string(),
            &format!("--fsize={bytes}:"),
        ])
        .output();
    set.expect("prlimit is installed");
}

/// Callers that write and read until they are stopped.
struct Load {
    writers: JoinSet<Vec<String>>,
    readers: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    refused: AtomicU64,
    read: AtomicU64,
}

impl Load {
    fn start(server: &Process, round: u64) -> Self {
        let shared = Arc::<Shared>::default();
        let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
        for writer in 0..WRITERS {
            writers.spawn(write(
                Caller::admin(server.url()),
                format!("{round}.{writer}"),
                shared.clone(),
            ));
        }
        for path in ["/api/v1/deployments", "/api/v1/deployments/matrix"] {
            readers.spawn(read(Caller::reader(server.url()), path, shared.clone()));
        }
        Self {
            writers,
            readers,
            shared,
        }
    }

    async fn wait_for_refusals(&self) {
        let start = Instant::now();
        while self.shared.refused.load(Ordering::Relaxed) < 2 * WRITERS as u64 {
            assert!(
                start.elapsed() < SHOWN,
                "no write is refused on a full disk"
            );
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops the callers and returns the acknowledged ids.
    async fn stop(self, (refused, read): &mut (u64, u64)) -> Vec<String> {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let acknowledged = self.writers.join_all().await.concat();
        self.readers.join_all().await;
        *refused += self.shared.refused.load(Ordering::Relaxed);
        *read += self.shared.read.load(Ordering::Relaxed);
        acknowledged
    }
}

async fn write(admin: Caller, name: String, shared: Arc<Shared>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if shared.stopped.load(Ordering::Relaxed) {
            break;
        }
        let body = json!({
            "component": "api", "environment": "production", "version": format!("v{name}.{number}"), "status": "succeeded",
            "description": "x".repeat(fastrand::usize(0..1500)),
        });
        // The server was killed.
        let Ok(answer) = admin
            .request("POST", "/api/v1/deployments")
            .json(&body)
            .send()
            .await
        else {
            break;
        };
        match answer.status().as_u16() {
            201 => {
                let deployment: Value = answer.json().await.unwrap();
                acknowledged.push(deployment["id"].as_str().unwrap().to_owned());
            }
            503 => {
                assert!(
                    answer.headers().contains_key("retry-after"),
                    "a refusal says when to come back"
                );
                shared.refused.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(20)).await;
            }
            other => panic!("{other}: {}", answer.text().await.unwrap()),
        }
    }
    acknowledged
}

async fn read(reader: Caller, path: &str, shared: Arc<Shared>) {
    while !shared.stopped.load(Ordering::Relaxed) {
        let Ok(answer) = reader.request("GET", path).send().await else {
            break;
        };
        assert_eq!(answer.status(), 200, "reads go on: {path}");
        shared.read.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(5)).await;
    }
}

async fn wait_for_readiness(server: &Process, status: u16, patience: Duration) {
    let (start, anybody) = (Instant::now(), Caller::anonymous(server.url()));
    while anybody.get("/readyz").await.status != status {
        assert!(
            start.elapsed() < patience,
            "/readyz does not answer {status}"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// Writes until a write is acknowledged.
async fn write_again(server: &Process, freed: Instant) {
    let admin = Caller::admin(server.url());
    let body = json!({"component": "web", "environment": "production", "version": "again", "status": "succeeded"});
    while admin.post("/api/v1/deployments", &body).await.status != 201 {
        assert!(
            freed.elapsed() < AGAIN,
            "a write is refused although there is room"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// Reads every acknowledged deployment; on SQLite from a copy of only the database file, as in a
/// backup.
async fn all_is_there(database: &Database, acknowledged: &[String]) -> String {
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy.db");
    let alone = database.is_sqlite().then(|| {
        assert!(
            !beside(database.file(), "-wal").exists() && !beside(database.file(), "-shm").exists(),
            "a clean end leaves one file"
        );
        std::fs::copy(database.file(), &copy).unwrap();
        Database::sqlite_at(&copy)
    });
    let database = alone.as_ref().unwrap_or(database);
    let tracker = database.tracker().await;
    for id in acknowledged {
        tracker
            .deployment(id.parse().unwrap())
            .await
            .expect("an acknowledged write is there");
    }
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    if database.is_sqlite() {
        assert_eq!(database.text("pragma integrity_check").await, "ok");
    }
    found.to_string()
}

fn beside(database: &Path, end: &str) -> PathBuf {
    format!("{}{end}", database.display()).into()
}
