//! The pages, in a real browser.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod accessibility;
mod address;
mod docs;
mod given;
mod hostile;
mod login;
mod matrix;
mod pages;
mod places;
mod walls;
