//! Pages of a list.

use serde::{Deserialize, Serialize};

use super::Cursor;

/// Which part of a list to show. `take` is between 1 and 100 by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    start: Start,
    take: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Skip(u64),
    At(Cursor),
}

impl PageRequest {
    /// What `take` is when nobody says.
    pub const DEFAULT_TAKE: u64 = 20;
    /// The most that `take` may be.
    pub const MOST_TAKE: u64 = 100;
    /// The most that `skip` may be: what both databases can count.
    pub const MOST_SKIP: u64 = i64::MAX as u64;

    /// How many deployments `skip` passes over at most, each of which costs as much as one that is shown: further pages are
    /// reached by key.
    pub const MOST_PASSED: u64 = 10_000;

    /// A page, or `None` when `take` or `skip` is out of bounds.
    #[must_use]
    pub const fn new(skip: u64, take: u64) -> Option<Self> {
        if skip > Self::MOST_SKIP { None } else { Self::starting(Start::Skip(skip), take) }
    }

    /// The page at a place, or `None` when `take` is out of bounds. It costs the same however deep in the list it is.
    #[must_use]
    pub const fn at(cursor: Cursor, take: u64) -> Option<Self> {
        Self::starting(Start::At(cursor), take)
    }

    const fn starting(start: Start, take: u64) -> Option<Self> {
        if take < 1 || take > Self::MOST_TAKE { None } else { Some(Self { start, take }) }
    }

    /// How many entries to pass over; none, where it starts at a cursor.
    #[must_use]
    pub const fn skip(self) -> u64 {
        match self.start {
            Start::Skip(skip) => skip,
            Start::At(_) => 0,
        }
    }

    /// The place it starts at, if it does not count from the beginning.
    #[must_use]
    pub const fn cursor(self) -> Option<Cursor> {
        match self.start {
            Start::Skip(_) => None,
            Start::At(cursor) => Some(cursor),
        }
    }

    /// The most entries to show.
    #[must_use]
    pub const fn take(self) -> u64 {
        self.take
    }

    /// The same as query parameters, in the order they are written. What is as it would be anyway is left out, but for
    /// `take`.
    #[must_use]
    pub fn parameters(self) -> Vec<(&'static str, String)> {
        let start = match self.start {
            Start::Skip(0) => None,
            Start::Skip(skip) => Some(("skip", skip.to_string())),
            Start::At(cursor) => Some(("cursor", cursor.to_string())),
        };
        std::iter::once(("take", self.take.to_string())).chain(start).collect()
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { start: Start::Skip(0), take: Self::DEFAULT_TAKE }
    }
}

/// Part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// How many the filters match in all.
    pub total: u64,
    /// How many were to be passed over; none, where the page was asked for by a cursor.
    pub skip: u64,
    /// The most that were asked for.
    pub take: u64,
    /// The pages around this one. Over HTTP they are the header `Link`, and no part of the body.
    #[serde(skip)]
    pub links: Links,
}

/// The pages around a page.
///
/// To read a whole list, ask for its beginning and then for `next` until there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The beginning of the list.
    pub first: Option<PageRequest>,
    /// What stands before this page; nothing, on the first one.
    pub prev: Option<PageRequest>,
    /// What follows on this page; nothing, on the last one.
    pub next: Option<PageRequest>,
    /// The end of the list.
    pub last: Option<PageRequest>,
}

impl Links {
    /// The pages there are around this one, each with its relation type (RFC 8288).
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, PageRequest)> {
        let all = [("first", self.first), ("prev", self.prev), ("next", self.next), ("last", self.last)];
        all.into_iter().filter_map(|(relation, page)| Some((relation, page?)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Order, *};

    const OLDEST: Cursor = Cursor::oldest(Order::Occurred);

    #[test]
    fn a_page_is_within_bounds_by_construction() {
        assert!(PageRequest::new(PageRequest::MOST_SKIP, 100).is_some());
        for (skip, take) in [(0, 0), (0, 101), (PageRequest::MOST_SKIP + 1, 1)] {
            assert_eq!(PageRequest::new(skip, take), None);
        }
        assert_eq!(PageRequest::at(OLDEST, 0), None);
        assert_eq!(PageRequest::at(OLDEST, 101), None);
        let page = PageRequest::at(OLDEST, 7).unwrap();
        assert_eq!((page.skip(), page.take(), page.cursor()), (0, 7, Some(OLDEST)));
    }
}
