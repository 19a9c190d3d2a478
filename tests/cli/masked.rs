//! No secret of a pipeline reaches the server.

use deploytrack_tests::{caller::Caller, program::Home};
use serde_json::Value;

use crate::{
    given::Bench,
    wrapped::{RECORD, assert_passed_through, home, listed, shown, wrapped},
};

const SECRET: &str = "sw0rdfish&more";

/// Everything that the server stores about the newest deployment.
fn recorded(bench: &Bench) -> String {
    let deployment = listed(bench)[0].clone();
    format!("{deployment}{}", shown(bench, &deployment["id"]))
}

#[test]
fn nothing_that_a_ci_masks_in_its_log_is_in_the_tail() {
    let bench = Bench::new();
    let home = home(&bench)
        .with("DATABASE_URL", "postgres://app:sw0rdfish%26more@db/app")
        .with("SETTINGS", r#"{"smtp": {"password": "mail-pass-1"}}"#)
        .with("FILE_OF_TOKEN", "/nowhere")
        .with("BUILDKITE_REDACTED_VARS", "*_HUSH")
        .with("MY_HUSH", "hushhush");
    let file = home.path().join("key.json");
    std::fs::write(&file, r#"{"private_key_id": "0a1b2c3d4e5f"}"#).unwrap();
    let home = home.with("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap());
    let script = r#"
        echo "::add-mask::masked-by-command"
        yes filler | head -n 20000
        secret='sw0rdfish&more'
        echo "plain $secret"
        printf 'base64 '; printf 'user:%s' "$secret" | base64
        printf 'hex '; printf '%s' "$secret" | od -An -tx1
        echo 'percent sw0rdfish%26more, json sw0rdfish\u0026more, html sw0rdfish&amp;more'
        echo "mail-pass-1 hushhush 0a1b2c3d4e5f masked-by-command"
        echo "git clone https://oauth2:otherpass@host/x; Authorization: Bearer abcdefgh"
        echo "ghp_abcdefghijklmnopqrstuvwxyz0123456789 $DEPLOYTRACK_TOKEN"
        exit 3
    "#;
    ends_as_the_command_did(&home, script);
    let (text, encoded) = (
        recorded(&bench),
        [
            "dXNlcjpzdzByZGZpc2gmbW9yZQ",
            "73 77 30 72",
            "otherpass",
            "abcdefgh",
            "0a1b2c3d4e5f",
        ],
    );
    let plain = [
        SECRET,
        "sw0rdfish",
        "mail-pass-1",
        "hushhush",
        "masked-by-command",
        "ghp_",
        "eyJ",
    ];
    for secret in plain.iter().chain(&encoded) {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let tail = listed(&bench)[0]["metadata"]["outputTail"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        tail.contains("plain ***")
            && tail.contains("git clone https://")
            && tail.contains("filler"),
        "{tail}"
    );
}

fn ends_as_the_command_did(home: &Home, script: &str) {
    let run = home.deploytrack(&wrapped(&["--output-tail", "9"], &["sh", "-c", script]));
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(
        run.out.contains(SECRET),
        "the log itself is the CI's business"
    );
}

#[test]
fn a_token_from_a_profile_or_a_file_is_masked() {
    let bench = Bench::new();
    let token = Caller::admin_token();
    let short = &token[token.len() - 20..];
    let base = || {
        Home::new()
            .with("PATH", "/usr/bin:/bin")
            .with("DEPLOYTRACK_URL", bench.server.url())
    };
    let by_file = base();
    std::fs::write(by_file.path().join("token"), format!("{token}\n")).unwrap();
    let path = by_file.path().join("token").to_str().unwrap().to_owned();
    let by_profile = base();
    std::fs::create_dir_all(by_profile.path().join(".config/deploytrack")).unwrap();
    let config = format!(
        "profile = \"x\"\n[profiles.x]\nurl = \"{}\"\ntoken = \"{token}\"\n",
        bench.server.url()
    );
    std::fs::write(
        by_profile.path().join(".config/deploytrack/config.toml"),
        config,
    )
    .unwrap();
    for home in [by_file.with("DEPLOYTRACK_TOKEN_FILE", path), by_profile] {
        let run = home.deploytrack(&wrapped(
            &["--output-tail", "2"],
            &["sh", "-c", &format!("echo part {short}; exit 4")],
        ));
        assert_passed_through(&run, 4, &format!("part {short}\n"));
        assert_eq!(
            listed(&bench)[0]["metadata"]["outputTail"],
            "part ***",
            "{run:?}"
        );
    }
}

#[test]
fn recorded_fields_have_their_secrets_masked() {
    let bench = Bench::new();
    let home = home(&bench).with("DB_PASSWORD", SECRET.replace('&', "1"));
    let secret = SECRET.replace('&', "1");
    let (description, meta) = (
        format!("failed with {secret}"),
        format!("url=https://me:{secret}@host/x"),
    );
    let texts = [
        "--description",
        &description,
        "--meta",
        &meta,
        "--meta",
        "note=glpat-abcdefghij0123456789",
        "--meta",
        "kept=as it is",
    ];
    let run = home.deploytrack(&[&RECORD[..], &texts].concat());
    let id = run.done().trim().to_owned();
    assert!(run.err.contains("masked"), "{run:?}");
    let reason = format!("said {secret}");
    let _ = home
        .deploytrack(&[
            "update", &id, "failed", "--reason", &reason, "--meta", &meta,
        ])
        .done();
    let text = recorded(&bench);
    assert!(
        !text.contains(&secret) && !text.contains("glpat") && text.contains("failed with ***"),
        "{text}"
    );
    let metadata = listed(&bench)[0]["metadata"].clone();
    assert_eq!(
        (&metadata["kept"], &metadata["note"]),
        (&Value::from("as it is"), &Value::from("***"))
    );
    let wrapped = home.deploytrack(&[&RECORD[..], &texts, &["--", "true"]].concat());
    assert_eq!(wrapped.code, 0);
    assert!(!recorded(&bench).contains(&secret));
}
