//! The keys that authenticate what the spool holds. None is stored beside the spool, which a CI cache may carry around.

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
    process_env::ProcessEnv as Surroundings,
    token,
};

/// The secret of a pipeline that is the same in all of its jobs.
pub(crate) const SHARED: &str = "DEPLOYTRACK_SPOOL_KEY";
/// A shorter secret can be guessed.
const SHORTEST_SHARED: usize = 16;
/// The secret of this user on this machine, in the folder of the config file.
const MACHINE: &str = "spool.key";
const SECRET_BYTES: usize = 32;

/// An HMAC-SHA-256 key.
pub(super) type Key = [u8; SECRET_BYTES];

/// The keys of one call.
pub(crate) struct Keys {
    token: Option<Key>,
    shared: Option<Key>,
    /// The file of the machine's secret, and whose entries it is for.
    machine: Option<(PathBuf, Vec<u8>)>,
    machine_key: OnceLock<Option<Key>>,
}

impl Keys {
    /// The keys of a call with this token.
    pub(crate) fn of(surroundings: &Surroundings, token: Option<&str>) -> Self {
        let shared = surroundings.variable(SHARED).filter(|secret| secret.len() >= SHORTEST_SHARED);
        Self {
            token: token.and_then(|token| derive(token.as_bytes(), &[b"deploytrack spool token 1"])),
            shared: shared.and_then(|secret| derive(secret.as_bytes(), &[b"deploytrack spool shared 1"])),
            machine: machine_file(surroundings).zip(bearer(token)),
            machine_key: OnceLock::new(),
        }
    }

    /// The names of the keys in a seal, and the keys.
    pub(super) fn all(&self) -> [(&'static str, Option<Key>); 3] {
        [("token", self.token), ("shared", self.shared), ("machine", self.machine())]
    }

    fn machine(&self) -> Option<Key> {
        *self.machine_key.get_or_init(|| {
            let (path, bearer) = self.machine.clone()?;
            let secret = patience::within(FOR_A_SETTING, move || machine_secret(&path)).ok()?;
            derive(&secret, &[b"deploytrack spool machine 1", &bearer])
        })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// What is wrong with the secret that all jobs of a pipeline share, if it is too short.
pub(crate) fn unusable_shared_key(surroundings: &Surroundings) -> Option<String> {
    let secret = surroundings.variable(SHARED).filter(|secret| secret.len() < SHORTEST_SHARED)?;
    Some(format!("{SHARED} is not used: it has {} characters, and at least {SHORTEST_SHARED} are needed", secret.len()))
}

/// The HMAC of fields, each with its length: no two lists of fields are the same bytes.
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

/// Whose entries the machine's secret is for: a later token of the same subject sends them, and a token of another subject
/// does not. None for a token that names no subject.
fn bearer(token: Option<&str>) -> Option<Vec<u8>> {
    let Some(token) = token else { return Some(b"no token".to_vec()) };
    let (issuer, subject) = token::subject(token)?;
    serde_json::to_vec(&(issuer, subject)).ok()
}

/// A secret inside of the folder that a cache may carry around would be the secret of who filled the cache.
fn machine_file(surroundings: &Surroundings) -> Option<PathBuf> {
    let file = surroundings.config_file()?.with_file_name(MACHINE);
    let state = surroundings.state_folder()?;
    (!file.starts_with(state)).then_some(file)
}

/// Reads the secret of this machine, and makes one where there is none.
fn machine_secret(path: &Path) -> io::Result<Vec<u8>> {
    if let Some(folder) = path.parent() {
        files::private_folder(folder)?;
    }
    let mut file = files::lockable(path, true)?;
    // Two first calls at once agree on one secret.
    file.lock()?;
    if file.metadata()?.len() == 0 {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        file.write_all(&secret)?;
        file.sync_all()?;
    }
    let secret = files::read(path, Care::Own, SECRET_BYTES as u64)?;
    if secret.len() == SECRET_BYTES { Ok(secret) } else { Err(io::Error::other("the secret is cut off")) }
}
