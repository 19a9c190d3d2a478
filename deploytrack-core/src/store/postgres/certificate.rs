//! Why the certificate of PostgreSQL is not trusted, and the way out.

/// The way out for each error name of rustls; the first match is used.
const WAYS_OUT: [(&str, &str); 5] = [
    (
        "CaUsedAsEndEntity",
        "the certificate that the database shows may sign others (CA:TRUE), as `openssl req -x509` makes it, and is not taken for a \
         server's; make it anew with -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:HOST and name it in sslrootcert",
    ),
    (
        "UnknownIssuer",
        "the certificate that the database shows is signed by nobody who is trusted here; name the certificate of its authority, or its \
         own, in sslrootcert",
    ),
    (
        "NotValidForName",
        "the certificate that the database shows is not for the host in the database URL; use a host that it names in subjectAltName, or \
         sslmode=verify-ca",
    ),
    ("Expired", "the certificate that the database shows has ended; renew it, or set the clock of this machine"),
    ("NotValidYet", "the certificate that the database shows is not good yet; set the clock of this machine by NTP"),
];

/// The message for a connection that failed because of its certificate.
pub(super) fn refused(error: &sqlx::Error) -> Option<&'static str> {
    if !matches!(error, sqlx::Error::Tls(_) | sqlx::Error::Io(_)) {
        return None;
    }
    // sqlx passes on the error of its TLS library, whose types are private.
    let said = format!("{error:?}");
    said.contains("InvalidCertificate").then(|| WAYS_OUT.iter().find(|(word, _)| said.contains(word)))?.map(|(_, way_out)| *way_out)
}
