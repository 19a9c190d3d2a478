//! A certificate with its key: whether they can be used, and until when.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use deploytrack_core::{
    clock::{Time, format},
    digest::Digest,
};
use rustls::{
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName, UnixTime,
        pem::{self, PemObject as _},
    },
    sign::{CertifiedKey, SigningKey},
};
use webpki::{EndEntityCert, KeyUsage};

use super::{
    files::{Contents, TlsFiles},
    provider,
};
use crate::secret_file::{SecretFile, SecretFileError};

/// Why a certificate and a key cannot be used. The message names the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of the two files is not configured.
    #[error(
        "--tls-cert (DEPLOYTRACK_TLS_CERT) and --tls-key (DEPLOYTRACK_TLS_KEY) belong together, and {0} is missing; give both or neither"
    )]
    One(&'static str),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The file contains no certificate.
    #[error(
        "{0} contains no certificate; it must contain that of the server, then those of its issuers, each in PEM form, which begins with -----BEGIN CERTIFICATE-----"
    )]
    NoCertificate(SecretFile),
    /// A certificate is damaged.
    #[error(
        "{file} must contain complete certificates, but number {number} cannot be read ({why})"
    )]
    Certificate {
        /// The file.
        file: SecretFile,
        /// The number of the certificate, from 1.
        number: usize,
        /// The cause.
        why: String,
    },
    /// The file contains no key.
    #[error(
        "{0} contains no private key; it must contain one in PEM form, which begins with -----BEGIN PRIVATE KEY-----"
    )]
    NoKey(SecretFile),
    /// The key is encrypted.
    #[error(
        "{0} is encrypted, and the server has no passphrase; `openssl pkey -in FILE -out NEW_FILE` writes the key without one"
    )]
    EncryptedKey(SecretFile),
    /// The key is damaged, or of an unknown kind.
    #[error("{file} cannot be used ({why}); it must be an RSA, ECDSA or Ed25519 key")]
    Key {
        /// The file.
        file: SecretFile,
        /// The cause.
        why: String,
    },
    /// The key belongs to another certificate.
    #[error(
        "{key} does not belong to the first certificate of {certificate}; give the key with which that certificate was requested"
    )]
    OtherKey {
        /// The file of the certificate.
        certificate: SecretFile,
        /// The file of the key.
        key: SecretFile,
    },
    /// The chain does not begin with the certificate of the key.
    #[error(
        "{certificate} must begin with the certificate of the server; the one that belongs to {key} is number {number}"
    )]
    Order {
        /// The file of the certificate.
        certificate: SecretFile,
        /// The file of the key.
        key: SecretFile,
        /// The number of the certificate, from 2.
        number: usize,
    },
    /// The settings of TLS are refused by the library.
    #[error("TLS cannot be set up")]
    Library(#[source] rustls::Error),
}

/// A certificate with its chain and its key.
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    /// The hashes of the contents of the two files.
    pub(super) hashes: [Digest; 2],
    not_before: Time,
    not_after: Time,
}

impl Pair {
    /// Checks the contents of the two files.
    pub(super) fn of(files: &TlsFiles, contents: &Contents) -> Result<Self, TlsError> {
        let chain = chain(files, &contents.certificate)?;
        let key = key(files, &contents.key)?;
        let certified = CertifiedKey::new(chain, key);
        check_key(files, &certified)?;
        let bound = |at| bound(&certified.cert[0], at);
        let (not_before, not_after) = (bound(Duration::ZERO), bound(Duration::MAX));
        Ok(Self {
            key: certified.into(),
            hashes: contents.hashes(),
            not_before,
            not_after,
        })
    }

    /// The end of the validity.
    pub(super) fn valid_until(&self) -> String {
        format(&self.not_after)
    }

    /// A warning when the certificate is not valid, or less than a tenth of its time is left.
    pub(super) fn warning(&self, now: Time) -> Option<String> {
        let left = self.not_after - now;
        let whole = self.not_after - self.not_before;
        let until = self.valid_until();
        if now < self.not_before {
            let from = format(&self.not_before);
            return Some(format!("is not valid before {from}: clients refuse it"));
        }
        if left < TimeDelta::zero() {
            return Some(format!("expired at {until}: clients refuse it; renew it"));
        }
        (left < whole / 10).then(|| format!("expires at {until}; renew it"))
    }

    /// The host for the address of a server that listens at `address`.
    pub(super) fn host(&self, address: IpAddr) -> String {
        let shown = match address {
            IpAddr::V6(address) => format!("[{address}]"),
            IpAddr::V4(address) => address.to_string(),
        };
        let Ok(certificate) = EndEntityCert::try_from(&self.key.cert[0]) else {
            return shown;
        };
        let is_for =
            |name: ServerName<'_>| certificate.verify_is_valid_for_subject_name(&name).is_ok();
        if is_for(ServerName::from(address)) {
            return shown;
        }
        let local = address == IpAddr::V4(Ipv4Addr::LOCALHOST);
        let localhost = ServerName::try_from("localhost").ok().filter(|_| local);
        if localhost.is_some_and(is_for) {
            return "localhost".to_owned();
        }
        let name = certificate
            .valid_dns_names()
            .find(|name| !name.contains('*'));
        name.map_or(shown, str::to_owned)
    }
}

fn chain(files: &TlsFiles, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let mut chain = Vec::new();
    for (found, number) in CertificateDer::pem_slice_iter(text).zip(1..) {
        let damaged = |why: String| TlsError::Certificate {
            file: files.certificate(),
            number,
            why,
        };
        let certificate = found.map_err(|error| damaged(error.to_string()))?;
        EndEntityCert::try_from(&certificate).map_err(|error| damaged(error.to_string()))?;
        chain.push(certificate.into_owned());
    }
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(files.certificate()));
    }
    Ok(chain)
}

fn key(files: &TlsFiles, text: &[u8]) -> Result<Arc<dyn SigningKey>, TlsError> {
    // In a heading of PKCS#8, or in a line of the older form.
    if contains(text, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(text, b"Proc-Type: 4,ENCRYPTED") {
        return Err(TlsError::EncryptedKey(files.key()));
    }
    let unusable = |why: String| TlsError::Key {
        file: files.key(),
        why,
    };
    let key = PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(files.key()),
        damaged => unusable(damaged.to_string()),
    })?;
    let key = provider().key_provider.load_private_key(key);
    key.map_err(|error| unusable(error.to_string()))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Checks that the key belongs to the first certificate.
fn check_key(files: &TlsFiles, certified: &CertifiedKey) -> Result<(), TlsError> {
    let (chain, key) = (&certified.cert, &certified.key);
    let is_of = |certificate: &CertificateDer<'static>| {
        let pair = CertifiedKey::new(vec![certificate.clone()], Arc::clone(key));
        pair.keys_match().is_ok()
    };
    let (certificate, key) = (files.certificate(), files.key());
    match chain.iter().position(is_of) {
        Some(0) => Ok(()),
        Some(index) => Err(TlsError::Order {
            certificate,
            key,
            number: index + 1,
        }),
        None => Err(TlsError::OtherKey { certificate, key }),
    }
}

/// A bound of the validity: webpki reports it only in the error for a time beyond it, and checks the
/// validity before anything else.
fn bound(certificate: &CertificateDer<'_>, at: Duration) -> Time {
    let time = UnixTime::since_unix_epoch(at);
    let end = EndEntityCert::try_from(certificate).and_then(|certificate| {
        certificate
            .verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None)
            .map(drop)
    });
    let bound = match end {
        Err(webpki::Error::CertExpired { not_after, .. }) => not_after,
        Err(webpki::Error::CertNotValidYet { not_before, .. }) => not_before,
        _ => time,
    };
    let seconds = i64::try_from(bound.as_secs()).unwrap_or(i64::MAX);
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
