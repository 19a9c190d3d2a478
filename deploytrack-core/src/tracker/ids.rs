//! Looking up ids by their beginning.

use super::Tracker;
use crate::{error::Error, ids::IdMatches, text::IdPrefix};

impl Tracker {
    /// The ids of deployments that begin with each of these prefixes, in the order of the prefixes.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn ids(&self, prefixes: Vec<IdPrefix>) -> Result<Vec<IdMatches>, Error> {
        self.store.ids_with(prefixes).await
    }
}
