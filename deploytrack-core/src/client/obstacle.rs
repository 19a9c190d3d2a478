//! Obstacles: the cause of a failed request, derived from its chain of errors.

use std::{error::Error as StdError, io};

use rustls::{
    AlertDescription, CertificateError, Error as TlsError, InvalidMessage, pki_types::UnixTime,
};

use super::address::ServerAddress;
use crate::clock::format;

/// The cause of a failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// The host name has no address.
    Name,
    /// The connection was refused: no program listens at the port.
    Refused,
    /// There is no route to the host.
    NoRoute,
    /// The connection ended without a response.
    Ended,
    /// The port does not speak TLS, and the address begins with `https`.
    NoTls,
    /// The port does not speak HTTP; it may speak TLS, and the address begins with `http`.
    NoHttp,
    /// The server speaks only HTTP/2.
    Http2Alone,
    /// The server ended the TLS handshake, for this reason.
    HandshakeEnded(String),
    /// The server requires a client certificate.
    ClientCertificate,
    /// The certificate is signed by an authority that is not trusted.
    Untrusted {
        /// Whether certificates were given in addition to the machine's.
        given: bool,
    },
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for other hosts, with these names.
    OtherNames(Vec<String>),
    /// The certificate has no host in `subjectAltName`.
    NoNames,
    /// The certificate cannot be used for another reason.
    BadCertificate,
    /// The proxy cannot be reached.
    Proxy,
    /// The proxy requires a user name and a password.
    ProxyLogin,
    /// The proxy does not connect to the server.
    ProxyRefused,
    /// Another cause.
    Other,
}

impl Obstacle {
    /// Whether a retry may succeed. A certificate, a scheme or a password does not become right by
    /// a retry.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Name
                | Self::Refused
                | Self::NoRoute
                | Self::Ended
                | Self::Proxy
                | Self::ProxyRefused
                | Self::Other
        )
    }
}

/// The cause of a failed request, with the message of the network or the library.
pub(super) struct Failure {
    pub(super) obstacle: Obstacle,
    pub(super) why: String,
}

/// The connection of a request, as far as its errors depend on it.
#[derive(Clone, Copy)]
pub(super) struct Connection<'a> {
    pub(super) address: &'a ServerAddress,
    pub(super) by_proxy: bool,
    pub(super) certificates_given: bool,
}

impl Connection<'_> {
    /// Derives the cause of a failure from its chain of errors.
    pub(super) fn failure(&self, error: &(dyn StdError + 'static)) -> Failure {
        let causes: Vec<_> = std::iter::successors(Some(error), |cause| inner(*cause)).collect();
        let deepest = causes.last().map_or_else(String::new, ToString::to_string);
        let found = self
            .of_proxy(&causes)
            .or_else(|| self.of_tls(&causes))
            .or_else(|| of_http(&causes))
            .or_else(|| of_network(&causes));
        match found {
            Some((obstacle, Some(why))) => Failure { obstacle, why },
            Some((obstacle, None)) => Failure {
                obstacle,
                why: deepest,
            },
            None => Failure {
                obstacle: Obstacle::Other,
                why: deepest,
            },
        }
    }

    fn of_proxy(&self, causes: &[&(dyn StdError + 'static)]) -> Option<(Obstacle, Option<String>)> {
        if !self.by_proxy {
            return None;
        }
        let has = |text: &str| causes.iter().any(|cause| cause.to_string().contains(text));
        if has("proxy authorization required") || has("authentication") {
            return Some((
                Obstacle::ProxyLogin,
                Some("the proxy requires a user name and a password".to_owned()),
            ));
        }
        if has("tunnel error: unsuccessful")
            || has("tunnel error: unexpected")
            || has("SOCKS error") && !has("underlying connection")
        {
            return Some((
                Obstacle::ProxyRefused,
                Some("the proxy does not connect to it".to_owned()),
            ));
        }
        if has("SOCKS error") {
            return Some((
                Obstacle::Proxy,
                Some("the proxy cannot be reached".to_owned()),
            ));
        }
        let network = of_network(causes).filter(|(found, _)| {
            matches!(
                found,
                Obstacle::Name | Obstacle::Refused | Obstacle::NoRoute
            )
        });
        network.map(|_| {
            (
                Obstacle::Proxy,
                causes
                    .last()
                    .map(|deepest| format!("the proxy cannot be reached ({deepest})")),
            )
        })
    }

    fn of_tls(&self, causes: &[&(dyn StdError + 'static)]) -> Option<(Obstacle, Option<String>)> {
        let error = causes
            .iter()
            .find_map(|cause| cause.downcast_ref::<TlsError>())?;
        Some(match error {
            TlsError::InvalidCertificate(error) => self.of_certificate(error),
            TlsError::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::UnknownProtocolVersion,
            ) => (Obstacle::NoTls, Some("it does not speak TLS".to_owned())),
            TlsError::AlertReceived(AlertDescription::NoApplicationProtocol) => (
                Obstacle::Http2Alone,
                Some("it does not speak HTTP/1.1".to_owned()),
            ),
            TlsError::AlertReceived(
                AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
            ) => (
                Obstacle::ClientCertificate,
                Some("it requires a client certificate".to_owned()),
            ),
            TlsError::AlertReceived(alert) => (
                Obstacle::HandshakeEnded(format!("{alert:?}")),
                Some(format!("it ended the TLS handshake ({alert:?})")),
            ),
            TlsError::PeerIncompatible(why) => (
                Obstacle::HandshakeEnded(format!("{why:?}")),
                Some(format!("its TLS is not supported here ({why:?})")),
            ),
            _ => (Obstacle::Other, None),
        })
    }

    fn of_certificate(&self, error: &CertificateError) -> (Obstacle, Option<String>) {
        let time = |time: &UnixTime| {
            chrono::DateTime::from_timestamp(i64::try_from(time.as_secs()).unwrap_or(i64::MAX), 0)
                .map(|time| format(&time))
        };
        let (obstacle, why) = match error {
            CertificateError::UnknownIssuer => (
                Obstacle::Untrusted {
                    given: self.certificates_given,
                },
                "its certificate is signed by an authority that is not trusted here".to_owned(),
            ),
            CertificateError::ExpiredContext { not_after, .. } => (
                Obstacle::Expired,
                format!(
                    "its certificate expired at {}",
                    time(not_after).unwrap_or_default()
                ),
            ),
            CertificateError::Expired => {
                (Obstacle::Expired, "its certificate has expired".to_owned())
            }
            CertificateError::NotValidYetContext { not_before, .. } => (
                Obstacle::NotYetValid,
                format!(
                    "its certificate is valid only from {} on",
                    time(not_before).unwrap_or_default()
                ),
            ),
            CertificateError::NotValidYet => (
                Obstacle::NotYetValid,
                "its certificate is not valid yet".to_owned(),
            ),
            CertificateError::NotValidForNameContext { presented, .. } => self.of_names(presented),
            CertificateError::NotValidForName => self.of_names(&[]),
            CertificateError::Other(other)
                if matches!(
                    other.0.downcast_ref(),
                    Some(webpki::Error::CaUsedAsEndEntity)
                ) =>
            {
                let why = "it presents a certificate that may sign others (CA:TRUE) and is not among the given certificates";
                (
                    Obstacle::Untrusted {
                        given: self.certificates_given,
                    },
                    why.to_owned(),
                )
            }
            other => (
                Obstacle::BadCertificate,
                format!("its certificate cannot be used ({other})"),
            ),
        };
        (obstacle, Some(why))
    }

    fn of_names(&self, presented: &[String]) -> (Obstacle, String) {
        let host = self.address.host();
        // Such as DnsName("tracker.example.com").
        let names: Vec<_> = presented
            .iter()
            .map(|name| name.split('"').nth(1).unwrap_or(name).to_owned())
            .collect();
        if names.is_empty() {
            return (
                Obstacle::NoNames,
                format!("its certificate has no host in subjectAltName, so it is not for {host}"),
            );
        }
        let why = format!(
            "its certificate is for {} and not for {host}",
            names.join(", ")
        );
        (Obstacle::OtherNames(names), why)
    }
}

/// The obstacle of an invalid HTTP response.
fn of_http(causes: &[&(dyn StdError + 'static)]) -> Option<(Obstacle, Option<String>)> {
    let error = causes
        .iter()
        .find_map(|cause| cause.downcast_ref::<hyper::Error>())?;
    if error.is_parse_version_h2() {
        return Some((
            Obstacle::Http2Alone,
            Some("it does not speak HTTP/1.1".to_owned()),
        ));
    }
    if error.is_parse() {
        return Some((
            Obstacle::NoHttp,
            Some(format!("its answer is not HTTP ({error})")),
        ));
    }
    let ended = error.is_incomplete_message() || error.is_closed();
    ended.then(|| {
        (
            Obstacle::Ended,
            Some("it ended the connection without an answer".to_owned()),
        )
    })
}

/// The obstacle of a network error.
fn of_network(causes: &[&(dyn StdError + 'static)]) -> Option<(Obstacle, Option<String>)> {
    if causes
        .iter()
        .any(|cause| cause.to_string().contains("dns error"))
    {
        return Some((
            Obstacle::Name,
            causes
                .last()
                .map(|deepest| format!("its name has no address ({deepest})")),
        ));
    }
    let kind = causes
        .iter()
        .rev()
        .find_map(|cause| cause.downcast_ref::<io::Error>())
        .map(io::Error::kind)?;
    Some(match kind {
        io::ErrorKind::ConnectionRefused => (Obstacle::Refused, None),
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown => (Obstacle::NoRoute, None),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => (
            Obstacle::Ended,
            Some("it ended the connection without an answer".to_owned()),
        ),
        _ => return None,
    })
}

/// The next error in the chain. The `source` of an I/O error that wraps another error skips the
/// wrapped error.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    wrapped
        .map(|wrapped| wrapped as &(dyn StdError + 'static))
        .or_else(|| error.source())
}
