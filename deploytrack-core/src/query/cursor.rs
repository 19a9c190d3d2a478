//! Cursors: positions in the list of deployments.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use uuid::Uuid;

use super::Order;
use crate::{
    clock::{LAST_SECOND, Time},
    deployment::Deployment,
    text::Invalid,
};

const NOT_A_CURSOR: Invalid = Invalid(
    "must be one that a Link header of this list gave; leave it out to begin at the newest",
);

/// The sort key of a deployment in the list, the greatest first. Every deployment has a different
/// key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListKey {
    /// The order of the list.
    pub order: Order,
    /// The time that the order compares: when the deployment was recorded, or when its latest
    /// transition happened.
    pub time: Time,
    /// The id of the deployment.
    pub id: Uuid,
}

impl ListKey {
    /// A key that is less than the key of every deployment.
    #[must_use]
    pub const fn least(order: Order) -> Self {
        Self {
            order,
            time: DateTime::UNIX_EPOCH,
            id: Uuid::nil(),
        }
    }

    /// The key of a deployment.
    #[must_use]
    pub const fn of(order: Order, deployment: &Deployment) -> Self {
        let time = match order {
            Order::Created => deployment.created_at,
            Order::Occurred => deployment.occurred_at,
        };
        Self {
            order,
            time,
            id: deployment.id,
        }
    }
}

/// A position between two deployments in the list, and the direction to read in.
///
/// A cursor contains a key and not an offset, so new deployments do not shift it: pages that are
/// read one after the other never repeat or skip a deployment.
///
/// The text form is opaque to clients. At present it is `base64url(1, direction, microseconds since
/// 1970, id)`; the first byte is the version of the form. The direction includes the order of the
/// list: a cursor of one order is not valid in the other. A cursor is not a secret and gives no
/// access: a forged cursor shows a part of a list that its caller may read anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The deployments after this key in the list: the older ones.
    OlderThan(ListKey),
    /// The deployments directly before this key in the list: the newer ones.
    NewerThan(ListKey),
}

/// The version of the text form.
const VERSION: u8 = 1;
const OLDER: u8 = 0;
const NEWER: u8 = 1;
const OLDER_OCCURRED: u8 = 2;
const NEWER_OCCURRED: u8 = 3;
/// The length in bytes.
const LENGTH: usize = 2 + 8 + 16;
/// The length of the text in characters.
const DIGITS: usize = 35;
/// The last microsecond of the year 9999. 64 bits can hold later times, which PostgreSQL and chrono
/// reject.
const LAST: i64 = LAST_SECOND * 1_000_000 + 999_999;

impl Cursor {
    /// The cursor at the end of the list.
    #[must_use]
    pub const fn oldest(order: Order) -> Self {
        Self::NewerThan(ListKey::least(order))
    }

    /// The key of the deployment next to the cursor.
    #[must_use]
    pub const fn key(self) -> ListKey {
        match self {
            Self::OlderThan(key) | Self::NewerThan(key) => key,
        }
    }

    const fn direction(self) -> u8 {
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
        bytes[..2].copy_from_slice(&[VERSION, self.direction()]);
        bytes[2..10].copy_from_slice(&key.time.timestamp_micros().to_be_bytes());
        bytes[10..].copy_from_slice(key.id.as_bytes());
        f.pad(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        read(text).ok_or(NOT_A_CURSOR)
    }
}

fn read(text: &str) -> Option<Cursor> {
    if text.len() != DIGITS {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let ([VERSION, direction], rest) = bytes.split_first_chunk()? else {
        return None;
    };
    let (micros, id) = rest.split_first_chunk()?;
    let micros = Some(i64::from_be_bytes(*micros)).filter(|micros| (0..=LAST).contains(micros))?;
    let (time, id) = (
        DateTime::from_timestamp_micros(micros)?,
        Uuid::from_slice(id).ok()?,
    );
    let key = |order| ListKey { order, time, id };
    match *direction {
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

    fn encoded(version: u8, direction: u8, micros: i64) -> String {
        let head = [version, direction].into_iter().chain(micros.to_be_bytes());
        URL_SAFE_NO_PAD.encode(head.chain([7; 16]).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn a_cursor_is_parsed_from_its_own_text(micros in 0..=LAST, id: u128, older: bool, created: bool) {
            let order = if created { Order::Created } else { Order::Occurred };
            let key = ListKey { order, time: DateTime::from_timestamp_micros(micros).unwrap(), id: Uuid::from_u128(id) };
            let cursor = if older { Cursor::OlderThan(key) } else { Cursor::NewerThan(key) };
            let text = cursor.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            prop_assert_eq!(text.parse(), Ok(cursor));
        }

        #[test]
        fn every_other_text_is_rejected(text in "[A-Za-z0-9_=+/%-]{0,60}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn a_cursor_that_no_database_can_store_is_rejected() {
        assert!(encoded(1, 0, LAST).parse::<Cursor>().is_ok());
        assert!(encoded(1, 1, 0).parse::<Cursor>().is_ok());
        for (version, direction, micros) in [
            (0, 0, 0),
            (2, 0, 0),
            (1, 4, 0),
            (1, 255, 0),
            (1, 0, -1),
            (1, 0, LAST + 1),
            (1, 0, i64::MAX),
            (1, 0, i64::MIN),
        ] {
            assert_eq!(
                encoded(version, direction, micros).parse::<Cursor>(),
                Err(NOT_A_CURSOR),
                "{version} {direction} {micros}"
            );
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
            assert_eq!(wrong.parse::<Cursor>(), Err(NOT_A_CURSOR));
        }
    }
}
