//! The three operations of the write queue.

use uuid::Uuid;

use crate::{
    catalog::Reference,
    clock::Time,
    deployment::{Change, NewDeployment, Undeploy},
    error::Error,
    store::{CellKey, LockedCells},
    tracker::{
        Terms, Tracker,
        cell::{OperationOutcome, undeploy_in, update_in},
        resolve::ResolvedNames,
    },
};

/// A write of the queue: it records, updates or undeploys one deployment.
#[derive(Debug)]
pub(in crate::tracker) enum Operation {
    Record(Box<NewDeployment>),
    Update(Uuid, Change),
    Undeploy(Uuid, Undeploy),
}

impl Tracker {
    /// Carries out an operation whose names are resolved and whose cell is locked.
    pub(super) async fn carry_out(
        &self,
        cells: &mut LockedCells<'_>,
        names: &ResolvedNames,
        operation: &Operation,
        terms: &Terms,
        now: Time,
    ) -> Result<OperationOutcome, Error> {
        match operation {
            Operation::Record(new) => self.record_in(cells, names, new, terms, now).await,
            Operation::Update(id, change) => {
                update_in(cells, *id, change.clone(), terms, now).await
            }
            // An undeployment does not put anything into use: what is archived stays archived.
            Operation::Undeploy(id, undeploy) => {
                undeploy_in(cells, *id, undeploy.clone(), terms, now)
                    .await
                    .map(OperationOutcome::from)
            }
        }
    }
}

impl Operation {
    /// The component and the environment that it names. Only a recording names them; the other
    /// operations refer to a deployment by its id.
    pub(super) fn names(&self) -> Option<(&Reference, &Reference)> {
        if let Self::Record(new) = self {
            Some((&new.component, &new.environment))
        } else {
            None
        }
    }

    /// The deployment that it changes; `None` for a recording, which creates one.
    pub(super) const fn deployment_id(&self) -> Option<Uuid> {
        match self {
            Self::Record(_) => None,
            Self::Update(id, _) | Self::Undeploy(id, _) => Some(*id),
        }
    }

    /// Whether its names, if it has any, are resolved: no registration is necessary.
    pub(super) fn is_resolved(&self, names: &ResolvedNames) -> bool {
        self.names().is_none_or(|pair| names.pair(pair).is_some())
    }

    /// The cell of a recording whose names are resolved. The store looks up the cells of the other
    /// operations by their deployments.
    pub(super) fn cell(&self, names: &ResolvedNames) -> Option<CellKey> {
        let (component, environment) = names.pair(self.names()?)?;
        Some(CellKey {
            component_id: component.id,
            environment_id: environment.id,
        })
    }

    /// The most rows of history that it can add, whose numbers are fetched together.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Record(new) => new.status.whole_path().len(),
            Self::Update(_, change) => usize::from(change.status.is_some()),
            Self::Undeploy(..) => 1,
        }
    }
}
