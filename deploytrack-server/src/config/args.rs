//! The flags and the variables of the settings.

use std::{net::SocketAddr, path::PathBuf, str::FromStr as _, time::Duration};

use clap::builder::{
    EnumValueParser, PathBufValueParser, StringValueParser, TypedValueParser as _,
};
use deploytrack_core::tracker::{NameGuard, Registration};

use super::{Badges, DatabaseUrl, MAX_CONNECTIONS};
use crate::{
    log,
    proxies::ProxyNetwork,
    rates::{RateLimit, RateLimits},
    value_parser::{TrimmedPath, TrimmedText},
};

/// The greatest limit of connections that may be configured.
const MOST_CONNECTIONS: u64 = 1_000_000;

/// The settings from flags and variables.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, global = true, value_name = "ADDRESS:PORT", env = "DEPLOYTRACK_LISTEN", value_parser = TrimmedText(address), default_value = "127.0.0.1:3000")]
    pub(super) listen: SocketAddr,

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
    pub(super) database_url: Option<DatabaseUrl>,

    /// File with the password for PostgreSQL; --database-url then contains the user and no password
    #[arg(long, global = true, value_name = "PATH", env = "DEPLOYTRACK_DATABASE_PASSWORD_FILE", value_parser = TrimmedPath(PathBufValueParser::new()))]
    pub(super) database_password_file: Option<PathBuf>,

    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "DEPLOYTRACK_TLS_CERT",
        value_parser = TrimmedPath(PathBufValueParser::new()),
        help = "File with the certificate for https in PEM form, followed by those of its issuers; a new one is used without a restart"
    )]
    pub(super) tls_cert: Option<PathBuf>,

    /// File with the private key of --tls-cert in PEM form
    #[arg(long, global = true, value_name = "PATH", env = "DEPLOYTRACK_TLS_KEY", value_parser = TrimmedPath(PathBufValueParser::new()))]
    pub(super) tls_key: Option<PathBuf>,

    #[arg(
        long = "trusted-proxy",
        global = true,
        value_name = "NETWORK",
        env = "DEPLOYTRACK_TRUSTED_PROXY",
        value_delimiter = ',',
        value_parser = TrimmedText(ProxyNetwork::from_str),
        help = "Address or network of a proxy, such as 10.0.0.7 or 10.0.0.0/8, whose X-Forwarded-For, X-Forwarded-Proto and \
                  Forwarded are believed; may be repeated, or a list with commas"
    )]
    pub(super) trusted_proxies: Vec<ProxyNetwork>,

    #[command(flatten)]
    pub(super) tokens: TokenArgs,

    /// Unknown component and environment names: auto registers them, strict rejects them
    #[arg(long, global = true, value_name = "auto|strict", env = "DEPLOYTRACK_REGISTRATION", value_parser = TrimmedText(Registration::from_str), default_value = "auto")]
    pub(super) registration: Registration,

    /// New names that look like typing errors for existing ones: off registers them, warn does so
    /// with a warning, refuse rejects them
    #[arg(long, global = true, value_name = "off|warn|refuse", env = "DEPLOYTRACK_NAME_GUARD", value_parser = TrimmedText(NameGuard::from_str), default_value = "refuse")]
    pub(super) name_guard: NameGuard,

    /// Badges, which show current versions: off, or public to anyone without a token
    #[arg(long, global = true, value_name = "off|public", value_parser = TrimmedText(EnumValueParser::<Badges>::new()), env = "DEPLOYTRACK_BADGES", default_value_t = Badges::Off,
          hide_possible_values = true)]
    pub(super) badges: Badges,

    /// Time for which the response to a request with an Idempotency-Key is stored, from 1m to 1y
    #[arg(long, global = true, value_name = "TIME", env = "DEPLOYTRACK_IDEMPOTENCY_RETENTION", default_value = "24h",
          value_parser = TrimmedText(retention))]
    pub(super) idempotency_retention: Duration,

    /// Format of the log [default: text on a terminal, json otherwise]
    #[arg(long, global = true, value_name = "FORMAT", value_parser = TrimmedText(EnumValueParser::<log::Format>::new()), env = "DEPLOYTRACK_LOG_FORMAT")]
    pub(super) log_format: Option<log::Format>,

    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "DEPLOYTRACK_LOG_LEVEL",
        value_parser = TrimmedText(StringValueParser::new()),
        help = "Level of the log: error, warn, info, debug, trace, or directives such as info,sqlx=debug; RUST_LOG is read too \
                  [default: info]"
    )]
    pub(super) log_level: Option<String>,

    /// Limit of simultaneous connections; a new connection above it closes the one that has been
    /// idle longest
    #[arg(long, global = true, value_name = "NUMBER", env = "DEPLOYTRACK_MAX_CONNECTIONS", default_value_t = MAX_CONNECTIONS,
          value_parser = TrimmedText(max_connections))]
    pub(super) max_connections: usize,

    #[arg(
        long,
        global = true,
        value_name = "NUMBER",
        env = "DEPLOYTRACK_MAX_CONNECTIONS_PER_ADDRESS",
        value_parser = TrimmedText(max_connections),
        help = "Limit of connections from one address (IPv6: one /64 network) that have not carried a valid token \
                  [default: a quarter of --max-connections]"
    )]
    pub(super) max_connections_per_address: Option<usize>,

    /// Reads that one subject may send, such as 200/s, 12000/m or 100000/h; off sets no limit
    #[arg(long, global = true, value_name = "RATE|off", env = "DEPLOYTRACK_RATE_READS", default_value_t = RateLimits::default().reads,
          value_parser = TrimmedText(RateLimit::from_str))]
    pub(super) rate_reads: RateLimit,

    /// Writes that one subject may send
    #[arg(long, global = true, value_name = "RATE|off", env = "DEPLOYTRACK_RATE_WRITES", default_value_t = RateLimits::default().writes,
          value_parser = TrimmedText(RateLimit::from_str))]
    pub(super) rate_writes: RateLimit,

    /// Requests for badges and logins that one address (IPv6: one /64 network) may send
    #[arg(long, global = true, value_name = "RATE|off", env = "DEPLOYTRACK_RATE_ANONYMOUS", default_value_t = RateLimits::default().anonymous,
          value_parser = TrimmedText(RateLimit::from_str))]
    pub(super) rate_anonymous: RateLimit,

    /// Requests without a valid token that one address may send
    #[arg(long, global = true, value_name = "RATE|off", env = "DEPLOYTRACK_RATE_REFUSED", default_value_t = RateLimits::default().refused,
          value_parser = TrimmedText(RateLimit::from_str))]
    pub(super) rate_refused: RateLimit,

    /// Folder for backups that the server makes on its own; SQLite only
    #[arg(long, global = true, value_name = "FOLDER", env = "DEPLOYTRACK_BACKUP_TO", value_parser = TrimmedPath(PathBufValueParser::new()))]
    pub(super) backup_to: Option<PathBuf>,

    /// Time from one of these backups to the next, from 1m to 1y
    #[arg(long, global = true, value_name = "TIME", env = "DEPLOYTRACK_BACKUP_EVERY", default_value = "24h",
          value_parser = TrimmedText(retention))]
    pub(super) backup_every: Duration,

    /// Number of these backups that stay in the folder; the oldest ones are removed
    #[arg(long, global = true, value_name = "NUMBER", env = "DEPLOYTRACK_BACKUP_KEEP", default_value = "14",
          value_parser = TrimmedText(backups))]
    pub(super) backup_keep: usize,

    /// Time from the signal to end until no more connections are accepted, at most 5m: meanwhile
    /// /readyz fails, and a load balancer takes the server out
    #[arg(long, global = true, value_name = "TIME", env = "DEPLOYTRACK_DRAIN_DELAY", default_value = "0s",
          value_parser = TrimmedText(drain_delay))]
    pub(super) drain_delay: Duration,

    /// Address of a second listener, for /healthz and /readyz only, with its own connection limit
    #[arg(long, global = true, value_name = "ADDRESS:PORT", env = "DEPLOYTRACK_HEALTH_LISTEN", value_parser = TrimmedText(SocketAddr::from_str))]
    pub(super) health_listen: Option<SocketAddr>,

    /// Address of a further listener, for /metrics and /metrics/cells only, without a token: it
    /// shows the names of components
    #[arg(long, global = true, value_name = "ADDRESS:PORT", env = "DEPLOYTRACK_METRICS_LISTEN", value_parser = TrimmedText(SocketAddr::from_str))]
    pub(super) metrics_listen: Option<SocketAddr>,
}

/// The settings of tokens, and the directory that contains their secret.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenArgs {
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "DEPLOYTRACK_DATA_DIR",
        value_parser = TrimmedPath(PathBufValueParser::new()),
        help = "Directory of the database and the token secret [default: $XDG_DATA_HOME/deploytrack]"
    )]
    pub(super) data_dir: Option<PathBuf>,

    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "DEPLOYTRACK_JWT_SECRET_FILE",
        value_parser = TrimmedPath(PathBufValueParser::new()),
        help = "File with the secret that signs tokens, at least 32 bytes; DEPLOYTRACK_JWT_SECRET may contain the secret itself \
                  [default: jwt-secret in the data directory, created at the first start]"
    )]
    pub(super) jwt_secret_file: Option<PathBuf>,

    /// File with a former secret, whose tokens are still accepted; may be repeated
    #[arg(long, global = true, value_name = "PATH", env = "DEPLOYTRACK_JWT_FORMER_SECRET_FILE", value_delimiter = ',', value_parser = TrimmedPath(PathBufValueParser::new()))]
    pub(super) jwt_former_secret_file: Vec<PathBuf>,

    #[arg(
        long,
        global = true,
        value_name = "PATH|URL",
        env = "DEPLOYTRACK_JWT_KEY",
        value_delimiter = ',',
        value_parser = TrimmedPath(PathBufValueParser::new()),
        help = "File with a public key whose tokens are accepted too: RS256, ES256 or EdDSA, in PEM form or as JSON Web Keys (RFC 7517), \
                  or the https URL of a JSON Web Key Set, which is read again when its keys change; may be repeated"
    )]
    pub(super) jwt_key: Vec<PathBuf>,

    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "DEPLOYTRACK_OIDC_FILE",
        value_parser = TrimmedPath(PathBufValueParser::new()),
        help = "TOML file with the issuers of identity tokens that pipelines exchange for a token of this server, and the rules for them"
    )]
    pub(super) oidc_file: Option<PathBuf>,

    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "DEPLOYTRACK_OIDC_CA_FILE",
        value_parser = TrimmedPath(PathBufValueParser::new()),
        help = "File with certificates in PEM form that are trusted, besides those of the machine, when the keys of issuers are read"
    )]
    pub(super) oidc_ca_file: Option<PathBuf>,

    /// Accept only tokens with this issuer (iss)
    #[arg(long, global = true, value_name = "TEXT", env = "DEPLOYTRACK_JWT_ISSUER", value_parser = TrimmedText(StringValueParser::new()))]
    pub(super) jwt_issuer: Option<String>,

    /// Accept only tokens for this audience (aud)
    #[arg(long, global = true, value_name = "TEXT", env = "DEPLOYTRACK_JWT_AUDIENCE", value_parser = TrimmedText(StringValueParser::new()))]
    pub(super) jwt_audience: Option<String>,

    /// Longest lifetime of a token, from 1m to 100y; tokens with a longer one are rejected
    #[arg(long, global = true, value_name = "TIME", env = "DEPLOYTRACK_MAX_TOKEN_LIFETIME", default_value = "10y",
          value_parser = TrimmedText(token_lifetime))]
    pub(super) max_token_lifetime: Duration,
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

/// Parses a number of backups.
///
/// # Errors
/// A sentence for the operator.
pub fn backups(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=100_000) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
        _ => Err("must be a whole number from 1 to 100000".into()),
    }
}

fn token_lifetime(text: &str) -> Result<Duration, String> {
    let (least, most) = (Duration::from_mins(1), Duration::from_hours(24 * 36_525));
    match humantime::parse_duration(text) {
        Ok(time) if (least..=most).contains(&time) => Ok(time),
        Ok(_) => Err("must be from one minute (1m) to a hundred years (100y)".into()),
        Err(error) => Err(format!("must be a time such as 90d or 10y ({error})")),
    }
}

fn drain_delay(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time <= Duration::from_mins(5) => Ok(time),
        Ok(_) => Err("must be at most five minutes (5m)".into()),
        Err(_) => Err("must be a time with its unit, such as 500ms or 10s".into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_limit_is_a_whole_number() {
        assert_eq!(max_connections("768"), Ok(768));
        for text in ["", "0", "-1", "many", "1000001", "1e3"] {
            assert!(max_connections(text).is_err(), "{text}");
        }
    }
}
