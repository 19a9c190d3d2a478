//! The dashboard: pages for people. A browser runs their files without a build step.
//!
//! The files contain no data. They call the API as every other client does, with the token that the
//! user pastes or that `deploytrack open` passes in the fragment of the URL. Browsers do not send
//! the fragment to a server.

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

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A JavaScript module of the page.
macro_rules! module {
    ($name:literal) => {
        Asset::new(
            concat!("/assets/", $name),
            SCRIPT,
            include_bytes!(concat!("dashboard/", $name)),
        )
    };
}

static ASSETS: [Asset; 18] = [
    Asset::new("/", HTML, include_bytes!("dashboard/index.html")).with_headers(&HEADERS),
    Asset::new(
        "/assets/style.css",
        "text/css; charset=utf-8",
        include_bytes!("dashboard/style.css"),
    ),
    Asset::new(
        "/assets/icon.svg",
        "image/svg+xml",
        include_bytes!("dashboard/icon.svg"),
    ),
    module!("main.js"),
    module!("address.js"),
    module!("api.js"),
    module!("changes.js"),
    module!("compare.js"),
    module!("deployment.js"),
    module!("elements.js"),
    module!("filters.js"),
    module!("grid.js"),
    module!("live.js"),
    module!("login.js"),
    module!("matrix.js"),
    module!("model.js"),
    module!("moment.js"),
    module!("text.js"),
];

/// The file at a path.
pub(crate) fn at(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
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
        let mut served: Vec<_> = ASSETS
            .iter()
            .filter_map(|asset| asset.path.strip_prefix("/assets/"))
            .collect();
        served.sort_unstable();
        let mut loaded: Vec<_> = loaded.into_iter().collect();
        loaded.sort_unstable();
        loaded.dedup();
        assert_eq!(loaded, served);
    }

    #[test]
    fn the_page_has_no_inline_code_and_no_foreign_resources() {
        let page = include_str!("dashboard/index.html");
        for never in ["style=\"", " onclick", "<style", "http:", "https:", "\"//"] {
            assert!(!page.contains(never), "{never}");
        }
        for asset in &ASSETS {
            let text = std::str::from_utf8(asset.body()).unwrap();
            for never in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "localStorage",
                "document.cookie",
            ] {
                assert!(!text.contains(never), "{never} in {}", asset.path);
            }
        }
    }
}
