//! The deploytrack server: the deployment matrix and its history over HTTP.
//!
//! # The path of a request
//!
//! [`serve`] accepts a connection and passes each request to `dispatch`. There the request gets an
//! id, and `endpoints` finds its row in the table. `auth` checks its token as the row requires.
//! `request` reads its query and its body, and the handler of the row calls the tracker and returns
//! the response. Every error on the way is a `Refusal`; only `dispatch` turns it into a response.
//!
//! # Map
//!
//! The rows are layers: a module uses only modules in the rows above its own, or in the same row.
//!
//! | Modules | Contents |
//! |---|---|
//! | `limits` | the limits that the OpenAPI document quotes |
//! | [`log`] | the log |
//! | [`value_parser`] | parsers for flags and variables |
//! | `quota` | limits for the server and for each subject |
//! | [`proxies`] | the trusted proxies, and the client that they name |
//! | [`token`], `secret_file` | tokens, and the file with the secret that signs them |
//! | [`oidc`] | identity tokens of other issuers, and the rules for them |
//! | [`tls`] | the certificate and the key of the listener, and their renewal |
//! | [`backup`] | backups of an SQLite database, and their schedule |
//! | [`connections`] | the open connections, their limits, and the eviction of an idle one |
//! | [`rates`] | how many requests one subject or one address may send |
//! | [`config`] | the settings: flags, variables, defaults |
//! | [`transfer`] | the text about a database that was copied |
//! | `write_timeout`, `descriptors` | the timeout for clients that read too slowly; the limit of open files |
//! | `body` | response bodies |
//! | `refusal` | the reasons for which requests fail, and their problem details |
//! | `identity` | the identity behind a request, and the audience of an answer |
//! | `links`, `response` | the links between the pages of a list; successful responses |
//! | `encoding` | the forms of a response: whole, compressed, not modified |
//! | `cache` | responses stored until the next commit |
//! | `credentials` | the tokens that were looked up in the database |
//! | `arrival`, `request_body` | the memory for arriving bodies; the body of a request until it is read |
//! | `metrics` | counters, measurements, and the text for Prometheus |
//! | `request_log` | the line of a request in the log |
//! | `app` | [`App`]: everything that a request needs |
//! | `session` | the cookie of a session, and which sites may set it |
//! | `auth` | authorization: tokens, sessions and roles |
//! | `asset`, `dashboard` | files inside the program; the pages for people (feature `dashboard`) |
//! | `swagger_ui` | Swagger UI (feature `swagger`) |
//! | `preconditions` | the headers that change what a write does |
//! | `request` | path, query and body of a request |
//! | `streaming` | responses with many rows |
//! | `badge`, `openapi` | the picture of a badge; the OpenAPI document |
//! | `endpoints` | the table of endpoints: paths, methods, permissions; one file for each |
//! | `dispatch` | the path of a request, from its id to its response |
//! | [`healthcheck`] | the check whether a running server is ready |
//! | [`serve`] | listeners: accept, timeouts, shutdown |
//! | `fuzzing` | the entrances of the fuzz targets, in their builds only |

mod app;
mod arrival;
#[cfg(feature = "dashboard")]
mod asset;
mod auth;
pub mod backup;
mod badge;
mod body;
mod cache;
pub mod config;
pub mod connections;
mod credentials;
#[cfg(feature = "dashboard")]
mod dashboard;
mod descriptors;
mod dispatch;
mod encoding;
mod endpoints;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod healthcheck;
mod identity;
mod limits;
mod links;
pub mod log;
mod metrics;
pub mod oidc;
mod openapi;
mod preconditions;
pub mod proxies;
mod quota;
pub mod rates;
mod refusal;
mod request;
mod request_body;
mod request_log;
mod response;
mod secret_file;
pub mod serve;
mod session;
mod streaming;
#[cfg(feature = "swagger")]
mod swagger_ui;
pub mod tls;
pub mod token;
pub mod transfer;
pub mod value_parser;
mod write_timeout;

pub use app::App;
