//! The proxy for a server, from the variables that curl reads.

use std::net::IpAddr;

use deploytrack_core::client::{Proxy, ServerAddress};
use url::Host;

use crate::{error::Failure, process_env::ProcessEnv};

/// The variables for an `https` address; the first that is set wins.
const HTTPS: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const HTTP: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const LEFT_OUT: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The proxy for this server; none for a server on this machine or in `NO_PROXY`.
pub(crate) fn of(server: &ServerAddress, env: &ProcessEnv) -> Result<Option<Proxy>, Failure> {
    let left_out = LEFT_OUT
        .iter()
        .find_map(|name| env.variable(name))
        .is_some_and(|list| is_among(server, list));
    if server.is_local() || left_out {
        return Ok(None);
    }
    let names = if server.is_encrypted() { HTTPS } else { HTTP };
    // In CGI, HTTP_PROXY is the request header `Proxy`, which any client can send.
    let names = names
        .iter()
        .filter(|name| **name != "HTTP_PROXY" || env.variable("REQUEST_METHOD").is_none());
    let found = names
        .copied()
        .find_map(|name| Some((name, env.variable(name)?)));
    let Some((name, address)) = found else {
        return Ok(None);
    };
    let proxy = Proxy::new(address, name).map_err(|error| {
        Failure::from(error).hint(format!(
            "correct {name}, or leave the server out of it with NO_PROXY={}",
            server.host()
        ))
    })?;
    Ok(Some(proxy))
}

/// Whether a list such as `.example.com, 10.0.0.0/8, localhost:3000` names the server.
fn is_among(server: &ServerAddress, list: &str) -> bool {
    list.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|entry| !entry.is_empty())
        .any(|entry| is_named(server, entry))
}

fn is_named(server: &ServerAddress, entry: &str) -> bool {
    let (name, port) = split_port(entry);
    if port.is_some_and(|port| port != server.port()) {
        return false;
    }
    let host = server
        .host()
        .parse::<IpAddr>()
        .map(|address| address.to_canonical());
    match host {
        Ok(host) => name == "*" || is_of_network(host, name),
        Err(_) => name == "*" || is_of_domain(server.host(), name),
    }
}

/// The port of an entry such as `host:3000` or `[::1]:3000`.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        // More than one colon outside brackets is IPv6.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            port.parse().map_or((entry, None), |port| {
                (name.trim_matches(['[', ']']), Some(port))
            })
        }
        _ => (entry.trim_matches(['[', ']']), None),
    }
}

/// Whether the host is this address, or is in this network, such as `10.0.0.0/8`.
fn is_of_network(host: IpAddr, entry: &str) -> bool {
    let (network, length) = entry
        .split_once('/')
        .map_or((entry, None), |(network, length)| (network, Some(length)));
    let Ok(network) = network.trim_matches(['[', ']']).parse::<IpAddr>() else {
        return false;
    };
    let (host, network, most) = match (host, network.to_canonical()) {
        (IpAddr::V4(host), IpAddr::V4(network)) => (
            u128::from(u32::from(host)),
            u128::from(u32::from(network)),
            32,
        ),
        (IpAddr::V6(host), IpAddr::V6(network)) => (u128::from(host), u128::from(network), 128),
        _ => return false,
    };
    match length.map_or(Ok(most), str::parse::<u32>) {
        Ok(0) => true,
        Ok(length) if length <= most => host >> (most - length) == network >> (most - length),
        _ => false,
    }
}

/// Whether the host is this domain or a subdomain. A leading dot or `*.` makes no difference.
fn is_of_domain(host: &str, entry: &str) -> bool {
    let entry = entry.trim_start_matches('*').trim_matches('.');
    let domain =
        Host::parse(entry).map_or_else(|_| entry.to_ascii_lowercase(), |domain| domain.to_string());
    let below = host.strip_suffix(domain.as_str());
    !domain.is_empty() && below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> ProcessEnv {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        ProcessEnv {
            variables,
            ..ProcessEnv::default()
        }
    }

    fn through(server: &str, variables: &[(&str, &str)]) -> Option<String> {
        let found = of(&server.parse().unwrap(), &env(variables)).unwrap();
        found.map(|proxy| format!("{proxy} {}", proxy.source()))
    }

    #[test]
    fn the_variable_of_the_scheme_wins_over_all_proxy() {
        let all = [
            ("ALL_PROXY", "socks5h://all:1"),
            ("HTTPS_PROXY", "http://s:2"),
            ("HTTP_PROXY", "http://p:3"),
        ];
        assert_eq!(
            through("https://tracker", &all).unwrap(),
            "http://s:2 HTTPS_PROXY"
        );
        assert_eq!(
            through("http://tracker", &all).unwrap(),
            "http://p:3 HTTP_PROXY"
        );
        assert_eq!(
            through("https://tracker", &all[..1]).unwrap(),
            "socks5h://all:1 ALL_PROXY"
        );
        assert_eq!(
            through(
                "https://tracker",
                &[("HTTPS_PROXY", "a:1"), ("https_proxy", "b:2")]
            )
            .unwrap(),
            "http://b:2 https_proxy"
        );
        assert_eq!(
            through(
                "https://tracker",
                &[("https_proxy", ""), ("HTTPS_PROXY", "a:1")]
            )
            .unwrap(),
            "http://a:1 HTTPS_PROXY"
        );
        assert_eq!(through("http://127.0.0.1:3000", &all), None);
        assert_eq!(through("https://tracker", &[]), None);
    }

    #[test]
    fn the_proxy_header_of_a_cgi_request_is_not_used() {
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil:1")];
        assert_eq!(through("http://tracker", &cgi), None);
        assert_eq!(
            through("http://tracker", &[cgi[0], ("http_proxy", "good:1")]).unwrap(),
            "http://good:1 http_proxy"
        );
    }

    #[test]
    fn no_proxy_matches_name_address_network_and_port() {
        for (server, list, left_out) in [
            ("https://tracker.example.com", "*", true),
            ("https://10.1.2.3", "*", true),
            ("https://[2001:db8::1]", "*", true),
            ("https://tracker.example.com", "other, .EXAMPLE.com", true),
            ("https://tracker.example.com.", "example.com.", true),
            ("https://tracker.example.com", "*.example.com", true),
            ("https://tracker.example.com", "ample.com", false),
            (
                "https://tracker.example.com",
                "tracker.example.com:443",
                true,
            ),
            (
                "https://tracker.example.com",
                "tracker.example.com:8443",
                false,
            ),
            ("https://tracker.example.com", "one two\texample.com", true),
            ("https://tracker.example.com", "", false),
            ("https://bücher.example", "bücher.example", true),
            ("https://10.1.2.3", "10.1.2.3", true),
            ("https://10.1.2.3:8443", "10.1.2.3:8443", true),
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://11.1.2.3", "10.0.0.0/8", false),
            ("https://10.1.2.3", "2.3", false),
            ("https://10.1.2.3", "0.0.0.0/0", true),
            ("https://10.1.2.3", "10.0.0.0/33", false),
            ("https://[2001:db8::1]", "2001:db8::/32", true),
            ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443", true),
            ("https://[2001:db8::1]", "[2001:db8::1]", true),
            ("https://[2001:db9::1]", "2001:db8::/32", false),
        ] {
            assert_eq!(
                is_among(&server.parse().unwrap(), list),
                left_out,
                "{server} in {list}"
            );
        }
    }

    #[test]
    fn an_invalid_proxy_is_reported_with_its_variable() {
        let failure = of(
            &"https://tracker".parse().unwrap(),
            &env(&[("HTTPS_PROXY", "ftp://me:hush@proxy")]),
        )
        .unwrap_err();
        let (_, message) = failure.summary();
        assert!(
            message.contains("HTTPS_PROXY")
                && message.contains("NO_PROXY=tracker")
                && !message.contains("hush"),
            "{message}"
        );
    }
}
