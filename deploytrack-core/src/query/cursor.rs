//! Places in the list of deployments.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use uuid::Uuid;

use super::Order;
use crate::{clock::Time, deployment::Deployment};

/// Where a deployment stands in the list, whose order is that of this key, the greatest first. No two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The order of the list.
    pub order: Order,
    /// The time that this order compares: when the deployment was recorded, or when its latest transition happened.
    pub time: Time,
    /// Its id.
    pub id: Uuid,
}

impl Key {
    /// Less than that of any deployment.
    #[must_use]
    pub const fn least(order: Order) -> Self {
        Self { order, time: DateTime::UNIX_EPOCH, id: Uuid::nil() }
    }

    /// That of a deployment.
    #[must_use]
    pub const fn of(order: Order, deployment: &Deployment) -> Self {
        let time = match order {
            Order::Created => deployment.created_at,
            Order::Occurred => deployment.occurred_at,
        };
        Self { order, time, id: deployment.id }
    }
}

/// A place in the list of deployments, between two of them, and the way to go from there.
///
/// Since it names a key and no number, it stays the same place whatever is recorded meanwhile: pages that are read one
/// after the other show nothing twice and leave nothing out.
///
/// As text it is opaque: `base64url(1, way, microseconds since 1970, id)` now, and the first byte says when that changes.
/// The way names the order of the list too: a cursor of one order has no place in the other.
/// It is no secret and proves nothing; whoever makes one up sees a part of the list they may see anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The deployments older than this one.
    OlderThan(Key),
    /// The deployments newer than this one, those next to it.
    NewerThan(Key),
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one that a Link header of this list gave; leave it out to begin at the newest")]
pub struct BadCursor;

/// The form of the text.
const VERSION: u8 = 1;
const OLDER: u8 = 0;
const NEWER: u8 = 1;
const OLDER_OCCURRED: u8 = 2;
const NEWER_OCCURRED: u8 = 3;
/// In bytes.
const LENGTH: usize = 2 + 8 + 16;
/// In characters.
const DIGITS: usize = 35;
/// The last microsecond of the year 9999. PostgreSQL's times end later and chrono's earlier than what 64 bits can say.
const LAST: i64 = 253_402_300_799_999_999;

impl Cursor {
    /// The end of the list.
    #[must_use]
    pub const fn oldest(order: Order) -> Self {
        Self::NewerThan(Key::least(order))
    }

    /// The key of the deployment beside it.
    #[must_use]
    pub const fn key(self) -> Key {
        match self {
            Self::OlderThan(key) | Self::NewerThan(key) => key,
        }
    }

    const fn way(self) -> u8 {
        match (self, self.key().order) {
            (Self::OlderThan(_), Order::Created) => OLDER,
            (Self::NewerThan(_), Order::Created) => NEWER,
            (Self::OlderThan(_), Order::Occurred) => OLDER_OCCURRED,
            (Self::NewerThan(_), Order::Occurred) => NEWER_OCCURRED,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key();
        let mut bytes = [0; LENGTH];
        bytes[..2].copy_from_slice(&[VERSION, self.way()]);
        bytes[2..10].copy_from_slice(&key.time.timestamp_micros().to_be_bytes());
        bytes[10..].copy_from_slice(key.id.as_bytes());
        f.pad(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        read(text).ok_or(BadCursor)
    }
}

fn read(text: &str) -> Option<Cursor> {
    if text.len() != DIGITS {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let ([VERSION, way], rest) = bytes.split_first_chunk()? else { return None };
    let (micros, id) = rest.split_first_chunk()?;
    let micros = Some(i64::from_be_bytes(*micros)).filter(|micros| (0..=LAST).contains(micros))?;
    let (time, id) = (DateTime::from_timestamp_micros(micros)?, Uuid::from_slice(id).ok()?);
    let key = |order| Key { order, time, id };
    match *way {
        OLDER => Some(Cursor::OlderThan(key(Order::Created))),
        NEWER => Some(Cursor::NewerThan(key(Order::Created))),
        OLDER_OCCURRED => Some(Cursor::OlderThan(key(Order::Occurred))),
        NEWER_OCCURRED => Some(Cursor::NewerThan(key(Order::Occurred))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(version: u8, way: u8, micros: i64) -> String {
        let head = [version, way].into_iter().chain(micros.to_be_bytes());
        URL_SAFE_NO_PAD.encode(head.chain([7; 16]).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(micros in 0..=LAST, id: u128, older: bool, created: bool) {
            let order = if created { Order::Created } else { Order::Occurred };
            let key = Key { order, time: DateTime::from_timestamp_micros(micros).unwrap(), id: Uuid::from_u128(id) };
            let cursor = if older { Cursor::OlderThan(key) } else { Cursor::NewerThan(key) };
            let text = cursor.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            prop_assert_eq!(text.parse(), Ok(cursor));
        }

        #[test]
        fn anything_else_is_refused(text in "[A-Za-z0-9_=+/%-]{0,60}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn what_no_database_can_hold_is_no_cursor() {
        assert!(encoded(1, 0, LAST).parse::<Cursor>().is_ok());
        assert!(encoded(1, 1, 0).parse::<Cursor>().is_ok());
        for (version, way, micros) in
            [(0, 0, 0), (2, 0, 0), (1, 4, 0), (1, 255, 0), (1, 0, -1), (1, 0, LAST + 1), (1, 0, i64::MAX), (1, 0, i64::MIN)]
        {
            assert_eq!(encoded(version, way, micros).parse::<Cursor>(), Err(BadCursor), "{version} {way} {micros}");
        }
        let good = encoded(1, 0, 5);
        for wrong in [
            String::new(),
            format!("{good}A"),
            format!("{good}="),
            format!(" {good}"),
            good[..good.len() - 1].to_owned(),
            "x".repeat(100_000),
        ] {
            assert_eq!(wrong.parse::<Cursor>(), Err(BadCursor));
        }
    }
}
