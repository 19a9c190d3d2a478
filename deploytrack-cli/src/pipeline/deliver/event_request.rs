//! Sends one event as a request, and decides whether another request has to be sent in its place.

use chrono::TimeDelta;
use deploytrack_core::{
    api::FromBody,
    client::{Client, Error},
    clock::{Clock as _, SystemClock},
    deployment::{Change, NewDeployment},
    error::Fault,
};
use serde_json::Value;
use uuid::Uuid;

use super::Delivery;
use crate::{
    lookup,
    pipeline::{
        key,
        resume::{self, StepStart},
    },
    queue::{Entry, Event, Request},
    wording,
};

/// Every server stores idempotency keys for at least this long. The default is a day; an operator
/// can choose less.
const KEY_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// The result of sending one event.
#[derive(Debug)]
pub(super) enum EventResult {
    /// The server has acknowledged the event, for this deployment.
    Acknowledged(Uuid),
    /// Another event has to be sent in its place.
    ReplacedBy(Box<Event>),
}

impl Event {
    /// Another request for the same server, under a new key.
    fn replaced_by(&self, request: Request) -> Result<EventResult, Error> {
        Ok(EventResult::ReplacedBy(Box::new(Self {
            key: key::random()?,
            request,
            ..self.clone()
        })))
    }
}

impl Delivery {
    /// Sends one event.
    pub(super) async fn send_event(
        &self,
        client: &Client,
        event: &Event,
    ) -> Result<EventResult, Error> {
        match &event.request {
            Request::Record {
                body,
                register,
                again,
            } => {
                let new = NewDeployment {
                    register: *register,
                    ..read(body)?
                };
                if let Some(id) = self.recorded_before_key_expired(client, &new).await? {
                    return Ok(EventResult::Acknowledged(id));
                }
                let client = &client.not_before(new.occurred_at);
                if *again {
                    return self.send_step_start(client, event, &new).await;
                }
                Ok(EventResult::Acknowledged(
                    lookup::record(&client.with_idempotency_key(event.key.clone()), &new)
                        .await?
                        .value
                        .id,
                ))
            }
            Request::Resume {
                body,
                register,
                deployment,
            } => {
                let new = NewDeployment {
                    register: *register,
                    ..read(body)?
                };
                let client = &client.not_before(new.occurred_at);
                if resume::resume(client, &event.key, &new, *deployment).await? {
                    return Ok(EventResult::Acknowledged(*deployment));
                }
                event.replaced_by(event.request.clone().into_record())
            }
            Request::Update { body } => {
                let change: Change = read(body)?;
                let id = self
                    .deployment
                    .ok_or_else(|| Error::Setup("its deployment was never recorded".to_owned()))?;
                let client = client
                    .with_idempotency_key(event.key.clone())
                    .not_before(change.occurred_at);
                Ok(EventResult::Acknowledged(
                    client.update(id, &change).await?.value.id,
                ))
            }
        }
    }

    /// Sends the start of a pipeline step that may be a repetition.
    async fn send_step_start(
        &self,
        client: &Client,
        event: &Event,
        new: &NewDeployment,
    ) -> Result<EventResult, Error> {
        // After the outcome is queued, the command has already run.
        let is_live = self.is_live && self.events.len() == 1;
        match resume::begin(client, &event.key, new, is_live).await? {
            StepStart::Recorded(id) => Ok(EventResult::Acknowledged(id)),
            StepStart::Resume(id) => event.replaced_by(event.request.clone().into_resume(id)),
            StepStart::RecordAnother => event.replaced_by(event.request.clone().into_record()),
        }
    }

    /// The deployment that an earlier try recorded, if its answer was lost so long ago that the
    /// server may have dropped the idempotency key.
    async fn recorded_before_key_expired(
        &self,
        client: &Client,
        new: &NewDeployment,
    ) -> Result<Option<Uuid>, Error> {
        let created_at = self.entry.as_ref().and_then(Entry::created_at);
        match (created_at, new.occurred_at) {
            (Some(created_at), Some(at)) if SystemClock.now() - created_at > KEY_LIFETIME => {
                let by_name = lookup::by_name(client, new).await?;
                resume::recorded_at(client, by_name.as_ref().unwrap_or(new), at).await
            }
            _ => Ok(None),
        }
    }
}

fn read<T: FromBody>(body: &Value) -> Result<T, Error> {
    let Value::Object(body) = body.clone() else {
        return Err(Error::Setup("the event cannot be read".to_owned()));
    };
    T::from_body(body).map_err(|faults| Error::Setup(sentence(&faults)))
}

fn sentence(faults: &[Fault]) -> String {
    faults
        .iter()
        .map(wording::sentence)
        .collect::<Vec<_>>()
        .join("; ")
}
