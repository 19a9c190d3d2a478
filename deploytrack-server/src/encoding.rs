//! The forms in which a response is sent: whole, compressed with gzip, or 304 without a body if the
//! client already has it.

use std::{
    io::Write as _,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use bytes::Bytes;
use deploytrack_core::{
    entity_tag::{Condition, EntityTag},
    text::Label,
};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use tokio::sync::OnceCell;

use crate::{
    body::{Body, TaggedBody, full, guarded, no_content},
    quota::{MAX_WAIT, Permit, Quota},
    refusal::{Refusal, Resource, internal},
    response::HandlerResult,
};

/// The least bytes of a body that is compressed. A smaller body fits into one packet anyway.
const LEAST_COMPRESSED: usize = 1400;
/// The least bytes of a body that is compressed on a blocking thread. Compression takes a
/// millisecond above this size, and other requests would wait for it.
const LEAST_BLOCKING: usize = 64 * 1024;
/// The unit of [`AnswerQuota`], in bytes. Smaller answers are not counted: all connections together
/// hold no more than some megabytes of them.
pub(crate) const UNIT: usize = 64 * 1024;
/// The most units of large answers in transit: 64 MiB for the server, and 16 MiB for one subject.
pub(crate) const ANSWER_UNITS: usize = 1024;
pub(crate) const ANSWER_UNITS_OF_SUBJECT: usize = 256;
/// The memory of an answer beside its bytes: tables of headers, tags, the overhead of gzip.
const OVERHEAD: usize = 1024;
/// The suffix of the entity tag of the compressed form. The two forms differ in their bytes, so
/// they need different tags (RFC 9110, section 8.8.3.3).
const GZIP: &str = "gzip";

/// The request headers that decide the form of the response.
pub(crate) struct Negotiation {
    gzip: bool,
    /// The conditions of `If-None-Match`. An invalid condition is ignored, and the answer is whole
    /// (RFC 9110, section 13.1.2 leaves this to the server).
    if_none_match: Vec<Condition>,
}

impl Negotiation {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let texts = |name| {
            headers
                .get_all(name)
                .iter()
                .filter_map(|value: &HeaderValue| value.to_str().ok())
        };
        Self {
            gzip: texts(header::ACCEPT_ENCODING).any(accepts_gzip),
            if_none_match: texts(header::IF_NONE_MATCH)
                .filter_map(|text| text.parse().ok())
                .collect(),
        }
    }

    /// Whether the client already has the representation with this tag.
    fn matches(&self, tag: &EntityTag) -> bool {
        self.if_none_match
            .iter()
            .any(|condition| condition.matches_weakly(tag))
    }

    /// The response, or 304 if the client already has it.
    pub(crate) fn or_not_modified(&self, response: Response<Body>) -> Response<Body> {
        let tagged = response.extensions().get::<TaggedBody>();
        let matches = response.status() == StatusCode::OK
            && tagged.is_some_and(|body| self.matches(&body.tag));
        if matches {
            not_modified(response.headers())
        } else {
            response
        }
    }
}

/// Whether an `Accept-Encoding` names gzip with a weight other than 0 (RFC 9110, section 12.5.3).
fn accepts_gzip(codings: &str) -> bool {
    codings.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.trim().parse() == Ok(0.0));
        ["gzip", "x-gzip"]
            .iter()
            .any(|gzip| name.trim().eq_ignore_ascii_case(gzip))
            && !refused
    })
}

/// 304 with the headers of a representation.
fn not_modified(headers: &HeaderMap) -> Response<Body> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    // `Link` is not part of the tagged bytes and may have changed while they did not.
    for name in [
        header::ETAG,
        header::LINK,
        header::VARY,
        header::CACHE_CONTROL,
    ] {
        if let Some(value) = headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// The quota of a subject for the bytes of large answers in transit.
#[derive(Clone, Copy)]
pub(crate) struct AnswerQuota<'a> {
    pub(crate) answers: &'a Quota,
    pub(crate) subject: &'a Label,
}

impl AnswerQuota<'_> {
    /// Acquires the units for so many bytes without waiting.
    fn try_acquire(self, bytes: usize) -> Result<Permit, Refusal> {
        let permit = self.answers.try_acquire(self.subject, bytes.div_ceil(UNIT));
        permit.map_err(|exceeded| Refusal::QuotaExceeded(Resource::Answers, exceeded))
    }

    /// Acquires the units for so many bytes, and waits for them.
    pub(crate) async fn acquire(self, bytes: usize) -> Result<Permit, Refusal> {
        let permit = self
            .answers
            .acquire(self.subject, bytes.div_ceil(UNIT), MAX_WAIT)
            .await;
        permit.map_err(|exceeded| Refusal::QuotaExceeded(Resource::Answers, exceeded))
    }
}

/// The permit for the bytes of one answer. All responses that send the same bytes at the same time
/// share it, since the bytes are in memory once.
#[derive(Default)]
struct SharedPermit(Mutex<Weak<Permit>>);

impl SharedPermit {
    /// Attaches the permit to the bytes.
    fn guard(&self, bytes: &Bytes, quota: AnswerQuota<'_>) -> Result<Bytes, Refusal> {
        if bytes.len() < UNIT {
            return Ok(bytes.clone());
        }
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let permit = if let Some(permit) = shared.upgrade() {
            permit
        } else {
            Arc::new(quota.try_acquire(bytes.len())?)
        };
        *shared = Arc::downgrade(&permit);
        Ok(guarded(bytes.clone(), permit))
    }
}

/// A response that can be sent more than once.
pub(crate) struct Representation {
    body: TaggedBody,
    headers: HeaderMap,
    permit: SharedPermit,
    gzip: Option<GzipForm>,
}

/// The compressed form. It is made for the first client that accepts gzip.
struct GzipForm {
    bytes: OnceCell<Bytes>,
    tag: EntityTag,
    headers: HeaderMap,
    permit: SharedPermit,
}

impl Representation {
    /// The representation of a response with an entity tag. A resource that is updated under
    /// `If-Match` must not be compressed: its one tag is the condition.
    pub(crate) fn of(response: Response<Body>, may_compress: bool) -> Result<Self, Refusal> {
        let (mut parts, _) = response.into_parts();
        let body: TaggedBody = parts
            .extensions
            .remove()
            .ok_or_else(|| internal("a response to be stored has no entity tag"))?;
        let mut headers = parts.headers;
        headers.remove(header::CONTENT_LENGTH);
        let gzip = (may_compress && body.bytes.len() >= LEAST_COMPRESSED).then(|| {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
            GzipForm::of(&body, &headers)
        });
        Ok(Self {
            body,
            headers,
            permit: SharedPermit::default(),
            gzip: gzip.transpose()?,
        })
    }

    /// The most bytes of memory that it takes. The compressed form counts as much as the other one
    /// even before it exists: it is no smaller if nothing in the body repeats.
    pub(crate) fn size(&self) -> usize {
        let forms = if self.gzip.is_some() { 2 } else { 1 };
        // The links repeat the filters of the request. Both forms share the values of their
        // headers.
        forms * self.body.bytes.len() + header_bytes(&self.headers) + OVERHEAD
    }

    /// The response in the negotiated form. Without a quota, the bytes are not counted: that is for
    /// answers that stay in memory anyway.
    pub(crate) async fn response(
        &self,
        negotiation: &Negotiation,
        quota: Option<AnswerQuota<'_>>,
    ) -> HandlerResult {
        let guard = |permit: &SharedPermit, bytes: &Bytes| {
            quota.map_or_else(|| Ok(bytes.clone()), |quota| permit.guard(bytes, quota))
        };
        match &self.gzip {
            Some(gzip) if negotiation.gzip => {
                if negotiation.matches(&gzip.tag) {
                    return Ok(not_modified(&gzip.headers));
                }
                let bytes = gzip
                    .bytes
                    .get_or_try_init(|| compressed(self.body.bytes.clone()))
                    .await?;
                Ok(with_headers(
                    guard(&gzip.permit, bytes)?,
                    gzip.headers.clone(),
                ))
            }
            _ if negotiation.matches(&self.body.tag) => Ok(not_modified(&self.headers)),
            _ => Ok(with_headers(
                guard(&self.permit, &self.body.bytes)?,
                self.headers.clone(),
            )),
        }
    }
}

/// The response from a representation that is built once and does not change while the program
/// runs.
pub(crate) async fn static_response(
    cell: &OnceLock<Representation>,
    headers: &HeaderMap,
    build: impl FnOnce() -> HandlerResult,
) -> HandlerResult {
    let representation = if let Some(representation) = cell.get() {
        representation
    } else {
        let new = Representation::of(build()?, true)?;
        cell.get_or_init(|| new)
    };
    representation
        .response(&Negotiation::of(headers), None)
        .await
}

/// The bytes of the values of headers.
fn header_bytes(headers: &HeaderMap) -> usize {
    headers.values().map(HeaderValue::len).sum()
}

impl GzipForm {
    fn of(body: &TaggedBody, headers: &HeaderMap) -> Result<Self, Refusal> {
        let (tag, mut headers) = (body.tag.with_coding(GZIP), headers.clone());
        headers.insert(
            header::ETAG,
            HeaderValue::from_str(&tag.to_string()).map_err(internal)?,
        );
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(GZIP));
        Ok(Self {
            bytes: OnceCell::new(),
            tag,
            headers,
            permit: SharedPermit::default(),
        })
    }
}

async fn compressed(body: Bytes) -> Result<Bytes, Refusal> {
    let small = body.len() < LEAST_BLOCKING;
    let compress = move || {
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
        encoder
            .write_all(&body)
            .and_then(|()| encoder.finish())
            .map(Bytes::from)
    };
    if small {
        compress()
    } else {
        tokio::task::spawn_blocking(compress)
            .await
            .map_err(internal)?
    }
    .map_err(internal)
}

fn with_headers(bytes: Bytes, headers: HeaderMap) -> Response<Body> {
    let length = HeaderValue::from(bytes.len());
    let mut response = Response::new(full(bytes));
    *response.headers_mut() = headers;
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}

#[cfg(test)]
impl Representation {
    /// The bytes of memory that it takes now.
    pub(crate) fn bytes_in_memory(&self) -> usize {
        let gzip = self
            .gzip
            .as_ref()
            .and_then(|gzip| gzip.bytes.get())
            .map_or(0, Bytes::len);
        self.body.bytes.len() + gzip + header_bytes(&self.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_only_to_clients_that_accept_it() {
        for accepted in [
            "gzip",
            "GZIP",
            "x-gzip",
            "br, gzip",
            "deflate;q=0.5,gzip;q=0.8",
            "gzip;q=1.0",
            "gzip ; q=0.001",
        ] {
            assert!(accepts_gzip(accepted), "{accepted}");
        }
        for refused in [
            "",
            "br",
            "identity",
            "gzip;q=0",
            "gzip;q=0.000",
            "gzip2",
            "*",
        ] {
            assert!(!accepts_gzip(refused), "{refused}");
        }
    }
}
