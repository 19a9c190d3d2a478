//! Reads the pages in a `Link` header (RFC 8288).

use reqwest::header::{HeaderMap, LINK};
use url::form_urlencoded;

use crate::query::{Links, PageRequest};

/// Reads the links of a response. Only the page is read from a link, never the address: the client
/// sends requests only to its own server. Links with other relations are ignored.
pub(super) fn read(headers: &HeaderMap) -> Result<Links, String> {
    let mut links = Links::default();
    for value in headers.get_all(LINK) {
        let Ok(text) = value.to_str() else { continue };
        // The server encodes the text between the brackets, so it contains no brackets.
        for link in text.split('<').skip(1) {
            let Some((target, parameters)) = link.split_once('>') else {
                continue;
            };
            let link = match relation(parameters) {
                Some("first") => &mut links.first,
                Some("prev") => &mut links.prev,
                Some("next") => &mut links.next,
                Some("last") => &mut links.last,
                _ => continue,
            };
            *link = Some(page(target)?);
        }
    }
    Ok(links)
}

fn relation(parameters: &str) -> Option<&str> {
    let mut parameters = parameters.split([';', ',']).map(str::trim);
    parameters
        .find_map(|parameter| parameter.strip_prefix("rel="))
        .map(|relation| relation.trim_matches('"'))
}

/// The page of the target of a link.
pub(super) fn page(target: &str) -> Result<PageRequest, String> {
    parameters(target)
        .ok_or_else(|| format!("its link {target} is not a page that this version can read"))
}

fn parameters(target: &str) -> Option<PageRequest> {
    let (mut skip, mut take, mut cursor) = (0, PageRequest::DEFAULT_TAKE, None);
    for (name, value) in form_urlencoded::parse(target.split_once('?')?.1.as_bytes()) {
        match &*name {
            "skip" => skip = value.parse().ok()?,
            "take" => take = value.parse().ok()?,
            "cursor" => cursor = Some(value.parse().ok()?),
            _ => {}
        }
    }
    cursor.map_or_else(
        || PageRequest::new(skip, take),
        |cursor| PageRequest::at(cursor, take),
    )
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
    fn links_are_read_from_one_header_or_several() {
        let cursor = format!(
            "<?component=a%2Cb&take=7&cursor={}>; rel=\"next\"",
            Cursor::oldest(Order::Created)
        );
        let next = PageRequest::at(Cursor::oldest(Order::Created), 7);
        assert_eq!(links(&[&cursor]).unwrap().next, next);
        let all = links(&[
            &format!("<?take=7>; rel=\"first\", {cursor}"),
            "</x?skip=20>;rel=prev",
            "<https://a.example/?y>; rel=\"help\"",
        ]);
        assert_eq!(
            all.unwrap(),
            Links {
                first: PageRequest::new(0, 7),
                prev: PageRequest::new(20, 20),
                next,
                last: None
            }
        );
        assert_eq!(links(&[]).unwrap(), Links::default());
    }

    #[test]
    fn an_invalid_link_is_an_error_and_not_the_end_of_the_list() {
        for target in ["?cursor=AgAAAAAAAAAA", "?take=101", "?skip=-1", "/path"] {
            assert!(
                links(&[&format!("<{target}>; rel=\"next\"")]).is_err(),
                "{target}"
            );
        }
    }
}
