//! Random sequences of requests with a limited token: nothing outside its limits changes.

use std::collections::BTreeMap;

use deploytrack_tests::{
    answer::Answer,
    caller::Caller,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use fastrand::Rng;
use rstest::rstest;
use serde_json::{Value, json};

const DEPLOYMENTS: &str = "/api/v1/deployments";
const COMPONENTS: [&str; 5] = ["web-shop", "web-admin", "api", "billing", "my-web-shop"];
const ENVIRONMENTS: [&str; 4] = ["staging", "review/7", "production", "prestaging"];
/// Names that a request tries besides those that exist.
const OTHERS: [&str; 14] = [
    "WEB-SHOP",
    "Web-New",
    "web-",
    "web",
    "webshop",
    "API",
    "Staging",
    "staging2",
    "review/8",
    "review",
    "PRODUCTION",
    "web-*",
    "w\u{435}b-shop",
    "*",
];
const STATUSES: [&str; 5] = [
    "pending",
    "in_progress",
    "succeeded",
    "failed",
    "rolled_back",
];
const SEQUENCES: u64 = 12;
const REQUESTS: usize = 60;

/// Whether the limits of the token include a cell. It is written again here, without patterns.
fn is_inside(component: &str, environment: &str) -> bool {
    let (component, environment) = (component.to_lowercase(), environment.to_lowercase());
    component.starts_with("web-")
        && (environment == "staging" || environment.starts_with("review/"))
}

fn limited(server: &Server) -> Caller {
    let claims = json!({"sub": "limited", "roles": ["writer", "admin"], "components": ["web-*"], "environments": ["staging", "review/*"]});
    Caller::claiming(&server.url(), &claims)
}

/// Everything outside the limits, by what it is: deployments with their histories, cells, the catalog,
/// the audit, walls.
async fn outside(server: &Server) -> BTreeMap<String, Value> {
    let admin = server.admin();
    let mut all = BTreeMap::new();
    for skip in (0..).step_by(100) {
        let page = admin
            .get(&format!("{DEPLOYMENTS}?take=100&skip={skip}"))
            .await
            .expect(200);
        let page = page["data"].as_array().unwrap();
        for one in page {
            let name = |field: &str| one[field].as_str().unwrap();
            if !is_inside(name("componentName"), name("environmentName")) {
                let id = name("id");
                let history = admin
                    .get(&format!("{DEPLOYMENTS}/{id}/history"))
                    .await
                    .expect(200);
                all.insert(
                    format!("deployment {id}"),
                    json!({"deployment": one, "history": history}),
                );
            }
        }
        if page.len() < 100 {
            break;
        }
    }
    for row in admin
        .get("/api/v1/deployments/matrix")
        .await
        .expect(200)
        .as_array()
        .unwrap()
    {
        let component = row["componentName"].as_str().unwrap();
        for (environment, cell) in row["environments"].as_object().unwrap() {
            if !is_inside(component, environment) {
                all.insert(format!("cell {component} {environment}"), cell.clone());
            }
        }
    }
    for kind in ["components", "environments"] {
        let list = admin
            .get(&format!("/api/v1/{kind}?take=100"))
            .await
            .expect(200);
        for one in list["data"].as_array().unwrap() {
            let name = one["name"].as_str().unwrap();
            let (component, environment) = if kind == "components" {
                (name, "staging")
            } else {
                ("web-shop", name)
            };
            // A new name within the limits may be registered; one that existed may not change.
            let existed = COMPONENTS.contains(&name) || ENVIRONMENTS.contains(&name);
            if existed || !is_inside(component, environment) {
                all.insert(format!("{kind} {name}"), one.clone());
            }
        }
    }
    for path in [
        "/api/v1/walls",
        "/api/v1/audit?type=environment.updated&type=component.updated",
    ] {
        all.insert(path.to_owned(), admin.get(path).await.expect(200));
    }
    all
}

/// The ids of everything that exists, which a hostile writer may know.
struct Ids {
    deployments: Vec<String>,
    components: Vec<String>,
    environments: Vec<String>,
}

async fn given(server: &Server) -> Ids {
    let admin = server.admin();
    let mut deployments = Vec::new();
    for component in COMPONENTS {
        for (number, environment) in ENVIRONMENTS.into_iter().enumerate() {
            for status in [STATUSES[number % 4], "succeeded"] {
                let new = json!({"component": component, "environment": environment, "version": "v1", "status": status});
                let path = format!("{DEPLOYMENTS}?register=true");
                let recorded = admin.post(&path, &new).await.expect(201);
                deployments.push(recorded["id"].as_str().unwrap().to_owned());
            }
        }
    }
    let ids = async |kind: &str| {
        let list = admin
            .get(&format!("/api/v1/{kind}?take=100"))
            .await
            .expect(200);
        let list = list["data"].as_array().unwrap().clone();
        list.iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let archived = json!({"archived": true});
    let (components, environments): (Vec<String>, Vec<String>) =
        (ids("components").await, ids("environments").await);
    admin
        .patch(&format!("/api/v1/components/{}", components[0]), &archived)
        .await;
    Ids {
        deployments,
        components,
        environments,
    }
}

fn one<'a>(random: &mut Rng, all: &'a [String]) -> &'a str {
    &all[random.usize(0..all.len())]
}

fn name(random: &mut Rng, known: &[&'static str]) -> &'static str {
    let all = if random.u8(0..4) == 0 {
        &OTHERS[..]
    } else {
        known
    };
    all[random.usize(0..all.len())]
}

/// The names or the ids of a cell.
fn cell(random: &mut Rng, ids: &Ids) -> Value {
    let mut body = json!({});
    if random.bool() {
        body["component"] = json!(name(random, &COMPONENTS));
    } else {
        body["componentId"] = json!(one(random, &ids.components));
    }
    if random.bool() {
        body["environment"] = json!(name(random, &ENVIRONMENTS));
    } else {
        body["environmentId"] = json!(one(random, &ids.environments));
    }
    body
}

/// A random request: its method, its path, its media type and its body.
fn request(random: &mut Rng, ids: &Ids) -> (&'static str, String, &'static str, String) {
    const JSON: &str = "application/json";
    let status = STATUSES[random.usize(0..STATUSES.len())];
    let deployment = format!("{DEPLOYMENTS}/{}", one(random, &ids.deployments));
    let component = format!("/api/v1/components/{}", one(random, &ids.components));
    let environment = format!("/api/v1/environments/{}", one(random, &ids.environments));
    let past = format!("2020-01-{:02}T00:00:00Z", random.u8(1..28));
    let (method, path, body) = match random.u8(0..26) {
        0..=7 => {
            let mut body = cell(random, ids);
            body["version"] = json!(format!("v{}", random.u8(2..9)));
            body["status"] = json!(status);
            if random.u8(0..4) == 0 {
                body["occurredAt"] = json!(past);
            }
            let query = ["", "?register=true"][random.usize(0..2)];
            ("POST", format!("{DEPLOYMENTS}{query}"), body)
        }
        8..=12 => ("PATCH", deployment, json!({"status": status})),
        13 => (
            "PATCH",
            deployment,
            json!({"status": status, "occurredAt": past}),
        ),
        14 => {
            let mut body = cell(random, ids);
            body["status"] = json!(status);
            ("PATCH", deployment, body)
        }
        15..=17 => ("POST", format!("{deployment}/undeploy"), json!({})),
        18 => {
            let mut line = cell(random, ids);
            line["version"] = json!("v9");
            line["status"] = json!("succeeded");
            line["occurredAt"] = json!(past);
            let path = format!("{DEPLOYMENTS}/import");
            return ("POST", path, "application/x-ndjson", line.to_string());
        }
        19 => (
            "PATCH",
            component,
            json!({"name": name(random, &COMPONENTS)}),
        ),
        20 => (
            "PATCH",
            environment,
            json!({"name": name(random, &ENVIRONMENTS), "archived": random.bool()}),
        ),
        21 => (
            "DELETE",
            [component, environment][random.usize(0..2)].clone(),
            json!(null),
        ),
        22 => {
            let kind = ["components", "environments"][random.usize(0..2)];
            let action = ["", "/archive", "/order"][random.usize(0..3)];
            let body = json!({"name": name(random, &COMPONENTS), "names": ["web-shop", "api"], "environmentIds": ids.environments});
            (
                ["POST", "PUT"][random.usize(0..2)],
                format!("/api/v1/{kind}{action}"),
                body,
            )
        }
        23 => (
            "POST",
            "/api/v1/walls".to_owned(),
            json!({"name": "mine", "view": ""}),
        ),
        24 => (
            "POST",
            "/api/v1/retention".to_owned(),
            json!({"olderThan": "1d"}),
        ),
        _ => ("DELETE", "/api/v1/walls/office".to_owned(), json!(null)),
    };
    (method, path, JSON, body.to_string())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sequence_of_requests_changes_anything_outside_the_limits(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let wall = json!({"name": "office", "view": ""});
    server
        .admin()
        .post("/api/v1/walls", &wall)
        .await
        .expect(201);
    let ids = given(&server).await;
    let (admin, limited) = (server.admin(), limited(&server));
    // The answers of another caller are stored under these keys.
    for key in 0..3 {
        let body =
            json!({"component": "api", "environment": "production", "version": format!("k{key}")});
        let key = format!("\"key-{key}\"");
        admin
            .send_with(
                "POST",
                DEPLOYMENTS,
                &[("idempotency-key", &key)],
                body.to_string(),
            )
            .await
            .expect(201);
    }
    let mut accepted = 0;
    for seed in 0..SEQUENCES {
        let mut random = Rng::with_seed(seed);
        let before = outside(&server).await;
        let mut log = Vec::new();
        for _ in 0..REQUESTS {
            let (method, path, media, body) = request(&mut random, &ids);
            let mut sent = limited
                .request(method, &path)
                .header("content-type", media)
                .body(body.clone());
            if random.u8(0..5) == 0 {
                sent = sent.header("idempotency-key", format!("\"key-{}\"", random.u8(0..6)));
            }
            let answer = Answer::of(sent.send().await.unwrap()).await;
            assert!(
                answer.status < 500,
                "{method} {path} {body}: {}",
                answer.body
            );
            accepted += u32::from(answer.status < 300);
            log.push(format!("{} {method} {path} {body}", answer.status));
        }
        let after = outside(&server).await;
        for (what, value) in &after {
            assert_eq!(
                before.get(what),
                Some(value),
                "{what}, seed {seed}:\n{}",
                log.join("\n")
            );
        }
        assert_eq!(
            before.len(),
            after.len(),
            "seed {seed}:\n{}",
            log.join("\n")
        );
    }
    assert!(
        accepted > 20,
        "the requests within the limits are accepted: {accepted}"
    );
    assert_eq!(admin.get("/api/v1/verify").await.expect(200)["ok"], true);
}
