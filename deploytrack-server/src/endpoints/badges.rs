//! `GET /badges/{component}/{environment}.svg` and `GET /badge.svg`: the badge of a cell.

use deploytrack_core::{error::Error, text::Name};
use http::StatusCode;
use percent_encoding::percent_decode_str;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::{
    badge::Badge,
    openapi::{
        OperationDraft, content, examples, group,
        parameters::{any, in_path},
    },
    refusal::Refusal,
    request::Call,
    response::{HandlerResult, picture},
};

/// The schema of any text: the badge of an invalid name is that of an unknown one.
fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// The schema and an example of the picture.
fn picture_doc(draft: OperationDraft) -> OperationDraft {
    let svg = text().description(Some("A picture in SVG."));
    draft
        .reads(
            "The picture, also for a cell without a current deployment, and for unknown names.",
            ("image/svg+xml", content(svg, examples::badge())),
            &[],
        )
        .refuses([Refusal::NoPath])
        .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
}

pub(crate) fn path_doc() -> OperationDraft {
    let draft = OperationDraft::new(
        &group::BADGES,
        "showBadge",
        "Show the badge of a cell",
        "Returns a picture with the current version and its age. Query parameters are ignored, because image proxies add their own. \
         404: the server does not run with `--badges public`.",
    )
    .at_path("/badges/{component}/{environment}.svg")
    .parameters([
        in_path(
            "component",
            "The name of the component, with a `/` as `%2F`.",
            text(),
        ),
        in_path(
            "environment",
            "The name of the environment, with a `/` as `%2F`.",
            text(),
        ),
    ]);
    picture_doc(draft)
}

pub(crate) fn query_doc() -> OperationDraft {
    let draft = OperationDraft::new(
        &group::BADGES,
        "showBadgeOfNames",
        "Show the badge of any names",
        "Returns the same picture as `showBadge`, also for the names `.` and `..`, which clients remove from a path. 404: the server \
         does not run with `--badges public`.",
    )
    .parameters([
        any("component", "The name of the component.", text()),
        any("environment", "The name of the environment.", text()),
    ]);
    picture_doc(draft)
}

/// The badge of a component in an environment, whose names are in the path.
///
/// The response is always 200 with a picture, also for unknown names: web pages do not show a
/// picture with another status, and the message in it would be lost. Query parameters are ignored,
/// because image proxies add their own.
///
/// A `/` in a name is encoded as `%2F`, which some proxies decode. If the path has several of them,
/// each one may be the separator of the two names. The badge is shown only if exactly one separator
/// has an existing name on both sides.
pub(crate) async fn by_path(call: Call) -> HandlerResult {
    let (names, mut found) = (call.path_value(), Vec::new());
    for (at, _) in names.match_indices('/') {
        if let (Some(component), Some(environment)) = (name(&names[..at]), name(&names[at + 1..])) {
            found.extend(badge(&call, &component, &environment).await?);
        }
    }
    let badge = if found.len() == 1 { found.pop() } else { None };
    picture(badge.unwrap_or_else(Badge::unknown).svg())
}

/// The badge by the query parameters `component` and `environment`. Proxies do not decode these, so
/// any name is possible.
pub(crate) async fn by_query(call: Call) -> HandlerResult {
    let parameters: Vec<(String, String)> =
        serde_urlencoded::from_str(call.query_text()).unwrap_or_default();
    let parsed = |name: &str| {
        parameters
            .iter()
            .find(|(key, _)| key == name)
            .and_then(|(_, value)| value.parse().ok())
    };
    let badge = match (parsed("component"), parsed("environment")) {
        (Some(component), Some(environment)) => badge(&call, &component, &environment).await?,
        _ => None,
    };
    picture(badge.unwrap_or_else(Badge::unknown).svg())
}

async fn badge(
    call: &Call,
    component: &Name,
    environment: &Name,
) -> Result<Option<Badge>, Refusal> {
    match call.tracker().cell(component, environment).await {
        Ok(Some(current)) => Ok(Some(Badge::current(
            component,
            environment,
            &current,
            call.tracker().clock().now(),
        ))),
        Ok(None) => Ok(Some(Badge::nothing_deployed(component, environment))),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The name in a segment of the path, if it is a valid one.
fn name(segment: &str) -> Option<Name> {
    percent_decode_str(segment).decode_utf8().ok()?.parse().ok()
}
