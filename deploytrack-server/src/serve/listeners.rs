//! The addresses to listen on.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::tls::Tls;

/// Connections that wait to be accepted; the system may allow fewer. When the queue is full, the
/// system drops the first packet of a new connection, and the caller repeats it only after 1, 3 and
/// 7 seconds.
const BACKLOG: u32 = 4096;

/// Opens the address to listen on.
///
/// # Errors
/// Names the address and the way out.
///
/// # Panics
/// Outside a tokio runtime.
pub fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    bind_for(listen, "--listen")
}

/// Opens the address for health checks, where there is one.
///
/// # Errors
/// As [`bind`].
///
/// # Panics
/// As [`bind`].
pub fn bind_health(listen: Option<SocketAddr>) -> io::Result<Option<TcpListener>> {
    match listen {
        Some(listen) => bind_for(listen, "--health-listen").map(Some),
        None => Ok(None),
    }
}

/// Opens the address for metrics, where there is one.
///
/// # Errors
/// As [`bind`].
///
/// # Panics
/// As [`bind`].
pub fn bind_metrics(listen: Option<SocketAddr>) -> io::Result<Option<TcpListener>> {
    match listen {
        Some(listen) => bind_for(listen, "--metrics-listen").map(Some),
        None => Ok(None),
    }
}

fn bind_for(listen: SocketAddr, flag: &str) -> io::Result<TcpListener> {
    listener(listen).map_err(|error| {
        let way_out = match error.kind() {
            io::ErrorKind::AddrInUse => format!("another program listens there; choose another with {flag}, or port 0 for a free one"),
            io::ErrorKind::PermissionDenied => format!("this port is not for everyone; choose one above 1023 with {flag}"),
            io::ErrorKind::AddrNotAvailable => format!("this machine does not have that address; choose another with {flag}"),
            _ => format!("choose another address with {flag}"),
        };
        io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}; {way_out}"))
    })
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A restarted server listens again at once, although connections of the previous one are still
    // closing. On Windows the option would let a second server take over the address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The listeners of a server.
#[derive(Debug)]
pub struct Listeners {
    /// For all requests.
    pub main: TcpListener,
    /// The certificate of that listener, if it is for https.
    pub tls: Option<Tls>,
    /// For `/healthz` and `/readyz` alone, with connections of its own.
    pub health: Option<TcpListener>,
    /// For `/metrics` and `/metrics/cells` alone, without a token, with connections of its own.
    pub metrics: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(main: TcpListener) -> Self {
        Self {
            main,
            tls: None,
            health: None,
            metrics: None,
        }
    }
}

impl Listeners {
    /// The address of the listener for all requests.
    ///
    /// # Errors
    /// The address cannot be read.
    pub fn url(&self) -> io::Result<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.main.local_addr()?))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{net::TcpStream, time::timeout};

    use super::*;

    #[tokio::test]
    async fn many_connections_wait_to_be_accepted_and_none_is_delayed() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        for number in 0..400 {
            // The system repeats a packet that found the queue full after a second.
            let connected = timeout(Duration::from_millis(900), TcpStream::connect(address)).await;
            waiting.push(
                connected
                    .unwrap_or_else(|_| panic!("connection {number} is delayed"))
                    .unwrap(),
            );
        }
    }
}
