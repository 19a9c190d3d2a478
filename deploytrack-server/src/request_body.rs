//! The body of a request until it has been read. A response that is sent earlier must not leave the
//! rest of the body on the connection, where it would be parsed as the next request.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use deploytrack_core::error::Fault;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use crate::{
    arrival::{Arrivals, SMALL},
    refusal::Refusal,
};

/// The most bytes of a rest that are read and dropped so that the connection can stay open.
const DRAINED: usize = 64 * 1024;
/// The time for that. A body that is already in transit arrives within it.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(100);

/// The media types and the size of a body that an endpoint accepts.
pub(crate) struct BodyRules {
    /// The accepted media types.
    pub(crate) types: &'static [&'static str],
    /// The media types in words, for an error message.
    pub(crate) types_text: &'static str,
    /// The most bytes.
    pub(crate) bytes: usize,
    /// The most bytes in words, for an error message.
    pub(crate) bytes_text: &'static str,
}

/// The body of a request. The handler, which may read it, and `dispatch`, which drops the rest,
/// share it.
#[derive(Clone)]
pub(crate) struct RequestBody(Arc<Mutex<Rest>>);

/// The rest of a body.
struct Rest {
    body: Option<Incoming>,
    /// Whether reading failed, for example at a chunk without a length. The beginning of the next
    /// request is unknown then.
    broken: bool,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(Rest {
            body: Some(body),
            broken: false,
        })))
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the request has no body.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest()
            .body
            .as_ref()
            .is_none_or(Incoming::is_end_stream)
    }

    /// The least number of bytes that are still to arrive.
    pub(crate) fn least_bytes(&self) -> u64 {
        self.rest()
            .body
            .as_ref()
            .map_or(0, |body| body.size_hint().lower())
    }

    /// Reads the whole body within the rules. Returns it with its reservation if it is large.
    pub(crate) async fn read(
        &self,
        rules: &BodyRules,
        arrivals: &Arrivals,
    ) -> Result<ReceivedBody, Refusal> {
        let incoming = self.rest().body.take();
        let mut guard = ReadGuard {
            body: incoming,
            owner: self,
        };
        let Some(body) = &mut guard.body else {
            return Ok((Bytes::new(), None));
        };
        let received = self.receive(body, rules, arrivals).await?;
        guard.body = None;
        Ok(received)
    }

    async fn receive(
        &self,
        body: &mut Incoming,
        rules: &BodyRules,
        arrivals: &Arrivals,
    ) -> Result<ReceivedBody, Refusal> {
        let length = body
            .size_hint()
            .exact()
            .and_then(|length| usize::try_from(length).ok());
        let (mut whole, mut reserved) = (BytesMut::new(), None);
        if let Some(length) = length.filter(|length| *length > SMALL) {
            reserved = Some(arrivals.reserve(length).await?);
        }
        whole.reserve(length.unwrap_or_default());
        let mut pace = arrivals.pace();
        while let Some(frame) = pace.next(whole.len(), body.frame()).await? {
            let frame = frame.map_err(|_| self.fail())?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let needed = whole.len() + data.len();
            if needed > rules.bytes {
                return Err(Refusal::TooLarge(rules.bytes_text));
            }
            // The length of a chunked body is unknown, so it reserves the limit.
            if reserved.is_none() && needed > SMALL {
                reserved = Some(arrivals.reserve(rules.bytes).await?);
            }
            whole.extend_from_slice(&data);
        }
        Ok((whole.freeze(), reserved))
    }

    fn fail(&self) -> Refusal {
        self.rest().broken = true;
        vec![Fault::at("", "the body could not be read to its end")].into()
    }

    /// Whether the connection can accept another request: the body has been read, or its short rest
    /// has arrived and is dropped. A client that waits for `100 Continue` has not sent the body and
    /// may omit it, so its connection must close.
    async fn is_drained(&self, headers: &HeaderMap) -> bool {
        let (rest, broken) = {
            let mut rest = self.rest();
            (rest.body.take(), rest.broken)
        };
        match rest {
            _ if broken => false,
            None => true,
            Some(body) if body.is_end_stream() => true,
            Some(body)
                if headers.contains_key(header::EXPECT)
                    || body.size_hint().lower() > DRAINED as u64 =>
            {
                false
            }
            Some(body) => matches!(
                timeout(DRAIN_TIMEOUT, Limited::new(body, DRAINED).collect()).await,
                Ok(Ok(_))
            ),
        }
    }

    /// Adds `Connection: close` to the response unless the connection can accept another request.
    pub(crate) async fn close_unless_drained(&self, request: &HeaderMap, response: &mut HeaderMap) {
        if !self.is_drained(request).await {
            response.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// A complete body and its reservation.
pub(crate) type ReceivedBody = (Bytes, Option<OwnedSemaphorePermit>);

/// Returns an unfinished body to its owner, also when the read is cancelled.
struct ReadGuard<'a> {
    body: Option<Incoming>,
    owner: &'a RequestBody,
}

impl Drop for ReadGuard<'_> {
    fn drop(&mut self) {
        self.owner.rest().body = self.body.take();
    }
}
