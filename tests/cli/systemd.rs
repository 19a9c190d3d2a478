//! The server as a service of systemd: its messages, its credentials and its unit.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixDatagram},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::SECRET,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    program::{Home, Process, binary, on_path},
};
use rstest::rstest;
use tempfile::TempDir;

use crate::{
    pages::{blocks, page, section},
    readme::typed,
};

/// A service manager: the socket that the messages of a service arrive at.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        Self { folder, socket }
    }

    fn start(&self, home: &Home, database: &str, variables: &[(&str, &str)]) -> Process {
        let args = ["--listen", "127.0.0.1:0", "--database-url", database];
        let mut command = home.command("deploytrack-server", &args);
        command
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .env("RUST_LOG", "off")
            .envs(variables.iter().copied());
        Process::started(command)
    }

    /// The next message that arrives within this time.
    fn next(&self, within: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(within)).unwrap();
        let mut message = [0; 4096];
        let length = self.socket.recv(&mut message).ok()?;
        Some(String::from_utf8(message[..length].to_vec()).unwrap())
    }

    fn expect(&self) -> String {
        self.next(Duration::from_secs(30)).unwrap()
    }
}

#[test]
fn a_service_manager_learns_of_the_start_and_of_the_end() {
    let (manager, database, home) = (Manager::new(), Database::sqlite(), Home::new());
    let server = manager.start(&home, database.url(), &[]);
    assert_eq!(manager.expect(), "EXTEND_TIMEOUT_USEC=60000000\n");
    let ready = format!("READY=1\nSTATUS=listening on {}\n", server.url());
    assert_eq!(manager.expect(), ready);
    assert_eq!(server.terminate().0, 0);
    assert_eq!(manager.expect(), "STOPPING=1\nSTATUS=shutting down\n");
    assert_eq!(manager.next(Duration::from_millis(1)), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watchdog_is_fed_while_the_writer_answers(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (manager, home) = (Manager::new(), Home::new());
    let server = manager.start(&home, database.url(), &[("WATCHDOG_USEC", "800000")]);
    let (_extended, _ready) = (manager.expect(), manager.expect());
    let begun = Instant::now();
    for _ in 0..4 {
        assert_eq!(manager.expect(), "WATCHDOG=1\n");
    }
    assert!(begun.elapsed() > Duration::from_secs(1), "{begun:?}");
    let lock = database.block_all_writes().await;
    // The outcome of a trial write is valid for a second.
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        manager.next(Duration::from_millis(100));
    }
    assert_eq!(manager.next(Duration::from_secs(2)), None, "it is locked");
    lock.release().await;
    assert_eq!(manager.expect(), "WATCHDOG=1\n");
    assert_eq!(server.terminate().0, 0);
}

#[test]
fn a_refusal_of_the_writer_is_an_answer_for_the_watchdog() {
    let (manager, database, home) = (Manager::new(), Database::sqlite(), Home::new());
    let server = manager.start(&home, database.url(), &[("WATCHDOG_USEC", "800000")]);
    let (_extended, _ready) = (manager.expect(), manager.expect());
    fs::remove_file(database.file()).unwrap();
    let address = server.url().trim_start_matches("http://");
    let check = home.deploytrack_server(&["healthcheck", "--listen", address]);
    assert_eq!(check.code, 1, "{check:?}");
    // The outcome of the last write is valid for a second.
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        assert_eq!(manager.expect(), "WATCHDOG=1\n");
    }
}

#[test]
fn a_service_manager_that_is_away_or_set_wrongly_stops_no_server() {
    let (manager, database, home) = (Manager::new(), Database::sqlite(), Home::new());
    for variables in [
        [("NOTIFY_SOCKET", "/no/such/socket"), ("WATCHDOG_USEC", "0")],
        [("NOTIFY_SOCKET", "nonsense"), ("WATCHDOG_USEC", "1")],
        [("NOTIFY_SOCKET", ""), ("WATCHDOG_USEC", "soon")],
    ] {
        let server = manager.start(&home, database.url(), &variables);
        assert_eq!(server.terminate().0, 0, "{variables:?}");
    }
    assert_eq!(manager.next(Duration::from_millis(1)), None);
}

#[test]
fn the_secret_may_be_a_credential_of_the_service() {
    let credentials = tempfile::tempdir().unwrap();
    let path = |name: &str| credentials.path().join(name).to_str().unwrap().to_owned();
    let home = Home::new().with(
        "CREDENTIALS_DIRECTORY",
        credentials.path().to_str().unwrap(),
    );
    let secret = |home: &Home, args: &[&str]| {
        let run = home.deploytrack_server(&[args, &["check-config"]].concat());
        let line = run.done().lines().find(|line| line.contains("secret"));
        line.unwrap().to_owned()
    };
    assert!(secret(&home, &[]).ends_with("(created at the first start)"));
    fs::write(path("jwt-secret"), format!("{SECRET}\n")).unwrap();
    fs::write(path("other"), SECRET).unwrap();
    assert!(secret(&home, &[]).ends_with(&path("jwt-secret")));
    let other = ["--jwt-secret-file", &path("other")];
    assert!(secret(&home, &other).ends_with(&path("other")));
    let token = home.deploytrack_server(&["token", "--subject", "ci-bot"]);
    let database = Database::sqlite();
    let server = Process::server(&Home::new(), database.url());
    let reader = Home::new()
        .with("DEPLOYTRACK_URL", server.url())
        .with("DEPLOYTRACK_TOKEN", token.done().trim());
    assert_eq!(reader.deploytrack(&["matrix"]).code, 0);
    fs::write(path("jwt-secret"), "short").unwrap();
    let run = home.deploytrack_server(&[]);
    assert!(
        run.code == 2 && run.err.contains(&path("jwt-secret")) && !run.err.contains("\"short\""),
        "{run:?}"
    );
    let home = home.with("DEPLOYTRACK_JWT_SECRET", SECRET);
    assert!(secret(&home, &[]).ends_with("DEPLOYTRACK_JWT_SECRET"));
}

const UNIT: &str = "integrations/systemd/deploytrack-server.service";

/// The value of a setting that the unit has once.
fn setting(name: &str) -> String {
    let unit = page(UNIT);
    let values: Vec<_> = unit
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        .collect();
    assert_eq!(values.len(), 1, "{name}");
    values[0].to_owned()
}

#[test]
fn the_unit_starts_the_server_with_settings_that_exist() {
    let state = tempfile::tempdir().unwrap();
    let start = setting("ExecStart").replace("%S", state.path().to_str().unwrap());
    let args = start
        .strip_prefix("deploytrack-server ")
        .unwrap()
        .split(' ');
    let args: Vec<_> = args.chain(["check-config"]).collect();
    let help = Home::new().deploytrack_server(&["--help"]);
    let examples = page("integrations/systemd/server.env");
    let examples = examples
        .lines()
        .filter_map(|line| line.strip_prefix('#')?.split_once('='))
        .filter(|(name, _)| name.starts_with("DEPLOYTRACK_"));
    let mut home = Home::new();
    for (name, value) in examples {
        assert!(help.done().contains(&format!("[env: {name}")), "{name}");
        home.set(name, value);
    }
    let shown = home.deploytrack_server(&args);
    let data = format!("{}/deploytrack\n", state.path().display());
    assert!(shown.done().contains(&data), "{shown:?}");
    assert_eq!(setting("StateDirectory"), "deploytrack");
    assert_eq!(setting("RestartPreventExitStatus"), "2");
    // The name of the credential is the one that the server reads.
    assert!(setting("LoadCredential").starts_with("jwt-secret:"));
    let files = setting("EnvironmentFile") + &setting("LoadCredential");
    assert_eq!(files.matches("/etc/deploytrack/").count(), 2, "{files}");
}

#[test]
fn systemd_accepts_the_unit_and_finds_it_hardened() {
    // The package systemd of Debian has it; a system without systemd does not need the unit.
    if on_path("systemd-analyze").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("deploytrack-server.service");
    let program = binary("deploytrack-server").to_str().unwrap();
    let text = page(UNIT).replace("=deploytrack-server ", &format!("={program} "));
    fs::write(&unit, text).unwrap();
    fs::set_permissions(&unit, fs::Permissions::from_mode(0o644)).unwrap();
    let analyze = |args: &[&str], unit: &Path| {
        let output = Command::new("systemd-analyze")
            .args(args)
            .arg(unit)
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    };
    let verified = analyze(&["verify", "--man=no"], &unit);
    assert!(verified.stderr.is_empty(), "{verified:?}");
    // Tenths: 1.5 at most.
    analyze(&["security", "--offline=true", "--threshold=15"], &unit);
}

#[test]
fn the_commands_that_install_the_unit_can_be_typed() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().to_str().unwrap();
    let programs = binary("deploytrack-server").parent().unwrap().display();
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../integrations/systemd");
    let home = Home::new().with("PATH", format!("{programs}:/usr/bin:/bin"));
    // The files of the archive.
    typed(&home, &format!("cp {unit}/* ."));
    typed(&home, &format!("mkdir -p {root}/etc/systemd/system"));
    let page = page("docs/server.md");
    let block = blocks(section(&page, "## systemd"), "sh")[0];
    let mut printed = String::new();
    for line in block.lines().filter(|line| !line.starts_with("systemctl")) {
        printed += &typed(&home, &line.replace("/etc/", &format!("{root}/etc/")));
    }
    let mode = |path: &str| {
        fs::metadata(format!("{root}{path}"))
            .unwrap()
            .permissions()
            .mode()
    };
    for (path, expected) in [
        ("/etc/deploytrack", 0o700),
        ("/etc/deploytrack/jwt-secret", 0o600),
        ("/etc/deploytrack/server.env", 0o600),
        ("/etc/systemd/system/deploytrack-server.service", 0o644),
    ] {
        assert_eq!(mode(path) & 0o777, expected, "{path}");
    }
    let (database, home) = (Database::sqlite(), Home::new());
    let args = ["--listen", "127.0.0.1:0", "--database-url", database.url()];
    let mut command = home.command("deploytrack-server", &args);
    command
        .env("CREDENTIALS_DIRECTORY", format!("{root}/etc/deploytrack"))
        .env("RUST_LOG", "off");
    let server = Process::started(command);
    let reader = Home::new()
        .with("DEPLOYTRACK_URL", server.url())
        .with("DEPLOYTRACK_TOKEN", printed.trim());
    assert_eq!(reader.deploytrack(&["matrix"]).code, 0, "{printed}");
}
