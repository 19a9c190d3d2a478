//! A new database for each test.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use deploytrack_core::{store::Store, tracker::Tracker};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::{disk::SmallDisk, postgres};

/// A lock that blocks writes, held by its own connection.
#[derive(Debug)]
pub enum WriteLock {
    /// The lock of the only writer.
    Sqlite(SqliteConnection),
    /// A lock on a table, such as that of cells, which every write to a deployment locks first.
    Postgres(PgConnection),
}

impl WriteLock {
    /// Releases the lock.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn release(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
        .unwrap();
    }
}

/// A database that a test runs on; a test takes both with `#[values(Sqlite, Postgres)] kind:
/// DatabaseKind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// An SQLite file.
    Sqlite,
    /// A database in the private cluster of the test run, or on the server that the environment
    /// names.
    Postgres,
}

impl DatabaseKind {
    /// A new empty database, or `None` when the tests on PostgreSQL are skipped on purpose.
    ///
    /// # Panics
    /// When the database cannot be made.
    pub async fn create(self) -> Option<Database> {
        match self {
            Self::Sqlite => Some(Database::sqlite()),
            Self::Postgres => Database::postgres().await,
        }
    }
}

/// A database that starts empty. An SQLite file is deleted with this value; a PostgreSQL database
/// lives as long as its cluster.
#[derive(Debug)]
pub struct Database {
    url: String,
    folder: Option<TempDir>,
}

impl Database {
    /// An SQLite file in its own temporary folder.
    ///
    /// # Panics
    /// When the temporary folder cannot be made.
    #[must_use]
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("deploytrack.db").display());
        Self {
            url,
            folder: Some(folder),
        }
    }

    /// A new database on PostgreSQL, or `None` when the tests on PostgreSQL are skipped on purpose.
    ///
    /// # Panics
    /// When PostgreSQL is not installed and these tests are not skipped.
    pub async fn postgres() -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let url = tokio::task::spawn_blocking(postgres::url).await.unwrap()?;
        let name = format!(
            "deploytrack_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let mut server = PgConnection::connect(&url.replace("{}", "postgres"))
            .await
            .unwrap();
        let sql = format!("create database {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut server)
            .await
            .unwrap();
        Some(Self {
            url: url.replace("{}", &name),
            folder: None,
        })
    }

    /// An SQLite file at this path, whose folder belongs to the caller.
    ///
    /// # Panics
    /// When the temporary folder cannot be made.
    #[must_use]
    pub fn sqlite_at(path: &Path) -> Self {
        Self {
            url: format!("sqlite:{}", path.display()),
            folder: Some(tempfile::tempdir().unwrap()),
        }
    }

    /// Moves the tables of a PostgreSQL database to this disk, which also drops their cached pages.
    ///
    /// # Panics
    /// When this is not a PostgreSQL database, or the server refuses.
    pub async fn move_to(&self, disk: &SmallDisk) {
        let folder = disk.path().join("tables");
        std::fs::create_dir(&folder).unwrap();
        for path in [disk.path(), &folder] {
            assert!(
                Command::new("chown")
                    .arg("postgres")
                    .arg(path)
                    .status()
                    .unwrap()
                    .success(),
                "the server's user owns the disk"
            );
        }
        let (name, mut server) = self.beside().await;
        for sql in [
            format!("create tablespace {name} location '{}'", folder.display()),
            format!("alter database {name} set tablespace {name}"),
        ] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut server)
                .await
                .unwrap();
        }
    }

    /// The name of a PostgreSQL database, and a connection to the database `postgres` of the same
    /// server.
    async fn beside(&self) -> (&str, PgConnection) {
        let (base, name) = self
            .url
            .split('?')
            .next()
            .and_then(|url| url.rsplit_once('/'))
            .unwrap();
        let query = self
            .url
            .split_once('?')
            .map_or_else(String::new, |(_, query)| format!("?{query}"));
        (
            name,
            PgConnection::connect(&format!("{base}/postgres{query}"))
                .await
                .unwrap(),
        )
    }

    /// Changes a setting of a PostgreSQL database (`set NAME = VALUE`, `reset all`) and closes
    /// every connection to it, since only new connections have the setting.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn configure(&self, setting: &str) {
        let (name, mut server) = self.beside().await;
        for sql in [
            format!("alter database {name} {setting}"),
            format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            ),
        ] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut server)
                .await
                .unwrap();
        }
    }

    /// Drops a database that was moved to a disk. This must happen before the unmount: PostgreSQL
    /// crashes when it cannot sync a file.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn leave(&self) {
        let (name, mut server) = self.beside().await;
        for sql in [
            format!("drop database {name} with (force)"),
            format!("drop tablespace {name}"),
        ] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut server)
                .await
                .unwrap();
        }
    }

    /// The file of an SQLite database.
    ///
    /// # Panics
    /// When this is not an SQLite database.
    #[must_use]
    pub fn file(&self) -> &Path {
        Path::new(self.url.strip_prefix("sqlite:").unwrap())
    }

    /// The URL for the server's `--database-url`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether this is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.folder.is_some()
    }

    /// A new empty database of the same kind.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn another(&self) -> Self {
        if self.is_sqlite() {
            Self::sqlite()
        } else {
            Self::postgres().await.unwrap()
        }
    }

    /// A tracker on this database.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn tracker(&self) -> Tracker {
        Tracker::new(Store::open(&self.url).await.unwrap())
    }

    /// Runs SQL on its own connection, past the tracker.
    ///
    /// # Errors
    /// The error of the database.
    ///
    /// # Panics
    /// When the database cannot be reached.
    pub async fn execute(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sql.execute(&mut connection)
                .await
                .map(|done| done.rows_affected())
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sql.execute(&mut connection)
                .await
                .map(|done| done.rows_affected())
        }
    }

    /// Blocks every write to a deployment until the lock is released.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn block_writes(&self) -> WriteLock {
        self.locked("current_cells").await
    }

    /// Blocks every write, also the one of `/readyz`, until the lock is released.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn block_all_writes(&self) -> WriteLock {
        self.locked("commits").await
    }

    /// Locks the database, or this table of PostgreSQL.
    async fn locked(&self, table: &str) -> WriteLock {
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql("begin immediate")
                .execute(&mut connection)
                .await
                .unwrap();
            WriteLock::Sqlite(connection)
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            let sql = format!("begin; lock table {table} in exclusive mode");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap();
            WriteLock::Postgres(connection)
        }
    }

    /// Runs a query that returns one text.
    ///
    /// # Panics
    /// When the query fails.
    pub async fn text(&self, sql: &'static str) -> String {
        if self.is_sqlite() {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        }
    }

    /// The generic plan of PostgreSQL for a query, one step a line, with sequential scans disabled.
    /// The first parameter is a time.
    ///
    /// # Panics
    /// When this is not a PostgreSQL database, or the query cannot be planned.
    pub async fn plan(&self, query: &str) -> String {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        // EXPLAIN takes no parameters.
        let prepare = format!(
            "set enable_seqscan = off; set plan_cache_mode = force_generic_plan; prepare asked (timestamptz) as {query}"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(prepare))
            .execute(&mut connection)
            .await
            .unwrap();
        let parameters = (1..=100)
            .take_while(|number| query.contains(&format!("${number}")))
            .map(|_| "null")
            .collect::<Vec<_>>();
        let execute = if parameters.is_empty() {
            "asked".to_owned()
        } else {
            format!("asked ({})", parameters.join(", "))
        };
        let steps: Vec<(String,)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("explain execute {execute}")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
        steps
            .into_iter()
            .map(|(step,)| step)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Makes every commit wait for the disk, for tests that kill a server. Test clusters commit
    /// asynchronously otherwise.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn durable(&self) {
        if !self.is_sqlite() {
            self.execute("do $$ begin execute format('alter database %I set synchronous_commit = on', current_database()); end $$")
                .await
                .unwrap();
        }
    }

    /// Every row of every table as text, sorted, without those of the migrations.
    ///
    /// # Panics
    /// When a query fails.
    pub async fn contents(&self) -> BTreeMap<String, Vec<String>> {
        let mut contents = BTreeMap::new();
        if self.is_sqlite() {
            let database = &mut SqliteConnection::connect(&self.url).await.unwrap();
            for table in texts!(database, TABLES_OF_SQLITE.to_owned()) {
                let columns = format!(
                    "select group_concat('quote(' || name || ')', ' || '','' || ') from pragma_table_info('{table}')"
                );
                let columns = texts!(database, columns).join("");
                let rows = texts!(
                    database,
                    format!("select {columns} from {table} order by 1")
                );
                contents.insert(table, rows);
            }
        } else {
            let database = &mut PgConnection::connect(&self.url).await.unwrap();
            for table in texts!(database, TABLES_OF_POSTGRES.to_owned()) {
                let rows = format!("select row::text from {table} row order by 1");
                let rows = texts!(database, rows);
                contents.insert(table, rows);
            }
        }
        contents
    }
}

/// Without the last numbers that AUTOINCREMENT gave.
const TABLES_OF_SQLITE: &str = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' and name <> '_sqlx_migrations'";
const TABLES_OF_POSTGRES: &str = "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
    and relname <> '_sqlx_migrations'";

/// The texts that a query returns.
macro_rules! texts {
    ($connection:expr, $sql:expr) => {
        sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe($sql))
            .fetch_all(&mut *$connection)
            .await
            .unwrap()
    };
}
use texts;
