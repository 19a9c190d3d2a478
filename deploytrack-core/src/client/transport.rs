//! Sends requests and reads responses.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder, Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{
    ArchiveNotes, Certificates, Error, ForeignAnswer, ForeignKind, Proxy, ServerAddress,
    TokenSource, links, obstacle::Connection, retry,
};
use crate::{
    api,
    clock::{Clock, SystemClock, Time, format_exact},
    query::Page,
    text::IdempotencyKey,
};

/// The most bytes of a response body: far more than any page has.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The cause for a body that cannot be parsed. The position of the parse error would not help the
/// user.
pub(super) const UNREADABLE: &str = "it cannot be read by this version";

/// The settings of a client.
#[derive(Clone)]
pub struct ClientSettings {
    /// The server's address, such as `http://127.0.0.1:3000`. A path in it is the prefix of every path of the API. See
    /// [`ServerAddress`].
    pub url: String,
    /// The bearer token, if there is one.
    pub token: Option<String>,
    /// The timeout of the connection, and of each response.
    pub timeout: Duration,
    /// The `User-Agent`, for the server's log.
    pub user_agent: String,
    /// Certificates that are trusted in addition to those of the machine.
    pub certificates: Certificates,
    /// The proxy for every request. The client does not read environment variables such as
    /// `HTTPS_PROXY`.
    pub proxy: Option<Proxy>,
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSettings")
            .field("url", &self.url)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The client of one server. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: ServerAddress,
    timeout: Duration,
    by_proxy: bool,
    certificates_given: bool,
    key: Option<IdempotencyKey>,
    clock: Arc<dyn Clock>,
    not_before: Option<Time>,
    resembles: Arc<Mutex<Vec<(String, String)>>>,
    archive_notes: Arc<Mutex<ArchiveNotes>>,
    tokens: Option<Arc<dyn TokenSource>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.address.as_str())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A response: its value, and its JSON text from the server.
#[derive(Clone, Debug)]
pub struct ApiResponse<T> {
    /// The value of the body.
    pub value: T,
    /// The JSON text of the body, including fields that this version of the client does not know.
    pub text: String,
    /// Whether it is the stored response to an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// A stream of newline-delimited JSON.
pub struct Export {
    response: Response,
    client: Client,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export")
            .field("url", &self.client.url())
            .finish_non_exhaustive()
    }
}

impl Export {
    /// Waits for the next chunk, of any length; `None` at the end. A chunk may end in the middle of
    /// a line.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let chunk = self
            .response
            .chunk()
            .await
            .map_err(|error| self.client.transport(error))?;
        Ok(chunk.map(|bytes| bytes.to_vec()))
    }
}

impl Client {
    /// Creates a client, without connecting.
    ///
    /// # Errors
    /// [`Error::Setup`] when the address, the token or the proxy is invalid, or the machine has no root certificates for an
    /// `https` address.
    pub fn new(settings: ClientSettings) -> Result<Self, Error> {
        let address: ServerAddress = settings
            .url
            .parse()
            .map_err(|error| Error::Setup(format!("the address of the server {error}")))?;
        let mut builder = reqwest::Client::builder()
            .user_agent(settings.user_agent)
            .default_headers(headers(settings.token.as_deref())?)
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(settings.timeout)
            .read_timeout(settings.timeout);
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(proxy.for_requests()?);
        }
        let by_tls =
            address.is_encrypted() || settings.proxy.as_ref().is_some_and(Proxy::is_encrypted);
        builder = if by_tls {
            let config = settings
                .certificates
                .config()
                .map_err(|error| no_roots(&address, &error))?;
            builder.tls_backend_preconfigured(config)
        } else {
            // A client without TLS must also work on a machine without root certificates.
            builder.tls_certs_only([])
        };
        let http = builder.build().map_err(|error| {
            Error::Setup(format!("cannot prepare connections to {address}: {error}"))
        })?;
        Ok(Self {
            http,
            address,
            timeout: settings.timeout,
            by_proxy: settings.proxy.is_some(),
            certificates_given: !settings.certificates.is_empty(),
            key: None,
            clock: Arc::new(SystemClock),
            not_before: None,
            resembles: Arc::default(),
            archive_notes: Arc::default(),
            tokens: None,
        })
    }

    /// A client whose requests have tokens of this source, in place of a fixed token.
    #[must_use]
    pub fn with_token_source(self, tokens: Arc<dyn TokenSource>) -> Self {
        Self {
            tokens: Some(tokens),
            ..self
        }
    }

    /// A client that sends its writes with this idempotency key, for a caller that may repeat a
    /// write. Use it for one write. Without this, every write gets a random key.
    #[must_use]
    pub fn with_idempotency_key(&self, key: IdempotencyKey) -> Self {
        Self {
            key: Some(key),
            ..self.clone()
        }
    }

    /// A client with another clock. Every POST and PATCH except an import sends the current time of
    /// the clock, from which the server converts the times in the body.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// A client for a write that was queued. The time that it sends is never before `time`, even if
    /// the clock was set back since then.
    #[must_use]
    pub fn not_before(&self, time: Option<Time>) -> Self {
        Self {
            not_before: time,
            ..self.clone()
        }
    }

    /// The server's address, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        self.address.as_str()
    }

    /// The server's address.
    #[must_use]
    pub const fn address(&self) -> &ServerAddress {
        &self.address
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<ApiResponse<T>, Error> {
        retry::ask(|| self.answer(self.request(Method::GET, path, query).timeout(self.timeout)))
            .await
    }

    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: &Value,
    ) -> Result<ApiResponse<T>, Error> {
        let key = self.key(&method);
        retry::send(|| {
            let request = self
                .request(method.clone(), path, query)
                .timeout(self.timeout)
                .json(body);
            self.answer(self.with_sent_at(with_key(request, key.as_ref())))
        })
        .await
    }

    pub(super) async fn send_lines<T: DeserializeOwned>(
        &self,
        path: &str,
        lines: Vec<u8>,
    ) -> Result<ApiResponse<T>, Error> {
        let key = self.key(&Method::POST);
        let lines = Bytes::from(lines);
        retry::send(|| {
            let request = self
                .request(Method::POST, path, &[])
                .header(CONTENT_TYPE, "application/x-ndjson")
                .body(lines.clone());
            self.answer(with_key(request, key.as_ref()))
        })
        .await
    }

    /// Adds the current time to a request. Every retry gets a new time.
    fn with_sent_at(&self, request: RequestBuilder) -> RequestBuilder {
        let now = self.clock.now();
        let sent_at = self.not_before.map_or(now, |time| time.max(now));
        request.header(api::SENT_AT, format_exact(&sent_at))
    }

    /// The idempotency key of a write and all its retries. PUT and DELETE need none: they are
    /// idempotent.
    fn key(&self, method: &Method) -> Option<IdempotencyKey> {
        let needed = matches!(*method, Method::POST | Method::PATCH);
        needed
            .then(|| {
                self.key
                    .clone()
                    .or_else(|| IdempotencyKey::new(Uuid::new_v4().to_string()).ok())
            })
            .flatten()
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), Error> {
        let delete = || {
            self.response(
                self.request(Method::DELETE, path, &[])
                    .timeout(self.timeout),
            )
        };
        retry::ask(delete).await.map(drop)
    }

    pub(super) async fn stream(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Export, Error> {
        let response = self
            .response(self.request(Method::GET, path, query).header(ACCEPT, "*/*"))
            .await?;
        Ok(Export {
            response,
            client: self.clone(),
        })
    }

    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
    ) -> RequestBuilder {
        let mut url = self.address.with_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url)
    }

    /// Reads a page, with the links from its header. A proxy may remove the header: the next page is
    /// then the one that the body names.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<ApiResponse<Page<T>>, Error> {
        let ask = || self.response(self.request(Method::GET, path, query).timeout(self.timeout));
        let response = retry::ask(ask).await?;
        let mut links = links::read(response.headers()).map_err(|why| self.foreign(&why))?;
        let mut answer: ApiResponse<Page<T>> = self.read(response).await?;
        if let (None, Some(next)) = (links.next, &answer.value.next) {
            links.next = Some(links::page(next).map_err(|why| self.foreign(&why))?);
        }
        answer.value.links = links;
        Ok(answer)
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<ApiResponse<T>, Error> {
        self.read(self.response(request).await?).await
    }

    /// Takes the kinds and the known names that are similar to newly registered names, if the
    /// server's name guard only warns: from every response to this client and its clones since the
    /// last call.
    #[must_use]
    pub fn take_resemblances(&self) -> Vec<(String, String)> {
        std::mem::take(
            &mut self
                .resembles
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Takes the notes about archived records: from every response to this client and its clones
    /// since the last call.
    #[must_use]
    pub fn take_archive_notes(&self) -> ArchiveNotes {
        std::mem::take(
            &mut self
                .archive_notes
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn note_headers(&self, headers: &HeaderMap) {
        self.archive_notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(headers);
        if let Some(known) = headers.get(api::RESEMBLES) {
            let known = url::form_urlencoded::parse(known.as_bytes()).into_owned();
            self.resembles
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(known);
        }
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<ApiResponse<T>, Error> {
        let replayed = response.headers().contains_key(api::IDEMPOTENCY_REPLAYED);
        self.note_headers(response.headers());
        self.check_type(&response)?;
        let body = self.body(response).await?;
        let text = String::from_utf8(body).map_err(|_| self.foreign(&UNREADABLE))?;
        let value = serde_json::from_str(&text).map_err(|_| self.foreign(&UNREADABLE))?;
        Ok(ApiResponse {
            value,
            text,
            replayed,
        })
    }

    /// Rejects an HTML page, for which a parse error would be misleading.
    pub(super) fn check_type(&self, response: &Response) -> Result<(), Error> {
        let found = header(response, &CONTENT_TYPE).unwrap_or_default();
        let found = found.split(';').next().unwrap_or_default().trim();
        if !matches!(found, "text/html" | "application/xhtml+xml") {
            return Ok(());
        }
        let why = format!(
            "{} answered with an HTML page ({found}), not as a deploytrack server does",
            self.url()
        );
        Err(Error::Unreadable(ForeignAnswer::new(
            ForeignKind::Page,
            why,
        )))
    }

    pub(super) fn foreign(&self, why: &dyn fmt::Display) -> Error {
        let why = format!(
            "{} gave an answer that is not from a deploytrack server: {why}",
            self.url()
        );
        Error::Unreadable(ForeignAnswer::new(ForeignKind::Other, why))
    }

    /// The error of a redirect. The client does not follow it, since it sends the token only to the
    /// given address.
    fn redirect(&self, requested: &Url, to: &str) -> Error {
        let target = requested.join(to).ok();
        let path = self.address.with_path("");
        let own = requested
            .path()
            .strip_prefix(path.path().trim_end_matches('/'))
            .unwrap_or_default();
        let server = target.and_then(|mut target| {
            let path = target.path().strip_suffix(own).map(str::to_owned);
            // A redirect to another path leads to a login or to a page.
            target.set_path(&path?);
            target.set_query(None);
            target.set_fragment(None);
            target.as_str().parse::<ServerAddress>().ok()
        });
        let server = server.filter(|server| *server != self.address);
        let shown = to.split(['?', '#']).next().unwrap_or_default();
        let why = format!(
            "{} redirects to {shown}, which is not followed: the token is sent only to the given address",
            self.url()
        );
        let kind = server.map_or(ForeignKind::Page, |server| {
            ForeignKind::Redirect(server.to_string())
        });
        Error::Unreadable(ForeignAnswer::new(kind, why))
    }

    /// Sends a request with a token, and converts every response except a success to an error. A
    /// request whose token the source can replace is sent once more.
    pub(super) async fn response(&self, request: RequestBuilder) -> Result<Response, Error> {
        let Some(tokens) = &self.tokens else {
            return self.successful(request).await;
        };
        // Boxed: it contains two requests, and most clients have no source.
        Box::pin(self.response_with(tokens.as_ref(), request)).await
    }

    async fn response_with(
        &self,
        tokens: &dyn TokenSource,
        request: RequestBuilder,
    ) -> Result<Response, Error> {
        let token = tokens.token().await?;
        let again = request.try_clone();
        match (
            self.successful(with_token(request, token.as_deref())?)
                .await,
            again,
        ) {
            (Err(Error::Unauthorised(problem)), Some(again)) if problem.status == 401 => {
                match tokens.after_rejection(token.as_deref()).await? {
                    Some(token) => self.successful(with_token(again, Some(&token))?).await,
                    None => Err(Error::Unauthorised(problem)),
                }
            }
            (answered, _) => answered,
        }
    }

    /// Sends a request as it is, and converts every response except a success to an error.
    async fn successful(&self, request: RequestBuilder) -> Result<Response, Error> {
        let response = request
            .send()
            .await
            .map_err(|error| self.transport(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if let (true, Some(to)) = (status.is_redirection(), header(&response, &LOCATION)) {
            return Err(self.redirect(response.url(), &to));
        }
        let content_type = header(&response, &CONTENT_TYPE).unwrap_or_default();
        // The header may also have a date instead of seconds. A date is ignored, since clocks
        // differ.
        let retry_after = header(&response, &RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let body = self.body(response).await?;
        Err(Error::from_response(
            self.url(),
            status,
            &content_type,
            retry_after,
            &body,
        ))
    }

    pub(super) async fn body(&self, response: Response) -> Result<Vec<u8>, Error> {
        self.body_up_to(response, MOST_BYTES).await
    }

    /// Reads a body of at most this many bytes.
    pub(super) async fn body_up_to(
        &self,
        mut response: Response,
        most: usize,
    ) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.transport(error))?
        {
            if body.len() + chunk.len() > most {
                return Err(self.foreign(&format!("it is larger than {} KiB", most / 1024)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(super) fn transport(&self, error: reqwest::Error) -> Error {
        let connection = Connection {
            address: &self.address,
            by_proxy: self.by_proxy,
            certificates_given: self.certificates_given,
        };
        Error::from_transport(connection, self.timeout, error)
    }
}

fn with_key(request: RequestBuilder, key: Option<&IdempotencyKey>) -> RequestBuilder {
    key.into_iter().fold(request, |request, key| {
        request.header(api::IDEMPOTENCY_KEY, key.as_str())
    })
}

fn header(response: &Response, name: &reqwest::header::HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

fn headers(token: Option<&str>) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/json, application/problem+json"),
    );
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, bearer(token)?);
    }
    Ok(headers)
}

fn with_token(request: RequestBuilder, token: Option<&str>) -> Result<RequestBuilder, Error> {
    Ok(match token {
        Some(token) => request.header(AUTHORIZATION, bearer(token)?),
        None => request,
    })
}

/// The value of the header with a token (RFC 6750, section 2.1).
fn bearer(token: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
        Error::Setup("the token has invalid characters, such as a line break".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The error of a machine that trusts no authority, so that no certificate can be checked.
fn no_roots(address: &ServerAddress, error: &dyn fmt::Display) -> Error {
    let why = "an https server needs root certificates (the package ca-certificates) or a given certificate";
    Error::Setup(format!(
        "cannot prepare connections to {address}: {error}; {why}"
    ))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::{TcpListener, TcpStream},
        thread::{self, JoinHandle},
    };

    use super::*;

    fn client(url: &str, token: &str) -> Result<Client, Error> {
        let (url, token) = (url.to_owned(), Some(token.to_owned()));
        Client::new(ClientSettings {
            url,
            token,
            timeout: Duration::from_secs(1),
            user_agent: "test".to_owned(),
            certificates: Certificates::default(),
            proxy: None,
        })
    }

    #[test]
    fn the_path_of_an_address_is_the_prefix_of_every_path() {
        let request = client("http://host/tracker/", "t").unwrap().request(
            Method::GET,
            "/api/v1/deployments",
            &[("take", "1".to_owned())],
        );
        assert_eq!(
            request.build().unwrap().url().as_str(),
            "http://host/tracker/api/v1/deployments?take=1"
        );
    }

    #[test]
    fn an_invalid_address_is_rejected() {
        for url in [
            "",
            "host:3000",
            "ftp://host",
            "http://me:secret@host",
            "http://host/?a=secret",
        ] {
            let error = client(url, "t").unwrap_err();
            assert!(
                matches!(&error, Error::Setup(why) if !why.contains("secret")),
                "{url}: {error}"
            );
        }
    }

    /// A source with one token, and another one after its rejection.
    struct Two;

    impl TokenSource for Two {
        fn token(&self) -> super::super::TokenFuture<'_> {
            Box::pin(async { Ok(Some("one".to_owned())) })
        }

        fn after_rejection<'a>(
            &'a self,
            rejected: Option<&'a str>,
        ) -> super::super::TokenFuture<'a> {
            Box::pin(async move { Ok((rejected == Some("one")).then(|| "two".to_owned())) })
        }
    }

    /// A server that accepts only this token, and its address. It returns the tokens it was sent.
    fn server(accepted: &'static str, requests: usize) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = move || {
            let answer = |mut stream: TcpStream| {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut line, mut token) = (String::new(), String::new());
                while reader.read_line(&mut line).unwrap() > 2 {
                    if let Some(found) = line.strip_prefix("authorization: Bearer ") {
                        token = found.trim().to_owned();
                    }
                    line.clear();
                }
                let (status, body) = if token == accepted {
                    ("200 OK", r#"{"status":"ok"}"#)
                } else {
                    ("401 Unauthorized", "{}")
                };
                let length = body.len();
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
                    .unwrap();
                token
            };
            let streams = listener.incoming().take(requests);
            streams.map(|stream| answer(stream.unwrap())).collect()
        };
        (url, thread::spawn(serve))
    }

    #[tokio::test]
    async fn a_rejected_token_of_a_source_is_replaced_once() {
        for (accepted, is_ok) in [("two", true), ("three", false)] {
            let (url, sent) = server(accepted, 2);
            let client = client(&url, "fixed").unwrap();
            let client = client.with_token_source(Arc::new(Two));
            assert_eq!(client.health().await.is_ok(), is_ok, "{accepted}");
            assert_eq!(sent.join().unwrap(), ["one", "two"]);
        }
    }

    #[test]
    fn the_token_never_appears_in_debug_or_errors() {
        let shown = format!(
            "{:?} {}",
            client("http://host", "hush").unwrap(),
            client("http://host", "hush\n").unwrap_err()
        );
        assert!(!shown.contains("hush"), "{shown}");
    }
}
