//! The way out of what stands between a command and its server. A hint never names what cannot be the cause.

use deploytrack_core::client::{Error, ForeignAnswer, ForeignKind, Obstacle};

/// The flag and the variable that name the server.
const NAME_IT: &str = "name the server you mean with --url or DEPLOYTRACK_URL";

/// What may help when no server answered as one does; nothing for other errors.
pub(crate) fn of(error: &Error) -> Option<String> {
    match error {
        Error::Unreachable { url, obstacle, .. } => Some(of_obstacle(obstacle, url)),
        Error::Timeout { connected: true, .. } => Some("wait longer with --timeout, such as --timeout 2m".to_owned()),
        Error::Timeout { connected: false, .. } => {
            Some(format!("a firewall may drop the connection, or the address is not right: {NAME_IT}; --timeout 2m waits longer"))
        }
        Error::Unreadable(ForeignAnswer { kind, .. }) => Some(of_answer(kind)),
        _ => None,
    }
}

fn of_answer(kind: &ForeignKind) -> String {
    match kind {
        ForeignKind::Redirect(server) => format!("if you trust that address, give it: --url {server}"),
        ForeignKind::Page => format!("a login page of a proxy, a network that wants a login, or another server: {NAME_IT}"),
        _ => "is this the address of a deploytrack server? see --url".to_owned(),
    }
}

pub(crate) fn of_obstacle(obstacle: &Obstacle, url: &str) -> String {
    let (host, is_local) = host(url);
    match obstacle {
        Obstacle::Name => format!("check the spelling of {host} and the DNS of this machine, or {NAME_IT}"),
        Obstacle::Refused if is_local => format!("start a server with `deploytrack serve`, or {NAME_IT}"),
        Obstacle::Refused => format!("nothing listens there: is the server running, and is the port right? Else {NAME_IT}"),
        Obstacle::NoRoute => "no way leads to this host: is the network up, and does it need a VPN?".to_owned(),
        Obstacle::Ended if url.starts_with("http:") => {
            "if it is so each time, the port may speak TLS: then the address begins with https://; or a firewall ends the connection"
                .to_owned()
        }
        Obstacle::Ended => "if it is so each time, a firewall or a load balancer on the way may end the connection".to_owned(),
        Obstacle::NoTls => "is this the port for http? Give the port for https; with http:// the token could be read on the way".to_owned(),
        Obstacle::NoHttp => format!("if the port speaks TLS, the address begins with https://; else {NAME_IT}"),
        Obstacle::Http2Alone => "the server or the proxy before it must speak HTTP/1.1 too".to_owned(),
        Obstacle::HandshakeEnded(_) => {
            "TLS 1.2 and 1.3 are spoken here; the log of the server or of the proxy before it may say more".to_owned()
        }
        Obstacle::ClientCertificate => {
            "deploytrack shows no certificate of its own: the server must not ask for one at this address".to_owned()
        }
        Obstacle::Untrusted { given: false } => {
            "name the certificate of its authority, or its own, with --cacert FILE or DEPLOYTRACK_CACERT".to_owned()
        }
        Obstacle::Untrusted { given: true } => {
            "the file of --cacert (DEPLOYTRACK_CACERT) holds neither this certificate nor that of its authority".to_owned()
        }
        Obstacle::Expired => "renew the certificate on the server; if it is good there, the clock of this machine is ahead".to_owned(),
        Obstacle::NotYetValid => "the clock of this machine may be behind: set it by NTP".to_owned(),
        Obstacle::OtherNames(names) => named(names),
        Obstacle::NoNames => {
            let kind = if host.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
            format!("make the certificate anew with its name: openssl req -x509 ... -addext \"subjectAltName={kind}:{host}\"")
        }
        Obstacle::Proxy | Obstacle::ProxyRefused => {
            format!(
                "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY (`deploytrack doctor` names it), or leave the server out with NO_PROXY={host}"
            )
        }
        Obstacle::ProxyLogin => "put them into the variable of the proxy: http://USER:PASSWORD@HOST:PORT".to_owned(),
        Obstacle::BadCertificate => "the certificate of the server must be made anew".to_owned(),
        _ => format!("`deploytrack doctor` looks closer; {NAME_IT}"),
    }
}

/// A name that the certificate is for.
fn named(names: &[String]) -> String {
    let usable = names.iter().find(|name| !name.contains('*'));
    let way_out = "or make the certificate anew with this name in subjectAltName";
    usable.map_or_else(
        || format!("use a name that it is for in --url, {way_out}"),
        |name| format!("use {name} as the host in --url, {way_out}"),
    )
}

/// The host of an address, and whether it is this machine.
fn host(url: &str) -> (String, bool) {
    let server = url.parse::<deploytrack_core::client::ServerAddress>();
    server.map_or_else(|_| (url.to_owned(), false), |server| (server.host().to_owned(), server.is_local()))
}
