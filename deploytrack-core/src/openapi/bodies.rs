//! The schemas of the bodies of [`FromBody`](crate::api::FromBody). In an optional field, `null`
//! means absent, unless its description says that it removes a value.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOfBuilder, OneOfBuilder, Ref, RefOr,
        schema::{
            AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType,
            Type,
        },
    },
};

use super::{or_null, time, uuid};
use crate::{
    api::{EnvironmentOrder, IMPORT_ENTRIES, ImportLine},
    archive::ArchiveSelection,
    catalog::{ComponentChange, EnvironmentChange, EnvironmentType, NewComponent, NewEnvironment},
    clock::TOLERANCE,
    deployment::{Change, Metadata, NewDeployment, Undeploy, Undeployment},
    json::MOST_POSITION,
    status::Status,
    text::{CommitSha, Description, Label, Name, Reason, Version},
};

/// An object without additional fields.
fn closed() -> ObjectBuilder {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// A field of a type.
fn field<T: ToSchema>(description: &str) -> RefOr<Schema> {
    Ref::builder()
        .ref_location_from_schema_name(T::name())
        .description(Some(description))
        .into()
}

/// A field of a type that may be `null`.
fn optional<T: ToSchema>(description: &str) -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    OneOfBuilder::new()
        .item(null)
        .item(super::of::<T>())
        .description(Some(description))
        .into()
}

fn optional_time(description: &str) -> RefOr<Schema> {
    time()
        .schema_type(or_null(Type::String))
        .description(Some(description))
        .into()
}

fn optional_flag(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(or_null(Type::Boolean))
        .description(Some(description))
        .into()
}

/// An object in which the field `name` is present and of a type, and the fields `without` are
/// absent or `null`.
fn with(name: &str, kind: impl Into<SchemaType>, without: &[&str]) -> RefOr<Schema> {
    let given = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .required(name);
    let given = given.property(name, ObjectBuilder::new().schema_type(kind));
    let null = || ObjectBuilder::new().schema_type(Type::Null);
    without
        .iter()
        .fold(given, |given, other| given.property(*other, null()))
        .into()
}

/// An object with an id or a name, but not both.
fn id_or_name(id: &str, name: &str) -> OneOfBuilder {
    OneOfBuilder::new()
        .item(with(id, Type::String, &[name]))
        .item(with(name, Type::String, &[id]))
}

/// The object, with the rule that component and environment are given by id or by name.
fn with_references(object: ObjectBuilder) -> AllOfBuilder {
    AllOfBuilder::new()
        .item(object)
        .item(id_or_name("componentId", "component"))
        .item(id_or_name("environmentId", "environment"))
}

/// A closed object with the four fields that refer to component and environment.
fn references() -> ObjectBuilder {
    let id = |description| {
        uuid()
            .schema_type(or_null(Type::String))
            .description(Some(description))
    };
    closed()
        .property(
            "componentId",
            id("The id of the component; or give `component`."),
        )
        .property("component", optional::<Name>("The name of the component."))
        .property(
            "environmentId",
            id("The id of the environment; or give `environment`."),
        )
        .property(
            "environment",
            optional::<Name>("The name of the environment."),
        )
}

/// The description of a time that a caller gives.
fn when(what: &str, defaults_to_now: bool) -> String {
    let minutes = TOLERANCE.num_minutes();
    format!(
        "{what}, at most {minutes} minutes in the future{}.",
        if defaults_to_now {
            "; now, if absent"
        } else {
            ""
        }
    )
}

/// A request to record a deployment, without its time.
fn deployment() -> ObjectBuilder {
    let statuses = Status::ALL
        .into_iter()
        .filter(|status| status.path_from_new().is_some());
    let statuses: Vec<_> = statuses
        .map(|status| json!(status))
        .chain([json!(null)])
        .collect();
    let status = ObjectBuilder::new()
        .schema_type(or_null(Type::String))
        .enum_values(Some(statuses));
    references()
        .property("version", field::<Version>("The version that is deployed."))
        .required("version")
        .property(
            "deployedBy",
            optional::<Label>(
                "The person or program that deploys; the subject of the token, if absent.",
            ),
        )
        .property(
            "commitSha",
            optional::<CommitSha>("The commit that it was built from."),
        )
        .property("description", optional::<Description>("Free text."))
        .property("metadata", optional::<Metadata>("Additional data."))
        .property(
            "status",
            status.description(Some(
                "The status; `pending`, if absent. The history gets all transitions to it.",
            )),
        )
}

impl PartialSchema for NewDeployment {
    fn schema() -> RefOr<Schema> {
        let object =
            deployment().property("occurredAt", optional_time(&when("When it happened", true)));
        let description = "A request to record a deployment. Component and environment are given by id or by name.";
        with_references(object)
            .description(Some(description))
            .into()
    }
}

impl ToSchema for NewDeployment {}

impl PartialSchema for Change {
    fn schema() -> RefOr<Schema> {
        let object = closed()
            .property("status", optional::<Status>("The new status."))
            .property("occurredAt", optional_time(&when("With `status`: when the transition happened", true)))
            .property("finishedAt", optional_time("The same as `occurredAt`, for `succeeded` and `failed`; at most one of the two."))
            .property("reason", optional::<Reason>("With `status`: the reason of the transition."))
            .property("description", optional::<Description>("The new description; `null` removes it."))
            .property("metadata", optional::<Metadata>("Keys to set in the metadata; `null` removes a key."));
        let of_a_transition = ["status", "occurredAt", "finishedAt", "reason"];
        let something = AnyOfBuilder::new()
            .item(with("status", Type::String, &[]))
            .item(with("description", or_null(Type::String), &of_a_transition))
            .item(with("metadata", Type::Object, &of_a_transition));
        let description =
            "A change of a deployment: at least one of `status`, `description` and `metadata`.";
        AllOfBuilder::new()
            .item(object)
            .item(something)
            .description(Some(description))
            .into()
    }
}

impl ToSchema for Change {
    fn name() -> std::borrow::Cow<'static, str> {
        "DeploymentChange".into()
    }
}

impl PartialSchema for Undeploy {
    fn schema() -> RefOr<Schema> {
        let object = closed()
            .property("occurredAt", optional_time(&when("When it happened", true)))
            .property("reason", optional::<Reason>("The reason."));
        object
            .description(Some(
                "When a component was undeployed from an environment, and why.",
            ))
            .into()
    }
}

impl ToSchema for Undeploy {}

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

impl ToSchema for Undeployment {
    fn name() -> std::borrow::Cow<'static, str> {
        "Removal".into()
    }
}

/// The name of the schema of [`imported_deployment`].
pub const IMPORTED_DEPLOYMENT: &str = "ImportedDeployment";

/// The schema of a deployment in an import. Its time is required, so that the server recognizes the
/// same line in a later import.
#[must_use]
pub fn imported_deployment() -> RefOr<Schema> {
    let word = "The status, also in the words of GitHub, GitLab or Octopus; `pending`, if absent. The history gets all transitions to it.";
    let history = ArrayBuilder::new()
        .items(past_entry())
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
        .property(
            "history",
            OneOfBuilder::new()
                .item(ObjectBuilder::new().schema_type(Type::Null))
                .item(history),
        );
    let timed = AnyOfBuilder::new()
        .item(with("occurredAt", Type::String, &[]))
        .item(with("finishedAt", Type::String, &[]))
        .item(with("history", Type::Array, &[]));
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
fn past_entry() -> ObjectBuilder {
    let event = ObjectBuilder::new()
        .schema_type(or_null(Type::String))
        .enum_values(Some([
            json!("undeployed"),
            json!("transition"),
            json!(null),
        ]));
    closed()
        .property(
            "event",
            event.description(Some(
                "`undeployed`, without a status, if the component was undeployed.",
            )),
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
}

/// The schema of an import line that registers a component or environment.
fn registering(event: &str, object: ObjectBuilder) -> ObjectBuilder {
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
}

impl PartialSchema for ImportLine {
    fn schema() -> RefOr<Schema> {
        let deployment = Ref::from_schema_name(IMPORTED_DEPLOYMENT);
        let named = || field::<Name>("The name. If it exists, the line changes nothing.");
        let lines = OneOfBuilder::new()
            .item(deployment)
            .item(super::of::<Undeployment>())
            .item(
                registering("component", component(named()))
                    .description(Some("Registers a component.")),
            )
            .item(
                registering("environment", environment(named()))
                    .description(Some("Registers an environment.")),
            );
        let description = "A line of an import or an export: a deployment, an undeployment, or the registration of a component or environment.";
        lines.description(Some(description)).into()
    }
}

impl ToSchema for ImportLine {}

fn component(name: RefOr<Schema>) -> ObjectBuilder {
    closed()
        .property("name", name)
        .property(
            "description",
            optional::<Description>("Free text; `null` removes it."),
        )
        .property(
            "owner",
            optional::<Label>("The person or team that is responsible for it; `null` removes it."),
        )
        .property(
            "kind",
            optional::<Label>(
                "The kind of component, such as `service` or `library`; `null` removes it.",
            ),
        )
        .property(
            "lifecycle",
            optional::<Label>("The stage of its life, such as `production`; `null` removes it."),
        )
        .property(
            "archived",
            optional_flag("Whether it is hidden from the matrix."),
        )
}

/// The object with at least one field: one of `clearable`, which may be `null`, or one of `others`,
/// which may not.
fn changing(object: ObjectBuilder, clearable: &[&str], others: &[(&str, Type)]) -> AllOfBuilder {
    let something = clearable.iter().fold(AnyOfBuilder::new(), |any, name| {
        any.item(with(name, or_null(Type::String), &[]))
    });
    let something = others.iter().fold(something, |any, (name, kind)| {
        any.item(with(name, kind.clone(), &[]))
    });
    AllOfBuilder::new().item(object).item(something)
}

impl PartialSchema for NewComponent {
    fn schema() -> RefOr<Schema> {
        let object = component(field::<Name>("Unique among components.")).required("name");
        object
            .description(Some("A request to register a component."))
            .into()
    }
}

impl ToSchema for NewComponent {}

impl PartialSchema for ComponentChange {
    fn schema() -> RefOr<Schema> {
        let object = component(optional::<Name>("The new name."));
        let change = changing(
            object,
            &["description", "owner", "kind", "lifecycle"],
            &[("name", Type::String), ("archived", Type::Boolean)],
        );
        change
            .description(Some("A change of a component: at least one field."))
            .into()
    }
}

impl ToSchema for ComponentChange {}

fn environment(name: RefOr<Schema>) -> ObjectBuilder {
    let order = ObjectBuilder::new()
        .schema_type(or_null(Type::Integer))
        .minimum(Some(1))
        .maximum(usize::try_from(MOST_POSITION).ok());
    closed()
        .property("name", name)
        .property(
            "description",
            optional::<Description>("Free text; `null` removes it."),
        )
        .property(
            "type",
            optional::<EnvironmentType>("The type; guessed from the name, if never given."),
        )
        .property(
            "order",
            order.description(Some(
                "The position among the environments, from 1; the others shift.",
            )),
        )
        .property(
            "archived",
            optional_flag("Whether it is hidden from the matrix."),
        )
}

impl PartialSchema for NewEnvironment {
    fn schema() -> RefOr<Schema> {
        let object = environment(field::<Name>("Unique among environments.")).required("name");
        object
            .description(Some("A request to register an environment."))
            .into()
    }
}

impl ToSchema for NewEnvironment {}

impl PartialSchema for EnvironmentChange {
    fn schema() -> RefOr<Schema> {
        let object = environment(optional::<Name>("The new name."));
        let others = [
            ("name", Type::String),
            ("type", Type::String),
            ("order", Type::Integer),
            ("archived", Type::Boolean),
        ];
        let change = changing(object, &["description"], &others);
        change
            .description(Some("A change of an environment: at least one field."))
            .into()
    }
}

impl ToSchema for EnvironmentChange {}

impl PartialSchema for ArchiveSelection {
    fn schema() -> RefOr<Schema> {
        let pattern =
            "A pattern of names: `*` matches any characters, `?` matches one. Case is ignored.";
        let idle = "Selects only records that were registered before this time and have had no deployment since.";
        closed()
            .property("name", field::<Name>(pattern))
            .required("name")
            .property("idleSince", optional_time(idle))
            .property(
                "undo",
                optional_flag("Whether to unarchive instead of to archive."),
            )
            .property(
                "dryRun",
                optional_flag("Whether only to report the effect, without changing anything."),
            )
            .description(Some("A request to archive components or environments."))
            .into()
    }
}

impl ToSchema for ArchiveSelection {}

impl PartialSchema for EnvironmentOrder {
    fn schema() -> RefOr<Schema> {
        let ids = ArrayBuilder::new().items(uuid()).unique_items(true);
        closed()
            .property(
                "ids",
                ids.description(Some("The ids of all environments, in their order.")),
            )
            .required("ids")
            .into()
    }
}

impl ToSchema for EnvironmentOrder {}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::api::FromBody;

    /// The fields that the reader of a body knows, from its fault about an unknown field.
    fn read<T: FromBody>(body: Value) -> Vec<String> {
        let Value::Object(mut body) = body else {
            panic!("an object")
        };
        body.insert("?".into(), Value::Null);
        let faults = T::from_body(body).map(|_| ()).unwrap_err();
        let fault = faults
            .iter()
            .find(|fault| fault.pointer.as_deref() == Some("/?"))
            .unwrap();
        let (_, known) = fault.detail.split_once("known are ").unwrap();
        let mut names: Vec<_> = known.split(", ").map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The fields in the schema of a body.
    fn described<T: ToSchema>() -> Vec<String> {
        fields_of(&T::schema())
    }

    fn fields_of(schema: &RefOr<Schema>) -> Vec<String> {
        let schema = serde_json::to_value(schema).unwrap();
        let object = schema["allOf"].get(0).unwrap_or(&schema);
        assert_eq!(object["additionalProperties"], Value::Bool(false));
        let mut names: Vec<_> = object["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_schema_has_the_fields_that_its_reader_knows() {
        let nothing = || Value::Object(Map::new());
        assert_eq!(
            described::<NewDeployment>(),
            read::<NewDeployment>(nothing())
        );
        assert_eq!(described::<Change>(), read::<Change>(nothing()));
        assert_eq!(described::<Undeploy>(), read::<Undeploy>(nothing()));
        assert_eq!(
            described::<Undeployment>(),
            read::<ImportLine>(json!({"event": "undeployed"}))
        );
        assert_eq!(
            fields_of(&imported_deployment()),
            read::<ImportLine>(nothing())
        );
        assert_eq!(described::<NewComponent>(), read::<NewComponent>(nothing()));
        assert_eq!(
            described::<ComponentChange>(),
            read::<ComponentChange>(nothing())
        );
        assert_eq!(
            described::<NewEnvironment>(),
            read::<NewEnvironment>(nothing())
        );
        assert_eq!(
            described::<EnvironmentChange>(),
            read::<EnvironmentChange>(nothing())
        );
        assert_eq!(
            described::<ArchiveSelection>(),
            read::<ArchiveSelection>(nothing())
        );
        assert_eq!(
            described::<EnvironmentOrder>(),
            read::<EnvironmentOrder>(nothing())
        );
    }
}
