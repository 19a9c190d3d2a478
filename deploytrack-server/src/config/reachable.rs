//! The address at which a program on the same machine reaches a server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{ConfigError, ServeArgs};

impl ServeArgs {
    /// The address at which a program on the same machine reaches the health checks of the server.
    ///
    /// # Errors
    /// [`ConfigError::AnyPort`] if the settings do not name the port.
    pub fn health_address(&self) -> Result<SocketAddr, ConfigError> {
        match self.health_listen.unwrap_or(self.listen) {
            address if address.port() == 0 => Err(ConfigError::AnyPort),
            address => Ok(reachable(address)),
        }
    }
}

impl ServeArgs {
    /// Whether the health checks of the server are asked by https: those of its main listener are,
    /// if the server has a certificate.
    ///
    /// # Errors
    /// [`ConfigError::Tls`] if there is a certificate without a key, or a key without one.
    pub fn checks_by_https(&self) -> Result<bool, ConfigError> {
        Ok(self.health_listen.is_none() && self.tls_files()?.is_some())
    }
}

/// The address for a client on this machine: loopback, if the server listens on all addresses.
#[must_use]
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_reached_on_the_loopback() {
        for (listen, reached) in [
            ("0.0.0.0:3000", "127.0.0.1:3000"),
            ("[::]:3000", "[::1]:3000"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), reached);
        }
    }
}
