//! Comparing the events with the history they tell: every row of it once, as it is, and in its order.
//!
//! What differs is not written again: readers have been told, and numbers that they have seen must not change their meaning.

use super::{Audit, Reading};
use crate::{
    error::Error,
    store::{Numbering, ToldWrongly},
    verification::Difference,
};

impl Audit {
    pub(super) async fn compare_events(&mut self, reading: &mut Reading<'_>) -> Result<(), Error> {
        let numbering = reading.snapshot.numbering().await;
        if let Some(numbering) = self.read(reading, "events", numbering).await? {
            self.compare_numbering(numbering);
        }
        let repeated = reading.snapshot.repeated_events().await;
        self.note_events(reading, repeated, "it tells what an event before it has told").await?;
        let late = reading.snapshot.events_out_of_order().await;
        self.note_events(reading, late, "it tells of its deployment what was before the event before it").await?;
        // An unreadable history is reported already.
        if self.unread.spoils_sums() { Ok(()) } else { self.compare_events_with_history(reading).await }
    }

    async fn compare_events_with_history(&mut self, reading: &mut Reading<'_>) -> Result<(), Error> {
        let unlike = reading.snapshot.events_unlike_history().await;
        self.note_events(reading, unlike, "it is not what the history says").await?;
        let untold = reading.snapshot.untold_entries().await;
        for (sequence, id) in self.read(reading, "events", untold).await?.unwrap_or_default() {
            let detail = format!("there is none for row {sequence} of the history");
            self.note("events", None, Difference { deployment_id: Some(id), detail, ..Difference::default() });
        }
        Ok(())
    }

    fn compare_numbering(&mut self, numbering: Numbering) {
        let Numbering { count, first, last, last_said } = numbering;
        if (first, last) != (1, last_said) || u64::try_from(last) != Ok(count) {
            let detail = format!("there are {count}, numbered from {first} to {last}, where the commits have made {last_said}");
            self.note("events", None, Difference { detail, ..Difference::default() });
        }
    }

    async fn note_events(&mut self, reading: &mut Reading<'_>, events: Result<Vec<ToldWrongly>, Error>, detail: &str) -> Result<(), Error> {
        for ToldWrongly { number, subject_id } in self.read(reading, "events", events).await?.unwrap_or_default() {
            let difference = Difference { sequence: Some(number), deployment_id: subject_id, ..Difference::default() };
            self.note("events", None, Difference { detail: detail.to_owned(), ..difference });
        }
        Ok(())
    }
}
