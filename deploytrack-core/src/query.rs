//! Filters and pages.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::Reference,
    clock::Time,
    deployment::Deployment,
    status::Status,
    text::{CommitSha, Label, Name, Version},
};

/// Which deployments a list shows; every field that is set must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFilter {
    /// Of this component.
    pub component_id: Option<Uuid>,
    /// In this environment.
    pub environment_id: Option<Uuid>,
    /// In this status now.
    pub status: Option<Status>,
    /// Of the component with this name.
    pub component: Option<Name>,
    /// In the environment with this name.
    pub environment: Option<Name>,
    /// Of this version.
    pub version: Option<Version>,
    /// From this commit, as recorded.
    pub commit_sha: Option<CommitSha>,
    /// By this person or program.
    pub deployed_by: Option<Label>,
    /// Recorded at this time or later.
    pub created_after: Option<Time>,
    /// Recorded before this time.
    pub created_before: Option<Time>,
}

impl DeploymentFilter {
    /// The same, of this component alone.
    #[must_use]
    pub fn of(self, component: Option<Reference>) -> Self {
        let (component_id, component) = parts(component);
        Self { component_id, component, ..self }
    }

    /// The same, in this environment alone.
    #[must_use]
    pub fn within(self, environment: Option<Reference>) -> Self {
        let (environment_id, environment) = parts(environment);
        Self { environment_id, environment, ..self }
    }
}

fn parts(reference: Option<Reference>) -> (Option<Uuid>, Option<Name>) {
    match reference {
        Some(Reference::Id(id)) => (Some(id), None),
        Some(Reference::Name(name)) => (None, Some(name)),
        None => (None, None),
    }
}

/// Which rows and columns the matrix shows. Empty lists mean all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatrixFilter {
    /// Components with one of these names.
    pub components: Vec<Name>,
    /// Environments with one of these names.
    pub environments: Vec<Name>,
    /// Components of this owner.
    pub owner: Option<Label>,
    /// Components of this kind.
    pub kind: Option<Label>,
    /// Components in this lifecycle.
    pub lifecycle: Option<Label>,
    /// Show what is archived too.
    pub include_archived: bool,
    /// What was current at this moment; what is current now, if absent.
    pub at: Option<Time>,
}

/// Which part of a list to show. `take` is between 1 and 100 by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    skip: u64,
    take: u64,
}

impl PageRequest {
    /// What `take` is when nobody says.
    pub const DEFAULT_TAKE: u64 = 20;
    /// The most that `take` may be.
    pub const MOST_TAKE: u64 = 100;
    /// The most that `skip` may be: what both databases can count.
    pub const MOST_SKIP: u64 = i64::MAX as u64;

    /// A page, or `None` when `take` or `skip` is out of bounds.
    #[must_use]
    pub const fn new(skip: u64, take: u64) -> Option<Self> {
        if take < 1 || take > Self::MOST_TAKE || skip > Self::MOST_SKIP { None } else { Some(Self { skip, take }) }
    }

    /// How many entries to pass over.
    #[must_use]
    pub const fn skip(self) -> u64 {
        self.skip
    }

    /// The most entries to show.
    #[must_use]
    pub const fn take(self) -> u64 {
        self.take
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { skip: 0, take: Self::DEFAULT_TAKE }
    }
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// How many the filters match in all.
    pub total: u64,
    /// How many were passed over.
    pub skip: u64,
    /// The most that were asked for.
    pub take: u64,
}

/// A place in the list of deployments: after the deployment with this key, in the list's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the deployment was recorded.
    pub created_at: Time,
    /// Its id.
    pub id: Uuid,
}

impl Cursor {
    /// The place after `deployment`.
    #[must_use]
    pub fn after(deployment: &Deployment) -> Self {
        Self { created_at: deployment.created_at, id: deployment.id }
    }
}

/// Reads a whole number without sign, for query parameters.
///
/// # Errors
/// A sentence for the caller.
pub fn whole_number(text: &str) -> Result<u64, &'static str> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| u64::from_str(text).ok()).flatten().ok_or("must be a whole number")
}
