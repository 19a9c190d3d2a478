//! The TLS handshake of a connection. It runs in the task of the connection, which counts for the
//! limits from the beginning.

use std::{future::poll_fn, io, time::Duration};

use tokio::{
    io::{AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{ObservedStream, Served, linger};
use crate::{connections::Connection, refusal::Refusal, tls::Tls};

/// The time for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The first byte of a handshake (RFC 8446, section 5.1).
const RECORD: u8 = 22;

impl Served {
    /// Makes the handshake. Returns `None` when the client does not speak TLS, ends the handshake,
    /// or takes too long.
    pub(super) async fn shake_hands(
        &self,
        stream: TcpStream,
        tls: &Tls,
    ) -> Option<TlsStream<ObservedStream>> {
        match timeout(HANDSHAKE, self.try_handshake(stream, tls)).await {
            Ok(Ok(stream)) => return stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, address = %self.peer.address, "a TLS handshake failed");
            }
            Err(_) => {
                tracing::debug!(address = %self.peer.address, "a TLS handshake took too long");
            }
        }
        None
    }

    async fn try_handshake(
        &self,
        stream: TcpStream,
        tls: &Tls,
    ) -> io::Result<Option<TlsStream<ObservedStream>>> {
        match first_byte(&stream, &self.connection).await? {
            Some(RECORD) => {
                let acceptor = TlsAcceptor::from(tls.config());
                acceptor.accept(self.observed(stream)).await.map(Some)
            }
            // A method of HTTP.
            Some(letter) if letter.is_ascii_uppercase() => {
                self.refuse_http(stream).await.map(|()| None)
            }
            _ => Ok(None),
        }
    }

    /// Answers a request that was sent by http.
    async fn refuse_http(&self, mut stream: TcpStream) -> io::Result<()> {
        tracing::debug!(address = %self.peer.address, "a plain HTTP request was sent to the listener for https");
        let message = Refusal::PlainHttp.into_message();
        stream.write_all(message.as_bytes()).await?;
        self.connection.begin_end();
        linger(stream, &self.stop).await;
        Ok(())
    }
}

/// The first byte of a connection, which stays unread; `None` at the end.
async fn first_byte(stream: &TcpStream, connection: &Connection) -> io::Result<Option<u8>> {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    let peek = poll_fn(|cx| {
        let peeked = stream.poll_peek(cx, &mut buffer);
        if peeked.is_pending() {
            connection.waited();
        }
        peeked
    });
    peek.await?;
    Ok(buffer.filled().first().copied())
}
