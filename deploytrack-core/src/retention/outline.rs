//! The outline of a history: the part of a removed deployment's history that remains.

use std::{fmt, str::FromStr};

use chrono::DateTime;

use crate::{
    clock::Time,
    digest::Digest,
    history::{HistoryEntry, HistoryKind},
    invalid::Invalid,
    status::Status,
    text::Label,
};

const NOT_AN_OUTLINE: Invalid = Invalid("must be the outline of a history");

/// A row of an outline: the number, the status and the times of a row of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlineRow {
    /// As [`HistoryEntry::sequence`].
    pub sequence: i64,
    /// The status after; `None` for an undeployment, which does not change it.
    pub to: Option<Status>,
    /// As [`HistoryEntry::occurred_at`].
    pub occurred_at: Time,
    /// As [`HistoryEntry::claimed_at`].
    pub claimed_at: Option<Time>,
}

/// What remains of the history of a removed deployment: when it entered which status. Who recorded
/// it, when, and the reasons are gone.
///
/// As text, the rows are separated by spaces. A row is the first letter of its status, or `u` for an
/// undeployment; the number; `@` and `occurredAt`; and `~` and `claimedAt`, if there is one. Times
/// are in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline(Vec<OutlineRow>);

impl Outline {
    /// The outline of a history.
    #[must_use]
    pub fn of(entries: &[HistoryEntry]) -> Self {
        let row = |entry: &HistoryEntry| OutlineRow {
            sequence: entry.sequence,
            to: (entry.event == HistoryKind::Transition).then_some(entry.to),
            occurred_at: entry.occurred_at,
            claimed_at: entry.claimed_at,
        };
        Self(entries.iter().map(row).collect())
    }

    /// The rows, in the order of recording.
    #[must_use]
    pub fn rows(&self) -> &[OutlineRow] {
        &self.0
    }

    /// Rows of history from which the state and the periods can be computed. The values that are
    /// gone have stand-ins, such as `by` for the authors.
    #[must_use]
    pub fn entries(&self, by: &Label) -> Vec<HistoryEntry> {
        let (mut from, mut attempt) = (None, 1);
        let entry = |row: &OutlineRow| {
            if row.to == Some(Status::Pending) && from.is_some() {
                attempt += 1;
            }
            let to = row.to.or(from).unwrap_or(Status::Pending);
            let entry = HistoryEntry {
                sequence: row.sequence,
                attempt,
                event: row
                    .to
                    .map_or(HistoryKind::Undeployed, |_| HistoryKind::Transition),
                from,
                to,
                occurred_at: row.occurred_at,
                claimed_at: row.claimed_at,
                recorded_at: row.occurred_at,
                recorded_by: by.clone(),
                reason: None,
                origin: None,
                hash: Digest::of(&[]),
            };
            from = Some(to);
            entry
        };
        self.0.iter().map(entry).collect()
    }

    /// Whether it entered this status at this time, or at a time that was claimed to be this one.
    #[must_use]
    pub fn has_entered(&self, status: Status, at: Time) -> bool {
        self.0.iter().any(|row| {
            row.to == Some(status) && (row.occurred_at == at || row.claimed_at == Some(at))
        })
    }
}

const fn letter(to: Option<Status>) -> char {
    match to {
        None => 'u',
        Some(Status::Pending) => 'p',
        Some(Status::InProgress) => 'i',
        Some(Status::Succeeded) => 's',
        Some(Status::Failed) => 'f',
        Some(Status::RolledBack) => 'r',
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, row) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            let at = row.occurred_at.timestamp_micros();
            write!(f, "{space}{}{}@{at}", letter(row.to), row.sequence)?;
            if let Some(claimed) = row.claimed_at {
                write!(f, "~{}", claimed.timestamp_micros())?;
            }
        }
        Ok(())
    }
}

impl FromStr for OutlineRow {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| NOT_AN_OUTLINE);
        let time =
            |text: &str| DateTime::from_timestamp_micros(number(text)?).ok_or(NOT_AN_OUTLINE);
        let (head, times) = text.split_once('@').ok_or(NOT_AN_OUTLINE)?;
        let first = head.chars().next().ok_or(NOT_AN_OUTLINE)?;
        let to = std::iter::once(None)
            .chain(Status::ALL.into_iter().map(Some))
            .find(|to| letter(*to) == first)
            .ok_or(NOT_AN_OUTLINE)?;
        let (occurred_at, claimed_at) = match times.split_once('~') {
            Some((occurred, claimed)) => (time(occurred)?, Some(time(claimed)?)),
            None => (time(times)?, None),
        };
        Ok(Self {
            sequence: number(&head[first.len_utf8()..])?,
            to,
            occurred_at,
            claimed_at,
        })
    }
}

impl FromStr for Outline {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let rows = text.split(' ').map(str::parse);
        rows.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::parse, history};

    fn row(sequence: i64, to: Option<Status>, minute: i64) -> OutlineRow {
        OutlineRow {
            sequence,
            to,
            occurred_at: parse("2024-06-01T12:00:00Z").unwrap()
                + chrono::TimeDelta::minutes(minute),
            claimed_at: (minute == 2).then(|| parse("2024-06-01T13:00:00Z").unwrap()),
        }
    }

    fn outline() -> Outline {
        Outline(vec![
            row(3, Some(Status::Pending), 0),
            row(4, Some(Status::InProgress), 1),
            row(7, Some(Status::Succeeded), 2),
            row(9, None, 3),
            row(12, Some(Status::RolledBack), 4),
            row(13, Some(Status::Pending), 5),
        ])
    }

    #[test]
    fn an_outline_is_parsed_from_its_text() {
        assert_eq!(outline().to_string().parse(), Ok(outline()));
        assert_eq!(
            Outline(vec![row(3, Some(Status::Pending), 2)]).to_string(),
            "p3@1717243320000000~1717246800000000"
        );
        for text in [
            "", "p", "p@", "p3", "x3@1", "p3@1 ", "p3@1~", "p3@x", "é3@1",
        ] {
            assert!(text.parse::<Outline>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_state_and_the_periods_follow_from_an_outline() {
        let entries = outline().entries(&"ci".parse().unwrap());
        let state = history::fold(&entries).unwrap();
        assert_eq!((state.status, state.attempt), (Status::Pending, 2));
        assert_eq!(state.succeeded.map(|(_, sequence)| sequence), Some(7));
        let periods = history::periods(&entries);
        assert_eq!(periods.len(), 2);
        assert_eq!(periods[0].ended_at, Some(row(12, None, 4).occurred_at));
        assert!(periods[1].is_undeployment);
        assert_eq!(Outline::of(&entries), outline());
    }
}
