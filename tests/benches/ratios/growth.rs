//! Whether a long history makes requests slower: one client, 10,000 deployments compared with more.

use crate::{
    load::{Load, always, any_of},
    reads,
    run::{Run, Server},
    settings::Kind,
    table::Line,
    writes,
};

const SHORT: u64 = 10_000;
/// The number of deployments to read at random, spread over the history; the same for every length.
const IDS: usize = 5000;
const WHAT: [&str; 7] = [
    "matrix",
    "latest",
    "first page",
    "filtered total",
    "by id",
    "POST",
    "PATCH",
];

/// Measures every line.
pub(crate) fn run(run: &mut Run) {
    if run.settings.longer().is_empty() && WHAT.iter().any(|what| run.settings.wants(what)) {
        run.leave_out("growth", "--quick has one data set alone");
    }
    for kind in Kind::ALL {
        for rows in run.settings.longer() {
            compare(run, kind, *rows);
        }
    }
}

fn compare(run: &mut Run, kind: Kind, rows: u64) {
    let size = if rows == 1_000_000 { "1M" } else { "10M" };
    let lines = WHAT.map(|what| {
        (
            what,
            Line::cost(
                format!("{what}, {size} rows against 10k, {}", kind.name()),
                1.3,
            ),
        )
    });
    if !run.wants(kind, lines.iter().map(|(_, line)| line.name.as_str())) {
        return;
    }
    let (long, short) = (run.server(kind, rows), run.server(kind, SHORT));
    for (what, line) in lines
        .iter()
        .filter(|(_, line)| run.settings.wants(&line.name))
    {
        let (ours, floor) = (load(run, &long, what), load(run, &short, what));
        run.compare(line, || run.cost(&ours), || run.cost(&floor));
    }
}

fn load(run: &Run, server: &Server, what: &str) -> Load {
    let get = |path: &str| server.load(1, 200, always(server.get(path, "")));
    match what {
        "matrix" => get("/api/v1/deployments/matrix"),
        "latest" => {
            let paths = reads::components(run, server)
                .into_iter()
                .map(|id| format!("/api/v1/deployments/latest?componentId={id}"));
            server.load(
                1,
                200,
                any_of(paths.map(|path| server.get(&path, "")).collect()),
            )
        }
        "first page" => get("/api/v1/deployments"),
        "filtered total" => {
            let environment = reads::environments(run, server).swap_remove(0);
            get(&format!(
                "/api/v1/deployments?environmentId={environment}&status=succeeded&take=1"
            ))
        }
        "by id" => server.load(
            1,
            200,
            any_of(reads::by_id(server, &reads::ids(run, server, IDS))),
        ),
        "POST" => server.load(1, 201, writes::posts(run, server)),
        "PATCH" => writes::patches(run, server),
        other => unreachable!("{other} is no line"),
    }
}
