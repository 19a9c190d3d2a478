//! Why the certificate of PostgreSQL is not trusted, and the way out.

/// The way out for each error name of rustls; the first match is used.
const WAYS_OUT: [(&str, &str); 5] = [
    (
        "CaUsedAsEndEntity",
        "the database shows a CA certificate (CA:TRUE), as `openssl req -x509` creates it, which is not accepted for a \
         server; create it again with -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:HOST and name it in sslrootcert",
    ),
    (
        "UnknownIssuer",
        "the certificate of the database is not signed by a trusted authority; name the certificate of its authority, or its \
         own, in sslrootcert",
    ),
    (
        "NotValidForName",
        "the certificate of the database is not for the host in the database URL; use a host that it names in subjectAltName, or \
         sslmode=verify-ca",
    ),
    (
        "Expired",
        "the certificate of the database has expired; renew it, or set the clock of this machine",
    ),
    (
        "NotValidYet",
        "the certificate of the database is not valid yet; set the clock of this machine by NTP",
    ),
];

/// The message for a connection that failed because of its certificate.
pub(super) fn way_out(error: &sqlx::Error) -> Option<&'static str> {
    if !matches!(error, sqlx::Error::Tls(_) | sqlx::Error::Io(_)) {
        return None;
    }
    // sqlx passes on the error of its TLS library, whose types are private.
    let text = format!("{error:?}");
    text.contains("InvalidCertificate")
        .then(|| WAYS_OUT.iter().find(|(word, _)| text.contains(word)))?
        .map(|(_, way_out)| *way_out)
}
