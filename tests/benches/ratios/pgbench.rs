//! The baseline on PostgreSQL: pgbench with prepared statements.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use deploytrack_tests::postgres;
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Runtime;

/// The number of rows that the scripts choose from.
const SAMPLES: u32 = 100_000;

/// pgbench and its tables, in the same database as those of a server.
pub(crate) struct Pgbench {
    program: PathBuf,
    database: String,
    samples: i64,
    columns: Vec<String>,
    scratch: PathBuf,
}

impl Pgbench {
    /// Creates the tables in a database; `None` when pgbench is not installed.
    ///
    /// `bench_rows` has rows of `deployments` under numbers from 1, since pgbench can choose a
    /// number at random. `bench_deployments` is shaped, indexed and filled like `deployments`.
    pub(crate) fn new(runtime: &Runtime, database: &str, scratch: &Path) -> Option<Self> {
        let program = postgres::program("pgbench")?;
        let (samples, columns) = runtime.block_on(tables(database));
        Some(Self {
            program,
            database: database.to_owned(),
            samples,
            columns,
            scratch: scratch.to_owned(),
        })
    }

    /// Reads one row by a random key.
    pub(crate) fn reads(&self, connections: usize, time: Duration) -> f64 {
        self.rate(
            "read",
            "select * from bench_rows where bench_number = :n;",
            connections,
            time,
        )
    }

    /// Inserts one row with a new id and the content of a random row, in its own transaction.
    pub(crate) fn inserts(&self, connections: usize, time: Duration) -> f64 {
        let values: Vec<_> = self
            .columns
            .iter()
            .map(|column| match column.as_str() {
                // A UUID of version 7, which is inserted at the end of the index.
                "id" => {
                    "(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') \
                    || substr(md5(random()::text), 1, 20))::uuid"
                }
                "created_at" => "clock_timestamp()",
                column => column,
            })
            .collect();
        let (columns, values) = (self.columns.join(", "), values.join(", "));
        let sql = format!(
            "insert into bench_deployments ({columns}) select {values} from bench_rows where bench_number = :n;"
        );
        self.rate("insert", &sql, connections, time)
    }

    fn rate(&self, name: &str, statement: &str, connections: usize, time: Duration) -> f64 {
        let file = self.scratch.join(format!("{name}.pgbench"));
        fs::write(
            &file,
            format!("\\set n random(1, {})\n{statement}\n", self.samples),
        )
        .unwrap();
        let seconds = time.as_secs().max(1);
        let output = Command::new(&self.program)
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .args([
                format!("--client={connections}"),
                format!("--time={seconds}"),
            ])
            .arg("--file")
            .args([&file, Path::new(&self.database)])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text
            .lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| {
            panic!(
                "pgbench says {text}{}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
    }
}

/// Creates the tables if they do not exist. Returns the number of samples and the columns of a
/// deployment.
async fn tables(database: &str) -> (i64, Vec<String>) {
    let sql = format!(
        "create table if not exists bench_rows as
             select (row_number() over ())::integer as bench_number, picked.* from (select * from deployments order by random() limit {SAMPLES}) picked;
         create unique index if not exists bench_rows_number on bench_rows (bench_number);
         create table if not exists bench_deployments (like deployments including all);
         insert into bench_deployments select * from deployments where not exists (select from bench_deployments);
         vacuum analyze bench_rows;
         vacuum analyze bench_deployments;
         checkpoint;"
    );
    let mut server = PgConnection::connect(database).await.unwrap();
    // One by one: VACUUM cannot run in a text with several statements.
    for statement in sql.split_terminator(';') {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut server)
            .await
            .unwrap();
    }
    let samples = sqlx::query_scalar("select count(*) from bench_rows")
        .fetch_one(&mut server)
        .await
        .unwrap();
    let columns = "select column_name::text from information_schema.columns
        where table_schema = 'public' and table_name = 'deployments' and is_generated = 'NEVER' order by ordinal_position";
    (
        samples,
        sqlx::query_scalar(columns)
            .fetch_all(&mut server)
            .await
            .unwrap(),
    )
}
