//! The library of deploytrack: which version of a component runs in which environment.
//!
//! It records deployments of components to environments, moves them through a status machine, and
//! computes from an append-only history which deployment is current in each cell of the matrix.
//!
//! # Modules
//!
//! Each module uses only modules above it in this table.
//!
//! | Module | Content |
//! |---|---|
//! | [`invalid`] | the error of every parser |
//! | `words` | the words of closed sets |
//! | [`name`] | names of components and environments: equality and near misses |
//! | [`text`] | checked text: versions, labels, commits, reasons |
//! | [`pattern`] | patterns of names |
//! | [`clock`] | the clock, and the text form of a time |
//! | [`age`] | ages for people: `3d` |
//! | [`ids`] | generation of ids, and their prefixes |
//! | [`digest`] | SHA-256 |
//! | [`entity_tag`] | entity tags and the conditions of a request |
//! | [`fault`] | faults of a request, collected up to a limit |
//! | [`status`] | the five statuses and the legal transitions |
//! | [`json`] | strict JSON: no duplicate keys, all faults of a body together |
//! | [`arrival`] | the time that the server records for a transition |
//! | [`catalog`] | components, environments and their order |
//! | [`archive`] | archiving of several components or environments |
//! | [`origin`] | the origin of a write, which an identity token states |
//! | [`deployment`] | deployments and the requests that change them |
//! | [`history`] | history rows, the chain of their hashes, and the state that they add up to |
//! | [`rollback`] | the target of a rollback |
//! | [`retention`] | which old deployments may be removed, and what remains of them |
//! | [`compare`] | which of two environments is ahead, and by which versions |
//! | [`event`] | the events of `GET /api/v1/events` |
//! | [`verification`] | the result of a comparison of all derived data with the history |
//! | [`backup`] | the description of a backup |
//! | [`transfer`] | the result of copying a database to another one |
//! | [`wall`] | walls: links that show one view of the matrix |
//! | [`query`] | filters, cursors and pages |
//! | [`daily`] | deployments counted by day |
//! | [`matrix`] | rows and cells of the matrix |
//! | [`measurement`] | measurements of the database, for monitoring |
//! | [`exchange`] | the exchange of an identity token for a token of the server |
//! | [`pin`] | the ids that names in identity tokens had at their first use |
//! | [`error`] | the error of the use cases |
//! | [`limits`] | the components and environments that a caller may write to |
//! | [`role`] | how much a caller may do |
//! | [`token`] | tokens that the server stores, and when they are valid |
//! | [`revocation`] | JSON Web Tokens that are refused before they expire |
//! | [`session`] | sessions of the pages, and the codes that open one |
//! | [`api`] | paths, headers and bodies that the server and the client share |
#![cfg_attr(
    feature = "store",
    doc = "| [`store`] | all SQL |\n| [`tracker`] | the use cases: record, update, list, latest, matrix, history, verification |"
)]
#![cfg_attr(
    feature = "client",
    doc = "| [`client`] | the HTTP client of a server |"
)]
#![cfg_attr(
    feature = "openapi",
    doc = "| [`openapi`] | the JSON schemas of the bodies |"
)]
//! | `fuzzing` | the entrances of the fuzz targets, in their builds only |
//!
//! # Features
//!
//! | Feature | Gives | Default |
//! |---|---|---|
//! | `sqlite` | the tracker on an embedded SQLite database | yes |
//! | `postgres` | the tracker on PostgreSQL | no |
//! | `client` | the HTTP client | no |
//! | `openapi` | the JSON schemas of the bodies, for an OpenAPI document | no |
//!
//! Without features, only the model is compiled: no I/O.
#![cfg_attr(
    feature = "sqlite",
    doc = r#"
# Embedding

A program can track deployments without a server:

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

pub mod age;
pub mod api;
pub mod archive;
pub mod arrival;
pub mod backup;
pub mod catalog;
#[cfg(feature = "client")]
pub mod client;
pub mod clock;
pub mod compare;
pub mod daily;
pub mod deployment;
pub mod digest;
pub mod entity_tag;
pub mod error;
pub mod event;
pub mod exchange;
pub mod fault;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod history;
pub mod ids;
pub mod invalid;
pub mod json;
pub mod limits;
pub mod matrix;
pub mod measurement;
pub mod name;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod origin;
pub mod pattern;
pub mod pin;
pub mod query;
pub mod retention;
pub mod revocation;
pub mod role;
pub mod rollback;
pub mod session;
pub mod status;
#[cfg(feature = "store")]
pub mod store;
pub mod text;
pub mod token;
#[cfg(feature = "store")]
pub mod tracker;
pub mod transfer;
pub mod verification;
pub mod wall;
mod words;
