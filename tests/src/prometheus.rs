//! A real Prometheus, with the configuration and the alerts of the project.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Run, on_path};

const HOW: &str = "Prometheus is not installed. Install it (Debian, Ubuntu: apt-get install prometheus; or run scripts/test, which does), \
    or leave its tests out on purpose with DEPLOYTRACK_TEST_PROMETHEUS=skip";
/// The folder with the files that users copy.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../integrations/prometheus");
/// The address of the metrics in those files.
pub const ADDRESS: &str = "127.0.0.1:9464";
/// The command that starts Prometheus, as docs/monitoring.md shows it.
pub const COMMAND: &str = "prometheus --config.file=prometheus.yml";
/// Runs a command, and kills it when standard input closes, as when the test process ends.
const SUPERVISOR: &str = r#""$@" < /dev/null & pid=$!; read -r _ || true; kill -KILL "$pid"; { wait "$pid"; } 2> /dev/null || true"#;

/// Whether the tests with Prometheus run.
///
/// # Panics
/// When Prometheus is not installed and its tests are not skipped on purpose.
#[must_use]
pub fn is_wanted() -> bool {
    if std::env::var("DEPLOYTRACK_TEST_PROMETHEUS").is_ok_and(|word| word == "skip") {
        return false;
    }
    let is_installed = |name| on_path(name).is_some();
    assert!(
        is_installed("prometheus") && is_installed("promtool"),
        "{HOW}"
    );
    true
}

/// Copies the files for Prometheus into a folder.
///
/// # Panics
/// When they cannot be copied.
pub fn copy_files(folder: &Path) {
    for file in fs::read_dir(FILES).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
}

/// Runs promtool in a folder, with a text on its standard input.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn promtool(folder: &Path, args: &[&str], input: &str) -> Run {
    let text = folder.join("promtool.txt");
    fs::write(&text, input).unwrap();
    let mut command = Command::new("promtool");
    command.args(args).current_dir(folder);
    command.stdin(fs::File::open(text).unwrap());
    Run::of(&command.output().unwrap())
}

/// A running Prometheus. It ends when this value is dropped or this process ends.
#[derive(Debug)]
pub struct Prometheus {
    supervisor: Child,
    url: String,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts Prometheus with the files of the project, for the server whose metrics have this
    /// address. It scrapes and evaluates every second.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn scraping(address: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_files(folder.path());
        let file = folder.path().join("prometheus.yml");
        let text = fs::read_to_string(&file).unwrap();
        let target = format!("\n      - targets: [\"{ADDRESS}\"]");
        assert!(text.contains(&target) && text.contains("_interval: 15s"));
        let text = text.replace(&target, &format!("\n      - targets: [\"{address}\"]"));
        fs::write(&file, text.replace("_interval: 15s", "_interval: 1s")).unwrap();
        // Another process may take the port before Prometheus does; that is rare.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let listen = free.unwrap().to_string();
        let mut supervisor = Command::new("sh");
        supervisor
            .args(["-c", SUPERVISOR, "prometheus.sh"])
            .args(COMMAND.split(' '))
            .arg(format!("--web.listen-address={listen}"))
            .args(["--storage.tsdb.path=data", "--log.level=error"])
            .current_dir(folder.path())
            .stdin(Stdio::piped());
        Self {
            supervisor: supervisor.spawn().unwrap(),
            url: format!("http://{listen}"),
            _folder: folder,
        }
    }

    /// The result of a query; empty if nothing matches, or Prometheus is still starting.
    ///
    /// # Panics
    /// When the query is invalid.
    pub async fn query(&self, expression: &str) -> Vec<Value> {
        let request = reqwest::Client::new().get(format!("{}/api/v1/query", self.url));
        let Ok(answer) = request.query(&[("query", expression)]).send().await else {
            return Vec::new();
        };
        let text = answer.text().await.unwrap_or_default();
        let Ok(mut answer) = serde_json::from_str::<Value>(&text) else {
            return Vec::new();
        };
        assert_eq!(answer["status"], "success", "{expression}\n{text}");
        match answer["data"]["result"].take() {
            Value::Array(found) => found,
            other => panic!("{expression}: {other}"),
        }
    }

    /// Repeats a query until its result is not empty, for a minute at most.
    ///
    /// # Panics
    /// When it stays empty.
    pub async fn found(&self, expression: &str) -> Vec<Value> {
        for _ in 0..240 {
            let found = self.query(expression).await;
            if !found.is_empty() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("Prometheus has no answer to {expression}");
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}
