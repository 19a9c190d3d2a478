//! A request's body until it has been read. An answer that is given before must not leave the rest of the body on the
//! connection, where it would be taken for the next request.

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
    problem::Refusal,
    request::BodyRules,
};

/// The most bytes that are read and dropped so that the connection can stay open.
const DRAINED: usize = 64 * 1024;
/// How long that may take: a body that is under way arrives in this time.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(100);

/// The body of a request, shared by the handler, which may read it, and `dispatch`, which looks after the rest.
#[derive(Clone)]
pub(crate) struct Unread(Arc<Mutex<Rest>>);

/// What is left of a body.
struct Rest {
    body: Option<Incoming>,
    /// Whether the reading has failed, as in a chunk without a length. Where the next request begins is unknown then.
    broken: bool,
}

impl Unread {
    pub(crate) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(Rest { body: Some(body), broken: false })))
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no body at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest().body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    /// How many bytes are still to come at least.
    pub(crate) fn least_bytes(&self) -> u64 {
        self.rest().body.as_ref().map_or(0, |body| body.size_hint().lower())
    }

    /// The whole body within the rules, and its reservation if it is a large one.
    pub(crate) async fn read(&self, rules: &BodyRules, arrivals: &Arrivals) -> Result<Arrived, Refusal> {
        let taken = self.rest().body.take();
        let mut reading = Reading { body: taken, unread: self };
        let Some(body) = &mut reading.body else { return Ok((Bytes::new(), None)) };
        let arrived = self.arrive(body, rules, arrivals).await?;
        reading.body = None;
        Ok(arrived)
    }

    async fn arrive(&self, body: &mut Incoming, rules: &BodyRules, arrivals: &Arrivals) -> Result<Arrived, Refusal> {
        let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
        let (mut whole, mut reserved) = (BytesMut::new(), None);
        if let Some(length) = length.filter(|length| *length > SMALL) {
            reserved = Some(arrivals.reserve(length).await?);
        }
        whole.reserve(length.unwrap_or_default());
        let mut pace = arrivals.pace();
        while let Some(frame) = pace.next(whole.len(), body.frame()).await? {
            let frame = frame.map_err(|_| self.fail())?;
            let Ok(data) = frame.into_data() else { continue };
            let needed = whole.len() + data.len();
            if needed > rules.bytes {
                return Err(Refusal::TooLarge(rules.limit));
            }
            // A body in chunks may become as large as the rules allow.
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

    /// Whether the connection can take a further request after the answer: the body has been read, or the little that is
    /// left of it has arrived and is dropped. A caller who waits for `100 Continue` has not sent the body and may leave it
    /// out, so the connection cannot go on.
    async fn is_drained(&self, headers: &HeaderMap) -> bool {
        let (taken, broken) = {
            let mut rest = self.rest();
            (rest.body.take(), rest.broken)
        };
        match taken {
            _ if broken => false,
            None => true,
            Some(body) if body.is_end_stream() => true,
            Some(body) if headers.contains_key(header::EXPECT) || body.size_hint().lower() > DRAINED as u64 => false,
            Some(body) => matches!(timeout(DRAIN_TIMEOUT, Limited::new(body, DRAINED).collect()).await, Ok(Ok(_))),
        }
    }

    /// Says in the headers of the answer that the connection ends, unless it can go on.
    pub(crate) async fn settle(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        if !self.is_drained(request).await {
            answer.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// A body that has arrived, and its reservation.
pub(crate) type Arrived = (Bytes, Option<OwnedSemaphorePermit>);

/// A body that is being read. What is not read to its end goes back, also when the reading is given up.
struct Reading<'a> {
    body: Option<Incoming>,
    unread: &'a Unread,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.unread.rest().body = self.body.take();
    }
}
