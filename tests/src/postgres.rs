//! The private PostgreSQL cluster of a test run.
//!
//! It listens on a Unix socket in a temporary folder and is started once per test process. It ends
//! with that process: its supervisor reads from a pipe that closes when the process ends, for
//! whatever reason. A [`Cluster`] can also be kept for later runs, for data sets that take long to
//! create.

use std::{
    fs,
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use crate::program::on_path;

const HOW: &str = "PostgreSQL is not installed. Install its server (Debian, Ubuntu: apt-get install postgresql; or run scripts/test, which does), \
    or give a server of your own in DEPLOYTRACK_TEST_POSTGRES_URL, or leave these tests out on purpose with DEPLOYTRACK_TEST_POSTGRES=skip";

/// The settings of the cluster of a test run. Commits are asynchronous, but `fsync` stays on, so
/// that a test can ask for durable commits.
const QUICK: [&str; 4] = [
    "max_connections=500",
    "shared_buffers=64MB",
    // A test reads the statements of the program; the longest have more than the usual 1,024 bytes.
    "track_activity_query_size=8192",
    "synchronous_commit=off",
];

/// Creates, starts and stops a cluster. Passed to the shell as text: under root it runs as another
/// user, who may not be allowed to read the folder of the script.
const SUPERVISOR: &str = include_str!("../harness/postgres.sh");

/// The URL of a server where tests may create databases, with `{}` in place of the database name;
/// `None` when the tests on PostgreSQL are skipped on purpose.
///
/// # Panics
/// When PostgreSQL is not installed and these tests are not skipped on purpose.
pub fn url() -> Option<&'static str> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    URL.get_or_init(find).as_deref()
}

fn find() -> Option<String> {
    if std::env::var("DEPLOYTRACK_TEST_POSTGRES").is_ok_and(|word| word == "skip") {
        return None;
    }
    if let Ok(url) = std::env::var("DEPLOYTRACK_TEST_POSTGRES_URL") {
        return Some(with_hole(&url));
    }
    Some(start(&binaries().expect(HOW)))
}

/// Replaces the database name of a URL by `{}`.
fn with_hole(url: &str) -> String {
    let (base, query) = url
        .split_once('?')
        .map_or((url, None), |(base, query)| (base, Some(query)));
    let host = base.find("://").map_or(0, |at| at + 3);
    let end = base[host..].find('/').map_or(base.len(), |at| host + at);
    query.map_or_else(
        || format!("{}/{{}}", &base[..end]),
        |query| format!("{}/{{}}?{query}", &base[..end]),
    )
}

/// The path of a program of PostgreSQL: in the folder of the server, else on `PATH`.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    binaries()
        .map(|folder| folder.join(name))
        .filter(|program| program.exists())
        .or_else(|| on_path(name))
}

/// The folder of `initdb` and `postgres`: on `PATH`, else the newest version in Debian's folder.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut debian: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    debian.sort();
    folders.extend(debian.into_iter().rev());
    folders.into_iter().find(|folder| {
        ["initdb", "postgres", "pg_ctl"]
            .iter()
            .all(|program| folder.join(program).exists())
    })
}

fn start(binaries: &Path) -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let folder = tempfile::Builder::new()
        .prefix("deploytrack-postgres-")
        .tempdir()
        .unwrap()
        .keep();
    // A static is never dropped; the supervisor ends after this process.
    CLUSTER
        .get_or_init(|| Cluster::start(binaries, folder, "removed", &QUICK))
        .url()
}

/// How a server of PostgreSQL is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As `pg_ctl stop -m fast`: connections are closed.
    Fast,
    /// As `pg_ctl stop -m immediate`: without a checkpoint.
    Immediate,
    /// SIGKILL to its first process.
    Kill,
}

/// A private cluster. It ends when this value is dropped or this process ends.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    supervisor: Child,
    pipe: Option<ChildStdin>,
    out: BufReader<ChildStdout>,
}

impl Cluster {
    /// Starts the cluster in a folder, and creates it first if need be. It has PostgreSQL's
    /// defaults except for these settings (`name=value`), so its commits are durable.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start there.
    #[must_use]
    pub fn kept(folder: &Path, settings: &[&str]) -> Self {
        Self::start(&binaries().expect(HOW), folder.to_owned(), "kept", settings)
    }

    /// Whether a cluster can be kept in a folder: the user that runs PostgreSQL can write there,
    /// and the path of a socket in it is short enough for the system. Creates the folder.
    #[must_use]
    pub fn fits(folder: &Path) -> bool {
        let made = fs::create_dir_all(folder).is_ok();
        let writable = made
            && unprivileged_command(folder)
                .args(["test", "-w"])
                .arg(folder)
                .current_dir("/")
                .status()
                .is_ok_and(|status| status.success());
        writable && folder.as_os_str().len() < 80
    }

    fn start(binaries: &Path, folder: PathBuf, afterwards: &str, settings: &[&str]) -> Self {
        let mut command = unprivileged_command(&folder);
        command
            .args(["sh", "-c", SUPERVISOR, "postgres.sh"])
            .args([binaries, &folder])
            .arg(afterwards);
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let mut supervisor = command
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the supervisor of PostgreSQL starts");
        let mut cluster = Self {
            folder,
            pipe: supervisor.stdin.take(),
            out: BufReader::new(supervisor.stdout.take().unwrap()),
            supervisor,
        };
        cluster.wait();
        cluster
    }

    /// Waits until the cluster accepts connections.
    fn wait(&mut self) {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        assert_eq!(
            line, "ready\n",
            "PostgreSQL did not start; its messages are above"
        );
    }

    /// Stops the server and starts it again. Returns when it accepts connections.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self, stop: Stop) {
        let signal = match stop {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
            Stop::Kill => "KILL",
        };
        let mut pipe = self.pipe.as_ref().expect("the pipe is open until the end");
        writeln!(pipe, "{signal}").unwrap();
        self.wait();
    }

    /// The folder of the data and of the socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL, with `{}` in place of the database name.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "postgres://postgres@localhost/{{}}?host={}",
            self.folder.display()
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.supervisor.wait();
    }
}

/// A command prefix that drops root rights: PostgreSQL and its poolers refuse to run as root, so
/// they run as the user `postgres` of their package.
pub(crate) fn unprivileged_command(folder: &Path) -> Command {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.stdout == b"0\n");
    if !root {
        return Command::new("env");
    }
    let owned = Command::new("chown")
        .arg("postgres")
        .arg(folder)
        .status()
        .is_ok_and(|status| status.success());
    assert!(
        owned,
        "PostgreSQL refuses to run as root, and there is no user named postgres to run it as"
    );
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command
}
