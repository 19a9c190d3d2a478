//! Files that are compiled into the program.

use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{
    encoding::{Negotiation, Representation, static_response},
    response::{HandlerResult, tagged},
};

/// A file with its response, which is built at the first request and never changes while the
/// program runs. A debug build reads the file again at each request.
pub(crate) struct Asset {
    folder: &'static str,
    pub(crate) name: &'static str,
    media_type: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    representation: OnceLock<Representation>,
}

impl Asset {
    /// A file of a folder. The names of its headers must be lower case.
    pub(crate) const fn new(
        folder: &'static str,
        name: &'static str,
        media_type: &'static str,
        headers: &'static [(&'static str, &'static str)],
        body: &'static [u8],
    ) -> Self {
        Self {
            folder,
            name,
            media_type,
            headers,
            body,
            representation: OnceLock::new(),
        }
    }

    /// The response to a request with these headers.
    pub(crate) async fn response(&self, headers: &HeaderMap) -> HandlerResult {
        if cfg!(debug_assertions) {
            let fresh = Representation::of(self.build(self.fresh())?, true)?;
            return fresh.response(&Negotiation::of(headers), None).await;
        }
        let build = || self.build(Bytes::from_static(self.body));
        static_response(&self.representation, headers, build).await
    }

    /// The bytes that the file has in its folder now; those in the program, if it is not there.
    fn fresh(&self) -> Bytes {
        let read = std::fs::read(format!("{}/{}", self.folder, self.name));
        read.map_or(Bytes::from_static(self.body), Bytes::from)
    }

    #[cfg(test)]
    pub(crate) const fn body(&self) -> &'static [u8] {
        self.body
    }

    fn build(&self, body: Bytes) -> HandlerResult {
        let mut response = tagged(StatusCode::OK, self.media_type, body)?;
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

#[cfg(all(test, debug_assertions))]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_debug_build_shows_a_changed_file_at_the_next_request() {
        let folder = std::env::temp_dir().join(format!("asset-{}", uuid::Uuid::now_v7()));
        let text = folder.to_str().unwrap().to_owned();
        let asset = Asset::new(text.leak(), "a.js", "text/javascript", &[], b"compiled");
        let shown = async || {
            let response = asset.response(&HeaderMap::new()).await.unwrap();
            response.into_body().collect().await.unwrap().to_bytes()
        };
        assert_eq!(shown().await, "compiled");
        std::fs::create_dir(&folder).unwrap();
        for text in ["one", "two"] {
            std::fs::write(folder.join("a.js"), text).unwrap();
            assert_eq!(shown().await, text);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
