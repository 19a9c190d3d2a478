//! Every path of the table of endpoints with every method: without a right to it, each is refused. The
//! list comes from the OpenAPI document, which the server makes from the table.

use deploytrack_tests::{
    answer::Answer,
    caller::Caller,
    database::DatabaseKind::{self, Postgres, Sqlite},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{World, good_claims, keys::signed};

const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get",
];
/// The paths that need a token and are no operations of the API.
const BESIDE: [&str; 2] = ["/metrics", "/metrics/cells"];

/// A path with the ids of records that exist, and its operations.
struct Route {
    path: String,
    operations: Value,
}

impl Route {
    fn operation(&self, method: &str) -> &Value {
        // HEAD is answered as GET is.
        let method = if method == "HEAD" { "GET" } else { method };
        let is_known = method.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_known {
            &self.operations[method.to_lowercase()]
        } else {
            &Value::Null
        }
    }

    fn needs_token(&self, method: &str) -> bool {
        self.operation(method)["security"].is_array()
    }

    /// The media type and the example of the body.
    fn body(&self, method: &str) -> (String, String) {
        let content = self.operation(method)["requestBody"]["content"].as_object();
        let Some((media, content)) = content.and_then(|content| content.iter().next()) else {
            return ("application/json".to_owned(), "{}".to_owned());
        };
        let example = match &content["example"] {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        (media.clone(), example)
    }

    async fn send(&self, caller: &Caller, method: &str) -> Answer {
        let (media, body) = self.body(method);
        let request = caller
            .request(method, &self.path)
            .header("content-type", media);
        let request = if method == "TRACE" {
            request
        } else {
            request.body(body)
        };
        Answer::of(request.send().await.unwrap()).await
    }
}

async fn routes(world: &World) -> Vec<Route> {
    let document = world
        .server
        .anonymous()
        .get("/api/v1/openapi.json")
        .await
        .expect(200);
    let paths = document["paths"].as_object().unwrap();
    let route = |(path, operations): (&String, &Value)| {
        let id = if path.contains("components") {
            &world.component
        } else if path.contains("environments") {
            &world.environment
        } else {
            &world.deployment
        };
        let path = path
            .replace("{id}", id)
            .replace("{wall}", "office")
            .replace("{component}", "web-shop")
            .replace("{environment}", "staging");
        assert!(
            !path.contains('{'),
            "{path} has a placeholder that this test does not know"
        );
        // A stream of events would have no end; this parameter is wrong.
        let query = if path.ends_with("/events") {
            "?after=none"
        } else {
            ""
        };
        Route {
            path: path + query,
            operations: operations.clone(),
        }
    };
    let beside = BESIDE.map(|path| Route {
        path: path.to_owned(),
        operations: json!({"get": {"security": [], "responses": {}}}),
    });
    paths.iter().map(route).chain(beside).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_path_refuses_every_method_of_a_caller_without_a_valid_token(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(world) = World::new(kind).await else {
        return;
    };
    let before = world.contents().await;
    let url = world.server.url();
    let callers = [
        Caller::anonymous(&url),
        Caller::forged(&url),
        Caller::expired(&url),
        Caller::admin(&url),
    ];
    let (mut refused, mut open) = (0, 0);
    for route in routes(&world).await {
        for method in METHODS {
            // The harness' admin has no issuer and no audience.
            for caller in &callers {
                let answer = route.send(caller, method).await;
                let known = !route.operation(method).is_null();
                let expected: &[u16] = match method {
                    _ if known && route.needs_token(method) => &[401],
                    _ if known => &[200, 204, 304, 400, 401, 404],
                    "OPTIONS" => &[204, 404],
                    _ => &[404, 405],
                };
                assert!(
                    expected.contains(&answer.status),
                    "{method} {}: {}",
                    route.path,
                    answer.status
                );
                refused += u32::from(answer.status == 401);
                open += u32::from(answer.status == 200);
            }
        }
    }
    assert!(refused > 150 && open < 60, "{refused} refused, {open} open");
    assert_eq!(world.contents().await, before, "nothing is written");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_refuses_a_caller_without_the_role(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(world) = World::new(kind).await else {
        return;
    };
    let of_roles = |roles: Value, limits: Value| {
        let mut claims = good_claims();
        claims["roles"] = roles;
        for (name, value) in limits.as_object().unwrap() {
            claims[name] = value.clone();
        }
        world.with_token(&signed(r#"{"alg":"HS256"}"#, &claims.to_string()))
    };
    let nothing = json!({"components": [], "environments": []});
    let callers = [
        ("a reader", of_roles(json!(["reader"]), json!({}))),
        (
            "a writer that may write nothing",
            of_roles(json!(["writer"]), nothing.clone()),
        ),
        (
            "an admin that may write nothing",
            of_roles(json!(["admin"]), nothing),
        ),
    ];
    let before = world.contents().await;
    let mut refused = 0;
    for route in routes(&world).await {
        for method in METHODS {
            let operation = route.operation(method);
            if operation["responses"]["403"].is_null() || !route.needs_token(method) {
                continue;
            }
            for (who, caller) in &callers {
                let answer = route.send(caller, method).await;
                assert_eq!(
                    answer.status, 403,
                    "{who}: {method} {}: {}",
                    route.path, answer.body
                );
                refused += 1;
            }
        }
    }
    assert!(refused > 60, "{refused}");
    assert_eq!(world.contents().await, before, "nothing is written");
}
