//! Walls: links that show one view of the matrix, `/api/v1/walls`.

use std::time::Duration;

use deploytrack_core::wall::MOST;
use deploytrack_server::{App, token::Secret};
use deploytrack_tests::{
    answer::Answer,
    caller::Caller,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::sessions::{MATRIX, SESSION, cookie, exchange, logged_in, reads, with_cookie};

const WALLS: &str = "/api/v1/walls";
/// What the page of a wall reads.
const SHOWN: [&str; 8] = [
    "/api/v1/deployments",
    MATRIX,
    "/api/v1/deployments/unsettled",
    "/api/v1/deployments/daily",
    "/api/v1/events",
    SESSION,
    "/api/v1/components",
    "/api/v1/environments",
];

/// Creates a wall and returns the secret of its link.
async fn link(server: &Server, name: &str) -> String {
    let body = json!({"name": name, "view": "env=production"});
    let wall = server.admin().post(WALLS, &body).await.expect(201);
    wall["secret"].as_str().unwrap().to_owned()
}

/// The cookie of a browser that opened the link of a wall.
async fn opened(server: &Server, secret: &str) -> String {
    let answer = exchange(server, secret, "", "").await;
    answer.expect(200);
    cookie(&answer).0
}

async fn revoke(server: &Server, which: &str) {
    let answer = server
        .admin()
        .call("DELETE", &format!("{WALLS}/{which}"))
        .await;
    answer.expect(204);
}

#[rstest]
#[tokio::test]
async fn a_link_is_shown_once_and_opens_its_view(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = json!({"name": "Office 2", "view": "env=production&q=pay"});
    let created = server.admin().post(WALLS, &body).await;
    let wall = created.expect(201);
    assert_eq!(created.header("cache-control"), Some("no-store"));
    assert_eq!(
        created.header("location"),
        Some(format!("{WALLS}/{}", wall["id"].as_str().unwrap()).as_str())
    );
    let secret = wall["secret"].as_str().unwrap();
    assert_eq!((&secret[..4], secret.len()), ("dtw_", 47));

    let listed = server.admin().get(WALLS).await;
    let listed_wall = &listed.expect(200)["data"][0];
    assert_eq!(listed_wall["createdBy"], "ci-bot");
    assert_eq!(listed_wall["view"], "env=production&q=pay");
    assert_eq!(listed_wall["lastSeenAt"], Value::Null);
    assert!(!listed.body.contains("secret") && !listed.body.contains(secret));

    let answer = exchange(&server, secret, "", "").await;
    let shown = json!({
        "subject": "wall Office 2", "role": "wall", "expiresAt": null,
        "wall": {"name": "Office 2", "view": "env=production&q=pay"}
    });
    assert_eq!(answer.expect(200), shown);
    let (pair, attributes) = cookie(&answer);
    assert_eq!(
        attributes,
        "HttpOnly; SameSite=Strict; Path=/; Max-Age=34560000"
    );
    assert!(!pair.contains(&secret[4..]));
    let who = with_cookie(&server, "GET", SESSION, &pair).await;
    assert_eq!(who.expect(200), shown);
    assert_eq!(
        cookie(&who),
        (pair.clone(), attributes),
        "the cookie is renewed"
    );
    assert_eq!(reads(&server, &pair).await, 200);

    let seen = async || server.admin().get(WALLS).await.expect(200)["data"][0].clone();
    for _ in 0..100 {
        if !seen().await["lastSeenAt"].is_null() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{}", seen().await);
}

/// Every operation of the OpenAPI document, which is made from the table of endpoints.
async fn operations(server: &Server) -> Vec<(String, String, bool)> {
    let document = server.anonymous().get("/api/v1/openapi.json").await;
    let document = document.expect(200);
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let needs_token = operation["security"].is_array();
            all.push((method.to_uppercase(), path.clone(), needs_token));
            if method == "get" {
                all.push(("HEAD".to_owned(), path.clone(), needs_token));
            }
        }
    }
    all
}

#[tokio::test]
async fn a_wall_reads_what_its_page_shows_and_nothing_else() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let secret = link(&server, "office").await;
    let wall = opened(&server, &secret).await;
    let mut shown = Vec::new();
    for (method, path, needs_token) in operations(&server).await {
        let target = path.replace("{id}", "00000000-0000-4000-8000-000000000000");
        // With this parameter the stream of events ends at once: it is wrong everywhere.
        let answer = with_cookie(&server, &method, &format!("{target}?after=none"), &wall).await;
        if !needs_token {
            continue;
        }
        if answer.status != 403 {
            assert_eq!(answer.status, 400, "{method} {path}");
            shown.push((method, path));
            continue;
        }
        if method != "HEAD" {
            let problem = answer.json();
            assert_eq!(problem["code"], "wall_only_shows", "{method} {path}");
            assert_eq!(
                problem["detail"],
                "the session of a wall only reads what its page shows; log in to read or write anything else"
            );
        }
    }
    shown.sort();
    let mut expected: Vec<_> = ["GET", "HEAD"]
        .into_iter()
        .flat_map(|method| SHOWN.map(|path| (method.to_owned(), path.to_owned())))
        .collect();
    expected.sort();
    assert_eq!(shown, expected);
    let caller = Caller::new(&server.url(), Some(secret));
    assert_eq!(
        caller.get(MATRIX).await.status,
        401,
        "the secret is no token"
    );
}

/// Waits until the stream of a wall has ended.
async fn ended(mut stream: reqwest::Response) {
    let end = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), end)
        .await
        .unwrap();
}

#[rstest]
#[tokio::test]
async fn a_revoked_wall_ends_at_once_on_every_server(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (here, there) = (
        Server::start(&database).await,
        Server::start(&database).await,
    );
    let (secret, other) = (link(&here, "office").await, link(&here, "lobby").await);
    let (wall, lobby) = (opened(&here, &secret).await, opened(&there, &other).await);
    let stream = async |server: &Server, wall: &str| {
        let request = server.anonymous().request("GET", "/api/v1/events");
        let stream = request.header("cookie", wall).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        stream
    };
    let streams = [stream(&here, &wall).await, stream(&there, &wall).await];
    revoke(&here, "OFFICE").await;
    for server in [&here, &there] {
        for (method, path) in [("GET", MATRIX), ("GET", SESSION), ("POST", WALLS)] {
            let answer = with_cookie(server, method, path, &wall).await;
            let problem = answer.expect(401);
            assert_eq!(problem["code"], "wall_revoked", "{method} {path}");
        }
        let again = exchange(server, &secret, "", "").await;
        assert_eq!(again.expect(401)["code"], "wall_revoked");
        assert_eq!(again.header("set-cookie"), None);
        assert_eq!(reads(server, &lobby).await, 200);
    }
    for stream in streams {
        ended(stream).await;
    }
    let admin = here.admin();
    let gone = admin.call("DELETE", &format!("{WALLS}/office")).await;
    assert_eq!(gone.expect(404)["kind"], "wall");
    assert_ne!(link(&here, "office").await, secret, "the name is free");
    assert_eq!(reads(&here, &wall).await, 401);
}

#[rstest]
#[tokio::test]
async fn a_wall_survives_a_restart_and_opens_its_link_again(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let first = Server::start(&database).await;
    let secret = link(&first, "office").await;
    let wall = opened(&first, &secret).await;
    drop(first);
    let server = Server::start(&database).await;
    assert_eq!(reads(&server, &wall).await, 200);
    for browser in [wall.as_str(), ""] {
        let again = exchange(&server, &secret, browser, "").await;
        again.expect(200);
        assert_eq!(reads(&server, &cookie(&again).0).await, 200);
    }
    assert_eq!(reads(&server, &wall).await, 200);
    let secret_of_server = Secret::new(b"another-secret-of-at-least-32-bytes!".to_vec()).unwrap();
    let other = Server::of_app(App::new(server.tracker().clone(), &secret_of_server));
    assert_eq!(reads(&other, &wall).await, 401, "the session ends");
    let again = opened(&other, &secret).await;
    assert_eq!(reads(&other, &again).await, 200, "the link does not");
}

#[rstest]
#[tokio::test]
async fn a_repeated_request_gets_the_same_link(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let post = async |body: Value| {
        let keyed = [("idempotency-key", "7")];
        server
            .admin()
            .send_with("POST", WALLS, &keyed, body.to_string())
            .await
    };
    let first = post(json!({"name": "office"})).await;
    let again = post(json!({"name": "office"})).await;
    assert_eq!(first.expect(201), again.expect(201));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other = post(json!({"name": "lobby"})).await;
    assert_eq!(other.expect(422)["code"], "idempotency_key_reused");
    let secret = first.json()["secret"].as_str().unwrap().to_owned();
    opened(&server, &secret).await;
    let stored = database.text("select answer from idempotency_keys").await;
    assert!(stored.contains("office") && !stored.contains(&secret[4..]));
}

#[tokio::test]
async fn names_are_unique_and_have_limits() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let post = async |body: Value| server.admin().post(WALLS, &body).await;
    link(&server, "office").await;
    let taken = post(json!({"name": "Office"})).await.expect(409);
    assert_eq!(
        (&taken["code"], &taken["detail"]),
        (
            &json!("name_taken"),
            &json!("the wall Office exists already; revoke it first, or choose another name")
        )
    );
    for (body, fault) in [
        (json!({}), "/name"),
        (json!({"name": "x".repeat(65)}), "/name"),
        (json!({"name": "a", "view": "x".repeat(1025)}), "/view"),
        (json!({"name": "a", "view": "a\nb"}), "/view"),
        (json!({"name": "a", "secret": "dtw_mine"}), "/secret"),
    ] {
        let refused = post(body).await.expect(400);
        assert_eq!(refused["errors"][0]["pointer"], fault);
    }
    for number in 1..MOST {
        post(json!({"name": format!("wall {number}")}))
            .await
            .expect(201);
    }
    let refused = post(json!({"name": "one more"})).await.expect(409);
    assert_eq!(
        (&refused["code"], &refused["detail"]),
        (
            &json!("too_many_walls"),
            &json!("there are 100 walls, which is the most; revoke one first")
        )
    );
    let page = server
        .admin()
        .get(&format!("{WALLS}?skip=99&take=10"))
        .await;
    let page = page.expect(200);
    assert_eq!(
        (&page["total"], page["data"].as_array().unwrap().len()),
        (&json!(100), 1)
    );
    revoke(&server, "wall%201").await;
    revoke(&server, page["data"][0]["id"].as_str().unwrap()).await;
    post(json!({"name": "x".repeat(64)})).await.expect(201);
}

#[tokio::test]
async fn the_link_of_a_wall_replaces_a_person_only_when_asked_to() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let secret = link(&server, "office").await;
    let person = logged_in(&server.admin()).await;
    let refused = exchange(&server, &secret, &person, "").await;
    assert_eq!(
        refused.expect(409)["detail"],
        "this browser is logged in as ci-bot, and the link logs in as wall office"
    );
    assert_eq!(refused.header("set-cookie"), None);
    assert_eq!(reads(&server, &person).await, 200);
    let replaced = exchange(&server, &secret, &person, "?replace=true").await;
    replaced.expect(200);
    assert_eq!(
        reads(&server, &person).await,
        401,
        "the former session ends"
    );
    let wall = cookie(&replaced).0;
    let namesake = logged_in(&Caller::named(&server.url(), "wall office")).await;
    exchange(&server, &secret, &namesake, "").await.expect(409);
    let other = link(&server, "lobby").await;
    exchange(&server, &other, &wall, "").await.expect(409);
    let code = server.reader().call("POST", "/api/v1/session/code").await;
    let code = code.expect(201)["code"].as_str().unwrap().to_owned();
    exchange(&server, &code, &wall, "").await.expect(409);
    exchange(&server, &code, &wall, "?replace=true")
        .await
        .expect(200);
}

#[tokio::test]
async fn an_invented_link_starts_no_write() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let secret = link(&server, "office").await;
    let wall = opened(&server, &secret).await;
    let (name, id) = wall.split_once('=').unwrap();
    let invented = format!("{name}=w{}", id[1..].chars().rev().collect::<String>());
    let _writes_are_blocked = database.block_writes().await;
    let answers = async {
        for secret in ["dtw_", "dtw_invented"] {
            exchange(&server, secret, "", "").await.expect(401);
        }
        assert_eq!(reads(&server, &invented).await, 401);
        let out = with_cookie(&server, "DELETE", SESSION, &invented).await;
        assert_eq!(out.status, 204);
        assert_eq!(reads(&server, &wall).await, 200);
        let who: Answer = with_cookie(&server, "GET", SESSION, &wall).await;
        assert_eq!(
            who.status, 200,
            "a wall is shown while nothing can be written"
        );
    };
    tokio::time::timeout(Duration::from_secs(3), answers)
        .await
        .unwrap();
}
