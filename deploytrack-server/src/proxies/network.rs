//! A network of trusted proxies.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::{IpNet, Ipv4Net};

/// A network of trusted proxies, such as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyNetwork(IpNet);

/// Why a text is no network of trusted proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNetwork {
    /// The text is neither an address nor a network.
    #[error("must be an address or a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8")]
    Form,
    /// The network contains all addresses.
    #[error(
        "must not contain all addresses: every client could forge its address; name the networks of the proxies"
    )]
    All,
}

impl ProxyNetwork {
    /// Whether an address, which is not an IPv4 address in its IPv6 form, is in the network.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for ProxyNetwork {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse::<IpNet>().or_else(|_| address());
        let network = canonical(network.map_err(|_| BadNetwork::Form)?.trunc());
        if network.prefix_len() == 0 {
            return Err(BadNetwork::All);
        }
        Ok(Self(network))
    }
}

/// A network of IPv4 addresses in their IPv6 form (`::ffff:10.0.0.0/104`) as one of IPv4.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let address = mapped.network().to_ipv4_mapped();
    let prefix = mapped.prefix_len().checked_sub(96);
    let canonical = address
        .zip(prefix)
        .and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    canonical.map_or(network, IpNet::V4)
}

impl fmt::Display for ProxyNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            return self.0.addr().fmt(f);
        }
        self.0.fmt(f)
    }
}
