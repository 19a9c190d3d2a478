//! What stands between a client and its server, told from the causes of a failed request.

use std::{error::Error as StdError, io};

use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage, pki_types::UnixTime};

use super::address::ServerAddress;
use crate::clock::format;

/// What stands in the way of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// The name of the host has no address.
    Name,
    /// Nothing listens at the port.
    Refused,
    /// No way leads to the host.
    NoRoute,
    /// The connection was ended without an answer.
    Ended,
    /// The port does not speak TLS, and the address begins with `https`.
    NoTls,
    /// The port does not speak HTTP; it may speak TLS, and the address begins with `http`.
    NoHttp,
    /// The server speaks HTTP/2 alone.
    Http2Alone,
    /// The server ended the TLS handshake, for this reason of its own.
    HandshakeEnded(String),
    /// The server wants a certificate of the client.
    ClientCertificate,
    /// The certificate is signed by an authority that is not trusted; whether certificates were given besides the machine's.
    Untrusted {
        /// Whether they were.
        given: bool,
    },
    /// The certificate is not valid any more.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for other hosts: these.
    OtherNames(Vec<String>),
    /// The certificate names no host in `subjectAltName`.
    NoNames,
    /// The certificate cannot be used for another reason.
    BadCertificate,
    /// The proxy cannot be reached.
    Proxy,
    /// The proxy wants a user name and a password.
    ProxyLogin,
    /// The proxy does not connect to the server.
    ProxyRefused,
    /// Something else.
    Other,
}

impl Obstacle {
    /// Whether it may be gone in a moment. A certificate, a scheme or a password is not right the next time either.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(self, Self::Name | Self::Refused | Self::NoRoute | Self::Ended | Self::Proxy | Self::ProxyRefused | Self::Other)
    }
}

/// What failed, and what the network or the library said of it.
pub(super) struct Failed {
    pub(super) obstacle: Obstacle,
    pub(super) why: String,
}

/// How a request went out.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) address: &'a ServerAddress,
    pub(super) by_proxy: bool,
    pub(super) certificates_given: bool,
}

impl Way<'_> {
    /// Tells what stands in the way from the chain of causes.
    pub(super) fn failed(&self, error: &(dyn StdError + 'static)) -> Failed {
        let causes: Vec<_> = std::iter::successors(Some(error), |cause| inner(*cause)).collect();
        let deepest = causes.last().map_or_else(String::new, ToString::to_string);
        let found = self.of_proxy(&causes).or_else(|| self.of_tls(&causes)).or_else(|| of_http(&causes)).or_else(|| of_network(&causes));
        match found {
            Some((obstacle, Some(why))) => Failed { obstacle, why },
            Some((obstacle, None)) => Failed { obstacle, why: deepest },
            None => Failed { obstacle: Obstacle::Other, why: deepest },
        }
    }

    fn of_proxy(&self, causes: &[&(dyn StdError + 'static)]) -> Option<(Obstacle, Option<String>)> {
        if !self.by_proxy {
            return None;
        }
        let said = |text: &str| causes.iter().any(|cause| cause.to_string().contains(text));
        if said("proxy authorization required") || said("authentication") {
            return Some((Obstacle::ProxyLogin, Some("the proxy wants a user name and a password".to_owned())));
        }
        if said("tunnel error: unsuccessful") || said("tunnel error: unexpected") || said("SOCKS error") && !said("underlying connection") {
            return Some((Obstacle::ProxyRefused, Some("the proxy does not connect to it".to_owned())));
        }
        if said("SOCKS error") {
            return Some((Obstacle::Proxy, Some("the proxy cannot be reached".to_owned())));
        }
        let network = of_network(causes).filter(|(found, _)| matches!(found, Obstacle::Name | Obstacle::Refused | Obstacle::NoRoute));
        network.map(|_| (Obstacle::Proxy, causes.last().map(|deepest| format!("the proxy cannot be reached ({deepest})"))))
    }

    fn of_tls(&self, causes: &[&(dyn StdError + 'static)]) -> Option<(Obstacle, Option<String>)> {
        let error = causes.iter().find_map(|cause| cause.downcast_ref::<TlsError>())?;
        Some(match error {
            TlsError::InvalidCertificate(error) => self.of_certificate(error),
            TlsError::InvalidMessage(
                InvalidMessage::InvalidContentType | InvalidMessage::MessageTooLarge | InvalidMessage::UnknownProtocolVersion,
            ) => (Obstacle::NoTls, Some("it does not speak TLS".to_owned())),
            TlsError::AlertReceived(AlertDescription::NoApplicationProtocol) => {
                (Obstacle::Http2Alone, Some("it does not speak HTTP/1.1".to_owned()))
            }
            TlsError::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::BadCertificate) => {
                (Obstacle::ClientCertificate, Some("it wants a certificate of the client".to_owned()))
            }
            TlsError::AlertReceived(alert) => {
                (Obstacle::HandshakeEnded(format!("{alert:?}")), Some(format!("it ended the TLS handshake ({alert:?})")))
            }
            TlsError::PeerIncompatible(why) => {
                (Obstacle::HandshakeEnded(format!("{why:?}")), Some(format!("its TLS cannot be spoken here ({why:?})")))
            }
            _ => (Obstacle::Other, None),
        })
    }

    fn of_certificate(&self, error: &CertificateError) -> (Obstacle, Option<String>) {
        let time = |time: &UnixTime| {
            chrono::DateTime::from_timestamp(i64::try_from(time.as_secs()).unwrap_or(i64::MAX), 0).map(|time| format(&time))
        };
        let (obstacle, why) = match error {
            CertificateError::UnknownIssuer => (
                Obstacle::Untrusted { given: self.certificates_given },
                "its certificate is signed by nobody who is trusted here".to_owned(),
            ),
            CertificateError::ExpiredContext { not_after, .. } => {
                (Obstacle::Expired, format!("its certificate ended at {}", time(not_after).unwrap_or_default()))
            }
            CertificateError::Expired => (Obstacle::Expired, "its certificate has ended".to_owned()),
            CertificateError::NotValidYetContext { not_before, .. } => {
                (Obstacle::NotYetValid, format!("its certificate is good only from {} on", time(not_before).unwrap_or_default()))
            }
            CertificateError::NotValidYet => (Obstacle::NotYetValid, "its certificate is not good yet".to_owned()),
            CertificateError::NotValidForNameContext { presented, .. } => self.of_names(presented),
            CertificateError::NotValidForName => self.of_names(&[]),
            CertificateError::Other(other) if matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity)) => {
                let why = "it shows a certificate that may sign others (CA:TRUE), and that is not given";
                (Obstacle::Untrusted { given: self.certificates_given }, why.to_owned())
            }
            other => (Obstacle::BadCertificate, format!("its certificate cannot be used ({other})")),
        };
        (obstacle, Some(why))
    }

    fn of_names(&self, presented: &[String]) -> (Obstacle, String) {
        let host = self.address.host();
        // Such as DnsName("tracker.example.com").
        let names: Vec<_> = presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name).to_owned()).collect();
        if names.is_empty() {
            return (Obstacle::NoNames, format!("its certificate names no host in subjectAltName, and {host} is asked for"));
        }
        let why = format!("its certificate is for {} and not for {host}", names.join(", "));
        (Obstacle::OtherNames(names), why)
    }
}

/// What the other side says in the place of HTTP.
fn of_http(causes: &[&(dyn StdError + 'static)]) -> Option<(Obstacle, Option<String>)> {
    let error = causes.iter().find_map(|cause| cause.downcast_ref::<hyper::Error>())?;
    if error.is_parse_version_h2() {
        return Some((Obstacle::Http2Alone, Some("it does not speak HTTP/1.1".to_owned())));
    }
    if error.is_parse() {
        return Some((Obstacle::NoHttp, Some(format!("its answer is no HTTP ({error})"))));
    }
    let ended = error.is_incomplete_message() || error.is_closed();
    ended.then(|| (Obstacle::Ended, Some("it ended the connection without an answer".to_owned())))
}

/// What the network says.
fn of_network(causes: &[&(dyn StdError + 'static)]) -> Option<(Obstacle, Option<String>)> {
    if causes.iter().any(|cause| cause.to_string().contains("dns error")) {
        return Some((Obstacle::Name, causes.last().map(|deepest| format!("its name has no address ({deepest})"))));
    }
    let kind = causes.iter().rev().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)?;
    Some(match kind {
        io::ErrorKind::ConnectionRefused => (Obstacle::Refused, None),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown => (Obstacle::NoRoute, None),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
            (Obstacle::Ended, Some("it ended the connection without an answer".to_owned()))
        }
        _ => return None,
    })
}

/// The next cause. An I/O error that wraps another error does not name it as its source, but that one's.
fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
}
