//! Metrics for Prometheus: what is counted while the server runs, and what is read at each scrape.
//!
//! A label has few values: a route is the template of a path and never the path, and names of
//! environments are counted up to a limit. Only the values of cells name components.

mod database;
mod exposition;
mod process;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deploytrack_core::{
    clock::Time,
    deployment::Deployment,
    status::Status,
    text::Name,
    tracker::{MAX_QUEUED, Tracker},
};
use http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
};

pub(crate) use self::{
    database::{DatabaseReader, Measured},
    exposition::{Exposition, cells, everything},
};

/// The upper bounds of the buckets of request durations, in seconds.
const REQUEST_SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// The upper bounds of the buckets of deployment durations, in seconds.
const DEPLOYMENT_SECONDS: [f64; 11] = [
    10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14400.0,
];
/// The most environments whose deployments are counted by name. Review environments come and go,
/// and a counter stays until the server ends.
const MOST_ENVIRONMENTS: usize = 500;
/// The environment of deployments above that limit.
const OTHER_ENVIRONMENTS: &str = "(others)";
/// The route of requests that no endpoint answers, and of OPTIONS.
pub(crate) const NO_ROUTE: &str = "(none)";

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// The counters of a server.
#[derive(Debug)]
pub(crate) struct Metrics {
    started_at: Time,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Durations<RouteLabels>,
    refusals: Family<CodeLabels, Counter>,
    /// The environments that are counted by name.
    environments: Mutex<HashSet<Arc<str>>>,
    deployments: Family<StatusLabels, Counter>,
    deployment_seconds: Durations<EnvironmentLabels>,
}

/// Values that are read at a scrape and need no database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) connections_limit: usize,
    pub(crate) queued_writes: usize,
    pub(crate) event_streams: usize,
    pub(crate) event_streams_limit: usize,
    pub(crate) lost_log_lines: u64,
    pub(crate) backups: Option<BackupAge>,
}

/// The backups that the server makes on its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackupAge {
    /// `None` if there is no backup yet.
    pub(crate) last_success: Option<Time>,
    pub(crate) every: Duration,
}

impl Load {
    /// The most requests in the write queue.
    const QUEUE_LIMIT: usize = MAX_QUEUED;
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status_class: StatusClass,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    environment: Arc<str>,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EnvironmentLabels {
    environment: Arc<str>,
}

/// The first digit of a status, as `2xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StatusClass(u16);

impl EncodeLabelValue for StatusClass {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        std::fmt::Write::write_fmt(encoder, format_args!("{}xx", self.0))
    }
}

impl Metrics {
    /// The counters of a server that starts now.
    pub(crate) fn starting(tracker: &Tracker) -> Self {
        Self {
            started_at: tracker.clock().now(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            refusals: Family::default(),
            environments: Mutex::default(),
            deployments: Family::default(),
            deployment_seconds: Family::new_with_constructor(|| Histogram::new(DEPLOYMENT_SECONDS)),
        }
    }

    /// Counts an answered request. The duration ends when the answer begins.
    pub(crate) fn count_request(
        &self,
        (method, route): (&'static str, &'static str),
        status: StatusCode,
        seconds: f64,
    ) {
        let status_class = StatusClass(status.as_u16() / 100);
        self.requests
            .get_or_create(&RequestLabels {
                method,
                route,
                status_class,
            })
            .inc();
        self.request_seconds
            .get_or_create(&RouteLabels { method, route })
            .observe(seconds);
    }

    /// Counts a refusal.
    pub(crate) fn count_refusal(&self, code: &'static str) {
        self.refusals.get_or_create(&CodeLabels { code }).inc();
    }

    /// Counts a deployment that got its status now.
    pub(crate) fn count_deployment(&self, deployment: &Deployment) {
        let environment = self.environment(&deployment.environment_name);
        self.deployments
            .get_or_create(&StatusLabels {
                environment,
                status: deployment.status.as_str(),
            })
            .inc();
    }

    /// Counts the duration of an attempt that a request has ended. A deployment that is recorded
    /// when it has ended has no duration.
    pub(crate) fn count_duration(&self, ended: &Deployment) {
        let is_end = matches!(ended.status, Status::Succeeded | Status::Failed);
        let (Some(start), Some(end)) = (ended.started_at, ended.finished_at) else {
            return;
        };
        let Some(duration) = (end - start).to_std().ok().filter(|_| is_end) else {
            return;
        };
        let environment = self.environment(&ended.environment_name);
        self.deployment_seconds
            .get_or_create(&EnvironmentLabels { environment })
            .observe(duration.as_secs_f64());
    }

    /// The label of an environment.
    fn environment(&self, name: &Name) -> Arc<str> {
        let mut known = self
            .environments
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(name.as_str()) {
            return known.clone();
        }
        if known.len() >= MOST_ENVIRONMENTS {
            return OTHER_ENVIRONMENTS.into();
        }
        let name: Arc<str> = name.as_str().into();
        known.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn environments_above_the_limit_share_a_label() {
        let store = deploytrack_core::store::Store::open("sqlite::memory:");
        let metrics = Metrics::starting(&Tracker::new(store.await.unwrap()));
        let label = |number: usize| {
            let name = format!("review-{number}").parse().unwrap();
            metrics.environment(&name)
        };
        for number in 0..MOST_ENVIRONMENTS {
            assert_eq!(*label(number), format!("review-{number}"));
        }
        assert_eq!(&*label(MOST_ENVIRONMENTS), OTHER_ENVIRONMENTS);
        assert_eq!(&*label(0), "review-0");
    }
}
