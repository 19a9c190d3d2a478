//! All names, in memory, to find the near misses of a new one.
//!
//! A registration needs the names that are near, and reading all of them would make each dearer than the one before. So
//! they are read once, and afterwards those in the events since. An event of a name is committed with the name, so whatever
//! a write can see of the names of other servers, it can see in their events. Names that are gone stay in memory: what is
//! found is looked up before it counts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    catalog::{CatalogKind, Reference, near_misses},
    error::Error,
    name::NameIndex,
    store::Write,
    text::Name,
};

/// The names of all components and environments, up to an event.
#[derive(Debug, Default)]
pub(super) struct KnownNames(Mutex<Indexed>);

#[derive(Debug, Default)]
struct Indexed {
    /// The last event whose name is in here; none before the first look.
    last_event: Option<i64>,
    components: NameIndex,
    environments: NameIndex,
}

impl Indexed {
    fn of(&mut self, kind: CatalogKind) -> &mut NameIndex {
        match kind {
            CatalogKind::Component => &mut self.components,
            CatalogKind::Environment => &mut self.environments,
        }
    }
}

impl KnownNames {
    fn indexed(&self) -> MutexGuard<'_, Indexed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The known names that a new name is probably a typing error for, in the order of names, at most three. An
    /// archived name does not count: nothing is deployed there, and the new name may well be its successor.
    pub(super) async fn near(&self, write: &mut Write, kind: CatalogKind, name: &Name) -> Result<Vec<Name>, Error> {
        self.catch_up(write).await?;
        let candidates: Vec<Reference> = self.indexed().of(kind).candidates(name).into_iter().map(Reference::Name).collect();
        let candidates: Vec<&Reference> = candidates.iter().collect();
        let known = write.known(kind, &candidates).await?;
        let in_use: Vec<_> = known.into_iter().filter(|known| known.archived_at.is_none()).map(|known| known.name).collect();
        Ok(near_misses(name, &in_use))
    }

    /// Adds the names that this write can see and that are not in here.
    async fn catch_up(&self, write: &mut Write) -> Result<(), Error> {
        // Read before all names: a name that is committed meanwhile is among them, and read once more with its event.
        let last_event = write.last_event().await?;
        let seen = self.indexed().last_event;
        let names = match seen {
            Some(seen) if seen == last_event => return Ok(()),
            Some(seen) if seen < last_event => write.names_between(seen, last_event).await?,
            // At the first look, and after a restore of the database to an earlier state.
            _ => all_names(write).await?,
        };
        let mut indexed = self.indexed();
        for (kind, name) in &names {
            indexed.of(*kind).add(name);
        }
        indexed.last_event = Some(last_event);
        Ok(())
    }
}

async fn all_names(write: &mut Write) -> Result<Vec<(CatalogKind, Name)>, Error> {
    let mut names = Vec::new();
    for kind in [CatalogKind::Component, CatalogKind::Environment] {
        names.extend(write.all_names(kind).await?.into_iter().map(|name| (kind, name)));
    }
    Ok(names)
}
