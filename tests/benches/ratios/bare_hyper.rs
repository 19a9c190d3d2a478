//! The baseline of reads: a server that answers every request with the same bytes.

use std::{convert::Infallible, fs, net::Ipv4Addr, path::Path, process::Command};

use bytes::Bytes;
use deploytrack_tests::program::Process;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, runtime::Runtime};

/// The argument that starts this program as such a server.
pub(crate) const ARGUMENT: &str = "floor-http";

/// Starts a bare server that returns the answer with this head and body.
pub(crate) fn start(scratch: &Path, head: &str, body: &[u8]) -> Process {
    Process::started(command(scratch, head, body))
}

/// The command that starts that server.
pub(crate) fn command(scratch: &Path, head: &str, body: &[u8]) -> Command {
    let file = scratch.join("answer");
    fs::write(&file, [head.as_bytes(), body].concat()).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(ARGUMENT).arg(file);
    command
}

/// Serves the answer in a file until it is killed.
pub(crate) fn serve(file: &str) {
    let answer = fs::read(file).unwrap();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let (status, headers) = head(std::str::from_utf8(&answer[..end]).unwrap());
    let body = Bytes::copy_from_slice(&answer[end + 4..]);
    Runtime::new().unwrap().block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (headers, body) = (headers.clone(), body.clone());
            let service = service_fn(move |_| {
                let mut response = Response::new(Full::new(body.clone()));
                *response.status_mut() = status;
                response.headers_mut().clone_from(&headers);
                async move { Ok::<_, Infallible>(response) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
}

/// Status and headers of a head, without those that hyper adds.
fn head(text: &str) -> (StatusCode, HeaderMap) {
    let mut lines = text.lines();
    let status = lines
        .next()
        .and_then(|line| line.get(9..12))
        .and_then(|code| code.parse().ok())
        .unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| !["date", "content-length", "transfer-encoding"].contains(name))
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect();
    (status, headers)
}
