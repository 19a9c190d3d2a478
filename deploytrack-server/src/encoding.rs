//! What an answer shows, as bytes, and the forms in which a caller can have it: whole, compressed, or not at all when the
//! caller has it already.

use std::{
    io::Write as _,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use bytes::Bytes;
use deploytrack_core::{
    entity_tag::{Condition, EntityTag},
    text::Label,
};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use tokio::sync::OnceCell;

use crate::{
    problem::{Good, Refusal},
    response::{Answer, Body, full, guarded, internal, no_content},
    share::{PATIENCE, Share, Shares},
};

/// What is not worth compressing: it fits one packet anyway.
const LEAST_PACKED: usize = 1400;
/// What is compressed in a thread of its own, so that no other request waits for it: above this it takes a millisecond.
const LEAST_BLOCKING: usize = 64 * 1024;
/// The unit in which the bytes of answers on their way are counted. A smaller answer is not counted: all connections together
/// can hold no more than some megabytes of those.
pub(crate) const UNIT: usize = 64 * 1024;
/// How many units may be on their way: 64 MiB, and 16 MiB to one subject.
pub(crate) const ROOM: usize = 1024;
pub(crate) const ROOM_OF_SUBJECT: usize = 256;
/// What an answer takes beside its bytes: tables of headers, tags, what gzip adds.
const OVERHEAD: usize = 1024;
/// The tag of the compressed form is the other one with this behind it: they differ byte for byte (RFC 9110, section
/// 8.8.3.3).
const GZIP: &str = "gzip";

/// The bytes of an answer and their tag, beside the answer itself.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) body: Bytes,
    pub(crate) tag: EntityTag,
}

/// What the caller says about the form of the answer.
pub(crate) struct Wanted {
    gzip: bool,
    /// The conditions of `If-None-Match`. One that cannot be read is none (RFC 9110, section 13.1.2 leaves it to the
    /// server): the answer is whole.
    known: Vec<Condition>,
}

impl Wanted {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let texts = |name| headers.get_all(name).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
        Self {
            gzip: texts(header::ACCEPT_ENCODING).any(takes_gzip),
            known: texts(header::IF_NONE_MATCH).filter_map(|text| text.parse().ok()).collect(),
        }
    }

    fn knows(&self, tag: &EntityTag) -> bool {
        self.known.iter().any(|condition| condition.means_weakly(tag))
    }

    /// Leaves out what the caller has already.
    pub(crate) fn unless_known(&self, response: Response<Body>) -> Response<Body> {
        let known = response.status() == StatusCode::OK && response.extensions().get::<Shown>().is_some_and(|shown| self.knows(&shown.tag));
        if known { unchanged(response.headers()) } else { response }
    }
}

/// Whether an `Accept-Encoding` names gzip (RFC 9110, section 12.5.3), with a weight that is not 0.
fn takes_gzip(codings: &str) -> bool {
    codings.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.trim().parse() == Ok(0.0));
        ["gzip", "x-gzip"].iter().any(|gzip| name.trim().eq_ignore_ascii_case(gzip)) && !refused
    })
}

/// 304 with the headers that belong to a representation.
fn unchanged(headers: &HeaderMap) -> Response<Body> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    // The links are beside the representation and may have changed without it.
    for name in [header::ETAG, header::LINK, header::VARY, header::CACHE_CONTROL] {
        if let Some(value) = headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// The memory that answers on their way to a caller may take.
#[derive(Clone, Copy)]
pub(crate) struct Room<'a> {
    pub(crate) answers: &'a Shares,
    pub(crate) subject: &'a Label,
}

impl Room<'_> {
    /// Room for so many bytes, at once.
    fn take(self, bytes: usize) -> Result<Share, Refusal> {
        let taken = self.answers.take(self.subject, bytes.div_ceil(UNIT));
        taken.map_err(|exhausted| Refusal::Exhausted(Good::Answers, exhausted))
    }

    /// The same, waited for.
    pub(crate) async fn wait(self, bytes: usize) -> Result<Share, Refusal> {
        let taken = self.answers.wait(self.subject, bytes.div_ceil(UNIT), PATIENCE).await;
        taken.map_err(|exhausted| Refusal::Exhausted(Good::Answers, exhausted))
    }
}

/// The room that the bytes of an answer have taken, as long as they are on their way to anybody: who gets the same bytes at
/// the same time needs no further room.
#[derive(Default)]
struct Taken(Mutex<Weak<Share>>);

impl Taken {
    /// These bytes, to be sent.
    fn held(&self, bytes: &Bytes, room: Room<'_>) -> Result<Bytes, Refusal> {
        if bytes.len() < UNIT {
            return Ok(bytes.clone());
        }
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let share = if let Some(share) = taken.upgrade() { share } else { Arc::new(room.take(bytes.len())?) };
        *taken = Arc::downgrade(&share);
        Ok(guarded(bytes.clone(), share))
    }
}

/// An answer that can be given more than once.
pub(crate) struct Representation {
    shown: Shown,
    headers: HeaderMap,
    taken: Taken,
    packed: Option<Packed>,
}

/// The compressed form, made when somebody wants it first.
struct Packed {
    body: OnceCell<Bytes>,
    tag: EntityTag,
    headers: HeaderMap,
    taken: Taken,
}

impl Representation {
    /// The answer of a handler, to be compressed for those who take it so. What is changed under `If-Match` must not be:
    /// its one tag is the condition.
    pub(crate) fn of(response: Response<Body>, may_pack: bool) -> Result<Self, Refusal> {
        let (mut parts, _) = response.into_parts();
        let shown: Shown = parts.extensions.remove().ok_or_else(|| internal(std::fmt::Error))?;
        let mut headers = parts.headers;
        headers.remove(header::CONTENT_LENGTH);
        let packed = (may_pack && shown.body.len() >= LEAST_PACKED).then(|| {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
            Packed::beside(&shown, &headers)
        });
        Ok(Self { shown, headers, taken: Taken::default(), packed: packed.transpose()? })
    }

    /// How many bytes it takes at most: the compressed form is there or may come, and it is no smaller than the other where
    /// nothing repeats.
    pub(crate) fn size(&self) -> usize {
        let forms = if self.packed.is_some() { 2 } else { 1 };
        // The links repeat the filters of the question. Both forms share the values of their headers.
        forms * self.shown.body.len() + bytes(&self.headers) + OVERHEAD
    }

    /// The answer in the form that is wanted, if there is room to send it; an answer that the program holds anyway needs none.
    pub(crate) async fn response(&self, wanted: &Wanted, room: Option<Room<'_>>) -> Answer {
        let held = |taken: &Taken, bytes: &Bytes| room.map_or_else(|| Ok(bytes.clone()), |room| taken.held(bytes, room));
        match &self.packed {
            Some(packed) if wanted.gzip => {
                if wanted.knows(&packed.tag) {
                    return Ok(unchanged(&packed.headers));
                }
                let body = packed.body.get_or_try_init(|| compressed(self.shown.body.clone())).await?;
                Ok(whole(held(&packed.taken, body)?, packed.headers.clone()))
            }
            _ if wanted.knows(&self.shown.tag) => Ok(unchanged(&self.headers)),
            _ => Ok(whole(held(&self.taken, &self.shown.body)?, self.headers.clone())),
        }
    }
}

/// The answer that is made once and stays the same as long as the program runs, in the form that a caller wants.
pub(crate) async fn once(kept: &OnceLock<Representation>, headers: &HeaderMap, make: impl FnOnce() -> Answer) -> Answer {
    let representation = if let Some(there) = kept.get() {
        there
    } else {
        let new = Representation::of(make()?, true)?;
        kept.get_or_init(|| new)
    };
    representation.response(&Wanted::of(headers), None).await
}

/// How many bytes the values of headers take.
fn bytes(headers: &HeaderMap) -> usize {
    headers.values().map(HeaderValue::len).sum()
}

impl Packed {
    fn beside(shown: &Shown, headers: &HeaderMap) -> Result<Self, Refusal> {
        let (tag, mut headers) = (shown.tag.coded(GZIP), headers.clone());
        headers.insert(header::ETAG, HeaderValue::from_str(&tag.to_string()).map_err(internal)?);
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(GZIP));
        Ok(Self { body: OnceCell::new(), tag, headers, taken: Taken::default() })
    }
}

async fn compressed(body: Bytes) -> Result<Bytes, Refusal> {
    let small = body.len() < LEAST_BLOCKING;
    let compress = move || {
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
        encoder.write_all(&body).and_then(|()| encoder.finish()).map(Bytes::from)
    };
    if small { compress() } else { tokio::task::spawn_blocking(compress).await.map_err(internal)? }.map_err(internal)
}

fn whole(body: Bytes, headers: HeaderMap) -> Response<Body> {
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(full(body));
    *response.headers_mut() = headers;
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    response
}

#[cfg(test)]
impl Representation {
    /// How many bytes it takes now.
    pub(crate) fn held(&self) -> usize {
        let packed = self.packed.as_ref().and_then(|packed| packed.body.get()).map_or(0, Bytes::len);
        self.shown.body.len() + packed + bytes(&self.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_given_to_those_who_take_it() {
        for taken in ["gzip", "GZIP", "x-gzip", "br, gzip", "deflate;q=0.5,gzip;q=0.8", "gzip;q=1.0", "gzip ; q=0.001"] {
            assert!(takes_gzip(taken), "{taken}");
        }
        for refused in ["", "br", "identity", "gzip;q=0", "gzip;q=0.000", "gzip2", "*"] {
            assert!(!takes_gzip(refused), "{refused}");
        }
    }
}
