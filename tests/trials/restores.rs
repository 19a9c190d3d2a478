//! Backups during concurrent writes, and restores that are killed: every backup verifies and has all
//! writes that were acknowledged before it began; after every kill the old or the restored database
//! is in place, whole.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    program::{Home, Process, on_path},
};
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::bench::{Bench, Kind};

const WRITERS: usize = 3;
const BACKUPS: usize = 2;
/// How many restores of a round are killed at random moments.
const KILLS: u64 = 6;
/// The system calls at which restores of the first round are killed, as strace names them on
/// different processors.
const CALLS: [&str; 4] = [
    "?rename,?renameat,?renameat2",
    "linkat",
    "?unlink,?unlinkat",
    "fsync",
];
/// More than a restore makes of any of them.
const MOST_CALLS: u32 = 100;

pub(crate) async fn run(bench: Bench) -> String {
    if bench.kind == Kind::Postgres {
        return "left out: PostgreSQL has its own programs".to_owned();
    }
    let (mut random, mut summary) = (Rng::with_seed(fastrand::u64(..)), Summary::default());
    for round in 0..bench.rounds {
        let world = World::new();
        let backups = world.back_up_during_writes(&mut summary).await;
        let newest = world.count(world.database.url());
        for (backup, acknowledged) in &backups {
            let copy = world.copy_of(backup);
            let count = world.count(&copy);
            assert!(
                *acknowledged <= count && count <= newest,
                "{acknowledged} {count} {newest}"
            );
        }
        let whole = world.restore_whole(&backups[0].0, &mut summary);
        for _ in 0..KILLS {
            // The decision falls near the end.
            let part = if random.bool() {
                random.f64()
            } else {
                0.85 + random.f64() * 0.2
            };
            let after = whole.mul_f64(part);
            world
                .restore_killed(&backups[0].0, after, &mut summary)
                .await;
        }
        if round == 0 && on_path("strace").is_some() {
            for calls in CALLS {
                world.restore_killed_at(calls, &backups[0].0, &mut summary);
            }
        }
    }
    summary.to_string()
}

/// What happened.
#[derive(Debug, Default)]
struct Summary {
    backups: u64,
    writes: u64,
    /// The longest time that a write took.
    longest_wait: Duration,
    /// How many restores were killed at a system call.
    calls: u64,
    kept: u64,
    restored: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} backups during {} writes (longest wait {:.0?}), all whole; restores cut short, {} of them at a system call: {} left the old \
             database in place, {} the restored one",
            self.backups, self.writes, self.longest_wait, self.calls, self.kept, self.restored
        )
    }
}

/// A database with its folder, and a home for backups.
struct World {
    database: Database,
    home: Home,
}

impl World {
    fn new() -> Self {
        Self {
            database: Database::sqlite(),
            home: Home::new(),
        }
    }

    /// Makes backups while writers write. Returns each with the number of deployments that were
    /// acknowledged before it began.
    async fn back_up_during_writes(&self, summary: &mut Summary) -> Vec<(PathBuf, u64)> {
        let server = Process::server(&Home::new(), self.database.url());
        let acknowledged = Arc::new(AtomicU64::new(0));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write(
                Caller::admin(server.url()),
                writer,
                acknowledged.clone(),
            ));
        }
        let mut backups = Vec::new();
        for number in 0..BACKUPS {
            sleep(Duration::from_millis(fastrand::u64(100..400))).await;
            let before = acknowledged.load(Ordering::SeqCst);
            let path = self.home.path().join(format!("{number}.db"));
            let (run, target) = (self.command(&["backup", "--to"]), path.clone());
            let made = tokio::task::spawn_blocking(move || {
                let mut run = run;
                run.arg(target).output().unwrap()
            });
            let made = made.await.unwrap();
            assert!(made.status.success(), "{made:?}");
            backups.push((path, before));
            summary.backups += 1;
        }
        sleep(Duration::from_millis(200)).await;
        let (code, _) = tokio::task::spawn_blocking(|| server.terminate())
            .await
            .unwrap();
        assert_eq!(code, 0);
        for waited in writers.join_all().await {
            summary.longest_wait = summary.longest_wait.max(waited);
        }
        summary.writes += acknowledged.load(Ordering::SeqCst);
        backups
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command("deploytrack-server", args);
        command
            .env("DEPLOYTRACK_DATABASE_URL", self.database.url())
            .env("RUST_LOG", "error");
        command
    }

    /// The URL of a copy of a backup, which a verification may change.
    fn copy_of(&self, backup: &Path) -> String {
        let copy = self.home.path().join("copy.db");
        fs::copy(backup, &copy).unwrap();
        format!("sqlite:{}", copy.display())
    }

    /// The number of deployments of a database, which must verify.
    fn count(&self, url: &str) -> u64 {
        let run = self
            .home
            .deploytrack_server(&["verify", "--database-url", url]);
        let verified = run.done();
        assert!(verified.contains("all agree"), "{verified}");
        verified.split(' ').next().unwrap().parse().unwrap()
    }

    /// Restores a backup and puts the old database back. Returns the time that it takes.
    fn restore_whole(&self, backup: &Path, summary: &mut Summary) -> Duration {
        let (old, of_backup) = (
            self.count(self.database.url()),
            self.count(&self.copy_of(backup)),
        );
        let start = Instant::now();
        let output = self.command(&["restore"]).arg(backup).output().unwrap();
        let took = start.elapsed();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(self.count(self.database.url()), of_backup);
        self.put_back(old);
        summary.restored += 1;
        took
    }

    /// Restores a backup, and kills the restore after this time.
    async fn restore_killed(&self, backup: &Path, after: Duration, summary: &mut Summary) {
        let (old, of_backup) = (
            self.count(self.database.url()),
            self.count(&self.copy_of(backup)),
        );
        let mut command = self.command(&["restore"]);
        command
            .arg(backup)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut restore = tokio::process::Command::from(command).spawn().unwrap();
        if timeout(after, restore.wait()).await.is_err() {
            restore.kill().await.unwrap();
        }
        self.check(old, of_backup, summary);
    }

    /// Restores a backup, and kills the restore at the first of these system calls, then at the
    /// second, and so on.
    fn restore_killed_at(&self, calls: &str, backup: &Path, summary: &mut Summary) {
        let (old, of_backup) = (
            self.count(self.database.url()),
            self.count(&self.copy_of(backup)),
        );
        for number in 1..MOST_CALLS {
            let restore = self.command(&["restore"]);
            let mut strace = Command::new("strace");
            strace
                .args([
                    "-f",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "-e",
                    &format!("trace={calls}"),
                    "-e",
                ])
                .arg(format!("inject={calls}:signal=KILL:when={number}"))
                .arg(restore.get_program())
                .args(restore.get_args())
                .arg(backup)
                .current_dir(self.home.path())
                .env_clear();
            strace.envs(
                restore
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            let ended = strace.output().unwrap();
            summary.calls += 1;
            self.check(old, of_backup, summary);
            // strace ends as its program does.
            if ended.status.signal().is_none() {
                assert!(ended.status.success(), "{ended:?}");
                return;
            }
        }
        panic!("a restore makes more than {MOST_CALLS} calls of {calls}");
    }

    /// Checks which database is in place after a restore that was killed, and puts back the old one.
    fn check(&self, old: u64, of_backup: u64, summary: &mut Summary) {
        let now = self.count(self.database.url());
        assert!(
            now == old || now == of_backup,
            "{now} is neither {old} nor {of_backup}"
        );
        if now == old {
            summary.kept += 1;
        } else {
            summary.restored += 1;
            self.put_back(old);
        }
    }

    /// Restores the database that was set aside, and checks its number of deployments.
    fn put_back(&self, old: u64) {
        let former = |end: &str| {
            let mut path = self.database.file().as_os_str().to_owned();
            path.push(end);
            PathBuf::from(path)
        };
        let output = self
            .command(&["restore"])
            .arg(former(".before-restore"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        for end in [".before-restore", ".before-restore-2"] {
            fs::remove_file(former(end)).unwrap();
        }
        assert_eq!(self.count(self.database.url()), old);
    }
}

/// Writes until the server ends. Returns the longest time that a write took.
async fn write(admin: Caller, writer: usize, acknowledged: Arc<AtomicU64>) -> Duration {
    let mut longest = Duration::ZERO;
    for number in 0.. {
        let body = json!({"component": format!("c{writer}"), "environment": "production", "version": format!("v{number}"), "status": "succeeded"});
        let start = Instant::now();
        let Ok(answer) = admin
            .request("POST", "/api/v1/deployments")
            .json(&body)
            .send()
            .await
        else {
            break;
        };
        if answer.status() == 503 {
            break;
        }
        assert_eq!(answer.status(), 201);
        if answer.json::<Value>().await.is_err() {
            break;
        }
        longest = longest.max(start.elapsed());
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
    longest
}
