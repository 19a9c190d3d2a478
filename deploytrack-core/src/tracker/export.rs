//! The lines of an export that register components and environments.
//!
//! An import registers the names of its deployments and guesses the rest. Names with other details
//! have lines of their own, which come first.

use std::collections::HashSet;

use uuid::Uuid;

use super::Tracker;
use crate::{
    api::ImportLine,
    catalog::{Environment, EnvironmentType},
    error::Error,
    text::Name,
};

/// The position in the lines of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CatalogCursor {
    /// Before the first line.
    #[default]
    Start,
    /// After the components up to this one.
    Components(Name),
    /// After all components and this many environments.
    Environments(usize),
}

impl Tracker {
    /// The next names as lines of an export, at most `take`, and the position after them:
    /// components in name order, then environments in their order. `None` means the end.
    ///
    /// A component has a line if it has more than a name, or if it was never deployed. All
    /// environments have lines if one of them is archived, or if its name alone would register it
    /// with another type, place or description.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn export_names(
        &self,
        cursor: &CatalogCursor,
        take: usize,
    ) -> Result<Option<(CatalogCursor, Vec<ImportLine>)>, Error> {
        let key = match cursor {
            CatalogCursor::Start => None,
            CatalogCursor::Components(name) => Some(name.key()),
            CatalogCursor::Environments(count) => {
                return self.export_environments(*count, take).await;
            }
        };
        let components = self
            .store
            .described_components(key.as_deref(), take as u64)
            .await?;
        let Some(last) = components.last().map(|component| component.name.clone()) else {
            return self.export_environments(0, take).await;
        };
        let lines = components.iter().map(ImportLine::of_component);
        Ok(Some((CatalogCursor::Components(last), lines.collect())))
    }

    async fn export_environments(
        &self,
        skip: usize,
        take: usize,
    ) -> Result<Option<(CatalogCursor, Vec<ImportLine>)>, Error> {
        let all = self.store.environments(None, 0, u64::MAX).await?.0;
        let in_use: HashSet<_> = self
            .store
            .environments_in_use()
            .await?
            .into_iter()
            .collect();
        if skip >= all.len() || follow_from_names(&all, &in_use) {
            return Ok(None);
        }
        let lines: Vec<_> = all
            .iter()
            .skip(skip)
            .take(take)
            .map(ImportLine::of_environment)
            .collect();
        Ok(Some((
            CatalogCursor::Environments(skip + lines.len()),
            lines,
        )))
    }
}

/// Whether the environments follow from their names, in whichever order the names are registered.
fn follow_from_names(all: &[Environment], in_use: &HashSet<Uuid>) -> bool {
    let is_plain = |environment: &Environment| {
        !environment.archived
            && environment.description.is_none()
            && environment.r#type == EnvironmentType::guess(&environment.name)
            && in_use.contains(&environment.id)
    };
    // Two of the same type would be in the order of their registration.
    all.iter().all(is_plain) && all.is_sorted_by(|a, b| a.r#type < b.r#type)
}
