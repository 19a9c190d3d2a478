//! The settings. Each has a flag and an environment variable; only the token secret itself has no
//! flag.

use std::{
    env, fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use chrono::TimeDelta;
use clap::builder::{
    EnumValueParser, PathBufValueParser, StringValueParser, TypedValueParser as _,
};
use deploytrack_core::{
    error::Error,
    store::Store,
    text::trimmed,
    tracker::{NameGuard, RETENTION, Registration},
};
use etcetera::BaseStrategy as _;

use crate::{
    connections::ConnectionLimits,
    log,
    secret_file::{self, SecretFileError},
    token::{Secret, ShortSecret, lifetime_text},
    value_parser::{TrimmedPath, TrimmedText},
};

/// The default limit of connections. It fits the usual limit of 1,024 open files, with a reserve
/// for the database.
pub const MAX_CONNECTIONS: usize = 768;
/// The greatest limit of connections that may be configured.
const MOST_CONNECTIONS: u64 = 1_000_000;
/// The variable with the token secret itself.
const SECRET_VARIABLE: &str = "DEPLOYTRACK_JWT_SECRET";

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

/// The settings from flags and variables.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, global = true, value_name = "ADDRESS:PORT", env = "DEPLOYTRACK_LISTEN", value_parser = TrimmedText(address), default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "DEPLOYTRACK_DATABASE_URL",
        value_parser = TrimmedPath(StringValueParser::new()).map(|url| DatabaseUrl::from_argument(&url)),
        hide_env_values = true,
        help = "Database: sqlite:PATH (write ? in the path as %3F and % as %25) or postgres://USER:PASSWORD@HOST/NAME \
                  [default: deploytrack.db in the data directory]"
    )]
    database_url: Option<DatabaseUrl>,

    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "DEPLOYTRACK_DATA_DIR",
        value_parser = TrimmedPath(PathBufValueParser::new()),
        help = "Directory of the database and the token secret [default: $XDG_DATA_HOME/deploytrack]"
    )]
    data_dir: Option<PathBuf>,

    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "DEPLOYTRACK_JWT_SECRET_FILE",
        value_parser = TrimmedPath(PathBufValueParser::new()),
        help = "File with the secret that signs tokens, at least 32 bytes; DEPLOYTRACK_JWT_SECRET may contain the secret itself \
                  [default: jwt-secret in the data directory, created at the first start]"
    )]
    jwt_secret_file: Option<PathBuf>,

    /// Accept only tokens with this issuer (iss)
    #[arg(long, global = true, value_name = "TEXT", env = "DEPLOYTRACK_JWT_ISSUER", value_parser = TrimmedText(StringValueParser::new()))]
    jwt_issuer: Option<String>,

    /// Accept only tokens for this audience (aud)
    #[arg(long, global = true, value_name = "TEXT", env = "DEPLOYTRACK_JWT_AUDIENCE", value_parser = TrimmedText(StringValueParser::new()))]
    jwt_audience: Option<String>,

    /// Unknown component and environment names: auto registers them, strict rejects them
    #[arg(long, global = true, value_name = "auto|strict", env = "DEPLOYTRACK_REGISTRATION", value_parser = TrimmedText(Registration::from_str), default_value = "auto")]
    registration: Registration,

    /// New names that look like typing errors for existing ones: off registers them, warn does so
    /// with a warning, refuse rejects them
    #[arg(long, global = true, value_name = "off|warn|refuse", env = "DEPLOYTRACK_NAME_GUARD", value_parser = TrimmedText(NameGuard::from_str), default_value = "refuse")]
    name_guard: NameGuard,

    /// Badges, which show current versions: off, or public to anyone without a token
    #[arg(long, global = true, value_name = "off|public", value_parser = TrimmedText(EnumValueParser::<Badges>::new()), env = "DEPLOYTRACK_BADGES", default_value_t = Badges::Off,
          hide_possible_values = true)]
    badges: Badges,

    /// Time for which the response to a request with an Idempotency-Key is stored, from 1m to 1y
    #[arg(long, global = true, value_name = "TIME", env = "DEPLOYTRACK_IDEMPOTENCY_RETENTION", default_value = "24h",
          value_parser = TrimmedText(retention))]
    idempotency_retention: Duration,

    /// Format of the log [default: text on a terminal, json otherwise]
    #[arg(long, global = true, value_name = "FORMAT", value_parser = TrimmedText(EnumValueParser::<log::Format>::new()), env = "DEPLOYTRACK_LOG_FORMAT")]
    log_format: Option<log::Format>,

    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "DEPLOYTRACK_LOG_LEVEL",
        value_parser = TrimmedText(StringValueParser::new()),
        help = "Level of the log: error, warn, info, debug, trace, or directives such as info,sqlx=debug; RUST_LOG is read too \
                  [default: info]"
    )]
    log_level: Option<String>,

    /// Longest lifetime of a token, from 1m to 100y; tokens with a longer one are rejected
    #[arg(long, global = true, value_name = "TIME", env = "DEPLOYTRACK_MAX_TOKEN_LIFETIME", default_value = "10y",
          value_parser = TrimmedText(token_lifetime))]
    max_token_lifetime: Duration,

    /// Limit of simultaneous connections; a new connection above it closes the one that has been
    /// idle longest
    #[arg(long, global = true, value_name = "NUMBER", env = "DEPLOYTRACK_MAX_CONNECTIONS", default_value_t = MAX_CONNECTIONS,
          value_parser = TrimmedText(max_connections))]
    max_connections: usize,

    #[arg(
        long,
        global = true,
        value_name = "NUMBER",
        env = "DEPLOYTRACK_MAX_CONNECTIONS_PER_ADDRESS",
        value_parser = TrimmedText(max_connections),
        help = "Limit of connections from one address (IPv6: one /64 network) that have not carried a valid token \
                  [default: a quarter of --max-connections]"
    )]
    max_connections_per_address: Option<usize>,

    /// Address of a second listener, for /healthz and /readyz only, with its own connection limit
    #[arg(long, global = true, value_name = "ADDRESS:PORT", env = "DEPLOYTRACK_HEALTH_LISTEN", value_parser = TrimmedText(SocketAddr::from_str))]
    health_listen: Option<SocketAddr>,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "must be an address and a port, such as 127.0.0.1:3000 or [::]:3000")
}

fn max_connections(text: &str) -> Result<usize, String> {
    let number = text
        .parse::<u64>()
        .ok()
        .filter(|number| (1..=MOST_CONNECTIONS).contains(number));
    number
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| format!("must be a whole number from 1 to {MOST_CONNECTIONS}"))
}

fn token_lifetime(text: &str) -> Result<Duration, String> {
    let (least, most) = (Duration::from_mins(1), Duration::from_hours(24 * 36_525));
    match humantime::parse_duration(text) {
        Ok(time) if (least..=most).contains(&time) => Ok(time),
        Ok(_) => Err("must be from one minute (1m) to a hundred years (100y)".into()),
        Err(error) => Err(format!("must be a time such as 90d or 10y ({error})")),
    }
}

fn retention(text: &str) -> Result<Duration, String> {
    let (least, most) = (Duration::from_mins(1), Duration::from_hours(24 * 366));
    match humantime::parse_duration(text) {
        Ok(time) if (least..=most).contains(&time) => Ok(time),
        Ok(_) => Err("must be from one minute (1m) to one year (1y)".into()),
        Err(_) => Err("must be a time with its unit, such as 24h or 7d".into()),
    }
}

/// The location of the database. It may contain a password, so `Debug` and `Display` hide parts of
/// it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Location);

#[derive(Clone, PartialEq, Eq)]
enum Location {
    Url(String),
    /// An SQLite file. Its path is not a part of a URL and may contain any character.
    File(PathBuf),
}

impl DatabaseUrl {
    /// The URL in an argument, without blanks around it. A space at the end of a file name belongs
    /// to the name.
    fn from_argument(text: &str) -> Self {
        let text = text.trim_start();
        Self(Location::Url(
            if text.starts_with("sqlite:") {
                text
            } else {
                trimmed(text)
            }
            .to_owned(),
        ))
    }

    /// The SQLite database in a file.
    #[must_use]
    pub fn file(path: PathBuf) -> Self {
        Self(Location::File(path))
    }

    /// Opens the database and applies the migrations.
    ///
    /// # Errors
    /// The errors of [`Store::open`].
    pub async fn open(&self) -> Result<Store, Error> {
        match &self.0 {
            Location::Url(url) => Store::open(url).await,
            Location::File(path) => Store::open_file(path).await,
        }
    }

    /// Whether the URL has a supported scheme, and a path if it is SQLite's.
    fn is_supported(&self) -> bool {
        let Location::Url(url) = &self.0 else {
            return true;
        };
        // With an empty path SQLite would open a temporary database, which is deleted when the
        // server ends.
        let has_path = |scheme| {
            url.strip_prefix(scheme)
                .is_some_and(|path| !path.trim_start_matches('/').is_empty())
        };
        has_path("sqlite:") || url.starts_with("postgres://") || url.starts_with("postgresql://")
    }

    fn file_in(data_dir: &Path) -> Self {
        Self::file(data_dir.join("deploytrack.db"))
    }
}

impl From<&str> for DatabaseUrl {
    /// Accepts any text: an error of the argument parser would print the text with its password.
    fn from(text: &str) -> Self {
        Self(Location::Url(text.to_owned()))
    }
}

impl fmt::Display for DatabaseUrl {
    /// Writes the URL without user, password and parameters. A password may contain `@`, `?` and
    /// `/` that should have been encoded, so ambiguous parts are omitted too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match &self.0 {
            Location::Url(url) => url,
            Location::File(path) => return write!(f, "sqlite:{}", path.display()),
        };
        if url.starts_with("sqlite:") {
            return f.write_str(url.split('?').next().unwrap_or_default());
        }
        let Some((scheme, rest)) = url.split_once("://").filter(|_| self.is_supported()) else {
            return f.write_str("...");
        };
        match rest.rsplit_once('@') {
            Some((user, _)) if user.contains('?') => write!(f, "{scheme}://..."),
            Some((_, host)) => write!(
                f,
                "{scheme}://...@{}",
                host.split('?').next().unwrap_or_default()
            ),
            None => write!(
                f,
                "{scheme}://{}",
                rest.split('?').next().unwrap_or_default()
            ),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
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
    /// The configured file.
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
        let (data_dir, secret, log_level) = (self.data_dir()?, self.secret()?, self.log_level()?);
        self.configured_database()?;
        let bytes = match &secret {
            SecretSource::Variable(bytes) => {
                Secret::new(bytes.clone()).map_err(ConfigError::SecretVariable)?
            }
            SecretSource::File(path) => secret_file::read(path)?,
            SecretSource::DefaultFile(path) => {
                create_private_dir(&data_dir)?;
                secret_file::read_or_create(path)?
            }
        };
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
            secret: bytes
                .with_issuer_and_audience(self.jwt_issuer, self.jwt_audience)
                .with_max_lifetime(self.max_token_lifetime),
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
        self.max_token_lifetime
    }

    /// The database. If it is the default one, its directory is created.
    ///
    /// # Errors
    /// [`ConfigError`] if the directory cannot be created.
    pub fn database(&self) -> Result<DatabaseUrl, ConfigError> {
        if let Some(url) = self.configured_database()? {
            return Ok(url.clone());
        }
        let data_dir = self.data_dir()?;
        create_private_dir(&data_dir)?;
        Ok(DatabaseUrl::file_in(&data_dir))
    }

    /// Checks the settings and lists them without secrets. It creates nothing.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is invalid.
    pub fn describe(&self) -> Result<String, ConfigError> {
        let data_dir = self.data_dir()?;
        let database = self
            .configured_database()?
            .cloned()
            .unwrap_or_else(|| DatabaseUrl::file_in(&data_dir));
        let secret = match self.secret()? {
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
        let any = |value: &Option<String>| value.clone().unwrap_or_else(|| "any".into());
        let rows = [
            ("listen", self.listen.to_string()),
            ("database", database.to_string()),
            ("data directory", data_dir.display().to_string()),
            ("token secret", secret),
            ("token issuer", any(&self.jwt_issuer)),
            ("token audience", any(&self.jwt_audience)),
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
                format!("{} at most", lifetime_text(self.max_token_lifetime)),
            ),
            ("connections", self.max_connections.to_string()),
            ("of one address", self.limits().per_address.to_string()),
            (
                "health checks",
                self.health_listen.map_or_else(
                    || "at the address above".into(),
                    |listen| listen.to_string(),
                ),
            ),
        ];
        Ok(rows
            .map(|(name, value)| format!("{name:<15} {value}\n"))
            .concat())
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

    fn data_dir(&self) -> Result<PathBuf, ConfigError> {
        match &self.data_dir {
            Some(path) => Ok(path.clone()),
            None => etcetera::choose_base_strategy()
                .map(|base| base.data_dir().join("deploytrack"))
                .map_err(|_| ConfigError::NoHome),
        }
    }

    fn secret(&self) -> Result<SecretSource, ConfigError> {
        match (env::var_os(SECRET_VARIABLE), &self.jwt_secret_file) {
            (Some(_), Some(_)) => Err(ConfigError::TwoSecrets),
            (Some(secret), None) => Ok(SecretSource::Variable(secret_file::trimmed(
                secret.into_encoded_bytes(),
            ))),
            (None, Some(path)) => Ok(SecretSource::File(path.clone())),
            (None, None) => Ok(SecretSource::DefaultFile(
                self.data_dir()?.join("jwt-secret"),
            )),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            (
                "postgres://me:hunter2@db.example:5432/track?sslmode=require",
                "postgres://...@db.example:5432/track",
            ),
            (
                "postgres://me:hunter2/x@db/track",
                "postgres://...@db/track",
            ),
            ("postgres://me:hun@ter2@db/track", "postgres://...@db/track"),
            ("postgres://me:hun?ter2@db/track", "postgres://..."),
            (
                "postgres://db/track?password=hunter2",
                "postgres://db/track",
            ),
            ("postgres://db/track?password=h@unter2", "postgres://..."),
            ("postgresql:///track?host=/run", "postgresql:///track"),
            (
                "sqlite:/var/lib/track.db?mode=rwc",
                "sqlite:/var/lib/track.db",
            ),
            ("sqlite::memory:", "sqlite::memory:"),
            ("mysql://me:hunter2@db/track", "..."),
            ("hunter2", "..."),
            ("", "..."),
        ] {
            let url = DatabaseUrl::from(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("{shown:?}"));
        }
    }

    #[test]
    fn a_database_url_has_a_supported_scheme_and_a_path() {
        for supported in [
            "sqlite:track.db",
            "sqlite:/var/track.db",
            "sqlite:///var/track.db",
            "sqlite::memory:",
            "postgres://db/track",
            "postgresql:///track",
        ] {
            assert!(DatabaseUrl::from(supported).is_supported(), "{supported}");
        }
        for unsupported in [
            "",
            "sqlite:",
            "sqlite://",
            "track.db",
            "mysql://db/track",
            "Postgres:db",
        ] {
            assert!(
                !DatabaseUrl::from(unsupported).is_supported(),
                "{unsupported}"
            );
        }
    }

    #[test]
    fn a_connection_limit_is_a_whole_number() {
        assert_eq!(max_connections("768"), Ok(768));
        for text in ["", "0", "-1", "many", "1000001", "1e3"] {
            assert!(max_connections(text).is_err(), "{text}");
        }
    }
}
