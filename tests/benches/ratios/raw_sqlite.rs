//! The baseline of writes on SQLite: the rows of one POST, written by SQLite without a server.
//!
//! A migration that changes the rows of one POST must change [`ADDED`] and [`TOUCHED`]; the run
//! reports it when they are outdated.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Command,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, OpenFlags, Statement, params_from_iter, types::Value};
use uuid::Uuid;

/// The argument that starts this program as such a writer.
pub(crate) const ARGUMENT: &str = "floor-sqlite";

/// The tables to which one POST adds a row. The rows are copies of those of an existing pending
/// deployment, with another id and another time. The deployment comes first: while a row of history
/// has an unresolved foreign key, SQLite searches every row of `current_cells` for more of them.
const ADDED: [&str; 3] = ["deployments", "history", "events"];
/// The tables in which one POST changes a row (or adds it once), with the statement, by component,
/// environment and status.
const TOUCHED: [(&str, &str); 4] = [
    (
        "current_cells",
        "insert into current_cells (component_id, environment_id) values (?1, ?2)
         on conflict (component_id, environment_id) do update set component_id = excluded.component_id",
    ),
    (
        "deployment_counts",
        "insert into deployment_counts (component_id, environment_id, status, count) values (?1, ?2, ?3, 1)
         on conflict (component_id, environment_id, status) do update set count = count + excluded.count",
    ),
    (
        "environment_counts",
        "insert into environment_counts (environment_id, status, slot, count) values (?2, ?3, 0, 1)
         on conflict (environment_id, status, slot) do update set count = count + excluded.count",
    ),
    ("commits", "update commits set count = count + 1, last_event = last_event + 1"),
];
/// The number of deployments whose rows are copied.
const SAMPLES: u32 = 1000;

/// How many times per second the rows of one POST are written, with this many POSTs in one
/// transaction.
pub(crate) fn rate(file: &Path, batch: u32, warm: Duration, time: Duration) -> f64 {
    let millis = |time: Duration| time.as_millis().to_string();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .arg(ARGUMENT)
        .arg(file)
        .args([batch.to_string(), millis(warm), millis(time)]);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "the floor fails: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .unwrap()
}

/// Writes for this many milliseconds and prints the rate.
pub(crate) fn write(file: &str, batch: &str, warm: &str, time: &str) {
    let millis = |text: &str| Duration::from_millis(text.parse().unwrap());
    let database = Connection::open(file).unwrap();
    // The settings of the server's connection.
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    database.pragma_update(None, "synchronous", "full").unwrap();
    database.pragma_update(None, "foreign_keys", true).unwrap();
    let (samples, batch) = (samples(&database), batch.parse::<u64>().unwrap());
    let mut writer = Writer::new(&database, &samples);
    let (from, mut written) = (Instant::now() + millis(warm), 0_u32);
    while Instant::now() < from + millis(time) {
        let before = from <= Instant::now();
        database.execute_batch("begin immediate").unwrap();
        for _ in 0..batch {
            writer.write_one();
        }
        database.execute_batch("commit").unwrap();
        written += if before {
            u32::try_from(batch).unwrap()
        } else {
            0
        };
    }
    println!("{}", f64::from(written) / from.elapsed().as_secs_f64());
}

/// A row of a table with the names of its columns.
type Row = Vec<(String, Value)>;

/// The rows of one deployment, in the order of [`ADDED`].
type Sample = [Row; ADDED.len()];

/// The rows of pending deployments, like those that one POST adds.
fn samples(database: &Connection) -> Vec<Sample> {
    let ids: Vec<Value> = {
        let mut query = database
            .prepare("select id from deployments where status = 'pending' limit ?1")
            .unwrap();
        query
            .query_map([SAMPLES], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let rows_of = |id: &Value| ADDED.map(|table| row(database, table, id));
    ids.iter().map(rows_of).collect()
}

fn row(database: &Connection, table: &str, id: &Value) -> Row {
    let key = match table {
        "deployments" => "id",
        "events" => "subject_id",
        _ => "deployment_id",
    };
    let mut query = database
        .prepare(&format!("select * from {table} where {key} = ?1"))
        .unwrap();
    let columns: Vec<_> = query
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let values = query
        .query_row([id], |row| {
            (0..columns.len())
                .map(|at| row.get::<_, Value>(at))
                .collect::<Result<Vec<_>, _>>()
        })
        .unwrap();
    columns
        .into_iter()
        .zip(values)
        .filter(|(column, _)| column != "sequence")
        .collect()
}

struct Writer<'a> {
    samples: &'a [Sample],
    next: usize,
    /// The number of the next event.
    number: i64,
    adding: [Statement<'a>; ADDED.len()],
    touching: [Statement<'a>; TOUCHED.len()],
}

impl<'a> Writer<'a> {
    fn new(database: &'a Connection, samples: &'a [Sample]) -> Self {
        let mut at = 0;
        let adding = ADDED.map(|table| {
            let columns: Vec<_> = samples[0][at]
                .iter()
                .map(|(column, _)| column.as_str())
                .collect();
            at += 1;
            let places = vec!["?"; columns.len()].join(", ");
            database
                .prepare(&format!(
                    "insert into {table} ({}) values ({places})",
                    columns.join(", ")
                ))
                .unwrap()
        });
        let touching = TOUCHED.map(|(_, sql)| database.prepare(sql).unwrap());
        let number = database
            .query_row("select last_event + 1 from commits", [], |row| row.get(0))
            .unwrap();
        Self {
            samples,
            next: 0,
            number,
            adding,
            touching,
        }
    }

    fn write_one(&mut self) {
        let sample = &self.samples[self.next % self.samples.len()];
        self.next += 1;
        let id = Value::Blob(Uuid::now_v7().into_bytes().to_vec());
        let micros = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_micros();
        let now = Value::Integer(i64::try_from(micros).unwrap());
        let number = Value::Integer(self.number);
        self.number += 1;
        for (statement, row) in self.adding.iter_mut().zip(sample) {
            let values = row.iter().map(|(column, value)| match column.as_str() {
                "id" | "deployment_id" | "subject_id" => &id,
                "number" => &number,
                "created_at" | "updated_at" | "occurred_at" | "recorded_at" => &now,
                _ => value,
            });
            statement.execute(params_from_iter(values)).unwrap();
        }
        let deployment = &sample[0];
        let of = |name: &str| {
            deployment
                .iter()
                .find(|(column, _)| column == name)
                .map(|(_, value)| value)
        };
        let place = [of("component_id"), of("environment_id"), of("status")];
        for statement in &mut self.touching {
            let count = statement.parameter_count();
            statement
                .execute(params_from_iter(place.iter().take(count)))
                .unwrap();
        }
    }
}

/// The number of rows of every table of a file.
pub(crate) fn counts(file: &Path) -> BTreeMap<String, i64> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut query = database
        .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
        .unwrap();
    let tables: Vec<String> = query
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let count = |table: &String| {
        database
            .query_row(&format!("select count(*) from {table}"), [], |row| {
                row.get(0)
            })
            .unwrap()
    };
    tables
        .iter()
        .map(|table| (table.clone(), count(table)))
        .collect()
}

/// The fault of this baseline, when this many POSTs changed the counts of a file from the first to
/// the second; `None` if there is none.
pub(crate) fn difference(
    before: &BTreeMap<String, i64>,
    after: &BTreeMap<String, i64>,
    posts: i64,
) -> Option<String> {
    let wrong: Vec<_> = after
        .iter()
        .map(|(table, count)| (table, count - before.get(table).unwrap_or(&0)))
        .filter(|(table, _)| TOUCHED.iter().all(|(touched, _)| touched != table))
        .filter(|(table, more)| {
            *more
                != if ADDED.contains(&table.as_str()) {
                    posts
                } else {
                    0
                }
        })
        .map(|(table, more)| format!("{more} rows to {table}"))
        .collect();
    (!wrong.is_empty()).then(|| {
        format!(
            "{posts} POSTs add {}, which raw_sqlite.rs does not",
            wrong.join(", ")
        )
    })
}
