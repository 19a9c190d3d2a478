//! The HTTP contract, tested over a real server. Folders follow the URLs.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod archive;
mod audit;
mod badges;
mod cache;
mod components;
mod conditions;
mod crowds;
mod dashboard;
mod deployments;
mod docs;
mod environments;
mod errors;
mod events;
mod examples;
mod forgeries;
mod given;
mod hang_ups;
mod health;
mod hostile;
mod idempotency;
mod identity;
mod limits;
mod metrics;
mod names;
mod newer_database;
mod openapi;
mod proxies;
mod random_limits;
mod rates;
mod readers;
mod retention;
mod revocations;
mod sessions;
mod stored_tokens;
mod tls;
mod tokens;
mod transfer;
mod unread_bodies;
mod verify;
mod walls;
