//! Answers.

use bytes::Bytes;
use deploytrack_core::{api, archive::ArchiveNote, entity_tag::EntityTag, error::Error, query::Page, tracker::WriteOutcome};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Full, combinators::UnsyncBoxBody};
use serde::Serialize;

use crate::{links, problem::Refusal, representation::Shown};

pub(crate) const JSON: &str = "application/json";

/// What a body that breaks off may say to the log.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;
/// What a handler gives.
pub(crate) type Answer = Result<Response<Body>, Refusal>;

/// Bytes, and what is held as long as they are somewhere: hyper drops a body before its last bytes are written.
struct Guarded<G> {
    bytes: Bytes,
    _guard: G,
}

impl<G> AsRef<[u8]> for Guarded<G> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes, which hold this until they are written or given up.
pub(crate) fn guarded(bytes: Bytes, guard: impl Send + 'static) -> Bytes {
    Bytes::from_owner(Guarded { bytes, _guard: guard })
}

/// A body that is there as a whole.
pub(crate) fn full(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

/// A whole answer of this media type.
pub(crate) fn whole(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let body = body.into();
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Said here rather than left to hyper, so that HEAD has it too.
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    response
}

/// 200 and the representation of what was asked for as JSON, with its entity tag.
pub(crate) fn ok(value: &impl Serialize) -> Answer {
    representation(StatusCode::OK, value)
}

/// 200 and a picture (SVG) for anyone, with its entity tag. It may be kept for a minute by whoever passes it on.
pub(crate) fn picture(svg: String) -> Answer {
    let mut response = tagged(StatusCode::OK, "image/svg+xml", svg)?;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    // Opened by itself, a picture is a page: it has no script and fetches nothing, whatever a name or version says.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"));
    Ok(response)
}

/// 200 and a page of a list that was asked for with this query, with its entity tag and the links to the pages around it.
pub(crate) fn page<T: Serialize>(page: &Page<T>, query: &str) -> Answer {
    let mut response = ok(page)?;
    let links = HeaderValue::from_str(&links::around(page.links, query).map_err(internal)?).map_err(internal)?;
    response.headers_mut().insert(header::LINK, links);
    Ok(response)
}

/// 200, what a write did, and the representation of what it changed, with its entity tag.
pub(crate) fn changed(written: &WriteOutcome<impl Serialize>) -> Answer {
    marked(ok(&written.value)?, written)
}

/// 201, where to find it, and its representation, with its entity tag.
pub(crate) fn created(location: &str, written: &WriteOutcome<impl Serialize>) -> Answer {
    let mut response = representation(StatusCode::CREATED, &written.value)?;
    let location = HeaderValue::from_str(location).map_err(internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    marked(response, written)
}

/// 200 and what a write did, which is no representation of anything.
pub(crate) fn done(written: &WriteOutcome<impl Serialize>) -> Answer {
    let response = whole(StatusCode::OK, JSON, serde_json::to_vec(&written.value).map_err(internal)?);
    marked(response, written)
}

/// Marks an answer that is the one given the first time, one that registered a near miss, and one that found something
/// archived.
fn marked(mut response: Response<Body>, written: &WriteOutcome<impl Serialize>) -> Answer {
    if !written.resembles.is_empty() {
        let known: Vec<_> = written.resembles.iter().map(|one| (one.kind.as_str(), one.known.as_str())).collect();
        let known = serde_urlencoded::to_string(known).map_err(internal)?;
        response.headers_mut().insert(HeaderName::from_static(api::RESEMBLES), HeaderValue::from_str(&known).map_err(internal)?);
    }
    for (header, unarchived) in [(api::UNARCHIVED, true), (api::ARCHIVED, false)] {
        if let Some(names) = names_in_header(written.archived.iter().filter(|found| found.unarchived == unarchived)) {
            let names = HeaderValue::from_str(&names).map_err(internal)?;
            response.headers_mut().insert(HeaderName::from_static(header), names);
        }
    }
    if written.replayed {
        response.headers_mut().insert(HeaderName::from_static(api::IDEMPOTENCY_REPLAYED), HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The most bytes of names in one header: proxies take 8 KiB of headers as a rule, and a name has at most 3 KiB.
const NAMES_BYTES: usize = 4 * 1024;

/// The names in the form of a query, and how many more there are where they do not fit.
fn names_in_header<'a>(found: impl Iterator<Item = &'a ArchiveNote>) -> Option<String> {
    let pairs: Vec<_> = found.map(|found| form_urlencoded(found.kind.as_str(), found.name.as_str())).collect();
    let mut bytes = 0;
    let fits = |pair: &&String| {
        bytes += pair.len() + 1;
        bytes <= NAMES_BYTES
    };
    let mut named: Vec<_> = pairs.iter().take_while(fits).cloned().collect();
    let more = pairs.len() - named.len();
    if more > 0 {
        named.push(form_urlencoded("more", &more.to_string()));
    }
    (!named.is_empty()).then(|| named.join("&"))
}

fn form_urlencoded(name: &str, value: &str) -> String {
    // Two texts are always written.
    serde_urlencoded::to_string([(name, value)]).unwrap_or_default()
}

/// 204.
pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 308 to another place, which may be relative to the one asked for.
pub(crate) fn moved(place: &'static str) -> Response<Body> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(place));
    response
}

/// 204 with `Allow`.
pub(crate) fn options(allow: &'static str) -> Response<Body> {
    let mut response = no_content();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

fn representation(status: StatusCode, value: &impl Serialize) -> Answer {
    tagged(status, JSON, serde_json::to_vec(value).map_err(internal)?)
}

/// A whole answer of this media type, with its entity tag.
pub(crate) fn tagged(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    let tag = EntityTag::of(&body);
    let mut response = whole(status, media_type, body.clone());
    response.headers_mut().insert(header::ETAG, HeaderValue::from_str(&tag.to_string()).map_err(internal)?);
    response.extensions_mut().insert(Shown { body, tag });
    Ok(response)
}

/// Something that cannot fail has failed.
pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Refusal {
    Refusal::Core(Error::Internal(Box::new(error)))
}
