//! The settings. Each has a flag and an environment variable; only the token secret itself has no
//! flag.

mod args;
mod database_url;
mod listing;
mod new_token;
mod oidc;
mod reachable;
mod tls;
mod transfer;

use std::{
    env, fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::TimeDelta;
use deploytrack_core::{
    client::{BadCertificates, BadHttpsUrl, NoDocuments},
    text::trimmed,
    tracker::{NameGuard, RETENTION, Registration},
};
use etcetera::BaseStrategy as _;

pub use self::{
    args::{ServeArgs, TokenArgs, backups},
    database_url::DatabaseUrl,
    new_token::NewTokenArgs,
    reachable::reachable,
    transfer::{TransferArgs, TransferUrls},
};
use crate::{
    backup::Plan,
    connections::ConnectionLimits,
    log,
    oidc::{SettingsFault, Trust},
    proxies::TrustedProxies,
    rates::RateLimits,
    secret_file::{self, SecretFile, SecretFileError},
    tls::{Tls, TlsError, TlsFiles},
    token::{Key, Secret, ShortSecret},
};

/// The default limit of connections. It fits the usual limit of 1,024 open files, with a reserve
/// for the database.
pub const MAX_CONNECTIONS: usize = 768;
/// The variable with the token secret itself.
const SECRET_VARIABLE: &str = "DEPLOYTRACK_JWT_SECRET";
/// The variable with the directory of credentials that systemd passes to a service.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
/// The name of the file with the secret, in that directory and in the data directory.
const SECRET_FILE: &str = "jwt-secret";

/// The access to badges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Badges {
    /// Badges are off; their paths do not exist.
    #[default]
    Off,
    /// Anyone may read badges without a token.
    Public,
}

impl fmt::Display for Badges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Public => "public",
        })
    }
}

/// The checked settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The default directory of the database and the token secret.
    pub data_dir: PathBuf,
    /// The database.
    pub database_url: DatabaseUrl,
    /// The secret that signs tokens, and the other keys whose tokens are accepted.
    pub secret: Secret,
    /// The issuers of identity tokens and the rules for them.
    pub(crate) trust: Option<Arc<Trust>>,
    /// The settings of the keys, which are read again while the server runs.
    pub tokens: TokenArgs,
    /// The treatment of unknown names.
    pub registration: Registration,
    /// The treatment of near misses among them.
    pub name_guard: NameGuard,
    /// The access to badges.
    pub badges: Badges,
    /// The rates of requests.
    pub rates: RateLimits,
    /// The time for which responses are stored under their idempotency keys.
    pub idempotency_retention: TimeDelta,
    /// The format of the log.
    pub log_format: log::Format,
    /// The level of the log.
    pub log_level: String,
    /// The limits of connections.
    pub limits: ConnectionLimits,
    /// The time from the signal to end until no more connections are accepted.
    pub drain_delay: Duration,
    /// The address for health checks only.
    pub health_listen: Option<SocketAddr>,
    /// The address for metrics only.
    pub metrics_listen: Option<SocketAddr>,
    /// The backups that the server makes on its own, if it makes any.
    pub backups: Option<Plan>,
    /// The files of the certificate and its key, for https.
    pub tls: Option<TlsFiles>,
    /// The proxies whose headers are believed.
    pub trusted_proxies: TrustedProxies,
}

impl Config {
    /// Reads the certificate and its key, if the server uses https.
    ///
    /// # Errors
    /// [`ConfigError::Tls`] if they cannot be used.
    pub fn tls(&self) -> Result<Option<Tls>, ConfigError> {
        Ok(self.tls.as_ref().map(Tls::load).transpose()?)
    }
}

/// An invalid setting. The message names the setting.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no home directory.
    #[error("there is no home directory for the data; give --data-dir (DEPLOYTRACK_DATA_DIR)")]
    NoHome,
    /// The data directory cannot be created.
    #[error("the data directory {} (--data-dir, DEPLOYTRACK_DATA_DIR) cannot be created", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The database is not supported.
    #[error("--database-url (DEPLOYTRACK_DATABASE_URL) must be sqlite:PATH or postgres://...")]
    DatabaseUrl,
    /// The password in the file does not fit the database.
    #[error(
        "--database-password-file (DEPLOYTRACK_DATABASE_PASSWORD_FILE) needs a database URL without a password, such as postgres://USER@HOST/NAME, in --database-url (DEPLOYTRACK_DATABASE_URL)"
    )]
    DatabasePassword,
    /// The database of a copy is not supported.
    #[error("{0} must be sqlite:PATH or postgres://USER@HOST/NAME")]
    TransferUrl(&'static str),
    /// The URL of a flag contains a password, which other users can read.
    #[error(
        "{flag} contains a password, which every user of this machine can read while the program runs; write it to a file, and name the file with {password_flag} (or PGPASSFILE)"
    )]
    PasswordInFlag {
        /// The flag.
        flag: &'static str,
        /// The flag for a file with the password.
        password_flag: &'static str,
    },
    /// A password is given for an SQLite file.
    #[error("{password_flag} is for PostgreSQL, and {flag} names an SQLite file")]
    NoPassword {
        /// The flag.
        flag: &'static str,
        /// The flag for a file with the password.
        password_flag: &'static str,
    },
    /// Only SQLite databases are backed up and restored by this program.
    #[error(
        "{0} is for an SQLite file; back up PostgreSQL with pg_dump and restore it with pg_restore, as docs/backup.md shows"
    )]
    OnlySqlite(&'static str),
    /// The URL of the SQLite database is invalid.
    #[error(transparent)]
    SqliteUrl(#[from] deploytrack_core::error::Error),
    /// The port of the server is unknown.
    #[error(
        "the health check needs the port of the server, and port 0 is any free one; give --health-listen (DEPLOYTRACK_HEALTH_LISTEN) or --listen (DEPLOYTRACK_LISTEN) with the port"
    )]
    AnyPort,
    /// There are two secrets.
    #[error(
        "{SECRET_VARIABLE} and --jwt-secret-file (DEPLOYTRACK_JWT_SECRET_FILE) are both given; give one of them"
    )]
    TwoSecrets,
    /// The secret in the variable is too short.
    #[error("{SECRET_VARIABLE} is too short; {0}")]
    SecretVariable(ShortSecret),
    /// The file with the secret cannot be used.
    #[error(transparent)]
    SecretFile(#[from] SecretFileError),
    /// The certificate or the key of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The file with the issuers of identity tokens has a fault.
    #[error("{file}, {fault}")]
    Oidc {
        /// The file.
        file: SecretFile,
        /// The line, the field and the rule that it breaks.
        fault: SettingsFault,
    },
    /// The file with the certificates of issuers has none.
    #[error("{file} {source}")]
    IssuerCertificates {
        /// The file.
        file: SecretFile,
        /// The cause.
        source: BadCertificates,
    },
    /// The machine has no certificates for https.
    #[error("{0}; --oidc-ca-file (DEPLOYTRACK_OIDC_CA_FILE) names a file with some")]
    NoDocuments(NoDocuments),
    /// The URL of a key set cannot be used.
    #[error("--jwt-key (DEPLOYTRACK_JWT_KEY) {url:?} {source}")]
    KeyUrl {
        /// The URL.
        url: String,
        /// The cause.
        source: BadHttpsUrl,
    },
    /// The log level is invalid.
    #[error(
        "{name} is {value:?}, which is not a log level; use error, warn, info, debug, trace or directives such as info,sqlx=debug"
    )]
    LogLevel {
        /// The flag or variable.
        name: &'static str,
        /// The value.
        value: String,
    },
}

/// The source of the token secret.
#[derive(Clone, Debug)]
enum SecretSource {
    Variable(Vec<u8>),
    /// The configured file, or the credential of that name.
    File(PathBuf),
    /// The file in the data directory, which the server creates.
    DefaultFile(PathBuf),
}

impl ServeArgs {
    /// Checks the settings, creates the data directory if it is needed, and reads or creates the
    /// secret.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is invalid.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        // All settings are checked before anything is created.
        let (data_dir, log_level) = (self.tokens.data_dir()?, self.log_level()?);
        self.tokens.check()?;
        let trust = self.tokens.trust()?;
        self.configured_database()?;
        let tls = self.tls_files()?;
        let backups = self.backup_plan()?;
        let secret = self.tokens.secret()?;
        Ok(Config {
            listen: self.listen,
            database_url: self.database()?,
            data_dir,
            registration: self.registration,
            name_guard: self.name_guard,
            badges: self.badges,
            rates: self.rates(),
            // The conversion cannot fail: the longest retention is far below the limit of
            // `TimeDelta`.
            idempotency_retention: TimeDelta::from_std(self.idempotency_retention)
                .unwrap_or(RETENTION),
            log_format: self.log_format(),
            log_level,
            limits: self.limits(),
            drain_delay: self.drain_delay,
            health_listen: self.health_listen,
            tls,
            trusted_proxies: self.trusted_proxies.into_iter().collect(),
            metrics_listen: self.metrics_listen,
            backups,
            secret,
            trust: trust.map(Arc::new),
            tokens: self.tokens,
        })
    }

    /// The limits of connections.
    fn limits(&self) -> ConnectionLimits {
        let limits = ConnectionLimits::of(self.max_connections);
        ConnectionLimits {
            per_address: self
                .max_connections_per_address
                .unwrap_or(limits.per_address),
            ..limits
        }
    }

    /// The rates of requests.
    fn rates(&self) -> RateLimits {
        RateLimits {
            reads: self.rate_reads,
            writes: self.rate_writes,
            anonymous: self.rate_anonymous,
            refused: self.rate_refused,
        }
    }

    /// The longest lifetime of a token that the server accepts.
    #[must_use]
    pub fn max_token_lifetime(&self) -> Duration {
        self.tokens.max_token_lifetime
    }

    /// The database. If it is the default one, its directory is created.
    ///
    /// # Errors
    /// [`ConfigError`] if the directory cannot be created.
    pub fn database(&self) -> Result<DatabaseUrl, ConfigError> {
        if let Some(url) = self.configured_database()? {
            return Ok(url);
        }
        let data_dir = self.tokens.data_dir()?;
        create_private_dir(&data_dir)?;
        Ok(DatabaseUrl::file_in(&data_dir))
    }

    /// The database, without creating anything.
    ///
    /// # Errors
    /// [`ConfigError`] if the setting is invalid, or there is no home directory.
    pub fn named_database(&self) -> Result<DatabaseUrl, ConfigError> {
        match self.configured_database()? {
            Some(url) => Ok(url),
            None => Ok(DatabaseUrl::file_in(&self.tokens.data_dir()?)),
        }
    }

    /// The file of the SQLite database, for a command or a flag that works with SQLite only.
    ///
    /// # Errors
    /// [`ConfigError::OnlySqlite`] with its name for another database.
    pub fn database_file(&self, what: &'static str) -> Result<PathBuf, ConfigError> {
        let file = self.named_database()?.file_path()?;
        file.ok_or(ConfigError::OnlySqlite(what))
    }

    /// The folder for backups.
    #[must_use]
    pub fn backup_folder(&self) -> Option<&Path> {
        self.backup_to.as_deref()
    }

    fn backup_plan(&self) -> Result<Option<Plan>, ConfigError> {
        let plan = |folder: &PathBuf| {
            Ok(Plan {
                database: self.database_file("--backup-to (DEPLOYTRACK_BACKUP_TO)")?,
                folder: folder.clone(),
                every: self.backup_every,
                keep: self.backup_keep,
            })
        };
        self.configured_database()?;
        self.backup_to.as_ref().map(plan).transpose()
    }

    /// The format of the log: the configured one, or the suitable one for the terminal.
    #[must_use]
    pub fn log_format(&self) -> log::Format {
        self.log_format.unwrap_or_else(log::Format::suitable)
    }

    /// The level of the log: the flag or its variable, else `RUST_LOG`, else `info`.
    ///
    /// # Errors
    /// [`ConfigError::LogLevel`] if the level is invalid.
    pub fn log_level(&self) -> Result<String, ConfigError> {
        let other = || {
            env::var("RUST_LOG")
                .ok()
                .map(|level| trimmed(&level).to_owned())
        };
        let other = || {
            other()
                .filter(|level| !level.is_empty())
                .map(|level| ("RUST_LOG", level))
        };
        let configured = self
            .log_level
            .clone()
            .map(|level| ("--log-level (DEPLOYTRACK_LOG_LEVEL)", level))
            .or_else(other);
        match configured {
            None => Ok("info".into()),
            Some((_, value)) if log::is_level(&value) => Ok(value),
            Some((name, value)) => Err(ConfigError::LogLevel { name, value }),
        }
    }

    /// The file with the secret, if it would have to be created.
    ///
    /// # Errors
    /// [`ConfigError`] if two secrets are configured, or there is no home directory.
    pub fn missing_secret(&self) -> Result<Option<PathBuf>, ConfigError> {
        self.tokens.missing_secret()
    }

    /// The configured database, with the password from its file.
    fn configured_database(&self) -> Result<Option<DatabaseUrl>, ConfigError> {
        match (&self.database_url, &self.database_password_file) {
            (Some(url), _) if !url.is_supported() => Err(ConfigError::DatabaseUrl),
            (url, None) => Ok(url.clone()),
            (Some(url), Some(file)) if url.lacks_password() => {
                let password = secret_file::read_password(
                    file,
                    "--database-password-file, DEPLOYTRACK_DATABASE_PASSWORD_FILE",
                )?;
                Ok(Some(url.with_password(&password)))
            }
            (_, Some(_)) => Err(ConfigError::DatabasePassword),
        }
    }
}

impl TokenArgs {
    /// Reads the secret and the other keys; creates the secret of the data directory at the first
    /// start.
    ///
    /// # Errors
    /// [`ConfigError`] if there is no secret, it is too short, or a key cannot be used.
    pub fn secret(&self) -> Result<Secret, ConfigError> {
        self.complete(|path| {
            create_private_dir(&self.data_dir()?)?;
            Ok(secret_file::read_or_create(path)?)
        })
    }

    /// Reads as [`TokenArgs::secret`] does, and creates nothing.
    ///
    /// # Errors
    /// As [`TokenArgs::secret`].
    pub fn existing_secret(&self) -> Result<Secret, ConfigError> {
        self.complete(|path| Ok(secret_file::read(path)?))
    }

    /// The secret with everything that tokens must fulfil; `default` reads that of the data directory.
    /// Each file is read once, since it may be a pipe, and the other keys come first: a faulty one
    /// must not leave a new secret behind.
    fn complete(
        &self,
        default: impl FnOnce(&Path) -> Result<Secret, ConfigError>,
    ) -> Result<Secret, ConfigError> {
        let (others, published) = (self.other_keys()?, self.published_keys()?);
        let secret = match self.source()? {
            SecretSource::Variable(bytes) => {
                Secret::new(bytes).map_err(ConfigError::SecretVariable)?
            }
            SecretSource::File(path) => secret_file::read(&path)?,
            SecretSource::DefaultFile(path) => default(&path)?,
        };
        Ok(secret
            .with_issuer_and_audience(self.jwt_issuer.clone(), self.jwt_audience.clone())
            .with_max_lifetime(self.max_token_lifetime)
            .accepting(others)
            .accepting_published(published))
    }

    /// The former secrets and the public keys.
    fn other_keys(&self) -> Result<Vec<Key>, ConfigError> {
        let mut keys = Vec::new();
        for path in &self.jwt_former_secret_file {
            keys.push(secret_file::read_former(path)?);
        }
        for path in self.jwt_key.iter().filter(|path| key_url(path).is_none()) {
            keys.extend(secret_file::read_keys(path)?);
        }
        Ok(keys)
    }

    /// The file with the secret, if it would have to be created.
    ///
    /// # Errors
    /// [`ConfigError`] if two secrets are configured, or there is no home directory.
    pub fn missing_secret(&self) -> Result<Option<PathBuf>, ConfigError> {
        Ok(match self.source()? {
            SecretSource::DefaultFile(path) if !path.exists() => Some(path),
            _ => None,
        })
    }

    /// Checks the source of the secret without creating anything.
    fn check(&self) -> Result<(), ConfigError> {
        self.source().map(drop)
    }

    fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        match &self.data_dir {
            Some(path) => Ok(path.clone()),
            None => etcetera::choose_base_strategy()
                .map(|base| base.data_dir().join("deploytrack"))
                .map_err(|_| ConfigError::NoHome),
        }
    }

    fn source(&self) -> Result<SecretSource, ConfigError> {
        match (env::var_os(SECRET_VARIABLE), &self.jwt_secret_file) {
            (Some(_), Some(_)) => Err(ConfigError::TwoSecrets),
            (Some(secret), None) => Ok(SecretSource::Variable(secret_file::trimmed(
                secret.into_encoded_bytes(),
            ))),
            (None, Some(path)) => Ok(SecretSource::File(path.clone())),
            (None, None) => match credential(SECRET_FILE) {
                Some(path) => Ok(SecretSource::File(path)),
                None => Ok(SecretSource::DefaultFile(
                    self.data_dir()?.join(SECRET_FILE),
                )),
            },
        }
    }
}

/// The value of `--jwt-key` if it is a URL and not a path.
fn key_url(path: &Path) -> Option<&str> {
    path.to_str().filter(|text| text.contains("://"))
}

/// The credential of the service with this name, if there is one.
fn credential(name: &str) -> Option<PathBuf> {
    let directory = env::var_os(CREDENTIALS_VARIABLE).filter(|directory| !directory.is_empty())?;
    let path = PathBuf::from(directory).join(name);
    // A file that cannot be looked at is an error of the reader; without it a start would create
    // another secret.
    path.try_exists().unwrap_or(true).then_some(path)
}

/// Creates a directory that only its owner may enter. An existing directory is not changed.
fn create_private_dir(path: &Path) -> Result<(), ConfigError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| ConfigError::DataDir {
        path: path.to_owned(),
        source,
    })
}
