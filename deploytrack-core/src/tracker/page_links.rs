//! Links between the pages of a list.

use crate::{
    deployment::Deployment,
    error::{Error, Fault},
    query::{Cursor, Links, ListKey, Order, Page, PageRequest},
};

/// The rows of a page, newest first, and whether more rows exist on either side.
#[derive(Debug, Default)]
pub(super) struct PageRows {
    rows: Vec<Deployment>,
    newer: bool,
    older: bool,
}

impl PageRows {
    /// Takes the rows that were read from the start of a page, up to one more than it shows.
    ///
    /// The extra row shows whether more rows exist in the direction of reading. In the other
    /// direction there is the row whose key is in the cursor. If that row no longer matches the
    /// filter, a link can lead to an empty page; checking this for each page would cost as much as
    /// reading its rows.
    pub(super) fn of(page: PageRequest, mut rows: Vec<Deployment>) -> Self {
        let more = rows.len() as u64 > page.take();
        rows.truncate(usize::try_from(page.take()).unwrap_or(usize::MAX));
        match page.cursor() {
            None => Self {
                rows,
                newer: page.skip() > 0,
                older: more,
            },
            Some(Cursor::OlderThan(_)) => Self {
                rows,
                newer: true,
                older: more,
            },
            Some(Cursor::NewerThan(key)) => {
                rows.reverse();
                Self {
                    rows,
                    newer: more,
                    older: key != ListKey::least(key.order),
                }
            }
        }
    }
}

/// A page of a list that is paged by `skip` only: such lists do not grow with the history.
pub(super) fn counted<T>(
    request: PageRequest,
    (data, total): (Vec<T>, u64),
) -> Result<Page<T>, Error> {
    if request.cursor().is_some() {
        return Err(Error::fault(Fault::parameter(
            "cursor",
            "is only for lists of deployments; use skip here",
        )));
    }
    Ok(Page {
        data,
        total,
        skip: request.skip(),
        take: request.take(),
        next: None,
        links: around(request, total),
    })
}

fn around(page: PageRequest, total: u64) -> Links {
    let (skip, take) = (page.skip(), page.take());
    let at = |skip| PageRequest::new(skip, take);
    let last = total.saturating_sub(1) / take * take;
    Links {
        first: at(0),
        prev: if skip == 0 {
            None
        } else {
            at(skip.saturating_sub(take).min(last))
        },
        next: skip
            .checked_add(take)
            .filter(|next| *next < total)
            .and_then(at),
        last: at(last),
    }
}

/// A page of deployments with links to the pages around it.
pub(super) fn page(
    order: Order,
    request: PageRequest,
    section: PageRows,
    total: u64,
) -> Page<Deployment> {
    let take = request.take();
    let PageRows { rows, newer, older } = section;
    let (first, last) = (
        PageRequest::new(0, take),
        PageRequest::at(Cursor::oldest(order), take),
    );
    // A page without rows is beyond an end of the list: all rows are on its other side.
    let beside = |row: Option<&Deployment>, cursor: fn(ListKey) -> Cursor, end| match row {
        Some(row) => PageRequest::at(cursor(ListKey::of(order, row)), take),
        None if total > 0 => end,
        None => None,
    };
    let links = Links {
        first,
        prev: if newer {
            beside(rows.first(), Cursor::NewerThan, last)
        } else {
            None
        },
        next: if older {
            beside(rows.last(), Cursor::OlderThan, first)
        } else {
            None
        },
        last,
    };
    Page {
        data: rows,
        total,
        skip: request.skip(),
        take,
        next: None,
        links,
    }
}

/// Rejects a `skip` of more than the limit, if `total` is larger: skipping a deployment costs as
/// much as showing it.
pub(super) fn check_depth(request: PageRequest, total: u64) -> Result<(), Error> {
    if request.skip() <= PageRequest::MOST_PASSED || request.skip() >= total {
        return Ok(());
    }
    let most = PageRequest::MOST_PASSED;
    let why = format!(
        "must be at most {most} in this list; use the cursor in the Link header of each page, or createdBefore \
         (occurredBefore)"
    );
    Err(Error::fault(Fault::parameter("skip", why)))
}

/// Rejects a cursor of another order: it would be a different position here.
pub(super) fn check_order(order: Order, request: PageRequest) -> Result<(), Error> {
    match request.cursor().map(|cursor| cursor.key().order) {
        Some(other) if other != order => {
            let why = format!(
                "belongs to order={other} and this list has order={order}; add order={other}, or remove the cursor"
            );
            Err(Error::fault(Fault::parameter("cursor", why)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_list_links_to_the_pages_around_a_page() {
        let around = |skip, take, total| {
            let links = around(PageRequest::new(skip, take).unwrap(), total);
            [links.first, links.prev, links.next, links.last]
                .map(|page| page.map(PageRequest::skip))
        };
        assert_eq!(around(0, 20, 0), [Some(0), None, None, Some(0)]);
        assert_eq!(around(0, 20, 20), [Some(0), None, None, Some(0)]);
        assert_eq!(around(0, 20, 21), [Some(0), None, Some(20), Some(20)]);
        assert_eq!(around(20, 20, 40), [Some(0), Some(0), None, Some(20)]);
        assert_eq!(around(5, 2, 10), [Some(0), Some(3), Some(7), Some(8)]);
        assert_eq!(around(1, 20, 10), [Some(0), Some(0), None, Some(0)]);
        assert_eq!(
            around(1000, 2, 5),
            [Some(0), Some(4), None, Some(4)],
            "beyond the end"
        );
        assert_eq!(
            around(PageRequest::MOST_SKIP, 100, 5),
            [Some(0), Some(0), None, Some(0)]
        );
    }
}
