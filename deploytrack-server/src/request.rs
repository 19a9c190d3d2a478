//! A request as a handler reads it: the id in the path, the query and the body. All faults are
//! reported at once.

mod query;

use std::time::Duration;

use bytes::Bytes;
use deploytrack_core::{
    api::FromBody,
    error::{Error, Fault},
    json,
    store::DatabaseVersion,
    text::Label,
    tracker::{Terms, Tracker},
};
use http::{HeaderMap, header, request::Parts};
use serde_json::Map;
use tokio::{sync::OwnedSemaphorePermit, task::spawn_blocking, time::timeout};
use uuid::Uuid;

pub(crate) use self::query::Query;
use crate::{
    App,
    arrival::Arrivals,
    auth::Access,
    encoding::AnswerQuota,
    identity::{Audience, Identity},
    limits::BODY_BYTES,
    preconditions,
    proxies::Client,
    quota::{Permit, Quota},
    refusal::{Refusal, Resource, internal},
    request_body::{BodyRules, ReceivedBody, RequestBody},
    request_log::RequestLog,
    token::Claims,
};

/// The least bytes of a body that is parsed on a blocking thread. A smaller body is parsed in about
/// a millisecond.
const LEAST_BLOCKING: usize = 64 * 1024;
/// The longest time that a large body waits for its turn to be parsed.
const PARSER_TIMEOUT: Duration = Duration::from_secs(10);

const JSON: BodyRules = BodyRules {
    types: &["application/json"],
    types_text: "application/json",
    bytes: BODY_BYTES,
    bytes_text: "1 MiB",
};

/// The form of an exchange. An identity token has at most 16 KiB.
const FORM: BodyRules = BodyRules {
    types: &["application/x-www-form-urlencoded"],
    types_text: "application/x-www-form-urlencoded",
    bytes: 32 * 1024,
    bytes_text: "32 KiB",
};

/// The result of matching the path of a request with the table of endpoints.
pub(crate) struct PathMatch {
    /// The text in place of the placeholder of the path, as the client sent it. It is parsed after
    /// the token is checked, so that a client without a token gets no information.
    pub(crate) value: String,
    /// The methods that the path accepts.
    pub(crate) allow: &'static str,
    /// The permission that the endpoint requires.
    pub(crate) access: Access,
}

/// An authorized request.
pub(crate) struct Call {
    app: App,
    path: PathMatch,
    identity: Identity,
    parts: Parts,
    body: RequestBody,
    request_id: String,
    log: RequestLog,
}

impl Call {
    pub(crate) fn new(
        app: App,
        path: PathMatch,
        identity: Identity,
        parts: Parts,
        body: RequestBody,
        (request_id, log): (String, RequestLog),
    ) -> Self {
        Self {
            app,
            path,
            identity,
            parts,
            body,
            request_id,
            log,
        }
    }

    /// The application.
    pub(crate) const fn app(&self) -> &App {
        &self.app
    }

    /// The part of the caller on which an answer may depend.
    pub(crate) fn audience(&self) -> Audience {
        self.identity.audience()
    }

    /// The version of the database, at or after the beginning of the request.
    pub(crate) async fn database_version(&self) -> Result<DatabaseVersion, Error> {
        match self.identity.version() {
            Some(version) => Ok(version),
            None => self.tracker().database_version().await,
        }
    }

    /// The subject of the token, as the author of a write.
    pub(crate) fn author(&self) -> Result<&Label, Refusal> {
        self.identity.author()
    }

    /// The claims of the token.
    pub(crate) fn claims(&self) -> Result<&Claims, Refusal> {
        self.identity.claims()
    }

    /// The subject of the token, whose quotas the request uses.
    pub(crate) fn subject_of_quotas(&self) -> Result<&Label, Refusal> {
        self.identity.subject_of_quotas()
    }

    /// One unit of a quota of the subject, without waiting.
    pub(crate) fn permit(&self, quota: &Quota, resource: Resource) -> Result<Permit, Refusal> {
        let permit = quota.try_acquire(self.subject_of_quotas()?, 1);
        permit.map_err(|exceeded| Refusal::QuotaExceeded(resource, exceeded))
    }

    /// The tracker, which runs the use cases.
    pub(crate) fn tracker(&self) -> &Tracker {
        &self.app.tracker
    }

    /// Waits for the permit to send so many bytes of a large answer.
    pub(crate) async fn answer_permit(&self, bytes: usize) -> Result<Permit, Refusal> {
        AnswerQuota {
            answers: &self.app.answers,
            subject: self.subject_of_quotas()?,
        }
        .acquire(bytes)
        .await
    }

    /// The headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Whether the client is known to use https: with this server, or with a trusted proxy.
    pub(crate) fn is_https(&self) -> bool {
        let client = self.parts.extensions.get::<Client>();
        client.is_some_and(|client| client.is_https)
    }

    /// The path, as the client sent it.
    #[cfg(feature = "dashboard")]
    pub(crate) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The text in place of the placeholder of the path, as the client sent it.
    pub(crate) fn path_value(&self) -> &str {
        &self.path.value
    }

    /// The methods that the path accepts.
    pub(crate) const fn allow(&self) -> &'static str {
        self.path.allow
    }

    /// The permission that the endpoint requires.
    pub(crate) const fn access(&self) -> Access {
        self.path.access
    }

    /// The path and the query, as the client sent them.
    pub(crate) fn target(&self) -> &str {
        self.parts
            .uri
            .path_and_query()
            .map_or("", |target| target.as_str())
    }

    /// The id of the request in the log.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The line of the request in the log.
    pub(crate) const fn log(&self) -> &RequestLog {
        &self.log
    }

    /// The query, for reading its parameters one by one.
    pub(crate) fn query(&self) -> Query {
        Query::of(self.query_text())
    }

    /// The query as the client sent it.
    pub(crate) fn query_text(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// The id in the path, for an endpoint without query parameters.
    pub(crate) fn id(&self) -> Result<Uuid, Vec<Fault>> {
        let mut query = self.query();
        let id = query.path_id(&self.path.value);
        query.finish(id)
    }

    /// Reads the fields of a form of at most 32 KiB, for an endpoint that needs no token.
    pub(crate) async fn form(self) -> Result<Vec<(String, String)>, Refusal> {
        let (headers, arrivals) = (&self.parts.headers, &self.app.arrivals);
        let (body, _reserved) = whole_body(headers, &self.body, &FORM, arrivals).await?;
        let wrong = |_| vec![Fault::at("", "the body is no form")];
        Ok(serde_urlencoded::from_bytes(&body).map_err(wrong)?)
    }

    /// Reads a JSON body and the terms in the headers. `before` is the result for the path and the
    /// query; its faults are reported together with those of the body and the headers.
    pub(crate) async fn read<Q, T: FromBody + Send + 'static>(
        self,
        before: Result<Q, Vec<Fault>>,
    ) -> Result<(Q, T, Terms), Refusal> {
        let ((body, terms), _) = self
            .parse(&JSON, |body, terms| (json::read(body, T::from_body), terms))
            .await?;
        let ((before, body), terms) = both(both(before, body), terms)?;
        Ok((before, body, terms))
    }

    /// Reads as [`Call::read`] does. A missing body is read as an empty object.
    pub(crate) async fn read_if_any<Q, T: FromBody + Send + 'static>(
        self,
        before: Result<Q, Vec<Fault>>,
    ) -> Result<(Q, T, Terms), Refusal> {
        if !self.body.is_empty() {
            return self.read(before).await;
        }
        let terms = preconditions::terms(&self.parts, self.identity.claims()?, &Bytes::new());
        let ((before, body), terms) = both(both(before, T::from_body(Map::new())), terms)?;
        Ok((before, body, terms))
    }

    /// Reads the body within the rules and passes it to `parse`, with the terms in the headers. A
    /// large body is parsed on a blocking thread, because other requests would wait for it
    /// otherwise. The reservation of the body is returned with the result and ends when it is
    /// dropped.
    pub(crate) async fn parse<T: Send + 'static>(
        self,
        rules: &BodyRules,
        parse: impl FnOnce(&Bytes, Result<Terms, Vec<Fault>>) -> T + Send + 'static,
    ) -> Result<(T, Option<OwnedSemaphorePermit>), Refusal> {
        let Self {
            app,
            identity,
            parts,
            body,
            ..
        } = self;
        let (body, reserved) = whole_body(&parts.headers, &body, rules, &app.arrivals).await?;
        let caller = identity.claims()?.clone();
        let bytes = body.len();
        let work = move || {
            (
                parse(&body, preconditions::terms(&parts, &caller, &body)),
                reserved,
            )
        };
        if bytes < LEAST_BLOCKING {
            return Ok(work());
        }
        let parser = timeout(PARSER_TIMEOUT, app.parsers.acquire_owned()).await;
        let parser = parser
            .map_err(|_| Refusal::TooManyBodies)?
            .map_err(internal)?;
        // The thread continues after the client disconnects, so it owns the reservation and the
        // parser's permit.
        let (parsed, _parser) = spawn_blocking(|| (work(), parser))
            .await
            .map_err(internal)?;
        Ok(parsed)
    }
}

async fn whole_body(
    headers: &HeaderMap,
    body: &RequestBody,
    rules: &BodyRules,
    arrivals: &Arrivals,
) -> Result<ReceivedBody, Refusal> {
    if !has_type(headers, rules.types) {
        return Err(Refusal::MediaType(rules.types_text));
    }
    // With Content-Length, a body that is too large is rejected before a byte is read.
    if body.least_bytes() > rules.bytes as u64 {
        return Err(Refusal::TooLarge(rules.bytes_text));
    }
    body.read(rules, arrivals).await
}

/// Both values, or the faults of both.
pub(crate) fn both<A, B>(
    a: Result<A, Vec<Fault>>,
    b: Result<B, Vec<Fault>>,
) -> Result<(A, B), Vec<Fault>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(a.err().into_iter().chain(b.err()).flatten().collect()),
    }
}

/// Whether there is one `Content-Type`, which is among `types` (its parameters are ignored), and no
/// content encoding.
fn has_type(headers: &HeaderMap, types: &[&str]) -> bool {
    let mut all = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(one), None) = (all.next(), all.next()) else {
        return false;
    };
    let Some(essence) = one.to_str().ok().and_then(|text| text.split(';').next()) else {
        return false;
    };
    let plain = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    plain
        && types
            .iter()
            .any(|known| essence.trim().eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_body_has_exactly_one_accepted_media_type() {
        let has = |values: &[&str], encoding: Option<&str>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
            }
            if let Some(encoding) = encoding {
                headers.append(
                    header::CONTENT_ENCODING,
                    HeaderValue::from_str(encoding).unwrap(),
                );
            }
            has_type(&headers, JSON.types)
        };
        assert!(has(&["application/json"], None));
        assert!(has(&["Application/JSON; charset=utf-8"], Some("identity")));
        for wrong in [
            &[][..],
            &["text/plain"],
            &["application/jsonp"],
            &[""],
            &["application/json", "application/json"],
        ] {
            assert!(!has(wrong, None), "{wrong:?}");
        }
        assert!(!has(&["application/json"], Some("gzip")));
    }
}
