//! The harness of the tests that cross crates: databases, servers, callers and programs.
//!
//! | Module | Provides |
//! |---|---|
//! | [`database`] | a fresh SQLite or PostgreSQL database per test |
//! | [`postgres`] | the private PostgreSQL cluster of a test run |
//! | [`cluster`] | three machines with Patroni, of which one is the primary |
//! | [`pooler`] | PgBouncer before a database on PostgreSQL |
//! | [`proxy`] | Caddy and nginx before a server |
//! | [`disk`] | a small disk that a test can fill |
//! | [`fold`] | a second implementation of the fold, to compare every view with |
//! | [`data_set`] | large data sets, inserted by SQL |
//! | [`issuer`] | an issuer of identity tokens, with the documented claims of CI systems |
//! | [`tls`] | certificates made by openssl, and a TLS proxy |
//! | [`server`] | a real server on its own port, in this process |
//! | [`caller`] | HTTP callers with different tokens: anonymous, reader, admin, expired, forged |
//! | [`answer`] | an HTTP answer, and its form for snapshots |
//! | [`contract`] | checks of real answers against the OpenAPI document |
//! | [`hostile`] | JSON bodies that are the most expensive to parse |
//! | [`mirror`] | a server that changes the answers of a real one, as a malicious one could |
//! | [`raw`] | raw bytes to a socket, for requests that no client library sends |
//! | [`slow`] | clients that read slowly or not at all |
//! | [`browser`] | a real browser, and the requests of its pages |
//! | [`program`] | the real binaries, without the environment of the machine |
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a harness says what is wrong by panicking"
)]

pub mod answer;
pub mod browser;
pub mod caller;
pub mod cluster;
pub mod contract;
pub mod data_set;
pub mod database;
pub mod disk;
pub mod fold;
pub mod hostile;
pub mod issuer;
pub mod mirror;
pub mod pooler;
pub mod postgres;
pub mod program;
pub mod prometheus;
pub mod proxy;
pub mod raw;
pub mod server;
pub mod slow;
pub mod tls;

/// Compares a whole output with the snapshot of this name. Both databases share a snapshot.
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
