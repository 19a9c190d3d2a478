//! Answers that are kept until the next commit.
//!
//! Dashboards ask the same questions over and over, and between two deployments the answers are the same. So an answer is
//! kept, as the bytes that were sent, under the question and the version of the database it was asked at; who asks the
//! same at the same version gets the same bytes. The version is looked at for every question, so a kept answer cannot be
//! older than what the database says: what a write has changed is never hidden by it.
//!
//! An answer may be newer than the version it is kept under, when a commit came in between. It is not found any more then,
//! since whoever asks after that commit asks at the next version.

use std::sync::Arc;

use deploytrack_core::store::Version;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use crate::{
    handlers,
    representation::{Representation, Wanted},
    request::Call,
    response::Answer,
    route::{Keeping, Route},
};

/// How many bytes of answers are kept at most: the matrix of a thousand components in eight environments takes one million
/// with its compressed form, a deployment about two thousand. What has not been asked for longest goes first, and with it
/// everything of older versions.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// How many answers that will be, for the first size of the table.
const ANSWERS: usize = 1024;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    version: Version,
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
        // One shard: each would hold its share of the bytes, and one large answer may need them all.
        let options = OptionsBuilder::new().shards(1).estimated_items_capacity(ANSWERS).weight_capacity(MOST_BYTES).build();
        #[expect(clippy::expect_used, reason = "it fails without a capacity alone, and both are set above")]
        let options = options.expect("both capacities are set");
        Self(Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), DefaultLifecycle::default()))
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
    let question = Question { version: call.tracker().version().await?, target: call.target().to_owned() };
    let kept = call.kept();
    let answered = async { Representation::of(Box::pin(handlers::call(route, call)).await?, keeping == Keeping::Collection).map(Arc::new) };
    // Whoever asks the same at the same time waits for the one answer.
    kept.0.get_or_insert_async(&question, answered).await?.response(&wanted).await
}
