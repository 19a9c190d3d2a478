//! Servers with a low limit of open files: the limit is raised, or a warning is logged.

use std::{
    fs,
    io::Read as _,
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process},
    raw::{self, Connection},
};

/// A server started under a limit by a shell.
fn limited(home: &Home, program: &str, arranged: &str, args: &[&str]) -> Process {
    let server = home.command(program, args);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{arranged}; exec \"$@\"")])
        .arg("sh")
        .arg(server.get_program())
        .args(server.get_args())
        .env_clear();
    shell
        .envs(
            server
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("DEPLOYTRACK_JWT_SECRET", SECRET);
    shell.current_dir(home.path()).stderr(Stdio::from(
        fs::File::create(home.path().join("err")).unwrap(),
    ));
    Process::started(shell)
}

fn stderr_of(home: &Home) -> String {
    let mut said = String::new();
    fs::File::open(home.path().join("err"))
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    said
}

/// The limits of open files of a process: soft and hard.
fn limits(server: &Process) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .unwrap();
    line.split_whitespace().take(2).map(str::to_owned).collect()
}

#[test]
fn a_descriptor_limit_is_raised_as_far_as_needed_where_allowed() {
    let database = Database::sqlite();
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        database.url(),
        "--max-connections",
        "500",
    ];
    for (program, args) in [
        ("deploytrack-server", args.to_vec()),
        ("deploytrack", [&["serve"], &args[..]].concat()),
    ] {
        let home = Home::new();
        let server = limited(&home, program, "ulimit -Sn 64; ulimit -Hn 2000", &args);
        assert_eq!(limits(&server), ["644", "2000"], "{program}");
        assert!(
            !stderr_of(&home).contains("limit of open files"),
            "{program}: {}",
            stderr_of(&home)
        );
        drop(server);
        let server = limited(&home, program, "ulimit -n 1500", &args);
        assert_eq!(
            limits(&server),
            ["1500", "1500"],
            "{program}: a limit that is high enough stays as it is"
        );
    }
}

#[tokio::test]
async fn under_a_low_descriptor_limit_the_database_keeps_its_files_and_a_warning_is_logged() {
    let (database, home) = (Database::sqlite(), Home::new());
    let server = limited(
        &home,
        "deploytrack-server",
        "ulimit -n 100",
        &["--listen", "127.0.0.1:0", "--database-url", database.url()],
    );
    let told = stderr_of(&home);
    assert!(
        told.contains(
            "the limit of open files leaves room for fewer connections than --max-connections"
        ),
        "{told}"
    );
    assert!(told.contains("ulimit -n or LimitNOFILE="), "{told}");
    let address = server.url().trim_start_matches("http://").parse().unwrap();
    let mut known = Connection::open(address).await;
    let list = format!(
        "GET /api/v1/deployments HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n",
        Caller::admin_token()
    );
    let answer = known
        .ask(
            vec![(Duration::ZERO, list.clone().into_bytes())],
            Duration::from_secs(10),
        )
        .await;
    assert_eq!(
        raw::status(&answer),
        200,
        "a connection that has carried a token is kept: {answer}"
    );
    let silent: Vec<_> = (0..150)
        .filter_map(|_| TcpStream::connect(address).ok())
        .collect();
    let body = r#"{"component":"api","environment":"production","version":"v1"}"#;
    let post = format!(
        "POST /api/v1/deployments HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        Caller::admin_token(),
        body.len()
    );
    for _ in 0..20 {
        for (request, status) in [(&post, 201), (&list, 200)] {
            let answer = known
                .ask(
                    vec![(Duration::ZERO, request.clone().into_bytes())],
                    Duration::from_secs(10),
                )
                .await;
            assert_eq!(raw::status(&answer), status, "{answer}");
        }
    }
    assert!(
        !stderr_of(&home).contains("could not be accepted"),
        "{}",
        stderr_of(&home)
    );
    drop(silent);
}

/// A body that once took minutes to read and blocked all threads, so that SIGTERM had no effect.
#[tokio::test]
async fn sigterm_ends_a_server_that_reads_a_large_import() {
    let database = Database::sqlite();
    let server = Process::server(&Home::new(), database.url());
    let line = format!(
        r#"{{"{}":[{}0]}}"#,
        "k".repeat(2_000_000),
        "0,".repeat(1_000_000)
    );
    let admin = Caller::admin(server.url());
    let request = admin
        .request("POST", "/api/v1/deployments/import")
        .header("content-type", "application/x-ndjson");
    let asked = tokio::spawn(request.body(format!("{line}\n{line}")).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = std::time::Instant::now();
    assert_eq!(server.terminate().0, 0);
    // Requests in progress get 30 seconds, and closing the database 10.
    assert!(
        started.elapsed() < Duration::from_mins(1),
        "{:?}",
        started.elapsed()
    );
    drop(asked.await);
}
