//! Swagger UI, from files inside the binary, compressed. Its page sends no request to another host, and its
//! policy forbids that.

use std::{
    io::Read as _,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderValue, StatusCode, header};
use utoipa_swagger_ui::{Config, serve};

use crate::{
    encoding::Representation,
    refusal::{Refusal, internal},
    response::{HandlerResult, tagged},
};

/// The files that the page loads. The crate has more files, which are not served.
const FILES: [(&str, &str); 8] = [
    ("", "text/html; charset=utf-8"),
    ("index.css", "text/css; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    (
        "swagger-ui-standalone-preset.js",
        "text/javascript; charset=utf-8",
    ),
    ("swagger-initializer.js", "text/javascript; charset=utf-8"),
    ("favicon-16x16.png", "image/png"),
    ("favicon-32x32.png", "image/png"),
];
static REPRESENTATIONS: [OnceLock<Representation>; FILES.len()] =
    [const { OnceLock::new() }; FILES.len()];

/// The path of the OpenAPI document, relative to the page: behind a proxy both may be below another
/// path.
pub(crate) const DOCUMENT: &str = "openapi.json";

/// The content security policy. Swagger UI needs inline styles, and pictures in `data:` URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The representation of a file by its name, and the function that builds it.
pub(crate) fn file(
    name: &str,
) -> Option<(
    &'static OnceLock<Representation>,
    impl FnOnce() -> HandlerResult,
)> {
    let at = FILES.iter().position(|(known, _)| *known == name)?;
    let (name, media_type) = FILES[at];
    Some((&REPRESENTATIONS[at], move || build(name, media_type)))
}

fn build(name: &str, media_type: &'static str) -> HandlerResult {
    let file = serve(name, Arc::new(config()))
        .map_err(|error| internal(error.to_string()))?
        .ok_or(Refusal::NoPath)?;
    let mut body = Vec::new();
    if file.gzpipped {
        GzDecoder::new(&*file.bytes)
            .read_to_end(&mut body)
            .map_err(internal)?;
    } else {
        body.extend_from_slice(&file.bytes);
    }
    let mut response = tagged(StatusCode::OK, media_type, Bytes::from(body))?;
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    Ok(response)
}

/// A configuration without the bar that loads other documents and without the validator, which is
/// on another host.
fn config() -> Config<'static> {
    Config::new([DOCUMENT])
        .use_base_layout()
        .validator_url("none")
        .display_request_duration(true)
}
