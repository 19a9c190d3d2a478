//! The JSON schemas of the bodies (JSON Schema 2020-12, as in OpenAPI 3.1).
//!
//! Types that serde alone reads and writes derive their schema. This module has the other schemas:
//! those of checked text, and of the bodies of [`crate::api::FromBody`].

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{
            AdditionalProperties, ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema,
            SchemaFormat, SchemaType, Type,
        },
    },
};

use crate::{
    deployment::Metadata,
    digest::Digest,
    matrix::{Cell, Cells},
    text::{
        CommitSha, Description, IdPrefix, IdempotencyKey, Label, Name, Reason, Version, ViewQuery,
    },
};

mod bodies;

pub use bodies::parts_of_bodies;

/// Printable characters: no control characters, line breaks or zero-width characters. A name must
/// not have unassigned or private-use characters either, but these are too many for a pattern.
const NAME: &str = concat!(
    r"^[^\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f",
    r"\u2800\u3164\ufeff\uffa0\ufff0-\uffff]+$"
);
/// No control character, no space at either end. The spaces are those of Unicode's `White_Space`,
/// which `\s` does not match in every language.
const LINE: &str = concat!(
    r"^[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
    r"([^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000])?$"
);
/// No control character.
const PRINTED: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";
/// No NUL character.
const PROSE: &str = r"^[^\x00]*$";
/// Hexadecimal digits.
const HEXADECIMAL: &str = r"^[0-9A-Fa-f]*$";
/// Hexadecimal digits with the hyphens of a UUID.
const ID_PREFIX: &str = r"^([0-9A-Fa-f]{4,7}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){0,3}(-[0-9A-Fa-f]{0,3})?|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{0,12})$";
/// Visible ASCII characters.
const VISIBLE: &str = r"^[\x21-\x7e]*$";

/// Not before 1970.
const TIME: &str = "^(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}[Tt]";

/// The schema of a text with a range of lengths and a pattern.
#[must_use]
pub fn text(description: &str, least: usize, most: usize, pattern: &str) -> Object {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description));
    text.min_length(Some(least))
        .max_length(Some(most))
        .pattern(Some(pattern))
        .build()
}

macro_rules! text_schema {
    ($name:ident, $pattern:expr, $description:literal $(,)?) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text($description, $name::LEAST, $name::MOST, $pattern).into()
            }
        }

        impl ToSchema for $name {}
    };
}

text_schema!(
    Name,
    NAME,
    "The name of a component or an environment: any printable text. The server trims it and composes it (NFC). Upper and lower \
     case are the same name."
);
text_schema!(Version, LINE, "A version. Never compared as a number.");
text_schema!(
    Label,
    LINE,
    "A short text, such as a person, a program, a team or a kind."
);
text_schema!(CommitSha, HEXADECIMAL, "A git commit.");
text_schema!(
    IdPrefix,
    ID_PREFIX,
    "The beginning of the id of a deployment, with its hyphens."
);
text_schema!(Description, PROSE, "Free text.");
text_schema!(
    Reason,
    PROSE,
    "The reason of a transition, such as `exit code 3`."
);
text_schema!(
    ViewQuery,
    PRINTED,
    "The query of the matrix page, such as `env=production&q=pay`."
);
text_schema!(
    IdempotencyKey,
    VISIBLE,
    "Identifies repetitions of a request. Each subject has its own keys."
);

impl PartialSchema for Digest {
    fn schema() -> RefOr<Schema> {
        text("A SHA-256 digest.", 64, 64, r"^[0-9a-f]*$").into()
    }
}

impl ToSchema for Digest {}

impl PartialSchema for Metadata {
    fn schema() -> RefOr<Schema> {
        let description = format!(
            "Additional data of the caller: at most {} KiB as compact JSON, {} levels deep, no NUL, and no number that loses \
             precision in a JSON parser (more than 64 bits, more digits than a double has).",
            Self::MOST_BYTES / 1024,
            Self::MOST_LEVELS
        );
        ObjectBuilder::new()
            .description(Some(description))
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .into()
    }
}

impl ToSchema for Metadata {}

impl PartialSchema for Cells {
    fn schema() -> RefOr<Schema> {
        let cell = AdditionalProperties::RefOr(of::<Cell>());
        let description = "Cells by environment name, in the order of the environments.";
        ObjectBuilder::new()
            .description(Some(description))
            .additional_properties(Some(cell))
            .into()
    }
}

impl ToSchema for Cells {}

/// A reference to the schema of a type.
#[must_use]
pub fn of<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// The schema of a list of items of a type.
#[must_use]
pub fn list_of<T: ToSchema>() -> Schema {
    ArrayBuilder::new().items(of::<T>()).into()
}

/// The schema of a time in a request (RFC 3339): from 1970 to the year 9999, with a `T`.
#[must_use]
pub fn time() -> ObjectBuilder {
    let time = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(TIME));
    time.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

/// The schema of a UUID in its hyphenated form (RFC 9562).
#[must_use]
pub fn uuid() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
}

/// The type, or `null`.
fn or_null(kind: Type) -> SchemaType {
    SchemaType::Array(vec![kind, Type::Null])
}
