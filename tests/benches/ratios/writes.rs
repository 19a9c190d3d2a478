//! Durable writes by many clients.

use bytes::Bytes;

use crate::{
    load::{Load, Source, numbered},
    pgbench::Pgbench,
    raw_sqlite, reads,
    run::{Run, Server},
    settings::Kind,
    table::Line,
};

const PATH: &str = "/api/v1/deployments";
const CLIENTS: usize = 64;
const BATCH: u32 = 64;

/// On SQLite, compared with the same rows written by SQLite without a server.
pub(crate) fn sqlite(run: &mut Run) {
    let one = Line::rate("POST, SQLite, 64 clients, against one commit each", 8.0);
    let many = Line::rate("POST, SQLite, 64 clients, against raw batches of 64", 0.6);
    if !run.wants(Kind::Sqlite, [one.name.as_str(), &many.name]) {
        return;
    }
    let rows = run.settings.rows();
    let (file, raw) = (run.file(rows, "written.db"), run.file(rows, "raw.db"));
    let server = Server::start(&format!("sqlite:{}", file.display()));
    let source = posts(run, &server);
    let before = raw_sqlite::counts(&file);
    let posts = (0..100).map(|_| server.answer(&run.runtime, &source()));
    assert!(
        posts
            .into_iter()
            .all(|(head, _)| head.starts_with("HTTP/1.1 201 ")),
        "the server records"
    );
    if let Some(difference) = raw_sqlite::difference(&before, &raw_sqlite::counts(&file), 100) {
        run.leave_out("the raw floor is behind the schema", &difference);
    }
    let ours = server.load(CLIENTS, 201, source);
    let (warm, time) = (run.settings.warm(), run.settings.time());
    run.compare(
        &one,
        || run.rate(&ours),
        || raw_sqlite::rate(&raw, 1, warm, time),
    );
    run.compare(
        &many,
        || run.rate(&ours),
        || raw_sqlite::rate(&raw, BATCH, warm, time),
    );
}

/// On PostgreSQL, compared with single-row inserts by pgbench.
pub(crate) fn postgres(run: &mut Run) {
    let lines = [(16, 1.5), (64, 3.0)].map(|(clients, share)| {
        (
            clients,
            Line::rate(
                format!("POST, PostgreSQL, {clients} clients, against pgbench's single inserts"),
                share,
            ),
        )
    });
    if !run.wants(
        Kind::Postgres,
        lines.iter().map(|(_, line)| line.name.as_str()),
    ) {
        return;
    }
    let rows = run.settings.rows();
    let database = run.database(Kind::Postgres, rows);
    let Some(pgbench) = Pgbench::new(&run.runtime, &database, run.scratch()) else {
        return run.leave_out("POST, PostgreSQL", "pgbench is not installed");
    };
    let server = run.server(Kind::Postgres, rows);
    let source = posts(run, &server);
    for (clients, line) in &lines {
        let ours = server.load(*clients, 201, source.clone());
        run.compare(
            line,
            || run.rate(&ours),
            || pgbench.inserts(*clients, run.settings.time()),
        );
    }
}

/// POSTs of new deployments with random ids of components and environments.
pub(crate) fn posts(run: &Run, server: &Server) -> Source {
    let (components, environments) = (
        reads::components(run, server),
        reads::environments(run, server),
    );
    let post = server.writer("POST");
    numbered(move |number| {
        let (component, environment) = (
            &components[fastrand::usize(..components.len())],
            &environments[fastrand::usize(..environments.len())],
        );
        let (sha, pipeline) = (fastrand::u128(..), fastrand::u32(..));
        post(
            PATH,
            &format!(
                r#"{{"componentId":"{component}","environmentId":"{environment}","version":"v9.{}.{}","commitSha":"{sha:032x}00000000","metadata":{{"pipeline":{pipeline},"runner":"runner-7"}}}}"#,
                number / 1000,
                number % 1000
            ),
        )
    })
}

/// Changes the status of deployments by one client, each of them around all legal transitions, in a
/// loop.
pub(crate) fn patches(run: &Run, server: &Server) -> Load {
    const MOVES: [&str; 4] = ["in_progress", "succeeded", "rolled_back", "pending"];
    let list = |skip: usize| {
        server.read(
            &run.runtime,
            &format!("{PATH}?status=pending&take=100&skip={skip}"),
        )
    };
    let ids: Vec<String> = [0, 100, 200]
        .into_iter()
        .flat_map(|skip| reads::texts(&list(skip)["data"], "id"))
        .collect();
    let patch = server.writer("PATCH");
    let source = numbered(move |number| -> Bytes {
        let number = usize::try_from(number).unwrap();
        let (id, to) = (
            &ids[number % ids.len()],
            MOVES[number / ids.len() % MOVES.len()],
        );
        patch(&format!("{PATH}/{id}"), &format!(r#"{{"status":"{to}"}}"#))
    });
    server.load(1, 200, source)
}
