//! What a rollback reads of its cell.

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

/// A component in an environment, by their ids.
pub(super) type Place = (Uuid, Uuid);

/// A cell, as far as a rollback needs it.
#[derive(Debug)]
pub(super) struct Cell {
    /// What is current, if anything is.
    pub(super) current: Option<Deployment>,
    /// Its deployments, the newest by when they happened first.
    deployments: Vec<Deployment>,
    /// Whether there are more than were read.
    pub(super) more: bool,
}

impl Cell {
    /// Reads what is current, and the deployments of the cell page by page until one to go back to is among them.
    pub(super) async fn read(place: Place, session: &Session<'_>) -> Result<Self, Failure> {
        let latest = session.client.latest(place.0, None).await?.value;
        let current = latest.into_iter().find(|deployment| deployment.environment_id == place.1);
        let mut cell = Self { current, deployments: Vec::new(), more: true };
        let mut next = PageRequest::new(0, PageRequest::MOST_TAKE);
        for _ in 0..MOST_PAGES {
            let Some(page) = next else { break };
            let page = session.client.list(&of(place), page).await?.value;
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

    /// Every version that succeeded, the newest first, with what a rollback does with it.
    pub(super) fn considered(&self) -> Vec<Candidate<'_>> {
        rollback::candidates(self.current.as_ref(), &self.deployments)
    }

    /// The deployment whose version a rollback goes back to.
    pub(super) fn target(&self) -> Option<&Deployment> {
        rollback::target(&self.considered()).map(|one| one.deployment)
    }

    /// The versions that `--to` takes, in words; none where nothing else succeeded.
    pub(super) fn others(&self) -> Option<String> {
        let current = self.current.as_ref().map(|current| &current.version);
        let others: Vec<_> = self.considered().iter().map(|one| one.deployment.version.clone()).collect();
        let others: Vec<_> = others.iter().filter(|version| Some(*version) != current).map(ToString::to_string).collect();
        let more = if self.more { ", and older ones" } else { "" };
        (!others.is_empty()).then(|| format!("{}{more}", others.join(", ")))
    }
}

/// The newest success of a version in a cell, however long ago it was.
pub(super) async fn success_of(version: &Version, place: Place, session: &Session<'_>) -> Result<Option<Deployment>, Failure> {
    let filter = DeploymentFilter { version: Some(version.clone()), ..of(place) };
    let page = PageRequest::new(0, PageRequest::MOST_TAKE).unwrap_or_default();
    let found = session.client.list(&filter, page).await?.value.data;
    Ok(rollback::success_of(version, &found).cloned())
}

fn of((component, environment): Place) -> DeploymentFilter {
    DeploymentFilter {
        component_id: Some(component),
        environment_id: Some(environment),
        order: Order::Occurred,
        ..DeploymentFilter::default()
    }
}
