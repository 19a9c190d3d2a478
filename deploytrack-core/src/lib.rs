//! What runs where, since when, and who put it there.
//!
//! This crate is the library of deploytrack. It records deployments of components to environments, moves them
//! through a status machine and answers which version is current in each cell of the matrix, from an append-only
//! history.
//!
//! # Map
//!
//! Each room uses only the rooms above it in this table.
//!
//! | Room | Knows |
//! |---|---|
//! | [`status`] | the five statuses and which of them may follow which |
//! | [`clock`] | what time it is, and how a time is written and read |
//! | [`text`] | text that has been checked once: names, versions, commits |
//! | [`name`] | names of components and environments: which are the same, which are near misses |
//! | [`json`] | strict JSON: no duplicate keys, every fault of a body at once |
//! | [`digest`] | SHA-256 |
//! | [`deployment`] | a deployment, and what is asked of it |
//! | [`history`] | the rows of a history, the chain of their hashes, and what they come to |
//! | [`rollback`] | which deployment a rollback goes back to |
//! | [`event`] | what readers are told of as it happens |
//! | [`verification`] | what was found when the history was compared with what is kept |
//! | [`arrival`] | when a message arrived, and where that puts a transition in time |
//! | [`catalog`] | components and environments, their order |
//! | [`query`] | filters and pages |
//! | [`matrix`] | rows and cells |
//! | [`entity_tag`] | entity tags and the conditions of a request |
//! | [`api`] | the paths and bodies that server and client share |
//! | [`error`] | what can go wrong, said for the caller |
//! | [`faults`] | the faults of a request, gathered up to a limit |
#![cfg_attr(
    feature = "store",
    doc = "| [`store`] | SQL; the only room that knows the database |\n| [`tracker`] | the use cases: record, update, list, latest, matrix, history, verification |"
)]
#![cfg_attr(feature = "client", doc = "| [`client`] | the HTTP client of a server |")]
#![cfg_attr(feature = "openapi", doc = "| [`openapi`] | the schemas of what is on the wire |")]
//!
//! # Features
//!
//! | Feature | Gives | Default |
//! |---|---|---|
//! | `sqlite` | the tracker on an embedded SQLite database | yes |
//! | `postgres` | the tracker on PostgreSQL | no |
//! | `client` | the HTTP client | no |
//! | `openapi` | the schemas of what is on the wire, for an OpenAPI document | no |
//!
//! With none of them the pure model compiles: no I/O, no clock of its own.
#![cfg_attr(
    feature = "sqlite",
    doc = r#"
# Embedding

A program needs no server to keep track of its deployments:

```
use deploytrack_core::{
    deployment::{Change, NewDeployment},
    query::MatrixFilter,
    status::Status,
    store::Store,
    text::Label,
    tracker::Tracker,
};

# #[tokio::main(flavor = "current_thread")]
# async fn main() -> Result<(), deploytrack_core::error::Error> {
let tracker = Tracker::new(Store::open("sqlite::memory:").await?);
let me = Label::new("release-script")?;

let recorded = tracker
    .record(NewDeployment::named("user-service", "production", "v2.3.0")?, &me)
    .await?;
tracker.update(recorded.id, Change::to(Status::InProgress), &me).await?;
tracker.update(recorded.id, Change::to(Status::Succeeded), &me).await?;

let matrix = tracker.matrix(&MatrixFilter::default()).await?;
assert_eq!(matrix[0].environments["production"].version.as_str(), "v2.3.0");
# Ok(())
# }
```
"#
)]

pub mod api;
pub mod archive;
pub mod arrival;
pub mod catalog;
#[cfg(feature = "client")]
pub mod client;
pub mod clock;
pub mod deployment;
pub mod digest;
pub mod entity_tag;
pub mod error;
pub mod event;
pub mod faults;
pub mod history;
pub mod json;
pub mod matrix;
pub mod name;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod query;
pub mod rollback;
pub mod status;
#[cfg(feature = "store")]
pub mod store;
pub mod text;
#[cfg(feature = "store")]
pub mod tracker;
pub mod verification;
