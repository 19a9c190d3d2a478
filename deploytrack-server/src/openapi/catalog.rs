//! Components and environments.

use deploytrack_core::{
    catalog::{Component, ComponentChange, Environment, EnvironmentChange, NewComponent, NewEnvironment},
    openapi::{list_of, of},
    text::Name,
};
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::{ContentBuilder, Ref};

use super::{
    deployments::LINK,
    described::Described,
    parameters::{one, page},
};
use crate::handlers::environments::Order;

pub(super) const COMPONENTS: &str = "components";
pub(super) const ENVIRONMENTS: &str = "environments";

pub(super) fn list_components() -> Described {
    Described::new(COMPONENTS, "listComponents", "List components", "A page of components, in the order of their names.")
        .taking([one::<Name>("name", "The one with this name.")])
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
        .taking([one::<Name>("name", "The one with this name.")])
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
