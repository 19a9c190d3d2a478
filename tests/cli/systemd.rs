//! The server as a service of systemd: its messages.

use std::{
    fs,
    os::unix::net::UnixDatagram,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    program::{Home, Process},
};
use rstest::rstest;
use tempfile::TempDir;

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
