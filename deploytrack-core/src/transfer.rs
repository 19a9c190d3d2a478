//! The result of copying a database to another one.

use uuid::Uuid;

use crate::{digest::Digest, verification::Verification};

/// A database that was copied. Everything in it is equal in the source and in the target.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The tables, in the order in which they were copied.
    pub tables: Vec<TransferredTable>,
    /// The numbers that readers see.
    pub extremes: Extremes,
    /// The id of the store, which is the same history in another place.
    pub store_id: Uuid,
    /// The verification of the target.
    pub verification: Verification,
}

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredTable {
    /// Its name.
    pub name: &'static str,
    /// The number of rows that were read from the source.
    pub source_rows: u64,
    /// The number of rows that were read back from the target.
    pub target_rows: u64,
    /// The digest of all values of all rows, in whatever order. It is the same for both.
    pub digest: Digest,
}

/// The numbers of a database that its readers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extremes {
    /// The number of cells that show a deployment.
    pub current_cells: i64,
    /// The number of the last row of history; 0 if there is none.
    pub last_sequence: i64,
    /// The number of the last event; 0 if there is none.
    pub last_event: i64,
}
