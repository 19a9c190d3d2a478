//! The harness: databases, servers, callers and programs for the tests that cross crates.
//!
//! | Room | Knows |
//! |---|---|
//! | [`database`] | a fresh SQLite or PostgreSQL database per test |
//! | [`postgres`] | the private PostgreSQL cluster of a test run |
//! | [`pooler`] | PgBouncer before a database on PostgreSQL |
//! | [`disk`] | a small disk that can be filled |
//! | [`fold`] | what the history says is current, worked out a second time |
//! | [`many`] | many records at once, by SQL |
//! | [`tls`] | certificates as openssl makes them, and a front that speaks TLS |
//! | [`server`] | a real server on a port of its own |
//! | [`caller`] | callers as people: anonymous, reader, admin, expired, forged |
//! | [`answer`] | an answer as a text that can be compared whole |
//! | [`contract`] | the OpenAPI document, to hold real answers against |
//! | [`hostile`] | the JSON bodies that cost a server most |
//! | [`raw`] | bytes to a socket, for what no client library would send |
//! | [`slow`] | readers who do not read |
//! | [`browser`] | a real browser, and whom its pages ask |
//! | [`program`] | the real binaries, with nothing of the machine's environment |
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a harness says what is wrong by panicking")]

pub mod answer;
pub mod browser;
pub mod caller;
pub mod contract;
pub mod database;
pub mod disk;
pub mod fold;
pub mod hostile;
pub mod many;
pub mod pooler;
pub mod postgres;
pub mod program;
pub mod raw;
pub mod server;
pub mod slow;
pub mod tls;

/// Compares a whole output with the snapshot of that name; both databases share one.
#[macro_export]
macro_rules! snapshot {
    ($name:expr, $output:expr) => {
        let (name, output) = ($name, $output);
        insta::with_settings!(
            { prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots") },
            { insta::assert_snapshot!(name, output) }
        )
    };
}
