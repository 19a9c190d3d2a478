//! The program `deploytrack-server`.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process, Run},
};

#[test]
fn a_wrong_setting_stops_the_start_with_a_sentence_that_names_it() {
    for (name, value) in [
        ("DEPLOYTRACK_LISTEN", "nowhere"),
        ("DEPLOYTRACK_REGISTRATION", "perhaps"),
        ("DEPLOYTRACK_BADGES", "everyone"),
        ("DEPLOYTRACK_DATABASE_URL", "mysql://localhost/x"),
        ("DEPLOYTRACK_LOG_FORMAT", "verse"),
        ("DEPLOYTRACK_IDEMPOTENCY_RETENTION", "soon"),
        ("DEPLOYTRACK_IDEMPOTENCY_RETENTION", "0s"),
        ("DEPLOYTRACK_MAX_TOKEN_LIFETIME", "forever"),
        ("DEPLOYTRACK_MAX_TOKEN_LIFETIME", "30s"),
        ("DEPLOYTRACK_MAX_TOKEN_LIFETIME", "101y"),
        ("DEPLOYTRACK_MAX_CONNECTIONS_PER_ADDRESS", "0"),
        ("DEPLOYTRACK_HEALTH_LISTEN", "3001"),
        ("DEPLOYTRACK_METRICS_LISTEN", "9464"),
        ("DEPLOYTRACK_JWT_SECRET", "short"),
        ("DEPLOYTRACK_JWT_SECRET_FILE", "/no/such/file"),
        ("DEPLOYTRACK_DATABASE_PASSWORD_FILE", "/no/such/file"),
    ] {
        let run = Home::new().with(name, value).deploytrack_server(&[]);
        assert_ne!(run.code, 0, "{name}");
        let said = run.err.to_lowercase().replace('-', "_");
        let named = name.trim_start_matches("DEPLOYTRACK_").to_lowercase();
        assert!(
            said.contains(&named) || said.contains(&named.replace('_', " ")),
            "{name}: {run:?}"
        );
        assert_eq!(run.out, "", "{name}");
        if name == "DEPLOYTRACK_JWT_SECRET" {
            assert!(
                !run.err.contains("\"short\""),
                "a secret is never shown: {run:?}"
            );
        }
    }
}

#[tokio::test]
async fn both_servers_serve_badges_when_configured() {
    for (program, args, variable, expected) in [
        (
            "deploytrack-server",
            &["--listen", "127.0.0.1:0"][..],
            None,
            404,
        ),
        (
            "deploytrack-server",
            &["--listen", "127.0.0.1:0", "--badges", "public"],
            None,
            200,
        ),
        (
            "deploytrack-server",
            &["--listen", "127.0.0.1:0"],
            Some("public"),
            200,
        ),
        (
            "deploytrack-server",
            &["--listen", "127.0.0.1:0", "--badges", "off"],
            Some("public"),
            404,
        ),
        (
            "deploytrack",
            &["serve", "--listen", "127.0.0.1:0"],
            None,
            404,
        ),
        (
            "deploytrack",
            &["serve", "--listen", "127.0.0.1:0", "--badges", "public"],
            None,
            200,
        ),
    ] {
        let home = variable.into_iter().fold(Home::new(), |home, value| {
            home.with("DEPLOYTRACK_BADGES", value)
        });
        let mut command = home.command(program, args);
        command.stderr(std::process::Stdio::null());
        let server = Process::started(command);
        let answer = Caller::anonymous(server.url())
            .get("/badges/api/production.svg")
            .await;
        assert_eq!(answer.status, expected, "{program} {args:?} {variable:?}");
    }
}

#[test]
fn token_names_a_secret_that_it_creates() {
    let home = Home::new();
    let first = home.deploytrack_server(&["token", "--subject", "ci"]);
    assert!(first.err.contains("is a new secret"), "{first:?}");
    let second = home.deploytrack_server(&["token", "--subject", "ci"]);
    assert_eq!((second.code, second.err.as_str()), (0, ""));
}

#[test]
fn token_prints_a_token_that_opens_the_server() {
    let database = Database::sqlite();
    let home = Home::new().with("DEPLOYTRACK_JWT_SECRET", SECRET);
    let server = Process::server(&home, database.url());
    let token = |role: &[&str]| {
        let args = [
            &["token", "--subject", "ci-bot", "--expires-in", "1h"],
            role,
        ]
        .concat();
        home.deploytrack_server(&args).done().trim().to_owned()
    };
    let as_bearer = |token: String| {
        Home::new()
            .with("DEPLOYTRACK_URL", server.url())
            .with("DEPLOYTRACK_TOKEN", token)
    };
    let record = [
        "record",
        "--component",
        "api",
        "--environment",
        "production",
        "--version",
        "v1",
    ];
    let admin = as_bearer(token(&["--role", "admin"])).deploytrack(&record);
    assert_eq!(admin.code, 0, "{admin:?}");
    let reader = as_bearer(token(&[])).deploytrack(&record);
    assert_eq!(reader.code, 4, "{reader:?}");
    assert_eq!(as_bearer(token(&[])).deploytrack(&["matrix"]).code, 0);
}

#[test]
fn a_token_lasts_no_longer_than_the_setting() {
    let database = Database::sqlite();
    let home = Home::new().with("DEPLOYTRACK_JWT_SECRET", SECRET);
    let token = |args: &[&str]| {
        home.deploytrack_server(
            &[args, &["token", "--subject", "ci-bot", "--role", "admin"]].concat(),
        )
    };
    assert_eq!(token(&["--max-token-lifetime", "20y"]).code, 0);
    for (lifetime, expires_in) in [("10y", "11y"), ("1h", "61m"), ("1d", "90d")] {
        let args = [
            "--max-token-lifetime",
            lifetime,
            "token",
            "--subject",
            "ci-bot",
            "--expires-in",
            expires_in,
        ];
        let run = home.deploytrack_server(&args);
        assert!(run.code == 1 && run.out.is_empty(), "{run:?}");
        assert!(
            run.err.contains("--max-token-lifetime") && run.err.contains("--expires-in"),
            "{run:?}"
        );
    }
    let mut command = home.command(
        "deploytrack-server",
        &["--listen", "127.0.0.1:0", "--database-url", database.url()],
    );
    command
        .args(["--max-token-lifetime", "1h"])
        .env("RUST_LOG", "off");
    let server = Process::started(command);
    let run = |command: &str, expires_in: &str| {
        let token =
            home.deploytrack_server(&["token", "--subject", "ci-bot", "--expires-in", expires_in]);
        let home = Home::new()
            .with("DEPLOYTRACK_URL", server.url())
            .with("DEPLOYTRACK_TOKEN", token.done().trim());
        home.deploytrack(&[command])
    };
    assert_eq!(run("matrix", "1h").code, 0);
    let doctor = run("doctor", "2h");
    assert!(
        doctor.code == 4 && doctor.out.contains("--max-token-lifetime"),
        "{doctor:?}"
    );
    let refused = run("matrix", "2h");
    assert!(
        refused.code == 4
            && refused.err.contains("--max-token-lifetime")
            && refused.err.contains("1h"),
        "{refused:?}"
    );
}

/// An address with a free port.
fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

#[tokio::test]
async fn both_servers_answer_health_checks_at_an_address_of_their_own() {
    for (program, command) in [("deploytrack-server", None), ("deploytrack", Some("serve"))] {
        let (database, home, health) = (Database::sqlite(), Home::new(), free_address());
        let args = [
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            database.url(),
            "--health-listen",
            &health,
            "--max-connections",
            "8",
        ];
        let args: Vec<_> = command.into_iter().chain(args).collect();
        let mut server = home.command(program, &args);
        server.stderr(std::process::Stdio::null());
        let server = Process::started(server);
        let main: std::net::SocketAddr =
            server.url().trim_start_matches("http://").parse().unwrap();
        let connect = |address: std::net::SocketAddr| {
            (0..60).map(move |_| std::net::TcpStream::connect(address).unwrap())
        };
        let silent: Vec<_> = connect(main)
            .chain(connect(health.parse().unwrap()))
            .collect();
        let probe = Caller::anonymous(&format!("http://{health}"));
        assert_eq!(
            probe.get("/healthz").await.expect(200)["status"],
            "ok",
            "{program}"
        );
        assert_eq!(
            probe.get("/readyz").await.expect(200)["status"],
            "ready",
            "{program}"
        );
        for path in [
            "/",
            "/api/v1/deployments",
            "/api/v1/openapi.json",
            "/api/docs/",
        ] {
            assert_eq!(
                Caller::admin(&format!("http://{health}"))
                    .get(path)
                    .await
                    .status,
                404,
                "{program} {path}"
            );
        }
        assert_eq!(
            Caller::anonymous(server.url()).get("/healthz").await.status,
            200,
            "{program}"
        );
        drop(silent);
        assert_eq!(server.terminate().0, 0, "{program}");
    }
}

#[test]
fn the_address_for_health_checks_is_printed_or_named_when_it_is_in_use() {
    let database = Database::sqlite();
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        database.url(),
        "--health-listen",
    ];
    let home = Home::new();
    let mut command = home.command(
        "deploytrack-server",
        &[&args[..], &["127.0.0.1:0"]].concat(),
    );
    command.stderr(std::process::Stdio::null());
    let mut server = Process::started(command);
    let line = server.read_until(|text| text.ends_with('\n'));
    let address = line
        .trim()
        .strip_prefix("health checks on http://")
        .unwrap()
        .to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok(), "{line}");
    let other = Database::sqlite();
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        other.url(),
        "--health-listen",
        &address,
    ];
    let run = Home::new().deploytrack_server(&args);
    assert!(
        run.code == 1 && run.err.contains(&address) && run.err.contains("with --health-listen"),
        "{run:?}"
    );
    assert_eq!(run.out, "", "nothing is said to listen");
}

#[test]
fn check_config_shows_no_secret() {
    let run = Home::new()
        .with("DEPLOYTRACK_JWT_SECRET", SECRET)
        .with(
            "DEPLOYTRACK_DATABASE_URL",
            "postgres://me:hunter2@localhost/x",
        )
        .deploytrack_server(&["check-config"]);
    let said = format!("{}{}", run.out, run.err);
    assert!(
        !said.contains(SECRET) && !said.contains("hunter2"),
        "{run:?}"
    );
}

#[test]
fn a_password_file_completes_a_postgres_url_without_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (password, empty) = (file("password", "hunter2\n"), file("empty", "\n"));
    let run = |url: &str, file: &str| {
        let args = ["--database-url", url, "--database-password-file", file];
        Home::new().deploytrack_server(&[&args[..], &["check-config"]].concat())
    };
    let url = "postgres://me@localhost/x";
    let shown = run(url, &password);
    assert!(
        shown.done().contains("postgres://...@localhost/x\n"),
        "{shown:?}"
    );
    for (url, file, cause) in [
        (url, "/no/such/file", "cannot be read: No such file"),
        (url, &empty, "is empty"),
        (
            "postgres://me:x@localhost/x",
            &password,
            "without a password",
        ),
        ("sqlite:x.db", &password, "postgres://USER@HOST/NAME"),
    ] {
        let refused = run(url, file);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(
            refused.err.contains(cause) && refused.err.contains("--database-password-file"),
            "{refused:?}"
        );
    }
}

#[test]
fn migrate_makes_the_database_and_may_be_repeated() {
    let database = Database::sqlite();
    for _ in 0..2 {
        let run = Home::new()
            .with("DEPLOYTRACK_DATABASE_URL", database.url())
            .deploytrack_server(&["migrate"]);
        assert_eq!(run.code, 0, "{run:?}");
    }
}

#[test]
fn the_first_start_creates_a_secret_that_only_its_owner_can_read() {
    let home = Home::new();
    let mut command = home.command("deploytrack-server", &["--listen", "127.0.0.1:0"]);
    command.stderr(std::process::Stdio::null());
    let server = Process::started(command);
    let data = home.path().join(".local/share/deploytrack");
    for entry in fs::read_dir(data).unwrap().flatten() {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
        let secret = entry.file_name().to_string_lossy().contains("secret");
        assert!(!secret || mode == 0, "{entry:?}");
    }
    assert_eq!(server.terminate().0, 0);
}

#[test]
fn four_processes_start_at_once_on_one_empty_database() {
    let database = Database::sqlite();
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url().to_owned();
            std::thread::spawn(move || {
                Home::new().deploytrack_server(&["migrate", "--database-url", &url])
            })
        })
        .collect();
    for start in starts {
        start.join().unwrap().ok();
    }
}

#[test]
fn one_of_four_servers_that_start_at_once_on_an_sqlite_file_serves() {
    let database = Database::sqlite();
    let args = ["--listen", "127.0.0.1:0", "--database-url", database.url()];
    let home = Home::new();
    let start = || {
        let mut command = home.command("deploytrack-server", &args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut servers: Vec<_> = (0..4).map(|_| start()).collect();
    let until = Instant::now() + Duration::from_secs(20);
    let running = |servers: &mut Vec<Child>| {
        let ended = |server: &mut Child| server.try_wait().unwrap().is_some();
        servers
            .iter_mut()
            .filter_map(|server| (!ended(server)).then_some(()))
            .count()
    };
    while running(&mut servers) > 1 {
        assert!(Instant::now() < until, "more than one server runs");
        sleep(Duration::from_millis(50));
    }
    let mut refused = 0;
    for mut server in servers {
        if server.try_wait().unwrap().is_none() {
            server.kill().unwrap();
        }
        let ended = Run::of(&server.wait_with_output().unwrap());
        refused += u32::from(ended.err.contains("is in use: another server uses it"));
    }
    assert_eq!(refused, 3);
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = Home::new().deploytrack_server(&["--listen", &address]);
    assert_ne!(run.code, 0);
    assert!(
        run.err.contains(&address) && run.err.contains("--listen"),
        "{run:?}"
    );
}
