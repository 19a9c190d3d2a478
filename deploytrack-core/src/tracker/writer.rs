//! The writer: requests that come at the same time share a transaction.
//!
//! Most of what a write costs is waiting for the disk at its commit, and a commit of many rows waits no longer than one of
//! a single row. So whatever waits when the writer turns to it is written together, and each request is answered after the
//! commit. Nobody waits for company: a request that comes alone is written at once, alone.
//!
//! That requests share a transaction must not show in what becomes of them:
//!
//! - A request is refused before anything of it is written, so a refusal takes nothing away from the others.
//! - When the database refuses the transaction, each request is tried again in one of its own: only the guilty one fails.
//! - A request that would register a name, or whose key another server has, is set aside and has a transaction of its own
//!   afterwards: what it does first can be undone with it alone.
//!
//! The queue is bounded, and so is the time in it: a caller is told to come back rather than left to wait.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{
    Begun, Terms, Tracker, Written,
    names::{Names, Unknown},
    recording, removal,
    terms::Claim,
};
use crate::{
    archive::ArchiveNote,
    clock::Time,
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    error::Error,
    store::{Kept, Key, Place, Write},
};

/// How many requests are let wait.
const MOST_WAITING: usize = 4096;
/// How many requests share a transaction at most.
const MOST_TOGETHER: usize = 512;
/// How long a request waits for the writer to turn to it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a request asks for.
#[derive(Debug)]
pub(super) enum Asked {
    Record(Box<NewDeployment>),
    Update(Uuid, Change),
    Undeploy(Uuid, Undeploy),
}

type Reply = Result<Written<Deployment>, Error>;

/// A request that waits.
#[derive(Debug)]
struct Job {
    asked: Asked,
    terms: Terms,
    claim: Option<Claim>,
    now: Time,
    /// Since when it waits.
    since: Instant,
    reply: oneshot::Sender<Reply>,
}

impl Job {
    /// Answers the caller, who may have gone away.
    fn answer(self, reply: Reply) {
        // Whoever has the answer may use the key again.
        drop(self.claim);
        let _ = self.reply.send(reply);
    }
}

/// The requests that wait, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// Each with its number, which rises.
    jobs: VecDeque<(u64, Job)>,
    last: u64,
    /// How many writers are at work.
    writers: usize,
}

impl Queue {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job into the queue; gives its number, and says whether one more writer, of this many at most, should set to
    /// work.
    fn enter(&self, job: Job, most_writers: usize) -> Result<(u64, bool), Error> {
        let mut waiting = self.waiting();
        if waiting.jobs.len() >= MOST_WAITING {
            return Err(Error::Busy);
        }
        waiting.last += 1;
        let number = waiting.last;
        waiting.jobs.push_back((number, job));
        let one_more = waiting.writers < most_writers;
        waiting.writers += usize::from(one_more);
        Ok((number, one_more))
    }

    /// Takes a job out of the queue, and with it the claim of its key. None when a writer has turned to it.
    fn leave(&self, number: u64) -> Option<Job> {
        let mut waiting = self.waiting();
        let at = waiting.jobs.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        waiting.jobs.remove(at).map(|(_, job)| job)
    }

    /// What a writer writes next; when nothing waits, the writer is done.
    fn next(&self) -> Option<Vec<Job>> {
        let mut waiting = self.waiting();
        let together = waiting.jobs.len().min(MOST_TOGETHER);
        if together == 0 {
            waiting.writers -= 1;
            return None;
        }
        Some(waiting.jobs.drain(..together).map(|(_, job)| job).collect())
    }
}

impl Tracker {
    /// Has something written and waits for the commit. A caller that goes away changes nothing about it.
    pub(super) async fn written(&self, asked: Asked, terms: Terms, now: Time) -> Reply {
        let claim = terms.claim(&self.running)?;
        let (reply, mut replied) = oneshot::channel();
        let (number, one_more) = self.queue.enter(Job { asked, terms, claim, now, since: Instant::now(), reply }, self.store.writers())?;
        if one_more {
            tokio::spawn(self.clone().write_what_waits());
        }
        let reply = match timeout(PATIENCE, &mut replied).await {
            Err(_) if self.queue.leave(number).is_some() => return Err(Error::Busy),
            Err(_) => replied.await,
            Ok(reply) => reply,
        };
        reply.map_err(|ended| Error::Internal(ended.into()))?
    }

    async fn write_what_waits(self) {
        while let Some(jobs) = self.queue.next() {
            let this = self.clone();
            // In a task of its own: one that panics takes its own requests with it and leaves the writer to the others.
            if let Err(error) = tokio::spawn(async move { this.write_together(jobs).await }).await {
                tracing::error!(%error, "a write ended without an answer");
            }
        }
    }

    async fn write_together(&self, jobs: Vec<Job>) {
        match self.attempt(&jobs).await {
            Ok(replies) => {
                let mut aside = Vec::new();
                for (job, reply) in jobs.into_iter().zip(replies) {
                    match reply {
                        Some(reply) => job.answer(reply),
                        None => aside.push(job),
                    }
                }
                self.write_one_by_one(aside).await;
            }
            Err(Error::Unavailable(why)) => {
                let why = why.to_string();
                for job in jobs {
                    job.answer(Err(Error::Unavailable(why.clone().into())));
                }
            }
            Err(_) => self.write_one_by_one(jobs).await,
        }
    }

    async fn write_one_by_one(&self, jobs: Vec<Job>) {
        for job in jobs {
            // Each may wait long for the database, and those behind it as long as all before them.
            if job.since.elapsed() > PATIENCE {
                job.answer(Err(Error::Busy));
                continue;
            }
            let Job { asked, terms, claim, now, reply, .. } = job;
            let _ = reply.send(self.write_alone(&asked, &terms, claim, now).await);
        }
    }

    /// Carries out requests in one transaction; gives the reply to each, and none to those that must be set aside.
    async fn attempt(&self, jobs: &[Job]) -> Result<Vec<Option<Reply>>, Error> {
        let mut write = self.store.write().await?;
        let keys = Keys::take(&mut write, jobs.iter().filter_map(|job| job.claim.as_ref()), self.clock.steady()).await?;
        let names = Names::of(&mut write, jobs.iter().filter_map(|job| job.asked.names())).await?;
        let ids: Vec<_> = jobs.iter().filter_map(|job| Some((job.asked.id()?, job.now))).collect();
        write.take(&ids, jobs.iter().filter_map(|job| Some((job.asked.place(&names)?, job.now)))).await?;
        self.compare_with(&write);
        write.reserve(jobs.iter().filter(|job| job.asked.is_known(&names)).map(|job| job.asked.rows()).sum()).await?;
        let mut replies = Vec::with_capacity(jobs.len());
        for job in jobs {
            replies.push(self.reply(&mut write, &keys, &names, job).await?);
        }
        write.commit().await?;
        Ok(replies)
    }

    /// Carries out one of several requests. Only an error of the database is one for all of them.
    async fn reply(&self, write: &mut Write, keys: &Keys, names: &Names, job: &Job) -> Result<Option<Reply>, Error> {
        if let Some(claim) = &job.claim {
            match keys.0.get(&claim.key) {
                Some(Taken::New) => {}
                Some(Taken::Answered(kept)) => return Ok(Some(claim.replayed(kept))),
                None => return Ok(None),
            }
        }
        if !job.asked.is_known(names) {
            return Ok(None);
        }
        let done = match self.carry_out(write, names, &job.asked, &job.terms, job.now).await {
            Err(error) if error.is_of_the_database() => return Err(error),
            Err(refusal) => return Ok(Some(Err(refusal))),
            Ok(done) => done,
        };
        if let Some(claim) = &job.claim {
            write.keep_answer(claim.answered(&done.deployment, self.clock.steady(), self.retention)?);
        }
        Ok(Some(Ok(Written { value: done.deployment, replayed: false, resembles: Vec::new(), archived: done.archived })))
    }

    /// Carries out a request in a transaction of its own.
    async fn write_alone(&self, asked: &Asked, terms: &Terms, claim: Option<Claim>, now: Time) -> Reply {
        let mut work = match self.begin_claimed(claim).await? {
            Begun::Work(work) => work,
            Begun::Done(done) => return Ok(done),
        };
        let write = &mut work.write;
        let mut names = Names::default();
        if let Asked::Record(new) = asked {
            let unknown = Unknown::under(self.registration, self.name_guard, new.register);
            names.add_component(self, write, &new.component, unknown, terms.author()).await?;
            names.add_environment(self, write, &new.environment, unknown, terms.author()).await?;
        }
        let ids: Vec<_> = asked.id().map(|id| (id, now)).into_iter().collect();
        write.take(&ids, asked.place(&names).map(|place| (place, now))).await?;
        self.compare_with(write);
        write.reserve(asked.rows()).await?;
        let Done { deployment, archived } = self.carry_out(write, &names, asked, terms, now).await?;
        let written = work.finish(deployment).await?;
        Ok(Written { resembles: names.resembles(), archived, ..written })
    }

    /// Compares the clock with the cells that a write has taken.
    fn compare_with(&self, write: &Write) {
        if let Some(newest) = write.newest_of_all() {
            self.clock_watch.compare(self.clock.now(), newest);
        }
    }

    async fn carry_out(&self, write: &mut Write, names: &Names, asked: &Asked, terms: &Terms, now: Time) -> Result<Done, Error> {
        match asked {
            Asked::Record(new) => self.record_in(write, names, new, terms, now),
            Asked::Update(id, change) => recording::update_in(write, *id, change.clone(), terms, now).await,
            // What is removed is not in use: what is archived stays so, and the matrix hides nothing by it.
            Asked::Undeploy(id, undeploy) => removal::undeploy_in(write, *id, undeploy.clone(), terms, now).await.map(Done::from),
        }
    }
}

/// A request that was carried out.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) deployment: Deployment,
    /// What it found archived.
    pub(super) archived: Vec<ArchiveNote>,
}

impl From<Deployment> for Done {
    fn from(deployment: Deployment) -> Self {
        Self { deployment, archived: Vec::new() }
    }
}

impl Asked {
    /// The component and the environment it names.
    fn names(&self) -> Option<(&crate::catalog::Reference, &crate::catalog::Reference)> {
        if let Self::Record(new) = self { Some((&new.component, &new.environment)) } else { None }
    }

    /// The deployment it is about.
    const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Record(_) => None,
            Self::Update(id, _) | Self::Undeploy(id, _) => Some(*id),
        }
    }

    /// Whether nothing must be registered for it.
    fn is_known(&self, names: &Names) -> bool {
        self.names().is_none_or(|pair| names.pair(pair).is_some())
    }

    /// The cell it names, where its names are known.
    fn place(&self, names: &Names) -> Option<Place> {
        let (component, environment) = names.pair(self.names()?)?;
        Some(Place { component_id: component.id, environment_id: environment.id })
    }

    /// How many rows of history it can add.
    fn rows(&self) -> usize {
        match self {
            Self::Record(new) => new.status.whole_path().len(),
            Self::Update(_, change) => usize::from(change.status.is_some()),
            Self::Undeploy(..) => 1,
        }
    }
}

/// The keys that a write has taken.
#[derive(Debug)]
struct Keys(BTreeMap<Key, Taken>);

#[derive(Debug)]
enum Taken {
    New,
    /// The request was made before.
    Answered(Kept),
}

impl Keys {
    async fn take<'a>(write: &mut Write, claims: impl Iterator<Item = &'a Claim>, steady: Time) -> Result<Self, Error> {
        let keys: Vec<_> = claims.map(|claim| claim.key.clone()).collect();
        let taken = write.take_keys(&keys).await?;
        let taken: Vec<_> = keys.into_iter().zip(taken).filter_map(|(key, taken)| taken.then_some(key)).collect();
        // Only now: whoever had a key before may have kept an answer under it.
        let mut kept = write.kept_answers(&taken, steady).await?;
        let of = |key: Key| {
            let taken = kept.remove(&key).map_or(Taken::New, Taken::Answered);
            (key, taken)
        };
        Ok(Self(taken.into_iter().map(of).collect()))
    }
}
