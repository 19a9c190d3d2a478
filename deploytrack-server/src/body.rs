//! Response bodies, and the responses that are made of a body alone.

use bytes::Bytes;
use deploytrack_core::entity_tag::EntityTag;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Full, combinators::UnsyncBoxBody};

pub(crate) const JSON: &str = "application/json";

/// The error of a body that ends early. It is written to the log.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The body of a response.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// The bytes of a response and their entity tag. A response carries them as an extension, for [`crate::encoding`].
#[derive(Clone)]
pub(crate) struct TaggedBody {
    pub(crate) bytes: Bytes,
    pub(crate) tag: EntityTag,
}

/// Bytes with a guard that is dropped with their last clone. The guard cannot belong to the body,
/// because hyper drops a body before it has written the last bytes.
struct Guarded<G> {
    bytes: Bytes,
    _guard: G,
}

impl<G> AsRef<[u8]> for Guarded<G> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Attaches a guard to bytes. The guard is dropped when the bytes are written or discarded.
pub(crate) fn guarded(bytes: Bytes, guard: impl Send + 'static) -> Bytes {
    Bytes::from_owner(Guarded {
        bytes,
        _guard: guard,
    })
}

/// A body that is complete in memory.
pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A response with a complete body of this media type.
pub(crate) fn whole(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let body = body.into();
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    // hyper would set the length too, but not for HEAD.
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}

/// 204.
pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
