//! From the name a caller gave to the record it means.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    NameGuard, Registration, Resemblance, Tracker,
    events::{tell_component, tell_environment},
};
use crate::{
    catalog::{CatalogKind, Component, Environment, Reference},
    error::Error,
    event::EventType,
    store::{CatalogEntry, Write},
    text::{Label, Name},
};

/// What to do about a name that nobody has registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Refuse it.
    Refuse,
    /// Register it, unless it is probably a typing error.
    RegisterUnlessNear,
    /// Register it, and report what it resembles.
    RegisterAndWarn,
    /// Register it as it is.
    Register,
}

impl Unknown {
    /// By the settings of the server, and by whether the request has the guard leave its names alone.
    pub(super) const fn under(registration: Registration, guard: NameGuard, even_if_near: bool) -> Self {
        match (registration, guard) {
            (Registration::Strict, _) => Self::Refuse,
            (Registration::Auto, _) if even_if_near => Self::Register,
            (Registration::Auto, NameGuard::Off) => Self::Register,
            (Registration::Auto, NameGuard::Warn) => Self::RegisterAndWarn,
            (Registration::Auto, NameGuard::Refuse) => Self::RegisterUnlessNear,
        }
    }
}

/// A record, and the known name that its name resembles, if it was registered under the guard.
type Found = (CatalogEntry, Option<Resemblance>);

/// What references mean, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Names {
    components: BTreeMap<Reference, CatalogEntry>,
    environments: BTreeMap<Reference, CatalogEntry>,
    /// Of names that were registered although they are near misses.
    resembles: Vec<Resemblance>,
}

impl Names {
    /// Looks up pairs of a component and an environment, all at once.
    pub(super) async fn of<'a>(write: &mut Write, pairs: impl Iterator<Item = (&'a Reference, &'a Reference)>) -> Result<Self, Error> {
        let (components, environments): (BTreeSet<_>, BTreeSet<_>) = pairs.unzip();
        Ok(Self {
            components: meanings(write, CatalogKind::Component, components).await?,
            environments: meanings(write, CatalogKind::Environment, environments).await?,
            resembles: Vec::new(),
        })
    }

    /// The names that were registered although they are near misses.
    pub(super) fn resembles(self) -> Vec<Resemblance> {
        self.resembles
    }

    /// The component and the environment that a pair means, if both are known.
    pub(super) fn pair(&self, (component, environment): (&Reference, &Reference)) -> Option<(&CatalogEntry, &CatalogEntry)> {
        self.components.get(component).zip(self.environments.get(environment))
    }

    /// Finds out what a component means, if it is not known yet; it is registered on the way if need be.
    pub(super) async fn add_component(
        &mut self,
        tracker: &Tracker,
        write: &mut Write,
        component: &Reference,
        unknown: Unknown,
        by: &Label,
    ) -> Result<(), Error> {
        if !self.components.contains_key(component) {
            let (known, resembles) = tracker.find_component(write, component, unknown, by).await?;
            self.components.insert(component.clone(), known);
            self.resembles.extend(resembles);
        }
        Ok(())
    }

    /// The same for an environment.
    pub(super) async fn add_environment(
        &mut self,
        tracker: &Tracker,
        write: &mut Write,
        environment: &Reference,
        unknown: Unknown,
        by: &Label,
    ) -> Result<(), Error> {
        if !self.environments.contains_key(environment) {
            let (known, resembles) = tracker.find_environment(write, environment, unknown, by).await?;
            self.environments.insert(environment.clone(), known);
            self.resembles.extend(resembles);
        }
        Ok(())
    }
}

/// What those of these references mean that are known.
async fn meanings(write: &mut Write, kind: CatalogKind, asked: BTreeSet<&Reference>) -> Result<BTreeMap<Reference, CatalogEntry>, Error> {
    let asked: Vec<_> = asked.into_iter().collect();
    let mut meanings = BTreeMap::new();
    for known in write.known(kind, &asked).await? {
        // Two references may mean one record: its id and its name.
        for reference in [Reference::Id(known.id), Reference::Name(known.name.clone())] {
            meanings.insert(reference, known.clone());
        }
    }
    Ok(meanings)
}

impl Tracker {
    /// The component a caller means, registered on the way if need be.
    async fn find_component(&self, write: &mut Write, reference: &Reference, unknown: Unknown, by: &Label) -> Result<Found, Error> {
        let name = match known(write, CatalogKind::Component, reference).await? {
            Ok(found) => return Ok((found, None)),
            Err(name) => name,
        };
        let resembles = self.judge(write, CatalogKind::Component, name, unknown).await?;
        let now = self.clock.now();
        let new = Component::registered(self.next_id(), name.clone(), now);
        if write.add_component(&new).await? {
            tell_component(write, EventType::ComponentCreated, &new, now, by);
            return Ok((CatalogEntry { id: new.id, name: new.name, archived_at: None }, resembles));
        }
        // Another server was first; its row can be seen now.
        let first = known(write, CatalogKind::Component, reference).await?;
        first.map(|first| (first, None)).map_err(|name| Error::Internal(format!("the component {name} came and went").into()))
    }

    /// The environment a caller means, registered on the way if need be.
    async fn find_environment(&self, write: &mut Write, reference: &Reference, unknown: Unknown, by: &Label) -> Result<Found, Error> {
        if let Ok(found) = known(write, CatalogKind::Environment, reference).await? {
            return Ok((found, None));
        }
        write.lock_order().await?;
        // Another server may have registered it while this one waited for the order.
        let name = match known(write, CatalogKind::Environment, reference).await? {
            Ok(found) => return Ok((found, None)),
            Err(name) => name,
        };
        let resembles = self.judge(write, CatalogKind::Environment, name, unknown).await?;
        let now = self.clock.now();
        let new = Environment::registered(self.next_id(), name.clone(), now);
        let position = write.position_by_type(new.r#type).await?;
        write.add_environment(&new, position).await?;
        tell_environment(write, EventType::EnvironmentCreated, &new, now, by);
        Ok((CatalogEntry { id: new.id, name: new.name, archived_at: None }, resembles))
    }

    /// Whether an unknown name may be registered, and what it resembles.
    async fn judge(&self, write: &mut Write, kind: CatalogKind, name: &Name, unknown: Unknown) -> Result<Option<Resemblance>, Error> {
        let did_you_mean = match unknown {
            Unknown::Refuse => return Err(Error::unknown(kind, name)),
            Unknown::Register => return Ok(None),
            Unknown::RegisterUnlessNear | Unknown::RegisterAndWarn => self.known_names.near(write, kind, name).await?,
        };
        match did_you_mean.first() {
            Some(known) if unknown == Unknown::RegisterAndWarn => Ok(Some(Resemblance { kind, name: name.clone(), known: known.clone() })),
            Some(_) => Err(Error::NearMiss { kind, name: name.clone(), did_you_mean }),
            None => Ok(None),
        }
    }

    pub(super) async fn known_component(&self, write: &mut Write, id: Uuid) -> Result<Component, Error> {
        write.component(id).await?.ok_or_else(|| Error::unknown(CatalogKind::Component, id))
    }

    pub(super) async fn known_environment(&self, write: &mut Write, id: Uuid) -> Result<Environment, Error> {
        write.environment(id).await?.ok_or_else(|| Error::unknown(CatalogKind::Environment, id))
    }
}

/// What a reference means, or the name that means nothing yet. An id that means nothing is an error.
async fn known<'a>(write: &mut Write, kind: CatalogKind, reference: &'a Reference) -> Result<Result<CatalogEntry, &'a Name>, Error> {
    match (write.known(kind, &[reference]).await?.pop(), reference) {
        (Some(found), _) => Ok(Ok(found)),
        (None, Reference::Name(name)) => Ok(Err(name)),
        (None, Reference::Id(id)) => Err(Error::unknown(kind, id)),
    }
}
