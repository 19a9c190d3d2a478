//! Refusals in the terms of the command line: the value, the rule, and a flag or a command that
//! helps.

mod command_line;
mod problems;
mod requests;

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Run},
};
use serde_json::{Value, json};

use crate::given::Bench;

/// Terms of HTTP, JSON and parsers, which do not help a person at a terminal.
const FOREIGN: [&str; 34] = [
    "?register",
    "=true",
    "Authorization",
    "Bearer",
    "Idempotency-Key",
    "Sent-At",
    "If-Match",
    "ETag",
    "Last-Event-ID",
    "Retry-After",
    "Content-",
    "{\"",
    "JSON object",
    "as compact JSON",
    "group count",
    "line 1 column",
    "invalid digit",
    "number at 0",
    "..=",
    "HTTP",
    "header",
    "the body",
    "query parameter",
    "this path",
    "/component",
    "/version",
    "/status",
    "/metadata",
    "componentId",
    "Bad Gateway",
    "Not Found",
    "Conflict",
    "Unprocessable",
    "text/html",
];

/// Checks that a refusal has this exit code, contains these parts and uses the terms of the command
/// line.
#[track_caller]
fn assert_refusal(args: &[&str], run: &Run, code: i32, parts: &[&str]) {
    assert_eq!(
        (run.code, run.out.as_str()),
        (code, ""),
        "{args:?}: {run:?}"
    );
    for part in parts {
        assert!(
            run.err.contains(part),
            "{args:?}: {part} is not in {}",
            run.err
        );
    }
    for word in FOREIGN {
        assert!(
            !run.err.contains(word),
            "{args:?}: {word} is in {}",
            run.err
        );
    }
}

const ID: &str = "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50";
