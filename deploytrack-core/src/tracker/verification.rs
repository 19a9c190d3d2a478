//! Comparing everything that is kept with the history, and putting it right.

mod deployments;
mod events;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use self::reading::{Reading, Unread};
use super::{Tracker, in_own_task};
use crate::{
    clock::{self, Time},
    deployment::Deployment,
    error::Error,
    history::{self, DeploymentState, HistoryEntry, Period},
    status::Status,
    store::{KeptCell, KeptPeriod, Place, Revised, Told, Write},
    verification::{Difference, MOST_NAMED, Verification},
};

impl Tracker {
    /// Compares everything that is kept with what the history says, and the history with the hashes in it. Reads the
    /// database as it was at one moment and holds up no writer; takes time in proportion to the history and memory in
    /// proportion to the cells.
    ///
    /// # Errors
    /// [`Error::Verifying`] when one is running already; those of the database.
    pub async fn verify(&self) -> Result<Verification, Error> {
        self.audit().await.map(|audit| audit.report)
    }

    /// Writes everything that differs from the history again, cell by cell, each in a short write of its own; then
    /// compares once more and says what is left. The history itself is never touched, and neither is a cell whose history
    /// is not as it was recorded.
    ///
    /// # Errors
    /// As [`Tracker::verify`].
    pub async fn repair(&self) -> Result<Verification, Error> {
        // Cells before environments: an environment's counts are the sums of its cells'.
        for mend in self.audit().await?.mends {
            let this = self.clone();
            in_own_task(async move {
                let mut write = this.store.write().await?;
                match mend {
                    Mend::Cell(place) => rebuild(&mut write, place).await?,
                    Mend::Environment(id) => write.recount_environment(id).await?,
                }
                write.commit().await
            })
            .await?;
        }
        self.verify().await
    }

    /// In its own task: a caller that goes away leaves statements behind that run on, each of which holds a connection. The
    /// next verification waits for their end.
    async fn audit(&self) -> Result<Audit, Error> {
        let one_at_a_time = self.verifying.clone().try_lock_owned().map_err(|_| Error::Verifying)?;
        let this = self.clone();
        in_own_task(async move {
            let audit = this.compare_everything().await;
            drop(one_at_a_time);
            audit
        })
        .await
    }

    async fn compare_everything(&self) -> Result<Audit, Error> {
        let mut reading = Reading { snapshot: self.store.snapshot().await?, store: &self.store };
        let mut audit = Audit::default();
        audit.look_at_deployments(&mut reading).await?;
        audit.look_at_cells(&mut reading).await?;
        audit.compare_events(&mut reading).await?;
        audit.note_damage(&mut reading).await?;
        audit.conclude();
        Ok(audit)
    }
}

/// What would be written again to put a difference right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mend {
    Cell(Place),
    /// The counts of an environment over all components.
    Environment(Uuid),
}

impl Mend {
    /// Whether it needs the history of a cell.
    fn is_of(&self, place: &Place) -> bool {
        match self {
            Self::Cell(own) => own == place,
            Self::Environment(id) => *id == place.environment_id,
        }
    }
}

/// What has been found so far, and what the history says of every cell.
#[derive(Debug, Default)]
struct Audit {
    report: Verification,
    /// The differences that are named, each with what would put it right.
    named: Vec<(Option<Mend>, Difference)>,
    /// What to write again.
    mends: BTreeSet<Mend>,
    /// The cells with a history that is not as it was recorded. What is kept of them may be all that is left of the truth.
    broken: BTreeSet<Place>,
    counts: BTreeMap<(Place, Status), i64>,
    newest: BTreeMap<Place, Newest>,
    /// How many periods are kept as the history says.
    periods: u64,
    /// The unreadable parts.
    unread: Unread,
}

/// The newest period of a cell that stands, and the newest time of its history.
#[derive(Debug)]
struct Newest {
    key: (Time, i64),
    kept: KeptCell,
    time: Time,
}

impl Audit {
    fn note(&mut self, table: &str, mend: Option<Mend>, difference: Difference) {
        self.report.found += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push((mend, Difference { table: table.to_owned(), ..difference }));
        }
    }

    /// Notes a difference that the history can put right, if it is itself as it was recorded.
    fn note_repairable(&mut self, table: &str, place: Place, difference: Difference) {
        self.mends.insert(Mend::Cell(place));
        self.note(table, Some(Mend::Cell(place)), difference);
    }

    /// Notes what makes the history of a cell no judge of it.
    fn note_broken(&mut self, table: &str, place: Place, difference: Difference) {
        self.broken.insert(place);
        self.note(table, None, difference);
    }

    /// Tells what can be repaired from what cannot.
    fn conclude(&mut self) {
        if self.unread.deployments {
            self.mends.clear();
        }
        self.mends.retain(|mend| !self.broken.iter().any(|place| mend.is_of(place)));
        let repairable = |mend: Option<Mend>| mend.is_some_and(|mend| self.mends.contains(&mend));
        let named = self.named.iter().map(|(mend, difference)| Difference { repairable: repairable(*mend), ..difference.clone() });
        self.report.differences = named.collect();
        self.report.ok = self.report.found == 0;
        self.report.empty = self.report.deployments == 0 && !self.unread.any;
    }

    /// Compares one deployment and its periods with its history.
    fn compare(&mut self, row: &Revised, history: Vec<Told>, periods: &[KeptPeriod]) {
        let (deployment, place) = (&row.deployment, Place::of(&row.deployment));
        let about = |sequence, detail| Difference { deployment_id: Some(deployment.id), sequence, detail, ..Difference::default() };
        let mut entries = Vec::with_capacity(history.len());
        for (sequence, entry) in history {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error) => return self.note_broken("history", place, about(Some(sequence), unreadable(&error))),
            }
        }
        if let Err(broken) = history::check(deployment, &entries) {
            self.note_broken("history", place, about(broken.sequence, broken.why));
        } else if entries.last().is_some_and(|last| last.hash != row.head) {
            let detail = "the history does not end where it ended when the deployment was last written".into();
            self.note_broken("deployments", place, about(None, detail));
        }
        let Some(standing) = history::fold(&entries) else { return };
        if let Some(detail) = differing(row, &standing) {
            self.note_repairable("deployments", place, about(None, detail));
        }
        if let Some((sequence, detail)) = differing_periods(deployment, &standing.periods, periods) {
            self.note_repairable("cell_periods", place, about(sequence, detail));
        }
        self.periods += standing.periods.iter().filter(|period| periods.contains(&expected(deployment, period))).count() as u64;
        self.count(deployment, &standing, newest_of(&entries));
    }

    /// Adds a deployment to what the history says of its cell.
    fn count(&mut self, deployment: &Deployment, standing: &DeploymentState, time: Time) {
        let place = Place::of(deployment);
        *self.counts.entry((place, standing.status)).or_default() += 1;
        let empty = || Newest { key: (Time::default(), 0), kept: nothing(), time };
        let newest = self.newest.entry(place).or_insert_with(empty);
        newest.time = newest.time.max(time);
        for period in standing.periods.iter().filter(|period| period.ended_at.is_none()) {
            let key = (period.started_at, period.sequence);
            if key > newest.key {
                (newest.key, newest.kept) = (key, if period.is_undeployment { nothing() } else { shown(deployment, period) });
            }
        }
    }

    fn compare_cells(&mut self, kept: Vec<(Place, KeptCell, Time)>) {
        self.report.cells = kept.len() as u64;
        let mut said = std::mem::take(&mut self.newest);
        for (place, kept, newest_at) in kept {
            let (said, newest) = said.remove(&place).map_or_else(|| (nothing(), newest_at), |newest| (newest.kept, newest.time));
            if newest_at < newest && !self.unread.places.contains(&place) {
                let (kept, newest) = (clock::format_exact(&newest_at), clock::format_exact(&newest));
                let detail = format!("the newest time is {kept}, where the history goes to {newest}");
                self.note_repairable("current_cells", place, of_cell(place, detail));
            }
            if kept != said && !self.unread.places.contains(&place) {
                let detail = format!("shows {}, where the history says {}", in_words(&kept), in_words(&said));
                self.note_repairable("current_cells", place, of_cell(place, detail));
            }
        }
        said.retain(|place, _| !self.unread.places.contains(place));
        for place in said.into_keys() {
            self.note_repairable("current_cells", place, of_cell(place, "is missing".into()));
        }
    }

    fn compare_counts(&mut self, kept: &BTreeMap<(Place, Status), i64>) {
        let keys: BTreeSet<_> = kept.keys().chain(self.counts.keys()).copied().collect();
        for (place, status) in keys {
            let of = |counts: &BTreeMap<_, i64>| counts.get(&(place, status)).copied().unwrap_or(0);
            let (kept, said) = (of(kept), of(&self.counts));
            if kept != said && !self.unread.places.contains(&place) {
                let detail = format!("counts {kept} {status}, where the history says {said}");
                self.note_repairable("deployment_counts", place, of_cell(place, detail));
            }
        }
    }

    fn compare_environments(&mut self, kept: &BTreeMap<(Uuid, Status), i64>) {
        let said = by_environment(&self.counts);
        let keys: BTreeSet<_> = kept.keys().chain(said.keys()).copied().collect();
        for (id, status) in keys {
            let of = |counts: &BTreeMap<_, i64>| counts.get(&(id, status)).copied().unwrap_or(0);
            let (kept, said) = (of(kept), of(&said));
            if kept != said && !self.unread.has_of(id) {
                let detail = format!("counts {kept} {status}, where the history says {said}");
                self.mends.insert(Mend::Environment(id));
                let difference = Difference { environment_id: Some(id), detail, ..Difference::default() };
                self.note("environment_counts", Some(Mend::Environment(id)), difference);
            }
        }
    }
}

/// Counts by environment as the counts by cell say them.
fn by_environment(counts: &BTreeMap<(Place, Status), i64>) -> BTreeMap<(Uuid, Status), i64> {
    let mut sums = BTreeMap::new();
    for ((place, status), count) in counts {
        *sums.entry((place.environment_id, *status)).or_default() += count;
    }
    sums
}

fn of_cell(place: Place, detail: String) -> Difference {
    let (component_id, environment_id) = (Some(place.component_id), Some(place.environment_id));
    Difference { component_id, environment_id, detail, ..Difference::default() }
}

fn unreadable(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn nothing() -> KeptCell {
    KeptCell { deployment_id: None, version: None, succeeded_at: None }
}

fn shown(deployment: &Deployment, period: &Period) -> KeptCell {
    KeptCell { deployment_id: Some(deployment.id), version: Some(deployment.version.to_string()), succeeded_at: Some(period.started_at) }
}

fn in_words(cell: &KeptCell) -> String {
    let (id, version) = (cell.deployment_id.map(|id| id.to_string()), cell.version.clone());
    let at = cell.succeeded_at.map(|time| clock::format_exact(&time));
    if *cell == nothing() {
        return "nothing".into();
    }
    format!("{} ({}) since {}", version.unwrap_or_default(), id.unwrap_or_default(), at.unwrap_or_default())
}

/// The first thing that a deployment says otherwise than its history.
fn differing(row: &Revised, said: &DeploymentState) -> Option<String> {
    let deployment = &row.deployment;
    let time = |time: Option<Time>| time.map_or_else(|| "never".into(), |time| clock::format_exact(&time));
    let (when, sequence) = said.succeeded.unzip();
    let number = |number: Option<i64>| number.map_or_else(|| "none".into(), |number| number.to_string());
    let compared = [
        ("status", deployment.status.to_string(), said.status.to_string()),
        ("attempt", deployment.attempt.to_string(), said.attempt.to_string()),
        ("start", time(deployment.started_at), time(said.started_at)),
        ("finish", time(deployment.finished_at), time(said.finished_at)),
        ("success", time(deployment.succeeded_at), time(when)),
        ("row of its success", number(row.succeeded), number(sequence)),
        ("latest transition", time(Some(deployment.occurred_at)), time(Some(said.occurred.0))),
        ("row of its latest transition", number(Some(row.occurred)), number(Some(said.occurred.1))),
    ];
    let (what, kept, said) = compared.into_iter().find(|(_, kept, said)| kept != said)?;
    Some(format!("the {what} is {kept}, where the history says {said}"))
}

/// A period as it should be kept.
fn expected(deployment: &Deployment, period: &Period) -> KeptPeriod {
    let version = (!period.is_undeployment).then(|| deployment.version.to_string());
    KeptPeriod { period: *period, deployment_id: deployment.id, version }
}

/// The first period that is missing or not as the history says.
fn differing_periods(deployment: &Deployment, said: &[Period], kept: &[KeptPeriod]) -> Option<(Option<i64>, String)> {
    let wrong = said.iter().find(|period| !kept.contains(&expected(deployment, period)))?;
    let there = kept.iter().any(|kept| kept.period.sequence == wrong.sequence);
    let detail = if there { "the period it began is not as the history says" } else { "the period it began is missing" };
    Some((Some(wrong.sequence), detail.into()))
}

/// Writes a cell again from the history of its deployments.
async fn rebuild(write: &mut Write, place: Place) -> Result<(), Error> {
    write.take(&[], [(place, Time::default())]).await?;
    write.forget_periods(place).await?;
    write.forget_counts(place).await?;
    for id in write.deployments_in(place).await? {
        let status = rebuild_deployment(write, id).await?;
        write.count(place, status, 1);
    }
    write.settle(place);
    write.recount_environment(place.environment_id).await
}

/// Writes what the history says of a deployment, and its periods; gives its status.
async fn rebuild_deployment(write: &mut Write, id: Uuid) -> Result<Status, Error> {
    let row = write.deployment(id).await?.ok_or_else(|| Error::no_deployment(id))?;
    let entries: Vec<HistoryEntry> = write.history(id).await?;
    let Some(standing) = history::fold(&entries) else { return Ok(row.deployment.status) };
    write.note_time(Place::of(&row.deployment), newest_of(&entries));
    if let Some(different) = differing(&row, &standing).map(|_| corrected(row.clone(), &standing)) {
        write.put_deployment(different);
    }
    for period in standing.periods {
        write.add_period(&row.deployment, period);
    }
    Ok(standing.status)
}

/// The newest time of the rows of a history.
fn newest_of(entries: &[HistoryEntry]) -> Time {
    entries.iter().map(|entry| entry.occurred_at).max().unwrap_or_default()
}

/// The deployment as its history says it stands.
fn corrected(row: Revised, standing: &DeploymentState) -> Revised {
    let deployment = standing.applied_to(row.deployment);
    Revised { deployment, succeeded: standing.succeeded.map(|(_, sequence)| sequence), occurred: standing.occurred.1, ..row }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn a_verification_goes_on_alone_when_its_caller_is_gone() {
        let tracker = Tracker::new(Store::open("sqlite::memory:").await.unwrap());
        tokio::select! {
            biased;
            _ = tracker.verify() => panic!("the task has not run yet"),
            () = std::future::ready(()) => {}
        }
        assert!(matches!(tracker.verify().await, Err(Error::Verifying)));
        drop(tracker.verifying.lock().await);
        assert!(tracker.verify().await.unwrap().ok);
    }
}
