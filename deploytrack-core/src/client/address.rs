//! The address of a server, as a person copies it from a browser, a manual or a pipeline: it is read as it is meant, or
//! refused with the way out.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use crate::api;

/// Paths of a server that are no part of its address. What follows the API's own is left out with it.
const OWN: [&str; 3] = [api::BASE, "/healthz", "/readyz"];

/// The address of a server: `http` or `https`, a host, and a path where a proxy puts one before every path of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress(Url);

/// Why a text is no address of a server. It never repeats what may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// There is nothing.
    #[error("is empty; it must look like https://tracker.example.com")]
    Empty,
    /// It does not begin with a scheme.
    #[error("must begin with http:// or https://{}", meant(.0.as_deref()))]
    NoScheme(Option<String>),
    /// It begins with another scheme.
    #[error("must begin with http:// or https://, not with {0}")]
    OtherScheme(String),
    /// It holds a user name or a password.
    #[error("must hold no user name and no password, which would show in logs; a deploytrack server takes a token, and no login")]
    Credentials,
    /// It has a query or a fragment.
    #[error("must end with its path, without a ? or a # and what follows it; use {0}")]
    Ending(String),
    /// It has a character that no address has.
    #[error("must hold no space, line break or other control character")]
    Characters,
    /// Its host or its port cannot be read.
    #[error("cannot be read: {0}; it must look like https://tracker.example.com or http://[::1]:3000")]
    Unreadable(String),
}

fn meant(address: Option<&str>) -> String {
    address.map_or_else(|| "; it must look like https://tracker.example.com".to_owned(), |address| format!("; use {address}"))
}

impl ServerAddress {
    /// The address without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The host's name or number, as a certificate has it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.')
    }

    /// The port that a connection is made to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Whether what is sent is encrypted on its way.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the server is on this machine, where no proxy reaches it and nobody listens on the way.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost" || name.trim_end_matches('.').ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
            None => false,
        }
    }

    /// The URL of a path of the server.
    pub(super) fn with_path(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ServerAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = crate::text::trimmed(text);
        if text.is_empty() {
            return Err(BadAddress::Empty);
        }
        // The parser of URLs drops line breaks, and makes %20 of a space.
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(BadAddress::Characters);
        }
        check_scheme(text)?;
        let mut url = Url::parse(text).map_err(|error| BadAddress::Unreadable(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadAddress::Credentials);
        }
        if url.port() == Some(0) {
            return Err(BadAddress::Unreadable("a port is a number from 1 to 65535".to_owned()));
        }
        url.set_path(&without_own(url.path()));
        if url.query().is_some() || url.fragment().is_some() {
            url.set_query(None);
            url.set_fragment(None);
            return Err(BadAddress::Ending(Self(url).to_string()));
        }
        Ok(Self(url))
    }
}

/// Checks that a text begins as an address does. `localhost:3000` would be the scheme `localhost` to the parser of URLs.
fn check_scheme(text: &str) -> Result<(), BadAddress> {
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| !scheme.contains(['/', '?', '#', '@'])) else {
        return Err(BadAddress::NoScheme(with_scheme(text)));
    };
    match scheme {
        scheme if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {}
        "" => return Err(BadAddress::NoScheme(with_scheme(rest))),
        other if other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => return Err(BadAddress::OtherScheme(format!("{other}://"))),
        _ => return Err(BadAddress::NoScheme(None)),
    }
    if rest.is_empty() || rest.starts_with(['/', '?', '#', '\\']) {
        return Err(BadAddress::Unreadable("it names no host".to_owned()));
    }
    Ok(())
}

/// The address that is meant by one without a scheme, unless it may hold a secret.
fn with_scheme(text: &str) -> Option<String> {
    let text = text.trim_start_matches('/');
    let of = |scheme: &str| format!("{scheme}://{text}").parse::<ServerAddress>().ok();
    let plain = of("http").filter(|_| !text.contains(['@', ':']) || text.rsplit_once(':').is_some_and(|(_, port)| is_port(port)))?;
    Some(if plain.is_local() { plain } else { of("https")? }.to_string())
}

/// Whether a text begins with a port: anything else after a colon may be a password.
fn is_port(text: &str) -> bool {
    let port = text.split('/').next().unwrap_or_default();
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// A path without what is the server's own in it.
fn without_own(path: &str) -> String {
    let end = OWN.iter().filter_map(|own| {
        let at = path.find(own)?;
        let rest = &path[at + own.len()..];
        (rest.is_empty() || rest.starts_with('/')).then_some(at)
    });
    path[..end.min().unwrap_or(path.len())].trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.parse::<ServerAddress>().unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
    }

    #[test]
    fn an_address_is_read_as_it_is_meant() {
        for (text, meant) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("HTTPS://Tracker.Example.com/", "https://tracker.example.com"),
            ("https://tracker.example.com:443//", "https://tracker.example.com"),
            (" https://host/api/v1\n", "https://host"),
            ("https://host/api/v1/", "https://host"),
            ("https://host/deploytrack/api/v1/deployments/matrix", "https://host/deploytrack"),
            ("https://host/healthz", "https://host"),
            ("https://host/deploytrack/readyz/", "https://host/deploytrack"),
            ("https://host/api", "https://host/api"),
            ("https://host/api/v10", "https://host/api/v10"),
            ("http://[::1]:3000/", "http://[::1]:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://host./", "https://host."),
        ] {
            assert_eq!(read(text), meant, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_way_out() {
        for (text, said) in [
            ("", "is empty"),
            ("localhost:3000", "use http://localhost:3000"),
            ("tracker.example.com", "use https://tracker.example.com"),
            ("tracker.example.com:8443/path", "use https://tracker.example.com:8443/path"),
            ("[::1]:3000", "use http://[::1]:3000"),
            ("//host", "use https://host"),
            ("/path", "use https://path"),
            ("http:/host", "must begin with http://"),
            ("ftp://host", "not with ftp://"),
            ("postgres://me:hush@host/x", "not with postgres://"),
            ("me:hush@host", "must look like"),
            ("me@host", "must look like"),
            ("http://me:hush@host", "must hold no user name"),
            ("https://hush@host", "must hold no user name"),
            ("https://host/?token=hush", "use https://host"),
            ("https://host/deploytrack/#token=hush&to=", "use https://host/deploytrack"),
            ("https://ho st", "no space"),
            ("https://ho\nst", "line break"),
            ("https://", "names no host"),
            ("https:///path", "names no host"),
            ("https://host:99999", "invalid port"),
            ("https://host:0", "1 to 65535"),
            ("http://::1:3000", "http://[::1]:3000"),
        ] {
            let refusal = text.parse::<ServerAddress>().map_or_else(|error| error.to_string(), |address| panic!("{text} is {address}"));
            assert!(refusal.contains(said) && !refusal.contains("hush"), "{text}: {refusal}");
        }
    }

    #[test]
    fn this_machine_is_known_by_every_name() {
        for (url, local) in [
            ("http://localhost.:3000", true),
            ("http://app.localhost", true),
            ("http://127.8.9.1", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost.example.com", false),
            ("http://128.0.0.1", false),
        ] {
            assert_eq!(url.parse::<ServerAddress>().unwrap().is_local(), local, "{url}");
        }
    }
}
