//! An issuer of identity tokens: a real https server with the discovery document and the JSON Web
//! Key Set of OpenID Connect Discovery 1.0, in a thread of its own.
//!
//! It rotates its keys, fails, is slow and answers wrongly on request, and counts what it is asked.
//! [`claims`] has the documented claims of CI systems.

pub mod claims;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use rcgen::{CertifiedKey, KeyPair, PKCS_RSA_SHA256, RsaKeySize, generate_simple_self_signed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::oneshot,
    time::sleep,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// The path of the discovery document, below the path of the issuer.
const DISCOVERY: &str = "/.well-known/openid-configuration";
/// The path of the keys, below the path of the issuer.
const KEYS: &str = "/keys";
/// The path where a job asks for its token, as GitHub's runner does.
const MINT: &str = "/mint";
/// The most bytes of the head of a request.
const MOST_OF_HEAD: usize = 16 * 1024;

/// The answer of an issuer to a request for one of its documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// The document.
    #[default]
    Document,
    /// The status 503.
    Outage,
    /// The connection ends without an answer.
    HangUp,
    /// The document after this time.
    Slow(Duration),
    /// This body with the status 200.
    Body(String),
    /// A redirect to this address.
    Redirect(String),
}

/// How often an issuer was asked for its documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Requests for the discovery document.
    pub discovery: usize,
    /// Requests for the keys.
    pub keys: usize,
    /// Requests of jobs for a token.
    pub mint: usize,
}

/// A key that signs, with its public half as it is published.
struct SigningKey {
    algorithm: Algorithm,
    id: String,
    private: EncodingKey,
    public: Value,
}

impl SigningKey {
    fn new(algorithm: Algorithm, id: String) -> Self {
        let private = if algorithm == Algorithm::ES256 {
            let pair = KeyPair::generate().unwrap();
            EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap()
        } else {
            let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
            EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap()
        };
        let jwk = Jwk::from_encoding_key(&private, algorithm).unwrap();
        let mut public = serde_json::to_value(jwk).unwrap();
        public["kid"] = json!(id);
        public["use"] = json!("sig");
        Self {
            algorithm,
            id,
            private,
            public,
        }
    }
}

struct State {
    /// The newest key comes last and signs.
    keys: Vec<SigningKey>,
    made: usize,
    discovery: Behaviour,
    key_set: Behaviour,
    requests: Requests,
    /// The claims of the tokens that a job may ask for.
    job: Option<Value>,
}

/// A running issuer. It stops when this value is dropped.
pub struct Issuer {
    url: String,
    folder: TempDir,
    state: Arc<Mutex<State>>,
    _stop: oneshot::Sender<()>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::start()
    }
}

impl Issuer {
    /// The secret with which a job asks for its token.
    pub const JOB_SECRET: &str = "the-secret-of-the-job";

    /// Starts an issuer without a path in its URL, as GitHub and GitLab have it. It signs by RS256.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with_path("")
    }

    /// Starts an issuer with a path in its URL, such as `/api/actions`, which Forgejo has.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn with_path(path: &str) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("issuer.pem"), cert.pem()).unwrap();
        let acceptor = acceptor(&cert.pem(), &signing_key.serialize_pem());
        let state = Arc::new(Mutex::new(State {
            keys: vec![SigningKey::new(Algorithm::RS256, "key-1".to_owned())],
            made: 1,
            discovery: Behaviour::default(),
            key_set: Behaviour::default(),
            requests: Requests::default(),
            job: None,
        }));
        let (stop, stopped) = oneshot::channel();
        let (sender, receiver) = mpsc::channel();
        let (served, below) = (state.clone(), path.to_owned());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let port = listener.local_addr().unwrap().port();
                let url = format!("https://localhost:{port}{below}");
                sender.send(url.clone()).unwrap();
                tokio::select! {
                    () = accept(listener, acceptor, url, served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            url: receiver.recv().unwrap(),
            folder,
            state,
            _stop: stop,
        }
    }

    /// The URL, which is the `iss` of its tokens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file with the certificate of the issuer, for `--oidc-ca-file`.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("issuer.pem")
    }

    /// The URL of its keys, for `--jwt-key`.
    #[must_use]
    pub fn keys_url(&self) -> String {
        format!("{}{KEYS}", self.url)
    }

    /// Writes the file for `--oidc-file`, which trusts this issuer for this audience with these
    /// `[[oidc.rule]]` tables. `{issuer}` in them is the URL of the issuer.
    ///
    /// # Panics
    /// When the file cannot be written.
    #[must_use]
    pub fn settings(&self, audience: &str, rules: &str) -> PathBuf {
        let (url, path) = (&self.url, self.folder.path().join("oidc.toml"));
        let rules = rules.replace("{issuer}", url);
        let issuer = format!("[[oidc.issuer]]\nurl = \"{url}\"\naudiences = [\"{audience}\"]\n");
        std::fs::write(&path, format!("{issuer}\n{rules}")).unwrap();
        path
    }

    /// The folder with the files of the issuer.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Signs claims with the newest key. `iss` is the issuer's unless the claims have another one.
    ///
    /// # Panics
    /// When signing fails.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.state(|state| sign(state, &self.url, claims))
    }

    /// Signs claims with the newest key, and does not add `iss`.
    ///
    /// # Panics
    /// When signing fails.
    #[must_use]
    pub fn sign_exactly(&self, claims: &Value) -> String {
        self.state(|state| {
            let key = state.keys.last().unwrap();
            let header = Header {
                kid: Some(key.id.clone()),
                ..Header::new(key.algorithm)
            };
            jsonwebtoken::encode(&header, claims, &key.private).unwrap()
        })
    }

    /// Signs claims with a header that names another key.
    ///
    /// # Panics
    /// When signing fails.
    #[must_use]
    pub fn sign_as(&self, kid: Option<&str>, claims: &Value) -> String {
        let algorithm = self.state(|state| state.keys.last().unwrap().algorithm);
        let header = Header {
            kid: kid.map(str::to_owned),
            ..Header::new(algorithm)
        };
        self.sign_with(&header, claims)
    }

    /// Signs claims with this header and the newest key.
    ///
    /// # Panics
    /// When signing fails.
    #[must_use]
    pub fn sign_with(&self, header: &Header, claims: &Value) -> String {
        self.state(|state| {
            let key = state.keys.last().unwrap();
            jsonwebtoken::encode(header, &of_issuer(&self.url, claims), &key.private).unwrap()
        })
    }

    /// Adds a key, which signs from now on. The former keys stay published.
    pub fn add_key(&self) {
        self.add_key_for(Algorithm::RS256);
    }

    /// Adds a key for RS256 or ES256, which signs from now on.
    pub fn add_key_for(&self, algorithm: Algorithm) {
        self.state(|state| {
            state.made += 1;
            let key = SigningKey::new(algorithm, format!("key-{}", state.made));
            state.keys.push(key);
        });
    }

    /// Withdraws all keys but the newest one.
    pub fn withdraw_former_keys(&self) {
        self.state(|state| drop(state.keys.drain(..state.keys.len() - 1)));
    }

    /// The JSON Web Key Set that it publishes.
    #[must_use]
    pub fn key_set(&self) -> Value {
        self.state(|state| key_set(state))
    }

    /// Sets the answer to requests for the discovery document.
    pub fn answer_discovery(&self, behaviour: Behaviour) {
        self.state(|state| state.discovery = behaviour);
    }

    /// Sets the answer to requests for the keys.
    pub fn answer_keys(&self, behaviour: Behaviour) {
        self.state(|state| state.key_set = behaviour);
    }

    /// How often it was asked for its documents.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.state(|state| state.requests)
    }

    /// Sets the claims of the tokens that a job gets at [`Issuer::mint_url`].
    pub fn serve_job(&self, claims: Value) {
        self.state(|state| state.job = Some(claims));
    }

    /// The address where a job asks for its token with `&audience=` and the bearer token
    /// [`Issuer::JOB_SECRET`], as GitHub and Forgejo give it in `ACTIONS_ID_TOKEN_REQUEST_URL`.
    #[must_use]
    pub fn mint_url(&self) -> String {
        format!("{}{MINT}?api-version=2.0", self.url)
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The claims with the `iss` of this issuer, if they have none.
fn of_issuer(url: &str, claims: &Value) -> Value {
    let mut claims = claims.clone();
    if let Some(claims) = claims.as_object_mut() {
        claims.entry("iss").or_insert_with(|| json!(url));
    }
    claims
}

fn sign(state: &State, url: &str, claims: &Value) -> String {
    let key = state.keys.last().unwrap();
    let header = Header {
        kid: Some(key.id.clone()),
        ..Header::new(key.algorithm)
    };
    jsonwebtoken::encode(&header, &of_issuer(url, claims), &key.private).unwrap()
}

fn key_set(state: &State) -> Value {
    let keys: Vec<_> = state.keys.iter().map(|key| key.public.clone()).collect();
    json!({ "keys": keys })
}

fn acceptor(certificate: &str, key: &str) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    url: String,
    state: Arc<Mutex<State>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, url, state) = (acceptor.clone(), url.clone(), state.clone());
        tokio::spawn(async move {
            // A client that does not trust the certificate disconnects; tests expect that.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let Some(head) = head(&mut stream).await else {
                return;
            };
            if let Some(answer) = answer(&head, &url, &state).await {
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
    }
}

/// Reads the head of a request, up to the empty line.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < MOST_OF_HEAD {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// The answer to a request, or `None` to hang up.
async fn answer(head: &str, url: &str, state: &Mutex<State>) -> Option<String> {
    let target = head.split(' ').nth(1)?;
    let below = url
        .splitn(4, '/')
        .nth(3)
        .map_or(String::new(), |path| format!("/{path}"));
    let path = target.strip_prefix(below.as_str()).unwrap_or("/");
    let (behaviour, document) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match path.split('?').next()? {
            DISCOVERY => {
                state.requests.discovery += 1;
                (state.discovery.clone(), discovery(url))
            }
            KEYS => {
                state.requests.keys += 1;
                (state.key_set.clone(), key_set(&state))
            }
            MINT => {
                state.requests.mint += 1;
                return Some(mint(head, target, url, &state));
            }
            _ => return Some(response("404 Not Found", "", "{}")),
        }
    };
    perform(behaviour, &document.to_string()).await
}

async fn perform(behaviour: Behaviour, document: &str) -> Option<String> {
    match behaviour {
        Behaviour::Document => Some(response("200 OK", "", document)),
        Behaviour::Outage => Some(response("503 Service Unavailable", "", "{}")),
        Behaviour::HangUp => None,
        Behaviour::Slow(time) => {
            sleep(time).await;
            Some(response("200 OK", "", document))
        }
        Behaviour::Body(body) => Some(response("200 OK", "", &body)),
        Behaviour::Redirect(to) => Some(response("302 Found", &format!("location: {to}\r\n"), "")),
    }
}

fn response(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The discovery document of an issuer.
#[must_use]
pub fn discovery(url: &str) -> Value {
    json!({
        "issuer": url,
        "jwks_uri": format!("{url}{KEYS}"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    })
}

/// The token of a job, for the audience in the query.
fn mint(head: &str, target: &str, url: &str, state: &State) -> String {
    let bearer = format!("authorization: bearer {}", Issuer::JOB_SECRET);
    let is_the_job = head.lines().any(|line| line.eq_ignore_ascii_case(&bearer));
    let (true, Some(claims)) = (is_the_job, &state.job) else {
        return response("401 Unauthorized", "", r#"{"message":"unauthorized"}"#);
    };
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut claims = claims.clone();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name == "audience" {
            claims["aud"] = json!(value);
        }
    }
    let body = json!({ "value": sign(state, url, &claims), "count": 1 });
    response("200 OK", "", &body.to_string())
}
