//! The floor on PostgreSQL: its own pgbench, with prepared statements.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use deploytrack_tests::postgres;
use sqlx::{Connection as _, PgConnection};
use tokio::runtime::Runtime;

/// How many rows the scripts take theirs from.
const SAMPLES: u32 = 100_000;

/// pgbench and the tables that it works on, beside those of a server.
pub(crate) struct Pgbench {
    program: PathBuf,
    database: String,
    samples: i64,
    columns: Vec<String>,
    scratch: PathBuf,
}

impl Pgbench {
    /// Makes the tables in a database; `None` when pgbench is not installed.
    ///
    /// `bench_rows` has rows of `deployments` under numbers from 1, since pgbench can choose a number at random.
    /// `bench_deployments` is shaped, indexed and filled like `deployments`.
    pub(crate) fn new(runtime: &Runtime, database: &str, scratch: &Path) -> Option<Self> {
        let program = postgres::program("pgbench")?;
        let (samples, columns) = runtime.block_on(tables(database));
        Some(Self { program, database: database.to_owned(), samples, columns, scratch: scratch.to_owned() })
    }

    /// One row by a random key.
    pub(crate) fn reads(&self, connections: usize, time: Duration) -> f64 {
        self.rate("read", "select * from bench_rows where bench_number = :n;", connections, time)
    }

    /// One row with a new id, a random other row's content, and a transaction of its own.
    pub(crate) fn inserts(&self, connections: usize, time: Duration) -> f64 {
        let values: Vec<_> = self
            .columns
            .iter()
            .map(|column| match column.as_str() {
                // As a UUID of version 7, so that it lands at the end of the index.
                "id" => {
                    "(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') \
                    || substr(md5(random()::text), 1, 20))::uuid"
                }
                "created_at" => "clock_timestamp()",
                column => column,
            })
            .collect();
        let (columns, values) = (self.columns.join(", "), values.join(", "));
        let sql = format!("insert into bench_deployments ({columns}) select {values} from bench_rows where bench_number = :n;");
        self.rate("insert", &sql, connections, time)
    }

    fn rate(&self, name: &str, statement: &str, connections: usize, time: Duration) -> f64 {
        let file = self.scratch.join(format!("{name}.pgbench"));
        fs::write(&file, format!("\\set n random(1, {})\n{statement}\n", self.samples)).unwrap();
        let seconds = time.as_secs().max(1);
        let output = Command::new(&self.program)
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .args([format!("--client={connections}"), format!("--time={seconds}")])
            .arg("--file")
            .args([&file, Path::new(&self.database)])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("pgbench says {text}{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// Makes the tables, if they are not there; gives how many samples there are, and the columns of a deployment.
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
    // One by one: VACUUM refuses to be part of a longer text.
    for statement in sql.split_terminator(';') {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut server).await.unwrap();
    }
    let samples = sqlx::query_scalar("select count(*) from bench_rows").fetch_one(&mut server).await.unwrap();
    let columns = "select column_name::text from information_schema.columns
        where table_schema = 'public' and table_name = 'deployments' and is_generated = 'NEVER' order by ordinal_position";
    (samples, sqlx::query_scalar(columns).fetch_all(&mut server).await.unwrap())
}
