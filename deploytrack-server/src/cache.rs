//! The response cache: responses stored until the next commit.
//!
//! Dashboards send the same requests again and again, and between two deployments the responses are
//! the same. The cache stores the bytes of a response under the target of its request and the
//! version of the database at that time. Every request reads the version first, so a cached
//! response is never older than the last commit.
//!
//! A response may be newer than its version if a commit happened while it was made. That is
//! harmless: requests after that commit have the next version and do not find it.

use std::{future::Future, sync::Arc};

use deploytrack_core::store::DatabaseVersion;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use crate::{encoding::Representation, identity::Audience};

/// The most bytes of stored responses. The matrix of a thousand components in eight environments
/// counts as 3.4 MB with its compressed form, and 4.2 MB with its gaps; a deployment counts as about
/// 2 kB. The largest response that is not streamed counts as half of all. The least recently used
/// responses are removed first, and with them all responses of older versions.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The expected number of responses, for the first size of the table.
const RESPONSES: usize = 1024;

/// Whether the cache may store responses until the next write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// No: the response depends on more than the database, is a stream, or belongs to a write.
    No,
    /// Yes, uncompressed: the response is one record, whose one tag is the condition of its update.
    Record,
    /// Yes: the response has many records.
    Collection,
}

/// A request and the version of the database that it reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    pub(crate) version: DatabaseVersion,
    /// The callers that get this response.
    pub(crate) audience: Audience,
    /// The path and the query as the client sent them. The response must not depend on anything
    /// else.
    pub(crate) target: String,
}

#[derive(Clone)]
struct WeightInBytes;

impl Weighter<CacheKey, Arc<Representation>> for WeightInBytes {
    fn weight(&self, key: &CacheKey, response: &Arc<Representation>) -> u64 {
        (key.target.len() + response.size()) as u64
    }
}

/// The stored responses.
pub(crate) struct ResponseCache(Cache<CacheKey, Arc<Representation>, WeightInBytes>);

impl ResponseCache {
    pub(crate) fn new() -> Self {
        Self::with_capacity(MOST_BYTES)
    }

    fn with_capacity(bytes: u64) -> Self {
        // One shard: several shards would split the capacity, and one large response may need all
        // of it.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(RESPONSES)
            .weight_capacity(bytes)
            .build();
        #[expect(
            clippy::expect_used,
            reason = "it fails only without a capacity, and both are set above"
        )]
        let options = options.expect("both capacities are set");
        Self(Cache::with_options(
            options,
            WeightInBytes,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ))
    }

    /// Returns the stored response, or runs `make` and stores its result unless it is an error.
    /// Requests with the same key wait for one `make`. If its client disconnects, the next request
    /// runs its own.
    pub(crate) async fn get_or_make<E>(
        &self,
        key: &CacheKey,
        make: impl Future<Output = Result<Representation, E>>,
    ) -> Result<Arc<Representation>, E> {
        self.0
            .get_or_insert_async(key, async { make.await.map(Arc::new) })
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Weak,
        atomic::{AtomicUsize, Ordering},
    };

    use deploytrack_core::{store::Store, tracker::Tracker};
    use http::{HeaderMap, HeaderValue, header};
    use http_body_util::BodyExt as _;
    use tokio::{
        sync::Semaphore,
        task::{JoinHandle, yield_now},
    };

    use super::*;
    use crate::{encoding::Negotiation, refusal::Refusal, response};

    async fn key(target: &str) -> CacheKey {
        let tracker = Tracker::new(Store::open("sqlite::memory:").await.unwrap());
        CacheKey {
            version: tracker.database_version().await.unwrap(),
            audience: Audience::READER,
            target: target.to_owned(),
        }
    }

    /// A response of about so many bytes that gzip cannot make much smaller.
    fn of_bytes(bytes: usize) -> Representation {
        let mut random = vec![0; bytes / 2];
        getrandom::fill(&mut random).unwrap();
        let text: String = random
            .iter()
            .map(|byte| char::from(b'0' + byte % 64))
            .chain(random.iter().map(|byte| char::from(b'0' + byte / 4)))
            .collect();
        Representation::of(response::ok(&text).unwrap(), true).unwrap()
    }

    /// A small capacity, in bytes.
    const LITTLE: u64 = 128 * 1024;

    /// The headers of a client that accepts gzip.
    fn gzip() -> Negotiation {
        Negotiation::of(&HeaderMap::from_iter([(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("gzip"),
        )]))
    }

    /// A handler that counts its calls and waits for a permit before it responds.
    struct Handler {
        calls: AtomicUsize,
        permits: Semaphore,
    }

    impl Handler {
        async fn call(&self, fails: bool) -> Result<Representation, Refusal> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.permits.acquire().await.unwrap().forget();
            if fails {
                Err(Refusal::NoPath)
            } else {
                Ok(of_bytes(10))
            }
        }
    }

    /// So many simultaneous requests with one key. One of them runs the handler, the others wait.
    async fn requests(count: usize, fails: bool) -> (Arc<Handler>, Vec<JoinHandle<bool>>) {
        let (cache, handler) = (
            Arc::new(ResponseCache::new()),
            Arc::new(Handler {
                calls: AtomicUsize::new(0),
                permits: Semaphore::new(0),
            }),
        );
        let key = key("/api/v1/deployments/matrix").await;
        let requests = (0..count).map(|_| {
            let (cache, handler, key) = (cache.clone(), handler.clone(), key.clone());
            tokio::spawn(async move { cache.get_or_make(&key, handler.call(fails)).await.is_ok() })
        });
        let requests = requests.collect();
        // On this runtime tasks take turns: after two yields each one has run until it waits.
        yield_now().await;
        yield_now().await;
        (handler, requests)
    }

    #[tokio::test]
    async fn simultaneous_requests_call_the_handler_once() {
        let (handler, requests) = requests(64, false).await;
        handler.permits.add_permits(1);
        for request in requests {
            assert!(request.await.unwrap());
        }
        assert_eq!(handler.calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_client_that_disconnects_does_not_cost_the_others_their_response() {
        let (handler, mut requests) = requests(64, false).await;
        let first = requests.remove(0);
        // Some of the waiting clients disconnect too.
        let gone = requests.drain(10..20).inspect(JoinHandle::abort).count();
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        handler.permits.add_permits(1);
        assert_eq!((gone, requests.len()), (10, 53));
        for request in requests {
            assert!(request.await.unwrap());
        }
        assert_eq!(
            handler.calls.load(Ordering::Relaxed),
            2,
            "the next request called the handler, for all of them"
        );
    }

    #[tokio::test]
    async fn a_refusal_is_returned_to_one_request_and_not_stored() {
        let (handler, requests) = requests(8, true).await;
        handler.permits.add_permits(8);
        for request in requests {
            assert!(!request.await.unwrap());
        }
        assert_eq!(handler.calls.load(Ordering::Relaxed), 8);
    }

    #[tokio::test]
    async fn a_response_never_reaches_another_audience() {
        let (cache, mut key) = (ResponseCache::new(), key("/api/v1/deployments").await);
        let of = async |key: &CacheKey, bytes| {
            let make = async { Ok::<_, Refusal>(of_bytes(bytes)) };
            cache.get_or_make(key, make).await.unwrap().size()
        };
        let for_readers = of(&key, 10_000).await;
        assert_eq!(of(&key, 10).await, for_readers);
        key.audience = Audience::ADMIN;
        assert!(of(&key, 10).await < for_readers);
    }

    #[tokio::test]
    async fn the_capacity_is_never_exceeded() {
        let (cache, mut key) = (
            ResponseCache::with_capacity(LITTLE),
            key("/api/v1/deployments/matrix").await,
        );
        let mut responses: Vec<(usize, Weak<Representation>)> = Vec::new();
        let sizes = [2_000, 5, 20_000, 1_500, 60_000, 7_000, 200, 90_000, 10_000];
        for number in 0..270 {
            key.target = format!(
                "/api/v1/deployments/matrix?component={}{number}",
                "x".repeat(number * 10)
            );
            let response = cache
                .get_or_make(&key, async {
                    Ok::<_, Refusal>(of_bytes(sizes[number % sizes.len()]))
                })
                .await
                .unwrap();
            response.response(&gzip(), None).await.unwrap();
            responses.push((key.target.len(), Arc::downgrade(&response)));
            drop(response);
            let bytes: usize = responses
                .iter()
                .filter_map(|(target, response)| {
                    Some(target + response.upgrade()?.bytes_in_memory())
                })
                .sum();
            assert!(
                bytes as u64 <= LITTLE && cache.0.weight() <= LITTLE,
                "{bytes} bytes after {number}"
            );
        }
        assert!(
            responses
                .iter()
                .any(|(_, response)| response.strong_count() > 0),
            "some are stored"
        );
    }

    #[tokio::test]
    async fn a_frequent_request_stays_stored_among_many_rare_ones() {
        let (cache, calls) = (ResponseCache::with_capacity(LITTLE), AtomicUsize::new(0));
        let (frequent, mut rare) = (key("/api/v1/deployments/matrix").await, key("").await);
        for number in 0..5000 {
            rare.target = format!("/api/v1/deployments/matrix?component=component-{number}");
            cache
                .get_or_make(&rare, async { Ok::<_, Refusal>(of_bytes(2_000)) })
                .await
                .unwrap();
            let make = async {
                calls.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Refusal>(of_bytes(20_000))
            };
            cache.get_or_make(&frequent, make).await.unwrap();
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn the_links_of_a_response_count_as_bytes() {
        let cache = ResponseCache::with_capacity(LITTLE);
        let mut key = key("/api/v1/deployments").await;
        for number in 0..200 {
            key.target = number.to_string();
            let make = async {
                let mut response = response::ok(&number).unwrap();
                response.headers_mut().insert(
                    header::LINK,
                    HeaderValue::try_from("x".repeat(10_000)).unwrap(),
                );
                Representation::of(response, true)
            };
            cache.get_or_make(&key, make).await.unwrap();
        }
        assert!(
            cache.0.len() as u64 * 10_000 <= LITTLE,
            "{} responses",
            cache.0.len()
        );
    }

    #[tokio::test]
    async fn a_response_larger_than_the_capacity_is_returned_and_not_stored() {
        let (cache, key) = (
            ResponseCache::with_capacity(LITTLE),
            key("/api/v1/deployments/matrix").await,
        );
        let large = usize::try_from(LITTLE).unwrap() + 1;
        for _ in 0..2 {
            let response = cache
                .get_or_make(&key, async { Ok::<_, Refusal>(of_bytes(large)) })
                .await
                .unwrap();
            let response = response
                .response(&Negotiation::of(&HeaderMap::new()), None)
                .await
                .unwrap();
            assert!(
                response
                    .into_body()
                    .collect()
                    .await
                    .unwrap()
                    .to_bytes()
                    .len()
                    >= large
            );
            assert_eq!(cache.0.len(), 0);
        }
    }
}
