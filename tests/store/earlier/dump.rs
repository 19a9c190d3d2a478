//! A database as plain SQL.

use std::{fmt::Write as _, process::Command};

use deploytrack_tests::{database::Database, postgres};
use rusqlite::Connection;

/// The SQL that makes the database again.
pub(crate) fn of(database: &Database) -> String {
    if database.is_sqlite() {
        sqlite(&Connection::open(database.file()).unwrap()).unwrap()
    } else {
        of_postgres(database.url())
    }
}

/// Makes the database from its SQL.
pub(crate) async fn load(database: &Database, sql: &str) {
    if database.is_sqlite() {
        let connection = Connection::open(database.file()).unwrap();
        connection.execute_batch(sql).unwrap();
    } else {
        database.execute(sql).await.unwrap();
    }
}

/// Tables with their rows first, then indexes and triggers, which would refuse some of the rows.
fn sqlite(connection: &Connection) -> rusqlite::Result<String> {
    let objects = "select type, name, sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by type <> 'table', rowid";
    let mut objects = connection.prepare(objects)?;
    let objects = objects.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut text = String::from("pragma foreign_keys = off;\nbegin;\n");
    for object in objects {
        let (kind, name, sql): (String, String, String) = object?;
        let _ = writeln!(text, "{};", without_comments(&sql));
        if kind == "table" {
            text.push_str(&rows(connection, &name)?);
        }
    }
    text.push_str("delete from sqlite_sequence;\n");
    text.push_str(&rows(connection, "sqlite_sequence")?);
    text.push_str("commit;\n");
    Ok(text)
}

fn rows(connection: &Connection, table: &str) -> rusqlite::Result<String> {
    let columns = format!(
        "select group_concat('quote(\"' || name || '\")', ' || '', '' || ') from pragma_table_info('{table}')"
    );
    let columns: String = connection.query_row(&columns, [], |row| row.get(0))?;
    let mut rows = connection.prepare(&format!("select {columns} from \"{table}\""))?;
    let rows = rows.query_map([], |row| row.get::<_, String>(0))?;
    let insert =
        |row: rusqlite::Result<String>| Ok(format!("insert into \"{table}\" values ({});\n", row?));
    rows.map(insert).collect()
}

/// The statements of a table are as long without their comments, and the server does not read them.
fn without_comments(sql: &str) -> String {
    let lines = sql
        .lines()
        .map(|line| line.split(" --").next().unwrap_or_default().trim_end());
    let lines = lines.filter(|line| !line.is_empty() && !line.trim_start().starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

fn of_postgres(url: &str) -> String {
    let dump = postgres::program("pg_dump").unwrap();
    let dump = Command::new(dump)
        .args([
            "--inserts",
            "--no-owner",
            "--no-privileges",
            "--no-comments",
            "--dbname",
            url,
        ])
        .output()
        .unwrap();
    assert!(
        dump.status.success(),
        "{}",
        String::from_utf8_lossy(&dump.stderr)
    );
    let text = String::from_utf8(dump.stdout).unwrap();
    // Settings and commands that only servers and programs of some versions know.
    let is_needed = |line: &&str| {
        !line.is_empty()
            && !["--", "SET ", "\\"]
                .iter()
                .any(|start| line.starts_with(start))
    };
    text.lines()
        .filter(is_needed)
        .fold(String::new(), |text, line| text + line + "\n")
}
