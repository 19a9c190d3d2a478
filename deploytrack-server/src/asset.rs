//! Files that are compiled into the program and served as they are.

use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{
    representation::{Representation, once},
    response::{Answer, tagged},
};

/// A file, its form kept ready from the first time somebody asks for it: it changes with the program alone.
pub(crate) struct Asset {
    /// Where it is served.
    pub(crate) path: &'static str,
    media_type: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    representation: OnceLock<Representation>,
}

impl Asset {
    pub(crate) const fn new(path: &'static str, media_type: &'static str, body: &'static [u8]) -> Self {
        Self { path, media_type, headers: &[], body, representation: OnceLock::new() }
    }

    /// The same, with headers of its own, their names in lower case.
    pub(crate) const fn with(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    /// The file in the form that the caller wants.
    pub(crate) async fn answer(&self, headers: &HeaderMap) -> Answer {
        once(&self.representation, headers, || self.made()).await
    }

    #[cfg(test)]
    pub(crate) const fn body(&self) -> &'static [u8] {
        self.body
    }

    fn made(&self) -> Answer {
        let mut response = tagged(StatusCode::OK, self.media_type, Bytes::from_static(self.body))?;
        let own = self.headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        response.headers_mut().extend(own);
        Ok(response)
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
