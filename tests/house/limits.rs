//! The table of limits in `docs/server.md`, compared with the constants in the code.

use std::{collections::BTreeSet, fs, path::Path};

/// A row: what is limited, the limit as the table states it, and the line of the code that sets it. The
/// line contains the number, so that a changed number needs a changed row.
type Row = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("target and headers together", "32 KiB", "deploytrack-server/src/limits.rs", "HEAD_BYTES: usize = 32 * 1024;"),
    ("time for the head of a request, and for a connection without one", "20 s", "deploytrack-server/src/serve/served.rs", "HEAD_TIMEOUT: Duration = Duration::from_secs(20);"),
    ("body", "1 MiB", "deploytrack-server/src/limits.rs", "BODY_BYTES: usize = 1024 * 1024;"),
    ("body of an import", "8 MiB", "deploytrack-core/src/api.rs", "IMPORT_BYTES: usize = 8 * 1024 * 1024;"),
    ("lines of an import", "1,000", "deploytrack-core/src/api.rs", "IMPORT_LINES: usize = 1000;"),
    ("entries in the `history` of one line of an import", "4,000", "deploytrack-core/src/api/import.rs", "IMPORT_ENTRIES: usize = 4000;"),
    ("time for a body", "30 s", "deploytrack-server/src/limits.rs", "BODY_TIMEOUT: Duration = Duration::from_secs(30);"),
    ("least rate of a body, after its first 10 s", "8 KiB/s", "deploytrack-server/src/arrival.rs", "LEAST_RATE: f64 = 8.0 * 1024.0;"),
    ("all bodies of more than 64 KiB that are arriving", "32 MiB", "deploytrack-server/src/arrival.rs", "MOST_BYTES: usize = 4 * IMPORT_BYTES;"),
    ("bodies that wait for room", "64", "deploytrack-server/src/arrival.rs", "MOST_WAITING: usize = 64;"),
    ("values in a body, or in a line of an import", "32,768", "deploytrack-core/src/json/strict.rs", "MOST_VALUES: usize = 32 * 1024;"),
    ("`metadata` of a record", "16 KiB, 16 levels", "deploytrack-core/src/deployment/metadata.rs", "MOST_BYTES: usize = 16 * 1024;"),
    ("a name", "255 characters", "deploytrack-core/src/name.rs", "MOST: usize = 255;"),
    ("values of a parameter that may be repeated", "100", "deploytrack-core/src/api.rs", "MOST_VALUES: usize = 100;"),
    ("items of a page", "100", "deploytrack-core/src/query/page.rs", "MOST_TAKE: u64 = 100;"),
    ("`skip` of a page", "10,000", "deploytrack-core/src/query/page.rs", "MOST_PASSED: u64 = 10_000;"),
    ("faults in an answer", "100", "deploytrack-core/src/fault.rs", "MOST_FAULTS: usize = 100;"),
    ("reads of one subject", "600,000 a minute", "deploytrack-server/src/rates.rs", "OF_SUBJECT: u32 = 600_000;"),
    ("writes of one subject", "600,000 a minute", "deploytrack-server/src/rates.rs", "OF_SUBJECT: u32 = 600_000;"),
    ("badges and requests for a session from one address", "6,000 a minute", "deploytrack-server/src/rates.rs", "ANONYMOUS: u32 = 6_000;"),
    ("requests without a valid token from one address", "6,000 a minute", "deploytrack-server/src/rates.rs", "REFUSED: u32 = 6_000;"),
    ("subjects, and addresses, that are counted", "32,768", "deploytrack-server/src/rates/limiter.rs", "MOST_KEYS: u64 = 32_768;"),
    ("connections", "768", "deploytrack-server/src/config.rs", "MAX_CONNECTIONS: usize = 768;"),
    ("connections of one address without a valid token", "a quarter of them", "deploytrack-server/src/connections.rs", "connections / 4,"),
    ("connections beyond the limit, for health checks", "16", "deploytrack-server/src/connections.rs", "RESERVE: usize = 16;"),
    ("time for a place, when all connections are busy", "5 s", "deploytrack-server/src/connections.rs", "PLACE_TIMEOUT: Duration = Duration::from_secs(5);"),
    ("time for a TLS handshake", "10 s", "deploytrack-server/src/serve/served/handshake.rs", "HANDSHAKE: Duration = Duration::from_secs(10);"),
    ("time without progress of an answer", "30 s", "deploytrack-server/src/serve/served.rs", "STALL: Duration = Duration::from_secs(30);"),
    ("time for requests in progress after the signal to end", "30 s", "deploytrack-server/src/serve.rs", "GRACE: Duration = Duration::from_secs(30);"),
    ("exports at once, of one subject and of all", "4 and 16", "deploytrack-server/src/app.rs", "EXPORTS_OF_SUBJECT: usize = 4;"),
    ("reads of many records at once, of one subject and of all", "8 and 32", "deploytrack-server/src/app.rs", "READS_OF_SUBJECT: usize = 8;"),
    ("streams of events, of one subject and of all", "an eighth and a half of the connections", "deploytrack-server/src/app.rs", "(connections / 8).max(LEAST_STREAMS),"),
    ("large answers in transit, of one subject and of all", "16 MiB and 64 MiB", "deploytrack-server/src/encoding.rs", "ANSWER_UNITS_OF_SUBJECT: usize = 256;"),
    ("writes that wait", "4,096", "deploytrack-core/src/tracker/writer/queue.rs", "MAX_QUEUED: usize = 4096;"),
    ("time that a write waits", "10 s", "deploytrack-core/src/tracker/writer/queue.rs", "QUEUE_TIMEOUT: Duration = Duration::from_secs(10);"),
    ("large reads from the database at once", "2", "deploytrack-core/src/tracker/large_reads.rs", "AT_ONCE: usize = 2;"),
    ("walls", "100", "deploytrack-core/src/wall.rs", "MOST: u64 = 100;"),
    ("sessions of one subject, and of all", "32 and 10,000", "deploytrack-core/src/session.rs", "MOST_OF_SUBJECT: i64 = 32;"),
    ("a token", "8 KiB", "deploytrack-server/src/token.rs", "MOST_BYTES: usize = 8 * 1024;"),
    ("lifetime of a token", "10 years", "deploytrack-server/src/token.rs", "LONGEST: Duration = Duration::from_hours(87_660);"),
    ("tolerated difference of clocks", "60 s", "deploytrack-server/src/token/cache.rs", "LEEWAY: f64 = 60.0;"),
    ("public keys in one file", "100", "deploytrack-server/src/token/key.rs", "MOST_KEYS: usize = 100;"),
    ("stored answers of idempotency keys", "24 h", "deploytrack-server/src/config/args.rs", r#"DEPLOYTRACK_IDEMPOTENCY_RETENTION", default_value = "24h""#),
];

/// The first two cells of each row of the table.
fn documented() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/server.md")).unwrap();
    let table = text.split("## Limits and deadlines").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = rows.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let rows = cells.filter(|cells| !cells[2].is_empty());
    rows.map(|cells| (cells[1].to_owned(), cells[2].to_owned()))
        .collect()
}

#[test]
fn the_table_of_limits_is_that_of_the_code() {
    let expected: Vec<_> = ROWS
        .iter()
        .map(|row| (row.0.to_owned(), row.1.to_owned()))
        .collect();
    assert_eq!(
        documented(),
        expected,
        "docs/server.md has other rows than this test"
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (what, limit, file, line) in ROWS {
        let text = fs::read_to_string(root.join(file)).unwrap();
        assert!(
            text.contains(line),
            "{what}, {limit}: {file} has no more `{line}`"
        );
    }
}

#[test]
fn every_refusal_beyond_a_limit_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let (api, server) = (read("docs/api.md"), read("docs/server.md"));
    let table = server.split("## Limits and deadlines").nth(1).unwrap();
    let codes = api
        .lines()
        .filter(|line| line.starts_with("| 429 | `") || line.starts_with("| 503 | `too_many"));
    let codes: BTreeSet<_> = codes.filter_map(|line| line.split('`').nth(1)).collect();
    assert!(codes.len() > 8, "{codes:?}");
    // These have one at a time, and no number.
    let one_at_a_time = ["verification_in_progress", "removal_in_progress"];
    let missing: Vec<_> = codes
        .iter()
        .filter(|code| !table.contains(&format!("`{code}`")) && !one_at_a_time.contains(*code))
        .collect();
    assert_eq!(missing, Vec::<&&str>::new());
}
