//! The address of the server, of the proxy, and paths, in every usual form.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Process, Run},
};

use crate::given::Bench;

#[test]
fn an_address_is_accepted_in_every_usual_form() {
    let bench = Bench::filled();
    let url = bench.server.url();
    let port = url.rsplit(':').next().unwrap();
    for url in [
        format!("{url}/"),
        format!("{url}/api/v1"),
        format!("{url}/api/v1/"),
        format!("{url}/api/v1/deployments"),
        format!("{url}/healthz"),
        format!("HTTP://LocalHost:{port}"),
        format!(" {url}\n"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
    ] {
        let home = Home::new()
            .with("DEPLOYTRACK_URL", &url)
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let run = home.deploytrack(&["matrix"]);
        assert!(
            run.done().contains("production") && run.err.is_empty(),
            "{url}: {run:?}"
        );
        let named = Home::new()
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token())
            .deploytrack(&["matrix", "--url", &url]);
        assert!(named.done().contains("production"), "{url}: {named:?}");
    }
}

#[test]
fn an_address_that_cannot_be_used_is_refused_before_anything_is_sent() {
    for (url, said) in [
        ("localhost:3000", "use http://localhost:3000"),
        (
            "tracker.example.com/deploytrack",
            "use https://tracker.example.com/deploytrack",
        ),
        ("ftp://tracker.example.com", "not with ftp://"),
        ("https://me:hush@tracker.example.com", "DEPLOYTRACK_TOKEN"),
        (
            "https://tracker.example.com/#token=hush&to=",
            "use https://tracker.example.com\n",
        ),
        (
            "https://tracker.example.com?token=hush",
            "use https://tracker.example.com\n",
        ),
        ("https://tracker example.com", "must not have a space"),
        ("https://tracker.example.com:0", "1 to 65535"),
    ] {
        let by_flag = Home::new().deploytrack(&["matrix", "--url", url]);
        assert!(
            by_flag.code == 2 && by_flag.err.contains("--url") && by_flag.err.contains(said),
            "{by_flag:?}"
        );
        let home = Home::new().with("DEPLOYTRACK_URL", url);
        let by_variable = home.deploytrack(&["matrix"]);
        assert!(
            by_variable.code == 2
                && by_variable.err.contains("DEPLOYTRACK_URL")
                && by_variable.err.contains(said),
            "{by_variable:?}"
        );
        assert!(!format!("{by_flag:?}{by_variable:?}").contains("hush"));
        let doctor = home.deploytrack(&["doctor"]);
        assert!(
            doctor.code == 2 && !doctor.out.contains("hush"),
            "{doctor:?}"
        );
        let wrapped = home.deploytrack(&[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--",
            "echo",
            "deployed",
        ]);
        assert!(
            wrapped.done() == "deployed\n" && !wrapped.err.contains("hush"),
            "{wrapped:?}"
        );
    }
}

#[test]
fn a_profile_is_the_same_server_under_every_form_of_its_address() {
    let bench = Bench::filled();
    let home = Home::new();
    let login = [
        "login",
        "--url",
        &format!("{}/api/v1", bench.server.url()),
        "--token-stdin",
    ];
    home.deploytrack_reading(&login, &Caller::admin_token())
        .ok();
    assert!(
        home.deploytrack(&["matrix", "--url", &format!("{}/", bench.server.url())])
            .done()
            .contains("production")
    );
}

/// A proxy for plain HTTP that forwards everything to one server and counts the requests.
fn proxy(server: &str) -> (String, Arc<AtomicUsize>) {
    let (listener, count) = (
        TcpListener::bind("127.0.0.1:0").unwrap(),
        Arc::new(AtomicUsize::new(0)),
    );
    let address = listener.local_addr().unwrap().to_string();
    let (server, counted) = (
        server.trim_start_matches("http://").to_owned(),
        count.clone(),
    );
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut asked = vec![0; 65536];
            let length = stream.read(&mut asked).unwrap();
            let asked = String::from_utf8_lossy(&asked[..length])
                .replacen("http://tracker.invalid", "", 1)
                .replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
            let mut answer = Vec::new();
            let mut behind = std::net::TcpStream::connect(&server).unwrap();
            behind.write_all(asked.as_bytes()).unwrap();
            let _ = behind.read_to_end(&mut answer);
            let _ = stream.write_all(&answer);
        }
    });
    (address, count)
}

#[test]
fn a_proxy_is_used_as_its_variables_say() {
    let bench = Bench::filled();
    let (proxy, count) = proxy(bench.server.url());
    let ask = |variables: &[(&str, &str)]| {
        let home = Home::new()
            .with("DEPLOYTRACK_URL", "http://tracker.invalid")
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let home = home.with("DEPLOYTRACK_ALLOW_HTTP", "1");
        variables
            .iter()
            .fold(home, |home, (name, value)| home.with(name, *value))
            .deploytrack(&["matrix"])
    };
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        assert!(
            ask(&[(name, &proxy)]).done().contains("production"),
            "{name}"
        );
    }
    assert!(
        ask(&[
            ("HTTP_PROXY", &proxy),
            ("NO_PROXY", "10.0.0.0/8,example.com")
        ])
        .done()
        .contains("production")
    );
    let used = count.load(Ordering::SeqCst);
    assert!(used > 0);
    for (name, list) in [
        ("NO_PROXY", "*"),
        ("no_proxy", ".invalid"),
        ("NO_PROXY", "other, TRACKER.invalid:80"),
    ] {
        let run = ask(&[("HTTP_PROXY", &proxy), (name, list)]);
        assert!(
            run.code == 3 && run.err.contains("its name has no address"),
            "{run:?}"
        );
    }
    let cgi = ask(&[("HTTP_PROXY", &proxy), ("REQUEST_METHOD", "GET")]);
    assert_eq!(cgi.code, 3, "{cgi:?}");
    // A server on this machine is never reached through a proxy, and NO_PROXY=* applies to IP
    // addresses too.
    let home = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    assert!(
        home.with("HTTP_PROXY", &proxy)
            .deploytrack(&["matrix"])
            .done()
            .contains("production")
    );
    let address = Home::new()
        .with("DEPLOYTRACK_URL", "https://192.0.2.1")
        .with("HTTPS_PROXY", &proxy)
        .with("NO_PROXY", "*");
    let doctor = address
        .with("DEPLOYTRACK_TOKEN", "x")
        .deploytrack(&["doctor", "-o", "csv"]);
    assert!(doctor.out.contains("proxy,ok,none"), "{doctor:?}");
    assert_eq!(count.load(Ordering::SeqCst), used);
    let wrong = ask(&[("HTTP_PROXY", "gopher://proxy")]);
    assert!(
        wrong.code == 2 && wrong.err.contains("HTTP_PROXY") && wrong.err.contains("socks5h://"),
        "{wrong:?}"
    );
}

/// Names with a meaning in a URL, a shell or a terminal.
fn names() -> Vec<OsString> {
    let mut names: Vec<OsString> = [
        "what?x=1",
        "a#b",
        "100%20%",
        "a b",
        "it's \"it\"",
        "bücher-日本",
        "-x",
        "line\nbreak",
        "file:x",
        ":memory:",
        "a\\b",
        "$HOME",
        "*",
    ]
    .map(OsString::from)
    .into();
    names.push(OsStr::from_bytes(b"latin-\xe9").to_owned());
    names
}

fn run(mut command: Command) -> Run {
    Run::of(&command.output().unwrap())
}

#[test]
fn a_data_directory_may_have_any_name() {
    for name in names() {
        let home = Home::new();
        let token = || {
            let mut command = home.command(
                "deploytrack-server",
                &["token", "--subject", "x", "--role", "admin"],
            );
            command.env("DEPLOYTRACK_DATA_DIR", &name);
            command
        };
        run(token()).ok();
        let mut migrate = home.command("deploytrack-server", &["migrate"]);
        migrate.arg({
            let mut flag = OsString::from("--data-dir=");
            flag.push(&name);
            flag
        });
        run(migrate).ok();
        let folder = home.path().join(&name);
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(
            files,
            ["deploytrack.db", "deploytrack.db.lock", "jwt-secret"],
            "{name:?}"
        );
        // No file exists anywhere else.
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "{name:?}");
        let mut serve = home.command("deploytrack-server", &["--listen", "127.0.0.1:0"]);
        serve
            .env("DEPLOYTRACK_DATA_DIR", &name)
            .env("RUST_LOG", "error");
        let server = Process::started(serve);
        let caller = Home::new()
            .with("DEPLOYTRACK_URL", server.url())
            .with("DEPLOYTRACK_TOKEN", run(token()).done().trim());
        caller
            .deploytrack(&[
                "record",
                "-c",
                "api",
                "-e",
                "production",
                "--version",
                "v1",
                "--status",
                "succeeded",
            ])
            .ok();
        assert_eq!(server.terminate().0, 0);
        let rows = rusqlite_count(&folder.join("deploytrack.db"));
        assert_eq!(rows, 1, "{name:?}");
    }
}

/// The number of deployments in a database, opened by a path that SQLite does not parse as a URI.
fn rusqlite_count(path: &Path) -> i64 {
    let copy = tempfile::tempdir().unwrap();
    let plain = copy.path().join("copy.db");
    fs::copy(path, &plain).unwrap();
    let connection = rusqlite::Connection::open(plain).unwrap();
    connection
        .query_row("select count(*) from deployments", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn in_the_url_of_a_database_a_question_mark_begins_parameters() {
    let home = Home::new();
    fs::create_dir(home.path().join("what?")).unwrap();
    let run = home.deploytrack_server(&["migrate", "--database-url", "sqlite:what?/track.db"]);
    assert!(run.code == 1 && run.err.contains("write %3F"), "{run:?}");
    home.deploytrack_server(&[
        "migrate",
        "--database-url",
        "sqlite:what%3F/track.db?mode=rwc",
    ])
    .ok();
    assert!(home.path().join("what?/track.db").exists());
    // This names a file in a folder that does not exist.
    assert_eq!(
        home.deploytrack_server(&["migrate", "--database-url", "sqlite:a/:memory:.db"])
            .code,
        1
    );
}

#[test]
fn every_other_path_may_have_any_name() {
    let bench = Bench::filled();
    for name in names() {
        let home = Home::new();
        let folder = home.path().join(&name);
        fs::create_dir(&folder).unwrap();
        let (token, id) = (folder.join("token"), folder.join("id"));
        fs::write(&token, Caller::admin_token()).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
        let command = |args: &[&str]| {
            let mut command = home.command("deploytrack", args);
            command
                .env("DEPLOYTRACK_URL", bench.server.url())
                .env("DEPLOYTRACK_TOKEN_FILE", &token);
            command
                .env("XDG_STATE_HOME", folder.join("state"))
                .env("XDG_CONFIG_HOME", folder.join("config"));
            command
        };
        let mut record = command(&[
            "record",
            "-c",
            "api",
            "-e",
            "any",
            "--version",
            "v1",
            "--status",
            "in_progress",
            "--id-file",
        ]);
        record.arg(&id);
        let recorded = run(record);
        assert!(
            recorded.done().len() > 30 && recorded.err.lines().count() == 1,
            "{recorded:?}"
        );
        assert_eq!(fs::read_to_string(&id).unwrap().trim(), recorded.out.trim());
        let mut update = command(&["update", "succeeded", "--id-file"]);
        update.arg(&id);
        run(update).ok();
        let mut spooled = command(&[
            "record",
            "-c",
            "api",
            "-e",
            "any",
            "--version",
            "v2",
            "--on-error",
            "spool",
        ]);
        spooled.env("DEPLOYTRACK_URL", "http://127.0.0.1:1");
        run(spooled).ok();
        assert!(folder.join("state/deploytrack/spool").exists(), "{name:?}");
        let export = run(command(&["export"])).done().to_owned();
        fs::write(folder.join("export"), export).unwrap();
        let mut import = command(&["import"]);
        import.arg(folder.join("export"));
        run(import).ok();
        let mut login = command(&["login", "--token-stdin"]);
        login.stdin(fs::File::open(&token).unwrap());
        run(login).ok();
        assert!(
            folder.join("config/deploytrack/config.toml").exists(),
            "{name:?}"
        );
    }
}

#[test]
fn a_token_that_others_can_read_is_named() {
    let bench = Bench::filled();
    let home = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN_FILE", "token");
    let file = home.path().join("token");
    fs::write(&file, Caller::admin_token()).unwrap();
    let warned = |mode: u32| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let (run, doctor) = (
            home.deploytrack(&["matrix"]),
            home.deploytrack(&["doctor", "-o", "csv"]),
        );
        run.ok();
        assert_eq!(
            run.err.lines().count(),
            usize::from(run.err.contains("chmod 600 token")),
            "{run:?}"
        );
        assert_eq!(
            doctor.out.contains("token file,warning"),
            run.err.contains("chmod 600 token"),
            "{doctor:?}"
        );
        !run.err.is_empty()
    };
    assert_eq!(
        [0o600, 0o400, 0o640, 0o644].map(warned),
        [false, false, true, true]
    );
    let login = Home::new().with("DEPLOYTRACK_URL", bench.server.url());
    login
        .deploytrack_reading(&["login", "--token-stdin"], &Caller::admin_token())
        .ok();
    assert_eq!(login.deploytrack(&["matrix"]).err, "");
    let config = login.path().join(".config/deploytrack/config.toml");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(login.deploytrack(&["matrix"]).err.contains("chmod 600"));
    // Its token is not used, so it is not disclosed.
    assert_eq!(
        login
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token())
            .deploytrack(&["matrix"])
            .err,
        ""
    );
}

#[test]
fn a_file_without_an_end_is_refused() {
    let home = Home::new();
    assert!(
        Command::new("mkfifo")
            .arg(home.path().join("fifo"))
            .status()
            .unwrap()
            .success()
    );
    // Opening a FIFO without a writer blocks; the limit covers all files together.
    thread::scope(|scope| {
        for file in ["/dev/zero", "fifo", "."] {
            let (home, path) = (&home, home.path().join(file));
            scope.spawn(move || {
                let server = home.deploytrack_server(&["check-config", "--jwt-secret-file", file]);
                assert!(
                    server.code == 2 && server.err.contains("--jwt-secret-file"),
                    "{server:?}"
                );
            });
            scope.spawn(move || {
                let roots =
                    home.deploytrack(&["matrix", "--url", "https://127.0.0.1:1", "--cacert", file]);
                assert!(
                    roots.code == 2 && roots.err.contains("--cacert"),
                    "{roots:?}"
                );
            });
            let token = path.clone();
            scope.spawn(move || {
                let token = Home::new()
                    .with("DEPLOYTRACK_TOKEN_FILE", token.to_str().unwrap())
                    .deploytrack(&["matrix"]);
                assert!(
                    token.code == 2 && token.err.contains("DEPLOYTRACK_TOKEN_FILE"),
                    "{token:?}"
                );
            });
            scope.spawn(move || {
                let config = Home::new();
                let folder = config.path().join(".config/deploytrack");
                fs::create_dir_all(&folder).unwrap();
                std::os::unix::fs::symlink(path, folder.join("config.toml")).unwrap();
                let read = config.deploytrack(&["matrix"]);
                assert!(
                    read.code == 2 && read.err.contains("config.toml"),
                    "{read:?}"
                );
            });
        }
    });
}

#[test]
fn a_token_sent_without_tls_is_a_warning() {
    let bench = Bench::filled();
    let (proxy, _) = proxy(bench.server.url());
    let home = || {
        let home = Home::new()
            .with("DEPLOYTRACK_URL", "http://tracker.invalid")
            .with("http_proxy", &proxy);
        home.with("DEPLOYTRACK_TOKEN", Caller::admin_token())
    };
    let run = home().deploytrack(&["matrix"]);
    assert!(
        run.done().contains("production") && run.err.contains("without encryption"),
        "{run:?}"
    );
    assert_eq!(run.err.lines().count(), 1, "once for a command: {run:?}");
    assert!(
        run.err.contains("https://") && run.err.contains("--allow-http"),
        "{run:?}"
    );
    assert_eq!(home().deploytrack(&["matrix", "--allow-http"]).err, "");
    assert_eq!(
        home()
            .with("DEPLOYTRACK_ALLOW_HTTP", "1")
            .deploytrack(&["matrix"])
            .err,
        ""
    );
    assert!(
        home()
            .with("DEPLOYTRACK_ALLOW_HTTP", "0")
            .deploytrack(&["matrix"])
            .err
            .contains("without encryption")
    );
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v1",
        "--",
        "true",
    ];
    assert_eq!(
        home()
            .deploytrack(&args)
            .err
            .matches("without encryption")
            .count(),
        1
    );
    let login = home().deploytrack_reading(&["login", "--token-stdin"], &Caller::admin_token());
    assert!(login.err.contains("without encryption"), "{login:?}");
    let local = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    assert_eq!(local.deploytrack(&["matrix"]).err, "");
}
