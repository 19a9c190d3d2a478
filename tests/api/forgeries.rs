//! Forgeries: tokens that nobody issued, and requests that no caller may send. Each one is refused,
//! writes nothing, and makes the server fetch nothing.

use std::collections::BTreeMap;

use deploytrack_server::token::{Key, Secret};
use deploytrack_tests::{
    answer::Answer,
    caller::{Caller, SECRET, seconds},
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

mod claims;
mod headers;
mod keys;
mod roles;
mod routes;
mod shapes;

use self::keys::Keys;

const DEPLOYMENTS: &str = "/api/v1/deployments";
const ISSUER: &str = "https://issuer.example.com";
const AUDIENCE: &str = "https://deploytrack.example.com";

/// A token that must be refused.
struct Forgery {
    name: String,
    token: String,
}

impl Forgery {
    fn new(name: impl Into<String>, token: String) -> Self {
        Self {
            name: name.into(),
            token,
        }
    }
}

/// A server with an issuer, an audience, keys of all kinds, and some data that a write could change.
struct World {
    database: Database,
    server: Server,
    keys: Keys,
    /// The id of a deployment that is in progress.
    deployment: String,
    component: String,
    environment: String,
}

impl World {
    async fn new(kind: DatabaseKind) -> Option<Self> {
        let database = kind.create().await?;
        let keys = Keys::new();
        let tracker = database.tracker().await;
        let secret = Secret::new(SECRET.as_bytes().to_vec()).unwrap();
        let secret = secret
            .with_issuer_and_audience(Some(ISSUER.to_owned()), Some(AUDIENCE.to_owned()))
            .accepting(Key::in_file(keys.public_set().as_bytes()).unwrap());
        let server = Server::of_app(deploytrack_server::App::new(tracker, &secret));
        let admin = Caller::new(&server.url(), Some(good_token()));
        let new = json!({"component": "web-shop", "environment": "staging", "version": "v1"});
        let recorded = admin.record(new).await;
        let id = |field: &str| recorded[field].as_str().unwrap().to_owned();
        admin.advance(&id("id"), "in_progress").await;
        let wall = json!({"name": "office", "view": ""});
        admin.post("/api/v1/walls", &wall).await.expect(201);
        Some(Self {
            deployment: id("id"),
            component: id("componentId"),
            environment: id("environmentId"),
            database,
            server,
            keys,
        })
    }

    fn with_token(&self, token: &str) -> Caller {
        Caller::new(&self.server.url(), Some(token.to_owned()))
    }

    /// Everything in the database.
    async fn contents(&self) -> BTreeMap<String, Vec<String>> {
        self.database.contents().await
    }

    /// Sends a read and two writes that would succeed with a valid token.
    async fn attack(&self, token: &str) -> [Answer; 3] {
        let caller = self.with_token(token);
        let new = json!({"component": "web-shop", "environment": "staging", "version": "v2"});
        let one = format!("{DEPLOYMENTS}/{}", self.deployment);
        [
            caller.get(DEPLOYMENTS).await,
            caller.post(DEPLOYMENTS, &new).await,
            caller.patch(&one, &json!({"status": "succeeded"})).await,
        ]
    }
}

/// The claims of a token that may do everything.
fn good_claims() -> Value {
    let now = seconds();
    json!({"sub": "ci-bot", "iat": now, "exp": now + 3600, "iss": ISSUER, "aud": AUDIENCE, "roles": ["admin"]})
}

fn good_token() -> String {
    keys::signed(r#"{"alg":"HS256","typ":"JWT"}"#, &good_claims().to_string())
}

/// All forged tokens.
fn all(keys: &Keys, fetched_from: &str) -> Vec<Forgery> {
    let mut all = headers::forgeries(keys, fetched_from);
    all.extend(claims::forgeries());
    all.extend(shapes::forgeries());
    all
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_forged_token_reads_writes_or_fetches_anything(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(world) = World::new(kind).await else {
        return;
    };
    let trap = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let forgeries = all(
        &world.keys,
        &format!("http://{}", trap.local_addr().unwrap()),
    );
    let names: std::collections::BTreeSet<_> = forgeries.iter().map(|one| &one.name).collect();
    assert_eq!(names.len(), forgeries.len(), "each name is used once");
    assert!(forgeries.len() >= 300, "{} forgeries", forgeries.len());
    let before = world.contents().await;
    let mut accepted = Vec::new();
    for Forgery { name, token } in &forgeries {
        for answer in world.attack(token).await {
            if answer.status != 401 || answer.json()["code"] == Value::Null {
                accepted.push(format!("{name}: {}", answer.status));
            }
        }
    }
    assert_eq!(accepted, Vec::<String>::new());
    assert_eq!(world.contents().await, before, "nothing is written");
    assert!(trap.accept().is_err(), "nothing is fetched");
    let [read, recorded, updated] = world.attack(&good_token()).await;
    let statuses = [read.status, recorded.status, updated.status];
    assert_eq!(statuses, [200, 201, 200], "the requests are good ones");
    for token in world.keys.good_tokens() {
        assert_eq!(world.with_token(&token).get(DEPLOYMENTS).await.status, 200);
    }
}
