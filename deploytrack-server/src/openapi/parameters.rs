//! The parameters of requests, and the headers of requests and responses.

use deploytrack_core::{
    api,
    openapi::{of, text, time, uuid},
    query::{Order, PageRequest},
    text::IdempotencyKey,
};
use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{
        Header, HeaderBuilder, RefOr, Required, Schema,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ArrayBuilder, ObjectBuilder, Type},
    },
};

use super::examples;
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
        .required(Required::False)
        .example(examples::of_parameter(name));
    parameter
        .description(Some(description))
        .schema(Some(schema))
}

/// The parameter with another example than the one for its name.
pub(crate) fn with_example(parameter: Parameter, example: Value) -> Parameter {
    ParameterBuilder::from(parameter)
        .example(Some(example))
        .build()
}

/// The id in the path.
pub(super) fn id(example: &str) -> Parameter {
    parameter(ParameterIn::Path, "id", "The id of the record.", uuid())
        .required(Required::True)
        .example(Some(json!(example)))
        .build()
}

/// A text in the path.
pub(crate) fn in_path(
    name: &str,
    description: &str,
    schema: impl Into<RefOr<Schema>>,
) -> Parameter {
    parameter(ParameterIn::Path, name, description, schema)
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
    let values = ArrayBuilder::new()
        .items(of::<T>())
        .max_items(Some(MOST_VALUES));
    let one = any(name, &description, values);
    let example = json!([examples::of_parameter(name)]);
    with_example(one, example)
}

/// A UUID.
pub(crate) fn an_id(name: &str, description: &str) -> Parameter {
    any(name, description, uuid())
}

/// A time.
pub(crate) fn a_time(name: &str, description: &str) -> Parameter {
    any(name, description, time())
}

/// `true` or `false`, which is the default.
pub(crate) fn flag(name: &str, description: &str) -> Parameter {
    let description = format!("{description} [default: false]");
    let flag = ObjectBuilder::new().schema_type(Type::Boolean);
    any(name, &description, flag.default(Some(false.into())))
}

/// The filter of lists by `archived`.
pub(crate) fn archived() -> Parameter {
    any(
        "archived",
        "`true`: only archived ones. `false`: only others. [default: all]",
        ObjectBuilder::new().schema_type(Type::Boolean),
    )
}

/// A parameter of the query.
pub(crate) fn any(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    parameter(ParameterIn::Query, name, description, schema).build()
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
    // Without a default: generated clients would send it, also beside a cursor.
    let skip = number(0, PageRequest::MOST_SKIP);
    let take = number(1, PageRequest::MOST_TAKE).default(Some(PageRequest::DEFAULT_TAKE.into()));
    [
        any(
            "skip",
            "The number of items to skip, from 0. [default: 0]",
            skip,
        ),
        any(
            "take",
            &format!(
                "The most items in the page, from 1 to {}. [default: {}]",
                PageRequest::MOST_TAKE,
                PageRequest::DEFAULT_TAKE
            ),
            take,
        ),
    ]
}

/// A position in the list of deployments.
pub(crate) fn cursor() -> Parameter {
    let cursor = ObjectBuilder::new().schema_type(Type::String);
    any(
        "cursor",
        "The position at which the page begins, from `next` or from a link in the header `Link`. Not together with `skip`. [default: the \
         newest item]",
        cursor,
    )
}

/// The order of the list of deployments.
pub(crate) fn order() -> Parameter {
    one::<Order>(
        "order",
        "The time by which the list is ordered: `createdAt`, or `occurredAt`, the time of the latest transition. Use the same order \
         for every page of a list. [default: created]",
    )
}

/// The headers of requests. The document describes them once.
pub(crate) fn headers_of_requests() -> [(&'static str, Parameter); 4] {
    let header = |name, description, schema: RefOr<Schema>| {
        let header = parameter(ParameterIn::Header, name, description, schema);
        (name, header.build())
    };
    let tag = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(
            "`*`, or entity tags in double quotes, separated by commas.",
        ))
        .pattern(Some(
            r#"^(\*|(W/)?"[\x21\x23-\x7e]*"( *, *(W/)?"[\x21\x23-\x7e]*")*)$"#,
        ));
    [
        header(
            "If-None-Match",
            "Entity tags of the client's copies, or `*`: the response is 304 if one of them is current. An invalid value is ignored.",
            ObjectBuilder::new().schema_type(Type::String).into(),
        ),
        header(
            "If-Match",
            "The `ETag` that the client has read. If the resource has another one now, the response is 412 and nothing is changed.",
            tag.into(),
        ),
        header(
            "Idempotency-Key",
            "Carries out the request once. The same request with the same key returns the first response again, for at least 24 hours.",
            of::<IdempotencyKey>(),
        ),
        header(
            "Sent-At",
            "The time of the client's clock when it sends the request. The server reads the times in the body by that clock: a time \
             less than a second earlier becomes the time of arrival, and an earlier one keeps its distance to the time of arrival. \
             An idempotency key does not cover this header. RFC 3339.",
            // Without the format `date-time`: openapi-python-client leaves out operations with such a header.
            time().format(None).into(),
        ),
    ]
}

/// The header that resumes an event stream.
pub(crate) fn last_event_id() -> Parameter {
    let id = text(
        "The id of a block, or the number of an event.",
        0,
        57,
        "^([0-9]+(@[0-9a-f-]{36})?)?$",
    );
    parameter(
        ParameterIn::Header,
        "Last-Event-ID",
        "Resume after this event. It overrides `after`.",
        id,
    )
    .build()
}

/// The headers of responses. The document describes them once.
pub(crate) fn headers_of_responses() -> [(&'static str, Header); 9] {
    let header = |name, kind, description: &str, example: Value| {
        let header = HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(kind)))
            .description(Some(description))
            .example(Some(example));
        (name, header.build())
    };
    [
        header(
            "ETag",
            Type::String,
            "The strong entity tag of the response.",
            json!(examples::tag()),
        ),
        header(
            "Location",
            Type::String,
            "The path of the new resource.",
            json!(format!(
                "{}/{}",
                api::DEPLOYMENTS,
                examples::USER_SERVICE_IN_STAGING
            )),
        ),
        header(
            "Link",
            Type::String,
            "The pages around this one (RFC 8288): `first`, `prev`, `next`, `last`. Each link is a query that replaces the query of \
             this request. `next` is in the body too.",
            json!(
                "<?take=20>; rel=\"first\", <?take=20&skip=20>; rel=\"next\", <?take=20&skip=40>; rel=\"last\""
            ),
        ),
        header(
            "Idempotency-Replayed",
            Type::String,
            "`true` if this is the stored response of the first request.",
            json!("true"),
        ),
        header(
            "RateLimit",
            Type::String,
            "What is left of the rate of the caller: `r` requests may follow at once, and after `t` seconds all of them are there again; \
             with 429, `t` is `Retry-After`. Absent where nothing is counted. draft-ietf-httpapi-ratelimit-headers-11.",
            json!("\"reads\";r=599999;t=1"),
        ),
        header(
            "RateLimit-Policy",
            Type::String,
            "The rate for which the request counts: its name, `q` requests in `w` seconds.",
            json!("\"reads\";q=600000;w=60"),
        ),
        header(
            "Retry-After",
            Type::Integer,
            "The seconds to wait before repeating the request.",
            json!(1),
        ),
        header(
            "WWW-Authenticate",
            Type::String,
            "`Bearer`, with an error code if the request had a token (RFC 6750).",
            json!("Bearer error=\"invalid_token\""),
        ),
        header(
            "X-Request-Id",
            Type::String,
            "The id of the request in the server's log: the client's `X-Request-Id` if it has 1 to 64 letters, digits, `.`, `_` or `-`, \
             else a new one.",
            json!(examples::REQUEST_ID),
        ),
    ]
}

#[cfg(test)]
mod tests {
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
