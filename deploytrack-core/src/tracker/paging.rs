//! Which pages are around a page.

use crate::{
    deployment::Deployment,
    error::{Error, Fault},
    query::{Cursor, Links, ListKey, Order, Page, PageRequest},
};

/// The rows of a page, newest first, and whether there are more on either side.
#[derive(Debug, Default)]
pub(super) struct Section {
    rows: Vec<Deployment>,
    newer: bool,
    older: bool,
}

impl Section {
    /// Sorts out what was read for a page: up to one row more than it shows, from its start on.
    ///
    /// Whether there are more rows on the side that the page was read towards, the last row read tells. On the other side is
    /// the row whose key the cursor has. Should it match the filter no longer, a link can lead to an empty page; looking
    /// for it each time would cost every page as much as its rows do.
    pub(super) fn of(page: PageRequest, mut rows: Vec<Deployment>) -> Self {
        let more = rows.len() as u64 > page.take();
        rows.truncate(usize::try_from(page.take()).unwrap_or(usize::MAX));
        match page.cursor() {
            None => Self { rows, newer: page.skip() > 0, older: more },
            Some(Cursor::OlderThan(_)) => Self { rows, newer: true, older: more },
            Some(Cursor::NewerThan(key)) => {
                rows.reverse();
                Self { rows, newer: more, older: key != ListKey::least(key.order) }
            }
        }
    }
}

/// A page of a list that is short enough to be counted through: nothing there grows with the history.
pub(super) fn counted<T>(asked: PageRequest, (data, total): (Vec<T>, u64)) -> Result<Page<T>, Error> {
    if asked.cursor().is_some() {
        return Err(Error::fault(Fault::parameter("cursor", "leads through the deployments alone; give skip here")));
    }
    Ok(Page { data, total, skip: asked.skip(), take: asked.take(), links: around(asked, total) })
}

fn around(page: PageRequest, total: u64) -> Links {
    let (skip, take) = (page.skip(), page.take());
    let at = |skip| PageRequest::new(skip, take);
    let last = total.saturating_sub(1) / take * take;
    Links {
        first: at(0),
        prev: if skip == 0 { None } else { at(skip.saturating_sub(take).min(last)) },
        next: skip.checked_add(take).filter(|next| *next < total).and_then(at),
        last: at(last),
    }
}

/// A page of deployments with the pages around it.
pub(super) fn page(order: Order, asked: PageRequest, section: Section, total: u64) -> Page<Deployment> {
    let take = asked.take();
    let Section { rows, newer, older } = section;
    let (first, last) = (PageRequest::new(0, take), PageRequest::at(Cursor::oldest(order), take));
    // A page without rows lies beyond an end of the list: all there is, is on its other side.
    let beside = |row: Option<&Deployment>, place: fn(ListKey) -> Cursor, end| match row {
        Some(row) => PageRequest::at(place(ListKey::of(order, row)), take),
        None if total > 0 => end,
        None => None,
    };
    let links = Links {
        first,
        prev: if newer { beside(rows.first(), Cursor::NewerThan, last) } else { None },
        next: if older { beside(rows.last(), Cursor::OlderThan, first) } else { None },
        last,
    };
    Page { data: rows, total, skip: asked.skip(), take, links }
}

/// Refuses to count past more deployments than that, of which there are so many: each costs as much as one that is shown.
pub(super) fn check_depth(asked: PageRequest, total: u64) -> Result<(), Error> {
    if asked.skip() <= PageRequest::MOST_PASSED || asked.skip() >= total {
        return Ok(());
    }
    let most = PageRequest::MOST_PASSED;
    let why = format!(
        "must be at most {most} in this list; go on by cursor, which the Link header of each page gives, or from createdBefore \
         (occurredBefore) on"
    );
    Err(Error::fault(Fault::parameter("skip", why)))
}

/// Refuses a cursor that another order of the list gave: its place would be another one here.
pub(super) fn check_order(order: Order, asked: PageRequest) -> Result<(), Error> {
    match asked.cursor().map(|cursor| cursor.key().order) {
        Some(other) if other != order => {
            let why = format!("belongs to order={other} and this list has order={order}; give order={other} too, or leave the cursor out");
            Err(Error::fault(Fault::parameter("cursor", why)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_of_a_short_list_are_counted() {
        let around = |skip, take, total| {
            let links = around(PageRequest::new(skip, take).unwrap(), total);
            [links.first, links.prev, links.next, links.last].map(|page| page.map(PageRequest::skip))
        };
        assert_eq!(around(0, 20, 0), [Some(0), None, None, Some(0)]);
        assert_eq!(around(0, 20, 20), [Some(0), None, None, Some(0)]);
        assert_eq!(around(0, 20, 21), [Some(0), None, Some(20), Some(20)]);
        assert_eq!(around(20, 20, 40), [Some(0), Some(0), None, Some(20)]);
        assert_eq!(around(5, 2, 10), [Some(0), Some(3), Some(7), Some(8)]);
        assert_eq!(around(1, 20, 10), [Some(0), Some(0), None, Some(0)]);
        assert_eq!(around(1000, 2, 5), [Some(0), Some(4), None, Some(4)], "beyond the end");
        assert_eq!(around(PageRequest::MOST_SKIP, 100, 5), [Some(0), Some(0), None, Some(0)]);
    }
}
