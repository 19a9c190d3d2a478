//! Files that are compiled into the program and served as they are.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::OnceCell;

use crate::{
    problem::Refusal,
    representation::{Representation, Wanted},
    response::{Answer, tagged},
};

/// A file, its form kept ready from the first time somebody asks for it: it changes with the program alone.
pub(crate) struct Asset {
    /// Where it is served.
    pub(crate) path: &'static str,
    media_type: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    representation: OnceCell<Representation>,
}

impl Asset {
    pub(crate) const fn new(path: &'static str, media_type: &'static str, body: &'static [u8]) -> Self {
        Self { path, media_type, headers: &[], body, representation: OnceCell::const_new() }
    }

    /// The same, with headers of its own, their names in lower case.
    pub(crate) const fn with(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    /// The file in the form that the caller wants.
    pub(crate) async fn answer(&self, headers: &HeaderMap) -> Answer {
        let kept = self.representation.get_or_try_init(|| async { self.represent() }).await?;
        kept.response(&Wanted::of(headers)).await
    }

    #[cfg(test)]
    pub(crate) const fn body(&self) -> &'static [u8] {
        self.body
    }

    fn represent(&self) -> Result<Representation, Refusal> {
        let mut response = tagged(StatusCode::OK, self.media_type, Bytes::from_static(self.body))?;
        let own = self.headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        response.headers_mut().extend(own);
        Representation::of(response, true)
    }
}

/// One file is another when it is served elsewhere.
impl PartialEq for Asset {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Asset {}

impl std::fmt::Debug for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Asset").field(&self.path).finish()
    }
}
