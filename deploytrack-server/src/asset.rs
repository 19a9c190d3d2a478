//! Files that are compiled into the program.

use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{
    encoding::{Representation, static_response},
    response::{HandlerResult, tagged},
};

/// A file with its response, which is built at the first request and never changes while the
/// program runs.
pub(crate) struct Asset {
    /// The path of its URL.
    pub(crate) path: &'static str,
    media_type: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    representation: OnceLock<Representation>,
}

impl Asset {
    pub(crate) const fn new(
        path: &'static str,
        media_type: &'static str,
        body: &'static [u8],
    ) -> Self {
        Self {
            path,
            media_type,
            headers: &[],
            body,
            representation: OnceLock::new(),
        }
    }

    /// Adds headers to the response. Their names must be lower case.
    pub(crate) const fn with_headers(
        mut self,
        headers: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.headers = headers;
        self
    }

    /// The response to a request with these headers.
    pub(crate) async fn response(&self, headers: &HeaderMap) -> HandlerResult {
        static_response(&self.representation, headers, || self.build()).await
    }

    #[cfg(test)]
    pub(crate) const fn body(&self) -> &'static [u8] {
        self.body
    }

    fn build(&self) -> HandlerResult {
        let mut response = tagged(
            StatusCode::OK,
            self.media_type,
            Bytes::from_static(self.body),
        )?;
        let own = self.headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        response.headers_mut().extend(own);
        Ok(response)
    }
}

/// Two assets are equal if their paths are equal.
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
