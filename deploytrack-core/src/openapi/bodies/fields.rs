//! The fields that several bodies have, and the rules between them.

use utoipa::{
    ToSchema,
    openapi::{
        AllOfBuilder, OneOfBuilder, Ref, RefOr,
        schema::{AdditionalProperties, AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type},
    },
};

use crate::{
    clock::TOLERANCE,
    openapi::{of, or_null, time, uuid},
    text::Name,
};

/// An object without additional fields.
pub(super) fn closed() -> ObjectBuilder {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// A field of a type.
pub(super) fn field<T: ToSchema>(description: &str) -> RefOr<Schema> {
    Ref::builder()
        .ref_location_from_schema_name(T::name())
        .description(Some(description))
        .into()
}

/// A field of a type that may be `null`.
pub(super) fn optional<T: ToSchema>(description: &str) -> RefOr<Schema> {
    optional_of(of::<T>(), description)
}

/// A field with this schema that may be `null`.
pub(super) fn optional_of(schema: RefOr<Schema>, description: &str) -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    OneOfBuilder::new()
        .item(null)
        .item(schema)
        .description(Some(description))
        .into()
}

pub(super) fn optional_time(description: &str) -> RefOr<Schema> {
    time()
        .schema_type(or_null(Type::String))
        .description(Some(description))
        .into()
}

pub(super) fn optional_flag(description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(or_null(Type::Boolean))
        .description(Some(description))
        .into()
}

/// An object in which the field `name` is present and of a type, and the fields `without` are
/// absent or `null`.
pub(super) fn with(name: &str, kind: impl Into<SchemaType>, without: &[&str]) -> RefOr<Schema> {
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
pub(super) fn id_or_name(id: &str, name: &str) -> OneOfBuilder {
    OneOfBuilder::new()
        .item(with(id, Type::String, &[name]))
        .item(with(name, Type::String, &[id]))
}

/// The object, with the rule that component and environment are given by id or by name.
pub(super) fn with_references(object: ObjectBuilder) -> AllOfBuilder {
    AllOfBuilder::new()
        .item(object)
        .item(id_or_name("componentId", "component"))
        .item(id_or_name("environmentId", "environment"))
}

/// A closed object with the four fields that refer to component and environment.
pub(super) fn references() -> ObjectBuilder {
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
pub(super) fn when(what: &str, defaults_to_now: bool) -> String {
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

/// The object with at least one field: one of `clearable`, which may be `null`, or one of `others`,
/// which may not.
pub(super) fn changing(
    object: ObjectBuilder,
    clearable: &[&str],
    others: &[(&str, Type)],
) -> AllOfBuilder {
    let something = clearable.iter().fold(AnyOfBuilder::new(), |any, name| {
        any.item(with(name, or_null(Type::String), &[]))
    });
    let something = others.iter().fold(something, |any, (name, kind)| {
        any.item(with(name, kind.clone(), &[]))
    });
    AllOfBuilder::new().item(object).item(something)
}
