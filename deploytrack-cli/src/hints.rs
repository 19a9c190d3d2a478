//! Hints for errors between a command and its server. A hint names only possible causes.

use deploytrack_core::client::{Error, ForeignAnswer, ForeignKind, Obstacle};

/// The flag and the variable for the server's address.
const NAME_IT: &str = "give the address of the server with --url or DEPLOYTRACK_URL";

/// The hint if no deploytrack server answered; `None` for other errors.
pub(crate) fn of(error: &Error) -> Option<String> {
    match error {
        Error::Unreachable { url, obstacle, .. } => Some(of_obstacle(obstacle, url)),
        Error::Timeout {
            connected: true, ..
        } => Some("wait longer with --timeout, such as --timeout 2m".to_owned()),
        Error::Timeout {
            connected: false, ..
        } => Some(format!(
            "a firewall may drop the connection, or the address is wrong: {NAME_IT}; --timeout 2m waits longer"
        )),
        Error::Unreadable(ForeignAnswer { kind, .. }) => Some(of_answer(kind)),
        _ => None,
    }
}

fn of_answer(kind: &ForeignKind) -> String {
    match kind {
        ForeignKind::Redirect(server) => {
            format!("if you trust that address, use it: --url {server}")
        }
        ForeignKind::Page => format!(
            "this may be the login page of a proxy or a network, or another server: {NAME_IT}"
        ),
        _ => "check that this is the address of a deploytrack server; see --url".to_owned(),
    }
}

pub(crate) fn of_obstacle(obstacle: &Obstacle, url: &str) -> String {
    let (host, is_local) = host(url);
    match obstacle {
        Obstacle::Name => format!("check the spelling of {host} and the DNS of this machine, or {NAME_IT}"),
        Obstacle::Refused if is_local => format!("start a server with `deploytrack serve`, or {NAME_IT}"),
        Obstacle::Refused => format!("no program listens there: check that the server runs and that the port is right, or {NAME_IT}"),
        Obstacle::NoRoute => "there is no route to this host: check the network and the VPN".to_owned(),
        Obstacle::Ended if url.starts_with("http:") => {
            "if this happens every time, the port may expect TLS: use an https:// address; or a firewall closes the connection".to_owned()
        }
        Obstacle::Ended => "if this happens every time, a firewall or a load balancer may close the connection".to_owned(),
        Obstacle::NoTls => {
            "this may be the port for http: give the port for https, or the server a certificate (--tls-cert); with http:// others can read the token on the way".to_owned()
        }
        Obstacle::NoHttp => format!("if the port expects TLS, use an https:// address; else {NAME_IT}"),
        Obstacle::Http2Alone => "the server, or the proxy in front of it, must support HTTP/1.1 too".to_owned(),
        Obstacle::HandshakeEnded(_) => {
            "this program supports TLS 1.2 and 1.3; see the log of the server or of the proxy in front of it".to_owned()
        }
        Obstacle::ClientCertificate => "deploytrack has no client certificate: the server must not ask for one at this address".to_owned(),
        Obstacle::Untrusted { given: false } => {
            "give the certificate of the authority, or the server's own, with --cacert FILE or DEPLOYTRACK_CACERT".to_owned()
        }
        Obstacle::Untrusted { given: true } => {
            "the file of --cacert (DEPLOYTRACK_CACERT) has neither this certificate nor the certificate of its authority".to_owned()
        }
        Obstacle::Expired => "renew the certificate on the server; if it is still valid, the clock of this machine is ahead".to_owned(),
        Obstacle::NotYetValid => "the clock of this machine may be behind: set it by NTP".to_owned(),
        Obstacle::OtherNames(names) => named(names),
        Obstacle::NoNames => {
            let kind = if host.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
            format!("create a certificate with this name: openssl req -x509 ... -addext \"subjectAltName={kind}:{host}\"")
        }
        Obstacle::Proxy | Obstacle::ProxyRefused => {
            format!(
                "correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY (`deploytrack doctor` names it), or leave the server out with NO_PROXY={host}"
            )
        }
        Obstacle::ProxyLogin => "put user and password into the variable of the proxy: http://USER:PASSWORD@HOST:PORT".to_owned(),
        Obstacle::BadCertificate => "the server needs a new certificate".to_owned(),
        _ => format!("`deploytrack doctor` checks each step; {NAME_IT}"),
    }
}

/// The hint that names a host of the certificate.
fn named(names: &[String]) -> String {
    let usable = names.iter().find(|name| !name.contains('*'));
    let way_out = "or create a certificate with this name in subjectAltName";
    usable.map_or_else(
        || format!("use a host of the certificate in --url, {way_out}"),
        |name| format!("use {name} as the host in --url, {way_out}"),
    )
}

/// The host of an address, and whether it is this machine.
fn host(url: &str) -> (String, bool) {
    let server = url.parse::<deploytrack_core::client::ServerAddress>();
    server.map_or_else(
        |_| (url.to_owned(), false),
        |server| (server.host().to_owned(), server.is_local()),
    )
}
