//! From the name a caller gave to the record it means.

use uuid::Uuid;

use super::{Registration, Tracker};
use crate::{
    catalog::{Component, Environment, Kind, Reference, near_misses},
    error::Error,
    store::Write,
    text::Name,
};

/// What to do about a name that nobody has registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Refuse it.
    Refuse,
    /// Register it, unless it is probably a typing error.
    RegisterUnlessNear,
    /// Register it as it is.
    Register,
}

impl Unknown {
    pub(super) const fn under(registration: Registration, even_if_near: bool) -> Self {
        match (registration, even_if_near) {
            (Registration::Strict, _) => Self::Refuse,
            (Registration::Auto, false) => Self::RegisterUnlessNear,
            (Registration::Auto, true) => Self::Register,
        }
    }

    /// Whether the unknown name may be registered among the known ones.
    fn judge(self, kind: Kind, name: &Name, known: &[Name]) -> Result<(), Error> {
        // Another writer registered it since it was looked up; a name is no near miss of itself.
        if known.contains(name) {
            return Ok(());
        }
        if self == Self::Refuse {
            return Err(Error::unknown(kind, name));
        }
        let did_you_mean = if self == Self::Register { Vec::new() } else { near_misses(name, known) };
        if did_you_mean.is_empty() { Ok(()) } else { Err(Error::NearMiss { kind, name: name.clone(), did_you_mean }) }
    }
}

impl Tracker {
    /// The component a caller means, registered on the way if need be.
    pub(super) async fn find_component(&self, write: &mut Write, reference: &Reference, unknown: Unknown) -> Result<(Uuid, Name), Error> {
        let name = match reference {
            Reference::Id(id) => return self.known_component(write, *id).await.map(|known| (known.id, known.name)),
            Reference::Name(name) => name,
        };
        if let Some(known) = write.component_named(name).await? {
            return Ok((known.id, known.name));
        }
        unknown.judge(Kind::Component, name, &write.component_names().await?)?;
        let new = Component::registered(self.next_id(), name.clone(), self.clock.now());
        if write.add_component(&new).await? {
            return Ok((new.id, new.name));
        }
        // Another server was first; its row can be seen now.
        let first =
            write.component_named(name).await?.ok_or_else(|| Error::Internal(format!("the component {name} came and went").into()))?;
        Ok((first.id, first.name))
    }

    /// The environment a caller means, registered on the way if need be.
    pub(super) async fn find_environment(&self, write: &mut Write, reference: &Reference, unknown: Unknown) -> Result<(Uuid, Name), Error> {
        let name = match reference {
            Reference::Id(id) => return self.known_environment(write, *id).await.map(|known| (known.id, known.name)),
            Reference::Name(name) => name,
        };
        if let Some(known) = write.environment_named(name).await? {
            return Ok((known.id, known.name));
        }
        let order = write.take_order().await?;
        // Another server may have registered it while this one waited for the order.
        if let Some(known) = order.iter().find(|known| known.name == *name) {
            return Ok((known.id, known.name.clone()));
        }
        let names: Vec<_> = order.iter().map(|known| known.name.clone()).collect();
        unknown.judge(Kind::Environment, name, &names)?;
        let new = Environment::registered(self.next_id(), name.clone(), self.clock.now());
        let place = new.place_among(&order);
        let added = self.insert_environment(write, new, order, place).await?;
        Ok((added.id, added.name))
    }

    pub(super) async fn known_component(&self, write: &mut Write, id: Uuid) -> Result<Component, Error> {
        write.component(id).await?.ok_or_else(|| Error::unknown(Kind::Component, id))
    }

    pub(super) async fn known_environment(&self, write: &mut Write, id: Uuid) -> Result<Environment, Error> {
        write.environment(id).await?.ok_or_else(|| Error::unknown(Kind::Environment, id))
    }
}
