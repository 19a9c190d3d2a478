//! The pages that a `Link` header names (RFC 8288).

use reqwest::header::{HeaderMap, LINK};
use url::form_urlencoded;

use crate::query::{Links, PageRequest};

/// The links of an answer. Only their page is taken from them, never an address: a request goes where this client's
/// requests go. Links of other relations are somebody else's.
pub(super) fn read(headers: &HeaderMap) -> Result<Links, String> {
    let mut links = Links::default();
    for value in headers.get_all(LINK) {
        let Ok(text) = value.to_str() else { continue };
        // What our server writes between the brackets is encoded and holds none itself.
        for link in text.split('<').skip(1) {
            let Some((target, parameters)) = link.split_once('>') else { continue };
            let place = match relation(parameters) {
                Some("first") => &mut links.first,
                Some("prev") => &mut links.prev,
                Some("next") => &mut links.next,
                Some("last") => &mut links.last,
                _ => continue,
            };
            *place = Some(page(target).ok_or_else(|| format!("its link {target} names no page that this version knows"))?);
        }
    }
    Ok(links)
}

fn relation(parameters: &str) -> Option<&str> {
    let mut parameters = parameters.split([';', ',']).map(str::trim);
    parameters.find_map(|parameter| parameter.strip_prefix("rel=")).map(|relation| relation.trim_matches('"'))
}

/// The page that a link leads to.
fn page(target: &str) -> Option<PageRequest> {
    let (mut skip, mut take, mut cursor) = (0, PageRequest::DEFAULT_TAKE, None);
    for (name, value) in form_urlencoded::parse(target.split_once('?')?.1.as_bytes()) {
        match &*name {
            "skip" => skip = value.parse().ok()?,
            "take" => take = value.parse().ok()?,
            "cursor" => cursor = Some(value.parse().ok()?),
            _ => {}
        }
    }
    cursor.map_or_else(|| PageRequest::new(skip, take), |cursor| PageRequest::at(cursor, take))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::query::{Cursor, Order};

    fn links(values: &[&str]) -> Result<Links, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, HeaderValue::from_str(value).unwrap());
        }
        read(&headers)
    }

    #[test]
    fn links_in_one_header_or_several_are_read() {
        let cursor = format!("<?component=a%2Cb&take=7&cursor={}>; rel=\"next\"", Cursor::oldest(Order::Created));
        let next = PageRequest::at(Cursor::oldest(Order::Created), 7);
        assert_eq!(links(&[&cursor]).unwrap().next, next);
        let all = links(&[&format!("<?take=7>; rel=\"first\", {cursor}"), "</x?skip=20>;rel=prev", "<https://a.example/?y>; rel=\"help\""]);
        assert_eq!(all.unwrap(), Links { first: PageRequest::new(0, 7), prev: PageRequest::new(20, 20), next, last: None });
        assert_eq!(links(&[]).unwrap(), Links::default());
    }

    #[test]
    fn a_link_that_cannot_be_followed_is_an_error_and_no_end() {
        for target in ["?cursor=AgAAAAAAAAAA", "?take=101", "?skip=-1", "/path"] {
            assert!(links(&[&format!("<{target}>; rel=\"next\"")]).is_err(), "{target}");
        }
    }
}
