//! How a request goes out and its answer comes in.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use reqwest::{
    Certificate, Method, RequestBuilder, Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::{Host, Url};
use uuid::Uuid;

use super::{Error, links, retry};
use crate::{
    api,
    clock::{Clock, SystemClock, Time, format_exact},
    query::Page,
    text::IdempotencyKey,
};

/// The most bytes of an answer that is read whole: far more than any page can have.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Why an answer is none: which byte of it a parser stumbles over helps nobody.
pub(super) const UNREADABLE: &str = "it cannot be read by this version";

/// What a client is made from.
#[derive(Clone)]
pub struct ClientSettings {
    /// The server's address, such as `http://127.0.0.1:3000`; a path in it is put before every path of the API.
    pub url: String,
    /// The bearer token, if there is one.
    pub token: Option<String>,
    /// How long to wait for a connection, and for each answer.
    pub timeout: Duration,
    /// Who is asking, for the server's log.
    pub user_agent: String,
    /// Certificates in PEM form that an `https` server may be signed by, besides those the machine trusts; empty for none.
    pub extra_roots: Vec<u8>,
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSettings").field("url", &self.url).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The client of one server. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    timeout: Duration,
    key: Option<IdempotencyKey>,
    clock: Arc<dyn Clock>,
    not_before: Option<Time>,
    resembles: Arc<Mutex<Vec<(String, String)>>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.base.as_str()).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// An answer: what it says, and its text as the server wrote it.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// What it says.
    pub value: T,
    /// The JSON text, with fields that this version of the client does not know yet.
    pub text: String,
    /// Whether it is the answer to an earlier request under the same idempotency key, as it was then.
    pub replayed: bool,
}

/// A stream of newline-delimited JSON.
pub struct Export {
    response: Response,
    url: String,
    timeout: Duration,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Export {
    /// The next piece, of any length; `None` at the end. A piece may end in the middle of a line.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let chunk = self.response.chunk().await.map_err(|error| Error::from_transport(&self.url, self.timeout, error))?;
        Ok(chunk.map(|bytes| bytes.to_vec()))
    }
}

impl Client {
    /// Makes a client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Setup`] when the address, the token or the extra roots cannot be used, or the machine has no root
    /// certificates for an `https` address.
    pub fn new(settings: ClientSettings) -> Result<Self, Error> {
        let base = base(&settings.url)?;
        let extra_roots = certificates(&settings.extra_roots)?;
        let mut builder = reqwest::Client::builder()
            .user_agent(settings.user_agent)
            .default_headers(headers(settings.token.as_deref())?)
            .redirect(Policy::none())
            .connect_timeout(settings.timeout)
            .read_timeout(settings.timeout);
        if base.scheme() == "http" {
            // Without TLS no root certificates are needed, and a machine that has none must not be an obstacle.
            builder = builder.tls_certs_only([]);
        } else {
            builder = builder.tls_certs_merge(extra_roots);
        }
        if is_local(&base) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let way_out = if settings.extra_roots.is_empty() {
                "an https address needs root certificates (the package ca-certificates)"
            } else {
                "the extra root certificates must all be whole"
            };
            Error::Setup(format!("cannot prepare connections to {base}: {why}; {way_out}"))
        })?;
        Ok(Self {
            http,
            base,
            timeout: settings.timeout,
            key: None,
            clock: Arc::new(SystemClock),
            not_before: None,
            resembles: Arc::default(),
        })
    }

    /// The client for one write under a key of the caller's own, for a caller who may come again. Every write without one
    /// gets a random key.
    #[must_use]
    pub fn under(&self, key: IdempotencyKey) -> Self {
        Self { key: Some(key), ..self.clone() }
    }

    /// The client with another clock than that of the machine. Every POST and PATCH but an import carries its present, by
    /// which the server reads the times in the body.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The client for a write that has waited: it is never sent at a time before this one, although the clock may have been
    /// set back since.
    #[must_use]
    pub fn not_before(&self, time: Option<Time>) -> Self {
        Self { not_before: time, ..self.clone() }
    }

    /// The server's address.
    #[must_use]
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The server's host and port, as a connection is made to them.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", self.base.host_str().unwrap_or_default(), self.base.port_or_known_default().unwrap_or_default())
    }

    /// Whether what is sent is encrypted on its way.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Whether the server is on this machine. No proxy is used then.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_local(&self.base)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<Answer<T>, Error> {
        self.answer(self.request(Method::GET, path, query).timeout(self.timeout)).await
    }

    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: &Value,
    ) -> Result<Answer<T>, Error> {
        let key = self.key(&method);
        retry::send(|| {
            let request = self.request(method.clone(), path, query).timeout(self.timeout).json(body);
            self.answer(self.stamped(keyed(request, key.as_ref())))
        })
        .await
    }

    pub(super) async fn send_lines<T: DeserializeOwned>(&self, path: &str, lines: Vec<u8>) -> Result<Answer<T>, Error> {
        let key = self.key(&Method::POST);
        let lines = Bytes::from(lines);
        retry::send(|| {
            let request = self.request(Method::POST, path, &[]).header(CONTENT_TYPE, "application/x-ndjson").body(lines.clone());
            self.answer(keyed(request, key.as_ref()))
        })
        .await
    }

    /// The request with the present of this machine; each time that it is sent it has a present of its own.
    fn stamped(&self, request: RequestBuilder) -> RequestBuilder {
        let now = self.clock.now();
        let sent_at = self.not_before.map_or(now, |time| time.max(now));
        request.header(api::SENT_AT, format_exact(&sent_at))
    }

    /// The key of one write, the same for each time it is sent. PUT and DELETE need none: they may be repeated as they
    /// are.
    fn key(&self, method: &Method) -> Option<IdempotencyKey> {
        let needed = matches!(*method, Method::POST | Method::PATCH);
        needed.then(|| self.key.clone().or_else(|| IdempotencyKey::new(Uuid::new_v4().to_string()).ok())).flatten()
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), Error> {
        self.response(self.request(Method::DELETE, path, &[]).timeout(self.timeout)).await.map(drop)
    }

    pub(super) async fn stream(&self, path: &str, query: &[(&str, String)]) -> Result<Export, Error> {
        let response = self.response(self.request(Method::GET, path, query).header(ACCEPT, "*/*")).await?;
        Ok(Export { response, url: self.url().to_owned(), timeout: self.timeout })
    }

    pub(super) fn request(&self, method: Method, path: &str, query: &[(&str, String)]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url)
    }

    /// A page, with the links that come beside its body.
    pub(super) async fn page<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<Answer<Page<T>>, Error> {
        let response = self.response(self.request(Method::GET, path, query).timeout(self.timeout)).await?;
        let links = links::read(response.headers()).map_err(|why| self.foreign(&why))?;
        let mut answer: Answer<Page<T>> = self.read(response).await?;
        answer.value.links = links;
        Ok(answer)
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Answer<T>, Error> {
        self.read(self.response(request).await?).await
    }

    /// The kinds and the known names that newly registered names resemble, where the server's guard only warns: those of
    /// every answer to this client and its clones since they were last taken.
    #[must_use]
    pub fn take_resemblances(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.resembles.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_resemblances(&self, headers: &HeaderMap) {
        if let Some(known) = headers.get(api::RESEMBLES) {
            let known = url::form_urlencoded::parse(known.as_bytes()).into_owned();
            self.resembles.lock().unwrap_or_else(PoisonError::into_inner).extend(known);
        }
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<Answer<T>, Error> {
        let replayed = response.headers().contains_key(api::IDEMPOTENCY_REPLAYED);
        self.note_resemblances(response.headers());
        let body = self.body(response).await?;
        let text = String::from_utf8(body).map_err(|_| self.foreign(&UNREADABLE))?;
        let value = serde_json::from_str(&text).map_err(|_| self.foreign(&UNREADABLE))?;
        Ok(Answer { value, text, replayed })
    }

    pub(super) fn foreign(&self, why: &dyn fmt::Display) -> Error {
        Error::Unreadable(format!("{} gave an answer that is none of a deploytrack server: {why}", self.url()))
    }

    /// Sends the request and lets only a success through.
    pub(super) async fn response(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request.send().await.map_err(|error| self.transport(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if let (true, Some(to)) = (status.is_redirection(), header(&response, &LOCATION)) {
            return Err(Error::Unreadable(format!("{} redirects to {to}; give that server's address instead", self.url())));
        }
        let content_type = header(&response, &CONTENT_TYPE).unwrap_or_default();
        // A date, which the header may also have, is no wait that a command can promise.
        let retry_after = header(&response, &RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let body = self.body(response).await?;
        Err(Error::from_answer(self.url(), status, &content_type, retry_after, &body))
    }

    pub(super) async fn body(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport(error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(Error::Unreadable(format!("the answer of {} is larger than 64 MiB", self.url())));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(super) fn transport(&self, error: reqwest::Error) -> Error {
        Error::from_transport(self.url(), self.timeout, error)
    }
}

fn keyed(request: RequestBuilder, key: Option<&IdempotencyKey>) -> RequestBuilder {
    key.into_iter().fold(request, |request, key| request.header(api::IDEMPOTENCY_KEY, key.as_str()))
}

fn header(response: &Response, name: &reqwest::header::HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

fn headers(token: Option<&str>) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, application/problem+json"));
    if let Some(token) = token {
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Error::Setup("the token has characters that no token has, such as a line break".to_owned()))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// The certificates in a PEM text. A text that has none is a mistake, and not a wish to trust nobody else.
fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, Error> {
    if pem.is_empty() {
        return Ok(Vec::new());
    }
    match Certificate::from_pem_bundle(pem) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(Error::Setup("the extra root certificates hold no certificate in PEM form (-----BEGIN CERTIFICATE-----)".to_owned())),
    }
}

fn base(text: &str) -> Result<Url, Error> {
    // The text itself may hold a password and is not repeated.
    let wrong = |why: &str| Error::Setup(format!("the server's address {why}; an address looks like http://127.0.0.1:3000"));
    let url = Url::parse(text).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong("must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must hold no user name and no password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must end with its path"));
    }
    Ok(url)
}

/// Whether the address is this machine, which no proxy can reach.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str, token: &str) -> Result<Client, Error> {
        let (url, token) = (url.to_owned(), Some(token.to_owned()));
        Client::new(ClientSettings { url, token, timeout: Duration::from_secs(1), user_agent: "test".to_owned(), extra_roots: Vec::new() })
    }

    #[test]
    fn extra_roots_without_a_certificate_are_refused() {
        assert_eq!(certificates(b"").unwrap().len(), 0);
        for pem in ["\n", "no PEM", "-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(certificates(pem.as_bytes()), Err(Error::Setup(_))), "{pem}");
        }
    }

    #[test]
    fn an_address_with_a_path_keeps_it() {
        let request = client("http://host/tracker/", "t").unwrap().request(Method::GET, "/api/v1/deployments", &[("take", "1".to_owned())]);
        assert_eq!(request.build().unwrap().url().as_str(), "http://host/tracker/api/v1/deployments?take=1");
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused() {
        for url in ["", "host:3000", "ftp://host", "http://me:secret@host", "http://host/?a=b"] {
            let error = client(url, "t").unwrap_err();
            assert!(matches!(&error, Error::Setup(why) if !why.contains("secret")), "{url}: {error}");
        }
    }

    #[test]
    fn the_token_never_shows() {
        let shown = format!("{:?} {}", client("http://host", "hush").unwrap(), client("http://host", "hush\n").unwrap_err());
        assert!(!shown.contains("hush"), "{shown}");
    }
}
