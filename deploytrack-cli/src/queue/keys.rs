//! The keys that authenticate the files of the spool. No key is stored in the spool itself, since a
//! CI cache may carry it to other machines.

use std::{
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{
    files::{self, Care},
    patience::{self, FOR_A_SETTING},
    process_env::ProcessEnv,
    token,
};

/// The variable with a secret that all jobs of a pipeline share.
pub(crate) const SHARED: &str = "DEPLOYTRACK_SPOOL_KEY";
/// A shorter secret can be guessed.
const SHORTEST_SHARED: usize = 16;
/// The file with the secret of this user on this machine, in the folder of the config file.
const MACHINE: &str = "spool.key";
const SECRET_BYTES: usize = 32;

/// An HMAC-SHA-256 key.
pub(super) type Key = [u8; SECRET_BYTES];

/// The keys of one call of the client.
pub(crate) struct Keys {
    token: Option<Key>,
    shared: Option<Key>,
    /// The file of the machine's secret, and the identity whose entries the derived key is for.
    machine: Option<(PathBuf, Vec<u8>)>,
    machine_key: OnceLock<Option<Key>>,
}

impl Keys {
    /// The keys of a call with this token.
    pub(crate) fn of(env: &ProcessEnv, token: Option<&str>) -> Self {
        let shared = env
            .variable(SHARED)
            .filter(|secret| secret.len() >= SHORTEST_SHARED);
        Self {
            token: token
                .and_then(|token| derive(token.as_bytes(), &[b"deploytrack spool token 1"])),
            shared: shared
                .and_then(|secret| derive(secret.as_bytes(), &[b"deploytrack spool shared 1"])),
            machine: machine_file(env).zip(identity(token)),
            machine_key: OnceLock::new(),
        }
    }

    /// The names of the keys in a seal, and the keys.
    pub(super) fn all(&self) -> [(&'static str, Option<Key>); 3] {
        [
            ("token", self.token),
            ("shared", self.shared),
            ("machine", self.machine()),
        ]
    }

    fn machine(&self) -> Option<Key> {
        *self.machine_key.get_or_init(|| {
            let (path, identity) = self.machine.clone()?;
            let secret = patience::within(FOR_A_SETTING, move || machine_secret(&path)).ok()?;
            derive(&secret, &[b"deploytrack spool machine 1", &identity])
        })
    }
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
