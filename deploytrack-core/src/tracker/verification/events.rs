//! Comparing the events with the history they tell: every row of it once, as it is, and in its order.
//!
//! What differs is not written again: readers have been told, and numbers that they have seen must not change their meaning.

use super::Audit;
use crate::{
    error::Error,
    store::{Numbering, Snapshot, ToldWrongly},
    verification::Difference,
};

impl Audit {
    pub(super) async fn compare_events(&mut self, snapshot: &mut Snapshot) -> Result<(), Error> {
        self.compare_numbering(snapshot.numbering().await?);
        self.note_events(snapshot.events_unlike_history().await?, "it is not what the history says");
        self.note_events(snapshot.repeated_events().await?, "it tells what an event before it has told");
        self.note_events(snapshot.events_out_of_order().await?, "it tells of its deployment what was before the event before it");
        for (sequence, id) in snapshot.untold_entries().await? {
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

    fn note_events(&mut self, events: Vec<ToldWrongly>, detail: &str) {
        for ToldWrongly { number, subject_id } in events {
            let difference = Difference { sequence: Some(number), deployment_id: subject_id, ..Difference::default() };
            self.note("events", None, Difference { detail: detail.to_owned(), ..difference });
        }
    }
}
