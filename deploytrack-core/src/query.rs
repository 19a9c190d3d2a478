//! Filters and pages.

use std::str::FromStr;

use uuid::Uuid;

pub use self::{
    cursor::{BadCursor, Cursor, Key},
    order::{Order, UnknownOrder},
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

/// Which deployments a list shows, and in which order; every field that is set must match.
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
    /// Whose latest transition happened at this time or later.
    pub occurred_after: Option<Time>,
    /// Whose latest transition happened before this time.
    pub occurred_before: Option<Time>,
    /// The order of the list. An export has one order alone and does not read this.
    pub order: Order,
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

/// Which components or environments a list shows. `None` excludes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogFilter {
    /// The one with this name.
    pub name: Option<Name>,
    /// Those that are archived, or those that are not.
    pub archived: Option<bool>,
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

/// Reads a whole number without sign, for query parameters.
///
/// # Errors
/// A sentence for the caller.
pub fn whole_number(text: &str) -> Result<u64, &'static str> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| u64::from_str(text).ok()).flatten().ok_or("must be a whole number")
}
