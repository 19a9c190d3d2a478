//! Servers behind TLS with a private certificate.

use std::fs;

use deploytrack_tests::{
    caller::{Caller, SECRET},
    program::{Home, Run},
    tls::{Authority, TlsOptions, TlsProxy},
};

use crate::given::Bench;

/// A server behind TLS, and the files of its certificates.
struct PrivateServer {
    bench: Bench,
    files: Authority,
}

impl PrivateServer {
    fn new() -> Self {
        Self {
            bench: Bench::filled(),
            files: Authority::new(),
        }
    }

    /// A TLS proxy with the certificate of this name, followed by others.
    fn front(&self, name: &str, others: &[&str]) -> TlsProxy {
        let file = |name: &str| self.files.read(&format!("{name}.pem"));
        let chain = std::iter::once(file(name))
            .chain(others.iter().map(|other| file(other)))
            .collect::<String>();
        TlsProxy::new(
            &chain,
            &self.files.file(&format!("{name}.key")),
            self.bench.server.url(),
            TlsOptions::default(),
        )
    }

    fn home(front: &TlsProxy, host: &str) -> Home {
        Home::new()
            .with("DEPLOYTRACK_URL", front.url(host))
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token())
    }

    /// Runs a command that trusts the certificates of a file.
    fn asked(&self, front: &TlsProxy, host: &str, file: &str) -> Run {
        Self::home(front, host).deploytrack(&[
            "matrix",
            "--cacert",
            self.files.file(file).to_str().unwrap(),
        ])
    }

    #[track_caller]
    fn is_trusted(&self, front: &TlsProxy, file: &str) {
        for host in ["localhost", "127.0.0.1"] {
            assert!(
                self.asked(front, host, file).done().contains("production"),
                "{file}"
            );
        }
    }

    #[track_caller]
    fn is_refused(&self, front: &TlsProxy, host: &str, file: &str, said: &str, hint: &str) {
        let run = self.asked(front, host, file);
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.err.contains(said) && run.err.contains(hint), "{run:?}");
    }
}

#[test]
fn a_certificate_that_signs_itself_is_trusted_when_it_is_named() {
    let hidden = PrivateServer::new();
    for (name, args) in [
        ("rsa", &[][..]),
        (
            "end",
            &["-addext", "basicConstraints=critical,CA:FALSE"][..],
        ),
        (
            "ec",
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"][..],
        ),
        ("ed25519", &["-newkey", "ed25519"][..]),
        (
            "server",
            &[
                "-addext",
                "extendedKeyUsage=serverAuth",
                "-addext",
                "keyUsage=digitalSignature",
            ][..],
        ),
    ] {
        hidden.files.self_signed(name, args);
        hidden.is_trusted(&hidden.front(name, &[]), &format!("{name}.pem"));
    }
    let front = hidden.front("rsa", &[]);
    let (own, other, key) = (
        hidden.files.read("rsa.pem"),
        hidden.files.read("ec.pem"),
        hidden.files.read("rsa.key"),
    );
    for (file, text) in [
        ("crlf.pem", own.replace('\n', "\r\n")),
        ("several.pem", format!("# the tracker\n{other}{own}")),
        ("with-key.pem", format!("{key}{own}")),
        ("bom.pem", format!("\u{feff}{own}")),
    ] {
        fs::write(hidden.files.file(file), text).unwrap();
        hidden.is_trusted(&front, file);
    }
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(own.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(hidden.files.file("utf16.pem"), utf16).unwrap();
    hidden.is_trusted(&front, "utf16.pem");
    let home = PrivateServer::home(&front, "localhost").with(
        "DEPLOYTRACK_CACERT",
        hidden.files.file("rsa.pem").to_str().unwrap(),
    );
    assert!(home.deploytrack(&["matrix"]).done().contains("production"));
    let _ = home
        .deploytrack_reading(&["login", "--token-stdin"], &Caller::admin_token())
        .done();
}

#[test]
fn a_certificate_of_an_own_authority_is_trusted_by_any_part_of_its_chain() {
    let hidden = PrivateServer::new();
    hidden.files.self_signed("root", &["-subj", "/CN=root"]);
    hidden
        .files
        .signed("middle", "root", "basicConstraints=critical,CA:TRUE\n");
    hidden.files.signed(
        "leaf",
        "middle",
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
    );
    let front = hidden.front("leaf", &["middle"]);
    for file in ["root.pem", "middle.pem", "leaf.pem"] {
        hidden.is_trusted(&front, file);
    }
    let alone = hidden.front("leaf", &[]);
    hidden.is_trusted(&alone, "leaf.pem");
    hidden.is_refused(
        &alone,
        "localhost",
        "root.pem",
        "signed by an authority that is not trusted here",
        "neither this certificate nor",
    );
}

#[test]
fn a_trusted_certificate_is_valid_only_for_its_names_and_dates() {
    let hidden = PrivateServer::new();
    hidden.files.self_signed("own", &[]);
    let front = hidden.front("own", &[]);
    let own = hidden.files.file("own.pem");
    let shown = |off| {
        PrivateServer::home(&front, "localhost")
            .deploytrack_with_clock(off, &["matrix", "--cacert", own.to_str().unwrap()])
    };
    let over = shown(400 * 86_400);
    assert!(
        over.code == 3
            && over.err.contains("its certificate expired at")
            && over.err.contains("renew"),
        "{over:?}"
    );
    let early = shown(-400 * 86_400);
    assert!(
        early.code == 3 && early.err.contains("valid only from") && early.err.contains("clock"),
        "{early:?}"
    );
    hidden.files.self_signed(
        "elsewhere",
        &[
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:tracker.example.com",
        ],
    );
    let elsewhere = hidden.front("elsewhere", &[]);
    hidden.is_refused(
        &elsewhere,
        "localhost",
        "elsewhere.pem",
        "is for tracker.example.com and not for localhost",
        "use tracker.example.com",
    );
    hidden
        .files
        .self_signed("nameless", &["-subj", "/CN=localhost"]);
    let nameless = hidden.front("nameless", &[]);
    hidden.is_refused(
        &nameless,
        "localhost",
        "nameless.pem",
        "has no host",
        "subjectAltName=DNS:localhost",
    );
    hidden.is_refused(
        &nameless,
        "127.0.0.1",
        "nameless.pem",
        "has no host",
        "subjectAltName=IP:127.0.0.1",
    );
    hidden
        .files
        .self_signed("client", &["-addext", "extendedKeyUsage=clientAuth"]);
    let client = hidden.front("client", &[]);
    hidden.is_refused(&client, "localhost", "client.pem", "certificate", "hint:");
    // A new certificate with the same name and the same key is another certificate.
    hidden.files.openssl(&[
        "req",
        "-x509",
        "-key",
        "own.key",
        "-subj",
        "/CN=tracker",
        "-out",
        "again.pem",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]);
    hidden.is_refused(
        &front,
        "localhost",
        "again.pem",
        "CA:TRUE",
        "neither this certificate nor",
    );
}

#[test]
fn a_certificate_that_is_not_named_is_not_trusted() {
    let hidden = PrivateServer::new();
    hidden.files.self_signed("own", &[]);
    hidden
        .files
        .self_signed("end", &["-addext", "basicConstraints=critical,CA:FALSE"]);
    for name in ["own", "end"] {
        let run =
            PrivateServer::home(&hidden.front(name, &[]), "localhost").deploytrack(&["matrix"]);
        assert_eq!(run.code, 3, "{run:?}");
        assert!(
            run.err.contains("with --cacert FILE") && !run.err.contains("deploytrack serve"),
            "{run:?}"
        );
    }
}

#[test]
fn a_file_without_certificates_is_refused_with_its_kind_of_content() {
    let files = Authority::new();
    files.self_signed("own", &[]);
    files.openssl(&[
        "x509", "-in", "own.pem", "-outform", "der", "-out", "own.der",
    ]);
    files.openssl(&["x509", "-in", "own.pem", "-trustout", "-out", "trusted.pem"]);
    fs::write(files.file("empty.pem"), "").unwrap();
    fs::write(
        files.file("broken.pem"),
        "-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    fs::write(
        files.file("other.pem"),
        "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    fs::create_dir(files.file("folder")).unwrap();
    for (file, said) in [
        ("none.pem", "cannot read"),
        ("empty.pem", "is empty"),
        ("broken.pem", "number 1 cannot be read"),
        ("other.pem", "number 1 cannot be read"),
        ("own.der", "openssl x509 -inform der"),
        ("own.key", "-----BEGIN PRIVATE KEY-----"),
        ("trusted.pem", "-----BEGIN TRUSTED CERTIFICATE-----"),
        ("folder", "cat FOLDER/*.pem"),
        ("/dev/zero", "not a regular file"),
    ] {
        let path = files.file(file);
        let run = Home::new().deploytrack(&[
            "matrix",
            "--url",
            "https://127.0.0.1:1",
            "--cacert",
            path.to_str().unwrap(),
        ]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(
            run.err.contains(said) && run.err.contains("--cacert"),
            "{run:?}"
        );
        let wrapped = [
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--url",
            "https://127.0.0.1:1",
            "--cacert",
        ];
        let run = Home::new().deploytrack(
            &[
                &wrapped[..],
                &[path.to_str().unwrap(), "--", "echo", "deployed"],
            ]
            .concat(),
        );
        assert_eq!(
            run.done(),
            "deployed\n",
            "a command runs although its tracker cannot be asked"
        );
    }
}

#[test]
fn the_doctor_distinguishes_an_untrusted_certificate_from_an_unreachable_server() {
    let hidden = PrivateServer::new();
    hidden.files.self_signed("own", &[]);
    let front = hidden.front("own", &[]);
    let home = PrivateServer::home(&front, "localhost");
    let strange = home.deploytrack(&["doctor", "-o", "csv"]);
    assert_eq!(strange.code, 3, "{strange:?}");
    assert!(
        strange.out.contains("connection,ok,")
            && strange.out.contains("tls,problem,")
            && strange.out.contains("--cacert"),
        "{strange:?}"
    );
    let trusted = home.deploytrack(&[
        "doctor",
        "-o",
        "csv",
        "--cacert",
        hidden.files.file("own.pem").to_str().unwrap(),
    ]);
    assert!(
        trusted.done().contains("tls,ok,") && trusted.out.contains("token,ok,"),
        "{trusted:?}"
    );
}

/// The error of a server for a database with this certificate, with these parameters in the
/// database URL.
fn database(files: &Authority, name: &str, parameters: &str) -> String {
    let manner = TlsOptions {
        asked_first: true,
        ..TlsOptions::default()
    };
    let front = TlsProxy::new(
        &files.read(&format!("{name}.pem")),
        &files.file(&format!("{name}.key")),
        "127.0.0.1:1",
        manner,
    );
    let url = format!(
        "{}/track?{parameters}",
        front
            .url("me:hush@localhost")
            .replace("https://", "postgres://")
    );
    let run = Home::new()
        .with("DEPLOYTRACK_JWT_SECRET", SECRET)
        .deploytrack_server(&["migrate", "--database-url", &url]);
    assert!(run.code == 1 && !run.err.contains("hush"), "{run:?}");
    run.err
}

#[test]
fn a_certificate_of_a_database_is_trusted_when_named_and_else_refused_with_the_way_out() {
    let files = Authority::new();
    for (name, args) in [
        (
            "end",
            &["-addext", "basicConstraints=critical,CA:FALSE"][..],
        ),
        ("signs", &[][..]),
        (
            "elsewhere",
            &[
                "-subj",
                "/CN=x",
                "-addext",
                "subjectAltName=DNS:db.example.com",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ][..],
        ),
    ] {
        files.self_signed(name, args);
    }
    let root = |name: &str| {
        format!(
            "sslmode=verify-full&sslrootcert={}",
            files.file(&format!("{name}.pem")).display()
        )
    };
    // No database is behind the proxy.
    assert!(database(&files, "end", &root("end")).contains("cannot be used at the moment"));
    for (name, parameters, said) in [
        ("signs", root("signs"), "basicConstraints=critical,CA:FALSE"),
        ("end", root("elsewhere"), "in sslrootcert"),
        ("end", "sslmode=verify-full".to_owned(), "in sslrootcert"),
        ("elsewhere", root("elsewhere"), "subjectAltName"),
    ] {
        let refusal = database(&files, name, &parameters);
        assert!(refusal.contains(said), "{name} {parameters}: {refusal}");
    }
}
