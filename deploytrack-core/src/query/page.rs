//! Pages of a list.

use serde::{Deserialize, Serialize};

use super::Cursor;

/// A request for a part of a list. `take` is between 1 and 100 by construction.
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
    /// The default of `take`.
    pub const DEFAULT_TAKE: u64 = 20;
    /// The greatest `take`.
    pub const MOST_TAKE: u64 = 100;
    /// The greatest `skip`: the largest integer of both databases.
    pub const MOST_SKIP: u64 = i64::MAX as u64;

    /// The most deployments that `skip` may pass over. Each of them costs as much as one that is
    /// returned, so clients read further pages with a cursor.
    pub const MOST_PASSED: u64 = 10_000;

    /// A page by offset, or `None` when `take` or `skip` is out of range.
    #[must_use]
    pub const fn new(skip: u64, take: u64) -> Option<Self> {
        if skip > Self::MOST_SKIP {
            None
        } else {
            Self::starting(Start::Skip(skip), take)
        }
    }

    /// A page at a cursor, or `None` when `take` is out of range. The cost does not depend on the
    /// position in the list.
    #[must_use]
    pub const fn at(cursor: Cursor, take: u64) -> Option<Self> {
        Self::starting(Start::At(cursor), take)
    }

    const fn starting(start: Start, take: u64) -> Option<Self> {
        if take < 1 || take > Self::MOST_TAKE {
            None
        } else {
            Some(Self { start, take })
        }
    }

    /// The number of entries to pass over; 0 for a page at a cursor.
    #[must_use]
    pub const fn skip(self) -> u64 {
        match self.start {
            Start::Skip(skip) => skip,
            Start::At(_) => 0,
        }
    }

    /// The cursor, unless the page has an offset.
    #[must_use]
    pub const fn cursor(self) -> Option<Cursor> {
        match self.start {
            Start::Skip(_) => None,
            Start::At(cursor) => Some(cursor),
        }
    }

    /// The most entries to return.
    #[must_use]
    pub const fn take(self) -> u64 {
        self.take
    }

    /// The page as query parameters, in order. Parameters with their default value are left out,
    /// except for `take`.
    #[must_use]
    pub fn parameters(self) -> Vec<(&'static str, String)> {
        let start = match self.start {
            Start::Skip(0) => None,
            Start::Skip(skip) => Some(("skip", skip.to_string())),
            Start::At(cursor) => Some(("cursor", cursor.to_string())),
        };
        std::iter::once(("take", self.take.to_string()))
            .chain(start)
            .collect()
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            start: Start::Skip(0),
            take: Self::DEFAULT_TAKE,
        }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// The number of entries that match the filters.
    pub total: u64,
    /// The number of entries that were passed over; 0 for a page at a cursor.
    pub skip: u64,
    /// The most entries that were requested.
    pub take: u64,
    /// The link to the next page: a query that replaces the query of this request, with its filters.
    /// `null` on the last page.
    // The tracker does not know the query of a request: the server sets the field.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub next: Option<String>,
    /// The pages around this one. Over HTTP they are in the `Link` header.
    #[serde(skip)]
    pub links: Links,
}

/// The pages around a page.
///
/// To read a whole list, request its first page and then `next` until there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The first page of the list.
    pub first: Option<PageRequest>,
    /// The previous page; `None` on the first page.
    pub prev: Option<PageRequest>,
    /// The next page; `None` on the last page.
    pub next: Option<PageRequest>,
    /// The last page of the list.
    pub last: Option<PageRequest>,
}

impl Links {
    /// Iterates over the pages that exist, each with its relation type (RFC 8288).
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, PageRequest)> {
        let all = [
            ("first", self.first),
            ("prev", self.prev),
            ("next", self.next),
            ("last", self.last),
        ];
        all.into_iter()
            .filter_map(|(relation, page)| Some((relation, page?)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Order, *};

    const OLDEST: Cursor = Cursor::oldest(Order::Occurred);

    #[test]
    fn a_page_out_of_range_cannot_be_constructed() {
        assert!(PageRequest::new(PageRequest::MOST_SKIP, 100).is_some());
        for (skip, take) in [(0, 0), (0, 101), (PageRequest::MOST_SKIP + 1, 1)] {
            assert_eq!(PageRequest::new(skip, take), None);
        }
        assert_eq!(PageRequest::at(OLDEST, 0), None);
        assert_eq!(PageRequest::at(OLDEST, 101), None);
        let page = PageRequest::at(OLDEST, 7).unwrap();
        assert_eq!(
            (page.skip(), page.take(), page.cursor()),
            (0, 7, Some(OLDEST))
        );
    }
}
