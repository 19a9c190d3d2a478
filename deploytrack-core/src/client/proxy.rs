//! The proxy between a client and its server.

use std::fmt;

use url::Url;

use super::Error;

/// The supported schemes.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy. Its address may contain a user name and a password, which are never displayed.
#[derive(Clone)]
pub struct Proxy {
    url: Url,
    source: String,
}

impl Proxy {
    /// Parses an address such as `http://proxy.example.com:3128`; without a scheme, it is `http`.
    /// `source` is the origin of the address for messages, such as the name of a variable.
    ///
    /// # Errors
    /// [`Error::Setup`] when the address cannot be used.
    pub fn new(address: &str, source: impl Into<String>) -> Result<Self, Error> {
        let (source, address) = (source.into(), address.trim());
        let whole = if address.contains("://") {
            address.to_owned()
        } else {
            format!("http://{address}")
        };
        // The message must not contain the address, which may have a password.
        let wrong = |why: String| {
            Error::Setup(format!(
                "the address of the proxy in {source} {why}; it must look like http://proxy.example.com:3128"
            ))
        };
        let url = Url::parse(&whole).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        if !SCHEMES.contains(&url.scheme()) || url.host().is_none() {
            return Err(wrong(format!(
                "must begin with one of {}",
                SCHEMES.map(|scheme| format!("{scheme}://")).join(", ")
            )));
        }
        Ok(Self { url, source })
    }

    /// The origin of the address, such as the name of a variable.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the connection to the proxy is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(super) fn for_requests(&self) -> Result<reqwest::Proxy, Error> {
        let cannot = |error: reqwest::Error| {
            Error::Setup(format!(
                "the proxy in {} cannot be used: {}",
                self.source,
                error.without_url()
            ))
        };
        reqwest::Proxy::all(self.url.as_str()).map_err(cannot)
    }
}

impl fmt::Display for Proxy {
    /// Formats the address without user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self
            .url
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        write!(
            f,
            "{}://{}{port}",
            self.url.scheme(),
            self.url.host_str().unwrap_or_default()
        )
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &self.to_string())
            .field("source", &self.source)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_proxy_nor_its_error_displays_the_password() {
        for (address, shown) in [
            ("http://me:hush@proxy:3128/", "http://proxy:3128"),
            ("proxy:3128", "http://proxy:3128"),
            ("me:hush@proxy:3128", "http://proxy:3128"),
            ("HTTPS://proxy", "https://proxy"),
            ("socks5h://[::1]:1080", "socks5h://[::1]:1080"),
        ] {
            let proxy = Proxy::new(address, "HTTPS_PROXY").unwrap();
            assert_eq!(proxy.to_string(), shown);
            assert!(!format!("{proxy:?}").contains("hush") && proxy.for_requests().is_ok());
        }
        for address in [
            "ftp://me:hush@proxy",
            "http://",
            "http://me:hush@proxy:99999",
        ] {
            let refusal = Proxy::new(address, "HTTPS_PROXY").unwrap_err().to_string();
            assert!(
                refusal.contains("HTTPS_PROXY") && !refusal.contains("hush"),
                "{refusal}"
            );
        }
    }
}
