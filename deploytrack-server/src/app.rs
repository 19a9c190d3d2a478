//! The application: everything that a request needs.

use std::{fmt, sync::Arc, thread::available_parallelism, time::Duration};

use deploytrack_core::{
    client::{Certificates, DocumentClient, NoDocuments},
    digest::Digest,
    error::Error,
    measurement::MOST_CELLS,
    tracker::Tracker,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    arrival::Arrivals,
    backup::{Plan, Schedule},
    cache::ResponseCache,
    config::{self, Badges, Config, TokenArgs},
    connections::{ConnectionLimits, Connections},
    credentials::CredentialCache,
    descriptors, encoding, log,
    metrics::{BackupAge, DatabaseReader, Load, Metrics},
    oidc::{CurrentTrust, OidcSettings, Trust, USER_AGENT},
    proxies::TrustedProxies,
    quota::Quota,
    rates::{RateLimits, Rates},
    refusal::chain,
    token::{CurrentVerifier, Secret, Verifier},
};

/// The most exports that run at once, and the most of one subject. Each holds a page in memory.
const EXPORTS: usize = 16;
const EXPORTS_OF_SUBJECT: usize = 4;
/// The most reads of many records that run at once, and the most of one subject. That is more than
/// there are connections to the database, and few enough to hold the first parts of large answers
/// in memory.
const READS: usize = 32;
const READS_OF_SUBJECT: usize = 8;
/// The least number of connections of one subject that may read events, however few connections
/// there are.
const LEAST_STREAMS: usize = 4;

/// The most cells whose values are a part of `/metrics`. `/metrics/cells` has up to [`MOST_CELLS`].
const MOST_CELLS_BESIDE: u32 = 2000;

/// The endpoints that a listener answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// All of them.
    Whole,
    /// `/healthz` and `/readyz`.
    Health,
    /// `/metrics` and `/metrics/cells`, without a token.
    Metrics,
}

/// The application: the tracker, the token verifier, the cache and the quotas.
#[derive(Clone)]
pub struct App {
    pub(crate) tracker: Tracker,
    pub(crate) verifier: Arc<CurrentVerifier>,
    /// The issuers of identity tokens and the rules for them.
    pub(crate) trust: Arc<CurrentTrust>,
    /// The settings of the keys, which SIGHUP reads again.
    pub(crate) tokens: Option<Arc<TokenArgs>>,
    pub(crate) cache: Arc<ResponseCache>,
    /// The tokens that were looked up.
    pub(crate) credentials: Arc<CredentialCache>,
    pub(crate) limits: ConnectionLimits,
    pub(crate) badges: Badges,
    /// The proxies whose headers are believed.
    pub(crate) trusted_proxies: Arc<TrustedProxies>,
    /// The endpoints that are answered.
    pub(crate) surface: Surface,
    pub(crate) metrics: Arc<Metrics>,
    /// The reader for `/metrics`, and the one for `/metrics/cells`.
    pub(crate) readers: Arc<[DatabaseReader; 2]>,
    /// The open connections, once the server listens.
    pub(crate) connections: Option<Arc<Connections>>,
    /// Connections that read events.
    pub(crate) streams: Arc<Quota>,
    /// Running exports.
    pub(crate) exports: Arc<Quota>,
    /// Bytes of large answers in transit, in units of 64 KiB.
    pub(crate) answers: Arc<Quota>,
    /// Running reads of many records.
    pub(crate) reads: Arc<Quota>,
    /// The requests of subjects and addresses, counted for their rates.
    pub(crate) rates: Arc<Rates>,
    /// The memory for bodies that are arriving.
    pub(crate) arrivals: Arc<Arrivals>,
    /// Permits to parse a large body, one for each processor: the values of one body take up to 25
    /// MB.
    pub(crate) parsers: Arc<Semaphore>,
    /// The backups that the server makes on its own, if it makes any.
    pub(crate) backups: Option<Schedule>,
    /// The time from the signal to end until no more connections are accepted.
    pub(crate) drain_delay: Duration,
    /// Cancelled at the signal to end: the server is not ready from then on.
    pub(crate) draining: CancellationToken,
    /// Cancelled when the server shuts down, to end the streams that have no end.
    pub(crate) ending: CancellationToken,
}

impl App {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// The errors of [`Store::open`](deploytrack_core::store::Store::open).
    pub async fn open(config: &Config) -> Result<Self, Error> {
        let limits = descriptors::make_room(config.limits);
        let store = config.database_url.open_to_serve().await?;
        let tracker = Tracker::new(store)
            .with_registration(config.registration)
            .with_name_guard(config.name_guard)
            .with_retention(config.idempotency_retention);
        tracker.compare_clock().await;
        let app = Self::new(tracker, &config.secret);
        app.trust.replace(config.trust.clone());
        Ok(app
            .with_limits(limits)
            .with_rates(config.rates)
            .with_badges(config.badges)
            .with_trusted_proxies(config.trusted_proxies.clone())
            .with_drain_delay(config.drain_delay)
            .with_backups(config.backups.clone())
            .with_token_settings(config.tokens.clone()))
    }

    /// An application over an open tracker.
    #[must_use]
    pub fn new(tracker: Tracker, secret: &Secret) -> Self {
        let (verifier, cache) = (
            Arc::new(CurrentVerifier::new(secret)),
            Arc::new(ResponseCache::new()),
        );
        let metrics = Arc::new(Metrics::starting(&tracker));
        let limits = ConnectionLimits::of(config::MAX_CONNECTIONS);
        let quota = |most, most_of_subject| Arc::new(Quota::new(most, most_of_subject));
        Self {
            tracker,
            verifier,
            trust: Arc::default(),
            tokens: None,
            cache,
            credentials: Arc::new(CredentialCache::new()),
            limits,
            badges: Badges::Off,
            trusted_proxies: Arc::default(),
            surface: Surface::Whole,
            metrics,
            readers: Arc::new([MOST_CELLS_BESIDE, MOST_CELLS].map(DatabaseReader::new)),
            connections: None,
            streams: quota(0, 0),
            exports: quota(EXPORTS, EXPORTS_OF_SUBJECT),
            answers: quota(encoding::ANSWER_UNITS, encoding::ANSWER_UNITS_OF_SUBJECT),
            reads: quota(READS, READS_OF_SUBJECT),
            rates: Arc::new(Rates::new(RateLimits::OFF)),
            arrivals: Arc::new(Arrivals::new(limits)),
            parsers: Arc::new(Semaphore::new(
                available_parallelism().map_or(1, Into::into),
            )),
            backups: None,
            drain_delay: Duration::ZERO,
            draining: CancellationToken::new(),
            ending: CancellationToken::new(),
        }
        .with_limits(limits)
    }

    /// Sets the connection limits. Half of the connections may read events, and an eighth those of
    /// one subject. Event streams stay open, so the other half is reserved for short requests.
    #[must_use]
    pub fn with_limits(self, limits: ConnectionLimits) -> Self {
        let connections = limits.connections;
        let streams = Arc::new(Quota::new(
            connections / 2,
            (connections / 8).max(LEAST_STREAMS),
        ));
        Self {
            limits,
            streams,
            arrivals: Arc::new(Arrivals::new(limits)),
            ..self
        }
    }

    /// Sets the rates of requests. The default is none.
    #[must_use]
    pub fn with_rates(self, limits: RateLimits) -> Self {
        Self {
            rates: Arc::new(Rates::new(limits)),
            ..self
        }
    }

    /// Restricts the application to a part of its endpoints.
    pub(crate) fn restricted_to(self, surface: Surface) -> Self {
        Self { surface, ..self }
    }

    /// The values that `/metrics` reads from memory.
    pub(crate) fn load(&self) -> Load {
        let (event_streams, event_streams_limit) = self.streams.usage();
        Load {
            connections: self.connections.as_ref().map_or(0, |open| open.count()),
            connections_limit: self.limits.connections,
            queued_writes: self.tracker.queued_writes(),
            event_streams,
            event_streams_limit,
            lost_log_lines: log::lost_lines(),
            backups: self.backups.as_ref().map(|schedule| BackupAge {
                last_success: schedule.last_success(),
                every: schedule.every(),
            }),
        }
    }

    /// The verifier of tokens in use.
    pub(crate) fn verifier(&self) -> Arc<Verifier> {
        self.verifier.get()
    }

    /// The digest of the keys and of what they accept. A session ends when it changes.
    pub(crate) fn fingerprint(&self) -> Digest {
        *self.verifier.get().fingerprint()
    }

    /// Reads the keys of tokens again. With a faulty file the former keys stay in use.
    pub(crate) fn reload_keys(&self) {
        let Some(tokens) = &self.tokens else { return };
        match tokens.existing_secret() {
            Ok(secret) if self.verifier.replace(&secret) => {
                tracing::info!("the keys of tokens were read again, and have changed");
            }
            Ok(_) => tracing::info!("the keys of tokens were read again, and are the same"),
            Err(error) => {
                let cause = chain(&error);
                tracing::error!(
                    cause,
                    "the keys of tokens cannot be used; the former ones stay in use"
                );
            }
        }
    }

    /// Sets the issuers of identity tokens and the rules for them, and certificates that their servers
    /// may have besides those that the machine trusts. The default is none.
    ///
    /// # Errors
    /// [`NoDocuments`] if the machine has no root certificates and none are given.
    pub fn with_issuers(
        self,
        settings: OidcSettings,
        certificates: &Certificates,
    ) -> Result<Self, NoDocuments> {
        let documents = DocumentClient::new(USER_AGENT, certificates)?;
        self.trust
            .replace(Some(Arc::new(Trust::new(settings, &documents))));
        Ok(self)
    }

    /// Reads the issuers of identity tokens and the rules again. With a faulty file the former ones
    /// stay in use.
    pub(crate) fn reload_trust(&self) {
        let Some(tokens) = &self.tokens else { return };
        match tokens.trust() {
            Ok(trust) => {
                self.trust.replace(trust.map(Arc::new));
                tracing::info!("the issuers of identity tokens and the rules were read again");
            }
            Err(error) => {
                let cause = chain(&error);
                tracing::error!(
                    cause,
                    "the issuers of identity tokens cannot be read; the former ones stay in use"
                );
            }
        }
    }

    /// Sets the settings of the keys, which SIGHUP reads again. Without them, the keys stay as they
    /// are.
    #[must_use]
    pub fn with_token_settings(self, tokens: TokenArgs) -> Self {
        Self {
            tokens: Some(Arc::new(tokens)),
            ..self
        }
    }

    /// Sets who may read badges. The default is [`Badges::Off`].
    #[must_use]
    pub fn with_badges(self, badges: Badges) -> Self {
        Self { badges, ..self }
    }

    /// Sets the proxies whose headers are believed. The default is none.
    #[must_use]
    pub fn with_trusted_proxies(self, trusted: TrustedProxies) -> Self {
        Self {
            trusted_proxies: trusted.into(),
            ..self
        }
    }

    /// Sets the time from the signal to end until no more connections are accepted. The default is
    /// zero.
    #[must_use]
    pub fn with_drain_delay(self, drain_delay: Duration) -> Self {
        Self {
            drain_delay,
            ..self
        }
    }

    /// Sets the backups that the server makes on its own. The default is none.
    #[must_use]
    pub fn with_backups(self, plan: Option<Plan>) -> Self {
        Self {
            backups: plan.map(Schedule::new),
            ..self
        }
    }

    /// The backups that the server makes on its own, if it makes any.
    #[must_use]
    pub const fn backups(&self) -> Option<&Schedule> {
        self.backups.as_ref()
    }

    /// The tracker, which runs the use cases.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("tracker", &self.tracker)
            .finish_non_exhaustive()
    }
}
