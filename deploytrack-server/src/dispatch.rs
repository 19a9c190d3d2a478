//! The path of a request: its id, its endpoint, its token, then the cache or its handler. This is the
//! only module that turns a refusal into a response.

use std::{panic::AssertUnwindSafe, time::Instant};

use deploytrack_core::{error::Fault, text::Label};
use futures_util::FutureExt as _;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header,
    request::Parts,
    uri::{Authority, Uri},
};
use hyper::body::Incoming;
use uuid::Uuid;

use crate::{
    App,
    app::Surface,
    auth::{self, Access},
    body::{Body, TaggedBody},
    cache::{CacheKey, Caching},
    connections::Connection,
    encoding::{AnswerQuota, Negotiation, Representation},
    endpoints::{self, Endpoint},
    limits::HEAD_BYTES,
    preconditions,
    proxies::Client,
    quota::MAX_WAIT,
    rates::{Rates, Standing},
    refusal::{Refusal, Resource},
    request::Call,
    request_body::RequestBody,
    request_log::{Answered, RequestLog, TraceId},
    response::HandlerResult,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Responds to a request, also if its handler fails or panics.
pub(crate) async fn answer(app: App, request: Request<Incoming>) -> Response<Body> {
    let started = Instant::now();
    let trace_id = TraceId::of(request.headers());
    let id = request_id(&app, request.headers(), trace_id);
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let client = parts.extensions.get::<Client>().copied();
    let (metrics, rates, log) = (
        app.metrics.clone(),
        app.rates.clone(),
        RequestLog::default(),
    );

    let (headers, body) = (parts.headers.clone(), RequestBody::new(body));
    let mut standing = None;
    let about = (id.clone(), log.clone());
    let work = handle(app, parts, body.clone(), about, &mut standing);
    let result = AssertUnwindSafe(work).catch_unwind().await;
    let result = result.unwrap_or(Err(Refusal::Panic));
    let result = result.map_err(|refusal| count_refused(&rates, client, refusal));
    let code = result.as_ref().err().map(Refusal::code);
    let mut response = result.unwrap_or_else(|refusal| {
        metrics.count_refusal(refusal.code());
        if let Some(cause) = refusal.cause() {
            tracing::error!(request_id = id, cause, "a request failed");
        }
        refusal.into_response(&path, &id)
    });
    add_common_headers(response.headers_mut(), &id);
    if let Some(standing) = standing {
        standing.write(response.headers_mut());
    }
    body.close_unless_drained(&headers, response.headers_mut())
        .await;

    let duration = started.elapsed();
    metrics.count_request(log.route(), response.status(), duration.as_secs_f64());
    log.write(&Answered {
        request_id: &id,
        trace_id,
        method: &method,
        path: &path,
        address: client.map(|client| client.address),
        status: response.status(),
        code,
        duration,
    });
    response
}

/// Counts a request without a valid token for its address. Beyond the rate of the address its refusal
/// is another one.
fn count_refused(rates: &Rates, client: Option<Client>, refusal: Refusal) -> Refusal {
    match client {
        Some(client) if refusal.status() == StatusCode::UNAUTHORIZED => rates
            .count_refused(client.address)
            .map_or_else(Refusal::RateExceeded, |()| refusal),
        _ => refusal,
    }
}

async fn handle(
    app: App,
    parts: Parts,
    body: RequestBody,
    (id, log): (String, RequestLog),
    standing: &mut Option<Standing>,
) -> HandlerResult {
    check_head(&parts)?;
    let (endpoint, path) = endpoints::find(&parts.method, parts.uri.path(), app.badges)?;
    if !is_answered(app.surface, endpoint.access) {
        return Err(Refusal::NoPath);
    }
    log.note_endpoint(endpoint.method.as_str(), endpoint.path, &path.value);
    let is_health_check = endpoint.access == Access::Health;
    let identity = auth::authorize(&app, endpoint.access, &parts, &log, standing).await?;
    if let Some(connection) = parts.extensions.get::<Connection>() {
        let client = parts.extensions.get::<Client>();
        if identity.is_authenticated() {
            connection.authenticated();
        } else if !is_health_check
            && client.is_some_and(|client| !connection.count_for(client.address))
        {
            return Err(Refusal::AddressLimit);
        }
        if !is_health_check && !connection.take_place().await {
            return Err(Refusal::ConnectionLimit);
        }
    }
    preconditions::check_if_match(endpoint.conditions, &parts.headers)?;
    let identity = if endpoint.caching == Caching::No {
        identity
    } else {
        identity.sharing_answer()
    };
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    let call = Call::new(app, path, identity, parts, body, (id, log));
    if is_read {
        read(endpoint, call).await
    } else {
        endpoint.handle.call(call).await
    }
}

/// Whether a listener answers an endpoint with this permission.
const fn is_answered(surface: Surface, access: Access) -> bool {
    match surface {
        Surface::Whole => true,
        Surface::Health => matches!(access, Access::Health),
        Surface::Metrics => matches!(access, Access::Metrics),
    }
}

/// Responds to a GET, from the cache if its row allows it.
async fn read(endpoint: &Endpoint, call: Call) -> HandlerResult {
    let negotiation = Negotiation::of(call.headers());
    if endpoint.caching == Caching::No {
        return Ok(negotiation.or_not_modified(endpoint.handle.call(call).await?));
    }
    let key = CacheKey {
        version: call.database_version().await?,
        audience: call.audience(),
        target: call.target().to_owned(),
    };
    let (app, subject) = (call.app().clone(), call.subject_of_quotas()?.clone());
    // In a box of its own, which a stored answer does not need.
    let make = async { Box::pin(cacheable(endpoint, call, &app, &subject)).await };
    match app.cache.get_or_make(&key, make).await {
        Ok(stored) => {
            stored
                .response(
                    &negotiation,
                    Some(AnswerQuota {
                        answers: &app.answers,
                        subject: &subject,
                    }),
                )
                .await
        }
        Err(Uncacheable::Streamed(response)) => Ok(response),
        Err(Uncacheable::Refused(refusal)) => Err(refusal),
    }
}

/// A result of a handler that the cache cannot store.
enum Uncacheable {
    Refused(Refusal),
    /// A large response, of which only the beginning exists yet.
    Streamed(Response<Body>),
}

impl From<Refusal> for Uncacheable {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Calls the handler and makes its response ready for the cache. Reads of many records wait for a
/// permit, because each holds the rows that it has read so far.
async fn cacheable(
    endpoint: &Endpoint,
    call: Call,
    app: &App,
    subject: &Label,
) -> Result<Representation, Uncacheable> {
    let is_collection = endpoint.caching == Caching::Collection;
    let permit = async {
        let permit = app.reads.acquire(subject, 1, MAX_WAIT).await;
        permit.map_err(|exceeded| Refusal::QuotaExceeded(Resource::Reads, exceeded))
    };
    let _permit = if is_collection {
        Some(permit.await?)
    } else {
        None
    };
    let response = endpoint.handle.call(call).await?;
    if response.extensions().get::<TaggedBody>().is_none() {
        return Err(Uncacheable::Streamed(response));
    }
    Ok(Representation::of(response, is_collection)?)
}

/// Checks what hyper does not: the size of the head, and that there is exactly one valid `Host`
/// (RFC 9112, section 3.2).
fn check_head(parts: &Parts) -> Result<(), Refusal> {
    let fields: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let target = parts.uri.path().len() + parts.uri.query().map_or(0, str::len);
    if fields + target > HEAD_BYTES {
        return Err(Refusal::Head);
    }
    check_target(&parts.uri)?;
    check_coding(&parts.headers)?;
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host.as_bytes()) => Ok(()),
        (Some(_), None) => Err(vec![Fault::parameter(
            "Host",
            "must be a host, with an optional port",
        )]
        .into()),
        (None, _) if parts.version < Version::HTTP_11 => Ok(()),
        _ => Err(vec![Fault::parameter("Host", "must be given exactly once")].into()),
    }
}

/// Rejects an absolute URL (RFC 9112, section 3.2.2) that is not the URL of a web server.
fn check_target(target: &Uri) -> Result<(), Refusal> {
    let is_web = target
        .scheme_str()
        .is_none_or(|scheme| ["http", "https"].contains(&scheme));
    let is_host = target
        .authority()
        .is_none_or(|authority| is_host(authority.as_str().as_bytes()));
    if is_web && is_host {
        return Ok(());
    }
    Err(vec![Fault::at(
        "",
        "the target of the request must be a path, or a URL with http or https and a host",
    )]
    .into())
}

/// Rejects transfer codings that the server cannot decode. hyper checks only the last one.
fn check_coding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(one), None) if one.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(vec![Fault::parameter(
            "Transfer-Encoding",
            "must be chunked or omitted",
        )]
        .into()),
    }
}

/// Whether this is a host by RFC 3986, without user information, and with a valid port if there is
/// one.
fn is_host(value: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(value) else {
        return false;
    };
    let host = authority.host();
    let Some(rest) = authority
        .as_str()
        .strip_prefix(host)
        .filter(|_| !host.is_empty())
    else {
        return false;
    };
    rest.is_empty() || rest == ":" || rest.strip_prefix(':').is_some_and(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The id from the client if it is valid, else the id of its trace, else a new one.
fn request_id(app: &App, headers: &HeaderMap, trace_id: Option<TraceId>) -> String {
    let is_valid = |text: &&str| {
        (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(is_valid);
    let trace_id = || trace_id.map(|id| id.to_string());
    given
        .map(str::to_owned)
        .or_else(trace_id)
        .unwrap_or_else(|| new_id(app))
}

fn new_id(app: &App) -> String {
    let now = app.tracker.clock().now();
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(
        uuid::NoContext,
        seconds,
        now.timestamp_subsec_nanos(),
    ))
    .to_string()
}

/// Adds the headers of every response.
fn add_common_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // The data may change at any moment, and a response is only for the holder of its token. A
    // client may store a response with a tag, but must revalidate it each time. Other responses are
    // not stored. Badges, which are public, set their own header.
    let cache_control = if headers.contains_key(header::ETAG) {
        "private, no-cache"
    } else {
        "no-store"
    };
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(cache_control));
}
