//! Recording undeployments.

use uuid::Uuid;

use super::{Terms, Tracker, WriteOutcome, writer::Operation};
use crate::{
    deployment::{Deployment, Undeploy},
    error::Error,
};

impl Tracker {
    /// Records that a component left an environment in which this deployment of it was current.
    /// Nothing is current there until a later success. The deployment keeps its status; its history
    /// gets a row for the undeployment.
    ///
    /// With a time, the deployment must have been current then. An undeployment that is recorded
    /// late takes effect at its time, and does not end what came after it. The same undeployment at
    /// the same explicit time changes nothing and is not an error.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OutsideLimits`]; [`Error::NotCurrent`]; [`Error::Invalid`] for a
    /// time ahead of the clock; errors of an idempotency key; and errors of the database.
    pub async fn undeploy(
        &self,
        id: Uuid,
        undeploy: Undeploy,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<Deployment>, Error> {
        let (now, terms) = (self.clock.now(), terms.into());
        let faults = terms.arriving(now).faults(undeploy.occurred_at);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.enqueue(Operation::Undeploy(id, undeploy), terms, now)
            .await
    }
}
