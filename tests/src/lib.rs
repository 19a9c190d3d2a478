//! The harness: databases, servers, callers and programs for the tests that cross crates.
//!
//! | Room | Knows |
//! |---|---|
//! | [`database`] | a fresh SQLite or PostgreSQL database per test; [`on_both!`] |
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

/// Makes two tests of one body, one on SQLite and one on PostgreSQL, each with a database of its own.
///
/// ```text
/// on_both! {
///     async fn the_claim(database) { ... }
/// }
/// ```
#[macro_export]
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($database:ident) $body:block)+) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "not every body needs what its file imports")]
            use super::*;

            async fn body($database: $crate::database::Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                body($crate::database::Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                if let Some(database) = $crate::database::Database::postgres().await {
                    body(database).await;
                }
            }
        }
    )+};
}

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
