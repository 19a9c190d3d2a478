//! The spool: deployments that no server has acknowledged yet, stored on this machine until one
//! does.
//!
//! An *entry* is one deployment as one call of `deploytrack record` reports it. It is a folder with
//! one file for each event. An event is written and synced before it is sent, and removed after the
//! server acknowledged it. The folder also stores the id of the deployment, after the server has
//! assigned it, and a lock file. The process that reports the deployment holds the lock, so that no
//! other process sends the entry until that process has ended, in whatever way. No file contains a
//! token.
//!
//! A CI cache may carry the folder to other machines, and other branches may fill that cache. Every
//! file therefore has a seal. All seals of an entry are checked before the entry is used, and only
//! regular files of the own user are opened.
//!
//! | File | Knows |
//! |---|---|
//! | `event` | one request, as it is stored |
//! | `spool` | the folder: creates, lists and opens entries |
//! | `entry` | the files of one entry |
//! | `storage` | file names, locks |
//! | `keeper_lock` | the files that the keeper and the recording process leave for each other |
//! | `seal`, `keys`, `trust` | who wrote a file, and which entries are sent without a person's word |
//! | `refusal` | why a server rejected an event, and the way out |
//! | `outcome`, `process_identity` | how a command ended, and which process it is, as an entry stores them |
//! | `flush_lock` | the lock of the one process that sends all entries |
//! | `bounds`, `cleanup` | how much is stored, and the removal of what crashed processes left behind |

mod bounds;
mod cleanup;
mod entry;
mod event;
mod flush_lock;
mod keeper_lock;
mod keys;
mod outcome;
mod process_identity;
mod refusal;
mod seal;
mod spool;
mod storage;
#[cfg(test)]
mod tests;
mod trust;

use std::time::Duration;

pub(crate) use self::{
    entry::{Entry, created_at},
    event::{Event, PendingOutcome, Request},
    flush_lock::FlushLock,
    keeper_lock::{KeeperLock, is_abandoned, leave},
    keys::{Keys, unusable_shared_key},
    outcome::Outcome,
    process_identity::ProcessIdentity,
    refusal::Refusal,
    seal::Distrust,
    spool::Spool,
};

/// Reads a file of an entry as each of the forms that it may have.
#[cfg(fuzzing)]
pub(crate) fn read_any(bytes: &[u8]) {
    let content = seal::open_unverified(bytes.to_vec());
    drop(serde_json::from_slice::<Event>(&content));
    drop(serde_json::from_slice::<PendingOutcome>(&content));
    drop(serde_json::from_slice::<Outcome>(&content));
    drop(serde_json::from_slice::<Option<ProcessIdentity>>(&content));
}

/// Whether a file has a seal of a pipeline with a secret.
#[cfg(fuzzing)]
pub(crate) fn is_sealed(bytes: &[u8], keys: &Keys) -> bool {
    let file = seal::SealedFile {
        entry: "0197a0f0-0000-7000-8000-000000000000",
        name: "0.json",
    };
    seal::open(file, bytes.to_vec(), keys).is_ok()
}

/// How long the file system may take to answer unless a caller sets another limit.
const PATIENCE: Duration = Duration::from_secs(10);
