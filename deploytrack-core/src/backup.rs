//! Backups of an SQLite database: the description beside each of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::{self, Time},
    digest::Digest,
};

/// The description of a backup, in the file with its name and `.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// When it was made.
    #[serde(with = "clock::wire")]
    pub created_at: Time,
    /// The version of the program that made it.
    pub version: String,
    /// Its contents.
    #[serde(flatten)]
    pub extent: Extent,
    /// The size of its file.
    pub bytes: u64,
    /// The digest of its file.
    pub sha256: Digest,
}

/// How far the history in a database goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Extent {
    /// The id of the store; `None` if no server of a version with such ids has opened it.
    pub store_id: Option<Uuid>,
    /// The number of deployments.
    pub deployments: u64,
    /// The number of rows of history.
    pub history_rows: u64,
    /// The row of history that was recorded last.
    pub last_row: Option<LastRow>,
    /// The number of the last event; 0 if there is none.
    pub last_event: i64,
}

/// The row of history that was recorded last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRow {
    /// Its number.
    pub sequence: i64,
    /// When it was recorded.
    #[serde(with = "clock::wire")]
    pub recorded_at: Time,
    /// Its hash.
    pub hash: Digest,
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} deployments, {} history rows",
            self.deployments, self.history_rows
        )?;
        match self.last_row {
            Some(LastRow {
                sequence,
                recorded_at,
                ..
            }) => write!(
                f,
                " up to sequence {sequence}, recorded {}",
                clock::format(&recorded_at)
            ),
            None => Ok(()),
        }
    }
}
