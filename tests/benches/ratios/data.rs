//! The data sets: deployments of 1,000 components to 8 environments over some years, created by the
//! import of the core and kept between runs.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    fs::{self, File},
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Instant,
};

use chrono::TimeDelta;
use deploytrack_core::{
    api::ImportLine,
    clock::{Clock as _, ManualClock, SystemClock, Time},
    deployment::{Metadata, NewDeployment},
    status::Status,
    store::Store,
    text::{CommitSha, Label},
    tracker::Tracker,
};
use deploytrack_tests::postgres::Cluster;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Runtime;

use crate::settings::Kind;

/// The settings of PostgreSQL that differ from its defaults: the memory of a usual server.
pub(crate) const POSTGRES: [&str; 3] = [
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "max_connections=200",
];
/// The number of cells. The smallest data set fills the whole matrix.
const COMPONENTS: u64 = 1000;
const ENVIRONMENTS: [&str; 8] = [
    "development",
    "testing",
    "integration",
    "qa",
    "staging",
    "preproduction",
    "production",
    "recovery",
];
/// The number of lines in one import: the limit of an import over HTTP.
const BATCH: u64 = 1000;
const YEARS: i64 = 3;
/// Part of the names of data sets. Increase it when the generated data changes.
const GENERATION: u64 = 1;

/// The data sets of this machine, and the copies for this run.
pub(crate) struct Data {
    folder: PathBuf,
    scratch: PathBuf,
    /// Locked as long as this process lives.
    _alone: File,
    cluster: Option<Cluster>,
    copies: HashMap<(Kind, u64), String>,
    notes: Vec<String>,
}

impl Data {
    pub(crate) fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-data");
        fs::create_dir_all(&folder).unwrap();
        let alone = File::create(folder.join("lock")).unwrap();
        assert!(
            alone.try_lock().is_ok(),
            "another bench is running, and each would measure the other"
        );
        // Beside the data sets, where the file system can copy by reference. A killed run may have
        // left its folder.
        let scratch = folder.join("run");
        let _ = fs::remove_dir_all(&scratch);
        fs::create_dir(&scratch).unwrap();
        Self {
            folder,
            scratch,
            _alone: alone,
            cluster: None,
            copies: HashMap::new(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Remarks on the data for the reader of the table.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The URL of this run's copy of a data set.
    pub(crate) fn working_copy(&mut self, runtime: &Runtime, kind: Kind, rows: u64) -> String {
        if let Some(url) = self.copies.get(&(kind, rows)) {
            return url.clone();
        }
        let url = match kind {
            Kind::Sqlite => sqlite_url(&self.file(runtime, rows, &format!("{rows}.db"))),
            Kind::Postgres => runtime.block_on(self.postgres(rows)),
        };
        self.copies.insert((kind, rows), url.clone());
        url
    }

    /// A copy of a data set on SQLite, under a name in this run's folder.
    pub(crate) fn file(&self, runtime: &Runtime, rows: u64, name: &str) -> PathBuf {
        let (set, copy) = (
            runtime.block_on(self.sqlite(rows)),
            self.scratch().join(name),
        );
        let copied = Command::new("cp")
            .arg("--reflink=auto")
            .args([&set, &copy])
            .status()
            .unwrap();
        assert!(copied.success(), "the data set can be copied");
        copy
    }

    /// The file of a data set, created if need be.
    async fn sqlite(&self, rows: u64) -> PathBuf {
        let set = self.folder.join(format!("{}.db", name(Kind::Sqlite, rows)));
        if !set.exists() {
            let making = self.scratch().join("making.db");
            fill(&sqlite_url(&making), Kind::Sqlite, rows).await;
            fs::rename(making, &set).unwrap();
        }
        set
    }

    /// The URL of a copy of a data set, which is created if need be.
    async fn postgres(&mut self, rows: u64) -> String {
        let urls = self.cluster().url();
        let (url, set) = (
            |name: &str| urls.replace("{}", name),
            name(Kind::Postgres, rows),
        );
        let mut server = PgConnection::connect(&url("postgres")).await.unwrap();
        let known: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
            .bind(&set)
            .fetch_optional(&mut server)
            .await
            .unwrap();
        if known.is_none() {
            let making = format!("{set}_making");
            execute(&mut server, format!("drop database if exists {making}")).await;
            execute(&mut server, format!("create database {making}")).await;
            fill(&url(&making), Kind::Postgres, rows).await;
            let mut made = PgConnection::connect(&url(&making)).await.unwrap();
            execute(&mut made, "vacuum analyze".into()).await;
            made.close().await.unwrap();
            execute(
                &mut server,
                format!("alter database {making} rename to {set}"),
            )
            .await;
        }
        let copy = format!("working_{rows}");
        execute(
            &mut server,
            format!("drop database if exists {copy} with (force)"),
        )
        .await;
        // Since PostgreSQL 15, a copy is written to the log by default, which takes long.
        let version: i32 =
            sqlx::query_scalar("select current_setting('server_version_num')::integer")
                .fetch_one(&mut server)
                .await
                .unwrap();
        let strategy = if version >= 150_000 {
            "strategy file_copy"
        } else {
            ""
        };
        execute(
            &mut server,
            format!("create database {copy} template {set} {strategy}"),
        )
        .await;
        // Otherwise the checkpoint after a copy would run during the first rounds.
        execute(&mut server, "checkpoint".into()).await;
        url(&copy)
    }

    /// The cluster, started by the first call.
    fn cluster(&mut self) -> &Cluster {
        let (folder, notes) = (&self.folder, &mut self.notes);
        self.cluster.get_or_insert_with(|| {
            let (beside, elsewhere) = (
                folder.join("postgres"),
                std::env::temp_dir().join("deploytrack-bench-postgres"),
            );
            if Cluster::fits(&beside) {
                return Cluster::kept(&beside, &POSTGRES);
            }
            notes.push(format!(
                "PostgreSQL keeps its data sets in {}, since it cannot be run in {}",
                elsewhere.display(),
                beside.display()
            ));
            assert!(
                Cluster::fits(&elsewhere),
                "a cluster can be kept in {}",
                elsewhere.display()
            );
            Cluster::kept(&elsewhere, &POSTGRES)
        })
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

async fn execute(server: &mut PgConnection, sql: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(server)
        .await
        .unwrap();
}

/// The name of a data set. It depends on the schema and on the generator.
fn name(kind: Kind, rows: u64) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(kind.name().to_lowercase().replace("postgresql", "postgres"));
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut hash = DefaultHasher::new();
    GENERATION.hash(&mut hash);
    for file in files {
        fs::read(file).unwrap().hash(&mut hash);
    }
    format!("rows_{rows}_{:016x}", hash.finish())
}

/// Fills an empty database.
async fn fill(url: &str, kind: Kind, rows: u64) {
    let (start, by) = (Instant::now(), Label::new("bench").unwrap());
    println!("making {rows} deployments on {} ...", kind.name());
    let span = TimeDelta::days(365 * YEARS);
    let (mut random, step) = (
        fastrand::Rng::with_seed(rows),
        span / i32::try_from(rows / BATCH).unwrap(),
    );
    let clock = Arc::new(ManualClock::at(SystemClock.now() - span));
    let tracker = Tracker::new(Store::open(url).await.unwrap()).with_clock(clock.clone());
    for batch in 0..rows / BATCH {
        let lines = (0..BATCH).map(|line| {
            (
                usize::try_from(line + 1).unwrap(),
                self::line(batch * BATCH + line, clock.now(), step, &mut random),
            )
        });
        let imported = tracker.import(lines.collect(), &by).await.unwrap();
        assert_eq!(imported.recorded, BATCH, "no line is known already");
        clock.advance(step);
    }
    tracker.close().await;
    println!("... made in {:.0} s", start.elapsed().as_secs_f64());
}

/// The deployment with this number; the newest one happened at most one step before now.
fn line(number: u64, now: Time, step: TimeDelta, random: &mut fastrand::Rng) -> ImportLine {
    // Coprime to the number of cells: the first 8,000 deployments fill every cell once, in mixed
    // order.
    let cell = number * 4787 % (COMPONENTS * 8);
    let environment = ENVIRONMENTS[usize::try_from(cell % 8).unwrap()];
    let version = format!(
        "v{}.{}.{}",
        number / 400_000 + 1,
        number / 8000 % 50,
        number / COMPONENTS % 8
    );
    let mut new = NewDeployment::named(
        &format!("team-{:02}/service-{:03}", cell / 8 % 50, cell / 8),
        environment,
        &version,
    )
    .unwrap();
    let metadata =
        json!({"pipeline": random.u32(..), "runner": format!("runner-{}", random.u8(..40))});
    new.metadata = Metadata::new(metadata.as_object().unwrap().clone()).unwrap();
    new.commit_sha =
        Some(CommitSha::new(format!("{:032x}{:08x}", random.u128(..), random.u32(..))).unwrap());
    new.deployed_by = Some(Label::new(format!("developer-{}", random.u8(..))).unwrap());
    new.occurred_at =
        Some(now - TimeDelta::microseconds(random.i64(0..step.num_microseconds().unwrap())));
    new.status = if number < COMPONENTS * 8 {
        Status::Succeeded
    } else {
        status(random.u8(..100))
    };
    new.into()
}

/// The outcomes of a hundred deployments.
fn status(of_hundred: u8) -> Status {
    match of_hundred {
        0..=84 => Status::Succeeded,
        85..=91 => Status::Failed,
        92..=96 => Status::Pending,
        97..=98 => Status::InProgress,
        _ => Status::RolledBack,
    }
}
