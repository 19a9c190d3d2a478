//! The paths of the table: which one a request means, and the methods of each.
//!
//! A placeholder in braces stands for one segment of a path. Two names mean more: `{names}` is both
//! names of a badge, and `{asset}` is a file of the dashboard. The comparison is exact: no trailing
//! slash, no doubled slash, no dot segments.

use std::sync::LazyLock;

use http::Method;

use super::{Access, Caching, Endpoint, TABLE};
#[cfg(feature = "dashboard")]
use crate::dashboard;
use crate::{
    config::Badges,
    refusal::Refusal,
    request::{Call, PathMatch},
    response::{HandlerResult, options},
};

/// The most segments of a badge's path. Any `/` in it may be one that a proxy decoded, and the
/// server tries each as the separator.
const MOST_SEGMENTS: usize = 10;

/// The endpoint of OPTIONS, which every path has.
static OPTIONS: Endpoint = Endpoint {
    method: Method::OPTIONS,
    path: "",
    access: Access::Open,
    caching: Caching::No,
    conditions: &[],
    doc: None,
    handle: &show_options,
};

async fn show_options(call: Call) -> HandlerResult {
    Ok(options(call.allow()))
}

/// A path with its endpoints.
struct Path {
    text: &'static str,
    endpoints: Vec<&'static Endpoint>,
    /// The methods that it accepts, for `Allow`.
    allow: String,
}

static PATHS: LazyLock<Vec<Path>> = LazyLock::new(|| {
    let mut paths: Vec<Path> = Vec::new();
    for endpoint in TABLE {
        match paths.iter_mut().find(|path| path.text == endpoint.path) {
            Some(path) => path.endpoints.push(endpoint),
            None => paths.push(Path {
                text: endpoint.path,
                endpoints: vec![endpoint],
                allow: String::new(),
            }),
        }
    }
    for path in &mut paths {
        path.allow = allow(&path.endpoints);
    }
    paths
});

/// The methods of these endpoints, and the ones that follow from them.
fn allow(endpoints: &[&Endpoint]) -> String {
    let mut methods: Vec<_> = endpoints.iter().map(|one| one.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.sort_unstable();
    methods.join(", ")
}

/// Finds the endpoint of a request. With [`Badges::Off`] the paths of badges do not exist.
pub(crate) fn find(
    method: &Method,
    path: &str,
    badges: Badges,
) -> Result<(&'static Endpoint, PathMatch), Refusal> {
    let (path, value) = Path::at(path)
        .filter(|(path, _)| badges == Badges::Public || !path.is_badge())
        .ok_or(Refusal::NoPath)?;
    let endpoint = path.endpoint(method).ok_or(Refusal::Method(&path.allow))?;
    let found = PathMatch {
        value: value.to_owned(),
        allow: &path.allow,
        access: endpoint.access,
    };
    Ok((endpoint, found))
}

impl Path {
    /// The path of a request, and the text in place of its placeholder. A path without a
    /// placeholder comes first.
    fn at(path: &str) -> Option<(&'static Self, &str)> {
        let literal = PATHS.iter().find(|known| known.text == path);
        literal
            .filter(|known| !known.text.contains('{'))
            .map(|known| (known, ""))
            .or_else(|| {
                PATHS
                    .iter()
                    .find_map(|known| Some((known, value(known.text, path)?)))
            })
    }

    fn is_badge(&self) -> bool {
        self.endpoints
            .iter()
            .any(|endpoint| endpoint.access == Access::Badges)
    }

    fn endpoint(&self, method: &Method) -> Option<&'static Endpoint> {
        // HEAD is handled as GET; hyper omits the body.
        let method = match *method {
            Method::OPTIONS => return Some(&OPTIONS),
            Method::HEAD => &Method::GET,
            _ => method,
        };
        self.endpoints
            .iter()
            .copied()
            .find(|endpoint| endpoint.method == method)
    }
}

/// The text of a path in place of the placeholder of a pattern.
fn value<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let (before, rest) = pattern.split_once('{')?;
    let (placeholder, after) = rest.split_once('}')?;
    let value = path.strip_prefix(before)?.strip_suffix(after)?;
    let fits = match placeholder {
        "names" => are_names(value),
        #[cfg(feature = "dashboard")]
        "asset" => dashboard::at(path).is_some(),
        _ => is_segment(value),
    };
    fits.then_some(value)
}

/// Whether the text is exactly one segment of a path, and neither empty nor a dot segment.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains('/')
}

fn are_names(text: &str) -> bool {
    let segments = text.split('/').count();
    (2..=MOST_SEGMENTS).contains(&segments) && text.split('/').all(is_segment)
}
