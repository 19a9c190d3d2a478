//! The links of a page: the `Link` header (RFC 8288), and `next` in the body.

use std::fmt::Write as _;

use deploytrack_core::query::Links;
use serde_urlencoded::ser::Error;

/// The parameters that select a part of a list.
const OF_A_PAGE: [&str; 3] = ["skip", "take", "cursor"];

/// The links of a page.
#[derive(Debug, Default)]
pub(crate) struct PageLinks {
    /// The value of the header.
    pub(crate) header: String,
    /// The link to the next page, if there is one. A proxy may remove the header.
    pub(crate) next: Option<String>,
}

/// The links to the pages around the requested one, with the filters of its query.
///
/// Each link is only a query, which is a relative reference (RFC 3986, section 4.2) to the same
/// path. A proxy may have changed the scheme, the host and the beginning of the path, and a header
/// that reports the original ones may be forged. Links contain no token: tokens are sent in a
/// header only.
pub(crate) fn around(links: Links, query: &str) -> Result<PageLinks, Error> {
    let all: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let filters: Vec<_> = all
        .iter()
        .filter(|(name, _)| !OF_A_PAGE.contains(&name.as_str()))
        .collect();
    let mut around = PageLinks::default();
    for (relation, page) in links.iter() {
        let of_page = page.parameters();
        let of_page = of_page.iter().map(|(name, value)| (*name, value.as_str()));
        let whole: Vec<_> = filters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(of_page)
            .collect();
        let link = format!("?{}", serde_urlencoded::to_string(whole)?);
        if !around.header.is_empty() {
            around.header.push_str(", ");
        }
        // Writing to a text cannot fail.
        let _ = write!(around.header, "<{link}>; rel=\"{relation}\"");
        if relation == "next" {
            around.next = Some(link);
        }
    }
    Ok(around)
}

#[cfg(test)]
mod tests {
    use deploytrack_core::query::{Cursor, Order, PageRequest};

    use super::*;

    #[test]
    fn links_carry_the_filters_and_the_page() {
        let links = Links {
            first: PageRequest::new(0, 5),
            prev: PageRequest::new(10, 5),
            next: PageRequest::at(Cursor::oldest(Order::Created), 5),
            last: None,
        };
        let query = "skip=15&version=v1%2B%22%3E%2C%20%C3%A9%3B%0D%0A&take=5&component=a&cursor=x";
        let filters = "version=v1%2B%22%3E%2C+%C3%A9%3B%0D%0A&component=a";
        let next = format!(
            "?{filters}&take=5&cursor={}",
            Cursor::oldest(Order::Created)
        );
        let around = around(links, query).unwrap();
        assert_eq!(
            around.header,
            format!(
                "<?{filters}&take=5>; rel=\"first\", <?{filters}&take=5&skip=10>; rel=\"prev\", <{next}>; rel=\"next\""
            )
        );
        assert_eq!(around.next, Some(next));
    }
}
