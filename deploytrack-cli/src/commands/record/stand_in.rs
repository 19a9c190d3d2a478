//! Stand-ins for the version and the environment of a record.

use deploytrack_core::{
    catalog::Reference,
    text::{Name, Version},
};
use serde_json::Value;

use super::Record;
use crate::pipeline::start::STAND_IN;

impl Record {
    /// Replaces missing fields, out of version and environment, by stand-ins.
    pub(super) fn stand_in_for(&mut self, missing: &[&str]) {
        for field in missing {
            match *field {
                "version" => self.version = Version::new(STAND_IN).ok(),
                _ => self.environment = Name::new(STAND_IN).ok().map(Reference::from),
            }
            self.mended
                .as_given
                .insert((*field).to_owned(), Value::Null);
        }
    }
}
