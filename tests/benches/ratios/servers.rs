//! Several servers on one PostgreSQL database, behind `HAProxy`.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::net::TcpStream;

use crate::{
    load::{Load, Source, always, any_of},
    reads,
    run::{Run, Server, address},
    settings::Kind,
    table::Line,
    writes,
};

const CLIENTS: usize = 64;
const MOST_SERVERS: usize = 3;

/// Two and three servers compared with one, all behind `HAProxy` and on the same cores.
pub(crate) fn run(run: &mut Run) {
    let name =
        |what: &str, servers: usize| format!("{what}, PostgreSQL, {servers} servers against 1");
    let whats = ["POST", "by id, any", "matrix 1,000 x 8, unchanged (304)"];
    let names: Vec<_> = whats
        .iter()
        .flat_map(|what| (2..=MOST_SERVERS).map(|servers| name(what, servers)))
        .collect();
    if !run.wants(Kind::Postgres, names.iter().map(String::as_str)) {
        return;
    }
    let rows = run.settings.rows();
    let servers: Vec<_> = (0..MOST_SERVERS)
        .map(|_| run.server(Kind::Postgres, rows))
        .collect();
    let Some(balancers) = (1..=MOST_SERVERS)
        .map(|some| Balancer::before(run, &servers[..some]))
        .collect::<Option<Vec<_>>>()
    else {
        return run.leave_out("several servers", "HAProxy is not installed");
    };
    let first = &servers[0];
    let matrix = "/api/v1/deployments/matrix";
    let (head, _) = first.answer(&run.runtime, &first.get(matrix, ""));
    let tag = head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap()
        .to_owned();
    // The writes come last, since they change the ETag.
    let loads: [(&str, u16, Source); 3] = [
        (
            whats[2],
            304,
            always(first.get(matrix, &format!("if-none-match: {tag}\r\n"))),
        ),
        (
            whats[1],
            200,
            any_of(reads::by_id(first, &reads::ids(run, first, 20_000))),
        ),
        (whats[0], 201, writes::posts(run, first)),
    ];
    for (what, status, source) in loads {
        let rate = |balancer: &Balancer| {
            run.rate(&Load {
                address: balancer.address.clone(),
                connections: CLIENTS,
                status,
                source: source.clone(),
            })
        };
        for servers in 2..=MOST_SERVERS {
            run.compare(
                &Line::told(name(what, servers)),
                || rate(&balancers[servers - 1]),
                || rate(&balancers[0]),
            );
        }
    }
}

/// `HAProxy` in front of some servers. It is killed when this value is dropped.
struct Balancer {
    process: Child,
    address: String,
}

impl Balancer {
    /// Starts it; `None` when it is not installed.
    fn before(run: &Run, servers: &[Server]) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let file = run.scratch().join(format!("haproxy-{}.cfg", servers.len()));
        let line = |server: &Server| format!("  server {0} {0} check", address(&server.process));
        let lines = servers.iter().map(line).collect::<Vec<_>>().join("\n");
        let times = "timeout connect 5s\n  timeout client 60s\n  timeout server 60s";
        let text = format!(
            "defaults\n  mode http\n  {times}\nlisten deploytrack\n  bind {free}\n  balance leastconn\n  option httpchk GET /readyz\n{lines}\n"
        );
        fs::write(&file, text).unwrap();
        let process = Command::new("haproxy")
            .arg("-f")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let balancer = Self {
            process,
            address: free.to_string(),
        };
        run.runtime.block_on(async {
            while TcpStream::connect(&balancer.address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Some(balancer)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
