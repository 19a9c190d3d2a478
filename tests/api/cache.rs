//! The cache of answers is invisible: every answer equals that of a new server with an empty cache.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

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
use tokio::{task::JoinHandle, time::sleep};

use crate::given::{at, id, shown, succeeded};

const LIST: &str = "/api/v1/deployments";
const MATRIX: &str = "/api/v1/deployments/matrix";
const COMPONENTS: &str = "/api/v1/components";
const ENVIRONMENTS: &str = "/api/v1/environments";

/// The parts that must be equal in two answers to the same request.
#[derive(Debug, PartialEq, Eq)]
struct Comparable(u16, Vec<Option<String>>, String);

impl Comparable {
    fn of(answer: &Answer) -> Self {
        let header = |name| answer.header(name).map(str::to_owned);
        let headers = [
            "etag",
            "link",
            "vary",
            "content-type",
            "content-encoding",
            "content-length",
            "cache-control",
        ]
        .map(header);
        // A refusal names its request.
        let body = if answer.status == 200 {
            answer.body.clone()
        } else {
            answer.json()["detail"].to_string()
        };
        let headers = if answer.status == 200 {
            headers.to_vec()
        } else {
            Vec::new()
        };
        Self(answer.status, headers, body)
    }
}

/// A server that has answered every request of a list before.
struct WarmServer<'a> {
    database: &'a Database,
    server: Server,
    reader: Caller,
    questions: Vec<String>,
}

impl<'a> WarmServer<'a> {
    async fn over(database: &'a Database) -> Self {
        let mut questions: Vec<_> = [
            "",
            "?includeArchived=true",
            "?component=api",
            "?component=api&component=web&environment=production",
        ]
        .into_iter()
        .chain([
            "?environment=staging",
            "?owner=team-a",
            "?kind=service",
            "?lifecycle=live",
            "?component=shop",
        ])
        .chain([
            "?at=2025-06-01T12:00:00Z",
            "?at=2025-06-02T12:00:00Z&includeArchived=true",
            "?at=2031-01-01T00:00:00Z",
        ])
        .map(|query| format!("{MATRIX}{query}"))
        .collect();
        let lists = [
            "",
            "?component=api&take=2",
            "?status=succeeded",
            "?environment=production&status=succeeded",
            "?version=v2",
        ];
        let more = [
            "?deployedBy=ci-bot&take=3",
            "?take=2&skip=1",
            "?createdAfter=2025-01-01T00:00:00Z&take=1",
            "?commitSha=ed52224",
        ];
        questions.extend(
            lists
                .into_iter()
                .chain(more)
                .map(|query| format!("{LIST}{query}")),
        );
        for catalog in [COMPONENTS, ENVIRONMENTS] {
            questions.extend(
                [
                    "",
                    "?take=1",
                    "?take=1&skip=1",
                    "?name=api",
                    "?name=shop",
                    "?name=staging",
                ]
                .map(|query| format!("{catalog}{query}")),
            );
        }
        let server = Server::start(database).await;
        Self {
            database,
            reader: server.reader().as_sent(),
            server,
            questions,
        }
    }

    /// Adds the requests about a deployment.
    fn about(&mut self, deployment: &Value) {
        let of = |name: &str| deployment[name].as_str().unwrap();
        let latest = format!("{LIST}/latest?componentId={}", of("componentId"));
        self.questions.extend([
            at(deployment),
            format!("{}/history", at(deployment)),
            latest.clone(),
            format!("{latest}&at=2025-06-02T12:00:00Z"),
        ]);
        self.questions.extend([
            format!("{COMPONENTS}/{}", of("componentId")),
            format!("{ENVIRONMENTS}/{}", of("environmentId")),
        ]);
        self.questions.extend([
            format!("{LIST}?componentId={}", of("componentId")),
            format!("{LIST}?environmentId={}&take=1", of("environmentId")),
        ]);
        self.questions.sort();
        self.questions.dedup();
    }

    /// Adds the pages that the links of a list lead to.
    async fn page_through(&mut self, query: &str) {
        let mut path = format!("{LIST}?{query}");
        for _ in 0..3 {
            let answer = self.server.reader().get(&path).await;
            let Some(next) = answer
                .header("link")
                .unwrap()
                .split(", ")
                .find_map(|link| link.strip_suffix(">; rel=\"next\""))
            else {
                return;
            };
            path = format!("{LIST}{}", next.trim_start_matches('<'));
            self.questions.push(path.clone());
        }
    }

    /// Checks every answer against that of a server that was just started, plain and compressed.
    async fn agrees(&self, after: &str) {
        let fresh = Server::start(self.database).await;
        let (ours, theirs) = (&self.reader, fresh.reader().as_sent());
        for (number, question) in self.questions.iter().enumerate() {
            let coding = if (number + after.len()).is_multiple_of(2) {
                "identity"
            } else {
                "gzip"
            };
            let form = ("accept-encoding", coding);
            let asked = [form];
            let (our, their) = tokio::join!(
                ours.get_with(question, &asked),
                theirs.get_with(question, &asked)
            );
            assert_eq!(
                Comparable::of(&our),
                Comparable::of(&their),
                "after {after}: {question} {coding}"
            );
            if let Some(tag) = our.header("etag") {
                let again = ours
                    .get_with(question, &[form, ("if-none-match", tag)])
                    .await;
                assert_eq!(
                    (again.status, again.header("link")),
                    (304, our.header("link")),
                    "after {after}: {question} {coding}"
                );
            }
        }
    }
}

/// The body of a deployment.
fn new(component: &str, environment: &str, version: &str, status: &str) -> Value {
    json!({"component": component, "environment": environment, "version": version, "status": status})
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cached_answers_never_hide_a_write(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let mut asked = WarmServer::over(&database).await;
    asked.agrees("nothing").await;
    let admin = asked.server.admin();

    let api = admin
        .post(
            COMPONENTS,
            &json!({"name": "api", "owner": "team-a", "kind": "service", "lifecycle": "live"}),
        )
        .await
        .expect(201);
    asked.agrees("a component was created").await;
    let production = admin
        .post(ENVIRONMENTS, &json!({"name": "production"}))
        .await
        .expect(201);
    asked.agrees("an environment was created").await;

    let first = succeeded(&asked.server, "v1", "2025-06-01T12:00:00Z").await;
    asked.about(&first);
    asked.agrees("a success was recorded").await;
    let second = admin
        .record(new("api", "production", "v2", "pending"))
        .await;
    let elsewhere = admin.record(new("web", "staging", "v7", "succeeded")).await;
    for deployment in [&second, &elsewhere] {
        asked.about(deployment);
    }
    for number in 0..5 {
        admin
            .record(new("web", "staging", &format!("w{number}"), "failed"))
            .await;
    }
    asked.page_through("component=web&take=2").await;
    asked.page_through("take=3").await;
    asked
        .agrees("pending, failed and new names were recorded")
        .await;

    for status in [
        "in_progress",
        "failed",
        "pending",
        "in_progress",
        "succeeded",
        "rolled_back",
        "pending",
    ] {
        admin.advance(&id(&second), status).await;
        asked.agrees(status).await;
    }
    admin
        .patch(
            &at(&second),
            &json!({"description": "hotfix", "metadata": {"a": 1}}),
        )
        .await
        .expect(200);
    asked.agrees("a description was changed").await;
    admin
        .post(
            &format!("{}/undeploy", at(&elsewhere)),
            &json!({"reason": "gone"}),
        )
        .await
        .expect(200);
    asked.agrees("a removal").await;
    let lines = [
        json!({"component": "api", "environment": "qa", "version": "v0", "status": "succeeded", "occurredAt": "2025-05-01T12:00:00Z"}),
        json!({"component": "api", "environment": "qa", "event": "undeployed", "occurredAt": "2025-06-02T00:00:00Z"}),
        json!({"component": "api", "environment": "production", "version": "v0", "status": "rolled_back", "occurredAt": "2025-05-02T12:00:00Z"}),
    ];
    let imported = admin
        .import(lines.map(|line| line.to_string()).join("\n"))
        .await
        .expect(200);
    assert_eq!(imported["recorded"], 3);
    asked.agrees("an import with a removal").await;

    let shop = admin
        .post(COMPONENTS, &json!({"name": "shop"}))
        .await
        .expect(201);
    asked.questions.push(format!("{COMPONENTS}/{}", id(&shop)));
    asked.agrees("another component was created").await;
    admin
        .patch(
            &format!("{COMPONENTS}/{}", id(&api)),
            &json!({"name": "gateway"}),
        )
        .await
        .expect(200);
    asked.agrees("a component was renamed").await;
    admin
        .patch(
            &format!("{COMPONENTS}/{}", id(&api)),
            &json!({"name": "api", "archived": true, "owner": null}),
        )
        .await
        .expect(200);
    asked.agrees("a component was archived").await;
    admin
        .patch(
            &format!("{COMPONENTS}/{}", id(&api)),
            &json!({"archived": false}),
        )
        .await
        .expect(200);
    asked.agrees("a component was taken back").await;
    admin
        .call("DELETE", &format!("{COMPONENTS}/{}", id(&shop)))
        .await
        .expect(204);
    asked.agrees("a component was deleted").await;

    let one = format!("{ENVIRONMENTS}/{}", id(&production));
    admin
        .patch(&one, &json!({"name": "live"}))
        .await
        .expect(200);
    asked.agrees("an environment was renamed").await;
    admin
        .patch(&one, &json!({"name": "production", "order": 1}))
        .await
        .expect(200);
    asked.agrees("an environment was moved").await;
    let order = admin.get(ENVIRONMENTS).await.expect(200);
    let ids: Vec<_> = order["data"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|environment| environment["id"].clone())
        .collect();
    admin
        .send(
            "PUT",
            &format!("{ENVIRONMENTS}/order"),
            json!({"ids": ids}).to_string(),
        )
        .await
        .expect(200);
    asked.agrees("the environments were ordered").await;
    admin
        .patch(&one, &json!({"archived": true}))
        .await
        .expect(200);
    asked.agrees("an environment was archived").await;
    let empty = admin
        .post(ENVIRONMENTS, &json!({"name": "sandbox", "order": 1}))
        .await
        .expect(201);
    asked
        .questions
        .push(format!("{ENVIRONMENTS}/{}", id(&empty)));
    asked.agrees("another environment was created").await;
    admin
        .call("DELETE", &format!("{ENVIRONMENTS}/{}", id(&empty)))
        .await
        .expect(204);
    asked.agrees("an environment was deleted").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repair_invalidates_cached_answers(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let mut asked = WarmServer::over(&database).await;
    let deployment = succeeded(&asked.server, "v1", "2025-06-01T12:00:00Z").await;
    asked.about(&deployment);
    database
        .execute("update current_cells set version = 'v9'; update deployment_counts set count = 7; update environment_counts set count = 7")
        .await
        .unwrap();
    assert_eq!(shown(&asked.server, "").await.as_deref(), Some("v9"));
    asked.agrees("somebody changed the tables").await;
    assert!(
        asked
            .server
            .tracker()
            .repair(&"operator".parse().unwrap())
            .await
            .unwrap()
            .ok
    );
    assert_eq!(shown(&asked.server, "").await.as_deref(), Some("v1"));
    asked.agrees("a repair").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_acknowledged_version_is_shown_at_once_and_no_older_one_returns(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    fill(&server).await;
    let readers = Readers::of(&[&server, &server, &server, &server]);
    let (admin, plain, packed) = (server.admin(), server.reader().as_sent(), server.reader());
    let (mut last, mut last_packed) = (plain.get(MATRIX).await, packed.get(MATRIX).await);
    for number in 1..=150 {
        admin
            .record(new("api", "production", &format!("v{number}"), "succeeded"))
            .await;
        let whole = plain.get(MATRIX).await;
        assert_eq!((whole.status, number_in(&whole)), (200, number));
        let changed = plain
            .get_with(MATRIX, &[("if-none-match", last.header("etag").unwrap())])
            .await;
        assert_eq!((changed.status, &changed.body), (200, &whole.body));
        let unpacked = packed
            .get_with(
                MATRIX,
                &[("if-none-match", last_packed.header("etag").unwrap())],
            )
            .await;
        assert_eq!((unpacked.status, &unpacked.body), (200, &whole.body));
        for (caller, answer) in [(&plain, &whole), (&packed, &unpacked)] {
            let unchanged = caller
                .get_with(MATRIX, &[("if-none-match", answer.header("etag").unwrap())])
                .await;
            assert_eq!(
                (unchanged.status, unchanged.header("etag")),
                (304, answer.header("etag"))
            );
        }
        (last, last_packed) = (whole, unpacked);
    }
    readers.end().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_is_compressed_for_clients_that_accept_gzip(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    fill(&server).await;
    let (plain, packed) = (server.reader().as_sent(), server.reader());
    let component = plain.get(COMPONENTS).await.expect(200)["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [
        MATRIX,
        LIST,
        COMPONENTS,
        "/api/v1/deployments?take=100&status=succeeded",
    ] {
        let whole = plain.get(path).await;
        assert!(whole.status == 200 && whole.body.len() > 1400, "{path}");
        assert_eq!(
            (whole.header("content-encoding"), whole.header("vary")),
            (None, Some("accept-encoding")),
            "{path}"
        );
        assert_eq!(
            whole.header("content-length").unwrap(),
            whole.body.len().to_string(),
            "{path}"
        );
        let gzip = plain
            .get_with(path, &[("accept-encoding", "br, gzip")])
            .await;
        assert_eq!(
            (
                gzip.status,
                gzip.header("content-encoding"),
                gzip.header("vary")
            ),
            (200, Some("gzip"), Some("accept-encoding")),
            "{path}"
        );
        assert!(
            gzip.header("content-length")
                .unwrap()
                .parse::<usize>()
                .unwrap()
                < whole.body.len(),
            "{path}"
        );
        assert_eq!(gzip.header("link"), whole.header("link"), "{path}");
        assert_eq!(packed.get(path).await.json(), whole.json(), "{path}");

        let (tag, gzip_tag) = (whole.header("etag").unwrap(), gzip.header("etag").unwrap());
        assert!(
            tag != gzip_tag && !tag.starts_with("W/") && !gzip_tag.starts_with("W/"),
            "{path}: {tag} {gzip_tag}"
        );
        for (coding, known, status, sent) in [
            ("identity", tag, 304, tag),
            ("gzip", gzip_tag, 304, gzip_tag),
            ("identity", gzip_tag, 200, tag),
            ("gzip", tag, 200, gzip_tag),
            ("identity", &format!("{gzip_tag}, {tag}"), 304, tag),
            ("gzip", &format!("{tag}, W/{gzip_tag}"), 304, gzip_tag),
            ("gzip", "*", 304, gzip_tag),
        ] {
            let answer = plain
                .get_with(
                    path,
                    &[("accept-encoding", coding), ("if-none-match", known)],
                )
                .await;
            assert_eq!(
                (answer.status, answer.header("etag")),
                (status, Some(sent)),
                "{path} {coding} {known}"
            );
            assert_eq!(
                (answer.header("vary"), answer.header("link")),
                (Some("accept-encoding"), whole.header("link")),
                "{path} {coding} {known}"
            );
            assert!(
                status == 200
                    || answer.body.is_empty() && answer.header("content-encoding").is_none(),
                "{path} {coding} {known}"
            );
        }
        for refused in ["gzip;q=0", "gzip; q=0.0, br", "identity", "*;q=0"] {
            let answer = plain.get_with(path, &[("accept-encoding", refused)]).await;
            assert_eq!(
                (answer.header("content-encoding"), &answer.body),
                (None, &whole.body),
                "{path} {refused}"
            );
        }
        for coding in ["identity", "gzip"] {
            let head = plain
                .request("HEAD", path)
                .header("accept-encoding", coding)
                .send()
                .await
                .unwrap();
            let head = Answer::of(head).await;
            assert_eq!(
                (head.status, head.body.as_str()),
                (200, ""),
                "{path} {coding}"
            );
            let mut headers = [
                head.headers,
                if coding == "gzip" {
                    gzip.headers.clone()
                } else {
                    whole.headers.clone()
                },
            ];
            for headers in &mut headers {
                headers.remove("date");
                headers.remove("x-request-id");
            }
            assert_eq!(headers[0], headers[1], "{path} {coding}");
        }
    }
    let large = json!({"component": "api", "environment": "production", "version": "v1", "description": "long ".repeat(800)});
    let large = server.admin().record(large).await;
    for path in [
        at(&large),
        format!("{LIST}?take=1&component=c1"),
        format!("{COMPONENTS}/{component}"),
        ENVIRONMENTS.to_owned(),
    ] {
        let answer = plain.get_with(&path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(
            (
                answer.status,
                answer.header("content-encoding"),
                answer.header("vary")
            ),
            (200, None, None),
            "{path}"
        );
        assert_eq!(
            answer.header("etag"),
            plain.get(&path).await.header("etag"),
            "{path}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cached_answer_needs_a_valid_token(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = succeeded(&server, "kept-from-you", "2025-06-01T12:00:00Z").await;
    let paths = [
        MATRIX.to_owned(),
        LIST.to_owned(),
        at(&deployment),
        format!("{}/history", at(&deployment)),
        ENVIRONMENTS.to_owned(),
    ];
    for path in &paths {
        let kept = server.reader().get(path).await;
        kept.expect(200);
        for caller in [server.anonymous(), server.expired(), server.forged()] {
            for headers in [
                &[][..],
                &[("if-none-match", kept.header("etag").unwrap())],
                &[("if-none-match", "*")],
            ] {
                let refused = caller.get_with(path, headers).await;
                assert_eq!(
                    (refused.status, refused.header("etag")),
                    (401, None),
                    "{path}: {}",
                    refused.body
                );
                assert!(
                    !refused.body.contains("kept-from-you"),
                    "{path}: {}",
                    refused.body
                );
            }
        }
    }
    server.admin().get("/api/v1/verify").await.expect(200);
    server.reader().get("/api/v1/verify").await.expect(403);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refusal_is_not_cached(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let reader = server.reader();
    let unknown = "01970000-0000-7000-8000-000000000001";
    let paths = [
        format!("{COMPONENTS}/{unknown}"),
        format!("{LIST}/latest?componentId={unknown}"),
    ];
    for path in paths.iter().chain(&paths) {
        reader.get(path).await.expect(404);
    }
    // By SQL, so that the number of commits stays the same: a cached refusal would still be
    // returned.
    let (id, time) = if database.is_sqlite() {
        (format!("x'{}'", unknown.replace('-', "")), "0".to_owned())
    } else {
        (format!("'{unknown}'"), "now()".to_owned())
    };
    let insert = format!(
        "insert into components (id, name, name_key, archived, created_at, updated_at) values ({id}, 'api', 'api', false, {time}, {time})"
    );
    database.execute(&insert).await.unwrap();
    for path in &paths {
        reader.get(path).await.expect(200);
    }
    let wrong = format!("{MATRIX}?at=yesterday");
    let ids = [reader.get(&wrong).await, reader.get(&wrong).await]
        .map(|refused| refused.expect(400)["requestId"].clone());
    assert_ne!(ids[0], ids[1], "each refusal names its own request");
}

/// Records a matrix that is large enough for compression, and the cell that these tests change.
async fn fill(server: &Server) {
    let line = |number: usize| {
        let name = format!("c{number}");
        json!({"component": name, "environment": "staging", "version": "v1", "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"})
            .to_string()
    };
    let imported = server
        .admin()
        .import((0..30).map(line).collect::<Vec<_>>().join("\n"))
        .await
        .expect(200);
    assert_eq!(imported["recorded"], 30);
    server
        .admin()
        .record(new("api", "production", "v0", "succeeded"))
        .await;
}

/// The number of the version that a matrix shows for `api` in `production`.
fn number_in(matrix: &Answer) -> usize {
    let matrix = matrix.expect(200);
    let row = matrix
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["componentName"] == "api")
        .unwrap();
    row["environments"]["production"]["version"]
        .as_str()
        .unwrap()[1..]
        .parse()
        .unwrap()
}

/// Clients that read the matrix in a loop and check that the version never goes back.
struct Readers {
    stop: Arc<AtomicBool>,
    readers: Vec<JoinHandle<usize>>,
}

impl Readers {
    fn of(servers: &[&Server]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let readers = servers
            .iter()
            .map(|server| tokio::spawn(read(server.reader(), stop.clone())))
            .collect();
        Self { stop, readers }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for reader in self.readers {
            assert!(reader.await.unwrap() > 10, "each read meanwhile");
        }
    }
}

/// Reads until `stop` is set, and returns the number of reads.
async fn read(reader: Caller, stop: Arc<AtomicBool>) -> usize {
    let (mut last, mut times) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let number = number_in(&reader.get(MATRIX).await);
        assert!(number >= last, "v{number} after v{last}");
        (last, times) = (number, times + 1);
        // Leaves processor time for the writer.
        sleep(Duration::from_millis(1)).await;
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_acknowledged_by_one_server_is_in_the_next_answer_of_another_on_postgres() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let servers = [
        Server::start(&database).await,
        Server::start(&database).await,
    ];
    fill(&servers[0]).await;
    let readers = Readers::of(&[&servers[0], &servers[1], &servers[0], &servers[1]]);
    let (admins, askers) = (
        servers.each_ref().map(Server::admin),
        servers.each_ref().map(Server::reader),
    );
    for number in 1..=200 {
        let (writer, other) = (number % 2, 1 - number % 2);
        admins[writer]
            .record(new("api", "production", &format!("v{number}"), "succeeded"))
            .await;
        assert_eq!(number_in(&askers[other].get(MATRIX).await), number);
        assert_eq!(
            askers[other]
                .get(&format!("{LIST}?component=api&take=1"))
                .await
                .expect(200)["data"][0]["version"],
            format!("v{number}")
        );
    }
    readers.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_of_another_program_to_the_file_is_seen_soon_and_stays_seen_on_sqlite() {
    let database = Database::sqlite();
    let servers = [
        Server::start(&database).await,
        Server::start(&database).await,
    ];
    fill(&servers[0]).await;
    let readers = Readers::of(&[&servers[0], &servers[1], &servers[0], &servers[1]]);
    let (admins, askers) = (
        servers.each_ref().map(Server::admin),
        servers.each_ref().map(Server::reader),
    );
    for number in 1..=100 {
        let (writer, other) = (number % 2, 1 - number % 2);
        admins[writer]
            .record(new("api", "production", &format!("v{number}"), "succeeded"))
            .await;
        assert_eq!(
            number_in(&askers[writer].get(MATRIX).await),
            number,
            "its own at once"
        );
        let since = Instant::now();
        while number_in(&askers[other].get(MATRIX).await) != number {
            // Expected after two milliseconds, plus the time of a request on a loaded machine.
            assert!(
                since.elapsed() < Duration::from_secs(1),
                "v{number} is not seen"
            );
        }
    }
    readers.end().await;
}
