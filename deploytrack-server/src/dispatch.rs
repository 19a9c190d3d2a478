//! The way of a request: its id, its route, its token, then its handler. Errors become answers here only.

use std::{panic::AssertUnwindSafe, time::Instant};

use deploytrack_core::error::Fault;
use futures_util::FutureExt as _;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version, header,
    request::Parts,
    uri::{Authority, Uri},
};
use hyper::body::Incoming;
use uuid::Uuid;

use crate::{
    App, auth, handlers, kept,
    problem::Refusal,
    request::Call,
    response::{Answer, Body},
    route::{NoRoute, Route},
    serve::Connection,
    terms,
    unread::Unread,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The most bytes of a request's target and headers.
pub(crate) const HEAD_BYTES: usize = 32 * 1024;
/// How much of a path goes into the log.
const LOGGED: usize = 200;

/// Answers a request, whatever becomes of it.
pub(crate) async fn answer(app: App, request: Request<Incoming>) -> Response<Body> {
    let started = Instant::now();
    let id = request_id(&app, request.headers());
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());

    let (headers, body) = (parts.headers.clone(), Unread::new(body));
    let work = AssertUnwindSafe(handle(app, parts, body.clone(), id.clone())).catch_unwind();
    let result = work.await.unwrap_or(Err(Refusal::Panic));
    let mut response = result.unwrap_or_else(|refusal| {
        if let Some(cause) = refusal.cause() {
            tracing::error!(request_id = id, cause, "a request failed");
        }
        refusal.into_response(&path, &id)
    });
    finish(response.headers_mut(), &id);
    body.settle(&headers, response.headers_mut()).await;

    let (method, path): (String, String) = (method.as_str().chars().take(20).collect(), path.chars().take(LOGGED).collect());
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    tracing::info!(request_id = id, method, path, status = response.status().as_u16(), duration_ms, "answered");
    response
}

async fn handle(app: App, parts: Parts, body: Unread, id: String) -> Answer {
    check_head(&parts)?;
    let route = Route::parse(&parts.method, parts.uri.path(), app.badges).map_err(|none| match none {
        NoRoute::Path => Refusal::NoPath,
        NoRoute::Method(allow) => Refusal::Method(allow),
    })?;
    let is_health_check = matches!(route, Route::Live | Route::Ready);
    if app.health_only && !is_health_check {
        return Err(Refusal::NoPath);
    }
    let caller = auth::admit(&app, route.access(), &parts.headers)?;
    if let Some(connection) = parts.extensions.get::<Connection>() {
        if caller.is_authenticated() {
            connection.authenticated();
        }
        if !is_health_check && !connection.take_place().await {
            return Err(Refusal::NoPlace);
        }
    }
    terms::check_condition(&route, &parts.headers)?;
    let read = matches!(parts.method, Method::GET | Method::HEAD);
    let call = Call::new(app, caller, parts, body, id);
    if read { kept::answer(route, call).await } else { Box::pin(handlers::call(route, call)).await }
}

/// What hyper lets pass: heads of any size, a missing or doubled `Host` (RFC 9112, section 3.2).
fn check_head(parts: &Parts) -> Result<(), Refusal> {
    let fields: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let target = parts.uri.path().len() + parts.uri.query().map_or(0, str::len);
    if fields + target > HEAD_BYTES {
        return Err(Refusal::Head);
    }
    check_target(&parts.uri)?;
    check_coding(&parts.headers)?;
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host.as_bytes()) => Ok(()),
        (Some(_), None) => Err(vec![Fault::parameter("Host", "must be a host, with a port if need be")].into()),
        (None, _) if parts.version < Version::HTTP_11 => Ok(()),
        _ => Err(vec![Fault::parameter("Host", "must be given exactly once")].into()),
    }
}

/// Refuses a whole URL (RFC 9112, section 3.2.2) that is none of a web server.
fn check_target(target: &Uri) -> Result<(), Refusal> {
    let is_web = target.scheme_str().is_none_or(|scheme| ["http", "https"].contains(&scheme));
    let is_host = target.authority().is_none_or(|authority| is_host(authority.as_str().as_bytes()));
    if is_web && is_host {
        return Ok(());
    }
    Err(vec![Fault::at("", "the target of the request must be a path, or a URL with http or https and a host")].into())
}

/// Refuses codings that nobody decodes: hyper looks at the last one alone.
fn check_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(one), None) if one.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(vec![Fault::parameter("Transfer-Encoding", "must be chunked, or left out")].into()),
    }
}

/// Whether this is a host as RFC 3986 has it, without user information, with a port that exists if there is one.
fn is_host(value: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(value) else { return false };
    let host = authority.host();
    let Some(rest) = authority.as_str().strip_prefix(host).filter(|_| !host.is_empty()) else { return false };
    rest.is_empty() || rest == ":" || rest.strip_prefix(':').is_some_and(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The id the caller gave when it is sane, else a new one.
fn request_id(app: &App, headers: &HeaderMap) -> String {
    let sane =
        |text: &&str| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane);
    given.map_or_else(|| new_id(app), str::to_owned)
}

fn new_id(app: &App) -> String {
    let now = app.tracker.clock().now();
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos())).to_string()
}

/// The headers that every answer has.
fn finish(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What is live changes at any moment, and an answer is for the bearer of its token alone: one with a tag may be kept
    // and must be asked for again each time, any other is not kept. A badge, for anyone, says otherwise itself.
    let kept = if headers.contains_key(header::ETAG) { "private, no-cache" } else { "no-store" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(kept));
}
