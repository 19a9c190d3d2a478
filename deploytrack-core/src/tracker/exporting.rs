//! The lines of an export that register components and environments.
//!
//! An import registers the names that its deployments have, and guesses the rest. What it would not guess comes first, a
//! line for each name.

use std::collections::HashSet;

use uuid::Uuid;

use super::Tracker;
use crate::{
    api::ImportLine,
    catalog::{Environment, EnvironmentType},
    error::Error,
    text::Name,
};

/// How far the names have been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NamesRead {
    /// None.
    #[default]
    Nothing,
    /// The components up to this one.
    Components(Name),
    /// All components, and so many environments.
    Environments(usize),
}

impl Tracker {
    /// The next names, at most `take`, as lines of an export: components in name order, then environments in their order; with
    /// the place to go on from. `None` means the end.
    ///
    /// A component has a line if there is more to it than its name, or if it was never deployed. Environments have lines if
    /// one of them would not be registered by its name alone with the same type, place and description, or is archived.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn export_names(&self, read: &NamesRead, take: usize) -> Result<Option<(NamesRead, Vec<ImportLine>)>, Error> {
        let key = match read {
            NamesRead::Nothing => None,
            NamesRead::Components(name) => Some(name.key()),
            NamesRead::Environments(count) => return self.export_environments(*count, take).await,
        };
        let components = self.store.described_components(key.as_deref(), take as u64).await?;
        let Some(last) = components.last().map(|component| component.name.clone()) else {
            return self.export_environments(0, take).await;
        };
        let lines = components.iter().map(ImportLine::of_component);
        Ok(Some((NamesRead::Components(last), lines.collect())))
    }

    async fn export_environments(&self, skip: usize, take: usize) -> Result<Option<(NamesRead, Vec<ImportLine>)>, Error> {
        let all = self.store.environments(None, 0, u64::MAX).await?.0;
        let in_use: HashSet<_> = self.store.environments_in_use().await?.into_iter().collect();
        if skip >= all.len() || follow_from_names(&all, &in_use) {
            return Ok(None);
        }
        let lines: Vec<_> = all.iter().skip(skip).take(take).map(ImportLine::of_environment).collect();
        Ok(Some((NamesRead::Environments(skip + lines.len()), lines)))
    }
}

/// Whether the names of the environments alone say all about them, in whichever order they are registered.
fn follow_from_names(all: &[Environment], in_use: &HashSet<Uuid>) -> bool {
    let is_plain = |environment: &Environment| {
        !environment.archived
            && environment.description.is_none()
            && environment.r#type == EnvironmentType::guess(&environment.name)
            && in_use.contains(&environment.id)
    };
    // Two of a type are in the order in which they were registered.
    all.iter().all(is_plain) && all.is_sorted_by(|a, b| a.r#type < b.r#type)
}
