//! What answers tell beside their bodies about the archive.

use std::collections::BTreeSet;

use reqwest::header::{HeaderMap, HeaderValue};

use crate::{api, catalog::Kind, text::Name};

/// The components and environments that the server found archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveNotes {
    /// Those that a deployment took out of the archive.
    pub taken_out: ArchivedNames,
    /// Those that are still archived: the matrix hides the deployment.
    pub still_archived: ArchivedNames,
}

/// Names of components and environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchivedNames {
    /// Those that an answer named.
    pub names: BTreeSet<(Kind, Name)>,
    /// How many others there are.
    pub more: u64,
}

impl ArchiveNotes {
    /// Adds what an answer tells.
    pub(super) fn add(&mut self, headers: &HeaderMap) {
        self.taken_out.add(headers.get(api::UNARCHIVED));
        self.still_archived.add(headers.get(api::ARCHIVED));
    }
}

impl ArchivedNames {
    fn add(&mut self, header: Option<&HeaderValue>) {
        for (key, value) in header.into_iter().flat_map(|text| url::form_urlencoded::parse(text.as_bytes())) {
            let kind = [Kind::Component, Kind::Environment].into_iter().find(|kind| kind.as_str() == key);
            match (kind, value.parse()) {
                (Some(kind), Ok(name)) => _ = self.names.insert((kind, name)),
                _ => self.more += value.parse::<u64>().unwrap_or(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_the_number_of_others_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert(api::UNARCHIVED, HeaderValue::from_static("component=api&environment=review%2Fa+b&more=7"));
        let mut notes = ArchiveNotes::default();
        notes.add(&headers);
        notes.add(&headers);
        let names = [(Kind::Component, "api".parse().unwrap()), (Kind::Environment, "review/a b".parse().unwrap())];
        assert_eq!(notes.taken_out, ArchivedNames { names: names.into(), more: 14 });
        assert_eq!(notes.still_archived, ArchivedNames::default());
    }
}
