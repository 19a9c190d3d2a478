//! Components and environments.

use deploytrack_core::{
    archive::{ArchiveOutcome, ArchiveSelection, MOST_ARCHIVED},
    catalog::{CatalogKind, Component, ComponentChange, Environment, EnvironmentChange, NewComponent, NewEnvironment},
    openapi::{list_of, of},
    text::Name,
};
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::{ContentBuilder, Ref};

use super::{
    deployments::LINK,
    described::Described,
    parameters::{flag, one, page},
};
use crate::handlers::environments::Order;

pub(super) const COMPONENTS: &str = "components";
pub(super) const ENVIRONMENTS: &str = "environments";

pub(super) fn list_components() -> Described {
    Described::new(COMPONENTS, "listComponents", "List components", "A page of components, in the order of their names.")
        .taking([one::<Name>("name", "The one with this name."), flag("archived", "Those that are archived, or those that are not.")])
        .taking(page())
        .showing_with("A page.", Ref::from_schema_name("ComponentPage"), LINK)
}

pub(super) fn create_component() -> Described {
    Described::new(COMPONENTS, "createComponent", "Register a component", "A name that is taken is 409.")
        .body::<NewComponent>(true, json!({"name": "user-service", "owner": "team-a", "kind": "service"}))
        .once()
        .making::<Component>("The component.")
}

pub(super) fn show_component() -> Described {
    Described::new(COMPONENTS, "showComponent", "Read a component", "One component.").showing("The component.", of::<Component>())
}

pub(super) fn update_component() -> Described {
    Described::new(COMPONENTS, "updateComponent", "Change a component", "What is left out stays as it is. A name that is taken is 409.")
        .body::<ComponentChange>(true, json!({"owner": "team-b"}))
        .once()
        .changing::<Component>("The component as it is now.")
}

pub(super) fn delete_component() -> Described {
    Described::new(
        COMPONENTS,
        "deleteComponent",
        "Delete a component",
        "One that was ever deployed is not deleted (409 `in_use`): archive it instead.",
    )
    .answering(StatusCode::NO_CONTENT, "It is gone.", None, &[])
    .refusing(&[StatusCode::CONFLICT])
}

pub(super) fn list_environments() -> Described {
    Described::new(ENVIRONMENTS, "listEnvironments", "List environments", "A page of environments, in their order.")
        .taking([one::<Name>("name", "The one with this name."), flag("archived", "Those that are archived, or those that are not.")])
        .taking(page())
        .showing_with("A page.", Ref::from_schema_name("EnvironmentPage"), LINK)
}

pub(super) fn create_environment() -> Described {
    Described::new(
        ENVIRONMENTS,
        "createEnvironment",
        "Register an environment",
        "Without `order` it stands before the first one of a later type. A name that is taken is 409.",
    )
    .body::<NewEnvironment>(true, json!({"name": "staging", "type": "staging"}))
    .once()
    .making::<Environment>("The environment.")
}

pub(super) fn show_environment() -> Described {
    Described::new(ENVIRONMENTS, "showEnvironment", "Read an environment", "One environment.")
        .showing("The environment.", of::<Environment>())
}

pub(super) fn update_environment() -> Described {
    Described::new(
        ENVIRONMENTS,
        "updateEnvironment",
        "Change an environment",
        "What is left out stays as it is. A name that is taken is 409.",
    )
    .body::<EnvironmentChange>(true, json!({"description": "The last stop before production."}))
    .once()
    .changing::<Environment>("The environment as it is now.")
}

pub(super) fn delete_environment() -> Described {
    Described::new(
        ENVIRONMENTS,
        "deleteEnvironment",
        "Delete an environment",
        "One that ever had a deployment is not deleted (409 `in_use`): archive it instead.",
    )
    .answering(StatusCode::NO_CONTENT, "It is gone.", None, &[])
    .refusing(&[StatusCode::CONFLICT])
}

pub(super) fn order_environments() -> Described {
    let all = ContentBuilder::new().schema(Some(list_of::<Environment>())).build();
    Described::new(
        ENVIRONMENTS,
        "orderEnvironments",
        "Order the environments",
        "Puts the environments in the order of the ids, which must be all of them.",
    )
    .body::<Order>(true, json!({"ids": ["0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f"]}))
    .answering(StatusCode::OK, "The environments, in their order.", Some(("application/json", all)), &["ETag"])
    .refusing(&[StatusCode::NOT_FOUND])
}

pub(super) fn archive(kind: CatalogKind) -> Described {
    let outcome = ContentBuilder::new().schema(Some(of::<ArchiveOutcome>())).build();
    let (group, id, summary) = match kind {
        CatalogKind::Component => (COMPONENTS, "archiveComponents", "Archive components"),
        CatalogKind::Environment => (ENVIRONMENTS, "archiveEnvironments", "Archive environments"),
    };
    let description = format!(
        "Archives the {group} whose names match a pattern, or takes them out of the archive: {MOST_ARCHIVED} at most, in the order of \
         names. Where `remaining` is not 0, the same request again takes the next of them. The matrix hides what is archived, \
         and a deployment that happens later takes it out of the archive."
    );
    Described::new(group, id, summary, &description)
        .body::<ArchiveSelection>(true, json!({"name": "review/*", "idleSince": "2026-11-16T00:00:00Z"}))
        .once()
        .answering(StatusCode::OK, "What was archived.", Some(("application/json", outcome)), &["Idempotency-Replayed"])
}
