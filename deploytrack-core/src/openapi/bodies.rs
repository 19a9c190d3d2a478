//! The bodies that are read by hand. An optional field that is `null` is one that is left out, unless its text says that it
//! removes a value.

use serde_json::json;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOfBuilder, OneOfBuilder, Ref, RefOr,
        schema::{AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type},
    },
};

use super::{or_null, time, uuid};
use crate::{
    api::{EnvironmentOrder, IMPORT_ENTRIES, ImportLine},
    archive::ArchiveSelection,
    catalog::{ComponentChange, EnvironmentChange, EnvironmentType, NewComponent, NewEnvironment},
    clock::TOLERANCE,
    deployment::{Change, Metadata, NewDeployment, Removal, Undeploy},
    json::MOST_POSITION,
    status::Status,
    text::{CommitSha, Description, Label, Name, Reason, Version},
};

/// An object that has no fields but the ones it names.
fn closed() -> ObjectBuilder {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// A field of a type.
fn field<T: ToSchema>(description: &str) -> RefOr<Schema> {
    Ref::builder().ref_location_from_schema_name(T::name()).description(Some(description)).into()
}

/// A field of a type that may be `null`.
fn optional<T: ToSchema>(description: &str) -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    OneOfBuilder::new().item(null).item(super::of::<T>()).description(Some(description)).into()
}

fn optional_time(description: &str) -> RefOr<Schema> {
    time().schema_type(or_null(Type::String)).description(Some(description)).into()
}

fn optional_flag(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(or_null(Type::Boolean)).description(Some(description)).into()
}

/// Some object with this field, which is not `null`, and none of those but as `null`.
fn with(name: &str, kind: impl Into<SchemaType>, without: &[&str]) -> RefOr<Schema> {
    let given = ObjectBuilder::new().schema_type(SchemaType::AnyValue).required(name);
    let given = given.property(name, ObjectBuilder::new().schema_type(kind));
    let null = || ObjectBuilder::new().schema_type(Type::Null);
    without.iter().fold(given, |given, other| given.property(*other, null())).into()
}

/// An object, by its id or by its name, whichever is given.
fn one_of_both(id: &str, name: &str) -> OneOfBuilder {
    OneOfBuilder::new().item(with(id, Type::String, &[name])).item(with(name, Type::String, &[id]))
}

/// The object, and which of two fields names component and environment.
fn naming(object: ObjectBuilder) -> AllOfBuilder {
    AllOfBuilder::new().item(object).item(one_of_both("componentId", "component")).item(one_of_both("environmentId", "environment"))
}

/// A closed object with the four fields that name component and environment.
fn named() -> ObjectBuilder {
    let id = |description| uuid().schema_type(or_null(Type::String)).description(Some(description));
    closed()
        .property("componentId", id("The component, by its id; or give `component`."))
        .property("component", optional::<Name>("The component, by its name."))
        .property("environmentId", id("The environment, by its id; or give `environment`."))
        .property("environment", optional::<Name>("The environment, by its name."))
}

/// A time that something happened, as a caller claims it.
fn when(what: &str, else_now: bool) -> String {
    let minutes = TOLERANCE.num_minutes();
    format!("{what}, at most {minutes} minutes from now{}.", if else_now { "; now, if left out" } else { "" })
}

/// A deployment to be recorded, but for its time.
fn deployment() -> ObjectBuilder {
    let statuses = Status::ALL.into_iter().filter(|status| status.path_from_new().is_some());
    let statuses: Vec<_> = statuses.map(|status| json!(status)).chain([json!(null)]).collect();
    let status = ObjectBuilder::new().schema_type(or_null(Type::String)).enum_values(Some(statuses));
    named()
        .property("version", field::<Version>("What is deployed."))
        .required("version")
        .property("deployedBy", optional::<Label>("Who deploys; the subject of the token, if left out."))
        .property("commitSha", optional::<CommitSha>("The commit it was built from."))
        .property("description", optional::<Description>("Free text."))
        .property("metadata", optional::<Metadata>("Whatever else is to be kept."))
        .property("status", status.description(Some("Where it stands already; `pending`, if left out. The history gets the way there.")))
}

impl PartialSchema for NewDeployment {
    fn schema() -> RefOr<Schema> {
        let object = deployment().property("occurredAt", optional_time(&when("When it happened", true)));
        let description = "A deployment to be recorded. Component and environment are given by their ids or by their names.";
        naming(object).description(Some(description)).into()
    }
}

impl ToSchema for NewDeployment {}

impl PartialSchema for Change {
    fn schema() -> RefOr<Schema> {
        let object = closed()
            .property("status", optional::<Status>("The status it moves to."))
            .property("occurredAt", optional_time(&when("With `status`: when it moved", true)))
            .property("finishedAt", optional_time("The same as `occurredAt`, for `succeeded` and `failed`; one of the two at most."))
            .property("reason", optional::<Reason>("Why it moved. With `status`."))
            .property("description", optional::<Description>("A new description; `null` removes it."))
            .property("metadata", optional::<Metadata>("Keys to set in the metadata; one that is `null` is removed."));
        let of_a_move = ["status", "occurredAt", "finishedAt", "reason"];
        let something = AnyOfBuilder::new()
            .item(with("status", Type::String, &[]))
            .item(with("description", or_null(Type::String), &of_a_move))
            .item(with("metadata", Type::Object, &of_a_move));
        let description = "What is to change about a deployment: at least one of `status`, `description` and `metadata`.";
        AllOfBuilder::new().item(object).item(something).description(Some(description)).into()
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
            .property("reason", optional::<Reason>("Why it left."));
        object.description(Some("When a component left an environment, and why.")).into()
    }
}

impl ToSchema for Undeploy {}

impl PartialSchema for Removal {
    fn schema() -> RefOr<Schema> {
        let event = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["undeployed"]));
        let object = named()
            .property("event", event)
            .required("event")
            .property("occurredAt", time().description(Some(when("When it happened", false))))
            .required("occurredAt")
            .property("reason", optional::<Reason>("Why it left."));
        naming(object).description(Some("A component left an environment: a line of an import.")).into()
    }
}

impl ToSchema for Removal {}

/// The name of the schema of [`imported_deployment`].
pub const IMPORTED_DEPLOYMENT: &str = "ImportedDeployment";

/// A line of an import that is a deployment: the same line must be known when it comes again, so it has its time.
#[must_use]
pub fn imported_deployment() -> RefOr<Schema> {
    let word =
        "The status it came to, also in the words of GitHub, GitLab or Octopus; `pending`, if left out. The history gets the way there.";
    let history = ArrayBuilder::new().items(past_entry()).max_items(Some(IMPORT_ENTRIES));
    let history = history.description(Some("All its statuses with their times, in place of `startedAt`. Steps left out are added."));
    let object = deployment()
        .property("status", ObjectBuilder::new().schema_type(or_null(Type::String)).description(Some(word)))
        .property("event", ObjectBuilder::new().schema_type(Type::Null))
        .property("occurredAt", optional_time(&when("When it entered its status", false)))
        .property("finishedAt", optional_time("The same as `occurredAt`; one of the two at most."))
        .property("startedAt", optional_time("When it entered `in_progress`; when it entered its status, if left out."))
        .property("reason", optional::<Reason>("Why it entered its status."))
        .property("sequence", place_in_order())
        .property("history", OneOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::Null)).item(history));
    let timed = AnyOfBuilder::new().item(with("occurredAt", Type::String, &[])).item(with("finishedAt", Type::String, &[])).item(with(
        "history",
        Type::Array,
        &[],
    ));
    naming(object).item(timed).description(Some("A deployment with the time it entered its status: a line of an import.")).into()
}

fn place_in_order() -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(or_null(Type::Integer)).minimum(Some(0));
    number.description(Some(
        "The place in the order of recording where it comes from: of two successes at one time the later one is current.",
    ))
}

/// An entry in the history of an imported deployment.
fn past_entry() -> ObjectBuilder {
    let event =
        ObjectBuilder::new().schema_type(or_null(Type::String)).enum_values(Some([json!("undeployed"), json!("transition"), json!(null)]));
    closed()
        .property("event", event.description(Some("`undeployed` for a removal, which has no status.")))
        .property("status", ObjectBuilder::new().schema_type(or_null(Type::String)).description(Some("The status it entered.")))
        .property("occurredAt", time().description(Some(when("When it happened", false))))
        .required("occurredAt")
        .property("claimedAt", optional_time("The time that was claimed, where it was placed at another one."))
        .property("reason", optional::<Reason>("Why it happened."))
        .property("sequence", place_in_order())
}

/// A line of an import that registers a name.
fn registering(event: &str, object: ObjectBuilder) -> ObjectBuilder {
    let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([event]));
    let archived_at = optional_time("When it was archived, for one that is; the time of the import, if absent.");
    object.property("event", name).required("event").required("name").property("archivedAt", archived_at)
}

impl PartialSchema for ImportLine {
    fn schema() -> RefOr<Schema> {
        let deployment = Ref::from_schema_name(IMPORTED_DEPLOYMENT);
        let named = || field::<Name>("Its name; one that is known is left as it is.");
        let lines = OneOfBuilder::new()
            .item(deployment)
            .item(super::of::<Removal>())
            .item(registering("component", component(named())).description(Some("Registers a component.")))
            .item(registering("environment", environment(named())).description(Some("Registers an environment.")));
        let description = "A line of an import or an export: a deployment, a removal, or a component or environment to be registered.";
        lines.description(Some(description)).into()
    }
}

impl ToSchema for ImportLine {}

fn component(name: RefOr<Schema>) -> ObjectBuilder {
    closed()
        .property("name", name)
        .property("description", optional::<Description>("Free text; `null` removes it."))
        .property("owner", optional::<Label>("Who answers for it; `null` removes it."))
        .property("kind", optional::<Label>("What it is, such as `service` or `library`; `null` removes it."))
        .property("lifecycle", optional::<Label>("Where it is in its life, such as `production`; `null` removes it."))
        .property("archived", optional_flag("Whether it is hidden from the matrix."))
}

/// The object with at least one field: a text that may be `null`, or one that is not.
fn changing(object: ObjectBuilder, clearable: &[&str], others: &[(&str, Type)]) -> AllOfBuilder {
    let something = clearable.iter().fold(AnyOfBuilder::new(), |any, name| any.item(with(name, or_null(Type::String), &[])));
    let something = others.iter().fold(something, |any, (name, kind)| any.item(with(name, kind.clone(), &[])));
    AllOfBuilder::new().item(object).item(something)
}

impl PartialSchema for NewComponent {
    fn schema() -> RefOr<Schema> {
        let object = component(field::<Name>("Unique among components.")).required("name");
        object.description(Some("A component to be registered.")).into()
    }
}

impl ToSchema for NewComponent {}

impl PartialSchema for ComponentChange {
    fn schema() -> RefOr<Schema> {
        let object = component(optional::<Name>("A new name."));
        let change =
            changing(object, &["description", "owner", "kind", "lifecycle"], &[("name", Type::String), ("archived", Type::Boolean)]);
        change.description(Some("What is to change about a component: at least one field.")).into()
    }
}

impl ToSchema for ComponentChange {}

fn environment(name: RefOr<Schema>) -> ObjectBuilder {
    let order = ObjectBuilder::new().schema_type(or_null(Type::Integer)).minimum(Some(1)).maximum(usize::try_from(MOST_POSITION).ok());
    closed()
        .property("name", name)
        .property("description", optional::<Description>("Free text; `null` removes it."))
        .property("type", optional::<EnvironmentType>("What it is for; guessed from its name, if never given."))
        .property("order", order.description(Some("Its place among the environments, from 1; the others make room.")))
        .property("archived", optional_flag("Whether it is hidden from the matrix."))
}

impl PartialSchema for NewEnvironment {
    fn schema() -> RefOr<Schema> {
        let object = environment(field::<Name>("Unique among environments.")).required("name");
        object.description(Some("An environment to be registered.")).into()
    }
}

impl ToSchema for NewEnvironment {}

impl PartialSchema for EnvironmentChange {
    fn schema() -> RefOr<Schema> {
        let object = environment(optional::<Name>("A new name."));
        let others = [("name", Type::String), ("type", Type::String), ("order", Type::Integer), ("archived", Type::Boolean)];
        let change = changing(object, &["description"], &others);
        change.description(Some("What is to change about an environment: at least one field.")).into()
    }
}

impl ToSchema for EnvironmentChange {}

impl PartialSchema for ArchiveSelection {
    fn schema() -> RefOr<Schema> {
        let pattern = "A pattern of names: `*` stands for any characters, `?` for one. Case makes no difference.";
        let idle = "Only those without a deployment since this time, and registered before it.";
        closed()
            .property("name", field::<Name>(pattern))
            .required("name")
            .property("idleSince", optional_time(idle))
            .property("undo", optional_flag("Whether they are taken out of the archive instead."))
            .property("dryRun", optional_flag("Whether nothing is changed, and the answer lists what would be."))
            .description(Some("Which components or environments are archived."))
            .into()
    }
}

impl ToSchema for ArchiveSelection {}

impl PartialSchema for EnvironmentOrder {
    fn schema() -> RefOr<Schema> {
        let ids = ArrayBuilder::new().items(uuid()).unique_items(true);
        closed().property("ids", ids.description(Some("The ids of all environments, in their order."))).required("ids").into()
    }
}

impl ToSchema for EnvironmentOrder {}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::api::FromBody;

    /// The fields of a body, as the one who reads it lists them.
    fn read<T: FromBody>(body: Value) -> Vec<String> {
        let Value::Object(mut body) = body else { panic!("an object") };
        body.insert("?".into(), Value::Null);
        let faults = T::from_body(body).map(|_| ()).unwrap_err();
        let fault = faults.iter().find(|fault| fault.pointer.as_deref() == Some("/?")).unwrap();
        let (_, known) = fault.detail.split_once("known are ").unwrap();
        let mut names: Vec<_> = known.split(", ").map(str::to_owned).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The fields of a body, as its schema lists them.
    fn described<T: ToSchema>() -> Vec<String> {
        fields_of(&T::schema())
    }

    fn fields_of(schema: &RefOr<Schema>) -> Vec<String> {
        let schema = serde_json::to_value(schema).unwrap();
        let object = schema["allOf"].get(0).unwrap_or(&schema);
        assert_eq!(object["additionalProperties"], Value::Bool(false));
        let mut names: Vec<_> = object["properties"].as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    }

    #[test]
    fn a_schema_has_the_fields_that_are_read() {
        let nothing = || Value::Object(Map::new());
        assert_eq!(described::<NewDeployment>(), read::<NewDeployment>(nothing()));
        assert_eq!(described::<Change>(), read::<Change>(nothing()));
        assert_eq!(described::<Undeploy>(), read::<Undeploy>(nothing()));
        assert_eq!(described::<Removal>(), read::<ImportLine>(json!({"event": "undeployed"})));
        assert_eq!(fields_of(&imported_deployment()), read::<ImportLine>(nothing()));
        assert_eq!(described::<NewComponent>(), read::<NewComponent>(nothing()));
        assert_eq!(described::<ComponentChange>(), read::<ComponentChange>(nothing()));
        assert_eq!(described::<NewEnvironment>(), read::<NewEnvironment>(nothing()));
        assert_eq!(described::<EnvironmentChange>(), read::<EnvironmentChange>(nothing()));
        assert_eq!(described::<ArchiveSelection>(), read::<ArchiveSelection>(nothing()));
        assert_eq!(described::<EnvironmentOrder>(), read::<EnvironmentOrder>(nothing()));
    }
}
