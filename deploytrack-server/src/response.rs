//! Answers.

use bytes::Bytes;
use deploytrack_core::error::Error;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Full, combinators::UnsyncBoxBody};
use serde::Serialize;

use crate::problem::Refusal;

/// What a body that breaks off may say to the log.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;
/// What a handler gives.
pub(crate) type Answer = Result<Response<Body>, Refusal>;

/// A whole answer of this media type.
pub(crate) fn whole(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Response<Body> {
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Said here rather than left to hyper, so that HEAD has it too.
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    response
}

/// 200 and the value as JSON.
pub(crate) fn ok(value: &impl Serialize) -> Answer {
    json(StatusCode::OK, value)
}

/// 201, where to find it, and the value as JSON.
pub(crate) fn created(location: &str, value: &impl Serialize) -> Answer {
    let mut response = json(StatusCode::CREATED, value)?;
    let location = HeaderValue::from_str(location).map_err(internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// 204.
pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 204 with `Allow`.
pub(crate) fn options(allow: &'static str) -> Response<Body> {
    let mut response = no_content();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    Ok(whole(status, "application/json", serde_json::to_vec(value).map_err(internal)?))
}

/// Something that cannot fail has failed.
pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Refusal {
    Refusal::Core(Error::Internal(Box::new(error)))
}
