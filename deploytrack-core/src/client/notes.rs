//! Notes about archived components and environments, from response headers.

use std::collections::BTreeSet;

use reqwest::header::{HeaderMap, HeaderValue};

use crate::{api, catalog::CatalogKind, text::Name};

/// The components and environments that the server found archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveNotes {
    /// The records that a deployment unarchived.
    pub unarchived: ArchivedNames,
    /// The records that are still archived: the matrix hides the deployment.
    pub still_archived: ArchivedNames,
}

/// Names of components and environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchivedNames {
    /// The names in the headers.
    pub names: BTreeSet<(CatalogKind, Name)>,
    /// The number of further names.
    pub more: u64,
}

impl ArchiveNotes {
    /// Adds the notes of a response.
    pub(super) fn add(&mut self, headers: &HeaderMap) {
        self.unarchived.add(headers.get(api::UNARCHIVED));
        self.still_archived.add(headers.get(api::ARCHIVED));
    }
}

impl ArchivedNames {
    fn add(&mut self, header: Option<&HeaderValue>) {
        for (key, value) in header
            .into_iter()
            .flat_map(|text| url::form_urlencoded::parse(text.as_bytes()))
        {
            let kind = [CatalogKind::Component, CatalogKind::Environment]
                .into_iter()
                .find(|kind| kind.as_str() == key);
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
    fn names_and_the_number_of_further_names_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert(
            api::UNARCHIVED,
            HeaderValue::from_static("component=api&environment=review%2Fa+b&more=7"),
        );
        let mut notes = ArchiveNotes::default();
        notes.add(&headers);
        notes.add(&headers);
        let names = [
            (CatalogKind::Component, "api".parse().unwrap()),
            (CatalogKind::Environment, "review/a b".parse().unwrap()),
        ];
        assert_eq!(
            notes.unarchived,
            ArchivedNames {
                names: names.into(),
                more: 14
            }
        );
        assert_eq!(notes.still_archived, ArchivedNames::default());
    }
}
