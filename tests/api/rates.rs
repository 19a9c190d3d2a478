//! Rates: how many requests a subject, or an address without a token, may send.

use std::time::{Duration, Instant};

use deploytrack_core::{
    catalog::{ComponentChange, NewComponent},
    client::{Certificates, Client, ClientSettings},
    query::MatrixFilter,
};
use deploytrack_server::{
    App,
    config::Badges,
    proxies::ProxyNetwork,
    rates::{RateLimit, RateLimits},
};
use deploytrack_tests::{
    answer::Answer,
    caller::Caller,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
    snapshot,
};
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::json;

use crate::sessions::{MATRIX, exchange, with_cookie};

const DEPLOYMENTS: &str = "/api/v1/deployments";

/// A server with these rates that trusts the proxies on this machine.
async fn server(database: &Database, limits: RateLimits) -> Server {
    Server::of_app(app(database, limits).await)
}

async fn app(database: &Database, limits: RateLimits) -> App {
    let network: ProxyNetwork = "127.0.0.0/8".parse().unwrap();
    Server::app(&database.tracker().await)
        .with_rates(limits)
        .with_trusted_proxies([network].into_iter().collect())
}

fn limit(text: &str) -> RateLimit {
    text.parse().unwrap()
}

/// The answer to a GET of a client behind a proxy.
async fn from(address: &str, caller: &Caller, path: &str) -> Answer {
    caller.get_with(path, &[("x-forwarded-for", address)]).await
}

#[rstest]
#[tokio::test]
async fn a_subject_beyond_its_rate_waits_and_the_others_do_not(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let reads = limit("3/h");
    let server = server(
        &database,
        RateLimits {
            reads,
            ..RateLimits::OFF
        },
    )
    .await;
    let ada = Caller::named(&server.url(), "ada");
    for left in [2, 1, 0] {
        let answer = ada.get(DEPLOYMENTS).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("ratelimit-policy"),
            Some(r#""reads";q=3;w=3600"#)
        );
        let standing = answer.header("ratelimit").unwrap();
        assert!(
            standing.starts_with(&format!(r#""reads";r={left};t="#)),
            "{standing}"
        );
    }
    let refused = ada.get(DEPLOYMENTS).await;
    assert_eq!(refused.status, 429);
    let wait = refused.header("retry-after").unwrap();
    assert_eq!(
        refused.header("ratelimit"),
        Some(&*format!(r#""reads";r=0;t={wait}"#))
    );
    let seconds: u64 = wait.parse().unwrap();
    assert!((1190..=1200).contains(&seconds), "{seconds}");
    let problem = refused.json();
    assert_eq!(problem["code"], "rate_limit_exceeded");
    let detail = problem["detail"].as_str().unwrap();
    let named = "one subject may send 3 reads an hour (--rate-reads of the server)";
    assert!(detail.starts_with(named), "{detail}");
    // Another token of the same subject is no way around it, and other subjects are not affected.
    assert_eq!(
        Caller::named(&server.url(), "ada").get(MATRIX).await.status,
        429
    );
    assert_eq!(
        Caller::named(&server.url(), "bob").get(MATRIX).await.status,
        200
    );
    let ada_writes = Caller::claiming(&server.url(), &json!({"sub": "ada", "roles": ["writer"]}));
    let body = json!({"component": "api", "environment": "production", "version": "v1"});
    assert_eq!(ada_writes.post(DEPLOYMENTS, &body).await.status, 201);
    for path in ["/healthz", "/readyz", "/", "/api/v1/openapi.json"] {
        let answer = server.anonymous().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("ratelimit"), None, "{path}");
    }
}

#[tokio::test]
async fn a_refused_request_of_a_subject_counts_too() {
    let database = Database::sqlite();
    let writes = limit("2/h");
    let server = server(
        &database,
        RateLimits {
            writes,
            ..RateLimits::OFF
        },
    )
    .await;
    let reader = server.reader();
    let mut told = Vec::new();
    for _ in 0..3 {
        let answer = reader.post(DEPLOYMENTS, &json!({})).await;
        told.push((answer.status, answer.header("ratelimit").is_some()));
    }
    assert_eq!(told, [(403, true), (403, true), (429, true)]);
}

#[rstest]
#[tokio::test]
async fn an_address_that_guesses_is_refused_and_its_neighbours_are_not(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let refused = limit("4/h");
    let server = server(
        &database,
        RateLimits {
            refused,
            ..RateLimits::OFF
        },
    )
    .await;
    let wall = json!({"name": "office", "view": ""});
    let wall = server
        .admin()
        .post("/api/v1/walls", &wall)
        .await
        .expect(201);
    let opened = exchange(&server, wall["secret"].as_str().unwrap(), "", "").await;
    let cookie = crate::sessions::cookie(&opened).0;
    let callers = [
        server.forged(),
        server.expired(),
        server.anonymous(),
        server.forged(),
    ];
    for caller in &callers {
        assert_eq!(from("192.0.2.1", caller, DEPLOYMENTS).await.status, 401);
    }
    for caller in &callers {
        let answer = from("192.0.2.1", caller, DEPLOYMENTS).await;
        assert_eq!(answer.expect(429)["code"], "rate_limit_exceeded");
    }
    let answer = from("192.0.2.1", &server.forged(), DEPLOYMENTS).await;
    snapshot!("rate_of_refused", redacted(&answer));
    // A login with a guessed code counts for the same rate.
    let guess = Caller::new(&server.url(), Some("dtc_guess".to_owned()));
    let guess = guess.request("POST", "/api/v1/session");
    let guess = guess.header("x-forwarded-for", "192.0.2.1").send().await;
    assert_eq!(guess.unwrap().status(), 429);
    // Behind the same address: a valid token, a wall, pages, and health checks.
    assert_eq!(
        from("192.0.2.1", &server.reader(), DEPLOYMENTS)
            .await
            .status,
        200
    );
    for path in ["/healthz", "/readyz", "/", "/assets/style.css"] {
        let status = from("192.0.2.1", &server.anonymous(), path).await.status;
        assert!(
            status == 200 || path.starts_with("/assets") && status == 404,
            "{path}: {status}"
        );
    }
    let wall = server.anonymous().request("GET", MATRIX);
    let wall = wall
        .header("cookie", &cookie)
        .header("x-forwarded-for", "192.0.2.1");
    assert_eq!(wall.send().await.unwrap().status(), 200);
    assert_eq!(
        from("192.0.2.2", &server.forged(), DEPLOYMENTS)
            .await
            .status,
        401
    );
    assert_eq!(
        with_cookie(&server, "GET", MATRIX, &cookie).await.status,
        200
    );
}

/// An answer without the seconds that depend on the time of the test.
fn redacted(answer: &Answer) -> String {
    let wait = answer.header("retry-after").unwrap();
    answer.whole().replace(wait, "[SECONDS]")
}

#[tokio::test]
async fn badges_and_logins_count_for_their_address() {
    let database = Database::sqlite();
    let anonymous = limit("2/h");
    let app = app(
        &database,
        RateLimits {
            anonymous,
            ..RateLimits::OFF
        },
    )
    .await;
    let server = Server::of_app(app.with_badges(Badges::Public));
    let badge = "/badges/api/production.svg";
    for expected in [200, 200, 429] {
        let answer = from("192.0.2.1", &server.anonymous(), badge).await;
        assert_eq!(answer.status, expected);
        assert!(
            answer
                .header("ratelimit-policy")
                .unwrap()
                .starts_with(r#""anonymous";q=2"#)
        );
    }
    assert_eq!(
        from("192.0.2.2", &server.anonymous(), badge).await.status,
        200
    );
    assert_eq!(
        from("2001:db8::1", &server.anonymous(), badge).await.status,
        200
    );
    assert_eq!(
        from("2001:db8::2", &server.anonymous(), badge).await.status,
        200
    );
    let answer = from("2001:db8::3", &server.anonymous(), badge).await;
    assert_eq!(answer.status, 429, "a /64 network is one address");
    let login = server.reader().request("POST", "/api/v1/session");
    let login = login.header("x-forwarded-for", "192.0.2.1").send().await;
    assert_eq!(login.unwrap().status(), 429);
}

/// A hundred jobs, each with three writes and a read, with one token behind one address.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_jobs_behind_one_address_passes_with_the_defaults(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = server(&database, RateLimits::default()).await;
    let caller = server.admin();
    let job = async |number: u32| {
        let body = json!({"component": format!("service-{number}"), "environment": "production", "version": "v1"});
        let new = caller
            .request("POST", &format!("{DEPLOYMENTS}?register=true"))
            .json(&body);
        let recorded = Answer::of(new.send().await.unwrap()).await.expect(201);
        let id = recorded["id"].as_str().unwrap();
        caller.advance(id, "in_progress").await;
        caller.advance(id, "succeeded").await;
        caller.get(&format!("{DEPLOYMENTS}/{id}")).await.expect(200);
    };
    join_all((0..100).map(job)).await;
    assert_eq!(caller.total().await, 100);
}

#[tokio::test]
async fn an_open_stream_of_events_counts_once() {
    let database = Database::sqlite();
    let reads = limit("2/h");
    let server = server(
        &database,
        RateLimits {
            reads,
            ..RateLimits::OFF
        },
    )
    .await;
    let ada = Caller::named(&server.url(), "ada");
    let mut stream = ada.request("GET", "/api/v1/events").send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut read = String::new();
    for number in 0..5 {
        let body = json!({"component": "api", "environment": "production", "version": format!("v{number}")});
        server.admin().record(body).await;
        while read.matches("deployment.created").count() <= number {
            let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
            read.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
    assert_eq!(ada.get(DEPLOYMENTS).await.status, 200);
    assert_eq!(ada.get(DEPLOYMENTS).await.status, 429);
}

#[tokio::test]
async fn the_client_waits_for_the_time_that_the_server_states() {
    let database = Database::sqlite();
    let one = limit("1/s");
    let limits = RateLimits {
        reads: one,
        writes: one,
        ..RateLimits::OFF
    };
    let server = server(&database, limits).await;
    let settings = ClientSettings {
        url: server.url(),
        token: Some(Caller::admin_token()),
        timeout: Duration::from_secs(10),
        user_agent: "test".to_owned(),
        certificates: Certificates::default(),
        proxy: None,
    };
    let client = Client::new(settings).unwrap();
    let begun = Instant::now();
    for name in ["one", "two", "three"] {
        let new = NewComponent {
            name: name.parse().unwrap(),
            details: ComponentChange::default(),
        };
        client.create_component(&new).await.unwrap();
        client.matrix(&MatrixFilter::default()).await.unwrap();
    }
    assert!(
        begun.elapsed() >= Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}
