//! Ids of deployments, as short as they are unique.

use std::collections::HashMap;

use uuid::Uuid;

use super::grid::Value;

/// The lengths that are tried: the millisecond in which an id was made, then a group more each time.
/// Ids that were imported together need the longer ones.
pub(crate) const LENGTHS: [usize; 4] = [13, 18, 23, 28];
/// The length of an id.
const WHOLE: usize = 36;

/// How many characters of an id are unique; an id that is not in it stays whole.
#[derive(Debug, Default)]
pub(crate) struct ShortIds(HashMap<Uuid, usize>);

impl ShortIds {
    /// Adds ids that are unique with this length.
    pub(crate) fn extend(&mut self, unique: impl IntoIterator<Item = Uuid>, length: usize) {
        self.0.extend(unique.into_iter().map(|id| (id, length)));
    }

    pub(crate) fn contains(&self, id: Uuid) -> bool {
        self.0.contains_key(&id)
    }

    fn length(&self, id: Uuid) -> usize {
        self.0.get(&id).copied().unwrap_or(WHOLE)
    }

    /// The beginning of the id that is unique, or the whole id.
    pub(crate) fn text(&self, id: Uuid) -> String {
        id.to_string().chars().take(self.length(id)).collect()
    }

    /// The id as a value of a table.
    pub(crate) fn value(&self, id: Uuid) -> Value {
        Value::shortened(&id, self.length(id))
    }
}

/// The length with which an id is unique among others.
pub(crate) fn unique_length(id: &str, others: &[&str]) -> usize {
    let is_unique = |length: &usize| {
        let prefix = id.get(..*length);
        others
            .iter()
            .all(|other| *other == id || other.get(..*length) != prefix)
    };
    LENGTHS.into_iter().find(is_unique).unwrap_or(WHOLE)
}
