//! The settings of identity tokens and of published keys.

use deploytrack_core::client::{Certificates, DocumentClient};

use super::{ConfigError, TokenArgs, key_url};
use crate::{
    oidc::{OidcSettings, SettingsFault, Trust, USER_AGENT},
    secret_file::SecretFile,
    token::{KeySource, RemoteKeys},
};

impl TokenArgs {
    /// Reads the file with the issuers and rules, if one is configured.
    ///
    /// # Errors
    /// [`ConfigError`] if it cannot be read or has a fault.
    pub fn oidc(&self) -> Result<Option<OidcSettings>, ConfigError> {
        let Some(path) = &self.oidc_file else {
            return Ok(None);
        };
        let file = SecretFile::of_oidc(path);
        let bytes = file.read_whole()?;
        let parsed = match String::from_utf8(bytes) {
            Ok(text) => OidcSettings::parse(&text),
            Err(_) => Err(SettingsFault::not_utf8()),
        };
        parsed
            .map(Some)
            .map_err(|fault| ConfigError::Oidc { file, fault })
    }

    /// The trusted issuers, whose keys are read when the first token arrives.
    ///
    /// # Errors
    /// As [`TokenArgs::oidc`], and [`ConfigError`] if the certificates cannot be used.
    pub(crate) fn trust(&self) -> Result<Option<Trust>, ConfigError> {
        match self.oidc()? {
            Some(settings) => Ok(Some(Trust::new(settings, &self.documents()?))),
            None => Ok(None),
        }
    }

    /// The key sets that `--jwt-key` names by their URLs. They are read when the first token arrives.
    pub(super) fn published_keys(&self) -> Result<Vec<RemoteKeys>, ConfigError> {
        let urls: Vec<_> = self
            .jwt_key
            .iter()
            .filter_map(|path| key_url(path))
            .collect();
        if urls.is_empty() {
            return Ok(Vec::new());
        }
        let documents = self.documents()?;
        let keys = |url: &str| match url.parse() {
            Ok(url) => Ok(RemoteKeys::new(KeySource::KeySet(url), documents.clone())),
            Err(source) => Err(ConfigError::KeyUrl {
                url: url.to_owned(),
                source,
            }),
        };
        urls.into_iter().map(keys).collect()
    }

    fn documents(&self) -> Result<DocumentClient, ConfigError> {
        DocumentClient::new(USER_AGENT, &self.issuer_certificates()?)
            .map_err(ConfigError::NoDocuments)
    }

    fn issuer_certificates(&self) -> Result<Certificates, ConfigError> {
        let Some(path) = &self.oidc_ca_file else {
            return Ok(Certificates::default());
        };
        let file = SecretFile::of_issuer_certificates(path);
        let pem = file.read_whole()?;
        Certificates::from_pem(&pem)
            .map_err(|source| ConfigError::IssuerCertificates { file, source })
    }
}
