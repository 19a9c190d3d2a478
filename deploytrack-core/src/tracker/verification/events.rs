//! Comparing the events with the history: each row must have one event, in the order of the
//! history.
//!
//! Differences are not repaired: readers have received these events, and the meaning of a number
//! must not change.

use super::{Findings, Source};
use crate::{
    error::Error,
    store::{Numbering, WrongEvent},
    verification::Difference,
};

impl Findings {
    pub(super) async fn compare_events(&mut self, source: &mut Source<'_>) -> Result<(), Error> {
        let numbering = source.snapshot.numbering().await;
        if let Some(numbering) = self.read(source, "events", numbering).await? {
            self.compare_numbering(numbering);
        }
        let repeated = source.snapshot.repeated_events().await;
        self.note_events(
            source,
            repeated,
            "an earlier event reports the same row of the history",
        )
        .await?;
        let late = source.snapshot.events_out_of_order().await;
        self.note_events(source, late, "out of order: it reports an older history row than the previous event of this deployment").await?;
        // An unreadable history is reported already.
        if self.unreadable.makes_sums_incomplete() {
            Ok(())
        } else {
            self.compare_events_with_history(source).await
        }
    }

    async fn compare_events_with_history(&mut self, source: &mut Source<'_>) -> Result<(), Error> {
        let unlike = source.snapshot.events_unlike_history().await;
        self.note_events(source, unlike, "it differs from its row of the history")
            .await?;
        let removed = source.snapshot.events_unlike_outlines().await;
        self.note_events(
            source,
            removed,
            "the events of this removed deployment differ from what remains of its history",
        )
        .await?;
        let untold = source.snapshot.entries_without_event().await;
        for (sequence, id) in self
            .read(source, "events", untold)
            .await?
            .unwrap_or_default()
        {
            let detail = format!("there is no event for row {sequence} of the history");
            self.note(
                "events",
                None,
                Difference {
                    deployment_id: Some(id),
                    detail,
                    ..Difference::default()
                },
            );
        }
        Ok(())
    }

    fn compare_numbering(&mut self, numbering: Numbering) {
        let Numbering {
            count,
            first,
            last,
            last_committed,
        } = numbering;
        if (first, last) != (1, last_committed) || u64::try_from(last) != Ok(count) {
            let detail = format!(
                "there are {count} events, numbered from {first} to {last}, but the last number in commits is {last_committed}"
            );
            self.note(
                "events",
                None,
                Difference {
                    detail,
                    ..Difference::default()
                },
            );
        }
    }

    async fn note_events(
        &mut self,
        source: &mut Source<'_>,
        events: Result<Vec<WrongEvent>, Error>,
        detail: &str,
    ) -> Result<(), Error> {
        for WrongEvent { number, subject_id } in self
            .read(source, "events", events)
            .await?
            .unwrap_or_default()
        {
            let difference = Difference {
                sequence: Some(number),
                deployment_id: subject_id,
                ..Difference::default()
            };
            self.note(
                "events",
                None,
                Difference {
                    detail: detail.to_owned(),
                    ..difference
                },
            );
        }
        Ok(())
    }
}
