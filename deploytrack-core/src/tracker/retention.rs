//! Removing old deployments, and the preview of a removal.
//!
//! A removal walks over the cells. It decides about one cell at a time, with the deployments of that
//! cell in memory, and removes in batches. Each batch is a transaction with a removal of its own, so
//! other writes wait for one batch at most, and a removal that is interrupted has removed whole
//! batches.

mod batch;

use std::collections::HashSet;

use chrono::{DurationRound as _, TimeDelta};
use uuid::Uuid;

use self::batch::MOST_IN_BATCH;
use super::{Tracker, in_own_task};
use crate::{
    clock::Time,
    digest::Digest,
    error::{Error, Fault},
    retention::{
        CellPreview, LEAST_AGE, MOST_CELLS, MOST_KEEP_LAST, RemovalOutcome, RemovalRequest,
        RetentionPreview, Rule, Subject, removable,
    },
    store::{Leading, NamedCell},
    text::Label,
};

/// How many cells are listed at once.
const CELLS: u64 = 256;

/// The cells that a removal has still to decide about.
struct Walk {
    tracker: Tracker,
    rule: Rule,
    /// The deployments that something refers to.
    referenced: HashSet<Uuid>,
    after: Option<NamedCell>,
}

/// A decision about a cell.
struct Decision {
    cell: NamedCell,
    /// The deployments to be removed, the oldest first.
    removable: Vec<Subject>,
    retained: u64,
}

impl Walk {
    async fn begin(tracker: Tracker, rule: Rule) -> Result<Self, Error> {
        let steady = tracker.clock.steady();
        let referenced = tracker.store.referenced_deployments(steady).await?;
        Ok(Self {
            tracker,
            rule,
            referenced,
            after: None,
        })
    }

    /// The next cells; none at the end.
    async fn cells(&mut self) -> Result<Vec<NamedCell>, Error> {
        let after = self.after.as_ref().map(|cell| cell.key);
        let cells = self.tracker.store.cells_after(after, CELLS).await?;
        self.after = cells.last().cloned();
        Ok(cells)
    }

    /// The current deployment of a cell, which may be a removed one.
    async fn current(
        &self,
        leading: Leading,
        subjects: &[Subject],
    ) -> Result<Option<Subject>, Error> {
        let Some(id) = leading.current else {
            return Ok(None);
        };
        if let Some(current) = subjects.iter().find(|one| one.id == id) {
            return Ok(Some(current.clone()));
        }
        let gone = self.tracker.store.gone_deployments(&[id]).await?.pop();
        Ok(gone.map(|gone| Subject::of_removed(&gone.removed)))
    }

    async fn decide(&self, cell: NamedCell) -> Result<Decision, Error> {
        let _turn = self.tracker.large_reads.next().await?;
        let store = &self.tracker.store;
        let mut subjects = store.subjects(cell.key, self.rule.before).await?;
        let leading = store.leading(cell.key).await?;
        let current = self.current(leading, &subjects).await?;
        let retained = |id| leading.contains(id) || self.referenced.contains(&id);
        let found = removable(&subjects, current.as_ref(), retained, self.rule.keep_last);
        let all = subjects.len();
        let found: HashSet<_> = found.into_iter().map(|at| subjects[at].id).collect();
        subjects.retain(|one| found.contains(&one.id));
        subjects.sort_unstable_by_key(|one| one.occurred);
        Ok(Decision {
            cell,
            retained: (all - subjects.len()) as u64,
            removable: subjects,
        })
    }
}

impl Decision {
    /// The line of the preview; `None` if nothing would be removed.
    fn preview(&self) -> Option<CellPreview> {
        let (oldest, newest) = (self.removable.first()?, self.removable.last()?);
        Some(CellPreview {
            component_id: self.cell.key.component_id,
            component_name: self.cell.component_name.clone(),
            environment_id: self.cell.key.environment_id,
            environment_name: self.cell.environment_name.clone(),
            deployments: self.removable.len() as u64,
            retained: self.retained,
            oldest: oldest.occurred.0,
            newest: newest.occurred.0,
        })
    }

    /// The digest of the deployments to be removed so far, with those of this cell.
    fn tag_after(&self, before: Digest) -> Digest {
        let ids = self.removable.iter().map(|one| *one.id.as_bytes());
        let bytes: Vec<u8> = before
            .as_bytes()
            .iter()
            .copied()
            .chain(ids.flatten())
            .collect();
        Digest::of(&bytes)
    }
}

impl Tracker {
    /// Lists what a removal would remove: deployments about which nothing happened and nothing was
    /// recorded for this time. `keep_last` is the number of the newest deployments that each cell
    /// retains.
    ///
    /// The age counts from the last row of the history, or from now if the clock is behind it. So a
    /// clock that is ahead makes nothing old.
    ///
    /// The time is proportional to the number of deployments, and the memory to the number in the
    /// largest cell.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an age below [`LEAST_AGE`], and for a `keep_last` that is not from 1 to
    /// [`MOST_KEEP_LAST`]; errors of the database.
    pub async fn preview_removal(
        &self,
        older_than: TimeDelta,
        keep_last: u64,
    ) -> Result<RetentionPreview, Error> {
        // Whole seconds, which every form of a time has. Nothing happened before 1970.
        let before = self.last_age().await?.checked_sub_signed(older_than);
        let before = before.and_then(|before| before.duration_trunc(TimeDelta::seconds(1)).ok());
        let before = before.filter(|before| before.timestamp() >= 0);
        let faults = [
            (older_than < LEAST_AGE || before.is_none()).then(|| {
                Fault::parameter(
                    "olderThanDays",
                    format!(
                        "must be at least {}, and not before the year 1970",
                        LEAST_AGE.num_days()
                    ),
                )
            }),
            fault_of_keep_last(keep_last).map(|why| Fault::parameter("keepLast", why)),
        ];
        let faults: Vec<_> = faults.into_iter().flatten().collect();
        match before {
            Some(before) if faults.is_empty() => self.preview(Rule { before, keep_last }).await,
            _ => Err(Error::Invalid(faults)),
        }
    }

    /// Removes the deployments that a preview has listed, in batches, and notes each batch as a
    /// removal. It runs to its end even if the caller is dropped. If the program is killed, whole
    /// batches are removed, and the next removal continues.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a rule that no preview gives; [`Error::PreviewChanged`] if the rule
    /// selects other deployments now; [`Error::Removing`] if a removal is running; errors of the
    /// database, after which a part may be removed.
    pub async fn remove(
        &self,
        request: RemovalRequest,
        by: &Label,
    ) -> Result<RemovalOutcome, Error> {
        let one_at_a_time = self
            .removing
            .clone()
            .try_lock_owned()
            .map_err(|_| Error::Removing)?;
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let outcome = this.remove_all(request, &by).await;
            drop(one_at_a_time);
            outcome
        })
        .await
    }

    async fn remove_all(
        &self,
        RemovalRequest { rule, tag }: RemovalRequest,
        by: &Label,
    ) -> Result<RemovalOutcome, Error> {
        let is_too_young = rule.before > self.last_age().await? - LEAST_AGE;
        let faults = [
            is_too_young.then(|| {
                let days = LEAST_AGE.num_days();
                Fault::at(
                    "/before",
                    format!("must be at least {days} days ago, as a preview returns it"),
                )
            }),
            fault_of_keep_last(rule.keep_last).map(|why| Fault::at("/keepLast", why)),
        ];
        let faults: Vec<_> = faults.into_iter().flatten().collect();
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        if self.preview(rule).await?.tag != tag {
            return Err(Error::PreviewChanged);
        }
        let mut walk = Walk::begin(self.clone(), rule).await?;
        let (mut outcome, mut waiting) = (RemovalOutcome::default(), Vec::new());
        loop {
            let cells = walk.cells().await?;
            let is_end = cells.is_empty();
            for cell in cells {
                let decision = walk.decide(cell).await?;
                waiting.extend(decision.removable.iter().map(|one| one.id));
                while waiting.len() >= MOST_IN_BATCH {
                    let batch: Vec<_> = waiting.drain(..MOST_IN_BATCH).collect();
                    self.remove_batch(&batch, rule, by, &mut outcome).await?;
                }
            }
            if is_end {
                self.remove_batch(&waiting, rule, by, &mut outcome).await?;
                return Ok(outcome);
            }
        }
    }

    async fn preview(&self, rule: Rule) -> Result<RetentionPreview, Error> {
        let mut walk = Walk::begin(self.clone(), rule).await?;
        let mut preview = RetentionPreview {
            before: rule.before,
            keep_last: rule.keep_last,
            deployments: 0,
            retained: 0,
            cell_count: 0,
            cells: Vec::new(),
            tag: Digest::of(&[]),
        };
        loop {
            let cells = walk.cells().await?;
            if cells.is_empty() {
                break;
            }
            for cell in cells {
                let decision = walk.decide(cell).await?;
                preview.retained += decision.retained;
                if let Some(cell) = decision.preview() {
                    preview.deployments += cell.deployments;
                    preview.cell_count += 1;
                    preview.tag = decision.tag_after(preview.tag);
                    preview.cells.push(cell);
                }
            }
        }
        let name = |cell: &CellPreview| {
            let names = [&cell.component_name, &cell.environment_name];
            names.map(|name| name.key().into_owned())
        };
        preview.cells.sort_by_cached_key(name);
        preview.cells.truncate(MOST_CELLS);
        Ok(preview)
    }

    /// The time from which ages count.
    async fn last_age(&self) -> Result<Time, Error> {
        let (now, recorded) = (self.clock.now(), self.store.last_recorded().await?);
        Ok(recorded.map_or(now, |recorded| recorded.min(now)))
    }
}

fn fault_of_keep_last(keep_last: u64) -> Option<String> {
    (!(1..=MOST_KEEP_LAST).contains(&keep_last))
        .then(|| format!("must be from 1 to {MOST_KEEP_LAST}"))
}
