//! Converts filters and pages to query parameters.

use crate::{
    catalog::Reference,
    clock::{self, Time},
    daily::DailyFilter,
    event::{AuditFilter, EventFilter},
    query::{CatalogFilter, DeploymentFilter, MatrixFilter, Order, PageRequest},
    text::Name,
};

/// Query parameters, in the order in which they are sent.
pub(super) type Query = Vec<(&'static str, String)>;

pub(super) fn named(name: Option<&Name>, page: PageRequest) -> Query {
    let name = name.map(|name| ("name", name.to_string()));
    name.into_iter().chain(page.parameters()).collect()
}

pub(super) fn catalog(filter: &CatalogFilter, page: PageRequest) -> Query {
    let mut query = named(filter.name.as_ref(), page);
    query.extend(
        filter
            .archived
            .map(|archived| ("archived", archived.to_string())),
    );
    query
}

pub(super) fn deployments(filter: &DeploymentFilter) -> Query {
    given([
        (
            "componentId",
            filter.component_id.as_ref().map(ToString::to_string),
        ),
        (
            "environmentId",
            filter.environment_id.as_ref().map(ToString::to_string),
        ),
        ("status", filter.status.as_ref().map(ToString::to_string)),
        (
            "component",
            filter.component.as_ref().map(ToString::to_string),
        ),
        (
            "environment",
            filter.environment.as_ref().map(ToString::to_string),
        ),
        ("version", filter.version.as_ref().map(ToString::to_string)),
        (
            "commitSha",
            filter.commit_sha.as_ref().map(ToString::to_string),
        ),
        (
            "deployedBy",
            filter.deployed_by.as_ref().map(ToString::to_string),
        ),
        (
            "createdAfter",
            filter.created_after.as_ref().map(clock::format_exact),
        ),
        (
            "createdBefore",
            filter.created_before.as_ref().map(clock::format_exact),
        ),
        (
            "occurredAfter",
            filter.occurred_after.as_ref().map(clock::format_exact),
        ),
        (
            "occurredBefore",
            filter.occurred_before.as_ref().map(clock::format_exact),
        ),
    ])
}

pub(super) fn matrix(filter: &MatrixFilter) -> Query {
    let mut query = given([
        ("owner", filter.owner.as_ref().map(ToString::to_string)),
        ("kind", filter.kind.as_ref().map(ToString::to_string)),
        (
            "lifecycle",
            filter.lifecycle.as_ref().map(ToString::to_string),
        ),
        ("at", filter.at.as_ref().map(clock::format_exact)),
        (
            "includeArchived",
            filter.include_archived.then(|| "true".to_owned()),
        ),
        ("gaps", filter.gaps.then(|| "true".to_owned())),
    ]);
    query.extend(
        filter
            .components
            .iter()
            .map(|name| ("component", name.to_string())),
    );
    query.extend(
        filter
            .environments
            .iter()
            .map(|name| ("environment", name.to_string())),
    );
    query
}

pub(super) fn daily(filter: &DailyFilter) -> Query {
    given([
        ("days", Some(filter.days.to_string())),
        ("utcOffset", Some(filter.utc_offset.to_string())),
        (
            "component",
            filter.component.as_ref().map(ToString::to_string),
        ),
        (
            "environment",
            filter.environment.as_ref().map(ToString::to_string),
        ),
        (
            "type",
            filter.environment_type.as_ref().map(ToString::to_string),
        ),
    ])
}

pub(super) fn audit(filter: &AuditFilter) -> Query {
    let mut query = given([
        (
            "recordedBy",
            filter.recorded_by.as_ref().map(ToString::to_string),
        ),
        (
            "recordedAfter",
            filter.recorded_after.as_ref().map(clock::format_exact),
        ),
        (
            "recordedBefore",
            filter.recorded_before.as_ref().map(clock::format_exact),
        ),
    ]);
    query.extend(filter.types.iter().map(|one| ("type", one.to_string())));
    query
}

pub(super) fn events(filter: &EventFilter) -> Query {
    let mut query = given([
        (
            "componentId",
            filter.component_id.as_ref().map(ToString::to_string),
        ),
        (
            "environmentId",
            filter.environment_id.as_ref().map(ToString::to_string),
        ),
        ("status", filter.status.as_ref().map(ToString::to_string)),
        ("version", filter.version.as_ref().map(ToString::to_string)),
        (
            "deployedBy",
            filter.deployed_by.as_ref().map(ToString::to_string),
        ),
    ]);
    query.extend(
        filter
            .components
            .iter()
            .map(|name| ("component", name.to_string())),
    );
    query.extend(
        filter
            .environments
            .iter()
            .map(|name| ("environment", name.to_string())),
    );
    query.extend(filter.types.iter().map(|one| ("type", one.to_string())));
    query
}

pub(super) fn latest(component: &Reference, at: Option<Time>) -> Query {
    let name = match component {
        Reference::Id(_) => "componentId",
        Reference::Name(_) => "component",
    };
    given([
        (name, Some(component.to_string())),
        ("at", at.as_ref().map(clock::format_exact)),
    ])
}

/// The order of a list; the default is left out.
pub(super) fn order(order: Order) -> Query {
    given([(
        "order",
        (order != Order::default()).then(|| order.to_string()),
    )])
}

fn given<const N: usize>(parameters: [(&'static str, Option<String>); N]) -> Query {
    parameters
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}
