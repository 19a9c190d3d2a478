//! The dashboard: pages for people. A browser runs their files without a build step.
//!
//! The files contain no data. They call the API as every other client does, with a session that the
//! server begins for the token that the user pastes, or for the code that `deploytrack open` passes
//! in the fragment of the URL. Browsers do not send the fragment to a server.

use crate::asset::Asset;

/// The content security policy (CSP Level 3): the page may run and show only files of this server
/// and call only this server. Trusted Types without a policy make it impossible to turn text into
/// markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(&str, &str); 3] = [
    ("content-security-policy", POLICY),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// The name of the page itself.
const PAGE: &str = "index.html";

/// The folder of the files. A debug build reads them here, so that a page reloads without a build.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/dashboard");

/// The files with these names.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(Asset::new(
            FOLDER,
            $name,
            media_type($name),
            headers($name),
            include_bytes!(concat!("dashboard/", $name)),
        )),*]
    };
}

static FILES: [Asset; 56] = files![
    "index.html",
    "tokens.css",
    "style.css",
    "matrix.css",
    "pages.css",
    "icon.svg",
    "icons.svg",
    "main.js",
    "address.js",
    "api.js",
    "bar.js",
    "cards.js",
    "catalog.js",
    "cell.js",
    "changes.js",
    "compare.js",
    "comparison.js",
    "component.js",
    "controls.js",
    "deployment.js",
    "deployments.js",
    "details.js",
    "differences.js",
    "elements.js",
    "empty.js",
    "environment.js",
    "environments.js",
    "facts.js",
    "filters.js",
    "forges.js",
    "grid.js",
    "halves.js",
    "kept.js",
    "keys.js",
    "lanes.js",
    "links.js",
    "lists.js",
    "live.js",
    "login.js",
    "matrix.js",
    "model.js",
    "moment.js",
    "parts.js",
    "peek.js",
    "periods.js",
    "rail.js",
    "reads.js",
    "rover.js",
    "selection.js",
    "session.js",
    "signals.js",
    "since.js",
    "summary.js",
    "text.js",
    "theme.js",
    "wall.js",
];

/// The media type of a file, by the end of its name.
const fn media_type(name: &str) -> &'static str {
    match name.as_bytes() {
        [.., b'h', b't', b'm', b'l'] => "text/html; charset=utf-8",
        [.., b'c', b's', b's'] => "text/css; charset=utf-8",
        [.., b's', b'v', b'g'] => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}

/// The headers of a file. Only a page has a policy.
const fn headers(name: &str) -> &'static [(&'static str, &'static str)] {
    match name.as_bytes() {
        [.., b'h', b't', b'm', b'l'] => &HEADERS,
        _ => &[],
    }
}

/// The file at a path: the page at `/`, the others below `/assets/`.
pub(crate) fn at(path: &str) -> Option<&'static Asset> {
    let name = match path.strip_prefix("/assets/") {
        Some(name) if name != PAGE => name,
        None if path == "/" => PAGE,
        _ => return None,
    };
    FILES.iter().find(|file| file.name == name)
}

#[cfg(test)]
mod tests {
    use deploytrack_core::status::Status;

    use super::*;

    /// The quoted names after a word.
    fn named<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
        text.split(word)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    #[test]
    fn the_page_preloads_exactly_the_served_files() {
        let page = include_str!("dashboard/index.html");
        let loaded = [named(page, "href=\"assets/"), named(page, "src=\"assets/")].concat();
        let names = FILES.iter().map(|file| file.name);
        let mut served: Vec<_> = names.filter(|name| *name != PAGE).collect();
        served.sort_unstable();
        // A sign is a part of the file of signs.
        let files = loaded.into_iter().filter_map(|file| file.split('#').next());
        let mut loaded: Vec<_> = files.collect();
        loaded.sort_unstable();
        loaded.dedup();
        assert_eq!(loaded, served);
    }

    #[test]
    fn every_status_has_words_a_sign_and_a_colour() {
        for status in Status::ALL {
            for (text, needed) in [
                (include_str!("dashboard/text.js"), format!(" {status}: \"")),
                (
                    include_str!("dashboard/elements.js"),
                    format!(" {status}: \""),
                ),
                (
                    include_str!("dashboard/style.css"),
                    format!(".status.{status} "),
                ),
            ] {
                assert!(text.contains(&needed), "{needed}");
            }
        }
    }

    #[test]
    fn each_file_has_one_path() {
        for file in &FILES {
            let below = format!("/assets/{}", file.name);
            assert_eq!(at(&below).is_some(), file.name != PAGE, "{below}");
            assert!(at(&format!("/{}", file.name)).is_none());
        }
        assert_eq!(at("/").map(|file| file.name), Some(PAGE));
        for path in [
            "/assets/package.json",
            "/assets/../dashboard.rs",
            "/assets/",
        ] {
            assert!(at(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_page_has_no_inline_code_and_no_foreign_resources() {
        let page = include_str!("dashboard/index.html");
        for never in ["style=\"", " onclick", "<style", "http:", "https:", "\"//"] {
            assert!(!page.contains(never), "{never}");
        }
        for asset in &FILES {
            let text = std::str::from_utf8(asset.body()).unwrap();
            for never in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "document.cookie",
            ] {
                assert!(!text.contains(never), "{never} in {}", asset.name);
            }
            // One place for all that a browser keeps, where it can be read in a minute.
            assert!(
                asset.name == "kept.js" || !text.contains("localStorage"),
                "{}",
                asset.name
            );
        }
    }
}
