//! PgBouncer in front of a PostgreSQL database.

use std::{
    io::{BufRead, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Child, Stdio},
};

use tempfile::TempDir;
use url::Url;

use crate::{database::Database, postgres, program::on_path};

const HOW: &str = "PgBouncer is not installed. Install it (Debian, Ubuntu: apt-get install pgbouncer; or run scripts/test, which does), \
    or leave its tests out on purpose with DEPLOYTRACK_TEST_POOLER=skip";

/// Starts PgBouncer, and kills it when standard input closes. Passed to the shell as text, like
/// that of PostgreSQL.
const SUPERVISOR: &str = include_str!("../harness/pooler.sh");

/// A real PgBouncer. It ends when this value is dropped or this process ends.
#[derive(Debug)]
pub struct Pooler {
    folder: TempDir,
    supervisor: Child,
    database: Url,
    port: u16,
}

impl Pooler {
    /// Starts PgBouncer in front of this database, with settings such as `pool_mode = transaction`;
    /// `None` when its tests are skipped on purpose.
    ///
    /// # Panics
    /// When PgBouncer does not start, or is not installed and its tests are not skipped on purpose.
    #[must_use]
    pub fn before(database: &Database, settings: &[&str]) -> Option<Self> {
        if std::env::var("DEPLOYTRACK_TEST_POOLER").is_ok_and(|word| word == "skip") {
            return None;
        }
        let program = on_path("pgbouncer").or_else(|| {
            Some("/usr/sbin/pgbouncer".into()).filter(|path: &std::path::PathBuf| path.exists())
        });
        let program = program.expect(HOW);
        let database = Url::parse(database.url()).unwrap();
        let folder = tempfile::Builder::new()
            .prefix("deploytrack-pooler-")
            .tempdir()
            .unwrap();
        // Another process may take the port before PgBouncer does; that is rare.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let write = |name: &str, text: String| {
            std::fs::File::create(folder.path().join(name))
                .unwrap()
                .write_all(text.as_bytes())
                .unwrap();
        };
        write(
            "users.txt",
            format!(
                "\"{}\" \"{}\"\n",
                database.username(),
                database.password().unwrap_or_default()
            ),
        );
        write(
            "pgbouncer.ini",
            configuration(
                &database,
                &folder.path().display().to_string(),
                port,
                settings,
            ),
        );
        let mut command = postgres::unprivileged_command(folder.path());
        command
            .args(["sh", "-c", SUPERVISOR, "pooler.sh"])
            .args([program.as_path(), folder.path()])
            .current_dir("/");
        let mut supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the supervisor of PgBouncer starts");
        let mut line = String::new();
        BufReader::new(supervisor.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(
            line, "ready\n",
            "PgBouncer did not start; its messages are above"
        );
        Some(Self {
            folder,
            supervisor,
            database,
            port,
        })
    }

    /// The URL of the database through the pooler.
    ///
    /// # Panics
    /// Never: the URL of a database has a host.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.database.clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.set_query(None);
        url.into()
    }

    /// The text of its log.
    ///
    /// # Panics
    /// When the log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        let mut text = String::new();
        std::fs::File::open(self.folder.path().join("pgbouncer.log"))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }
}

fn configuration(database: &Url, folder: &str, port: u16, settings: &[&str]) -> String {
    let socket = database
        .query_pairs()
        .find(|(name, _)| name == "host")
        .map(|(_, host)| host.into_owned());
    let host = socket.unwrap_or_else(|| database.host_str().unwrap_or("127.0.0.1").to_owned());
    format!(
        "[databases]\n* = host={host} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = trust\nauth_file = {folder}/users.txt\nlogfile = {folder}/pgbouncer.log\n{}\n",
        database.port().unwrap_or(5432),
        settings.join("\n")
    )
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}
