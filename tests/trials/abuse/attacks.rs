//! The kinds of abuse.

mod reading;

use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use deploytrack_tests::{
    caller::Caller,
    data_set::DataSet,
    hostile::{WORST, flat, many_values, worst},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

type Running = Pin<Box<dyn Future<Output = ()>>>;

/// One kind of abuse.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// The limit of open files of the server.
    pub(crate) files: u32,
    /// Whether it uses the database, so that the databases may differ.
    pub(crate) uses_database: bool,
    /// The data set in the database before the attack; `None` for an empty database.
    pub(crate) data: Option<DataSet>,
    pub(crate) run: fn(SocketAddr) -> Running,
}

/// The hard limit of open files on most systems.
const USUAL: u32 = 4096;
/// How long connections are held open.
const HELD: Duration = Duration::from_secs(8);
/// The number of connections: more than a server accepts.
const SOCKETS: u16 = 900;
/// The pause between two bytes of a slow caller.
const SLOW: Duration = Duration::from_secs(2);
/// How many bodies are sent at once.
const SENDERS: usize = 4;
const MEGABYTE: usize = 1_000_000;

macro_rules! bodies {
    ($name:literal, $size:ident, $kind:expr) => {
        Attack {
            name: $name,
            files: USUAL,
            uses_database: false,
            data: None,
            run: |address| Box::pin($size(address, $kind)),
        }
    };
}

pub(crate) const ATTACKS: [Attack; 23] = [
    bodies!(
        "bodies of 1 MB: flat, to compare with",
        small_bodies,
        "flat"
    ),
    bodies!(
        "bodies of 1 MB: duplicates under a long key",
        small_bodies,
        WORST[0]
    ),
    bodies!(
        "bodies of 1 MB: items under a long key",
        small_bodies,
        WORST[1]
    ),
    bodies!("bodies of 1 MB: unknown keys", small_bodies, WORST[2]),
    bodies!("bodies of 1 MB: objects", small_bodies, WORST[3]),
    bodies!("bodies of 1 MB: numbers", small_bodies, WORST[4]),
    bodies!("bodies of 1 MB: deep", small_bodies, WORST[5]),
    bodies!("imports of 8 MB: flat, to compare with", imports, "flat"),
    bodies!(
        "imports of 8 MB: duplicates under a long key",
        imports,
        WORST[0]
    ),
    bodies!("imports of 8 MB: items under a long key", imports, WORST[1]),
    bodies!("imports of 8 MB: unknown keys", imports, WORST[2]),
    bodies!("imports of 8 MB: objects", imports, WORST[3]),
    bodies!("imports of 8 MB: numbers", imports, WORST[4]),
    bodies!("imports of 8 MB: deep", imports, WORST[5]),
    Attack {
        name: "imports of 8 MB: valid, many values in metadata",
        files: USUAL,
        uses_database: true,
        data: None,
        run: |to| Box::pin(valid_imports(to)),
    },
    Attack {
        name: "900 silent connections of one address",
        files: USUAL,
        uses_database: false,
        data: None,
        run: |to| Box::pin(hold(to, 1, SOCKETS, silent)),
    },
    Attack {
        name: "900 silent connections of nine addresses",
        files: USUAL,
        uses_database: false,
        data: None,
        run: |to| Box::pin(hold(to, 9, SOCKETS, silent)),
    },
    Attack {
        name: "900 slow heads of nine addresses",
        files: USUAL,
        uses_database: false,
        data: None,
        run: |to| Box::pin(hold(to, 9, SOCKETS, slow_head)),
    },
    Attack {
        name: "900 slow bodies with a token",
        files: USUAL,
        uses_database: true,
        data: None,
        run: |to| Box::pin(hold(to, 9, SOCKETS, slow_body)),
    },
    Attack {
        name: "200 silent connections, 100 open files",
        files: 100,
        uses_database: false,
        data: None,
        run: |to| Box::pin(hold(to, 9, 200, silent)),
    },
    Attack {
        name: "300 slow exports of large rows",
        files: USUAL,
        uses_database: true,
        data: Some(DataSet::large(1000)),
        run: |to| Box::pin(reading::slow_exports(to)),
    },
    Attack {
        name: "distinct questions about a matrix of 200,000 cells",
        files: USUAL,
        uses_database: true,
        data: Some(DataSet::cells(reading::COMPONENTS, reading::ENVIRONMENTS)),
        run: |to| Box::pin(reading::distinct_questions(to)),
    },
    Attack {
        name: "300 streams of one subject",
        files: USUAL,
        uses_database: true,
        data: Some(DataSet {
            deployments: 100,
            ..DataSet::cells(100, 8)
        }),
        run: |to| Box::pin(reading::streams_of_one_subject(to)),
    },
];

async fn small_bodies(address: SocketAddr, kind: &str) {
    send(
        address,
        "deployments",
        "application/json",
        |_| of_kind(kind, MEGABYTE - 1000),
        400,
    )
    .await;
}

async fn imports(address: SocketAddr, kind: &str) {
    let line = of_kind(kind, 4 * MEGABYTE);
    send(
        address,
        "deployments/import",
        "application/x-ndjson",
        |_| format!("{line}\n{line}"),
        400,
    )
    .await;
}

async fn valid_imports(address: SocketAddr) {
    send(
        address,
        "deployments/import",
        "application/x-ndjson",
        |number| many_values(&format!("service-{number}"), 8 * MEGABYTE),
        200,
    )
    .await;
}

fn of_kind(kind: &str, bytes: usize) -> String {
    if kind == "flat" {
        flat(bytes)
    } else {
        worst(kind, bytes)
    }
}

/// Sends two bodies from each sender. A busy server may refuse one of them.
async fn send(
    address: SocketAddr,
    path: &str,
    media_type: &'static str,
    body: impl Fn(usize) -> String,
    expected: u16,
) {
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        let admin = Caller::admin(&format!("http://{address}"));
        let (path, body) = (format!("/api/v1/{path}"), body(number));
        senders.spawn(async move {
            for _ in 0..2 {
                let request = admin
                    .request("POST", &path)
                    .header("content-type", media_type)
                    .body(body.clone());
                match timeout(Duration::from_mins(2), request.send()).await {
                    Ok(Ok(answer)) => assert!(
                        [expected, 503].contains(&answer.status().as_u16()),
                        "{}",
                        answer.status()
                    ),
                    Ok(Err(error)) => println!("    a body got no answer: {error}"),
                    Err(_) => println!("    a body got no answer in two minutes"),
                }
            }
        });
    }
    senders.join_all().await;
}

type Holding = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Holds this many connections, spread over addresses. A closed connection is opened again.
async fn hold(
    address: SocketAddr,
    addresses: u16,
    sockets: u16,
    behaviour: fn(TcpStream) -> Holding,
) {
    let mut callers = JoinSet::new();
    for number in 0..sockets {
        let from: SocketAddr = format!("127.0.1.{}:0", 1 + number % addresses)
            .parse()
            .unwrap();
        callers.spawn(async move {
            loop {
                if let Some(stream) = connect(from, address).await {
                    behaviour(stream).await;
                }
                sleep(Duration::from_millis(1)).await;
            }
        });
    }
    sleep(HELD).await;
    callers.shutdown().await;
}

async fn connect(from: SocketAddr, to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(from).ok()?;
    timeout(HELD, socket.connect(to)).await.ok()?.ok()
}

fn silent(mut stream: TcpStream) -> Holding {
    Box::pin(async move {
        let _ = stream.read(&mut [0]).await;
    })
}

fn slow_head(stream: TcpStream) -> Holding {
    Box::pin(drip(
        stream,
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX: ".into(),
    ))
}

fn slow_body(stream: TcpStream) -> Holding {
    let token = Caller::admin_token();
    Box::pin(drip(
        stream,
        format!(
            "POST /api/v1/deployments HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: 1000\r\n\r\n{{"
        )
        .into(),
    ))
}

/// Sends the beginning of a request, then single bytes with pauses, until the server closes.
async fn drip(mut stream: TcpStream, beginning: Arc<str>) {
    if stream.write_all(beginning.as_bytes()).await.is_err() {
        return;
    }
    let mut answer = [0; 4096];
    loop {
        match timeout(SLOW, stream.read(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return,
            Err(_) if stream.write_all(b"x").await.is_err() => return,
            Ok(Ok(_)) | Err(_) => {}
        }
    }
}
