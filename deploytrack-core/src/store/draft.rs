//! The changes that a write has decided, before they reach the database: plain values without SQL.
//!
//! [`Draft`] contains the changes that later reads of the same write may ask for. Events and
//! `UnarchiveCauses` wait in `Write` until the commit.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::cell_key::CellKey;
use crate::{
    catalog::CatalogKind,
    clock::Time,
    digest::Digest,
    event::EventType,
    history::{HistoryEntry, Period},
    status::Status,
    text::{IdempotencyKey, Label, Name},
};

/// The decided changes that are not in the database yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// New rows of history, each with the id of its deployment.
    pub(super) entries: Vec<(Uuid, HistoryEntry)>,
    /// The deployments that are new or changed. Their values are in `Write::deployments`.
    pub(super) changed: BTreeSet<Uuid>,
    /// New periods, by the history row that starts them.
    pub(super) periods: BTreeMap<i64, NewPeriod>,
    /// The cells whose newest time has been raised.
    pub(super) newest_times: BTreeMap<CellKey, Time>,
    /// The ends of periods that are in the database already: the cell, the start and the history
    /// row of the period, and the time of its end.
    pub(super) ended: Vec<(CellKey, (Time, i64), Time)>,
    /// What is added to the counts; negative when deployments leave a status.
    pub(super) counts: BTreeMap<(CellKey, Status), i64>,
    /// The cells whose periods have changed: what is current in them is outdated.
    pub(super) outdated: BTreeSet<CellKey>,
    pub(super) answers: Vec<NewAnswer>,
}

impl Draft {
    /// Ends the period of a success that is rolled back.
    pub(super) fn end_period(&mut self, cell: CellKey, success: (Time, i64), ended_at: Time) {
        match self.periods.get_mut(&success.1) {
            Some(new) => new.period.ended_at = Some(ended_at),
            None => self.ended.push((cell, success, ended_at)),
        }
    }
}

/// A period to be added to a cell.
#[derive(Debug)]
pub(super) struct NewPeriod {
    pub(super) cell: CellKey,
    pub(super) deployment_id: Uuid,
    /// `None` for an undeployment.
    pub(super) version: Option<String>,
    pub(super) period: Period,
}

/// An event to be added.
#[derive(Clone, Debug)]
pub(crate) struct NewEvent {
    pub(crate) r#type: EventType,
    /// The deployment, component or environment.
    pub(crate) subject_id: Option<Uuid>,
    pub(crate) source: EventSource,
}

/// Where the time and the author of an event are stored.
#[derive(Clone, Debug)]
pub(crate) enum EventSource {
    /// In this row of history.
    HistoryRow(i64),
    /// In the row of the event, with the name of a component or environment, and more about the
    /// event as JSON.
    EventRow {
        name: Option<Name>,
        at: Time,
        by: Label,
        details: Option<String>,
    },
}

/// The deployment that takes a component or environment out of the archive.
#[derive(Clone, Debug)]
pub(crate) struct UnarchiveCause {
    pub(crate) occurred_at: Time,
    pub(crate) recorded_at: Time,
    pub(crate) by: Label,
}

/// The components and environments that a write takes out of the archive, each with its cause.
/// Components come before environments, and each kind is in the order of ids: all writers lock the
/// rows in the same order.
pub(super) type UnarchiveCauses = BTreeMap<(CatalogKind, Uuid), UnarchiveCause>;

/// An idempotency key of a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ScopedKey {
    pub(crate) subject: Label,
    pub(crate) key: IdempotencyKey,
}

/// An answer that is stored under a key.
#[derive(Clone, Debug)]
pub(crate) struct StoredAnswer {
    /// The digest of the request.
    pub(crate) request: Digest,
    /// The answer, as JSON.
    pub(crate) answer: String,
}

/// An answer to be stored.
#[derive(Debug)]
pub(crate) struct NewAnswer {
    pub(crate) key: ScopedKey,
    pub(crate) stored: StoredAnswer,
    pub(crate) given_at: Time,
    pub(crate) expires_at: Time,
}
