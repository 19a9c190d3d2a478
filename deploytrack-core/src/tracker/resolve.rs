//! Resolving the names and ids of a request to components and environments.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    NameGuard, Registration, Resemblance, Tracker,
    audit::{add_component_event, add_environment_event},
};
use crate::{
    catalog::{CatalogKind, Component, Environment, Reference},
    error::Error,
    event::EventType,
    store::{CatalogEntry, Write},
    text::{Label, Name},
};

/// What to do about an unknown name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamePolicy {
    /// Reject it.
    Refuse,
    /// Register it, unless it is probably a typing error.
    RegisterUnlessNear,
    /// Register it, and report the name that it resembles.
    RegisterAndWarn,
    /// Register it without a check.
    Register,
}

impl NamePolicy {
    /// The policy for a request; `even_if_near` means that the request asks for registration.
    pub(super) const fn new(
        registration: Registration,
        guard: NameGuard,
        even_if_near: bool,
    ) -> Self {
        match (registration, guard) {
            (Registration::Strict, _) => Self::Refuse,
            (Registration::Auto, _) if even_if_near => Self::Register,
            (Registration::Auto, NameGuard::Off) => Self::Register,
            (Registration::Auto, NameGuard::Warn) => Self::RegisterAndWarn,
            (Registration::Auto, NameGuard::Refuse) => Self::RegisterUnlessNear,
        }
    }
}

/// An entry, and the known name that it resembles, if it was registered with a warning.
type Resolution = (CatalogEntry, Option<Resemblance>);

/// The entries of references, as far as they are resolved.
#[derive(Debug, Default)]
pub(super) struct ResolvedNames {
    components: BTreeMap<Reference, CatalogEntry>,
    environments: BTreeMap<Reference, CatalogEntry>,
    /// The names that were registered although they resemble known ones.
    resembles: Vec<Resemblance>,
}

impl ResolvedNames {
    /// Looks up pairs of a component and an environment, all at once.
    pub(super) async fn of<'a>(
        write: &mut Write,
        pairs: impl Iterator<Item = (&'a Reference, &'a Reference)>,
    ) -> Result<Self, Error> {
        let (components, environments): (BTreeSet<_>, BTreeSet<_>) = pairs.unzip();
        Ok(Self {
            components: lookup_all(write, CatalogKind::Component, components).await?,
            environments: lookup_all(write, CatalogKind::Environment, environments).await?,
            resembles: Vec::new(),
        })
    }

    /// The names that were registered although they resemble known ones.
    pub(super) fn resembles(self) -> Vec<Resemblance> {
        self.resembles
    }

    /// The component and the environment of a pair, if both are resolved.
    pub(super) fn pair(
        &self,
        (component, environment): (&Reference, &Reference),
    ) -> Option<(&CatalogEntry, &CatalogEntry)> {
        self.components
            .get(component)
            .zip(self.environments.get(environment))
    }

    /// The component and the environment of a pair that must be resolved. The error names the
    /// unknown one.
    pub(super) fn known_pair(
        &self,
        (component, environment): (&Reference, &Reference),
    ) -> Result<(&CatalogEntry, &CatalogEntry), Error> {
        Ok((
            self.components
                .get(component)
                .ok_or_else(|| Error::unknown(CatalogKind::Component, component))?,
            self.environments
                .get(environment)
                .ok_or_else(|| Error::unknown(CatalogKind::Environment, environment))?,
        ))
    }

    /// Resolves a component, unless it is resolved already, and registers it if the policy allows.
    pub(super) async fn add_component(
        &mut self,
        tracker: &Tracker,
        write: &mut Write,
        component: &Reference,
        policy: NamePolicy,
        by: &Label,
    ) -> Result<(), Error> {
        if !self.components.contains_key(component) {
            let (entry, resembles) = tracker
                .resolve_component(write, component, policy, by)
                .await?;
            self.components.insert(component.clone(), entry);
            self.resembles.extend(resembles);
        }
        Ok(())
    }

    /// Resolves an environment in the same way.
    pub(super) async fn add_environment(
        &mut self,
        tracker: &Tracker,
        write: &mut Write,
        environment: &Reference,
        policy: NamePolicy,
        by: &Label,
    ) -> Result<(), Error> {
        if !self.environments.contains_key(environment) {
            let (entry, resembles) = tracker
                .resolve_environment(write, environment, policy, by)
                .await?;
            self.environments.insert(environment.clone(), entry);
            self.resembles.extend(resembles);
        }
        Ok(())
    }
}

/// Looks up references; unknown ones are left out.
async fn lookup_all(
    write: &mut Write,
    kind: CatalogKind,
    references: BTreeSet<&Reference>,
) -> Result<BTreeMap<Reference, CatalogEntry>, Error> {
    let references: Vec<_> = references.into_iter().collect();
    let mut entries = BTreeMap::new();
    for entry in write.lookup(kind, &references).await? {
        // Two references may have the same entry: its id and its name.
        for reference in [Reference::Id(entry.id), Reference::Name(entry.name.clone())] {
            entries.insert(reference, entry.clone());
        }
    }
    Ok(entries)
}

impl Tracker {
    /// Resolves a component, and registers it if the policy allows.
    async fn resolve_component(
        &self,
        write: &mut Write,
        reference: &Reference,
        policy: NamePolicy,
        by: &Label,
    ) -> Result<Resolution, Error> {
        let name = match find(write, CatalogKind::Component, reference).await? {
            Ok(found) => return Ok((found, None)),
            Err(name) => name,
        };
        let resembles = self
            .check_name(write, CatalogKind::Component, name, policy)
            .await?;
        let now = self.clock.now();
        let new = Component::registered(self.next_id(), name.clone(), now);
        if write.add_component(&new).await? {
            add_component_event(write, EventType::ComponentCreated, &new, now, by);
            return Ok((
                CatalogEntry {
                    id: new.id,
                    name: new.name,
                    archived_at: None,
                },
                resembles,
            ));
        }
        // Another server has registered the name meanwhile; its row is visible now.
        let first = find(write, CatalogKind::Component, reference).await?;
        first.map(|first| (first, None)).map_err(|name| {
            Error::Internal(
                format!("the component {name} was deleted while it was looked up").into(),
            )
        })
    }

    /// Resolves an environment, and registers it if the policy allows.
    async fn resolve_environment(
        &self,
        write: &mut Write,
        reference: &Reference,
        policy: NamePolicy,
        by: &Label,
    ) -> Result<Resolution, Error> {
        if let Ok(found) = find(write, CatalogKind::Environment, reference).await? {
            return Ok((found, None));
        }
        write.lock_order().await?;
        // Another server may have registered it while this one waited for the lock.
        let name = match find(write, CatalogKind::Environment, reference).await? {
            Ok(found) => return Ok((found, None)),
            Err(name) => name,
        };
        let resembles = self
            .check_name(write, CatalogKind::Environment, name, policy)
            .await?;
        let now = self.clock.now();
        let new = Environment::registered(self.next_id(), name.clone(), now);
        let position = write.position_by_type(new.r#type).await?;
        write.add_environment(&new, position).await?;
        add_environment_event(write, EventType::EnvironmentCreated, &new, now, by);
        Ok((
            CatalogEntry {
                id: new.id,
                name: new.name,
                archived_at: None,
            },
            resembles,
        ))
    }

    /// Checks whether an unknown name may be registered; returns the known name that it resembles.
    async fn check_name(
        &self,
        write: &mut Write,
        kind: CatalogKind,
        name: &Name,
        policy: NamePolicy,
    ) -> Result<Option<Resemblance>, Error> {
        let did_you_mean = match policy {
            NamePolicy::Refuse => return Err(Error::unknown(kind, name)),
            NamePolicy::Register => return Ok(None),
            NamePolicy::RegisterUnlessNear | NamePolicy::RegisterAndWarn => {
                self.name_cache.near(write, kind, name).await?
            }
        };
        match did_you_mean.first() {
            Some(known) if policy == NamePolicy::RegisterAndWarn => Ok(Some(Resemblance {
                kind,
                name: name.clone(),
                known: known.clone(),
            })),
            Some(_) => Err(Error::NearMiss {
                kind,
                name: name.clone(),
                did_you_mean,
            }),
            None => Ok(None),
        }
    }

    pub(super) async fn existing_component(
        &self,
        write: &mut Write,
        id: Uuid,
    ) -> Result<Component, Error> {
        write
            .component(id)
            .await?
            .ok_or_else(|| Error::unknown(CatalogKind::Component, id))
    }

    pub(super) async fn existing_environment(
        &self,
        write: &mut Write,
        id: Uuid,
    ) -> Result<Environment, Error> {
        write
            .environment(id)
            .await?
            .ok_or_else(|| Error::unknown(CatalogKind::Environment, id))
    }
}

/// Looks up a reference. Returns the name if it is unknown; an unknown id is an error.
async fn find<'a>(
    write: &mut Write,
    kind: CatalogKind,
    reference: &'a Reference,
) -> Result<Result<CatalogEntry, &'a Name>, Error> {
    match (write.lookup(kind, &[reference]).await?.pop(), reference) {
        (Some(found), _) => Ok(Ok(found)),
        (None, Reference::Name(name)) => Ok(Err(name)),
        (None, Reference::Id(id)) => Err(Error::unknown(kind, id)),
    }
}
