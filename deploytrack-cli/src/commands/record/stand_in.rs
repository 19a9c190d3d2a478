//! Stand-ins for the fields of a record that nothing tells.

use deploytrack_core::{
    catalog::Reference,
    text::{Name, Version},
};
use serde_json::Value;

use super::Record;
use crate::pipeline::start::STAND_IN;

impl Record {
    /// Puts stand-ins in the place of the version and the environment that nothing tells.
    pub(super) fn stand_in_for(&mut self, missing: &[&str]) {
        for field in missing {
            match *field {
                "version" => self.version = Version::new(STAND_IN).ok(),
                _ => self.environment = Name::new(STAND_IN).ok().map(Reference::from),
            }
            self.mended.as_given.insert((*field).to_owned(), Value::Null);
        }
    }
}
