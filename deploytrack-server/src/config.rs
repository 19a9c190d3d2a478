//! The settings. Each has a flag and an environment variable; only the token secret itself has no
//! flag.

mod args;
mod database_url;
mod listing;
mod reachable;

use std::{
    env, fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::TimeDelta;
use deploytrack_core::{
    text::trimmed,
    tracker::{NameGuard, RETENTION, Registration},
};
use etcetera::BaseStrategy as _;

pub use self::{
    args::{ServeArgs, TokenArgs},
    database_url::DatabaseUrl,
    reachable::reachable,
};
use crate::{
    connections::ConnectionLimits,
    log,
    secret_file::{self, SecretFileError},
    token::{Secret, ShortSecret},
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
    /// The secret that signs tokens.
    pub secret: Secret,
    /// The treatment of unknown names.
    pub registration: Registration,
    /// The treatment of near misses among them.
    pub name_guard: NameGuard,
    /// The access to badges.
    pub badges: Badges,
    /// The time for which responses are stored under their idempotency keys.
    pub idempotency_retention: TimeDelta,
    /// The format of the log.
    pub log_format: log::Format,
    /// The level of the log.
    pub log_level: String,
    /// The limits of connections.
    pub limits: ConnectionLimits,
    /// The address for health checks only.
    pub health_listen: Option<SocketAddr>,
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
        self.configured_database()?;
        let secret = self.tokens.secret()?;
        Ok(Config {
            listen: self.listen,
            database_url: self.database()?,
            data_dir,
            registration: self.registration,
            name_guard: self.name_guard,
            badges: self.badges,
            // The conversion cannot fail: the longest retention is far below the limit of
            // `TimeDelta`.
            idempotency_retention: TimeDelta::from_std(self.idempotency_retention)
                .unwrap_or(RETENTION),
            log_format: self.log_format(),
            log_level,
            limits: self.limits(),
            health_listen: self.health_listen,
            secret,
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
            return Ok(url.clone());
        }
        let data_dir = self.tokens.data_dir()?;
        create_private_dir(&data_dir)?;
        Ok(DatabaseUrl::file_in(&data_dir))
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

    fn configured_database(&self) -> Result<Option<&DatabaseUrl>, ConfigError> {
        match &self.database_url {
            Some(url) if !url.is_supported() => Err(ConfigError::DatabaseUrl),
            configured => Ok(configured.as_ref()),
        }
    }
}

impl TokenArgs {
    /// Reads the secret; creates that of the data directory at the first start.
    ///
    /// # Errors
    /// [`ConfigError`] if there is no secret, or it is too short.
    pub fn secret(&self) -> Result<Secret, ConfigError> {
        let bytes = match self.source()? {
            SecretSource::Variable(bytes) => {
                Secret::new(bytes).map_err(ConfigError::SecretVariable)?
            }
            SecretSource::File(path) => secret_file::read(&path)?,
            SecretSource::DefaultFile(path) => {
                create_private_dir(&self.data_dir()?)?;
                secret_file::read_or_create(&path)?
            }
        };
        Ok(bytes
            .with_issuer_and_audience(self.jwt_issuer.clone(), self.jwt_audience.clone())
            .with_max_lifetime(self.max_token_lifetime))
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
            (None, None) => match credential() {
                Some(path) => Ok(SecretSource::File(path)),
                None => Ok(SecretSource::DefaultFile(
                    self.data_dir()?.join(SECRET_FILE),
                )),
            },
        }
    }
}

/// The secret among the credentials of the service, if there is one.
fn credential() -> Option<PathBuf> {
    let directory = env::var_os(CREDENTIALS_VARIABLE).filter(|directory| !directory.is_empty())?;
    let path = PathBuf::from(directory).join(SECRET_FILE);
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
