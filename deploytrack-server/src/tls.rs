//! TLS from files: the certificate and the key of the listener, and their renewal.
//!
//! The files are read again every few seconds, and at SIGHUP. The contents are compared and not the
//! times: certbot and Kubernetes exchange symbolic links, and copies may have the time of their
//! originals.

mod files;
mod pair;
mod renewal;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use deploytrack_core::clock::{Clock as _, SystemClock};
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    sign::SingleCertAndKey,
    version::{TLS12, TLS13},
};
use tokio::sync::Notify;

pub use self::files::TlsFiles;
use self::pair::Pair;
pub use self::pair::TlsError;

/// The TLS of a listener. Copies share the certificate.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    files: TlsFiles,
    current: RwLock<Current>,
    /// Notified when the files have to be read at once.
    asked: Notify,
}

/// The certificate of new connections.
#[derive(Clone)]
struct Current {
    pair: Arc<Pair>,
    config: Arc<ServerConfig>,
}

impl Current {
    /// TLS 1.2 and 1.3, and HTTP/1.1 alone.
    fn of(pair: Pair) -> Result<Self, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(TlsError::Library)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair.key.clone())));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (pair, config) = (Arc::new(pair), Arc::new(config));
        Ok(Self { pair, config })
    }
}

/// The cryptography of all TLS of this crate.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

impl Tls {
    /// Reads the certificate and the key.
    ///
    /// # Errors
    /// [`TlsError`] if a file cannot be read or used, or the two do not belong together.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let current = Current::of(Pair::of(files, &files.read()?)?)?;
        Ok(Self(Arc::new(Shared {
            files: files.clone(),
            current: RwLock::new(current),
            asked: Notify::new(),
        })))
    }

    fn current(&self) -> Current {
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The settings for a new connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.current().config
    }

    /// A description of the certificate in use: its validity, or a warning about it.
    pub(crate) fn describe(&self) -> String {
        let pair = self.current().pair;
        let warning = pair.warning(SystemClock.now());
        warning.unwrap_or_else(|| format!("is valid until {}", pair.valid_until()))
    }

    /// The host in the address of a server that listens at this address: the address, or a name of
    /// the certificate if the certificate is not for the address.
    #[must_use]
    pub fn host(&self, address: std::net::IpAddr) -> String {
        self.current().pair.host(address)
    }

    /// Reads the files at once.
    #[cfg(unix)]
    pub(crate) fn renew(&self) {
        self.0.asked.notify_one();
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.files).finish()
    }
}
