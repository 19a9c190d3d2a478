//! The orders of the list of deployments.

use crate::words::words;

/// The time by which the list of deployments is sorted, the newest first. Deployments with equal
/// times are sorted by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = DeploymentOrder, rename_all = "snake_case"))]
pub enum Order {
    /// By `createdAt`: the order of recording.
    #[default]
    Created,
    /// By `occurredAt`: the time of the latest transition.
    Occurred,
}

words! {
    Order,
    "must be created or occurred",
    {
        Created => "created",
        Occurred => "occurred",
    }
}
