use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn proxies(networks: &[&str]) -> TrustedProxies {
    networks
        .iter()
        .map(|text| text.parse::<ProxyNetwork>().unwrap())
        .collect()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// The client behind 10.0.0.1, where 10.0.0.0/8 and `fd00::/8` are trusted.
fn client(lines: &[(&'static str, &str)]) -> (String, bool) {
    let peer = Client {
        address: "::ffff:10.0.0.1".parse().unwrap(),
        is_https: false,
    };
    let client = proxies(&["10.0.0.0/8", "fd00::/8"]).client(peer, &headers(lines));
    (client.address.to_canonical().to_string(), client.is_https)
}

#[test]
fn the_client_is_the_rightmost_address_that_is_not_trusted() {
    for (value, expected) in [
        ("192.0.2.7", "192.0.2.7"),
        ("198.51.100.9, 192.0.2.7", "192.0.2.7"),
        ("198.51.100.9, 192.0.2.7, 10.2.3.4", "192.0.2.7"),
        ("198.51.100.9,192.0.2.7,fd00::1,,10.2.3.4,", "192.0.2.7"),
        ("10.9.9.9, 10.2.3.4", "10.9.9.9"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, ::ffff:10.2.3.4", "192.0.2.7"),
    ] {
        assert_eq!(client(&[("x-forwarded-for", value)]).0, expected, "{value}");
    }
    let lines = [
        ("x-forwarded-for", "198.51.100.9"),
        ("x-forwarded-for", "192.0.2.7, 10.2.3.4"),
    ];
    assert_eq!(client(&lines).0, "192.0.2.7");
}

#[test]
fn a_hop_that_is_no_address_ends_the_search_at_the_proxy_before_it() {
    for (value, expected) in [
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("192.0.2.7, unknown, 10.2.3.4", "10.2.3.4"),
        ("192.0.2.7, 10.2.3.4:99999", "10.0.0.1"),
        ("192.0.2.7, [10.2.3.4", "10.0.0.1"),
        ("192.0.2.7, é", "10.0.0.1"),
        ("\"192.0.2.7\"", "10.0.0.1"),
    ] {
        assert_eq!(client(&[("x-forwarded-for", value)]).0, expected, "{value}");
    }
}

#[test]
fn forwarded_is_read_only_without_x_forwarded_for() {
    for (value, expected, https) in [
        ("for=192.0.2.7;proto=https", "192.0.2.7", true),
        (
            "For=\"[2001:db8::7]:4711\" ; PROTO=\"HTTPS\"",
            "2001:db8::7",
            true,
        ),
        (
            "for=192.0.2.7;proto=https, for=10.2.3.4;proto=http",
            "192.0.2.7",
            true,
        ),
        (
            "for=\"a,b\", for=192.0.2.7, for=10.2.3.4",
            "192.0.2.7",
            false,
        ),
        ("for=192.0.2.7, for=_hidden", "10.0.0.1", false),
        ("by=10.0.0.1", "10.0.0.1", false),
        ("for=\"a\\\",for=192.0.2.7", "192.0.2.7", false),
        ("for=\"a\\\",for=192.0.2.7\"", "10.0.0.1", false),
    ] {
        assert_eq!(
            client(&[("forwarded", value)]),
            (expected.to_owned(), https),
            "{value}"
        );
    }
    let both = [
        ("forwarded", "for=198.51.100.9;proto=https"),
        ("x-forwarded-for", "192.0.2.7"),
    ];
    assert_eq!(client(&both), ("192.0.2.7".to_owned(), false));
}

#[test]
fn the_scheme_is_the_one_that_the_nearest_proxy_reports() {
    for (value, expected) in [
        ("https", true),
        ("HTTPS", true),
        ("http", false),
        ("http, https", true),
        ("https, ", true),
        ("wss", false),
    ] {
        assert_eq!(
            client(&[("x-forwarded-proto", value)]).1,
            expected,
            "{value}"
        );
    }
}

#[test]
fn a_peer_that_is_not_trusted_is_the_client_itself() {
    let peer = Client {
        address: "192.0.2.1".parse().unwrap(),
        is_https: false,
    };
    let forged = headers(&[
        ("x-forwarded-for", "198.51.100.9"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=198.51.100.9;proto=https"),
    ]);
    for networks in [&[][..], &["10.0.0.0/8"]] {
        assert_eq!(proxies(networks).client(peer, &forged), peer);
    }
}

#[test]
fn a_network_is_an_address_or_a_part_of_all_addresses() {
    for (text, shown) in [
        ("10.0.0.7", "10.0.0.7"),
        ("10.0.0.7/8", "10.0.0.0/8"),
        ("::1", "::1"),
        ("fd00::/8", "fd00::/8"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
    ] {
        assert_eq!(text.parse::<ProxyNetwork>().unwrap().to_string(), shown);
    }
    for (text, fault) in [
        ("", BadNetwork::Form),
        ("proxy", BadNetwork::Form),
        ("10.0.0.0/33", BadNetwork::Form),
        ("10.0.0.7:80", BadNetwork::Form),
        ("0.0.0.0/0", BadNetwork::All),
        ("::/0", BadNetwork::All),
        ("::ffff:0.0.0.0/96", BadNetwork::All),
    ] {
        assert_eq!(text.parse::<ProxyNetwork>(), Err(fault), "{text}");
    }
    assert!(proxies(&["10.0.0.0/8"]).contains("::ffff:10.1.2.3".parse().unwrap()));
    assert!(!proxies(&["10.0.0.0/8"]).contains("::10.1.2.3".parse().unwrap()));
}

proptest! {
    #[test]
    fn any_header_names_a_client(lines in prop::collection::vec("[ -~\\t]{0,60}", 0..6)) {
        for name in ["x-forwarded-for", "x-forwarded-proto", "forwarded"] {
            let lines: Vec<_> = lines.iter().map(|line| (name, &**line)).collect();
            let _ = client(&lines);
        }
    }

    #[test]
    fn no_forged_beginning_changes_the_client(forged in "[ -~]{0,60}") {
        for (name, appended) in [
            ("x-forwarded-for", "192.0.2.7, 10.2.3.4"),
            ("forwarded", "for=192.0.2.7, for=10.2.3.4"),
            ("forwarded", "for=192.0.2.7;by=\"[fd00::2]\", for=\"[fd00::1]:80\""),
        ] {
            let value = format!("{forged}, {appended}");
            prop_assert_eq!(client(&[(name, &value)]).0, "192.0.2.7");
        }
    }
}
