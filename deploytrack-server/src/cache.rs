//! Answers that are kept until the next commit.
//!
//! Dashboards ask the same questions over and over, and between two deployments the answers are the same. So an answer is
//! kept, as the bytes that were sent, under the question and the version of the database it was asked at; who asks the
//! same at the same version gets the same bytes. The version is looked at for every question, so a kept answer cannot be
//! older than what the database says: what a write has changed is never hidden by it.
//!
//! An answer may be newer than the version it is kept under, when a commit came in between. It is not found any more then,
//! since whoever asks after that commit asks at the next version.

use std::{future::Future, sync::Arc};

use deploytrack_core::{store::DatabaseVersion, text::Label};
use http::Response;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use crate::{
    App, handlers,
    problem::{Good, Refusal},
    representation::{Representation, Room, Shown, Wanted},
    request::Call,
    response::{Answer, Body},
    route::{Keeping, Route},
    share::PATIENCE,
};

/// How many bytes of answers are kept at most: the matrix of a thousand components in eight environments counts for one and
/// a half million with its compressed form, a deployment for about two thousand. What has not been asked for longest goes first, and with it
/// everything of older versions.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// How many answers that will be, for the first size of the table.
const ANSWERS: usize = 1024;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    version: DatabaseVersion,
    /// Path and query as they were sent. Whoever may ask at all gets the same answer.
    target: String,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Question, Arc<Representation>> for ByBytes {
    fn weight(&self, question: &Question, answer: &Arc<Representation>) -> u64 {
        (question.target.len() + answer.size()) as u64
    }
}

/// The answers that are kept.
pub(crate) struct Kept(Cache<Question, Arc<Representation>, ByBytes>);

impl Kept {
    pub(crate) fn new() -> Self {
        Self::within(MOST_BYTES)
    }

    fn within(bytes: u64) -> Self {
        // One shard: each would hold its share of the bytes, and one large answer may need them all.
        let options = OptionsBuilder::new().shards(1).estimated_items_capacity(ANSWERS).weight_capacity(bytes).build();
        #[expect(clippy::expect_used, reason = "it fails without a capacity alone, and both are set above")]
        let options = options.expect("both capacities are set");
        Self(Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }

    /// The answer to a question: the one that is kept, else the one of this work, which is kept unless the work has none to
    /// keep. Whoever asks the same at the same time waits for the one answer; when the caller who works goes away, the next
    /// one works.
    async fn answer<E>(
        &self,
        question: &Question,
        work: impl Future<Output = Result<Representation, E>>,
    ) -> Result<Arc<Representation>, E> {
        self.0.get_or_insert_async(question, async { work.await.map(Arc::new) }).await
    }
}

/// What cannot be kept.
enum Unkept {
    Refused(Refusal),
    /// A large answer, of which there is no more than the beginning.
    Streamed(Response<Body>),
}

impl From<Refusal> for Unkept {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Answers a question, from what is kept if it can be.
pub(crate) async fn answer(route: Route, call: Call) -> Answer {
    let wanted = Wanted::of(call.headers());
    let keeping = route.keeping();
    // Where each look at the version is a query, it costs as much as reading one record.
    if keeping == Keeping::No || keeping == Keeping::Record && call.tracker().is_shared() {
        return Ok(wanted.unless_known(Box::pin(handlers::call(route, call)).await?));
    }
    let question = Question { version: call.tracker().database_version().await?, target: call.target().to_owned() };
    let (app, subject) = (call.app().clone(), call.subject()?.clone());
    let work = work(route, call, &app, &subject);
    match app.kept.answer(&question, work).await {
        Ok(kept) => kept.response(&wanted, Some(Room { answers: &app.answers, subject: &subject })).await,
        Err(Unkept::Streamed(response)) => Ok(response),
        Err(Unkept::Refused(refusal)) => Err(refusal),
    }
}

/// Works an answer out. Questions about many records take turns: each holds what it has read so far.
async fn work(route: Route, call: Call, app: &App, subject: &Label) -> Result<Representation, Unkept> {
    let is_collection = route.keeping() == Keeping::Collection;
    let turn = async { app.questions.wait(subject, 1, PATIENCE).await.map_err(|exhausted| Refusal::Exhausted(Good::Questions, exhausted)) };
    let _turn = if is_collection { Some(turn.await?) } else { None };
    let response = Box::pin(handlers::call(route, call)).await?;
    if response.extensions().get::<Shown>().is_none() {
        return Err(Unkept::Streamed(response));
    }
    Ok(Representation::of(response, is_collection)?)
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
    use crate::response;

    async fn question(target: &str) -> Question {
        let tracker = Tracker::new(Store::open("sqlite::memory:").await.unwrap());
        Question { version: tracker.database_version().await.unwrap(), target: target.to_owned() }
    }

    /// An answer of about so many bytes that cannot be compressed well.
    fn of_bytes(bytes: usize) -> Representation {
        let mut random = vec![0; bytes / 2];
        getrandom::fill(&mut random).unwrap();
        let text: String =
            random.iter().map(|byte| char::from(b'0' + byte % 64)).chain(random.iter().map(|byte| char::from(b'0' + byte / 4))).collect();
        Representation::of(response::ok(&text).unwrap(), true).unwrap()
    }

    /// Room that is soon full.
    const LITTLE: u64 = 128 * 1024;

    /// How an answer is wanted by somebody who takes gzip.
    fn packed() -> Wanted {
        Wanted::of(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]))
    }

    /// Work that waits until it is let go on, counted when it begins.
    struct Counted {
        begun: AtomicUsize,
        go_on: Semaphore,
    }

    impl Counted {
        async fn work(&self, refused: bool) -> Result<Representation, Refusal> {
            self.begun.fetch_add(1, Ordering::Relaxed);
            self.go_on.acquire().await.unwrap().forget();
            if refused { Err(Refusal::NoPath) } else { Ok(of_bytes(10)) }
        }
    }

    /// So many callers who ask the same at the same time; one of them is at work, the others wait.
    async fn asked(callers: usize, refused: bool) -> (Arc<Counted>, Vec<JoinHandle<bool>>) {
        let (kept, counted) = (Arc::new(Kept::new()), Arc::new(Counted { begun: AtomicUsize::new(0), go_on: Semaphore::new(0) }));
        let question = question("/api/v1/deployments/matrix").await;
        let callers = (0..callers).map(|_| {
            let (kept, counted, question) = (kept.clone(), counted.clone(), question.clone());
            tokio::spawn(async move { kept.answer(&question, counted.work(refused)).await.is_ok() })
        });
        let callers = callers.collect();
        // Here tasks take turns: by then each has come as far as it can.
        yield_now().await;
        yield_now().await;
        (counted, callers)
    }

    #[tokio::test]
    async fn what_many_ask_at_once_is_worked_out_once() {
        let (counted, callers) = asked(64, false).await;
        counted.go_on.add_permits(1);
        for caller in callers {
            assert!(caller.await.unwrap());
        }
        assert_eq!(counted.begun.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_at_work_leaves_the_others_an_answer() {
        let (counted, mut callers) = asked(64, false).await;
        let worker = callers.remove(0);
        // Some who only waited hang up too.
        let gone = callers.drain(10..20).inspect(JoinHandle::abort).count();
        worker.abort();
        assert!(worker.await.unwrap_err().is_cancelled());
        counted.go_on.add_permits(1);
        assert_eq!((gone, callers.len()), (10, 53));
        for caller in callers {
            assert!(caller.await.unwrap());
        }
        assert_eq!(counted.begun.load(Ordering::Relaxed), 2, "the next one worked, for all of them");
    }

    #[tokio::test]
    async fn a_refusal_is_given_to_one_caller_and_not_kept() {
        let (counted, callers) = asked(8, true).await;
        counted.go_on.add_permits(8);
        for caller in callers {
            assert!(!caller.await.unwrap());
        }
        assert_eq!(counted.begun.load(Ordering::Relaxed), 8);
    }

    #[tokio::test]
    async fn the_room_is_never_exceeded_whatever_is_asked() {
        let (kept, mut question) = (Kept::within(LITTLE), question("/api/v1/deployments/matrix").await);
        let mut given: Vec<(usize, Weak<Representation>)> = Vec::new();
        let sizes = [2_000, 5, 20_000, 1_500, 60_000, 7_000, 200, 90_000, 10_000];
        for number in 0..270 {
            question.target = format!("/api/v1/deployments/matrix?component={}{number}", "x".repeat(number * 10));
            let answer = kept.answer(&question, async { Ok::<_, Refusal>(of_bytes(sizes[number % sizes.len()])) }).await.unwrap();
            answer.response(&packed(), None).await.unwrap();
            given.push((question.target.len(), Arc::downgrade(&answer)));
            drop(answer);
            let held: usize = given.iter().filter_map(|(target, answer)| Some(target + answer.upgrade()?.held())).sum();
            assert!(held as u64 <= LITTLE && kept.0.weight() <= LITTLE, "{held} bytes after {number}");
        }
        assert!(given.iter().any(|(_, answer)| answer.strong_count() > 0), "some are kept");
    }

    #[tokio::test]
    async fn what_is_asked_over_and_over_stays_whatever_else_is_asked_once() {
        let (kept, begun) = (Kept::within(LITTLE), AtomicUsize::new(0));
        let (often, mut once) = (question("/api/v1/deployments/matrix").await, question("").await);
        for number in 0..5000 {
            once.target = format!("/api/v1/deployments/matrix?component=component-{number}");
            kept.answer(&once, async { Ok::<_, Refusal>(of_bytes(2_000)) }).await.unwrap();
            let work = async {
                begun.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Refusal>(of_bytes(20_000))
            };
            kept.answer(&often, work).await.unwrap();
        }
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn the_links_of_an_answer_count() {
        let kept = Kept::within(LITTLE);
        let mut question = question("/api/v1/deployments").await;
        for number in 0..200 {
            question.target = number.to_string();
            let work = async {
                let mut response = response::ok(&number).unwrap();
                response.headers_mut().insert(header::LINK, HeaderValue::try_from("x".repeat(10_000)).unwrap());
                Representation::of(response, true)
            };
            kept.answer(&question, work).await.unwrap();
        }
        assert!(kept.0.len() as u64 * 10_000 <= LITTLE, "{} answers", kept.0.len());
    }

    #[tokio::test]
    async fn an_answer_larger_than_the_room_is_given() {
        let (kept, question) = (Kept::within(LITTLE), question("/api/v1/deployments/matrix").await);
        let large = usize::try_from(LITTLE).unwrap() + 1;
        for _ in 0..2 {
            let answer = kept.answer(&question, async { Ok::<_, Refusal>(of_bytes(large)) }).await.unwrap();
            let response = answer.response(&Wanted::of(&HeaderMap::new()), None).await.unwrap();
            assert!(response.into_body().collect().await.unwrap().to_bytes().len() >= large);
            assert_eq!(kept.0.len(), 0, "and not kept");
        }
    }
}
