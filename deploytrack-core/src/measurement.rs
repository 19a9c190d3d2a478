//! Measurements of the database, for monitoring.

use crate::{
    clock::Time,
    status::Status,
    text::{Name, Version},
};

/// The values that monitoring reads of the database at one time. Archived components and environments are left
/// out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurements {
    /// The number of the last event; 0 before the first.
    pub last_event: i64,
    /// The number of deployments by environment and status, in environment order. A number that was
    /// never above zero is left out.
    pub deployments: Vec<StatusCount>,
    /// The current version of each cell, in no order; `None` if there are more cells than were
    /// asked for.
    pub current: Option<Vec<CurrentVersion>>,
    /// The unsettled deployments, in no order; `None` if there are more than [`MOST_CELLS`] cells.
    pub unsettled: Option<Vec<UnsettledDeployment>>,
    /// The size of the database and the room for it; `None` on PostgreSQL and in memory.
    pub files: Option<FileMeasurements>,
}

/// The most cells that are measured: each costs one lookup.
pub const MOST_CELLS: u32 = 50_000;

/// The number of deployments in an environment that have a status now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCount {
    /// The environment.
    pub environment: Name,
    /// The status.
    pub status: Status,
    /// The number.
    pub count: u64,
}

/// The version that is current in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentVersion {
    /// The component.
    pub component: Name,
    /// The environment.
    pub environment: Name,
    /// The version.
    pub version: Version,
    /// When its deployment succeeded.
    pub since: Time,
}

/// An unsettled deployment: the newest of its cell, pending, in progress or failed, and newer than
/// what is current.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsettledDeployment {
    /// The component.
    pub component: Name,
    /// The environment.
    pub environment: Name,
    /// The status.
    pub status: Status,
    /// When it got the status.
    pub since: Time,
}

/// The files of an SQLite database, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMeasurements {
    /// The size of the database file and its write-ahead log.
    pub database: u64,
    /// The file system: how much of it this process may still use, and its size. `None` where the
    /// system does not report it.
    pub disk: Option<DiskMeasurements>,
}

/// The room of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskMeasurements {
    /// The room that is left for this process.
    pub available: u64,
    /// The size of the file system.
    pub size: u64,
}
