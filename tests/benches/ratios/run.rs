//! The shared parts of a run: settings, databases, and the measurement of a line.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use deploytrack_tests::{
    caller, postgres,
    program::{Home, Process},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    data::Data,
    load::{Connection, Load, Source},
    settings::{Kind, Settings},
    table::{self, Line},
};

/// A run of this program.
pub(crate) struct Run {
    pub(crate) settings: Settings,
    pub(crate) runtime: Runtime,
    kinds: Vec<Kind>,
    data: Data,
    left_out: RefCell<Vec<String>>,
}

impl Run {
    pub(crate) fn new(settings: &Settings) -> Self {
        table::print_heads();
        let mut kinds: Vec<_> = Kind::ALL
            .into_iter()
            .filter(|kind| settings.wants_kind(*kind))
            .collect();
        kinds.retain(|kind| *kind == Kind::Sqlite || postgres::program("postgres").is_some());
        Self {
            settings: settings.clone(),
            runtime: Runtime::new().unwrap(),
            kinds,
            data: Data::new(),
            left_out: RefCell::default(),
        }
    }

    /// A folder that is deleted after the run.
    pub(crate) fn scratch(&self) -> &Path {
        self.data.scratch()
    }

    /// The URL of a database with this many deployments. The whole run shares it, and it is deleted
    /// afterwards.
    pub(crate) fn database(&mut self, kind: Kind, rows: u64) -> String {
        self.data.working_copy(&self.runtime, kind, rows)
    }

    /// A copy of this data set on SQLite for one line only.
    pub(crate) fn file(&mut self, rows: u64, name: &str) -> PathBuf {
        self.data.file(&self.runtime, rows, name)
    }

    /// A server on the database with this many deployments.
    pub(crate) fn server(&mut self, kind: Kind, rows: u64) -> Server {
        Server::start(&self.database(kind, rows))
    }

    /// Whether any of these lines is selected and can be measured on this database.
    pub(crate) fn wants<'a>(&self, kind: Kind, names: impl IntoIterator<Item = &'a str>) -> bool {
        self.kinds.contains(&kind) && names.into_iter().any(|name| self.settings.wants(name))
    }

    /// Measures a line in alternating rounds, if it is selected.
    pub(crate) fn compare(
        &self,
        line: &Line,
        mut ours: impl FnMut() -> f64,
        mut floor: impl FnMut() -> f64,
    ) {
        if self.settings.wants(&line.name) {
            let rounds: Vec<_> = (0..Settings::ROUNDS).map(|_| (ours(), floor())).collect();
            line.print_ratio(&rounds);
        }
    }

    /// The rate of a load in one round.
    pub(crate) fn rate(&self, load: &Load) -> f64 {
        load.rate(&self.runtime, self.settings.warm(), self.settings.time())
    }

    /// The milliseconds that a request takes in one round of one connection.
    pub(crate) fn cost(&self, load: &Load) -> f64 {
        1000.0 / self.rate(load)
    }

    /// Notes that something was not measured, and why, to print at the end.
    pub(crate) fn leave_out(&self, what: &str, why: &str) {
        self.left_out.borrow_mut().push(format!("{what}: {why}"));
    }

    /// Prints the lines that were not measured.
    pub(crate) fn finish(self) {
        println!();
        if self.settings.wants_kind(Kind::Postgres) && !self.kinds.contains(&Kind::Postgres) {
            println!("note       PostgreSQL: its server is not installed");
        }
        for line in self.left_out.borrow().iter().chain(self.data.notes()) {
            println!("note       {line}");
        }
    }
}

/// A server, and its requests.
pub(crate) struct Server {
    pub(crate) process: Process,
    token: String,
}

impl Server {
    pub(crate) fn start(database: &str) -> Self {
        // Longer than any run.
        let claims = json!({"sub": "bench", "exp": caller::seconds() + 86_400, "iat": caller::seconds(), "roles": ["admin"]});
        Self {
            process: Process::server(&Home::new(), database),
            token: caller::token(&claims, caller::SECRET),
        }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// A request that reads, with headers besides the token.
    pub(crate) fn get(&self, path: &str, headers: &str) -> Bytes {
        format!(
            "GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n{headers}\r\n",
            self.token
        )
        .into()
    }

    /// A source of requests that write.
    pub(crate) fn writer(
        &self,
        method: &'static str,
    ) -> impl Fn(&str, &str) -> Bytes + Send + Sync + use<> {
        let token = self.token.clone();
        move |path, body| {
            let length = body.len();
            format!(
                "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .into()
        }
    }

    /// The whole answer to a request: its head and its body.
    pub(crate) fn answer(&self, runtime: &Runtime, request: &Bytes) -> (String, Vec<u8>) {
        runtime.block_on(async {
            Connection::open(address(&self.process))
                .await
                .fetch(request)
                .await
        })
    }

    /// The JSON body of the answer for a path.
    pub(crate) fn read(&self, runtime: &Runtime, path: &str) -> Value {
        let (head, body) = self.answer(runtime, &self.get(path, ""));
        assert!(
            head.starts_with("HTTP/1.1 200 "),
            "{path} answers {head}{}",
            String::from_utf8_lossy(&body)
        );
        serde_json::from_slice(&body).unwrap()
    }

    /// A load on this server.
    pub(crate) fn load(&self, connections: usize, status: u16, source: Source) -> Load {
        Load {
            address: address(&self.process).to_owned(),
            connections,
            status,
            source,
        }
    }
}

/// The address of a process, without the scheme.
pub(crate) fn address(process: &Process) -> &str {
    process.url().trim_start_matches("http://")
}
