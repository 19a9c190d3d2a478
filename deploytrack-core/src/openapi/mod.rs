//! The schemas of what is on the wire (JSON Schema 2020-12, as OpenAPI 3.1 has it).
//!
//! What is written by serde alone derives its schema beside its type. Here are those of what is read and written by hand:
//! text that is checked at construction, and the bodies of [`crate::api::FromBody`].

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AdditionalProperties, ArrayBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type},
    },
};

use crate::{
    deployment::Metadata,
    digest::Digest,
    matrix::{Cell, Cells},
    text::{CommitSha, Description, IdempotencyKey, Label, Name, Reason, Version},
};

mod bodies;

pub use bodies::{IMPORTED_DEPLOYMENT, imported_deployment};

/// A printable character, and no control character, line break or character without width. Unicode's unassigned and private
/// characters, which are refused too, are more than a pattern can list.
const NAME: &str = concat!(
    r"^[^\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f",
    r"\u2800\u3164\ufeff\uffa0\ufff0-\uffff]+$"
);
/// No control character, no space at either end. The spaces are those of Unicode's `White_Space`, which `\s` is not everywhere.
const LINE: &str = concat!(
    r"^[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]",
    r"([^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000])?$"
);
/// No NUL.
const PROSE: &str = r"^[^\x00]*$";
/// Hexadecimal digits.
const HEXADECIMAL: &str = r"^[0-9A-Fa-f]*$";
/// Visible ASCII characters.
const VISIBLE: &str = r"^[\x21-\x7e]*$";

/// Not before 1970.
const TIME: &str = "^(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}[Tt]";

/// A text of so many characters that match a pattern.
#[must_use]
pub fn text(description: &str, least: usize, most: usize, pattern: &str) -> Object {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    text.min_length(Some(least)).max_length(Some(most)).pattern(Some(pattern)).build()
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
    "The name of a component or an environment: any printable text. It is trimmed and composed (NFC), and it is the same name in \
     upper and lower case."
);
text_schema!(Version, LINE, "What is deployed. Never compared as a number.");
text_schema!(Label, LINE, "Who or what: a person, a program, a team, a kind.");
text_schema!(CommitSha, HEXADECIMAL, "A git commit.");
text_schema!(Description, PROSE, "Free text.");
text_schema!(Reason, PROSE, "Why a status changed, such as `exit code 3`.");
text_schema!(IdempotencyKey, VISIBLE, "What tells a repeated request from a new one. Each caller has keys of their own.");

impl PartialSchema for Digest {
    fn schema() -> RefOr<Schema> {
        text("A SHA-256 digest.", 64, 64, r"^[0-9a-f]*$").into()
    }
}

impl ToSchema for Digest {}

impl PartialSchema for Metadata {
    fn schema() -> RefOr<Schema> {
        let description = format!(
            "Whatever else the caller wants to keep: at most {} KiB as compact JSON, {} levels deep, no NUL, and no number that JSON \
             readers would change (more than 64 bits, more digits than a double has).",
            Self::MOST_BYTES / 1024,
            Self::MOST_LEVELS
        );
        ObjectBuilder::new().description(Some(description)).additional_properties(Some(AdditionalProperties::FreeForm(true))).into()
    }
}

impl ToSchema for Metadata {}

impl PartialSchema for Cells {
    fn schema() -> RefOr<Schema> {
        let cell = AdditionalProperties::RefOr(of::<Cell>());
        let description = "Cells by the name of their environment, in the order of the environments.";
        ObjectBuilder::new().description(Some(description)).additional_properties(Some(cell)).into()
    }
}

impl ToSchema for Cells {}

/// A reference to the schema of a type.
#[must_use]
pub fn of<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// A list whose items are of a type.
#[must_use]
pub fn list_of<T: ToSchema>() -> Schema {
    ArrayBuilder::new().items(of::<T>()).into()
}

/// A time (RFC 3339) that a caller gives: from 1970 to the year 9999, with a `T` in it.
#[must_use]
pub fn time() -> ObjectBuilder {
    let time = ObjectBuilder::new().schema_type(Type::String).pattern(Some(TIME));
    time.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

/// A UUID in its hyphenated form (RFC 9562).
#[must_use]
pub fn uuid() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
}

/// The type, or `null`.
fn or_null(kind: Type) -> SchemaType {
    SchemaType::Array(vec![kind, Type::Null])
}
