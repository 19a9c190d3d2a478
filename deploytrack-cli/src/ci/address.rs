//! The parts of an address, and its form without credentials.

/// An address without the part before the `@` of its host, which may be a token.
pub(crate) fn without_credentials(text: &str) -> String {
    // Without a scheme, `git@host:path` is the SSH form: the part before `@` is a user name and not
    // a secret.
    match address_parts(text) {
        (scheme, Some(user), rest) if !scheme.is_empty() || user.contains(':') => {
            format!("{scheme}{rest}")
        }
        _ => text.to_owned(),
    }
}

/// The parts of an address: the scheme with its `://`, or nothing; the part before the `@` of the
/// host; the host and the rest.
pub(crate) fn address_parts(text: &str) -> (&str, Option<&str>, &str) {
    let (scheme, rest) = text.split_at(text.find("://").map_or(0, |end| end + 3));
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    match authority.rfind('@') {
        Some(at) => (scheme, Some(&rest[..at]), &rest[at + 1..]),
        None => (scheme, None, rest),
    }
}
