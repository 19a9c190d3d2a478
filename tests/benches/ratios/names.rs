//! The cost of new names when many are registered, compared with none.

use std::time::Instant;

use bytes::Bytes;
use deploytrack_core::api::{DEPLOYMENTS, IMPORT, IMPORT_LINES};
use deploytrack_tests::database::Database;
use serde_json::json;

use crate::{
    load::Connection,
    run::{Run, Server, address},
    settings::Kind,
    table::Line,
};

const KNOWN: usize = 10_000;
const NEW: usize = 1000;
const TIMES: f64 = 1.3;
const WHAT: [&str; 2] = ["environments", "components"];

/// Measures every line.
pub(crate) fn run(run: &mut Run) {
    for kind in Kind::ALL {
        for what in WHAT {
            let line = Line::cost(
                format!(
                    "1,000 new {what} at 10,000 known against none, {}",
                    kind.name()
                ),
                TIMES,
            );
            if run.wants(kind, [line.name.as_str()]) {
                let mut many = Registry::new(run, kind, what);
                many.fill(run);
                run.compare(
                    &line,
                    || many.cost(run),
                    || Registry::new(run, kind, what).cost(run),
                );
            }
        }
    }
}

/// A server on its own database, with numbered names.
struct Registry {
    server: Server,
    _database: Database,
    what: &'static str,
    next: usize,
}

impl Registry {
    fn new(run: &Run, kind: Kind, what: &'static str) -> Self {
        let database = match kind {
            Kind::Sqlite => Database::sqlite(),
            Kind::Postgres => run
                .runtime
                .block_on(Database::postgres())
                .expect("PostgreSQL is installed"),
        };
        Self {
            server: Server::start(database.url()),
            _database: database,
            what,
            next: 0,
        }
    }

    /// A deployment with the next name.
    fn next(&mut self) -> serde_json::Value {
        self.next += 1;
        let name = format!("review/feature-{}", self.next);
        let (component, environment) = if self.what == "components" {
            (name.as_str(), "production")
        } else {
            ("api", name.as_str())
        };
        json!({"component": component, "environment": environment, "version": "v1", "occurredAt": "2026-01-01T00:00:00Z"})
    }

    fn fill(&mut self, run: &Run) {
        while self.next < KNOWN {
            let lines: Vec<_> = (0..IMPORT_LINES).map(|_| self.next().to_string()).collect();
            let (head, body) = self.server.answer(
                &run.runtime,
                &self.server.writer("POST")(IMPORT, &lines.join("\n")),
            );
            assert!(
                head.starts_with("HTTP/1.1 200 "),
                "{head}{}",
                String::from_utf8_lossy(&body)
            );
        }
    }

    /// The milliseconds to record a deployment with a new name, by one client.
    fn cost(&mut self, run: &Run) -> f64 {
        let post = self.server.writer("POST");
        let requests: Vec<Bytes> = (0..NEW)
            .map(|_| post(DEPLOYMENTS, &self.next().to_string()))
            .collect();
        let address = address(&self.server.process).to_owned();
        run.runtime.block_on(async {
            let (mut connection, start) = (Connection::open(&address).await, Instant::now());
            for request in &requests {
                let (head, body) = connection.fetch(request).await;
                assert!(
                    head.starts_with("HTTP/1.1 201 "),
                    "{head}{}",
                    String::from_utf8_lossy(&body)
                );
            }
            start.elapsed().as_secs_f64()
        })
    }
}
