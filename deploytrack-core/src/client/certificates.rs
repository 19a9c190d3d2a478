//! Which certificates an `https` server may have: those of an authority that the machine trusts, and those that are given.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};
use rustls_platform_verifier::Verifier;

/// Certificates that a server may have, or may be signed by.
#[derive(Clone, Debug, Default)]
pub struct Certificates(Vec<CertificateDer<'static>>);

/// Why no certificates could be read from a file; a sentence that goes on after the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificates {
    /// It is empty.
    #[error("is empty; it must hold a certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----")]
    Empty,
    /// It is a certificate in the binary form.
    #[error(
        "holds no certificate in PEM form but binary data; `openssl x509 -inform der -in FILE -out FILE.pem` writes the PEM form of a certificate"
    )]
    Binary,
    /// It holds something else in PEM form.
    #[error("holds no certificate but -----BEGIN {0}-----; give the file with -----BEGIN CERTIFICATE----- instead")]
    Other(String),
    /// It holds no PEM at all.
    #[error("holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----")]
    None,
    /// One of its certificates is damaged.
    #[error("must hold whole certificates only, and number {number} cannot be read ({why})")]
    Damaged {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

const BEGIN: &str = "-----BEGIN ";

impl Certificates {
    /// Reads all certificates of a PEM text. What else is in it, such as a private key, is passed over.
    ///
    /// # Errors
    /// [`BadCertificates`] when there is none, or one is damaged.
    pub fn from_pem(pem: &[u8]) -> Result<Self, BadCertificates> {
        let mut certificates = Vec::new();
        for (found, number) in CertificateDer::pem_slice_iter(pem).zip(1..) {
            let damaged = |why: String| BadCertificates::Damaged { number, why };
            let certificate = found.map_err(|error| damaged(error.to_string()))?;
            RootCertStore::empty().add(certificate.clone()).map_err(|error| damaged(error.to_string()))?;
            certificates.push(certificate);
        }
        if certificates.is_empty() { Err(missing(pem)) } else { Ok(Self(certificates)) }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The settings of connections that trust them, and what the machine trusts.
    pub(super) fn config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = OwnOrTrusted { own: self.0.clone(), trusted: self.trusted(provider.clone())? };
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn trusted(&self, provider: Arc<CryptoProvider>) -> Result<Verifier, TlsError> {
        if self.is_empty() { Verifier::new(provider) } else { Verifier::new_with_extra_roots(self.0.iter().cloned(), provider) }
    }
}

/// Why a text without certificates has none.
fn missing(pem: &[u8]) -> BadCertificates {
    let text = String::from_utf8_lossy(pem);
    let label = text.lines().find_map(|line| line.trim().strip_prefix(BEGIN)?.strip_suffix("-----").map(str::to_owned));
    match label {
        Some(label) if label != "CERTIFICATE" => BadCertificates::Other(label),
        _ if text.trim().is_empty() => BadCertificates::Empty,
        // A certificate in DER is a sequence.
        _ if pem.starts_with(&[0x30]) && std::str::from_utf8(pem).is_err() => BadCertificates::Binary,
        _ => BadCertificates::None,
    }
}

/// Trusts what the machine trusts, and besides a server that shows one of the given certificates itself. webpki takes no
/// certificate for a server's that may also sign others, as `openssl req -x509` makes it, and none that was given without its
/// authority; curl, Python and Node take both.
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
        match self.trusted.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(error) if self.own.contains(end_entity) && is_about_its_signer(&error) && is_for_servers(end_entity) => {
                // Its time is checked before its signer, so that is right already; its names are checked last.
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
        self.trusted.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.trusted.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trusted.supported_verify_schemes()
    }
}

fn is_about_its_signer(error: &TlsError) -> bool {
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        TlsError::InvalidCertificate(CertificateError::Other(OtherError(cause))) => {
            matches!(cause.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
        }
        _ => false,
    }
}

/// Whether a certificate is for servers, or says nothing of its use. webpki does not look where it finds a certificate that
/// signs. The identifiers are looked for as bytes: the certificate is the caller's own, so they are not there by design.
fn is_for_servers(certificate: &[u8]) -> bool {
    const EXTENDED_KEY_USAGE: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x25];
    const SERVER: &[u8] = &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
    let has = |identifier: &[u8]| certificate.windows(identifier.len()).any(|bytes| bytes == identifier);
    !has(EXTENDED_KEY_USAGE) || has(SERVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_by_what_it_holds() {
        for (pem, said) in [
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
            assert!(refusal.contains(said), "{}: {refusal}", String::from_utf8_lossy(pem));
        }
    }
}
