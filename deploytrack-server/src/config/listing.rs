//! The list of all settings.

use super::{ConfigError, SECRET_VARIABLE, SecretSource, ServeArgs};
use crate::{
    proxies::TrustedProxies,
    rates::RateLimit,
    secret_file,
    tls::Tls,
    token::{Secret, lifetime_text},
};

impl ServeArgs {
    /// Checks the settings and lists them without secrets. It creates nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is invalid.
    pub fn describe(&self) -> Result<String, ConfigError> {
        let data_dir = self.tokens.data_dir()?;
        let database = self.named_database()?;
        let backups = self.backup_plan()?.map_or_else(
            || "none".into(),
            |plan| {
                let every = humantime::format_duration(plan.every);
                format!(
                    "{} every {every}, {} kept",
                    plan.folder.display(),
                    plan.keep
                )
            },
        );
        let secret = match self.tokens.source()? {
            SecretSource::Variable(bytes) => {
                Secret::new(bytes).map_err(ConfigError::SecretVariable)?;
                SECRET_VARIABLE.to_owned()
            }
            SecretSource::DefaultFile(path) if !path.exists() => {
                format!("{} (created at the first start)", path.display())
            }
            SecretSource::DefaultFile(path) | SecretSource::File(path) => {
                secret_file::read(&path)?;
                path.display().to_string()
            }
        };
        let tls = match self.tls_files()? {
            Some(files) => {
                let tls = Tls::load(&files)?;
                let file = files.certificate.display();
                format!("{file} {}", tls.describe())
            }
            None => "off".to_owned(),
        };
        let trusted: TrustedProxies = self.trusted_proxies.iter().copied().collect();
        let (issuers, rules) = self.tokens.oidc()?.unwrap_or_default().counts();
        self.tokens.trust()?;
        let keys_by_url = self.tokens.published_keys()?.len();
        let any = |value: &Option<String>| value.clone().unwrap_or_else(|| "any".into());
        let of_one = |limit: RateLimit, what| format!("{limit} of one {what}");
        let rows = [
            ("listen", self.listen.to_string()),
            ("certificate", tls),
            ("trusted proxies", trusted.to_string()),
            ("database", database.to_string()),
            ("data directory", data_dir.display().to_string()),
            ("token secret", secret),
            ("other keys", self.tokens.other_keys()?.len().to_string()),
            ("keys by URL", keys_by_url.to_string()),
            ("token issuer", any(&self.tokens.jwt_issuer)),
            ("token audience", any(&self.tokens.jwt_audience)),
            (
                "identity tokens",
                match issuers {
                    0 => "off".to_owned(),
                    _ => format!("{issuers} issuers, {rules} rules"),
                },
            ),
            ("registration", self.registration.to_string()),
            ("name guard", self.name_guard.to_string()),
            ("badges", self.badges.to_string()),
            (
                "idempotency",
                humantime::format_duration(self.idempotency_retention).to_string(),
            ),
            ("log format", self.log_format().to_string()),
            ("log level", self.log_level()?),
            (
                "token lifetime",
                format!("{} at most", lifetime_text(self.tokens.max_token_lifetime)),
            ),
            ("backups", backups),
            ("connections", self.max_connections.to_string()),
            ("of one address", self.limits().per_address.to_string()),
            ("reads", of_one(self.rate_reads, "subject")),
            ("writes", of_one(self.rate_writes, "subject")),
            ("anonymous", of_one(self.rate_anonymous, "address")),
            ("refused", of_one(self.rate_refused, "address")),
            (
                "drain delay",
                humantime::format_duration(self.drain_delay).to_string(),
            ),
            (
                "health checks",
                self.health_listen.map_or_else(
                    || "at the address above".into(),
                    |listen| listen.to_string(),
                ),
            ),
            (
                "metrics",
                self.metrics_listen.map_or_else(
                    || "at the address above, with a token".into(),
                    |listen| listen.to_string(),
                ),
            ),
        ];
        Ok(rows
            .map(|(name, value)| format!("{name:<15} {value}\n"))
            .concat())
    }
}
