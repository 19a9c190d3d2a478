//! The way of a request: its id, its route, its token, then its handler. Errors become answers here only.

use std::{panic::AssertUnwindSafe, time::Instant};

use deploytrack_core::error::Fault;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Version, header, request::Parts, uri::Authority};
use hyper::body::Incoming;
use uuid::Uuid;

use crate::{
    App, auth, handlers, kept,
    problem::Refusal,
    request::Call,
    response::{Answer, Body},
    route::{NoRoute, Route},
    terms,
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

    let work = AssertUnwindSafe(handle(app, parts, body, id.clone())).catch_unwind();
    let result = work.await.unwrap_or(Err(Refusal::Panic));
    let mut response = result.unwrap_or_else(|refusal| {
        if let Some(cause) = refusal.cause() {
            tracing::error!(request_id = id, cause, "a request failed");
        }
        refusal.into_response(&path, &id)
    });
    finish(response.headers_mut(), &id);

    let (method, path): (String, String) = (method.as_str().chars().take(20).collect(), path.chars().take(LOGGED).collect());
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    tracing::info!(request_id = id, method, path, status = response.status().as_u16(), duration_ms, "answered");
    response
}

async fn handle(app: App, parts: Parts, body: Incoming, id: String) -> Answer {
    check_head(&parts)?;
    let route = Route::parse(&parts.method, parts.uri.path(), app.badges).map_err(|none| match none {
        NoRoute::Path => Refusal::NoPath,
        NoRoute::Method(allow) => Refusal::Method(allow),
    })?;
    let caller = auth::admit(&app, route.access(), &parts.headers)?;
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
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host) => Ok(()),
        (Some(_), None) => Err(vec![Fault::parameter("Host", "must be a host, with a port if need be")].into()),
        (None, _) if parts.version < Version::HTTP_11 => Ok(()),
        _ => Err(vec![Fault::parameter("Host", "must be given exactly once")].into()),
    }
}

/// Whether this is a host as RFC 3986 has it, without user information.
fn is_host(value: &HeaderValue) -> bool {
    Authority::try_from(value.as_bytes()).is_ok_and(|authority| !authority.as_str().contains('@'))
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
