//! Filters that several endpoints share, each with its parameters in the OpenAPI document.

use deploytrack_core::{
    clock,
    query::{DeploymentFilter, MatrixFilter, Order},
    status::Status,
    text::{CommitSha, Label, Name, Version},
};
use utoipa::openapi::path::Parameter;

use crate::{
    openapi::parameters::{a_time, an_id, flag, many, one},
    request::Query,
};

/// The filters of list and export.
pub(super) fn of_deployments(query: &mut Query) -> DeploymentFilter {
    DeploymentFilter {
        component_id: query.id("componentId"),
        environment_id: query.id("environmentId"),
        status: query.one("status"),
        component: query.one("component"),
        environment: query.one("environment"),
        version: query.one("version"),
        commit_sha: query.one("commitSha"),
        deployed_by: query.one("deployedBy"),
        created_after: query.read("createdAfter", clock::parse),
        created_before: query.read("createdBefore", clock::parse),
        occurred_after: query.read("occurredAfter", clock::parse),
        occurred_before: query.read("occurredBefore", clock::parse),
        order: Order::Created,
    }
}

/// The parameters of [`of_deployments`].
pub(super) fn of_deployments_doc() -> Vec<Parameter> {
    vec![
        an_id("componentId", "Only deployments of this component."),
        an_id("environmentId", "Only deployments in this environment."),
        one::<Status>("status", "Only deployments with this status now."),
        one::<Name>(
            "component",
            "Only deployments of the component with this name.",
        ),
        one::<Name>(
            "environment",
            "Only deployments in the environment with this name.",
        ),
        one::<Version>("version", "Only deployments of this version."),
        one::<CommitSha>(
            "commitSha",
            "Only deployments of this commit, exactly as recorded.",
        ),
        one::<Label>("deployedBy", "Only deployments by this person or program."),
        a_time(
            "createdAfter",
            "Only deployments recorded at this time or later.",
        ),
        a_time(
            "createdBefore",
            "Only deployments recorded before this time.",
        ),
        a_time(
            "occurredAfter",
            "Only deployments whose latest transition happened at this time or later.",
        ),
        a_time(
            "occurredBefore",
            "Only deployments whose latest transition happened before this time.",
        ),
    ]
}

/// The filters of the matrix and of the unsettled deployments.
pub(super) fn of_cells(query: &mut Query) -> MatrixFilter {
    MatrixFilter {
        components: query.many("component"),
        environments: query.many("environment"),
        owner: query.one("owner"),
        kind: query.one("kind"),
        lifecycle: query.one("lifecycle"),
        include_archived: query.flag("includeArchived").unwrap_or(false),
        at: None,
        gaps: false,
    }
}

/// The parameters of [`of_cells`].
pub(super) fn of_cells_doc() -> [Parameter; 6] {
    [
        many::<Name>("component", "Only the components with these names."),
        many::<Name>("environment", "Only the environments with these names."),
        one::<Label>("owner", "Only components of this owner."),
        one::<Label>("kind", "Only components of this kind."),
        one::<Label>("lifecycle", "Only components in this lifecycle."),
        flag(
            "includeArchived",
            "Include archived components and environments.",
        ),
    ]
}
