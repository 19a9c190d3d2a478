//! A cache of all names, which finds near misses of a new name.
//!
//! A registration needs the known names that resemble the new one, and reading all names each time
//! would cost more with every registration. So all names are read once, and afterwards only those
//! in newer events. An event is committed together with the name in it, so a write that can see a
//! name of another server can also see its event. Deleted names stay in the cache, so candidates
//! are looked up in the database.

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
pub(super) struct NameCache(Mutex<Indexed>);

#[derive(Debug, Default)]
struct Indexed {
    /// The last event whose name is included; `None` before the first read.
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

impl NameCache {
    fn indexed(&self) -> MutexGuard<'_, Indexed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The known names that a new name may be a typing error of: at most three, in the order of
    /// names. Archived names do not count: nothing is deployed there, and the new name may be the
    /// successor of one.
    pub(super) async fn near(
        &self,
        write: &mut Write,
        kind: CatalogKind,
        name: &Name,
    ) -> Result<Vec<Name>, Error> {
        self.catch_up(write).await?;
        let candidates: Vec<Reference> = self
            .indexed()
            .of(kind)
            .candidates(name)
            .into_iter()
            .map(Reference::Name)
            .collect();
        let candidates: Vec<&Reference> = candidates.iter().collect();
        let entries = write.lookup(kind, &candidates).await?;
        let in_use: Vec<_> = entries
            .into_iter()
            .filter(|entry| entry.archived_at.is_none())
            .map(|entry| entry.name)
            .collect();
        Ok(near_misses(name, &in_use))
    }

    /// Adds the names that this write can see and that the cache does not have.
    async fn catch_up(&self, write: &mut Write) -> Result<(), Error> {
        // Before the names: a name that is committed meanwhile is read now, and again with its
        // event.
        let last_event = write.last_event().await?;
        let seen = self.indexed().last_event;
        let names = match seen {
            Some(seen) if seen == last_event => return Ok(()),
            Some(seen) if seen < last_event => write.names_between(seen, last_event).await?,
            // At the first read, and after the database was restored to an earlier state.
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
        names.extend(
            write
                .all_names(kind)
                .await?
                .into_iter()
                .map(|name| (kind, name)),
        );
    }
    Ok(names)
}
