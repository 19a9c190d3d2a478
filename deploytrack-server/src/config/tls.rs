//! The files of the certificate and its key.

use super::{ConfigError, ServeArgs, credential};
use crate::tls::{TlsError, TlsFiles};

/// The names of the files among the credentials of the service.
const CERTIFICATE: &str = "tls-cert";
const KEY: &str = "tls-key";

impl ServeArgs {
    /// The files of the certificate and its key: the configured ones, or the credentials of the
    /// service.
    ///
    /// # Errors
    /// [`ConfigError::Tls`] if there is only one of them.
    pub(super) fn tls_files(&self) -> Result<Option<TlsFiles>, ConfigError> {
        let (certificate, key) = match (&self.tls_cert, &self.tls_key) {
            (None, None) => (credential(CERTIFICATE), credential(KEY)),
            (certificate, key) => (certificate.clone(), key.clone()),
        };
        match (certificate, key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
            (None, Some(_)) => Err(TlsError::One("the certificate").into()),
            (Some(_), None) => Err(TlsError::One("the key").into()),
        }
    }
}
