//! Limits that the server enforces and that the OpenAPI document quotes.

use std::time::Duration;

/// The most bytes of the target and the headers of a request together.
pub(crate) const HEAD_BYTES: usize = 32 * 1024;
/// The most bytes of a JSON body. An import has limits of its own in core.
pub(crate) const BODY_BYTES: usize = 1024 * 1024;
/// The time within which a body must arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// The most values of a query parameter that may be repeated.
pub(crate) const MOST_VALUES: usize = deploytrack_core::api::MOST_VALUES;
/// The longest silence on an event stream. Proxies close a silent connection after a minute or
/// less.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
