//! The keys that authenticate the files of the spool. No key is stored in the spool itself, since a
//! CI cache may carry it to other machines.

use std::{
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{
    ci,
    files::{self, Care},
    keyless::{JobIdentity, Offer},
    patience::{self, FOR_A_SETTING},
    process_env::ProcessEnv,
    settings::Settings,
    token,
};

/// The variable with a secret that all jobs of a pipeline share.
pub(crate) const SHARED: &str = "DEPLOYTRACK_SPOOL_KEY";
/// A shorter secret can be guessed.
const SHORTEST_SHARED: usize = 16;
/// The file with the secret of this user on this machine, in the folder of the config file.
const MACHINE: &str = "spool.key";
const SECRET_BYTES: usize = 32;

/// The kinds of keys that are derived from the secret of a machine.
const MACHINE_OF_A_TOKEN: &[u8] = b"deploytrack spool machine 1";
const MACHINE_OF_AN_IDENTITY: &[u8] = b"deploytrack spool identity 1";
const MACHINE_OF_A_JOB: &[u8] = b"deploytrack spool job 1";

/// An HMAC-SHA-256 key.
pub(super) type Key = [u8; SECRET_BYTES];

/// The keys of one call of the client.
pub(crate) struct Keys {
    shared: Option<Key>,
    own: Own,
    machine: Machine,
}

/// The keys of whoever makes the call.
enum Own {
    /// A call with a token, or without any authentication.
    Token {
        token: Option<Key>,
        /// Whose entries the key of the machine is for.
        identity: Option<Vec<u8>>,
    },
    /// A call in a job without a token, which proves its identity instead.
    Job {
        /// What the calls of this job share.
        job: Option<Vec<u8>>,
        /// A key that only this process has, for its own files.
        process: Option<Key>,
        /// The identity, which learns more keys from its provider and from the server; `None` with
        /// invalid settings.
        identity: Option<Arc<JobIdentity>>,
    },
}

/// The secret of this user on this machine, in a file.
struct Machine {
    file: Option<PathBuf>,
    secret: OnceLock<Option<Vec<u8>>>,
}

impl Keys {
    /// The keys of a call with these settings.
    pub(crate) fn of_settings(env: &ProcessEnv, settings: &Settings) -> Self {
        match &settings.identity {
            Some(identity) if settings.offers_identity() => {
                Self::of_job(env, Some(identity.clone()))
            }
            _ => Self::of(env, settings.token.as_deref()),
        }
    }

    /// The keys of a call with invalid settings, in which this token was found.
    pub(crate) fn without_settings(env: &ProcessEnv, token: Option<&str>) -> Self {
        if token.is_none() && Offer::of(env).is_token() {
            Self::of_job(env, None)
        } else {
            Self::of(env, token)
        }
    }

    /// The keys of a call with this token.
    pub(crate) fn of(env: &ProcessEnv, token: Option<&str>) -> Self {
        let own = Own::Token {
            token: token
                .and_then(|token| derive(token.as_bytes(), &[b"deploytrack spool token 1"])),
            identity: identity(token),
        };
        Self::new(env, own)
    }

    /// The keys of a call in a job that proves its identity.
    fn of_job(env: &ProcessEnv, identity: Option<Arc<JobIdentity>>) -> Self {
        let own = Own::Job {
            job: ci::identity_of_job(env),
            process: random_key(),
            identity,
        };
        Self::new(env, own)
    }

    /// Learns the identity of a job without a server.
    #[cfg(test)]
    pub(super) async fn read_identity_token(&self) {
        if let Own::Job {
            identity: Some(identity),
            ..
        } = &self.own
        {
            identity.identity_token().await.unwrap();
        }
    }

    fn new(env: &ProcessEnv, own: Own) -> Self {
        let shared = env
            .variable(SHARED)
            .filter(|secret| secret.len() >= SHORTEST_SHARED);
        Self {
            shared: shared
                .and_then(|secret| derive(secret.as_bytes(), &[b"deploytrack spool shared 1"])),
            own,
            machine: Machine {
                file: machine_file(env),
                secret: OnceLock::new(),
            },
        }
    }

    /// The names of the keys in a seal, and the keys that there are. Those of a job become more
    /// when it learns about its identity.
    pub(super) fn all(&self) -> Vec<(&'static str, Key)> {
        let own = match &self.own {
            Own::Token { token, identity } => vec![
                ("token", *token),
                (
                    "machine",
                    self.machine.key(MACHINE_OF_A_TOKEN, identity.as_deref()),
                ),
            ],
            Own::Job {
                job,
                process,
                identity,
            } => {
                let learned = identity.as_ref().map(|identity| identity.learned());
                let learned = learned.unwrap_or_default();
                let rule = learned.spool_key.as_deref();
                let principal = learned.principal.as_deref();
                vec![
                    (
                        "rule",
                        rule.and_then(|key| derive(key.as_bytes(), &[b"deploytrack spool rule 1"])),
                    ),
                    (
                        "identity",
                        self.machine.key(MACHINE_OF_AN_IDENTITY, principal),
                    ),
                    ("job", self.machine.key(MACHINE_OF_A_JOB, job.as_deref())),
                    ("process", *process),
                ]
            }
        };
        own.into_iter()
            .chain([("shared", self.shared)])
            .filter_map(|(name, key)| Some((name, key?)))
            .collect()
    }

    /// Whether there may be more keys later: those of a job that proves its identity.
    pub(super) const fn may_grow(&self) -> bool {
        matches!(self.own, Own::Job { .. })
    }

    /// The end of a sentence: what made a file that is trusted.
    pub(super) const fn described(&self) -> &'static str {
        match self.own {
            Own::Token { .. } => "this token, nor this machine with this token's subject",
            Own::Job { .. } => {
                "this job, nor this machine with the same identity, nor the rule and the repository of this job"
            }
        }
    }
}

impl Machine {
    /// The key of this machine for one kind of call, and for this identity.
    fn key(&self, kind: &[u8], identity: Option<&[u8]>) -> Option<Key> {
        let (path, identity) = (self.file.as_ref()?, identity?);
        let secret = self.secret.get_or_init(|| {
            let path = path.clone();
            patience::within(FOR_A_SETTING, move || machine_secret(&path)).ok()
        });
        derive(secret.as_ref()?, &[kind, identity])
    }
}

/// A key that no other process has; none if the system has no random numbers.
fn random_key() -> Option<Key> {
    let mut key = [0; SECRET_BYTES];
    getrandom::fill(&mut key).ok().map(|()| key)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// A warning if the shared secret is too short to be used.
pub(crate) fn unusable_shared_key(env: &ProcessEnv) -> Option<String> {
    let secret = env
        .variable(SHARED)
        .filter(|secret| secret.len() < SHORTEST_SHARED)?;
    Some(format!(
        "{SHARED} is not used: it has {} characters, and it needs at least {SHORTEST_SHARED}",
        secret.len()
    ))
}

/// The HMAC of some fields. Each field is preceded by its length, so that different lists never
/// hash the same bytes.
pub(super) fn mac(secret: &[u8], fields: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    for field in fields {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field);
    }
    Some(mac)
}

fn derive(secret: &[u8], fields: &[&[u8]]) -> Option<Key> {
    Some(mac(secret, fields)?.finalize().into_bytes().into())
}

/// Issuer and subject of the token. A later token of the same subject can send the entries, a token
/// of another subject cannot. None for a token without a subject.
fn identity(token: Option<&str>) -> Option<Vec<u8>> {
    let Some(token) = token else {
        return Some(b"no token".to_vec());
    };
    let (issuer, subject) = token::subject(token)?;
    serde_json::to_vec(&(issuer, subject)).ok()
}

/// None if the file would be inside the state folder: a CI cache may restore that folder, and with
/// it a secret that an attacker chose.
fn machine_file(env: &ProcessEnv) -> Option<PathBuf> {
    let file = env.config_file()?.with_file_name(MACHINE);
    let state = env.state_folder()?;
    (!file.starts_with(state)).then_some(file)
}

/// Reads the secret of this machine, and creates it if it is missing.
fn machine_secret(path: &Path) -> io::Result<Vec<u8>> {
    if let Some(folder) = path.parent() {
        files::private_folder(folder)?;
    }
    let mut file = files::lockable(path, true)?;
    // Two first calls at the same time must not create two secrets.
    file.lock()?;
    if file.metadata()?.len() == 0 {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        file.write_all(&secret)?;
        file.sync_all()?;
    }
    let secret = files::read(path, Care::Own, SECRET_BYTES as u64)?;
    if secret.len() == SECRET_BYTES {
        Ok(secret)
    } else {
        Err(io::Error::other("the secret is truncated"))
    }
}
