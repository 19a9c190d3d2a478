//! Identity tokens: their exchange for a token of the server, the explanation of the rules, and the
//! pins.

pub(crate) mod exchange;
pub(crate) mod explain;
pub(crate) mod list_pins;
pub(crate) mod remove_pin;
mod request;
