//! The check of `deploytrack-server healthcheck`: whether a running server is ready.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use deploytrack_core::api::{Problem, Readiness};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// The most bytes of an answer.
const MOST_BYTES: usize = 64 * 1024;

/// The error when a server is not ready, or cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("the server at http://{address} {reason}")]
pub struct NotReady {
    address: SocketAddr,
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
pub async fn check(address: SocketAddr, limit: Duration) -> Result<(), NotReady> {
    let answer = timeout(limit, ask(address)).await;
    answer
        .unwrap_or(Err(Reason::Late(limit)))
        .map_err(|reason| NotReady { address, reason })
}

async fn ask(address: SocketAddr) -> Result<(), Reason> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(Reason::Unreachable)?;
    let (status, body) = exchange(address, stream).await.map_err(Reason::Foreign)?;
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
    stream: TcpStream,
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
