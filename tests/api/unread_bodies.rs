//! Requests that are refused before their body is read: the next request on the connection is
//! answered, or the refusal has `Connection: close`.

use std::time::Duration;

use deploytrack_tests::{
    caller::Caller,
    database::Database,
    raw::{self, Connection},
    server::Server,
};

const SOON: Duration = Duration::from_secs(10);
const NOW: Duration = Duration::ZERO;
const JSON: &str = "Content-Type: application/json";
const NEXT: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A refusal: its status, the first line, the token and a header.
type Refused<'a> = (u16, &'a str, Option<String>, String);

fn refusals() -> Vec<Refused<'static>> {
    let (admin, reader) = (Some(Caller::admin_token()), Some(Caller::reader_token()));
    let record = "POST /api/v1/deployments";
    let id = "0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f";
    vec![
        (401, record, None, JSON.into()),
        (
            401,
            "PUT /api/v1/environments/order",
            Some("forged".into()),
            JSON.into(),
        ),
        (403, record, reader.clone(), JSON.into()),
        (
            403,
            "PATCH /api/v1/deployments/0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f",
            reader,
            JSON.into(),
        ),
        (404, "POST /api/v1/nothing", admin.clone(), JSON.into()),
        (405, "PUT /api/v1/deployments", admin.clone(), JSON.into()),
        (
            400,
            record,
            admin.clone(),
            format!("{JSON}\r\nIf-Match: \"{id}\""),
        ),
        (
            415,
            record,
            admin.clone(),
            "Content-Type: text/plain".into(),
        ),
        (
            415,
            record,
            admin.clone(),
            format!("{JSON}\r\nContent-Encoding: gzip"),
        ),
        (
            431,
            record,
            admin.clone(),
            format!("{JSON}\r\nX-Long: {}", "x".repeat(40 * 1024)),
        ),
        (200, "GET /api/v1/deployments", admin.clone(), JSON.into()),
        (
            404,
            "DELETE /api/v1/components/0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f",
            admin,
            JSON.into(),
        ),
    ]
}

/// The head and the body of a request with a body of so many bytes, in chunks or with a length.
fn request(
    (_, first, token, header): &Refused<'_>,
    bytes: usize,
    chunked: bool,
    expect: bool,
) -> (Vec<u8>, Vec<u8>) {
    // A body that is parsed as a request would get an answer.
    let filler = "GET /api/v1/none HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(bytes / 40 + 1);
    let body = &filler[..bytes];
    let length = if chunked {
        "Transfer-Encoding: chunked".to_owned()
    } else {
        format!("Content-Length: {bytes}")
    };
    let token = token
        .as_ref()
        .map(|token| format!("Authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    let expect = if expect {
        "Expect: 100-continue\r\n"
    } else {
        ""
    };
    let head = format!(
        "{first} HTTP/1.1\r\nHost: localhost\r\n{token}{header}\r\n{expect}{length}\r\n\r\n"
    );
    let end = if bytes == 0 {
        "0\r\n\r\n".into()
    } else {
        format!("{bytes:x}\r\n{body}\r\n0\r\n\r\n")
    };
    (
        head.into_bytes(),
        if chunked {
            end.into_bytes()
        } else {
            body.as_bytes().to_vec()
        },
    )
}

/// Sends a request, then another one on the same connection unless the answer closes it. Returns
/// whether it stayed open.
async fn stays_open(
    address: std::net::SocketAddr,
    status: u16,
    pieces: Vec<(Duration, Vec<u8>)>,
    what: &str,
) -> bool {
    let mut connection = Connection::open(address).await;
    let answer = connection.ask(pieces, SOON).await;
    assert_eq!(
        raw::status(&answer),
        status,
        "{what}: {}",
        &answer[..answer.len().min(300)]
    );
    if raw::is_closing(&answer) {
        return false;
    }
    let next = connection.ask(vec![(NOW, NEXT.to_vec())], SOON).await;
    assert_eq!(
        raw::status(&next),
        200,
        "{what}: the next request: {next:?}"
    );
    assert!(next.contains("\"ok\""), "{what}: {next}");
    true
}

#[tokio::test]
async fn the_next_request_is_answered_or_the_connection_announces_its_end() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    for refused in refusals() {
        for bytes in [0, 10, 1000, 60_000, 70_000, 900_000] {
            for chunked in [false, true] {
                let what = format!("{} {} {bytes} {chunked}", refused.0, refused.1);
                let (head, body) = request(&refused, bytes, chunked, false);
                let kept = stays_open(
                    server.address(),
                    refused.0,
                    vec![(NOW, [head.clone(), body.clone()].concat())],
                    &what,
                )
                .await;
                assert!(
                    kept || bytes >= 60_000,
                    "{what}: a small body is no reason to close"
                );
                stays_open(
                    server.address(),
                    refused.0,
                    vec![
                        (NOW, head.clone()),
                        (Duration::from_millis(20), body.clone()),
                    ],
                    &what,
                )
                .await;
                if bytes <= 1000 {
                    stays_open(
                        server.address(),
                        refused.0,
                        vec![(NOW, head), (Duration::from_millis(300), body)],
                        &what,
                    )
                    .await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_before_100_continue_announces_the_end_of_the_connection() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    for refused in refusals() {
        for bytes in [10, 900_000] {
            // The body is never sent.
            let (head, _) = request(&refused, bytes, false, true);
            assert!(
                !stays_open(server.address(), refused.0, vec![(NOW, head)], refused.1).await,
                "{} {}",
                refused.0,
                refused.1
            );
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_ends_the_connection_and_one_within_it_does_not() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    for (path, most, media_type) in [
        ("/api/v1/deployments", 1024 * 1024, "application/json"),
        (
            "/api/v1/deployments/import",
            8 * 1024 * 1024,
            "application/x-ndjson",
        ),
    ] {
        let first = format!("POST {path}");
        let refused = |status| {
            (
                status,
                first.as_str(),
                Some(Caller::admin_token()),
                format!("Content-Type: {media_type}"),
            )
        };
        for chunked in [false, true] {
            let (head, body) = request(&refused(413), 2 * most, chunked, false);
            assert!(
                !stays_open(
                    server.address(),
                    413,
                    vec![(NOW, head), (NOW, body)],
                    &first
                )
                .await,
                "{path} {chunked}"
            );
            let (head, body) = request(&refused(400), 10_000, chunked, false);
            assert!(
                stays_open(
                    server.address(),
                    400,
                    vec![(NOW, head), (NOW, body)],
                    &first
                )
                .await,
                "{path} {chunked}"
            );
            let (head, body) = request(&refused(400), 100, chunked, true);
            assert!(
                stays_open(
                    server.address(),
                    400,
                    vec![(NOW, head), (NOW, body)],
                    &first
                )
                .await,
                "{path} {chunked}"
            );
        }
    }
}

#[tokio::test]
async fn a_body_with_broken_chunks_ends_the_connection() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let body = r#"{"name":"api"}"#;
    for chunks in [
        format!("+e\r\n{body}\r\n0\r\n\r\n"),
        format!("0xe\r\n{body}\r\n0\r\n\r\n"),
        format!("-e\r\n{body}\r\n0\r\n\r\n"),
        format!("\r\n{body}\r\n0\r\n\r\n"),
        format!("e{body}\r\n0\r\n\r\n"),
        format!("e\n{body}\n0\n\n"),
        format!("1\r\n{body}\r\n0\r\n\r\n"),
        format!("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
        format!("e;{}\r\n{body}\r\n0\r\n\r\n", "x".repeat(40_000)),
        format!("e\r\n{body}\r\n0\r\nX: {}\r\n\r\n", "x".repeat(40_000)),
    ] {
        for (status, path, token) in [
            (400, "components", Some(Caller::admin_token())),
            (401, "components", None),
        ] {
            let token = token
                .map(|token| format!("Authorization: Bearer {token}\r\n"))
                .unwrap_or_default();
            let head = format!(
                "POST /api/v1/{path} HTTP/1.1\r\nHost: a\r\n{token}{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n"
            );
            let request = format!("{head}{chunks}").into_bytes();
            let what = format!("{status} {}", &chunks[..chunks.len().min(20)]);
            assert!(
                !stays_open(server.address(), status, vec![(NOW, request)], &what).await,
                "{what}"
            );
        }
    }
    assert_eq!(
        server.reader().get("/api/v1/components").await.expect(200)["total"],
        0
    );
}

/// Bodies that once took minutes and gigabytes: other requests are answered while these are read.
#[tokio::test]
async fn the_most_expensive_bodies_delay_no_other_request() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let line = |half: usize| {
        let key = "k".repeat(half);
        [
            format!(r#"{{"{key}":{{{}"a":0}}}}"#, r#""a":0,"#.repeat(half / 6)),
            format!(r#"{{"{key}":[{}0]}}"#, "0,".repeat(half / 2)),
            format!(
                r#"{{"metadata":{{"a":[{}0]}}}}"#,
                r#"{"":0},"#.repeat(half / 4)
            ),
        ]
    };
    let bodies = line(490_000).map(|body| ("/api/v1/deployments", "application/json", body));
    let imports = line(2_000_000).map(|body| {
        (
            "/api/v1/deployments/import",
            "application/x-ndjson",
            format!("{body}\n{body}"),
        )
    });
    for (path, media_type, body) in bodies.into_iter().chain(imports) {
        let request = server
            .admin()
            .request("POST", path)
            .header("content-type", media_type)
            .body(body)
            .send();
        let asked = tokio::spawn(request);
        while !asked.is_finished() {
            let answer = tokio::time::timeout(SOON, server.anonymous().get("/healthz"))
                .await
                .unwrap();
            assert_eq!(answer.status, 200);
        }
        let answer = asked.await.unwrap().unwrap();
        assert_eq!(answer.status(), 400);
        let said = answer.text().await.unwrap();
        assert!(said.len() < 64 * 1024, "{} bytes", said.len());
    }
}
