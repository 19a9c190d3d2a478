//! The schemas of the bodies of [`FromBody`](crate::api::FromBody). In an optional field, `null`
//! means absent, unless its description says that it removes a value.

mod catalog;
mod deployments;
mod fields;
mod import;
#[cfg(test)]
mod tests;

pub use self::import::{IMPORTED_DEPLOYMENT, imported_deployment};
