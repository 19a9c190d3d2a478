//! The server with a certificate: its settings, its log, and the commands that use it.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process, Run, under},
    tls::Authority,
};

use crate::given::Bench;

const CURVE: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/// A folder with certificates, and a home for servers that use them.
struct Given {
    files: Authority,
    home: Home,
    database: Database,
}

impl Given {
    fn new() -> Self {
        let given = Self {
            files: Authority::new(),
            home: Home::new(),
            database: Database::sqlite(),
        };
        given.make("server", &[]);
        given
    }

    /// Makes a certificate for this machine, or for the subject in the arguments.
    fn make(&self, name: &str, args: &[&str]) {
        self.files.self_signed(name, &[&CURVE, args].concat());
        self.make_private(&format!("{name}.key"));
    }

    fn make_private(&self, name: &str) {
        fs::set_permissions(self.files.file(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.files.file(name).display().to_string()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap()
    }

    /// Waits until the log has so many lines with this text.
    fn logs(&self, text: &str, times: usize) {
        let begun = Instant::now();
        while self.log().matches(text).count() < times {
            assert!(
                begun.elapsed() < Duration::from_secs(15),
                "{text}: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The command for a server with the certificate and the key in these files.
    fn command(&self, certificate: &str, key: &str, args: &[&str]) -> Command {
        self.with_clock(0, certificate, key, args)
    }

    fn with_clock(&self, off: i64, certificate: &str, key: &str, args: &[&str]) -> Command {
        let (certificate, key) = (self.path(certificate), self.path(key));
        let own = [
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            self.database.url(),
            "--tls-cert",
            &certificate,
            "--tls-key",
            &key,
        ];
        let args = [&own, args].concat();
        let mut command = match off {
            0 => self.home.command("deploytrack-server", &args),
            off => self
                .home
                .command_with_clock(off, "deploytrack-server", &args),
        };
        let log = fs::File::create(self.home.path().join("log")).unwrap();
        command
            .env("DEPLOYTRACK_JWT_SECRET", SECRET)
            .env("DEPLOYTRACK_LOG_FORMAT", "text")
            .stderr(log);
        command
    }

    fn start(&self, args: &[&str]) -> Process {
        Process::started(self.command("server.pem", "server.key", args))
    }

    /// Starts a server that can only fail.
    fn refused(&self, certificate: &str, key: &str) -> Run {
        let mut command = self.command(certificate, key, &[]);
        Run::of(
            &command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .output()
                .unwrap(),
        )
    }

    /// Runs a command at the address of a server, with the certificate in this file.
    fn asked(&self, url: &str, cacert: Option<&str>, args: &[&str]) -> Run {
        let mut home = Home::new()
            .with("DEPLOYTRACK_URL", url)
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        if let Some(name) = cacert {
            home.set("DEPLOYTRACK_CACERT", self.path(name));
        }
        home.deploytrack(args)
    }
}

#[test]
fn commands_use_a_server_whose_certificate_they_trust() {
    let given = Given::new();
    let server = given.start(&[]);
    let url = server.url();
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let record = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v1",
        "--status",
        "succeeded",
    ];
    let _ = given.asked(url, Some("server.pem"), &record).done();
    let matrix = given.asked(url, Some("server.pem"), &["matrix"]);
    assert!(
        matrix.done().contains("v1") && matrix.err.is_empty(),
        "{matrix:?}"
    );
    given.asked(url, Some("server.pem"), &["doctor"]).ok();
    given.make("other", &[]);
    let (plain, mixed) = (Bench::new(), url.replace("https:", "http:"));
    let secured = plain.server.url().replace("http:", "https:");
    for (url, cacert, texts) in [
        (url, None, ["may sign others (CA:TRUE)", "--cacert"]),
        (
            url,
            Some("other.pem"),
            ["may sign others (CA:TRUE)", "neither this certificate"],
        ),
        (
            &mixed,
            Some("server.pem"),
            ["it speaks TLS at this port", "use an https:// address"],
        ),
        (
            &secured,
            Some("server.pem"),
            ["it does not speak TLS", "the port for http"],
        ),
    ] {
        let run = given.asked(url, cacert, &["matrix"]);
        assert_eq!(run.code, 3, "{run:?}");
        assert!(
            texts.iter().all(|text| run.err.contains(text)),
            "{texts:?} {run:?}"
        );
    }
    assert_eq!(server.terminate().0, 0);
    assert!(
        given
            .log()
            .contains("the TLS certificate is valid until 20"),
        "{}",
        given.log()
    );
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_way_out_before_anything_listens() {
    let given = Given::new();
    given.make("other", &[]);
    given
        .files
        .signed("leaf", "server", "subjectAltName=DNS:localhost\n");
    let write = |name: &str, text: String| fs::write(given.files.file(name), text).unwrap();
    let read = |name: &str| given.files.read(name);
    write(
        "backwards.pem",
        format!("{}{}", read("server.pem"), read("leaf.pem")),
    );
    write("empty.pem", String::new());
    write("damaged.pem", read("server.pem").replacen("MII", "!!!", 1));
    write(
        "half.key",
        read("server.key")
            .lines()
            .take(2)
            .collect::<Vec<_>>()
            .join("\n"),
    );
    let openssl = |args: &[&str]| given.files.openssl(args);
    openssl(&[
        "pkey",
        "-in",
        "server.key",
        "-aes256",
        "-passout",
        "pass:x",
        "-out",
        "secret.key",
    ]);
    openssl(&[
        "ec",
        "-in",
        "server.key",
        "-aes256",
        "-passout",
        "pass:x",
        "-out",
        "older.key",
    ]);
    openssl(&[
        "x509",
        "-in",
        "server.pem",
        "-outform",
        "der",
        "-out",
        "server.der",
    ]);
    openssl(&["genpkey", "-algorithm", "ed448", "-out", "unknown.key"]);
    fs::create_dir(given.files.file("folder")).unwrap();
    for (certificate, key, file, text) in [
        (
            "absent.pem",
            "server.key",
            "absent.pem",
            "cannot be read: No such file",
        ),
        (
            "server.pem",
            "absent.key",
            "absent.key",
            "cannot be read: No such file",
        ),
        (
            "folder",
            "server.key",
            "folder",
            "neither a file nor a pipe",
        ),
        (
            "empty.pem",
            "server.key",
            "empty.pem",
            "-----BEGIN CERTIFICATE-----",
        ),
        (
            "server.key",
            "server.key",
            "server.key",
            "contains no certificate",
        ),
        (
            "server.der",
            "server.key",
            "server.der",
            "contains no certificate",
        ),
        (
            "damaged.pem",
            "server.key",
            "damaged.pem",
            "number 1 cannot be read",
        ),
        (
            "server.pem",
            "server.pem",
            "server.pem",
            "contains no private key",
        ),
        ("server.pem", "half.key", "half.key", "cannot be used"),
        (
            "server.pem",
            "unknown.key",
            "unknown.key",
            "RSA, ECDSA or Ed25519",
        ),
        (
            "server.pem",
            "secret.key",
            "secret.key",
            "openssl pkey -in FILE -out NEW_FILE",
        ),
        (
            "server.pem",
            "older.key",
            "older.key",
            "openssl pkey -in FILE -out NEW_FILE",
        ),
        (
            "server.pem",
            "other.key",
            "other.key",
            "does not belong to the first certificate",
        ),
        ("backwards.pem", "leaf.key", "backwards.pem", "is number 2"),
    ] {
        let run = given.refused(certificate, key);
        assert!(
            run.code == 2 && run.out.is_empty(),
            "{certificate} {key}: {run:?}"
        );
        assert!(
            run.err.contains(&given.path(file)) && run.err.contains(text),
            "{text}: {run:?}"
        );
        assert_eq!(run.err.lines().count(), 1, "{run:?}");
        let (certificate, key) = (given.path(certificate), given.path(key));
        let checked = given.home.deploytrack_server(&[
            "check-config",
            "--tls-cert",
            &certificate,
            "--tls-key",
            &key,
        ]);
        assert_eq!((checked.code, checked.err), (2, run.err));
    }
    // As the message about the encrypted key says.
    openssl(&[
        "pkey",
        "-in",
        "secret.key",
        "-passin",
        "pass:x",
        "-out",
        "plain.key",
    ]);
    let command = given.command("server.pem", "plain.key", &[]);
    assert_eq!(Process::started(command).terminate().0, 0);
}

#[test]
fn a_certificate_needs_a_key_and_a_key_a_certificate() {
    let given = Given::new();
    let file = given.path("server.pem");
    for (name, missing) in [
        ("TLS_CERT", "the key is missing"),
        ("TLS_KEY", "the certificate is missing"),
    ] {
        let home = Home::new().with(&format!("DEPLOYTRACK_{name}"), &*file);
        for command in [&["check-config"][..], &["healthcheck"], &[]] {
            let run = home.deploytrack_server(command);
            assert_eq!(run.code, 2, "{run:?}");
            assert!(
                run.err.contains(missing) && run.err.contains("both or neither"),
                "{run:?}"
            );
        }
    }
}

#[test]
fn every_kind_of_key_and_a_chain_are_used() {
    let given = Given::new();
    given.files.self_signed("rsa", &[]);
    given.files.self_signed("ed25519", &["-newkey", "ed25519"]);
    given
        .files
        .signed("leaf", "rsa", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    let chain = format!(
        "{}{}",
        given.files.read("leaf.pem"),
        given.files.read("rsa.pem")
    );
    fs::write(given.files.file("chain.pem"), chain).unwrap();
    let openssl = |args: &[&str]| given.files.openssl(args);
    openssl(&["rsa", "-traditional", "-in", "rsa.key", "-out", "pkcs1.key"]);
    openssl(&["ec", "-in", "server.key", "-out", "sec1.key"]);
    for (certificate, key, trusted) in [
        ("rsa.pem", "rsa.key", "rsa.pem"),
        ("rsa.pem", "pkcs1.key", "rsa.pem"),
        ("server.pem", "sec1.key", "server.pem"),
        ("ed25519.pem", "ed25519.key", "ed25519.pem"),
        ("chain.pem", "leaf.key", "rsa.pem"),
    ] {
        let server = Process::started(given.command(certificate, key, &[]));
        given.asked(server.url(), Some(trusted), &["matrix"]).ok();
    }
}

#[test]
fn a_certificate_that_is_not_valid_and_a_key_that_all_can_read_are_warnings() {
    let given = Given::new();
    let (month, key) = (30 * 24 * 3600, given.files.file("server.key"));
    for (off, text) in [
        (-month, "the TLS certificate is not valid before"),
        (month + 3600, "the TLS certificate expired at"),
        (month - 24 * 3600, "the TLS certificate expires at"),
    ] {
        let server = Process::started(given.with_clock(off, "server.pem", "server.key", &[]));
        given.logs(text, 1);
        let log = given.log();
        let line = log.lines().find(|line| line.contains(text)).unwrap();
        assert!(
            line.contains("WARN") && line.contains("server.pem"),
            "{line}"
        );
        assert!(!log.contains("can be read by every user"), "{log}");
        drop(server);
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let _server = given.start(&[]);
    given.logs("server.key (--tls-key, DEPLOYTRACK_TLS_KEY) can be read by every user of this machine (mode 644); chmod 600", 1);
    let checked = given.home.deploytrack_server(&[
        "check-config",
        "--tls-cert",
        &given.path("server.pem"),
        "--tls-key",
        &given.path("server.key"),
    ]);
    let certificate = checked
        .done()
        .lines()
        .find(|line| line.starts_with("certificate "));
    assert!(
        certificate
            .unwrap()
            .contains("server.pem is valid until 20"),
        "{checked:?}"
    );
}

#[test]
fn a_faulty_new_pair_is_logged_once_and_a_good_one_is_used() {
    let given = Given::new();
    given.make("new", &[]);
    let server = given.start(&[]);
    given.logs("is valid until", 1);
    fs::copy(given.files.file("server.pem"), given.files.file("old.pem")).unwrap();
    fs::copy(given.files.file("new.pem"), given.files.file("server.pem")).unwrap();
    given.logs("the former TLS certificate stays in use: the TLS key", 1);
    std::thread::sleep(Duration::from_secs(5));
    let log = given.log();
    assert_eq!(log.matches("stays in use").count(), 1, "{log}");
    assert!(
        log.lines()
            .any(|line| line.contains("ERROR") && line.contains("does not belong")),
        "{log}"
    );
    given.asked(server.url(), Some("old.pem"), &["matrix"]).ok();
    fs::copy(given.files.file("new.key"), given.files.file("server.key")).unwrap();
    given.logs("is valid until", 2);
    given.asked(server.url(), Some("new.pem"), &["matrix"]).ok();
    assert_eq!(
        given.asked(server.url(), Some("old.pem"), &["matrix"]).code,
        3
    );
}

/// Starts a server without a terminal, as a service has none.
fn detached(given: &Given) -> Process {
    let inner = given.command("server.pem", "server.key", &[]);
    let mut command = under("setsid", &inner);
    let log = fs::File::create(given.home.path().join("log")).unwrap();
    command.stdin(Stdio::null()).stderr(log);
    Process::started(command)
}

#[test]
fn sighup_reads_the_files_at_once_and_ends_no_service() {
    let given = Given::new();
    let server = detached(&given);
    given.logs("is valid until", 1);
    fs::write(given.files.file("server.key"), "").unwrap();
    let begun = Instant::now();
    server.signal("HUP");
    given.logs("stays in use", 1);
    // Without the signal the second look would log it, after four seconds at most and two at least.
    assert!(
        begun.elapsed() < Duration::from_millis(1900),
        "{:?}",
        begun.elapsed()
    );
    server.signal("HUP");
    given
        .asked(server.url(), Some("server.pem"), &["matrix"])
        .ok();
    assert_eq!(server.terminate().0, 0);
}

#[test]
fn the_health_check_accepts_any_certificate_and_the_other_listener_speaks_http() {
    let given = Given::new();
    given.make(
        "named",
        &[
            "-subj",
            "/CN=x",
            "-addext",
            "subjectAltName=DNS:tracker.example.com",
        ],
    );
    let server = Process::started(given.command("named.pem", "named.key", &[]));
    let address = server.url().trim_start_matches("https://").to_owned();
    let settings = |name: &str| {
        Home::new()
            .with("DEPLOYTRACK_LISTEN", &*address)
            .with("DEPLOYTRACK_TLS_CERT", given.path(&format!("{name}.pem")))
            .with("DEPLOYTRACK_TLS_KEY", given.path(&format!("{name}.key")))
    };
    // The files may have changed since the server has read them.
    for name in ["named", "server", "absent"] {
        let ready = settings(name).deploytrack_server(&["healthcheck"]);
        assert_eq!(
            ready.done(),
            format!("the server at https://{address} is ready\n")
        );
    }
    let plain = Home::new().deploytrack_server(&["healthcheck", "--listen", &address]);
    assert_eq!(plain.code, 1, "{plain:?}");
    assert!(
        plain
            .err
            .contains("use an address that begins with https://"),
        "{plain:?}"
    );
    let mixed = Bench::new();
    let other = mixed.server.url().trim_start_matches("http://").to_owned();
    let wrong = settings("named").deploytrack_server(&["healthcheck", "--listen", &other]);
    assert!(
        wrong.code == 1 && wrong.err.contains("does not answer as"),
        "{wrong:?}"
    );

    let given = Given::new();
    let mut server = given.start(&["--health-listen", "127.0.0.1:0"]);
    let line = server.read_until(|text| text.ends_with('\n'));
    let health = line
        .trim()
        .strip_prefix("health checks on http://")
        .unwrap();
    let ready = settings("server")
        .with("DEPLOYTRACK_HEALTH_LISTEN", health)
        .deploytrack_server(&["healthcheck"]);
    assert_eq!(
        ready.done(),
        format!("the server at http://{health} is ready\n")
    );
}

#[test]
fn the_credentials_of_a_service_are_used() {
    let given = Given::new();
    let folder = given.home.path().join("credentials");
    fs::create_dir(&folder).unwrap();
    let start = || {
        let args = [
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            given.database.url(),
        ];
        let mut command = given.home.command("deploytrack-server", &args);
        command
            .env("CREDENTIALS_DIRECTORY", &folder)
            .env("DEPLOYTRACK_JWT_SECRET", SECRET)
            .stderr(Stdio::null());
        command
    };
    assert!(Process::started(start()).url().starts_with("http://"));
    fs::copy(given.files.file("server.pem"), folder.join("tls-cert")).unwrap();
    let half = Run::of(
        &start()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .unwrap(),
    );
    assert!(
        half.code == 2 && half.err.contains("the key is missing"),
        "{half:?}"
    );
    fs::copy(given.files.file("server.key"), folder.join("tls-key")).unwrap();
    let server = Process::started(start());
    given
        .asked(server.url(), Some("server.pem"), &["matrix"])
        .ok();
}

/// Starts `deploytrack serve` with a certificate, and returns it with its hints.
fn local(given: &Given, name: &str, args: &[&str]) -> (Process, PathBuf) {
    let (certificate, key) = (
        given.path(&format!("{name}.pem")),
        given.path(&format!("{name}.key")),
    );
    let own = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
    ];
    let mut command = given.home.command("deploytrack", &[&own, args].concat());
    let hints = given.home.path().join("hints");
    command.stderr(fs::File::create(&hints).unwrap());
    (Process::started(command), hints)
}

#[test]
fn the_local_profile_has_an_address_and_a_certificate_that_fit_each_other() {
    let given = Given::new();
    given.make(
        "localhost",
        &["-subj", "/CN=x", "-addext", "subjectAltName=DNS:localhost"],
    );
    given.make(
        "named",
        &[
            "-subj",
            "/CN=x",
            "-addext",
            "subjectAltName=DNS:*.x,DNS:tracker.example.com",
        ],
    );
    for (name, host) in [
        ("server", "https://127.0.0.1:"),
        ("localhost", "https://localhost:"),
        ("named", "https://tracker.example.com:"),
    ] {
        let (server, _hints) = local(&given, name, &[]);
        assert!(server.url().starts_with(host), "{}", server.url());
        if name == "named" {
            continue;
        }
        let record = [
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--status",
            "succeeded",
        ];
        let _ = given.home.deploytrack(&record).done();
        assert!(given.home.deploytrack(&["matrix"]).done().contains("v1"));
        let wrapped = [
            "record",
            "-c",
            "web",
            "-e",
            "production",
            "--version",
            "v2",
            "--",
            "true",
        ];
        given.home.deploytrack(&wrapped).ok();
        assert!(given.home.deploytrack(&["matrix"]).done().contains("v2"));
    }
    let (mut server, _hints) = local(&given, "server", &["--demo"]);
    let text = server.read_until(|text| text.contains("deploytrack list"));
    assert!(text.contains("production"), "{text}");
    assert_eq!(server.terminate().0, 0);
}

#[test]
fn a_login_remembers_the_certificate() {
    let given = Given::new();
    let server = given.start(&[]);
    let (home, cacert) = (Home::new(), given.path("server.pem"));
    let login = |args: &[&str]| {
        let args = [&["login", "--token-stdin", "--url", server.url()], args].concat();
        home.deploytrack_reading(&args, &Caller::admin_token())
    };
    assert_eq!(login(&[]).code, 3);
    login(&["--cacert", &cacert]).ok();
    home.deploytrack(&["matrix"]).ok();
    login(&[]).ok();
    home.deploytrack(&["matrix"]).ok();
    fs::remove_file(given.files.file("server.pem")).unwrap();
    let gone = home.deploytrack(&["matrix"]);
    assert_eq!(gone.code, 2, "{gone:?}");
    assert!(
        gone.err.contains(&cacert) && gone.err.contains("the profile"),
        "{gone:?}"
    );
}

#[test]
fn the_end_of_a_server_waits_for_no_handshake() {
    let given = Given::new();
    let server = given.start(&[]);
    let address = server.url().trim_start_matches("https://").to_owned();
    let silent: Vec<_> = (0..5)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    assert_eq!(server.terminate().0, 0);
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    drop(silent);
}
