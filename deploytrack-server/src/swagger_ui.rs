//! Swagger UI, from files inside the binary. Its pages ask no other host for anything, and may not.

use std::sync::{Arc, OnceLock};

use deploytrack_core::error::Error;
use http::{HeaderValue, StatusCode, header};
use utoipa_swagger_ui::{Config, serve};

use crate::{
    problem::Refusal,
    representation::Representation,
    response::{Answer, tagged},
};

/// What the page loads, and nothing else of what is shipped.
const FILES: [(&str, &str); 8] = [
    ("", "text/html; charset=utf-8"),
    ("index.css", "text/css; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui-standalone-preset.js", "text/javascript; charset=utf-8"),
    ("swagger-initializer.js", "text/javascript; charset=utf-8"),
    ("favicon-16x16.png", "image/png"),
    ("favicon-32x32.png", "image/png"),
];
static KEPT: [OnceLock<Representation>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

/// Where the document is, seen from the page: a proxy may have put both below another path.
const DOCUMENT: &str = "../v1/openapi.json";

/// The styles of Swagger UI are written into its elements, its pictures into its styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file by its name: where it is kept, and how it is made first.
pub(crate) fn file(name: &str) -> Option<(&'static OnceLock<Representation>, impl FnOnce() -> Answer)> {
    let at = FILES.iter().position(|(known, _)| *known == name)?;
    let (name, media_type) = FILES[at];
    Some((&KEPT[at], move || made(name, media_type)))
}

fn made(name: &str, media_type: &'static str) -> Answer {
    let file = serve(name, Arc::new(config())).map_err(|error| internal(&*error))?.ok_or(Refusal::NoPath)?;
    let mut response = tagged(StatusCode::OK, media_type, file.bytes.into_owned())?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// Without the bar that loads other documents, and without the validator, which is on another host.
fn config() -> Config<'static> {
    Config::new([DOCUMENT]).use_base_layout().validator_url("none").display_request_duration(true)
}

fn internal(error: &dyn std::error::Error) -> Refusal {
    Refusal::Core(Error::Internal(error.to_string().into()))
}
