//! The keys of tokens: public keys, former secrets, and their change while the server runs.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{self, seconds},
    program::{Home, Process, binary, under, with_variables_of},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

const OWN: &str = "the-secret-of-this-server-0123456789";
const FORMER: &str = "the-secret-of-last-year-0123456789!!";

/// A home with the secret of a server and keys that openssl made.
struct Given {
    home: Home,
}

impl Given {
    fn new() -> Self {
        let home = Home::new();
        fs::write(home.path().join("own"), OWN).unwrap();
        Self { home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn openssl(&self, args: &[&str]) {
        let run = Command::new("openssl")
            .args(args)
            .current_dir(self.home.path())
            .output()
            .unwrap();
        assert!(run.status.success(), "{args:?}: {run:?}");
    }

    /// Makes a private key NAME.key and its public key NAME.pem.
    fn make(&self, name: &str, kind: &[&str]) {
        let (private, public) = (format!("{name}.key"), format!("{name}.pem"));
        self.openssl(&[&["genpkey", "-out", &private, "-algorithm"], kind].concat());
        self.openssl(&["pkey", "-in", &private, "-pubout", "-out", &public]);
    }

    fn private(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(&format!("{name}.key"))).unwrap()
    }

    /// A server without a terminal, whose log is in the file `log`.
    fn start(&self, args: &[&str]) -> Process {
        let all = [
            &["--listen", "127.0.0.1:0", "--jwt-secret-file", "own"],
            args,
        ]
        .concat();
        let inner = self.home.command("deploytrack-server", &all);
        let mut command = under("setsid", &inner);
        command
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stderr(File::create(self.path("log")).unwrap());
        command.env("RUST_LOG", "info");
        Process::started(command)
    }

    /// Sends SIGHUP and waits until the log has this text once more.
    fn reload(&self, server: &Process, text: &str) {
        let logged = || {
            fs::read_to_string(self.path("log"))
                .unwrap()
                .matches(text)
                .count()
        };
        let (before, begun) = (logged(), Instant::now());
        server.signal("HUP");
        while logged() == before {
            assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The exit code of `list` with a token: 0, or 4 when the server refuses it.
    fn code(&self, server: &Process, token: &str) -> i32 {
        let args = ["list", "--url", server.url()];
        let mut command = self.home.command("deploytrack", &args);
        command.env("DEPLOYTRACK_TOKEN", token);
        command.output().unwrap().status.code().unwrap()
    }
}

fn claims() -> Value {
    json!({"sub": "ci", "iat": seconds(), "exp": seconds() + 3600, "roles": ["writer"]})
}

fn signed(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey) -> String {
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(algorithm)
    };
    jsonwebtoken::encode(&header, &claims(), key).unwrap()
}

#[test]
fn tokens_of_each_kind_of_public_key_are_accepted_in_pem_form_and_as_a_set() {
    let given = Given::new();
    given.make("rsa", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    given.make("ec", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    given.make("ed", &["ED25519"]);
    let rsa = EncodingKey::from_rsa_pem(&given.private("rsa")).unwrap();
    let ec = EncodingKey::from_ec_pem(&given.private("ec")).unwrap();
    let ed = EncodingKey::from_ed_pem(&given.private("ed")).unwrap();
    let all = [
        (Algorithm::RS256, &rsa),
        (Algorithm::ES256, &ec),
        (Algorithm::EdDSA, &ed),
    ];
    let set: Vec<_> = all
        .iter()
        .map(|(algorithm, key)| {
            let mut jwk = json!(Jwk::from_encoding_key(key, *algorithm).unwrap());
            jwk["kid"] = json!(format!("{algorithm:?}"));
            jwk
        })
        .collect();
    // A member that is for something else, or not understood, is ignored.
    let others = [
        json!({"kty": "EC", "use": "enc", "crv": "P-256", "x": "AA", "y": "AA"}),
        json!({"kty": "new"}),
    ];
    let members = [set, others.to_vec()].concat();
    let set = json!({ "keys": members });
    given.write("set.json", set.to_string());
    let pem = given.start(&["--jwt-key", "rsa.pem,ec.pem", "--jwt-key", "ed.pem"]);
    for (algorithm, key) in all {
        assert_eq!(
            given.code(&pem, &signed(algorithm, None, key)),
            0,
            "{algorithm:?}"
        );
        assert_eq!(
            given.code(&pem, &signed(algorithm, Some("any"), key)),
            0,
            "{algorithm:?}"
        );
    }
    assert_eq!(pem.terminate().0, 0);
    let json_set = given.start(&["--jwt-key", "set.json"]);
    for (algorithm, key) in all {
        let own_id = format!("{algorithm:?}");
        let code = |kid| given.code(&json_set, &signed(algorithm, kid, key));
        assert_eq!(code(None), 0, "{algorithm:?}");
        assert_eq!(code(Some(own_id.as_str())), 0, "{algorithm:?}");
        assert_eq!(code(Some("another")), 4, "{algorithm:?}");
    }
    let own = caller::token(&claims(), OWN);
    assert_eq!(given.code(&json_set, &own), 0);
    let foreign = EncodingKey::from_secret(OWN.as_bytes());
    let with_kid = signed(Algorithm::HS256, Some("RS256"), &foreign);
    assert_eq!(
        given.code(&json_set, &with_kid),
        0,
        "the id of another key is no obstacle"
    );
}

#[test]
fn a_token_cannot_choose_the_algorithm_of_a_key() {
    let given = Given::new();
    given.make("rsa", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    given.make("other", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let server = given.start(&["--jwt-key", "rsa.pem"]);
    let public = fs::read(given.path("rsa.pem")).unwrap();
    let trimmed = public.trim_ascii().to_vec();
    for secret in [public, trimmed] {
        let confused = signed(Algorithm::HS256, None, &EncodingKey::from_secret(&secret));
        assert_eq!(given.code(&server, &confused), 4);
    }
    let rsa = EncodingKey::from_rsa_pem(&given.private("rsa")).unwrap();
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        assert_eq!(
            given.code(&server, &signed(algorithm, None, &rsa)),
            4,
            "{algorithm:?}"
        );
    }
    let other = EncodingKey::from_rsa_pem(&given.private("other")).unwrap();
    assert_eq!(
        given.code(&server, &signed(Algorithm::RS256, None, &other)),
        4
    );
    let valid = signed(Algorithm::RS256, None, &rsa);
    let body = valid.split('.').nth(1).unwrap();
    // The header {"alg":"none"}.
    for unsigned in [
        format!("eyJhbGciOiJub25lIn0.{body}."),
        format!("eyJhbGciOiJub25lIn0.{body}"),
    ] {
        assert_eq!(given.code(&server, &unsigned), 4);
    }
    assert_eq!(given.code(&server, &valid), 0);
}

#[test]
fn a_file_that_is_no_key_for_tokens_ends_the_start_with_the_way_out() {
    let given = Given::new();
    given.make("rsa", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    given.make("short", &["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    given.make("p384", &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    let pem = fs::read_to_string(given.path("rsa.pem")).unwrap();
    given.write("two.pem", format!("{pem}{pem}"));
    given.write("text", "not a key");
    given.write(
        "oct.json",
        json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}).to_string(),
    );
    given.write("none.json", json!({"keys": []}).to_string());
    given.write("broken.json", "{\"keys\": [");
    for (file, named) in [
        (
            "rsa.key",
            "has a private key; give the server the public one",
        ),
        ("short.pem", "has an RSA key of fewer than 2048 bits"),
        (
            "p384.pem",
            "has no key for RS256, ES256 (P-256) or EdDSA (Ed25519)",
        ),
        ("two.pem", "has more than one key in PEM form"),
        (
            "text",
            "is neither a public key in PEM form nor a JSON Web Key set",
        ),
        ("oct.json", "has a symmetric key (kty oct)"),
        ("none.json", "has no key for RS256"),
        ("broken.json", "is neither a public key"),
        ("missing", "cannot be read"),
    ] {
        let path = given.path(file);
        let path = path.to_str().unwrap();
        for command in [&["--listen", "127.0.0.1:0"][..], &["check-config"]] {
            let run = given
                .home
                .deploytrack_server(&[command, &["--jwt-key", path]].concat());
            assert_eq!(run.code, 2, "{file}: {run:?}");
            assert!(
                run.err.contains(named) && run.err.contains("--jwt-key"),
                "{file}: {run:?}"
            );
            assert!(run.err.contains(path), "{run:?}");
        }
    }
    given.write("former", "short");
    let path = given.path("former");
    let run = given.home.deploytrack_server(&[
        "check-config",
        "--jwt-former-secret-file",
        path.to_str().unwrap(),
    ]);
    assert!(
        run.code == 2 && run.err.contains("former token secret"),
        "{run:?}"
    );
}

#[test]
fn a_secret_is_changed_without_refusing_a_token_and_sighup_reads_the_keys_again() {
    let given = Given::new();
    given.write("former", FORMER);
    let server = given.start(&["--jwt-former-secret-file", "former"]);
    let [own, former] = [OWN, FORMER].map(|secret| caller::token(&claims(), secret));
    assert_eq!(
        [given.code(&server, &own), given.code(&server, &former)],
        [0, 0]
    );
    given.write("former", "x");
    given.reload(&server, "the former ones stay in use");
    assert_eq!(
        [given.code(&server, &own), given.code(&server, &former)],
        [0, 0]
    );
    fs::rename(given.path("own"), given.path("away")).unwrap();
    given.reload(&server, "the former ones stay in use");
    assert!(!given.path("own").exists(), "no secret is created");
    fs::rename(given.path("away"), given.path("own")).unwrap();
    given.write("former", "another-secret-of-at-least-32-bytes!");
    given.reload(&server, "read again, and have changed");
    assert_eq!(
        [given.code(&server, &own), given.code(&server, &former)],
        [0, 4]
    );
    given.write("own", "the-next-secret-of-this-server-01234");
    given.write("former", OWN);
    given.reload(&server, "read again, and have changed");
    assert_eq!(
        [given.code(&server, &own), given.code(&server, &former)],
        [0, 4]
    );
    given.reload(&server, "read again, and are the same");
    assert_eq!(server.terminate().0, 0);
}

#[test]
fn a_key_that_comes_through_a_pipe_is_read_once() {
    let given = Given::new();
    given.make("ed", &["ED25519"]);
    let program = binary("deploytrack-server").display();
    let script =
        format!("exec {program} token --subject ci --jwt-secret-file own --jwt-key <(cat ed.pem)");
    let inner = given.home.command("deploytrack-server", &[]);
    let mut command = Command::new("bash");
    command.args(["-c", &script]);
    let mut command = with_variables_of(command, &inner);
    let run = command.current_dir(given.home.path()).output().unwrap();
    assert!(run.status.success(), "{run:?}");
}
