//! Result codes of SQLite. The low byte of an extended code is the primary code.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const PERM: i32 = 3;
const ABORT: i32 = 4;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NOMEM: i32 = 7;
const READONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const PROTOCOL: i32 = 15;
const AUTH: i32 = 23;
const NOTADB: i32 = 26;

/// The last read error of a database file. It covers all databases of the process: an error does
/// not name its database, and a connection that is reopened without need costs a millisecond.
static LAST_READ_ERROR: Mutex<Option<Instant>> = Mutex::new(None);

/// Whether a result code is about the condition of the database. Records the time if its file could
/// not be read.
pub(in crate::store) fn is_away(code: i32) -> bool {
    if is_damage(code) {
        *LAST_READ_ERROR
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
    matches!(
        code & 0xff,
        PERM | ABORT
            | BUSY
            | LOCKED
            | NOMEM
            | READONLY
            | INTERRUPT
            | IOERR
            | FULL
            | CANTOPEN
            | PROTOCOL
            | AUTH
            | NOTADB
    )
}

/// Whether a result code means that a part of the file cannot be read.
pub(super) fn is_damage(code: i32) -> bool {
    matches!(code & 0xff, IOERR | CORRUPT | NOTADB)
}

/// Whether a result code means that the file cannot be written to at all.
pub(super) fn is_persistent(code: i32) -> bool {
    matches!(code & 0xff, PERM | READONLY | IOERR | FULL | CANTOPEN)
}

/// Whether a read has failed since a connection of this age was opened. Such a connection may have
/// cached damaged pages, and would return them after the file is repaired.
pub(in crate::store) fn has_failed_since(age: Duration) -> bool {
    LAST_READ_ERROR
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_some_and(|at| at.elapsed() <= age)
}
