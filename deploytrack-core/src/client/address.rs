//! The address of a server. A person may copy it from a browser, a manual or a pipeline: the parser
//! corrects it where the meaning is clear, or rejects it with the remedy.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use crate::api;

/// Paths of a server that are not part of its address. The parser removes them, with the rest of
/// the path after them.
const SERVER_PATHS: [&str; 3] = [api::BASE, "/healthz", "/readyz"];

/// The address of a server: `http` or `https`, a host, and a path where a proxy puts one before
/// every path of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress(Url);

/// Why a text is not an address of a server. The message never contains a possible secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is empty.
    #[error("is empty; it must look like https://tracker.example.com")]
    Empty,
    /// It does not begin with a scheme.
    #[error("must begin with http:// or https://{}", remedy(.0.as_deref()))]
    NoScheme(Option<String>),
    /// It begins with another scheme.
    #[error("must begin with http:// or https://, not with {0}")]
    OtherScheme(String),
    /// It has a user name or a password.
    #[error(
        "must not have a user name or a password, which would appear in logs; a deploytrack server needs a token instead"
    )]
    Credentials,
    /// It has a query or a fragment.
    #[error("must end with its path, without a query (?) or a fragment (#); use {0}")]
    Ending(String),
    /// It has a character that is not allowed.
    #[error("must not have a space, line break or other control character")]
    Characters,
    /// Its host or its port cannot be read.
    #[error(
        "cannot be read: {0}; it must look like https://tracker.example.com or http://[::1]:3000"
    )]
    Unreadable(String),
}

fn remedy(address: Option<&str>) -> String {
    address.map_or_else(
        || "; it must look like https://tracker.example.com".to_owned(),
        |address| format!("; use {address}"),
    )
}

impl ServerAddress {
    /// The address without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The name or IP address of the host, in the form of a certificate.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .trim_end_matches('.')
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether the server is on this machine: connections bypass the proxy and cannot be
    /// intercepted.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => {
                name.trim_end_matches('.') == "localhost"
                    || name.trim_end_matches('.').ends_with(".localhost")
            }
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
        // The URL parser would remove line breaks, and encode a space as %20.
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(BadAddress::Characters);
        }
        check_scheme(text)?;
        let mut url =
            Url::parse(text).map_err(|error| BadAddress::Unreadable(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadAddress::Credentials);
        }
        if url.port() == Some(0) {
            return Err(BadAddress::Unreadable(
                "a port is a number from 1 to 65535".to_owned(),
            ));
        }
        url.set_path(&without_server_paths(url.path()));
        if url.query().is_some() || url.fragment().is_some() {
            url.set_query(None);
            url.set_fragment(None);
            return Err(BadAddress::Ending(Self(url).to_string()));
        }
        Ok(Self(url))
    }
}

/// Checks the scheme of an address. The URL parser would read `localhost:3000` as the scheme
/// `localhost`.
fn check_scheme(text: &str) -> Result<(), BadAddress> {
    let Some((scheme, rest)) = text
        .split_once("://")
        .filter(|(scheme, _)| !scheme.contains(['/', '?', '#', '@']))
    else {
        return Err(BadAddress::NoScheme(with_scheme(text)));
    };
    match scheme {
        scheme if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {}
        "" => return Err(BadAddress::NoScheme(with_scheme(rest))),
        other if other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Err(BadAddress::OtherScheme(format!("{other}://")));
        }
        _ => return Err(BadAddress::NoScheme(None)),
    }
    if rest.is_empty() || rest.starts_with(['/', '?', '#', '\\']) {
        return Err(BadAddress::Unreadable("it has no host".to_owned()));
    }
    Ok(())
}

/// Adds a scheme to an address without one, unless the address may contain a secret.
fn with_scheme(text: &str) -> Option<String> {
    let text = text.trim_start_matches('/');
    let of = |scheme: &str| format!("{scheme}://{text}").parse::<ServerAddress>().ok();
    let plain = of("http").filter(|_| {
        !text.contains(['@', ':']) || text.rsplit_once(':').is_some_and(|(_, port)| is_port(port))
    })?;
    Some(
        if plain.is_local() {
            plain
        } else {
            of("https")?
        }
        .to_string(),
    )
}

/// Whether a text starts with a port. Another text after a colon may be a password.
fn is_port(text: &str) -> bool {
    let port = text.split('/').next().unwrap_or_default();
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Removes the paths of a server from the path of an address.
fn without_server_paths(path: &str) -> String {
    let end = SERVER_PATHS.iter().filter_map(|own| {
        let at = path.find(own)?;
        let rest = &path[at + own.len()..];
        (rest.is_empty() || rest.starts_with('/')).then_some(at)
    });
    path[..end.min().unwrap_or(path.len())]
        .trim_end_matches('/')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        text.parse::<ServerAddress>()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .to_string()
    }

    #[test]
    fn an_address_is_normalized() {
        for (text, normalized) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            (
                "HTTPS://Tracker.Example.com/",
                "https://tracker.example.com",
            ),
            (
                "https://tracker.example.com:443//",
                "https://tracker.example.com",
            ),
            (" https://host/api/v1\n", "https://host"),
            ("https://host/api/v1/", "https://host"),
            (
                "https://host/deploytrack/api/v1/deployments/matrix",
                "https://host/deploytrack",
            ),
            ("https://host/healthz", "https://host"),
            (
                "https://host/deploytrack/readyz/",
                "https://host/deploytrack",
            ),
            ("https://host/api", "https://host/api"),
            ("https://host/api/v10", "https://host/api/v10"),
            ("http://[::1]:3000/", "http://[::1]:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://host./", "https://host."),
        ] {
            assert_eq!(read(text), normalized, "{text}");
        }
    }

    #[test]
    fn an_invalid_address_is_rejected_with_the_remedy() {
        for (text, expected) in [
            ("", "is empty"),
            ("localhost:3000", "use http://localhost:3000"),
            ("tracker.example.com", "use https://tracker.example.com"),
            (
                "tracker.example.com:8443/path",
                "use https://tracker.example.com:8443/path",
            ),
            ("[::1]:3000", "use http://[::1]:3000"),
            ("//host", "use https://host"),
            ("/path", "use https://path"),
            ("http:/host", "must begin with http://"),
            ("ftp://host", "not with ftp://"),
            ("postgres://me:hush@host/x", "not with postgres://"),
            ("me:hush@host", "must look like"),
            ("me@host", "must look like"),
            ("http://me:hush@host", "must not have a user name"),
            ("https://hush@host", "must not have a user name"),
            ("https://host/?token=hush", "use https://host"),
            (
                "https://host/deploytrack/#token=hush&to=",
                "use https://host/deploytrack",
            ),
            ("https://ho st", "must not have a space"),
            ("https://ho\nst", "line break"),
            ("https://", "has no host"),
            ("https:///path", "has no host"),
            ("https://host:99999", "invalid port"),
            ("https://host:0", "1 to 65535"),
            ("http://::1:3000", "http://[::1]:3000"),
        ] {
            let refusal = text.parse::<ServerAddress>().map_or_else(
                |error| error.to_string(),
                |address| panic!("{text} is {address}"),
            );
            assert!(
                refusal.contains(expected) && !refusal.contains("hush"),
                "{text}: {refusal}"
            );
        }
    }

    #[test]
    fn every_address_of_this_machine_is_local() {
        for (url, local) in [
            ("http://localhost.:3000", true),
            ("http://app.localhost", true),
            ("http://127.8.9.1", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost.example.com", false),
            ("http://128.0.0.1", false),
        ] {
            assert_eq!(
                url.parse::<ServerAddress>().unwrap().is_local(),
                local,
                "{url}"
            );
        }
    }
}
