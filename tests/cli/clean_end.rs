//! After a clean end, one file contains the whole database.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    program::{Home, Process, Run, under, with_variables_of},
};

use crate::given::Bench;

const DEPLOYMENTS: u64 = 40;

fn beside(database: &Path) -> Vec<PathBuf> {
    ["-wal", "-shm"]
        .map(|end| PathBuf::from(format!("{}{end}", database.display())))
        .into_iter()
        .filter(|path| path.exists())
        .collect()
}

/// The output of `deploytrack-server verify` for a copy of only the database file.
fn verified_copy(database: &Path) -> Run {
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("copy.db");
    fs::copy(database, &path).unwrap();
    let url = format!("sqlite:{}", path.display());
    let run = Home::new().deploytrack_server(&["verify", "--database-url", &url]);
    assert_eq!(
        beside(&path),
        Vec::<PathBuf>::new(),
        "verify closes what it opens"
    );
    run
}

/// Checks that a copy of only the database file has every deployment, and that no other file
/// remains.
#[track_caller]
fn assert_whole(database: &Path, case: &str) {
    assert_eq!(beside(database), Vec::<PathBuf>::new(), "{case}");
    let found = verified_copy(database);
    assert!(
        found
            .done()
            .starts_with(&format!("{DEPLOYMENTS} deployments, ")),
        "{case}: {found:?}"
    );
}

/// A server with deployments, on a file in its own folder.
fn filled() -> Bench {
    let bench = Bench::new();
    let line = |number: u64| {
        let description = "d".repeat(1500);
        let line = serde_json::json!({
            "component": "api", "environment": "production", "version": format!("v{number}"), "status": "succeeded",
            "occurredAt": "2025-06-01T12:00:00Z", "description": description,
        });
        format!("{line}\n")
    };
    let lines: String = (0..DEPLOYMENTS).map(line).collect();
    let _ = bench
        .home
        .deploytrack_reading(&["import", "-"], &lines)
        .done();
    assert_eq!(
        bench.home.deploytrack(&["matrix"]).code,
        0,
        "a read opens a reader"
    );
    bench
}

/// A request whose answer is not read to its end.
fn unread(bench: &Bench, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(bench.server.url().trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        Caller::admin_token()
    )
    .unwrap();
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).unwrap();
    assert!(line.contains("200"), "{path}: {line}");
    stream
}

fn watching(bench: &Bench) -> Child {
    let mut child = bench
        .home
        .command("deploytrack", &["watch"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "watch runs");
    child
}

#[test]
fn the_database_file_is_complete_after_the_end_with_clients_connected() {
    for connected in [
        "nothing",
        "a reader of events",
        "ten readers of events",
        "an export",
        "a verification",
        "deploytrack watch",
    ] {
        let bench = filled();
        let mut watch = (connected == "deploytrack watch").then(|| watching(&bench));
        let streams: Vec<_> = match connected {
            "a reader of events" => vec![unread(&bench, "/api/v1/events?after=0")],
            "ten readers of events" => (0..10).map(|_| unread(&bench, "/api/v1/events")).collect(),
            "an export" => vec![unread(&bench, "/api/v1/deployments/export")],
            "a verification" => vec![unread(&bench, "/api/v1/verify")],
            _ => Vec::new(),
        };
        let start = Instant::now();
        assert_eq!(bench.server.terminate().0, 0, "{connected}");
        assert!(start.elapsed() < Duration::from_secs(10), "{connected}");
        assert_whole(bench.database.file(), connected);
        drop(streams);
        if let Some(watch) = &mut watch {
            watch.kill().unwrap();
            watch.wait().unwrap();
        }
    }
}

#[test]
fn a_second_signal_cuts_the_drain_short_and_loses_nothing() {
    let bench = filled();
    // A request that is never complete, for which a server would wait.
    let mut request = TcpStream::connect(bench.server.url().trim_start_matches("http://")).unwrap();
    let token = Caller::admin_token();
    write!(request, "POST /api/v1/deployments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 9\r\n\r\n{{")
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let id = bench.server.id().to_string();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        assert!(Command::new("kill").arg(id).status().unwrap().success());
    });
    let start = Instant::now();
    assert_eq!(bench.server.terminate().0, 130);
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
    killer.join().unwrap();
    assert_whole(bench.database.file(), "a second signal");
}

#[test]
fn the_other_programs_close_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deploytrack.db");
    let home = Home::new().with(
        "DEPLOYTRACK_DATABASE_URL",
        format!("sqlite:{}", path.display()),
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (program, args, code) in [
        ("deploytrack-server", &["migrate"][..], 0),
        ("deploytrack-server", &["verify"], 0),
        ("deploytrack-server", &["verify", "--repair"], 0),
        ("deploytrack-server", &["--listen", &address], 1),
        ("deploytrack", &["serve", "--listen", &address], 1),
    ] {
        let mut command = home.command(program, args);
        let output = command.output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{program} {args:?}: {output:?}"
        );
        assert_eq!(beside(&path), Vec::<PathBuf>::new(), "{program} {args:?}");
    }
}

#[test]
fn the_embedded_server_ends_as_the_other_does() {
    for (args, file) in [
        (&["serve"][..], "deploytrack.db"),
        (&["serve", "--demo"], "demo.db"),
    ] {
        for signal in ["TERM", "INT"] {
            let home = Home::new();
            let mut command = home.command(
                "deploytrack",
                &[args, &["--listen", "127.0.0.1:0"]].concat(),
            );
            let mut server = Process::started({
                command.stderr(Stdio::null());
                command
            });
            if file == "demo.db" {
                server.read_until(|text| text.contains("deploytrack list"));
            } else {
                std::thread::sleep(Duration::from_millis(500));
                let args = [
                    "record",
                    "--component",
                    "a",
                    "--environment",
                    "p",
                    "--version",
                    "1",
                    "--status",
                    "succeeded",
                ];
                let _ = home.deploytrack(&args).done();
            }
            assert_eq!(home.deploytrack(&["list"]).code, 0);
            let mut watch = home
                .command("deploytrack", &["watch"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(300));
            server.signal(signal);
            assert_eq!(server.ended().0, 0, "{args:?} {signal}");
            watch.kill().unwrap();
            watch.wait().unwrap();
            let database = home.path().join(".local/share/deploytrack").join(file);
            assert_eq!(
                beside(&database),
                Vec::<PathBuf>::new(),
                "{args:?} {signal}"
            );
            let found = verified_copy(&database);
            assert!(
                !found.done().starts_with("0 deployments"),
                "{args:?} {signal}: {found:?}"
            );
        }
    }
}

/// The command that starts a server of a program on a free port.
fn serving(program: &str, home: &Home) -> Command {
    let args: &[&str] = match program {
        "deploytrack" => &["serve", "--listen", "127.0.0.1:0"],
        _ => &["--listen", "127.0.0.1:0"],
    };
    home.command(program, args)
}

/// Starts a server whose log nobody reads.
fn started(mut command: Command) -> Process {
    command.stdin(Stdio::piped()).stderr(Stdio::null());
    Process::started(command)
}

#[test]
fn sighup_ends_no_service() {
    for program in ["deploytrack", "deploytrack-server"] {
        let home = Home::new();
        let server = started(under("setsid", &serving(program, &home)));
        for _ in 0..3 {
            server.signal("HUP");
        }
        let listen = server.url().trim_start_matches("http://").to_owned();
        let ready = home.deploytrack_server(&["healthcheck", "--listen", &listen]);
        assert!(ready.done().contains("is ready"), "{program}: {ready:?}");
        assert_eq!(server.terminate().0, 0, "{program}");
    }
}

#[test]
fn a_closed_terminal_ends_its_server_cleanly() {
    for program in ["deploytrack", "deploytrack-server"] {
        let home = Home::new();
        let inner = serving(program, &home);
        let words = std::iter::once(inner.get_program()).chain(inner.get_args());
        let words: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
        let mut script = Command::new("script");
        script.args(["-qf", "/dev/null", "-c", &words.join(" ")]);
        let mut terminal = started(with_variables_of(script, &inner));
        let database = home.path().join(".local/share/deploytrack/deploytrack.db");
        assert!(!beside(&database).is_empty(), "{program}: it is in use");
        terminal.kill();
        let begun = Instant::now();
        while !beside(&database).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{program}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn under_nohup_a_closed_terminal_ends_nothing() {
    let database = Database::sqlite();
    let home = Home::new();
    let mut inner = home.command(
        "deploytrack-server",
        &["--listen", "127.0.0.1:0", "--database-url", database.url()],
    );
    inner.env("RUST_LOG", "error");
    let mut command = under("nohup", &inner);
    command.stderr(Stdio::null()).stdin(Stdio::null());
    let server = Process::started(command);
    server.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    server.signal("TERM");
    assert_eq!(server.ended().0, 0);
    assert_eq!(beside(database.file()), Vec::<PathBuf>::new());
}

#[test]
fn the_files_are_private_to_their_owner_under_every_umask() {
    for umask in ["000", "022", "077"] {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("deploytrack.db");
        let url = format!("sqlite:{}", path.display());
        for program in ["deploytrack-server", "deploytrack serve"] {
            let home = Home::new();
            let mut words = program.split(' ');
            let inner = home.command(words.next().unwrap(), &[]);
            let mut command = home.command("deploytrack", &[]);
            command = {
                let mut shell = Command::new("sh");
                shell
                    .arg("-c")
                    .arg(format!("umask {umask}; exec \"$@\""))
                    .arg("sh")
                    .arg(inner.get_program())
                    .args(words);
                shell
                    .args(["--listen", "127.0.0.1:0", "--database-url", &url])
                    .env_clear()
                    .env("HOME", home.path());
                drop(command);
                shell
            };
            command.stderr(Stdio::null());
            let server = Process::started(command);
            let mut seen = Vec::new();
            for entry in fs::read_dir(folder.path()).unwrap().flatten() {
                seen.push(entry.file_name().to_string_lossy().into_owned());
                assert_eq!(
                    entry.metadata().unwrap().permissions().mode() & 0o777,
                    0o600,
                    "umask {umask}, {program}: {entry:?}"
                );
            }
            seen.sort();
            assert_eq!(
                seen,
                [
                    "deploytrack.db",
                    "deploytrack.db-shm",
                    "deploytrack.db-wal",
                    "deploytrack.db.lock",
                    "deploytrack.db.server-lock"
                ]
            );
            assert_eq!(server.terminate().0, 0);
            // The state that a copy or an older version leaves.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}

#[test]
fn a_database_without_deployments_is_reported_as_such() {
    let bench = Bench::new();
    let said = "0 deployments, 0 history rows, 0 cells: the database has no deployments, so there was nothing to compare\n";
    assert_eq!(bench.home.deploytrack(&["verify"]).done(), said);
    let found: serde_json::Value =
        serde_json::from_str(bench.home.deploytrack(&["verify", "-o", "json"]).done()).unwrap();
    assert_eq!(
        (&found["empty"], &found["ok"]),
        (&true.into(), &true.into())
    );
    let home = Home::new().with("DEPLOYTRACK_DATABASE_URL", bench.database.url());
    assert_eq!(home.deploytrack_server(&["verify"]).done(), said);
}

/// Without a handler, SIGXFSZ would kill the process.
#[tokio::test]
async fn a_file_size_limit_refuses_writes_and_kills_nothing() {
    let database = Database::sqlite();
    let server = Process::server(
        &Home::new().with("DEPLOYTRACK_LOG_LEVEL", "off"),
        database.url(),
    );
    let admin = Caller::admin(server.url());
    let body = serde_json::json!({"component": "api", "environment": "production", "version": "v1", "status": "succeeded"});
    let limit = |bytes: &str| {
        let set = Command::new("prlimit")
            .args([
                "--pid",
                &server.id().to_string(),
                &format!("--fsize={bytes}:"),
            ])
            .status();
        assert!(set.unwrap().success());
    };
    for round in 0..5 {
        admin.post("/api/v1/deployments", &body).await.expect(201);
        limit("4096");
        for _ in 0..3 {
            let answer = admin.post("/api/v1/deployments", &body).await;
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (503, Some("1")),
                "round {round}: {}",
                answer.body
            );
        }
        let anybody = Caller::anonymous(server.url());
        assert_eq!(anybody.get("/readyz").await.status, 503);
        assert_eq!(anybody.get("/healthz").await.status, 200);
        assert_eq!(admin.get("/api/v1/deployments").await.status, 200);
        limit("unlimited");
        admin.post("/api/v1/deployments", &body).await.expect(201);
        assert_eq!(anybody.get("/readyz").await.status, 200);
    }
    assert_eq!(server.terminate().0, 0);
    let mut file = Vec::new();
    fs::File::open(database.file())
        .unwrap()
        .read_to_end(&mut file)
        .unwrap();
    assert!(
        verified_copy(database.file())
            .done()
            .starts_with("10 deployments, ")
    );
}
