//! The records of the small world.

use std::{fmt::Debug, str::FromStr};

use deploytrack_core::{
    catalog::{Component, Environment, EnvironmentType},
    clock::{self, Time},
    deployment::{Deployment, Metadata},
    history::{self, HistoryEnd, HistoryEntry, NewEntry},
    matrix::Cell,
    revocation::{Revocation, RevokedTokens},
    role::Role,
    status::Status::{self, Failed, InProgress, Pending, Succeeded},
    text::{Label, Name},
    token::Token,
    wall::Wall,
};
use uuid::Uuid;

/// The ids of the records.
pub(crate) const USER_SERVICE: &str = "019cad9a-1dd5-726b-b2a7-4de452e6b438";
const CHECKOUT: &str = "019cad9a-5a7b-70c6-a6a3-a4506513270e";
const DEVELOPMENT: &str = "019cad98-e87e-7893-923f-0824128b2f33";
pub(crate) const STAGING: &str = "019cad98-e92a-7951-9d9d-c9f81818e811";
const PRODUCTION: &str = "019cad98-e9d7-781f-a8e2-5d940ed90475";
const USER_SERVICE_IN_PRODUCTION: &str = "01a1f83b-f806-7160-8999-50d836f675cc";
pub(crate) const USER_SERVICE_IN_STAGING: &str = "01a209ac-3c79-711d-ab0d-549b6f03675a";
const CHECKOUT_IN_PRODUCTION: &str = "01a1eec0-afd0-78d0-9738-f7d93d9c1724";
const CHECKOUT_IN_STAGING: &str = "01a209b5-4091-7d38-8f21-ddb66cad4a26";
/// The ids of a token and of a revocation.
pub(crate) const CI_TOKEN: &str = "019eca3e-2190-7a31-8c44-5be1f2d09a7e";
pub(crate) const REVOCATION: &str = "019ab1d8-fb40-7d62-b1c9-30a4e8f6d215";
const OFFICE: &str = "019eca3e-2190-7f28-9fb1-7c2390c192cf";
/// The id of the store.
pub(crate) const STORE: Uuid = Uuid::from_u128(0x7c1d_2a7e_93b4_4f06_a5d8_1e0f_6b92_c374);
/// An id that no record has.
pub(crate) const UNKNOWN: &str = "01a209b9-c7e0-7a0a-a170-b33839263059";

/// The present of the examples.
pub(crate) const NOW: &str = "2026-11-23T18:45:00.000Z";
/// The id of a request.
pub(crate) const REQUEST_ID: &str = "01a209b9-c7e0-7d51-8f3a-6b0c2e94d718";
const CI: &str = "ci-bot";

/// A value from its text.
#[expect(
    clippy::expect_used,
    reason = "all texts are constants of this folder, and a test builds every example"
)]
pub(crate) fn parsed<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect(text)
}

/// A time from its text.
pub(super) fn time(text: &str) -> Time {
    clock::parse(text).unwrap_or_default()
}

fn component(id: &str, name: &str, owner: &str, created_at: &str) -> Component {
    Component {
        id: parsed(id),
        name: parsed(name),
        description: None,
        owner: Some(parsed(owner)),
        kind: Some(parsed("service")),
        lifecycle: Some(parsed("production")),
        archived: false,
        archived_at: None,
        created_at: time(created_at),
        updated_at: time(created_at),
    }
}

pub(crate) fn user_service() -> Component {
    component(
        USER_SERVICE,
        "user-service",
        "team-identity",
        "2026-03-02T08:11:24.501Z",
    )
}

pub(crate) fn checkout() -> Component {
    component(
        CHECKOUT,
        "checkout",
        "team-payments",
        "2026-03-02T08:11:40.027Z",
    )
}

/// The components, in the order of their names.
pub(crate) fn components() -> Vec<Component> {
    vec![checkout(), user_service()]
}

fn environment(id: &str, r#type: EnvironmentType, order: i64, created_at: &str) -> Environment {
    Environment {
        id: parsed(id),
        name: parsed(r#type.as_str()),
        description: None,
        r#type,
        order,
        archived: false,
        archived_at: None,
        created_at: time(created_at),
        updated_at: time(created_at),
    }
}

pub(crate) fn staging() -> Environment {
    let (r#type, created_at) = (EnvironmentType::Staging, "2026-03-02T08:10:05.482Z");
    environment(STAGING, r#type, 2, created_at)
}

pub(crate) fn production() -> Environment {
    let (r#type, created_at) = (EnvironmentType::Production, "2026-03-02T08:10:05.655Z");
    environment(PRODUCTION, r#type, 3, created_at)
}

/// The environments, in their order.
pub(crate) fn environments() -> Vec<Environment> {
    let (r#type, created_at) = (EnvironmentType::Development, "2026-03-02T08:10:05.310Z");
    let development = environment(DEVELOPMENT, r#type, 1, created_at);
    vec![development, staging(), production()]
}

/// A deployment and its history.
pub(crate) struct Recorded {
    pub(crate) deployment: Deployment,
    pub(crate) history: Vec<HistoryEntry>,
}

impl Recorded {
    /// A deployment that entered these statuses at these times. The numbers of its history begin
    /// with `sequence`.
    fn new(
        id: &str,
        (component, environment): (Component, Environment),
        (version, commit): (&str, &str),
        statuses: &[(Status, &str)],
        sequence: i64,
    ) -> Self {
        let created_at = statuses.first().map(|(_, at)| time(at)).unwrap_or_default();
        let deployment = Deployment {
            id: parsed(id),
            component_id: component.id,
            component_name: component.name,
            environment_id: environment.id,
            environment_name: environment.name,
            version: parsed(version),
            status: Pending,
            attempt: 1,
            deployed_by: parsed(CI),
            commit_sha: Some(parsed(commit)),
            description: None,
            metadata: Metadata::default(),
            created_at,
            updated_at: created_at,
            started_at: None,
            finished_at: None,
            succeeded_at: None,
            occurred_at: created_at,
            origin: None,
            removed_at: None,
        };
        let recorded = Self {
            deployment,
            history: Vec::new(),
        };
        (sequence..)
            .zip(statuses)
            .fold(recorded, |recorded, (sequence, (status, at))| {
                recorded.then(sequence, *status, time(at))
            })
    }

    /// Adds a transition, as the server does.
    fn then(mut self, sequence: i64, status: Status, at: Time) -> Self {
        let last = self.history.last();
        let end = HistoryEnd {
            status: last.map(|entry| entry.to),
            attempt: self.deployment.attempt,
            head_hash: last.map_or_else(|| history::identity(&self.deployment), |entry| entry.hash),
        };
        let entry = NewEntry {
            to: Some(status),
            occurred_at: at,
            claimed_at: None,
            origin: None,
            recorded_at: at,
            recorded_by: parsed(CI),
            reason: (status == Failed).then(|| parsed("exit code 3")),
        };
        self.history.extend(end.continued(entry, sequence));
        if let Some(state) = history::fold(&self.history) {
            state.apply_to(&mut self.deployment);
        }
        self.deployment.updated_at = at;
        self
    }

    /// The cell in which the deployment is current.
    pub(super) fn cell(&self) -> (Name, Cell) {
        let deployment = self.deployment.clone();
        let cell = Cell {
            version: deployment.version,
            deployed_at: deployment.succeeded_at.unwrap_or_default(),
            deployment_id: deployment.id,
            deployed_by: deployment.deployed_by,
            commit_sha: deployment.commit_sha,
            gap: None,
        };
        (deployment.environment_name, cell)
    }
}

/// The deployment that most examples show, after its first `statuses` of three statuses.
fn in_staging(statuses: usize) -> Recorded {
    let all = [
        (Pending, "2026-11-23T18:30:12.345Z"),
        (InProgress, "2026-11-23T18:30:14.120Z"),
        (Succeeded, "2026-11-23T18:32:00.000Z"),
    ];
    let version = ("v2.3.1", "ed52224b8e1a7f60c3d94f2e5b70a9186c4d3f21");
    Recorded::new(
        USER_SERVICE_IN_STAGING,
        (user_service(), staging()),
        version,
        all.get(..statuses).unwrap_or(&all),
        7,
    )
}

/// `user-service` in staging, directly after it was recorded.
pub(crate) fn pending() -> Deployment {
    in_staging(1).deployment
}

/// The same, while it runs.
pub(crate) fn in_progress() -> Deployment {
    in_staging(2).deployment
}

/// The same, which is current.
pub(crate) fn succeeded() -> Recorded {
    in_staging(3)
}

/// `user-service` in production, which is current.
pub(crate) fn in_production() -> Recorded {
    let all = [
        (Pending, "2026-11-20T09:14:02.118Z"),
        (InProgress, "2026-11-20T09:14:05.440Z"),
        (Succeeded, "2026-11-20T09:16:31.902Z"),
    ];
    Recorded::new(
        USER_SERVICE_IN_PRODUCTION,
        (user_service(), production()),
        ("v2.3.0", "a41d0c7725be93f4480c6e1d5f9a2b37e8c60d14"),
        &all,
        4,
    )
}

/// `checkout` in production, which is current.
pub(crate) fn checkout_in_production() -> Recorded {
    let all = [
        (Pending, "2026-11-18T13:02:47.760Z"),
        (InProgress, "2026-11-18T13:02:51.033Z"),
        (Succeeded, "2026-11-18T13:04:20.515Z"),
    ];
    Recorded::new(
        CHECKOUT_IN_PRODUCTION,
        (checkout(), production()),
        ("v1.7.2", "5c9e81f2d6a03b47"),
        &all,
        1,
    )
}

/// `checkout` in staging, which failed.
pub(crate) fn failed() -> Recorded {
    let all = [
        (Pending, "2026-11-23T18:40:03.217Z"),
        (InProgress, "2026-11-23T18:40:05.902Z"),
        (Failed, "2026-11-23T18:41:10.644Z"),
    ];
    Recorded::new(
        CHECKOUT_IN_STAGING,
        (checkout(), staging()),
        ("v1.8.0", "f07b3c9ad1e25864"),
        &all,
        10,
    )
}

/// The wall in the office.
pub(crate) fn office() -> Wall {
    Wall {
        id: parsed(OFFICE),
        name: parsed("office"),
        view: parsed("env=production"),
        created_by: ada(),
        created_at: time("2026-06-15T07:45:30.000Z"),
        last_seen_at: Some(time("2026-11-23T18:40:00.000Z")),
    }
}

/// The token of the CI, which was rotated.
pub(crate) fn ci_token() -> Token {
    Token {
        id: parsed(CI_TOKEN),
        name: parsed("ci-bot"),
        subject: parsed("ci-bot"),
        role: Role::Writer,
        components: Some(vec![parsed("web-*")]),
        environments: Some(vec![parsed("staging"), parsed("production")]),
        created_by: ada(),
        created_at: time("2026-06-15T07:45:30.000Z"),
        expires_at: time("2026-12-12T08:00:00.000Z"),
        rotated_at: Some(time("2026-09-13T08:00:00.000Z")),
        former_ends_at: Some(time("2026-09-13T09:00:00.000Z")),
        last_used_at: Some(time("2026-11-23T18:40:00.000Z")),
        revoked_at: None,
    }
}

/// The revocation of the tokens of a person.
pub(crate) fn revocation() -> Revocation {
    Revocation {
        id: parsed(REVOCATION),
        tokens: RevokedTokens::Subject(parsed("grace")),
        created_by: ada(),
        created_at: time("2026-11-23T18:30:00.000Z"),
    }
}

/// The subject of the token of a person.
pub(crate) fn ada() -> Label {
    parsed("ada")
}
