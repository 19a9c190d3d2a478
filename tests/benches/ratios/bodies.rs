//! The most expensive bodies to parse, each compared with a flat one of the same size: one long
//! text. All of them are refused, so only parsing is measured.

use deploytrack_core::api::{DEPLOYMENTS, IMPORT};
use deploytrack_tests::hostile::{WORST, flat, worst};

use crate::{
    load::{Load, always},
    run::{Run, Server},
    settings::Kind,
    table::Line,
};

/// The allowed factor: a byte of a flat text is copied, while a byte of the others may be a value,
/// or half of a key. The worst kind was measured at 21 times a flat text.
const TIMES: f64 = 30.0;
/// Refused bodies read no rows.
const ROWS: u64 = 1000;
/// Sizes a little below the limits of a body and of an import.
const SIZES: [(&str, &str, usize, usize); 2] = [
    ("1 MB", DEPLOYMENTS, 1_000_000, 1),
    ("8 MB in two lines", IMPORT, 4_000_000, 2),
];

/// Measures every line.
pub(crate) fn run(run: &mut Run) {
    let name = |what: &str, size: &str| format!("worst body of {size}, {what}, against a flat one");
    let names: Vec<_> = WORST
        .iter()
        .flat_map(|what| SIZES.map(|(size, ..)| name(what, size)))
        .collect();
    if !run.wants(Kind::Sqlite, names.iter().map(String::as_str)) {
        return;
    }
    let server = run.server(Kind::Sqlite, ROWS);
    for (size, path, bytes, lines) in SIZES {
        for what in WORST
            .iter()
            .filter(|what| run.settings.wants(&name(what, size)))
        {
            let load = |body: &str| load(&server, path, &vec![body; lines].join("\n"));
            let (ours, floor) = (load(&worst(what, bytes)), load(&flat(bytes)));
            run.compare(
                &Line::cost(name(what, size), TIMES),
                || run.cost(&ours),
                || run.cost(&floor),
            );
        }
    }
}

fn load(server: &Server, path: &str, body: &str) -> Load {
    server.load(1, 400, always(server.writer("POST")(path, body)))
}
