//! The line of a request in the log: who asked for what, and the outcome. Each write has a line at
//! the level `info`, whether it was accepted or refused; a read has one at `debug`.
//!
//! A line has no token, no secret and no body. Texts of clients are escaped by both formats of the
//! log, so a client cannot begin a new line.

mod trace_context;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use deploytrack_core::{
    catalog::Reference, deployment::Deployment, session::StoredSession, text::Label,
};
use http::{Method, StatusCode};

pub(crate) use self::trace_context::TraceId;
use crate::{
    metrics::NO_ROUTE,
    token::{Claims, role_of_session},
};

/// The most characters of a text of the client in a line.
const MOST_CHARACTERS: usize = 200;
/// The most characters of a method that no endpoint has.
const MOST_OF_METHOD: usize = 20;

/// The facts about a request for its line. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestLog(Arc<Mutex<Facts>>);

#[derive(Debug, Default)]
struct Facts {
    /// The method and the template of the endpoint.
    endpoint: Option<(&'static str, &'static str)>,
    subject: Option<Label>,
    role: Option<&'static str>,
    target: Target,
}

/// The target of a write, as far as the request names it.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// The text in place of the placeholder of the path, or the id of a new record.
    pub(crate) id: Option<String>,
    /// The name or the id of the component.
    pub(crate) component: Option<String>,
    /// The name or the id of the environment.
    pub(crate) environment: Option<String>,
    /// The version of a deployment.
    pub(crate) version: Option<String>,
    /// The status that a deployment gets.
    pub(crate) to: Option<&'static str>,
    /// The name, or the pattern of names, in a request about the catalog or a wall.
    pub(crate) name: Option<String>,
    /// The number of lines of an import.
    pub(crate) lines: Option<usize>,
}

/// The request and its outcome, for the line.
pub(crate) struct Answered<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) address: Option<IpAddr>,
    pub(crate) status: StatusCode,
    /// The code of the problem, if the request was refused.
    pub(crate) code: Option<&'static str>,
    pub(crate) duration: Duration,
}

impl RequestLog {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the endpoint: its method and the template of its path.
    pub(crate) fn note_endpoint(&self, method: &'static str, path: &'static str, value: &str) {
        let mut facts = self.facts();
        facts.endpoint = Some((method, path));
        if method != "GET" && !value.is_empty() {
            facts.target.id = Some(short(value));
        }
    }

    /// Notes the caller. A refused caller is noted, too.
    pub(crate) fn note_caller(&self, claims: &Claims) {
        let mut facts = self.facts();
        facts.subject = Some(claims.subject.clone());
        let is_wall = claims.wall.is_some();
        facts.role = Some(if is_wall {
            "wall"
        } else {
            claims.role.as_str()
        });
    }

    /// Notes a caller that logs in.
    pub(crate) fn note_session(&self, session: &StoredSession) {
        let mut facts = self.facts();
        facts.subject = Some(session.subject.clone());
        facts.role = Some(role_of_session(session).as_str());
    }

    /// Adds what is known of the target.
    pub(crate) fn note(&self, add: impl FnOnce(&mut Target)) {
        add(&mut self.facts().target);
    }

    /// The method and the template of the endpoint that answered.
    pub(crate) fn route(&self) -> (&'static str, &'static str) {
        self.facts().endpoint.unwrap_or((NO_ROUTE, NO_ROUTE))
    }

    /// Writes the line.
    pub(crate) fn write(&self, answered: &Answered<'_>) {
        if answered.method.is_safe() {
            self.write_read(answered);
        } else {
            self.write_write(answered);
        }
    }

    fn write_read(&self, answered: &Answered<'_>) {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let facts = self.facts();
        tracing::debug!(
            request_id = answered.request_id,
            trace_id = answered.trace_id.map(tracing::field::display),
            subject = facts.subject.as_ref().map(Label::as_str),
            role = facts.role,
            method = short_method(answered.method),
            route = facts.endpoint.map(|(_, path)| path),
            path = short(answered.path),
            address = answered.address.map(tracing::field::display),
            status = answered.status.as_u16(),
            code = answered.code,
            duration_ms = milliseconds(answered.duration),
            "read"
        );
    }

    fn write_write(&self, answered: &Answered<'_>) {
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        let facts = self.facts();
        let target = &facts.target;
        tracing::info!(
            request_id = answered.request_id,
            trace_id = answered.trace_id.map(tracing::field::display),
            subject = facts.subject.as_ref().map(Label::as_str),
            role = facts.role,
            method = short_method(answered.method),
            route = facts.endpoint.map(|(_, path)| path),
            // Without an endpoint there is no template.
            path = facts.endpoint.is_none().then(|| short(answered.path)),
            id = target.id,
            component = target.component,
            environment = target.environment,
            version = target.version,
            to = target.to,
            name = target.name,
            lines = target.lines,
            address = answered.address.map(tracing::field::display),
            status = answered.status.as_u16(),
            code = answered.code,
            duration_ms = milliseconds(answered.duration),
            "write"
        );
    }
}

/// Notes the deployment that a write has changed.
pub(crate) fn note_deployment(log: &RequestLog, changed: &Deployment) {
    log.note(|target| {
        target.component = Some(short(changed.component_name.as_str()));
        target.environment = Some(short(changed.environment_name.as_str()));
        target.version = Some(short(changed.version.as_str()));
    });
}

/// The text of a reference.
pub(crate) fn reference(reference: &Reference) -> String {
    match reference {
        Reference::Id(id) => id.to_string(),
        Reference::Name(name) => short(name.as_str()),
    }
}

/// A text of a client, cut off after some characters.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}

fn short_method(method: &Method) -> String {
    method.as_str().chars().take(MOST_OF_METHOD).collect()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
