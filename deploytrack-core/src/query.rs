//! Filters and pages.

use std::str::FromStr;

use uuid::Uuid;

pub use self::{
    cursor::{Cursor, ListKey},
    order::Order,
    page::{Links, Page, PageRequest},
};
use crate::{
    catalog::Reference,
    clock::Time,
    status::Status,
    text::{CommitSha, Label, Name, Version},
};

mod cursor;
mod order;
mod page;

/// A filter and an order of the list of deployments. A deployment matches if it matches every field
/// that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFilter {
    /// The component has this id.
    pub component_id: Option<Uuid>,
    /// The environment has this id.
    pub environment_id: Option<Uuid>,
    /// The deployment has this status now.
    pub status: Option<Status>,
    /// The component has this name.
    pub component: Option<Name>,
    /// The environment has this name.
    pub environment: Option<Name>,
    /// The version is this one.
    pub version: Option<Version>,
    /// The commit is exactly this text.
    pub commit_sha: Option<CommitSha>,
    /// `deployedBy` is this person or program.
    pub deployed_by: Option<Label>,
    /// The deployment was recorded at this time or later.
    pub created_after: Option<Time>,
    /// The deployment was recorded before this time.
    pub created_before: Option<Time>,
    /// The latest transition happened at this time or later.
    pub occurred_after: Option<Time>,
    /// The latest transition happened before this time.
    pub occurred_before: Option<Time>,
    /// The order of the list. An export has a fixed order and ignores this field.
    pub order: Order,
}

impl DeploymentFilter {
    /// Restricts the filter to a component.
    #[must_use]
    pub fn of(self, component: Option<Reference>) -> Self {
        let (component_id, component) = parts(component);
        Self {
            component_id,
            component,
            ..self
        }
    }

    /// Restricts the filter to an environment.
    #[must_use]
    pub fn within(self, environment: Option<Reference>) -> Self {
        let (environment_id, environment) = parts(environment);
        Self {
            environment_id,
            environment,
            ..self
        }
    }
}

fn parts(reference: Option<Reference>) -> (Option<Uuid>, Option<Name>) {
    match reference {
        Some(Reference::Id(id)) => (Some(id), None),
        Some(Reference::Name(name)) => (None, Some(name)),
        None => (None, None),
    }
}

/// A filter of the list of components or environments. `None` matches every record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogFilter {
    /// The record has this name.
    pub name: Option<Name>,
    /// The record is archived, or is not archived.
    pub archived: Option<bool>,
}

/// A filter of the rows and columns of the matrix. An empty list matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatrixFilter {
    /// The component has one of these names.
    pub components: Vec<Name>,
    /// The environment has one of these names.
    pub environments: Vec<Name>,
    /// The component has this owner.
    pub owner: Option<Label>,
    /// The component has this kind.
    pub kind: Option<Label>,
    /// The component has this lifecycle.
    pub lifecycle: Option<Label>,
    /// Whether to include archived components and environments.
    pub include_archived: bool,
    /// The time of the matrix; now, if absent.
    pub at: Option<Time>,
    /// Whether each cell has its gap.
    pub gaps: bool,
}

/// Parses a whole number without a sign, for query parameters.
///
/// # Errors
/// A sentence for the caller.
pub fn whole_number(text: &str) -> Result<u64, &'static str> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| u64::from_str(text).ok())
        .flatten()
        .ok_or("must be a whole number")
}
