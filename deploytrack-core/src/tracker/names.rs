//! From the name a caller gave to the record it means.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{NameGuard, Registration, Resemblance, Tracker, events::tell_component};
use crate::{
    catalog::{Component, Environment, Kind, Reference, near_misses},
    error::Error,
    event::EventType,
    store::Write,
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

    /// Whether the unknown name may be registered among the known ones, and what it resembles.
    fn judge(self, kind: Kind, name: &Name, known: &[Name]) -> Result<Option<Resemblance>, Error> {
        // Another writer registered it since it was looked up; a name is no near miss of itself.
        if known.contains(name) {
            return Ok(None);
        }
        if self == Self::Refuse {
            return Err(Error::unknown(kind, name));
        }
        let did_you_mean = if self == Self::Register { Vec::new() } else { near_misses(name, known) };
        match did_you_mean.first() {
            Some(known) if self == Self::RegisterAndWarn => Ok(Some(Resemblance { kind, name: name.clone(), known: known.clone() })),
            Some(_) => Err(Error::NearMiss { kind, name: name.clone(), did_you_mean }),
            None => Ok(None),
        }
    }
}

/// The id and the name of a record.
pub(super) type Known = (Uuid, Name);
/// A record, and the known name that its name resembles, if it was registered under the guard.
type Found = (Known, Option<Resemblance>);

/// What references mean, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Names {
    components: BTreeMap<Reference, Known>,
    environments: BTreeMap<Reference, Known>,
    /// Of names that were registered although they are near misses.
    resembles: Vec<Resemblance>,
}

impl Names {
    /// Looks up pairs of a component and an environment, all at once.
    pub(super) async fn of<'a>(write: &mut Write, pairs: impl Iterator<Item = (&'a Reference, &'a Reference)>) -> Result<Self, Error> {
        let (components, environments): (BTreeSet<_>, BTreeSet<_>) = pairs.unzip();
        Ok(Self {
            components: meanings(write, Kind::Component, components).await?,
            environments: meanings(write, Kind::Environment, environments).await?,
            resembles: Vec::new(),
        })
    }

    /// The names that were registered although they are near misses.
    pub(super) fn resembles(self) -> Vec<Resemblance> {
        self.resembles
    }

    /// The component and the environment that a pair means, if both are known.
    pub(super) fn pair(&self, (component, environment): (&Reference, &Reference)) -> Option<(&Known, &Known)> {
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
async fn meanings(write: &mut Write, kind: Kind, asked: BTreeSet<&Reference>) -> Result<BTreeMap<Reference, Known>, Error> {
    let asked: Vec<_> = asked.into_iter().collect();
    let mut meanings = BTreeMap::new();
    for (id, name) in write.known(kind, &asked).await? {
        // Two references may mean one record: its id and its name.
        for reference in [Reference::Id(id), Reference::Name(name.clone())] {
            meanings.insert(reference, (id, name.clone()));
        }
    }
    Ok(meanings)
}

impl Tracker {
    /// The component a caller means, registered on the way if need be.
    async fn find_component(&self, write: &mut Write, reference: &Reference, unknown: Unknown, by: &Label) -> Result<Found, Error> {
        let name = match reference {
            Reference::Id(id) => return self.known_component(write, *id).await.map(|known| ((known.id, known.name), None)),
            Reference::Name(name) => name,
        };
        if let Some(known) = write.component_named(name).await? {
            return Ok(((known.id, known.name), None));
        }
        let resembles = unknown.judge(Kind::Component, name, &write.component_names().await?)?;
        let now = self.clock.now();
        let new = Component::registered(self.next_id(), name.clone(), now);
        if write.add_component(&new).await? {
            tell_component(write, EventType::ComponentCreated, &new, now, by);
            return Ok(((new.id, new.name), resembles));
        }
        // Another server was first; its row can be seen now.
        let first =
            write.component_named(name).await?.ok_or_else(|| Error::Internal(format!("the component {name} came and went").into()))?;
        Ok(((first.id, first.name), None))
    }

    /// The environment a caller means, registered on the way if need be.
    async fn find_environment(&self, write: &mut Write, reference: &Reference, unknown: Unknown, by: &Label) -> Result<Found, Error> {
        let name = match reference {
            Reference::Id(id) => return self.known_environment(write, *id).await.map(|known| ((known.id, known.name), None)),
            Reference::Name(name) => name,
        };
        if let Some(known) = write.environment_named(name).await? {
            return Ok(((known.id, known.name), None));
        }
        let order = write.take_order().await?;
        // Another server may have registered it while this one waited for the order.
        if let Some(known) = order.iter().find(|known| known.name == *name) {
            return Ok(((known.id, known.name.clone()), None));
        }
        let names: Vec<_> = order.iter().map(|known| known.name.clone()).collect();
        let resembles = unknown.judge(Kind::Environment, name, &names)?;
        let new = Environment::registered(self.next_id(), name.clone(), self.clock.now());
        let place = new.place_among(&order);
        let added = self.insert_environment(write, new, order, place, by).await?;
        Ok(((added.id, added.name), resembles))
    }

    pub(super) async fn known_component(&self, write: &mut Write, id: Uuid) -> Result<Component, Error> {
        write.component(id).await?.ok_or_else(|| Error::unknown(Kind::Component, id))
    }

    pub(super) async fn known_environment(&self, write: &mut Write, id: Uuid) -> Result<Environment, Error> {
        write.environment(id).await?.ok_or_else(|| Error::unknown(Kind::Environment, id))
    }
}
