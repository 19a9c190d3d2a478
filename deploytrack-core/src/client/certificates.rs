//! The certificates that the client accepts from an `https` server: those of an authority that the
//! machine trusts, and the given ones.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, OtherError,
    RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};
use rustls_platform_verifier::Verifier;

/// Given certificates: a server may present one of them, or be signed by one.
#[derive(Clone, Debug, Default)]
pub struct Certificates(Vec<CertificateDer<'static>>);

/// Why no certificates could be read from a file. The message is a predicate for the name of the
/// file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificates {
    /// The file is empty.
    #[error(
        "is empty; it must contain a certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----"
    )]
    Empty,
    /// The file is a certificate in the binary form (DER).
    #[error(
        "contains binary data instead of a certificate in PEM form; `openssl x509 -inform der -in FILE -out FILE.pem` writes the PEM form of a certificate"
    )]
    Binary,
    /// The file contains something else in PEM form.
    #[error(
        "contains -----BEGIN {0}----- and no certificate; give the file with -----BEGIN CERTIFICATE----- instead"
    )]
    Other(String),
    /// The file contains no PEM.
    #[error("contains no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----")]
    None,
    /// A certificate in the file is damaged.
    #[error("must contain only complete certificates, but number {number} cannot be read ({why})")]
    Damaged {
        /// The number of the certificate, from 1.
        number: usize,
        /// The cause.
        why: String,
    },
}

const BEGIN: &str = "-----BEGIN ";

impl Certificates {
    /// Reads all certificates of a PEM text. Other sections, such as a private key, are ignored.
    ///
    /// # Errors
    /// [`BadCertificates`] when there is no certificate, or one is damaged.
    pub fn from_pem(pem: &[u8]) -> Result<Self, BadCertificates> {
        let mut certificates = Vec::new();
        for (found, number) in CertificateDer::pem_slice_iter(pem).zip(1..) {
            let damaged = |why: String| BadCertificates::Damaged { number, why };
            let certificate = found.map_err(|error| damaged(error.to_string()))?;
            RootCertStore::empty()
                .add(certificate.clone())
                .map_err(|error| damaged(error.to_string()))?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            Err(missing(pem))
        } else {
            Ok(Self(certificates))
        }
    }

    /// Whether there are no certificates.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The TLS settings that trust these certificates and the authorities that the machine trusts.
    pub(super) fn config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = OwnOrTrusted {
            own: self.0.clone(),
            trusted: self.trusted(provider.clone())?,
        };
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn trusted(&self, provider: Arc<CryptoProvider>) -> Result<Verifier, TlsError> {
        if self.is_empty() {
            Verifier::new(provider)
        } else {
            Verifier::new_with_extra_roots(self.0.iter().cloned(), provider)
        }
    }
}

/// The error of a text without certificates.
fn missing(pem: &[u8]) -> BadCertificates {
    let text = String::from_utf8_lossy(pem);
    let label = text.lines().find_map(|line| {
        line.trim()
            .strip_prefix(BEGIN)?
            .strip_suffix("-----")
            .map(str::to_owned)
    });
    match label {
        Some(label) if label != "CERTIFICATE" => BadCertificates::Other(label),
        _ if text.trim().is_empty() => BadCertificates::Empty,
        // A certificate in DER starts with the tag of a sequence.
        _ if pem.starts_with(&[0x30]) && std::str::from_utf8(pem).is_err() => {
            BadCertificates::Binary
        }
        _ => BadCertificates::None,
    }
}

/// A verifier that trusts the authorities of the machine, and also a server that presents one of
/// the given certificates. webpki rejects a server certificate that may also sign others, as
/// `openssl req -x509` creates it, and one that was given without its authority. curl, Python and
/// Node accept both.
#[derive(Debug)]
struct OwnOrTrusted {
    own: Vec<CertificateDer<'static>>,
    trusted: Verifier,
}

impl ServerCertVerifier for OwnOrTrusted {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        match self.trusted.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        ) {
            Err(error)
                if self.own.contains(end_entity)
                    && is_about_its_signer(&error)
                    && is_for_servers(end_entity) =>
            {
                // webpki checks the validity period before the signer, so the period is right. It
                // checks the names last.
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.trusted
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.trusted
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trusted.supported_verify_schemes()
    }
}

fn is_about_its_signer(error: &TlsError) -> bool {
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        TlsError::InvalidCertificate(CertificateError::Other(OtherError(cause))) => {
            matches!(
                cause.downcast_ref::<webpki::Error>(),
                Some(webpki::Error::CaUsedAsEndEntity)
            )
        }
        _ => false,
    }
}

/// Whether a certificate is for servers, or does not restrict its use. webpki does not check this
/// for a certificate that may sign others. A search for the bytes of the identifiers is enough: the
/// caller gave the certificate, so nobody has crafted those bytes.
fn is_for_servers(certificate: &[u8]) -> bool {
    const EXTENDED_KEY_USAGE: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x25];
    const SERVER: &[u8] = &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
    let has = |identifier: &[u8]| {
        certificate
            .windows(identifier.len())
            .any(|bytes| bytes == identifier)
    };
    !has(EXTENDED_KEY_USAGE) || has(SERVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_file_without_a_certificate_describes_its_content() {
        for (pem, expected) in [
            (&b""[..], "is empty"),
            (b"\r\n \n", "is empty"),
            (b"no PEM", "no certificate in PEM form"),
            (b"\x30\x82\x01\xff\xff", "openssl x509 -inform der"),
            (b"-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----"),
            (b"-----BEGIN TRUSTED CERTIFICATE-----\r\naGVsbG8=\r\n-----END TRUSTED CERTIFICATE-----\r\n", "TRUSTED"),
            (b"-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n", "number 1"),
            (b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n", "number 1"),
            (b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n", "number 1"),
        ] {
            let refusal = Certificates::from_pem(pem).unwrap_err().to_string();
            assert!(refusal.contains(expected), "{}: {refusal}", String::from_utf8_lossy(pem));
        }
    }
}
