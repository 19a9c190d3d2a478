//! Responses to requests that succeeded.

use bytes::Bytes;
use deploytrack_core::{
    api, archive::ArchiveNote, entity_tag::EntityTag, query::Page, tracker::WriteOutcome,
};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::{
    body::{Body, JSON, TaggedBody, no_content, whole},
    links,
    refusal::{Refusal, internal},
};

/// The result of a handler.
pub(crate) type HandlerResult = Result<Response<Body>, Refusal>;

/// 200 and a value as JSON, with its entity tag.
pub(crate) fn ok(value: &impl Serialize) -> HandlerResult {
    representation(StatusCode::OK, value)
}

/// 200 and an SVG picture for anyone, with its entity tag. Caches may store it for a minute.
pub(crate) fn picture(svg: String) -> HandlerResult {
    let mut response = tagged(StatusCode::OK, "image/svg+xml", svg)?;
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=60"),
    );
    // A browser that opens the picture directly treats it as a page. The policy forbids scripts and
    // requests there, whatever a name or a version contains.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    Ok(response)
}

/// 200 and a page of a list, with its entity tag and the links to the pages around it. `query` is
/// the query of the request.
pub(crate) fn page<T: Serialize>(page: Page<T>, query: &str) -> HandlerResult {
    let links = links::around(page.links, query).map_err(internal)?;
    let next = links.next;
    let mut response = ok(&Page { next, ..page })?;
    let links = HeaderValue::try_from(links.header).map_err(internal)?;
    response.headers_mut().insert(header::LINK, links);
    Ok(response)
}

/// 200 and the changed resource, with its entity tag and the headers of a write.
pub(crate) fn changed(written: &WriteOutcome<impl Serialize>) -> HandlerResult {
    with_write_headers(ok(&written.value)?, written)
}

/// 201 and the new resource, with its location, its entity tag and the headers of a write.
pub(crate) fn created(location: &str, written: &WriteOutcome<impl Serialize>) -> HandlerResult {
    let mut response = representation(StatusCode::CREATED, &written.value)?;
    let location = HeaderValue::from_str(location).map_err(internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    with_write_headers(response, written)
}

/// 200 and the outcome of a write, with the headers of a write.
pub(crate) fn done(written: &WriteOutcome<impl Serialize>) -> HandlerResult {
    with_write_headers(untagged(StatusCode::OK, &written.value)?, written)
}

/// A value as JSON that is not a resource and has no entity tag.
pub(crate) fn untagged(status: StatusCode, value: &impl Serialize) -> HandlerResult {
    let body = serde_json::to_vec(value).map_err(internal)?;
    Ok(whole(status, JSON, body))
}

/// Adds the headers for a near miss that was registered, for archived names that were found, and
/// for a replayed answer.
fn with_write_headers(
    mut response: Response<Body>,
    written: &WriteOutcome<impl Serialize>,
) -> HandlerResult {
    if !written.resembles.is_empty() {
        let known: Vec<_> = written
            .resembles
            .iter()
            .map(|one| (one.kind.as_str(), one.known.as_str()))
            .collect();
        let known = serde_urlencoded::to_string(known).map_err(internal)?;
        response.headers_mut().insert(
            HeaderName::from_static(api::RESEMBLES),
            HeaderValue::from_str(&known).map_err(internal)?,
        );
    }
    for (header, unarchived) in [(api::UNARCHIVED, true), (api::ARCHIVED, false)] {
        if let Some(names) = names_in_header(
            written
                .archived
                .iter()
                .filter(|found| found.unarchived == unarchived),
        ) {
            let names = HeaderValue::from_str(&names).map_err(internal)?;
            response
                .headers_mut()
                .insert(HeaderName::from_static(header), names);
        }
    }
    if written.replayed {
        response.headers_mut().insert(
            HeaderName::from_static(api::IDEMPOTENCY_REPLAYED),
            HeaderValue::from_static("true"),
        );
    }
    Ok(response)
}

/// The most bytes of names in one header: most proxies accept 8 KiB of headers, and a name has at
/// most 3 KiB.
const NAMES_BYTES: usize = 4 * 1024;

/// The names in the form of a query. If not all of them fit, `more` counts the others.
fn names_in_header<'a>(found: impl Iterator<Item = &'a ArchiveNote>) -> Option<String> {
    let pairs: Vec<_> = found
        .map(|found| form_urlencoded(found.kind.as_str(), found.name.as_str()))
        .collect();
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
    // The encoding of two texts cannot fail.
    serde_urlencoded::to_string([(name, value)]).unwrap_or_default()
}

/// 204 with `Allow`.
pub(crate) fn options(allow: &'static str) -> Response<Body> {
    let mut response = no_content();
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

fn representation(status: StatusCode, value: &impl Serialize) -> HandlerResult {
    tagged(status, JSON, serde_json::to_vec(value).map_err(internal)?)
}

/// A response with a complete body of this media type and its entity tag.
pub(crate) fn tagged(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> HandlerResult {
    let bytes = body.into();
    let tag = EntityTag::of(&bytes);
    let mut response = whole(status, media_type, bytes.clone());
    response.headers_mut().insert(
        header::ETAG,
        HeaderValue::from_str(&tag.to_string()).map_err(internal)?,
    );
    response.extensions_mut().insert(TaggedBody { bytes, tag });
    Ok(response)
}
