//! The operations of components and environments.

use deploytrack_core::{
    api::EnvironmentOrder,
    archive::{ArchiveOutcome, ArchiveSelection, MOST_ARCHIVED},
    catalog::{
        CatalogKind, Component, ComponentChange, Environment, EnvironmentChange, NewComponent,
        NewEnvironment,
    },
    openapi::{list_of, of},
    text::Name,
};
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::{ContentBuilder, Ref};

use super::{
    deployments::LINK,
    operation::OperationDraft,
    parameters::{flag, one, page},
};

pub(super) const COMPONENTS: &str = "components";
pub(super) const ENVIRONMENTS: &str = "environments";

pub(super) fn list_components() -> OperationDraft {
    OperationDraft::new(
        COMPONENTS,
        "listComponents",
        "List components",
        "Returns a page of components, in the order of their names.",
    )
    .parameters([
        one::<Name>("name", "Only the one with this name."),
        flag(
            "archived",
            "`true`: only archived ones. `false`: only others.",
        ),
    ])
    .parameters(page())
    .returns_with("The page.", Ref::from_schema_name("ComponentPage"), LINK)
}

pub(super) fn create_component() -> OperationDraft {
    OperationDraft::new(
        COMPONENTS,
        "createComponent",
        "Register a component",
        "A name that is in use is 409.",
    )
    .body::<NewComponent>(
        true,
        json!({"name": "user-service", "owner": "team-a", "kind": "service"}),
    )
    .creates::<Component>("The component.")
}

pub(super) fn show_component() -> OperationDraft {
    OperationDraft::new(
        COMPONENTS,
        "showComponent",
        "Read a component",
        "Returns one component.",
    )
    .returns("The component.", of::<Component>())
}

pub(super) fn update_component() -> OperationDraft {
    OperationDraft::new(
        COMPONENTS,
        "updateComponent",
        "Change a component",
        "Omitted fields do not change. A name that is in use is 409.",
    )
    .body::<ComponentChange>(true, json!({"owner": "team-b"}))
    .updates::<Component>("The changed component.")
}

pub(super) fn delete_component() -> OperationDraft {
    OperationDraft::new(
        COMPONENTS,
        "deleteComponent",
        "Delete a component",
        "A component that was ever deployed cannot be deleted (409 `in_use`): archive it instead.",
    )
    .response(
        StatusCode::NO_CONTENT,
        "The component is deleted.",
        None,
        &[],
    )
    .refusals(&[StatusCode::CONFLICT])
}

pub(super) fn list_environments() -> OperationDraft {
    OperationDraft::new(
        ENVIRONMENTS,
        "listEnvironments",
        "List environments",
        "Returns a page of environments, in their order.",
    )
    .parameters([
        one::<Name>("name", "Only the one with this name."),
        flag(
            "archived",
            "`true`: only archived ones. `false`: only others.",
        ),
    ])
    .parameters(page())
    .returns_with("The page.", Ref::from_schema_name("EnvironmentPage"), LINK)
}

pub(super) fn create_environment() -> OperationDraft {
    OperationDraft::new(
        ENVIRONMENTS,
        "createEnvironment",
        "Register an environment",
        "Without `order`, it is placed before the first environment of a later type. A name that is in use is 409.",
    )
    .body::<NewEnvironment>(true, json!({"name": "staging", "type": "staging"}))
    .creates::<Environment>("The environment.")
}

pub(super) fn show_environment() -> OperationDraft {
    OperationDraft::new(
        ENVIRONMENTS,
        "showEnvironment",
        "Read an environment",
        "Returns one environment.",
    )
    .returns("The environment.", of::<Environment>())
}

pub(super) fn update_environment() -> OperationDraft {
    OperationDraft::new(
        ENVIRONMENTS,
        "updateEnvironment",
        "Change an environment",
        "Omitted fields do not change. A name that is in use is 409.",
    )
    .body::<EnvironmentChange>(
        true,
        json!({"description": "The last stop before production."}),
    )
    .updates::<Environment>("The changed environment.")
}

pub(super) fn delete_environment() -> OperationDraft {
    OperationDraft::new(
        ENVIRONMENTS,
        "deleteEnvironment",
        "Delete an environment",
        "An environment that ever had a deployment cannot be deleted (409 `in_use`): archive it instead.",
    )
    .response(StatusCode::NO_CONTENT, "The environment is deleted.", None, &[])
    .refusals(&[StatusCode::CONFLICT])
}

pub(super) fn order_environments() -> OperationDraft {
    let all = ContentBuilder::new()
        .schema(Some(list_of::<Environment>()))
        .build();
    OperationDraft::new(
        ENVIRONMENTS,
        "orderEnvironments",
        "Order the environments",
        "Sets the order of the environments. The body must list the ids of all of them.",
    )
    .body::<EnvironmentOrder>(
        true,
        json!({"ids": ["0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f"]}),
    )
    .response(
        StatusCode::OK,
        "The environments, in their order.",
        Some(("application/json", all)),
        &["ETag"],
    )
    .refusals(&[StatusCode::NOT_FOUND])
}

pub(super) fn archive(kind: CatalogKind) -> OperationDraft {
    let outcome = ContentBuilder::new()
        .schema(Some(of::<ArchiveOutcome>()))
        .build();
    let (group, id, summary) = match kind {
        CatalogKind::Component => (COMPONENTS, "archiveComponents", "Archive components"),
        CatalogKind::Environment => (ENVIRONMENTS, "archiveEnvironments", "Archive environments"),
    };
    let description = format!(
        "Archives the {group} whose names match a pattern, or takes them out of the archive: at most {MOST_ARCHIVED}, in the order of \
         their names. If `remaining` is not 0, repeat the request for the next ones. The matrix hides archived {group}, and a \
         deployment that happens later takes them out of the archive."
    );
    OperationDraft::new(group, id, summary, &description)
        .body::<ArchiveSelection>(
            true,
            json!({"name": "review/*", "idleSince": "2026-11-16T00:00:00Z"}),
        )
        .response(
            StatusCode::OK,
            "The names that were archived or taken out of the archive.",
            Some(("application/json", outcome)),
            &["Idempotency-Replayed"],
        )
}
