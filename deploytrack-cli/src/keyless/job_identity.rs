//! The identity of this job: its identity token, exchanged for a token of the server.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deploytrack_core::{
    client::{Client, ClientSettings, Error, NoIdentity, TokenFuture, TokenSource},
    exchange::ExchangedToken,
};
use serde_json::json;
use tokio::sync;

use super::{
    offer::{CIRCLE_TOKEN, Offer, Source, TOKEN},
    principal, program, request,
};
use crate::{
    error::is_unknown_endpoint,
    process_env::ProcessEnv,
    settings_file,
    text::{decode, trimmed},
};

/// The variable with the audience of identity tokens, where it is not the address of the server.
const AUDIENCE: &str = "DEPLOYTRACK_OIDC_AUDIENCE";
/// The most bytes of an identity token.
const MOST_BYTES: usize = 16 * 1024;
/// A token is replaced this long before it ends, so that it does not end on the way.
const MARGIN: Duration = Duration::from_secs(30);
/// The claims that Buildkite adds on request: without them a token has names that can be reused.
const BUILDKITE_CLAIMS: [&str; 2] = ["organization_id", "pipeline_id"];

/// The identity of this job, for the requests to one server.
pub(crate) struct JobIdentity {
    offer: Offer,
    /// The settings for the server, without a token.
    server: ClientSettings,
    audience: String,
    allows_http: bool,
    env: ProcessEnv,
    /// The token of the server, which at most one request at a time exchanges.
    held: sync::Mutex<Option<HeldToken>>,
    learned: Mutex<Learned>,
}

/// A token of the server.
struct HeldToken {
    /// `None` if the server exchanges no tokens.
    text: Option<String>,
    ends: Option<Instant>,
}

/// Secrets and facts for the seals of the spool.
#[derive(Clone, Default)]
pub(crate) struct Learned {
    /// The secret that every job of the same rule and repository receives from the server.
    pub(crate) spool_key: Option<String>,
    /// The claims of the identity token that it shares with those of later runs.
    pub(crate) principal: Option<Vec<u8>>,
}

impl fmt::Debug for JobIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobIdentity")
            .field("offer", &self.offer)
            .finish_non_exhaustive()
    }
}

impl JobIdentity {
    /// The identity of this job; `None` if this is no job of a provider with identity tokens.
    pub(crate) fn find(
        server: ClientSettings,
        allows_http: bool,
        env: &ProcessEnv,
    ) -> Option<Arc<Self>> {
        let offer = Offer::of(env);
        if offer == Offer::None {
            return None;
        }
        let audience = env.variable(AUDIENCE).unwrap_or(&server.url).to_owned();
        Some(Arc::new(Self {
            offer,
            server,
            audience,
            allows_http,
            env: env.clone(),
            held: sync::Mutex::default(),
            learned: Mutex::default(),
        }))
    }

    /// What the provider offers.
    pub(crate) const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// The audience of the identity tokens.
    pub(crate) fn audience(&self) -> &str {
        &self.audience
    }

    /// What was learned for the seals of the spool so far.
    pub(crate) fn learned(&self) -> Learned {
        self.learned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn learn(&self, change: impl FnOnce(&mut Learned)) {
        change(&mut self.learned.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The identity token of this job.
    ///
    /// # Errors
    /// The provider issues none.
    pub(crate) async fn identity_token(&self) -> Result<String, Error> {
        let token = match &self.offer {
            Offer::Token(source) => self.fetch(source).await?,
            Offer::Missing { .. } | Offer::None => return Err(self.missing()),
        };
        if !is_readable(&token) {
            return Err(no_identity(
                "the identity token of this job is not a JSON Web Token",
            ));
        }
        self.learn(|learned| learned.principal = principal::of(&token));
        Ok(token)
    }

    async fn fetch(&self, source: &Source) -> Result<String, Error> {
        let limit = self.server.timeout;
        let variable = |name| self.env.variable(name).unwrap_or_default().to_owned();
        match source {
            Source::Variable => Ok(variable(TOKEN)),
            Source::File(path) => settings_file::read(path)
                .and_then(decode)
                .map(|token| trimmed(&token).to_owned())
                .map_err(|error| {
                    no_identity(&format!(
                        "cannot read the identity token from {source}: {error}"
                    ))
                }),
            Source::Request(_) => {
                request::token(&self.server, &self.audience, self.allows_http, &self.env).await
            }
            Source::CircleCi(None) => Ok(variable(CIRCLE_TOKEN)),
            Source::CircleCi(Some(program)) => {
                let claims = json!({"aud": self.audience}).to_string();
                let arguments = ["run", "oidc", "get", "--claims", claims.as_str()];
                match program::output(program, &arguments, limit).await {
                    // A token of the organization, which the server may accept, too.
                    Err(_) if self.env.variable(CIRCLE_TOKEN).is_some() => {
                        Ok(variable(CIRCLE_TOKEN))
                    }
                    printed => printed.map_err(Error::NoIdentity),
                }
            }
            Source::Buildkite(program) => {
                let mut arguments = vec![
                    "oidc",
                    "request-token",
                    "--audience",
                    self.audience.as_str(),
                ];
                for claim in BUILDKITE_CLAIMS {
                    arguments.extend(["--claim", claim]);
                }
                let printed = program::output(program, &arguments, limit).await;
                printed.map_err(Error::NoIdentity)
            }
        }
    }

    /// A client of the server without a token.
    pub(crate) fn anonymous(&self) -> Result<Client, Error> {
        Client::new(self.server.clone())
    }

    async fn exchange(&self) -> Result<HeldToken, Error> {
        let identity = self.identity_token().await?;
        let exchanged = match self.anonymous()?.exchange(&identity).await {
            // Perhaps this server needs no token, or a proxy in front of it adds one.
            Err(error) if is_unknown_endpoint(&error) => {
                return Ok(HeldToken {
                    text: None,
                    ends: None,
                });
            }
            exchanged => exchanged?,
        };
        let ExchangedToken {
            access_token,
            expires_in,
            spool_key,
            ..
        } = exchanged;
        let ends = Instant::now().checked_add(Duration::from_secs(expires_in));
        self.learn(|learned| learned.spool_key = Some(spool_key));
        Ok(HeldToken {
            text: Some(access_token),
            ends,
        })
    }

    /// The error of a job without an identity token.
    fn missing(&self) -> Error {
        let (provider, way_out) = match &self.offer {
            Offer::Missing { provider, way_out } => (*provider, Some(way_out.clone())),
            Offer::Token(_) | Offer::None => ("the CI", None),
        };
        Error::NoIdentity(NoIdentity {
            why: format!("there is no token, and {provider} gave this job no identity token"),
            way_out,
            may_pass: false,
        })
    }
}

impl TokenSource for JobIdentity {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async {
            if !self.offer.is_token() {
                return Ok(None);
            }
            let mut held = self.held.lock().await;
            let usable = held.as_ref().filter(|held| held.is_usable());
            if let Some(token) = usable {
                return Ok(token.text.clone());
            }
            let exchanged = self.exchange().await?;
            Ok(held.insert(exchanged).text.clone())
        })
    }

    fn after_rejection<'a>(&'a self, rejected: Option<&'a str>) -> TokenFuture<'a> {
        Box::pin(async move {
            let Some(rejected) = rejected else {
                return Err(if self.offer.is_token() {
                    no_identity(&format!(
                        "there is no token, and {} does not exchange identity tokens: it is too old, or keyless pipelines are not set up",
                        self.server.url
                    ))
                } else {
                    self.missing()
                });
            };
            let mut held = self.held.lock().await;
            // Another request may have exchanged a new one already.
            if held.as_ref().and_then(|held| held.text.as_deref()) == Some(rejected) {
                *held = None;
                let exchanged = self.exchange().await?;
                *held = Some(exchanged);
            }
            // The same token again, if the server lost it and has issued it anew.
            Ok(held.as_ref().and_then(|held| held.text.clone()))
        })
    }
}

impl HeldToken {
    fn is_usable(&self) -> bool {
        self.ends.is_none_or(|ends| Instant::now() + MARGIN < ends)
    }
}

/// Whether a text has the form of a JSON Web Token (RFC 7519, section 3): no other text is sent to a
/// server.
fn is_readable(token: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    token.len() <= MOST_BYTES && token.split('.').count() == 3 && token.split('.').all(is_part)
}

fn no_identity(why: &str) -> Error {
    Error::NoIdentity(NoIdentity {
        why: why.to_owned(),
        way_out: None,
        may_pass: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_json_web_token_is_sent() {
        assert!(is_readable("eyJ0.eyJ-_0.c2ln"));
        let long = format!("a.{}.c", "b".repeat(MOST_BYTES));
        for text in [
            "",
            "a.b",
            "a.b.c.d",
            "a..c",
            "a.b.c\n",
            "a.b.c d",
            long.as_str(),
        ] {
            assert!(!is_readable(text), "{text}");
        }
    }

    #[test]
    fn a_token_is_replaced_before_it_ends() {
        let token = |seconds| HeldToken {
            text: Some(String::new()),
            ends: Instant::now().checked_add(Duration::from_secs(seconds)),
        };
        assert!(token(120).is_usable() && !token(20).is_usable());
    }
}
