//! The check of `deploytrack-server healthcheck`: whether a running server is ready.
//!
//! Over https any certificate is accepted: the check sends no secret, and it reaches the server at an
//! address of the machine, which the certificate need not name. A server with an expired certificate
//! is ready; a restart would not renew it.

mod any_certificate;

use std::{fmt, io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use deploytrack_core::api::{Problem, Readiness};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

/// The most bytes of an answer.
const MOST_BYTES: usize = 64 * 1024;

/// The address of a check.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The address of the listener.
    pub address: SocketAddr,
    /// Whether the listener is for https.
    pub is_https: bool,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.address)
    }
}

/// The error when a server is not ready, or cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("the server at {target} {reason}")]
pub struct NotReady {
    target: Target,
    reason: Reason,
}

/// The end of a sentence about the server.
#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("cannot be reached: {0}")]
    Unreachable(io::Error),
    #[error("did not answer within {}", humantime::format_duration(*.0))]
    Late(Duration),
    #[error("is not ready: {0}")]
    Refused(String),
    #[error("does not answer as a deploytrack server: {0}")]
    Foreign(Box<dyn std::error::Error + Send + Sync>),
}

/// Sends `GET /readyz` to a server, and waits for the answer within a time limit.
///
/// # Errors
/// [`NotReady`] for every other answer than that the server is ready.
pub async fn check(target: Target, limit: Duration) -> Result<(), NotReady> {
    let answer = timeout(limit, ask(target)).await;
    answer
        .unwrap_or(Err(Reason::Late(limit)))
        .map_err(|reason| NotReady { target, reason })
}

async fn ask(target: Target) -> Result<(), Reason> {
    let address = target.address;
    let stream = TcpStream::connect(address)
        .await
        .map_err(Reason::Unreachable)?;
    let answer = if target.is_https {
        let stream = any_certificate::connect(stream, address.ip()).await;
        exchange(address, stream.map_err(Reason::Foreign)?).await
    } else {
        exchange(address, stream).await
    };
    let (status, body) = answer.map_err(Reason::Foreign)?;
    if status == StatusCode::OK
        && serde_json::from_slice::<Readiness>(&body).is_ok_and(|body| body.status == "ready")
    {
        return Ok(());
    }
    Err(match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Reason::Refused(problem.detail),
        Err(_) => Reason::Foreign(format!("the answer to GET /readyz has status {status}").into()),
    })
}

async fn exchange(
    address: SocketAddr,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let request = Request::get("/readyz")
        .header(header::HOST, address.to_string())
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MOST_BYTES).collect();
    Ok((status, body.await?.to_bytes()))
}
