//! One interface to a tracker in this process and to servers in other processes.

use std::collections::BTreeSet;

use deploytrack_core::{
    api::{FromBody, ImportLine},
    clock::{self, Time},
    deployment::{Change, NewDeployment, Undeploy},
    error::Error,
    json,
    query::{DeploymentFilter, MatrixFilter, PageRequest},
    retention::{LEAST_AGE, RemovalRequest, Rule},
    text::Label,
    tracker::Tracker,
};
use deploytrack_tests::{
    caller::Caller,
    fold::{self, Cells},
};
use serde::Serialize;
use serde_json::{Value, json};

/// The side under test.
pub(crate) enum Target {
    Tracker(Tracker),
    /// Servers; each request goes to a random one.
    Servers(Vec<Caller>),
}

/// An operation of a trial.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Record(Value),
    Update(String, Value),
    Undeploy(String, Value),
    Import(Vec<Value>),
    /// Removes everything that is old, but for this many of the newest deployments of each cell. Of a
    /// tracker alone: everything in the servers is young.
    Remove(u64),
}

impl Target {
    /// The status and the body of the answer.
    pub(crate) async fn ask(&self, ask: &Request) -> (u16, Value) {
        match self {
            Self::Tracker(tracker) => of_tracker(tracker, ask.clone()).await,
            Self::Servers(callers) => {
                let caller = &callers[fastrand::usize(..callers.len())];
                let answer = match ask {
                    Request::Record(body) => caller.post("/api/v1/deployments", body).await,
                    Request::Update(id, body) => {
                        caller
                            .patch(&format!("/api/v1/deployments/{id}"), body)
                            .await
                    }
                    Request::Undeploy(id, body) => {
                        caller
                            .post(&format!("/api/v1/deployments/{id}/undeploy"), body)
                            .await
                    }
                    Request::Remove(_) => panic!("asked of a tracker alone"),
                    Request::Import(lines) => {
                        caller
                            .import(
                                lines
                                    .iter()
                                    .map(Value::to_string)
                                    .collect::<Vec<_>>()
                                    .join("\n"),
                            )
                            .await
                    }
                };
                (answer.status, answer.json())
            }
        }
    }

    /// The cells that are current, or were at a time.
    pub(crate) async fn cells(&self, at: Option<&str>) -> Cells {
        match self {
            Self::Tracker(tracker) => {
                let at = at.map(|at| clock::parse(at).unwrap());
                fold::cells(
                    &tracker
                        .matrix(&MatrixFilter {
                            at,
                            ..MatrixFilter::default()
                        })
                        .await
                        .unwrap(),
                )
            }
            Self::Servers(callers) => {
                let caller = &callers[fastrand::usize(..callers.len())];
                let query = at.map(|at| format!("?at={at}")).unwrap_or_default();
                let matrix = caller
                    .get(&format!("/api/v1/deployments/matrix{query}"))
                    .await
                    .expect(200);
                fold::cells(&serde_json::from_value(matrix).unwrap())
            }
        }
    }

    /// The ids of the unsettled deployments.
    pub(crate) async fn unsettled(&self) -> BTreeSet<String> {
        let attempts = match self {
            Self::Tracker(tracker) => {
                json!(tracker.unsettled(&MatrixFilter::default()).await.unwrap())
            }
            Self::Servers(callers) => callers[fastrand::usize(..callers.len())]
                .get("/api/v1/deployments/unsettled")
                .await
                .expect(200),
        };
        attempts
            .as_array()
            .unwrap()
            .iter()
            .map(|attempt| attempt["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The ids of the deployments that were current at a time.
    pub(crate) async fn current_ids(&self, at: Time) -> Vec<String> {
        let Self::Tracker(tracker) = self else {
            panic!("asked of a tracker alone")
        };
        let mut ids = Vec::new();
        for row in tracker.matrix(&MatrixFilter::default()).await.unwrap() {
            let latest = tracker.latest(row.component_id, Some(at)).await.unwrap();
            ids.extend(latest.iter().map(|deployment| deployment.id.to_string()));
        }
        ids
    }

    /// The result of a verification.
    pub(crate) async fn verified(&self) -> Value {
        match self {
            Self::Tracker(tracker) => json!(tracker.verify().await.unwrap()),
            Self::Servers(callers) => callers[0].get("/api/v1/verify").await.expect(200),
        }
    }

    /// The id of the only deployment of a version.
    pub(crate) async fn id_of(&self, version: &str) -> String {
        let page = match self {
            Self::Tracker(tracker) => {
                let filter = DeploymentFilter {
                    version: Some(version.parse().unwrap()),
                    ..DeploymentFilter::default()
                };
                json!(tracker.list(&filter, PageRequest::default()).await.unwrap())
            }
            Self::Servers(callers) => callers[0]
                .get(&format!("/api/v1/deployments?version={version}"))
                .await
                .expect(200),
        };
        assert_eq!(page["total"], 1, "{version}");
        page["data"][0]["id"].as_str().unwrap().to_owned()
    }

    /// Whether retention removed a deployment.
    pub(crate) async fn is_removed(&self, id: &str) -> bool {
        let Self::Tracker(tracker) = self else {
            return false;
        };
        let found = tracker.deployment(id.parse().unwrap()).await;
        matches!(found, Err(Error::Removed { .. }))
    }

    /// One deployment.
    pub(crate) async fn deployment(&self, id: &str) -> Value {
        match self {
            Self::Tracker(tracker) => json!(tracker.deployment(id.parse().unwrap()).await.unwrap()),
            Self::Servers(callers) => callers[0]
                .get(&format!("/api/v1/deployments/{id}"))
                .await
                .expect(200),
        }
    }
}

async fn of_tracker(tracker: &Tracker, ask: Request) -> (u16, Value) {
    let by = Label::new("ci-bot").unwrap();
    match ask {
        Request::Record(value) => answer(
            201,
            tracker
                .record(read::<NewDeployment>(&value), &by)
                .await
                .map(|done| done.value),
        ),
        Request::Update(id, value) => answer(
            200,
            tracker
                .update(id.parse().unwrap(), read::<Change>(&value), &by)
                .await
                .map(|done| done.value),
        ),
        Request::Undeploy(id, value) => answer(
            200,
            tracker
                .undeploy(id.parse().unwrap(), read::<Undeploy>(&value), &by)
                .await
                .map(|done| done.value),
        ),
        Request::Import(lines) => {
            let lines = (1..).zip(lines.iter().map(read::<ImportLine>)).collect();
            answer(200, tracker.import(lines, &by).await.map(|done| done.value))
        }
        Request::Remove(keep_last) => {
            let preview = tracker.preview_removal(LEAST_AGE, keep_last).await.unwrap();
            let rule = Rule {
                before: preview.before,
                keep_last,
            };
            let tag = preview.tag;
            answer(200, tracker.remove(RemovalRequest { rule, tag }, &by).await)
        }
    }
}

fn read<T: FromBody>(value: &Value) -> T {
    T::from_body(json::object(value.to_string().as_bytes()).unwrap()).unwrap()
}

fn answer(good: u16, outcome: Result<impl Serialize, Error>) -> (u16, Value) {
    match outcome {
        Ok(value) => (good, json!(value)),
        Err(Error::Invalid(_) | Error::Transition(_)) => (400, Value::Null),
        Err(Error::NotCurrent { .. }) => (409, Value::Null),
        Err(Error::Removed { .. }) => (410, Value::Null),
        Err(other) => panic!("{other}: {other:?}"),
    }
}
