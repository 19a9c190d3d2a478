//! The lines of an import or an export.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        OneOfBuilder, Ref, RefOr,
        schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type},
    },
};

use super::{
    catalog::{component, environment},
    deployments::deployment,
    fields::{
        closed, field, optional, optional_of, optional_time, references, when, with,
        with_references,
    },
};
use crate::{
    api::{IMPORT_ENTRIES, ImportLine},
    deployment::Undeployment,
    history::HistoryKind,
    openapi::{of, or_null, time},
    text::{Name, Reason},
};

impl PartialSchema for Undeployment {
    fn schema() -> RefOr<Schema> {
        let event = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["undeployed"]));
        let object = references()
            .property("event", event)
            .required("event")
            .property(
                "occurredAt",
                time().description(Some(when("When it happened", false))),
            )
            .required("occurredAt")
            .property("reason", optional::<Reason>("The reason."));
        with_references(object)
            .description(Some(
                "A line of an import: a component was undeployed from an environment.",
            ))
            .into()
    }
}

impl ToSchema for Undeployment {}

/// The names of the schemas of parts of an import that have no type of their own.
pub(super) const IMPORTED_DEPLOYMENT: &str = "ImportedDeployment";
pub(super) const IMPORTED_ENTRY: &str = "ImportedEntry";
pub(super) const COMPONENT_LINE: &str = "ComponentLine";
pub(super) const ENVIRONMENT_LINE: &str = "EnvironmentLine";

/// The schema of a deployment in an import. Its time is required, so that the server recognizes the
/// same line in a later import.
pub(super) fn imported_deployment() -> RefOr<Schema> {
    let word = "The status, also in the words of GitHub, GitLab or Octopus; `pending`, if absent. The history gets all transitions to it.";
    let history = ArrayBuilder::new()
        .items(Ref::from_schema_name(IMPORTED_ENTRY))
        .max_items(Some(IMPORT_ENTRIES));
    let history = history.description(Some(
        "All statuses with their times, instead of `startedAt`. Missing transitions are added.",
    ));
    let object = deployment()
        .property(
            "status",
            ObjectBuilder::new()
                .schema_type(or_null(Type::String))
                .description(Some(word)),
        )
        .property("event", ObjectBuilder::new().schema_type(Type::Null))
        .property(
            "occurredAt",
            optional_time(&when("When it entered its status", false)),
        )
        .property(
            "finishedAt",
            optional_time("The same as `occurredAt`; at most one of the two."),
        )
        .property(
            "startedAt",
            optional_time("When it entered `in_progress`; when it entered its status, if absent."),
        )
        .property(
            "reason",
            optional::<Reason>("The reason of the latest transition."),
        )
        .property("sequence", sequence())
        .property("history", optional_of(history.into(), "The history."));
    let timed = AnyOfBuilder::new()
        .item(with("occurredAt", Type::String, &[]))
        .item(with("finishedAt", Type::String, &[]))
        .item(
            ObjectBuilder::new()
                .schema_type(SchemaType::AnyValue)
                .required("history")
                .property("history", ArrayBuilder::new().min_items(Some(1))),
        );
    with_references(object)
        .item(timed)
        .description(Some(
            "A line of an import: a deployment with the time of its status.",
        ))
        .into()
}

fn sequence() -> ObjectBuilder {
    let number = ObjectBuilder::new()
        .schema_type(or_null(Type::Integer))
        .minimum(Some(0));
    number
        .description(Some("The position in the order of recording of the source: of two successes at one time, the later one is current."))
}

/// A history entry of an imported deployment.
pub(super) fn past_entry() -> RefOr<Schema> {
    closed()
        .property(
            "event",
            optional::<HistoryKind>(
                "`undeployed`, without a status, if the component was undeployed.",
            ),
        )
        .property(
            "status",
            ObjectBuilder::new()
                .schema_type(or_null(Type::String))
                .description(Some("The new status.")),
        )
        .property(
            "occurredAt",
            time().description(Some(when("When it happened", false))),
        )
        .required("occurredAt")
        .property(
            "claimedAt",
            optional_time("The time in the original request, if the server recorded another one."),
        )
        .property("reason", optional::<Reason>("The reason."))
        .property("sequence", sequence())
        .description(Some("An entry of the history of an imported deployment."))
        .into()
}

/// The schema of an import line that registers a component.
pub(super) fn component_line() -> RefOr<Schema> {
    registering("component", component(registered_name()))
}

/// The schema of an import line that registers an environment.
pub(super) fn environment_line() -> RefOr<Schema> {
    registering("environment", environment(registered_name()))
}

fn registered_name() -> RefOr<Schema> {
    field::<Name>("The name. If it exists, the line changes nothing.")
}

fn registering(event: &str, object: ObjectBuilder) -> RefOr<Schema> {
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([event]));
    let archived_at =
        optional_time("When it was archived, if it is; the time of the import, if absent.");
    object
        .property("event", name)
        .required("event")
        .required("name")
        .property("archivedAt", archived_at)
        .description(Some(format!(
            "A line of an import that registers a name of the kind `{event}`."
        )))
        .into()
}

impl PartialSchema for ImportLine {
    fn schema() -> RefOr<Schema> {
        let lines = OneOfBuilder::new()
            .item(Ref::from_schema_name(IMPORTED_DEPLOYMENT))
            .item(of::<Undeployment>())
            .item(Ref::from_schema_name(COMPONENT_LINE))
            .item(Ref::from_schema_name(ENVIRONMENT_LINE));
        let description = "A line of an import or an export: a deployment, an undeployment, or the registration of a component or environment.";
        lines.description(Some(description)).into()
    }
}

impl ToSchema for ImportLine {}
