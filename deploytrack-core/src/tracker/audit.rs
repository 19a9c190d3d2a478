//! The audit: the events without a row of history. Writes add them, and admins list them.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{RefusedIdentity, Tracker, page_links::counted};
use crate::{
    catalog::{CatalogKind, Component, Environment},
    clock::{self, Time},
    error::Error,
    event::{AuditFilter, Event, EventDetails, EventType},
    pin::Pin,
    query::{Page, PageRequest},
    retention::Removal,
    revocation::{Revocation, RevokedTokens},
    store::{EventSource, NewEvent, Write},
    text::{Label, Name},
    token::Token,
    wall::Wall,
};

impl Tracker {
    /// Part of the audit, newest first: of the events that are not about deployments, those that
    /// match.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<Page<Event>, Error> {
        counted(
            page,
            self.store.audit(filter, page.skip(), page.take()).await?,
        )
    }
}

/// Adds an event that has no row of history. `name` is that of a component or environment.
fn add_event(
    write: &mut Write,
    r#type: EventType,
    subject: Option<(Uuid, Option<&Name>)>,
    details: Option<&EventDetails>,
    (at, by): (Time, &Label),
) {
    write.add_event(NewEvent {
        r#type,
        subject_id: subject.map(|(id, _)| id),
        source: EventSource::EventRow {
            name: subject.and_then(|(_, name)| name.cloned()),
            at,
            by: by.clone(),
            details: details.map(as_json),
        },
    });
}

fn as_json(details: &EventDetails) -> String {
    // The keys are texts, so that nothing can fail.
    serde_json::to_string(details).unwrap_or_default()
}

/// The details of a change: each field that differs, with its former and its new value.
fn changes<T: Serialize>(before: &T, after: &T) -> Result<EventDetails, Error> {
    let object = |of: &T| match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(EventDetails::new()),
        Err(error) => Err(Error::Internal(error.into())),
    };
    let (mut before, after) = (object(before)?, object(after)?);
    let differing = after.into_iter().filter_map(|(field, to)| {
        let from = before.remove(&field).unwrap_or_default();
        let differs = from != to && field != "updatedAt";
        differs.then(|| (field, json!({"from": from, "to": to})))
    });
    let changes: EventDetails = differing.collect();
    Ok(EventDetails::from_iter([(
        "changes".to_owned(),
        changes.into(),
    )]))
}

/// Adds the event of a changed description.
pub(super) fn add_description_event(write: &mut Write, id: Uuid, at: Time, by: &Label) {
    let subject = Some((id, None));
    add_event(write, EventType::DeploymentUpdated, subject, None, (at, by));
}

/// Adds the event of a component or environment that a request has archived or taken out of the
/// archive.
pub(super) fn add_archived_event(
    write: &mut Write,
    kind: CatalogKind,
    (id, name): (Uuid, &Name),
    archived: bool,
    at: Time,
    by: &Label,
) -> Result<(), Error> {
    let r#type = match kind {
        CatalogKind::Component => EventType::ComponentUpdated,
        CatalogKind::Environment => EventType::EnvironmentUpdated,
    };
    let details = changes(
        &json!({"archived": !archived}),
        &json!({"archived": archived}),
    )?;
    let subject = Some((id, Some(name)));
    add_event(write, r#type, subject, Some(&details), (at, by));
    Ok(())
}

/// Adds the event of a component that was registered or deleted.
pub(super) fn add_component_event(
    write: &mut Write,
    r#type: EventType,
    component: &Component,
    at: Time,
    by: &Label,
) {
    let subject = Some((component.id, Some(&component.name)));
    add_event(write, r#type, subject, None, (at, by));
}

/// Adds the event of a changed component.
pub(super) fn add_component_change(
    write: &mut Write,
    (before, after): (&Component, &Component),
    at: Time,
    by: &Label,
) -> Result<(), Error> {
    let (subject, details) = ((after.id, Some(&after.name)), changes(before, after)?);
    let r#type = EventType::ComponentUpdated;
    add_event(write, r#type, Some(subject), Some(&details), (at, by));
    Ok(())
}

/// Adds the event of an environment that was registered or deleted.
pub(super) fn add_environment_event(
    write: &mut Write,
    r#type: EventType,
    environment: &Environment,
    at: Time,
    by: &Label,
) {
    let subject = Some((environment.id, Some(&environment.name)));
    add_event(write, r#type, subject, None, (at, by));
}

/// Adds the event of a changed environment.
pub(super) fn add_environment_change(
    write: &mut Write,
    (before, after): (&Environment, &Environment),
    at: Time,
    by: &Label,
) -> Result<(), Error> {
    let (subject, details) = ((after.id, Some(&after.name)), changes(before, after)?);
    let r#type = EventType::EnvironmentUpdated;
    add_event(write, r#type, Some(subject), Some(&details), (at, by));
    Ok(())
}

/// Adds the event of a changed order of environments.
pub(super) fn add_order_event(write: &mut Write, at: Time, by: &Label) {
    add_event(write, EventType::EnvironmentsOrdered, None, None, (at, by));
}

/// Adds the event of a wall.
pub(super) fn add_wall_event(
    write: &mut Write,
    r#type: EventType,
    wall: &Wall,
    at: Time,
    by: &Label,
) {
    let details = EventDetails::from_iter([
        ("id".to_owned(), json!(wall.id)),
        ("name".to_owned(), json!(wall.name)),
        ("view".to_owned(), json!(wall.view)),
    ]);
    let subject = Some((wall.id, None));
    add_event(write, r#type, subject, Some(&details), (at, by));
}

/// Adds the event of a pin.
pub(super) fn add_pin_event(
    write: &mut Write,
    r#type: EventType,
    pin: &Pin,
    (at, by): (Time, &Label),
) {
    let details = EventDetails::from_iter([
        ("id".to_owned(), json!(pin.id)),
        ("issuer".to_owned(), json!(pin.issuer)),
        ("rule".to_owned(), json!(pin.rule)),
        ("claim".to_owned(), json!(pin.claim)),
        ("name".to_owned(), json!(pin.name)),
        ("value".to_owned(), json!(pin.value)),
    ]);
    let subject = Some((pin.id, None));
    add_event(write, r#type, subject, Some(&details), (at, by));
}

/// Adds the event of an identity that was refused.
pub(super) fn add_refused_identity_event(write: &mut Write, refused: &RefusedIdentity, at: Time) {
    let fields = [
        ("issuer", json!(refused.issuer)),
        ("repository", json!(refused.repository)),
        ("why", json!(refused.why)),
    ];
    let present = fields.into_iter().filter(|(_, value)| !value.is_null());
    let (r#type, by) = (EventType::IdentityRefused, refused.name());
    add_event(write, r#type, None, Some(&details(present)), (at, by));
}

/// Adds the event of a token, with more about it than its names.
pub(super) fn add_token_event(
    write: &mut Write,
    r#type: EventType,
    token: &Token,
    more: impl IntoIterator<Item = (&'static str, Value)>,
    (at, by): (Time, &Label),
) {
    let names = [
        ("id", json!(token.id)),
        ("name", json!(token.name)),
        ("subject", json!(token.subject)),
    ];
    let details = details(names.into_iter().chain(more));
    let subject = Some((token.id, None));
    add_event(write, r#type, subject, Some(&details), (at, by));
}

/// Adds the event of a revocation.
pub(super) fn add_revocation_event(
    write: &mut Write,
    r#type: EventType,
    revocation: &Revocation,
    more: impl IntoIterator<Item = (&'static str, Value)>,
    (at, by): (Time, &Label),
) {
    let tokens = match &revocation.tokens {
        RevokedTokens::Jti(id) => ("jti", json!(id)),
        RevokedTokens::Subject(subject) => ("subject", json!(subject)),
    };
    let names = [("id", json!(revocation.id)), tokens];
    let details = details(names.into_iter().chain(more));
    let subject = Some((revocation.id, None));
    add_event(write, r#type, subject, Some(&details), (at, by));
}

fn details(fields: impl Iterator<Item = (&'static str, Value)>) -> EventDetails {
    let named = fields.map(|(name, value)| (name.to_owned(), value));
    named.collect()
}

/// Adds an event of the whole store.
pub(super) fn add_store_event(
    write: &mut Write,
    r#type: EventType,
    details: &EventDetails,
    at: Time,
    by: &Label,
) {
    add_event(write, r#type, None, Some(details), (at, by));
}

/// Adds the event of a removal of old deployments.
pub(super) fn add_removal_event(write: &mut Write, removal: &Removal, by: &Label) {
    let details = EventDetails::from_iter([
        ("removal".to_owned(), json!(removal.number)),
        ("deployments".to_owned(), json!(removal.deployments)),
        (
            "before".to_owned(),
            json!(clock::format(&removal.rule.before)),
        ),
        ("keepLast".to_owned(), json!(removal.rule.keep_last)),
    ]);
    let r#type = EventType::RetentionRemoved;
    add_store_event(write, r#type, &details, removal.removed_at, by);
}
