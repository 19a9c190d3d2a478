//! Recording deployments, and updating their status and description.

use uuid::Uuid;

use super::{Terms, Tracker, WriteOutcome, writer::Operation};
use crate::{
    catalog::{CatalogKind, Reference},
    deployment::{Change, Deployment, NewDeployment},
    error::{Error, Fault},
    status::Status,
};

/// The fault of a status in which no deployment can be recorded.
#[must_use]
pub fn fault_of_status(status: Status) -> Option<Fault> {
    let why = "must not be rolled_back, which undoes an earlier success; record succeeded, then update the deployment";
    (status == Status::RolledBack).then(|| Fault::at("/status", why))
}

impl Tracker {
    /// Records a deployment.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `rolled_back` and for a time ahead of the clock; [`Error::NotFound`]
    /// for an unknown id, or an unknown name when registration is strict; [`Error::NearMiss`];
    /// [`Error::OutsideLimits`]; errors of an idempotency key ([`Error::KeyReused`],
    /// [`Error::InFlight`]); and errors of the database.
    pub async fn record(
        &self,
        new: NewDeployment,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<Deployment>, Error> {
        let (now, terms) = (self.clock.now(), terms.into());
        let mut faults = terms.arriving(now).faults(new.occurred_at);
        faults.extend(fault_of_status(new.status));
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        // Before a name outside the limits is registered. The names of ids are checked later.
        for (kind, of) in [
            (CatalogKind::Component, &new.component),
            (CatalogKind::Environment, &new.environment),
        ] {
            if let Reference::Name(name) = of {
                terms.limits().check(kind, name)?;
            }
        }
        self.enqueue(Operation::Record(Box::new(new)), terms, now)
            .await
    }

    /// Updates the status of a deployment, its description and metadata, or both. An exact
    /// repetition of its last transition (the same status at the same explicit time, and no other
    /// change) changes nothing and is not an error.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Transition`] if the status machine forbids the transition,
    /// also if another writer was first; [`Error::Invalid`] for a time ahead of the clock or
    /// metadata that become too large; [`Error::OutsideLimits`]; [`Error::Changed`] if the deployment does not fulfil the
    /// condition of the terms; errors of an idempotency key; and errors of the database.
    pub async fn update(
        &self,
        id: Uuid,
        change: Change,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<Deployment>, Error> {
        let (now, terms) = (self.clock.now(), terms.into());
        let faults = terms.arriving(now).faults(change.occurred_at);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.enqueue(Operation::Update(id, change), terms, now)
            .await
    }
}
