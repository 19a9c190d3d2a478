//! The entrances of the fuzz targets in `fuzz/`. They exist only in builds with `--cfg fuzzing`.

use std::{convert::Infallible, future::Future, sync::Mutex, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deploytrack_core::clock::{Clock as _, SystemClock};
use http::{HeaderMap, HeaderValue, header};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
    runtime::Runtime,
    time::timeout,
};

use crate::{
    App, auth, dispatch,
    token::{Secret, Verifier},
};

/// The room for an answer that is not read yet.
const ROOM: usize = 4 * 1024 * 1024;
/// The time after which an answer that has no end is cut.
const LONGEST: Duration = Duration::from_secs(5);

/// A server that answers requests in this process, without a socket.
pub struct InProcess {
    app: App,
    runtime: Mutex<Runtime>,
}

impl InProcess {
    /// Starts a server of the application that `app` makes.
    ///
    /// # Panics
    /// If no runtime can be started.
    #[expect(clippy::expect_used, reason = "a fuzz target ends by a panic")]
    pub fn start(app: impl Future<Output = App>) -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build().expect("a runtime starts");
        let app = runtime.block_on(app);
        // Streams of events end after their first block.
        app.ending.cancel();
        Self {
            app,
            runtime: Mutex::new(runtime),
        }
    }

    /// The bytes with which the server answers these bytes of a connection.
    ///
    /// # Panics
    /// If an earlier call has panicked.
    #[expect(clippy::expect_used, reason = "a fuzz target ends by a panic")]
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        let runtime = self.runtime.lock().expect("no call has panicked");
        runtime.block_on(self.exchange(request))
    }

    async fn exchange(&self, request: &[u8]) -> Vec<u8> {
        let (mut client, server) = duplex(ROOM);
        let service = service_fn(|request| {
            let app = self.app.clone();
            async move { Ok::<_, Infallible>(dispatch::answer(app, request).await) }
        });
        let serving = http1::Builder::new()
            .half_close(true)
            .serve_connection(TokioIo::new(server), service);
        let asking = async {
            let mut answer = Vec::new();
            if client.write_all(request).await.is_ok() {
                drop(client.shutdown().await);
                drop(client.read_to_end(&mut answer).await);
            }
            answer
        };
        let both = async { tokio::join!(serving, asking).1 };
        timeout(LONGEST, both).await.unwrap_or_default()
    }
}

/// A check of tokens.
pub struct Checker(Verifier);

impl Checker {
    /// A check with the keys of a secret.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self(Verifier::new(secret))
    }

    /// The subject of the token in an `Authorization` header, if it is valid now.
    #[must_use]
    pub fn subject(&self, authorization: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_str(authorization).ok()?,
        );
        let token = auth::bearer_token(&headers).ok()?;
        let claims = self.0.check(token, SystemClock.now()).ok()?;
        Some(claims.subject.as_str().to_owned())
    }

    /// A text in the alphabet of tokens.
    #[must_use]
    pub fn base64(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }
}
