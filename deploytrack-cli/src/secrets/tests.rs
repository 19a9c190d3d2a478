use base64::{Engine as _, prelude::*};

use super::*;

const SECRET: &str = "Hunter2+/\"'&%äx-lo ng";

fn secrets(variables: &[(&str, &str)]) -> Secrets {
    let mut secrets = Secrets::default();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for value in values::of(&variables) {
        secrets.add(&value);
    }
    secrets
}

fn mask(variables: &[(&str, &str)], text: &str) -> String {
    secrets(variables).mask_log(text)
}

/// Checks that the secret is masked and the text around it is not.
fn assert_masked(variables: &[(&str, &str)], secret: &str) {
    let text = format!("before\nsee {secret} end\nafter");
    let masked = mask(variables, &text);
    assert!(
        !masked.contains(secret) && masked.starts_with("before\n") && masked.ends_with("\nafter"),
        "{secret:?} with {variables:?}: {masked:?}"
    );
}

#[test]
fn a_value_is_masked_in_every_form() {
    let bytes: Vec<_> = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let (hex, percent) = (
        bytes.concat(),
        format!("%{}", bytes.join("%").to_uppercase()),
    );
    for form in [
        SECRET.to_owned(),
        BASE64_STANDARD.encode(SECRET),
        BASE64_STANDARD_NO_PAD.encode(SECRET),
        BASE64_URL_SAFE.encode(SECRET),
        BASE64_STANDARD.encode(format!("u:{SECRET}")),
        BASE64_STANDARD.encode(format!("us:{SECRET}!")),
        BASE64_STANDARD.encode(format!("use:{SECRET}!!")),
        BASE64_STANDARD.encode(BASE64_STANDARD.encode(format!("u:{SECRET}"))),
        hex.to_uppercase(),
        format!("0a{hex}"),
        hex,
        percent.to_lowercase(),
        percent,
        serde_json::to_string(SECRET)
            .unwrap()
            .trim_matches('"')
            .to_owned(),
        SECRET.replace('ä', "\\u00e4").replace('"', "\\\""),
        SECRET.replace('\'', "'\\''"),
        SECRET.replace('&', "&amp;").replace('"', "&quot;"),
        SECRET.replace('\'', "''"),
    ] {
        assert_masked(&[("DB_PASSWORD", SECRET)], &form);
    }
}

#[test]
fn a_value_with_line_breaks_is_masked() {
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz";
    let variables = [("API_TOKEN", secret)];
    for text in [
        "0123456789abcdef\nghijklmnopqrstuvwxyz",
        "01234\u{1b}[31m56789abcdefgh\u{1b}[0mijklmnopqrstuvwxyz",
    ] {
        let masked = mask(&variables, text);
        assert!(
            !masked.contains("56789") && !masked.contains("uvwxyz"),
            "{masked:?}"
        );
    }
    let wrapped = BASE64_STANDARD.encode(format!("{secret}{secret}"));
    let masked = mask(
        &variables,
        &format!("{}\n{}", &wrapped[..50], &wrapped[50..]),
    );
    assert!(
        !masked.contains(&wrapped[..20]) && !masked.contains(&wrapped[60..]),
        "{masked:?}"
    );
    assert!(
        !mask(&variables, &secret[..20]).contains("0123"),
        "half of it"
    );
}

#[test]
fn a_secret_within_a_larger_value_is_masked_by_itself() {
    let json = r#"{"user": "deployer", "credentials": {"password": "pa ss\"word-1", "list": ["se-cr-et-2"]}}"#;
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\nshort+line\n-----END PRIVATE KEY-----\n";
    let docker = format!(
        r#"{{"auths": {{"registry": {{"auth": "{}"}}}}}}"#,
        BASE64_STANDARD.encode("robot:sw0rdfish")
    );
    for (name, value, secret) in [
        (
            "DATABASE_URL",
            "postgres://app:sw0rdfish@db:5432/app?sslmode=require",
            "sw0rdfish",
        ),
        (
            "DATABASE_URL",
            "postgres://app:p%40ss%2Fw0rd@db/app",
            "p@ss/w0rd",
        ),
        ("REDIS", "redis://:sw0rdfish@cache:6379/0", "sw0rdfish"),
        (
            "ORIGIN",
            "https://tokentokentoken@host/x.git",
            "tokentokentoken",
        ),
        (
            "STORE",
            "Server=db;User Id=app;Password='sw0rd;fish';Encrypt=true",
            "sw0rd;fish",
        ),
        (
            "STORAGE",
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abcd1234==;EndpointSuffix=x",
            "abcd1234==",
        ),
        (
            "BUS",
            "Endpoint=sb://x/;SharedAccessKeyName=y;SharedAccessKey=sw0rdfish",
            "sw0rdfish",
        ),
        ("SETTINGS", json, "pa ss\"word-1"),
        ("SETTINGS", json, "se-cr-et-2"),
        ("APP_SECRET", json, "deployer"),
        (
            "RC",
            "//registry.npmjs.org/:_authToken=sw0rdfish\nalways-auth=true",
            "sw0rdfish",
        ),
        (
            "NETRC",
            "machine host login me password sw0rdfish",
            "sw0rdfish",
        ),
        ("SSH_KEY", pem, "short+line"),
        ("ENVFILE", "export A_TOKEN=\"sw0rdfish\"\nB=1", "sw0rdfish"),
        ("DOCKER_AUTH_CONFIG", &docker, "sw0rdfish"),
        (
            "KUBE_SECRET",
            &BASE64_STANDARD.encode("token: sw0rdfish"),
            "sw0rdfish",
        ),
        (
            "SAS_URL",
            "https://x.blob/y?sv=1&sig=sw0rd%2Ffish",
            "sw0rd/fish",
        ),
        ("BUILDKITE_TOKEN", "sw0rdfish", "sw0rdfish"),
        ("DEPLOY_PW", "fish", "fish"),
        ("DEPLOY_PIN", "42", "42"),
        ("CHANCE", "q7Rk29vXbT1mZp0L", "q7Rk29vXbT1mZp0L"),
    ] {
        assert_masked(&[(name, value)], secret);
    }
    assert_masked(
        &[
            ("BUILDKITE_REDACTED_VARS", "A, *_HUSH"),
            ("MY_HUSH", "sw0rdfish"),
        ],
        "sw0rdfish",
    );
}

#[test]
fn a_text_with_the_form_of_a_secret_is_masked() {
    for secret in [
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "ghs_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
        "glpat-abcdefghij0123456789",
        "dtk_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "xoxb-123456789012-abcdefghijkl",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "npm_abcdefghijklmnopqrstuvwxyz0123456789",
        "-----BEGIN RSA PRIVATE KEY-----\nabc\ndef\n-----END RSA PRIVATE KEY-----",
    ] {
        assert_masked(&[], secret);
        assert!(!secrets(&[]).mask_text(secret).contains(&secret[..20]));
    }
    for (text, secret) in [
        ("postgres://app:sw0rdfish@db/app", "sw0rdfish"),
        ("git clone https://oauth2:sw0rd@fish@host/x", "sw0rd"),
        ("> Authorization: Basic c3cwcmRmaXNo", "c3cwcmRmaXNo"),
        ("curl -H 'authorization: bearer sw0rdfish'", "sw0rdfish"),
        ("PRIVATE-TOKEN: sw0rdfish", "sw0rdfish"),
        ("curl -u me:sw0rdfish https://host", "sw0rdfish"),
        ("login --password sw0rdfish", "sw0rdfish"),
        ("{\"client_secret\":\"sw0rdfish\"}", "sw0rdfish"),
        ("DB_PASSWORD=sw0rdfish", "sw0rdfish"),
        ("password: 'sw0rd fish'", "sw0rd fish"),
        (
            "https://hooks.slack.com/services/T0/B0/sw0rdfish",
            "sw0rdfish",
        ),
        (
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
            "VJTUt9Us8cKj",
        ),
        (
            "gkqhkiG9w0BAQEFAASC\nBKcwggSj==\n-----END PRIVATE KEY-----",
            "gkqhkiG9w0BAQEFAASC",
        ),
    ] {
        let masked = mask(&[], text);
        assert!(
            !masked.contains(secret) && masked.contains(MASK),
            "{masked}"
        );
    }
}

#[test]
fn error_messages_are_not_masked() {
    let variables = [
        ("HOME", "/root"),
        ("PATH", "/usr/bin:/bin"),
        ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
        (
            "CI_PIPELINE_URL",
            "https://gitlab.example/x/-/pipelines/123456789",
        ),
        ("PWD", "/builds/x"),
        ("FEATURE_AUTH", "true"),
        ("GIT_AUTHOR_NAME", "Mary Smith"),
    ];
    for text in [
        "error: connection to db:5432 refused; it is true that Mary Smith in /builds/x said so",
        "deploying 0123456789abcdef0123456789abcdef01234567 from https://gitlab.example/x/-/pipelines/123456789",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n/root/.cache at line 12, column 7",
        "FATAL: authentication failed for user app",
    ] {
        assert_eq!(mask(&variables, text), text);
    }
}

#[test]
fn a_mask_removes_no_line() {
    assert_eq!(
        mask(
            &[("SSH_PRIVATE", "-----first\nline-two\n")],
            "-----first\nline-two\nc"
        ),
        "***\n***\nc"
    );
    assert_eq!(
        mask(&[("A_TOKEN", "ümlaut")], "an ümlaut, ümlauts"),
        "an ***, ***s"
    );
}
