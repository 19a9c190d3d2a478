//! The proxies whose headers are believed, and the client that they name.
//!
//! A header such as `X-Forwarded-For` may come from anyone. It is read only when the connection
//! comes from a network of `--trusted-proxy`.

mod forwarded;
mod network;

use std::{fmt, net::IpAddr};

use http::HeaderMap;

use self::forwarded::Forwarding;
pub use self::network::{BadNetwork, ProxyNetwork};

/// The networks of the trusted proxies. The default trusts none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<ProxyNetwork>);

impl FromIterator<ProxyNetwork> for TrustedProxies {
    fn from_iter<T: IntoIterator<Item = ProxyNetwork>>(networks: T) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let networks: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&networks.join(", "))
    }
}

/// The client of a request: a peer of a connection, or the client that a trusted proxy names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address, as IPv4 where it is an IPv4 address in its IPv6 form.
    pub(crate) address: IpAddr,
    /// Whether the client uses https.
    pub(crate) is_https: bool,
}

impl TrustedProxies {
    /// Whether an address is in one of the networks.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// The client of a request with these headers, from this peer.
    pub(crate) fn client(&self, peer: Client, headers: &HeaderMap) -> Client {
        if !self.contains(peer.address) {
            return peer;
        }
        let forwarding = Forwarding::of(headers);
        let (address, scheme) = self.sender(peer.address, &forwarding);
        Client {
            address,
            is_https: scheme.unwrap_or(peer.is_https),
        }
    }

    /// The rightmost address that is not of a trusted proxy. Each proxy appends the address from
    /// which it was asked, so everything to the left of that one may be forged. A hop that is no
    /// address ends the search in the same way.
    fn sender(&self, peer: IpAddr, forwarding: &Forwarding) -> (IpAddr, Option<bool>) {
        let mut sender = (peer, forwarding.is_https);
        for hop in &forwarding.hops {
            let Some(address) = hop.address else {
                break;
            };
            sender = (address, hop.is_https.or(forwarding.is_https));
            if !self.contains(address) {
                break;
            }
        }
        sender
    }
}

#[cfg(test)]
mod tests;
