//! Three machines with etcd, Patroni and PostgreSQL, and two proxies in front of them.
//!
//! The machines are network namespaces, and their files are those of `integrations/patroni`.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::{postgres, program::on_path};

/// Runs the machines. It ends with them when standard input closes.
const SUPERVISOR: &str = include_str!("../harness/cluster.sh");
/// The password in the files.
const PASSWORD: &str = "CHANGE-ME-1";
/// How long the cluster may take to start, and to be whole again.
const WHOLE: Duration = Duration::from_mins(2);

/// The name of a machine: 1, 2 or 3.
pub type Machine = u8;

/// A real cluster. It ends when this value is dropped or this process ends.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    number: u8,
    haproxy: u16,
    pgbouncer: u16,
    supervisor: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    proxies: Vec<Child>,
}

impl Cluster {
    /// Starts a cluster with an empty database `deploytrack`.
    ///
    /// # Errors
    /// The program or the right that is missing on this machine.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Result<Self, String> {
        for program in ["ip", "etcd", "patroni", "haproxy", "pgbouncer"] {
            if on_path(program).is_none() && !Path::new("/usr/sbin").join(program).exists() {
                return Err(format!("{program} is not installed"));
            }
        }
        let number = u8::try_from(std::process::id() % 200).unwrap();
        let probe = format!("dtbr{number}");
        let may = ["add", "del"].iter().all(|what| {
            let mut ip = Command::new("ip");
            let ip = ip.args(["link", what, &probe]);
            if *what == "add" {
                ip.args(["type", "bridge"]);
            }
            ip.stderr(Stdio::null()).status().unwrap().success()
        });
        if !may {
            return Err("this user may not create network namespaces".into());
        }
        let mut cluster = Self::machines(number);
        cluster.wait_until_whole().await;
        let primary = cluster.primary().await.expect("a primary");
        let mut primary = PgConnection::connect(&cluster.url_of(primary))
            .await
            .unwrap();
        sqlx::raw_sql("create database deploytrack")
            .execute(&mut primary)
            .await
            .unwrap();
        cluster.proxies = vec![cluster.start_haproxy(), cluster.start_pgbouncer()];
        Ok(cluster)
    }

    fn machines(number: u8) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("deploytrack-cluster-")
            .tempdir()
            .unwrap();
        let files = files();
        let mut supervisor = Command::new("bash")
            .args(["-c", SUPERVISOR, "cluster.sh"])
            .args([folder.path(), &files])
            .arg(number.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = supervisor.stdin.take();
        let answers = BufReader::new(supervisor.stdout.take().unwrap());
        let mut cluster = Self {
            folder,
            number,
            haproxy: free_port(),
            pgbouncer: free_port(),
            supervisor,
            commands,
            answers,
            proxies: Vec::new(),
        };
        assert_eq!(cluster.answer(), "ready", "the machines start");
        cluster
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Carries out a command of `cluster.sh`, such as `cut`, on a machine.
    ///
    /// # Panics
    /// When the supervisor has ended.
    pub fn tell(&mut self, what: &str, machine: Machine) {
        writeln!(self.commands.as_mut().unwrap(), "{what} {machine}").unwrap();
        assert_eq!(self.answer(), "ok");
    }

    fn address(&self, machine: Machine) -> String {
        format!("10.77.{}.{machine}", self.number)
    }

    fn url_at(host: &str, database: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@{host}/{database}")
    }

    fn url_of(&self, machine: Machine) -> String {
        Self::url_at(&self.address(machine), "postgres")
    }

    /// The URL of the database with the three machines as its hosts.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<_> = (1..=3)
            .map(|machine| format!("{}:5432", self.address(machine)))
            .collect();
        let url = Self::url_at(&hosts.join(","), "deploytrack");
        format!("{url}?target_session_attrs=read-write")
    }

    /// The URL of the database through `HAProxy`.
    #[must_use]
    pub fn url_of_haproxy(&self) -> String {
        Self::url_at(&format!("127.0.0.1:{}", self.haproxy), "deploytrack")
    }

    /// The URL of the database through `PgBouncer` and `HAProxy`.
    #[must_use]
    pub fn url_of_pgbouncer(&self) -> String {
        Self::url_at(&format!("127.0.0.1:{}", self.pgbouncer), "deploytrack")
    }

    /// The machine whose server accepts writes.
    pub async fn primary(&self) -> Option<Machine> {
        for machine in 1..=3 {
            let asked = async {
                let mut server = PgConnection::connect(&self.url_of(machine)).await?;
                sqlx::query_scalar("select pg_is_in_recovery()")
                    .fetch_one(&mut server)
                    .await
            };
            let answer = tokio::time::timeout(Duration::from_millis(300), asked).await;
            if matches!(answer, Ok(Ok(false))) {
                return Some(machine);
            }
        }
        None
    }

    /// The answer of Patroni on each machine about the cluster, as JSON; none from one that does not
    /// answer.
    pub async fn states(&self) -> Vec<String> {
        let mut states = Vec::new();
        for machine in 1..=3 {
            let url = format!("http://{}:8008/cluster", self.address(machine));
            let asked = async { reqwest::get(url).await?.text().await };
            let answer = tokio::time::timeout(Duration::from_secs(1), asked).await;
            states.extend(answer.into_iter().flatten());
        }
        states
    }

    /// Waits until every machine says that all are running, one of them as a synchronous standby.
    ///
    /// # Panics
    /// When they do not within two minutes.
    pub async fn wait_until_whole(&self) {
        let began = Instant::now();
        loop {
            let states = self.states().await;
            let is_whole = |state: &String| {
                let running = [r#""state": "running""#, r#""state": "streaming""#];
                let running = running.iter().map(|word| state.matches(word).count());
                running.sum::<usize>() == 3 && state.contains("sync_standby")
            };
            if states.len() == 3 && states.iter().all(is_whole) {
                return;
            }
            assert!(
                began.elapsed() < WHOLE,
                "the cluster is not whole: {states:#?}"
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn start_haproxy(&self) -> Child {
        let text = read("haproxy.cfg")
            .replace("127.0.0.1:5000", &format!("127.0.0.1:{}", self.haproxy))
            .replace("10.0.0.", &format!("10.77.{}.", self.number));
        let path = self.write("haproxy.cfg", &text);
        self.proxy("haproxy", &["-db", "-f", &path])
    }

    fn start_pgbouncer(&self) -> Child {
        let users = self.write("users.txt", &format!("\"postgres\" \"{PASSWORD}\"\n"));
        let text = read("pgbouncer.ini")
            .replace("port=5000", &format!("port={}", self.haproxy))
            .replace(
                "listen_port = 6432",
                &format!("listen_port = {}", self.pgbouncer),
            )
            .replace("/etc/pgbouncer/userlist.txt", &users);
        let path = self.write("pgbouncer.ini", &text);
        self.proxy("pgbouncer", &[&path])
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn proxy(&self, program: &str, arguments: &[&str]) -> Child {
        let program = on_path(program).unwrap_or_else(|| Path::new("/usr/sbin").join(program));
        postgres::unprivileged_command(self.folder.path())
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for proxy in &mut self.proxies {
            let _ = proxy.kill();
            let _ = proxy.wait();
        }
        drop(self.commands.take());
        let _ = self.supervisor.wait();
    }
}

/// The files for an operator.
fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../integrations/patroni")
}

fn read(name: &str) -> String {
    fs::read_to_string(files().join(name)).unwrap()
}

fn free_port() -> u16 {
    // Another process may take the port before it is used; that is rare.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
