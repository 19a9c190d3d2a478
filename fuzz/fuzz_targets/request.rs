//! A whole request: its head, path, query, headers, conditions and body, with the token of an admin,
//! up to the database. No request may make the server fail, and every answer is an HTTP message.
//!
//! An input is `METHOD TARGET`, lines of headers, an empty line and the body. Any other input is sent
//! as it is.

#![no_main]

use std::sync::LazyLock;

use deploytrack_core::tracker::Tracker;
use deploytrack_server::{
    App,
    fuzzing::InProcess,
    token::{Grant, Secret, issue},
};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

struct World {
    server: InProcess,
    token: String,
    _folder: TempDir,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("fuzz.db").display());
    let secret = Secret::new(SECRET.to_vec()).unwrap();
    let now = std::time::SystemTime::now().into();
    let subject = "ci-bot".parse().unwrap();
    let lasts = std::time::Duration::from_secs(360_000);
    let token = issue(&secret, &subject, &Grant::admin(), lasts, now).unwrap();
    let server = InProcess::start(async move {
        let store = deploytrack_core::store::Store::open(&url).await.unwrap();
        App::new(Tracker::new(store), &secret)
    });
    World { server, token, _folder: folder }
});

/// The bytes on the wire for an input.
fn request(input: &[u8]) -> Vec<u8> {
    let form = || {
        let at = input.windows(2).position(|pair| pair == b"\n\n")?;
        let head = std::str::from_utf8(&input[..at]).ok()?;
        let (first, headers) = head.split_once('\n').unwrap_or((head, ""));
        let body = &input[at + 2..];
        let mut message = format!("{first} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for header in headers.lines() {
            message.push_str(header);
            message.push_str("\r\n");
        }
        message.push_str(&format!("authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n", WORLD.token, body.len()));
        Some([message.as_bytes(), body].concat())
    };
    form().unwrap_or_else(|| input.to_vec())
}

fuzz_target!(|input: &[u8]| {
    let request = request(input);
    let answer = WORLD.server.answer(&request);
    if answer.is_empty() {
        return;
    }
    let head = String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned();
    assert!(head.starts_with("HTTP/1.1 ") || head.starts_with("HTTP/1.0 "), "{head}");
    assert_ne!(head.get(9..12), Some("500"), "{}", String::from_utf8_lossy(&answer));
});
