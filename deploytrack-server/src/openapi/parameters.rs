//! The parameters of requests, and the headers of requests and responses.

use deploytrack_core::{
    openapi::{of, text, time, uuid},
    query::{Order, PageRequest},
    text::IdempotencyKey,
};
use utoipa::{
    ToSchema,
    openapi::{
        Header, HeaderBuilder, RefOr, Required, Schema,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ArrayBuilder, ObjectBuilder, Type},
    },
};

use crate::limits::MOST_VALUES;

fn parameter(
    place: ParameterIn,
    name: &str,
    description: &str,
    schema: impl Into<RefOr<Schema>>,
) -> ParameterBuilder {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False);
    parameter
        .description(Some(description))
        .schema(Some(schema))
}

/// The id in the path.
pub(crate) fn id() -> Parameter {
    parameter(ParameterIn::Path, "id", "The id of the resource.", uuid())
        .required(Required::True)
        .build()
}

/// A text in the path.
pub(crate) fn in_path<T: ToSchema>(name: &str, description: &str) -> Parameter {
    parameter(ParameterIn::Path, name, description, of::<T>())
        .required(Required::True)
        .build()
}

/// A parameter that may be given once.
pub(crate) fn one<T: ToSchema>(name: &str, description: &str) -> Parameter {
    any(name, description, of::<T>())
}

/// A parameter that may be repeated.
pub(crate) fn many<T: ToSchema>(name: &str, description: &str) -> Parameter {
    let description = format!("{description} May be repeated, {MOST_VALUES} times at most.");
    any(
        name,
        &description,
        ArrayBuilder::new()
            .items(of::<T>())
            .max_items(Some(MOST_VALUES)),
    )
}

/// A UUID.
pub(crate) fn an_id(name: &str, description: &str) -> Parameter {
    any(name, description, uuid())
}

/// A time.
pub(crate) fn a_time(name: &str, description: &str) -> Parameter {
    any(name, description, time())
}

/// `true` or `false`.
pub(crate) fn flag(name: &str, description: &str) -> Parameter {
    any(
        name,
        description,
        ObjectBuilder::new()
            .schema_type(Type::Boolean)
            .default(Some(false.into())),
    )
}

/// A parameter of the query.
pub(crate) fn any(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    parameter(ParameterIn::Query, name, description, schema).build()
}

/// A parameter that must be given.
pub(crate) fn required(parameter: Parameter) -> Parameter {
    ParameterBuilder::from(parameter)
        .required(Required::True)
        .build()
}

/// A whole number within bounds.
pub(crate) fn number(least: u64, most: u64) -> ObjectBuilder {
    let number = |value| usize::try_from(value).unwrap_or(usize::MAX);
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(number(least)))
        .maximum(Some(number(most)))
}

/// `skip` and `take`.
pub(crate) fn skip_and_take() -> [Parameter; 2] {
    let skip = number(0, PageRequest::MOST_SKIP).default(Some(0.into()));
    let take = number(1, PageRequest::MOST_TAKE).default(Some(PageRequest::DEFAULT_TAKE.into()));
    [
        any("skip", "The number of items to skip.", skip),
        any("take", "The most items in the page.", take),
    ]
}

/// A position in the list of deployments.
pub(crate) fn cursor() -> Parameter {
    let cursor = ObjectBuilder::new().schema_type(Type::String);
    any(
        "cursor",
        "The position at which the page begins, from a link in the header `Link`. Not together with `skip`.",
        cursor,
    )
}

/// The order of the list of deployments.
pub(crate) fn order() -> Parameter {
    let words = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Order::ALL.map(Order::as_str)));
    let description = "The time by which the list is ordered: `createdAt`, or `occurredAt`, the time of the latest transition. Use the \
                       same order for every page of a list.";
    any(
        "order",
        description,
        words.default(Some(Order::default().as_str().into())),
    )
}

/// The headers of requests. The document describes them once.
pub(crate) fn headers_of_requests() -> [(&'static str, Parameter); 4] {
    let tags = |description| {
        parameter(
            ParameterIn::Header,
            "",
            description,
            ObjectBuilder::new().schema_type(Type::String),
        )
    };
    let cached = tags(
        "Entity tags of the client's copies, or `*`: the response is 304 if one of them is current. An invalid value is ignored.",
    );
    let tag = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(
            "`*`, or entity tags in double quotes, separated by commas.",
        ));
    let tag = tag.pattern(Some(
        r#"^(\*|(W/)?"[\x21\x23-\x7e]*"( *, *(W/)?"[\x21\x23-\x7e]*")*)$"#,
    ));
    let seen =
        tags("The `ETag` that the client has read. If the resource has another one now, the response is 412 and nothing is changed.")
            .schema(Some(tag));
    let key = tags(
        "Carries out the request once. The same request with the same key returns the first response again, for at least 24 hours.",
    );
    let sent_at = tags(
        "The time of the client's clock when it sends the request. The server reads the times in the body by that clock: a time \
         less than a second earlier becomes the time of arrival, and an earlier one keeps its distance to the time of arrival. An \
         idempotency key does not cover this header.",
    );
    [
        ("If-None-Match", cached.name("If-None-Match").build()),
        ("If-Match", seen.name("If-Match").build()),
        (
            "Idempotency-Key",
            key.name("Idempotency-Key")
                .schema(Some(of::<IdempotencyKey>()))
                .build(),
        ),
        (
            "Sent-At",
            sent_at.name("Sent-At").schema(Some(time())).build(),
        ),
    ]
}

/// The header that resumes an event stream.
pub(crate) fn last_event_id() -> Parameter {
    let number = text("The number of an event.", 0, 20, "^[0-9]*$");
    parameter(
        ParameterIn::Header,
        "Last-Event-ID",
        "Resume after this event. It overrides `after`.",
        number,
    )
    .build()
}

/// The headers of responses. The document describes them once.
pub(crate) fn headers_of_responses() -> [(&'static str, Header); 7] {
    let header = |description: &str| {
        HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .description(Some(description))
            .build()
    };
    let seconds =
        HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::Integer)));
    [
        ("ETag", header("The strong entity tag of the response.")),
        ("Location", header("The path of the new resource.")),
        (
            "Link",
            header(
                "The pages around this one (RFC 8288): `first`, `prev`, `next`, `last`. Each link is a query that replaces the query of this request.",
            ),
        ),
        (
            "Idempotency-Replayed",
            header("`true` if this is the stored response of the first request."),
        ),
        (
            "Retry-After",
            seconds
                .description(Some("The seconds to wait before repeating the request."))
                .build(),
        ),
        (
            "WWW-Authenticate",
            header("`Bearer`, with an error code if the request had a token (RFC 6750)."),
        ),
        (
            "X-Request-Id",
            header(
                "The id of the request in the server's log: the client's `X-Request-Id` if it has 1 to 64 letters, digits, `.`, `_` or `-`, else a new one.",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use deploytrack_core::api;

    use super::*;

    #[test]
    fn the_document_and_the_code_use_the_same_header_names() {
        let names = headers_of_requests().map(|(name, header)| (name.to_owned(), header.name));
        assert!(names.iter().all(|(key, name)| key == name), "{names:?}");
        assert!(
            names
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(api::IDEMPOTENCY_KEY))
        );
        assert!(
            names
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(api::SENT_AT))
        );
        assert!(
            headers_of_responses()
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(api::IDEMPOTENCY_REPLAYED))
        );
        assert!(
            last_event_id()
                .name
                .eq_ignore_ascii_case(api::LAST_EVENT_ID)
        );
    }
}
