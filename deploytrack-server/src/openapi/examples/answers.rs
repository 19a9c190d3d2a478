//! The answers that have more than one record.

use std::fmt::Write as _;

use deploytrack_core::{
    api::{ImportCounts, ImportLine},
    archive::{ArchiveOutcome, ArchivedName},
    daily::DayCounts,
    digest::Digest,
    error::Error,
    event::{Event, EventDeployment, EventName, EventType, Position},
    history::HistoryEntry,
    ids::IdMatches,
    matrix::{Cells, Gap, GapState, Row},
    query::{Cursor, Links, ListKey, Order, Page},
    retention::{CellPreview, RemovalOutcome, RetentionPreview},
    session::{Login, LoginCode},
    token::{TokenSecret, TokenWithSecret},
    verification::Verification,
    wall::WallLink,
};
use serde_json::{Value, json};

use super::world::{
    NOW, Recorded, STORE, ada, checkout_in_production, ci_token, components, environments, failed,
    in_production, office, parsed, revocation, staging, succeeded, time, user_service,
};
use crate::badge::Badge;

/// A page with the first records of a list.
pub(super) fn page<T>(data: Vec<T>, total: u64, next: Option<String>) -> Page<T> {
    Page {
        take: if next.is_some() { 2 } else { 20 },
        data,
        total,
        skip: 0,
        next,
        links: Links::default(),
    }
}

/// The first page of the deployments, newest first.
pub(crate) fn page_of_deployments() -> Value {
    let link = format!("?take=2&cursor={}", cursor());
    let newest = vec![failed().deployment, succeeded().deployment];
    json!(page(newest, 4, Some(link)))
}

/// The cursor of the next page.
pub(super) fn cursor() -> Cursor {
    Cursor::OlderThan(ListKey::of(Order::Created, &succeeded().deployment))
}

pub(crate) fn page_of_components() -> Value {
    json!(page(components(), 2, None))
}

pub(crate) fn page_of_environments() -> Value {
    json!(page(environments(), 3, None))
}

pub(crate) fn page_of_walls() -> Value {
    json!(page(vec![office()], 1, None))
}

pub(crate) fn page_of_tokens() -> Value {
    json!(page(vec![ci_token()], 1, None))
}

pub(crate) fn token_with_secret() -> Value {
    let mut token = ci_token();
    (token.rotated_at, token.former_ends_at) = (None, None);
    token.last_used_at = None;
    let secret = secret_of_token();
    json!(TokenWithSecret { token, secret })
}

/// A secret with a valid checksum, which no server knows.
fn secret_of_token() -> String {
    let bytes = Digest::of(b"an example");
    TokenSecret::of(*bytes.as_bytes()).expose().to_owned()
}

pub(crate) fn rotated_token() -> Value {
    let (token, secret) = (ci_token(), secret_of_token());
    json!(TokenWithSecret { token, secret })
}

pub(crate) fn page_of_revocations() -> Value {
    json!(page(vec![revocation()], 1, None))
}

/// The ids with the beginning of one deployment, and with one that no deployment has.
pub(crate) fn ids() -> Value {
    let found = succeeded().deployment.id;
    let [unique, none] = [found.to_string()[..18].to_owned(), "0192ffff".to_owned()];
    let of = |prefix: String, ids| IdMatches {
        prefix: parsed(&prefix),
        ids,
    };
    json!([of(unique, vec![found]), of(none, Vec::new())])
}

/// The matrix, compared as with `gaps=true`.
pub(crate) fn matrix() -> Value {
    let row = |cells: &[Recorded]| {
        let of = cells.first().map(|one| &one.deployment)?;
        Some(Row {
            component_id: of.component_id,
            component_name: of.component_name.clone(),
            environments: cells.iter().map(Recorded::cell).collect::<Cells>(),
        })
    };
    let rows = [
        row(&[checkout_in_production()]),
        row(&[succeeded(), in_production()]),
    ];
    let mut rows = json!(rows);
    let gap = Gap {
        against: staging().name,
        state: GapState::Behind,
        versions: Some(1),
    };
    rows[1]["environments"]["production"]["gap"] = json!(gap);
    rows
}

/// The current deployments of `user-service`.
pub(crate) fn latest() -> Value {
    json!([succeeded().deployment, in_production().deployment])
}

pub(crate) fn unsettled() -> Value {
    json!([failed().deployment])
}

pub(crate) fn history() -> Value {
    json!(succeeded().history)
}

pub(crate) fn days() -> Value {
    let day = |date, succeeded, failed| DayCounts {
        date: parsed(date),
        succeeded,
        failed,
        rolled_back: 0,
    };
    json!([
        day("2026-11-20", 1, 0),
        day("2026-11-21", 0, 0),
        day("2026-11-22", 0, 0),
        day("2026-11-23", 1, 1),
    ])
}

/// A deployment in the form of imports and exports, with its history.
fn line(recorded: Recorded) -> ImportLine {
    ImportLine::of(recorded.deployment, &recorded.history)
}

/// A line of an import, and the lines of an import or export.
pub(crate) fn import_line() -> Value {
    json!(line(succeeded()))
}

pub(crate) fn import_lines() -> Value {
    let lines = [in_production(), succeeded()].map(|one| json!(line(one)).to_string());
    json!(lines.join("\n") + "\n")
}

pub(crate) fn imported() -> Value {
    let counts = ImportCounts {
        recorded: 1,
        skipped: 1,
    };
    json!(counts)
}

/// The event of the last row of a history.
fn event(id: i64, recorded: Recorded) -> Option<Event> {
    let of = recorded.deployment;
    let transition: HistoryEntry = recorded.history.last()?.clone();
    Some(Event {
        id,
        r#type: EventType::DeploymentTransitioned,
        recorded_at: transition.recorded_at,
        recorded_by: transition.recorded_by.clone(),
        deployment: Some(EventDeployment {
            id: of.id,
            component_id: of.component_id,
            component_name: of.component_name,
            environment_id: of.environment_id,
            environment_name: of.environment_name,
            version: of.version,
            deployed_by: of.deployed_by,
            commit_sha: of.commit_sha,
        }),
        transition: Some(transition),
        component: None,
        environment: None,
        details: None,
    })
}

/// The event of a new owner.
fn new_owner() -> Event {
    let component = user_service();
    let details = json!({"changes": {"owner": {"from": "accounts", "to": component.owner}}});
    Event {
        id: 42,
        r#type: EventType::ComponentUpdated,
        recorded_at: time("2026-11-23T18:43:21.008Z"),
        recorded_by: ada(),
        deployment: None,
        transition: None,
        component: Some(EventName {
            id: component.id,
            name: component.name,
        }),
        environment: None,
        details: details.as_object().cloned(),
    }
}

/// The event of a new wall.
fn new_wall() -> Event {
    let wall = office();
    let details = json!({"id": wall.id, "name": wall.name, "view": wall.view});
    Event {
        id: 40,
        r#type: EventType::WallCreated,
        recorded_at: wall.created_at,
        recorded_by: wall.created_by,
        component: None,
        details: details.as_object().cloned(),
        ..new_owner()
    }
}

pub(crate) fn audit() -> Value {
    json!(page(vec![new_owner(), new_wall()], 2, None))
}

/// The beginning of an event stream: its position, two events, and the sign of life.
pub(crate) fn event_stream() -> Value {
    let id = |number| Position {
        number,
        store: Some(STORE),
    };
    let mut text = format!("retry: 2000\nid: {}\n\n", id(40));
    for event in event(41, failed()).into_iter().chain([new_owner()]) {
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "id: {}\nevent: {}\ndata: {}\n\n",
            id(event.id),
            event.r#type,
            json!(event)
        );
    }
    json!(format!("{text}: heartbeat\nid: {}\n\n", id(42)))
}

pub(crate) fn archived() -> Value {
    let name = ArchivedName {
        id: parsed("01a19bb3-9500-70ff-b29d-0da9953f48f1"),
        name: parsed("review/1207"),
        last_deployed_at: Some(time("2026-11-04T15:20:11.530Z")),
    };
    let outcome = ArchiveOutcome {
        data: vec![name],
        remaining: 0,
    };
    json!(outcome)
}

pub(crate) fn verification() -> Value {
    let verification = Verification {
        ok: true,
        empty: false,
        deployments: 4,
        entries: 12,
        removed: 0,
        cells: 3,
        found: 0,
        differences: Vec::new(),
    };
    json!(verification)
}

/// The refusal of a request that names a removed deployment.
pub(crate) fn removed() -> Error {
    let of = succeeded().deployment;
    Error::Removed {
        id: of.id,
        version: of.version,
        removed_at: time("2026-11-23T18:45:02.000Z"),
        before: time("2024-11-23T18:45:00.000Z"),
    }
}

pub(crate) fn retention_preview() -> Value {
    let of = succeeded().deployment;
    let (oldest, newest) = (
        time("2021-03-02T09:14:06.000Z"),
        time("2024-11-21T16:40:57.000Z"),
    );
    let cell = CellPreview {
        component_id: of.component_id,
        component_name: of.component_name,
        environment_id: of.environment_id,
        environment_name: of.environment_name,
        deployments: 312,
        retained: 97,
        oldest,
        newest,
    };
    let preview = RetentionPreview {
        before: time("2024-11-23T18:45:00.000Z"),
        keep_last: 20,
        deployments: 312,
        retained: 402,
        cell_count: 1,
        cells: vec![cell],
        tag: Digest::of(b"312"),
    };
    json!(preview)
}

pub(crate) fn removal_request() -> Value {
    let preview = retention_preview();
    json!({"before": preview["before"], "keepLast": preview["keepLast"], "tag": preview["tag"]})
}

pub(crate) fn removal_outcome() -> Value {
    let outcome = RemovalOutcome {
        deployments: 312,
        entries: 941,
        retained: 0,
        last_removal: Some(2),
    };
    json!(outcome)
}

pub(crate) fn login() -> Value {
    let login = Login {
        subject: ada(),
        role: "reader".to_owned(),
        expires_at: Some(time("2026-11-24T06:45:00.000Z")),
        wall: None,
    };
    json!(login)
}

pub(crate) fn login_code() -> Value {
    let code = LoginCode {
        code: "dtc_kQ3v0mWc1yR8hZ5tPq2LxA9dE7sBfN4uJgV6oYiTlCw".to_owned(),
        expires_at: time("2026-11-23T18:46:00.000Z"),
    };
    json!(code)
}

pub(crate) fn wall_link() -> Value {
    let mut wall = office();
    wall.last_seen_at = None;
    let link = WallLink {
        wall,
        secret: "dtw_Zp6sLr1eXk9QvB3nHc7TmY2wJd5FgUa8oKiE0RtVyPx".to_owned(),
    };
    json!(link)
}

/// The badge of `user-service` in staging.
pub(crate) fn badge() -> Value {
    let of = succeeded();
    let (environment, cell) = of.cell();
    json!(
        Badge::current(
            &of.deployment.component_name,
            &environment,
            &cell,
            time(NOW)
        )
        .svg()
    )
}
