//! The cell of a rollback: its current deployment and its history.

use deploytrack_core::{
    deployment::Deployment,
    query::{DeploymentFilter, Order, PageRequest},
    rollback::{self, Candidate},
    text::Version,
};
use uuid::Uuid;

use crate::{error::Failure, session::Session};

/// How many pages of the cell's deployments are read at most, 100 deployments each.
const MOST_PAGES: usize = 10;

/// The ids of a component and an environment.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellKey {
    pub(super) component: Uuid,
    pub(super) environment: Uuid,
}

/// A cell, as far as a rollback needs it.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) key: CellKey,
    /// The current deployment, if there is one.
    pub(super) current: Option<Deployment>,
    /// The deployments, ordered by the time they happened, the newest first.
    deployments: Vec<Deployment>,
    /// Whether the cell has more deployments than were read.
    pub(super) more: bool,
}

impl Cell {
    /// Reads the current deployment, and then page by page the deployments of the cell, until one
    /// to go back to is among them.
    pub(super) async fn read(key: CellKey, session: &Session<'_>) -> Result<Self, Failure> {
        let latest = session.client.latest(key.component, None).await?.value;
        let current = latest
            .into_iter()
            .find(|deployment| deployment.environment_id == key.environment);
        let mut cell = Self {
            key,
            current,
            deployments: Vec::new(),
            more: true,
        };
        let mut next = PageRequest::new(0, PageRequest::MOST_TAKE);
        for _ in 0..MOST_PAGES {
            let Some(page) = next else { break };
            let page = session.client.list(&filter(key), page).await?.value;
            next = page.links.next;
            cell.more = next.is_some();
            cell.deployments.extend(page.data);
            if cell.target().is_some() {
                break;
            }
        }
        Ok(cell)
    }

    /// How many deployments were read.
    pub(super) const fn size(&self) -> usize {
        self.deployments.len()
    }

    /// Every version that succeeded, the newest first, and what a rollback does with it.
    pub(super) fn considered(&self) -> Vec<Candidate<'_>> {
        rollback::candidates(self.current.as_ref(), &self.deployments)
    }

    /// The deployment whose version a rollback goes back to.
    pub(super) fn target(&self) -> Option<&Deployment> {
        rollback::target(&self.considered()).map(|one| one.deployment)
    }

    /// The versions for `--to`, as a list in a sentence; none if no other version succeeded.
    pub(super) fn others(&self) -> Option<String> {
        let current = self.current.as_ref().map(|current| &current.version);
        let others: Vec<_> = self
            .considered()
            .iter()
            .map(|one| one.deployment.version.clone())
            .collect();
        let others: Vec<_> = others
            .iter()
            .filter(|version| Some(*version) != current)
            .map(ToString::to_string)
            .collect();
        let more = if self.more { ", and older ones" } else { "" };
        (!others.is_empty()).then(|| format!("{}{more}", others.join(", ")))
    }
}

/// The newest success of a version in a cell, at any time.
pub(super) async fn success_of(
    version: &Version,
    key: CellKey,
    session: &Session<'_>,
) -> Result<Option<Deployment>, Failure> {
    let filter = DeploymentFilter {
        version: Some(version.clone()),
        ..filter(key)
    };
    let page = PageRequest::new(0, PageRequest::MOST_TAKE).unwrap_or_default();
    let found = session.client.list(&filter, page).await?.value.data;
    Ok(rollback::success_of(version, &found).cloned())
}

fn filter(
    CellKey {
        component,
        environment,
    }: CellKey,
) -> DeploymentFilter {
    DeploymentFilter {
        component_id: Some(component),
        environment_id: Some(environment),
        order: Order::Occurred,
        ..DeploymentFilter::default()
    }
}
