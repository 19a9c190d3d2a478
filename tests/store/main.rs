//! The contract of the tracker, on both databases.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]
#![expect(clippy::too_many_lines, reason = "a table of cases is one function")]

mod append_only;
mod archive;
mod catalog;
mod cell;
mod clocks;
mod daily;
mod damage;
mod earlier;
mod events;
mod gaps;
mod given;
mod group;
mod idempotency;
mod import;
mod large;
mod name_guard;
mod names;
mod occurred;
mod pages;
mod plans;
mod races;
mod retention;
mod rollback;
mod sequence;
mod setup;
mod verification;
