//! The commands of docs/backup.md can be typed as they are shown there.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    postgres,
    program::{Home, Process, binary},
};

use crate::{
    pages::{blocks, lines_of, page, section},
    readme::{after_serve, shell, typed},
};

/// The address of the database on the page, up to its name.
const EXAMPLE: &str = "postgres://user:password@localhost/";

#[test]
fn the_commands_for_sqlite_can_be_typed() {
    let (mut home, server) = after_serve();
    home.set("DEPLOYTRACK_LISTEN", "127.0.0.1:0");
    let record =
        "deploytrack record --component user-service --environment production --version v2.3.0";
    typed(&home, record);
    std::fs::create_dir(home.path().join("backups")).unwrap();
    let page = page("docs/backup.md");
    let section = section(&page, "## SQLite");
    let lines = lines_of(section);
    assert_eq!(lines.len(), 6, "{lines:?}");
    for line in &lines[..3] {
        assert!(typed(&home, line).contains("1 deployments"), "{line}");
    }
    typed(&home, record);
    assert_eq!(server.terminate().0, 0);
    // The server of the schedule runs until it is stopped.
    let folder = home.path().join("backups").display().to_string();
    let scheduled = lines[3].replace("/var/backups/deploytrack", &folder);
    assert_ne!(scheduled, lines[3]);
    let command = shell(&home, &format!("exec {scheduled} 2>/dev/null"));
    assert_eq!(Process::started(command).terminate().0, 0);
    let told = typed(&home, lines[4]);
    let shown = blocks(section, "text")[0];
    assert_eq!(form(&told), form(shown), "{told}");
    assert!(typed(&home, lines[5]).contains("1 deployments"));
}

/// The words of a text that do not differ between two restores.
fn form(text: &str) -> Vec<&str> {
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_alphabetic());
    text.split_whitespace().filter(is_word).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_commands_for_postgresql_can_be_typed_while_a_server_writes() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let server = Process::server(&Home::new(), database.url());
    let folder = |program: &Path| program.parent().unwrap().display().to_string();
    let own = folder(binary("deploytrack-server"));
    let of_postgres = folder(&postgres::program("pg_dump").unwrap());
    let home = Home::new()
        .with("PATH", format!("{own}:{of_postgres}:/usr/bin:/bin"))
        .with("DEPLOYTRACK_JWT_SECRET", SECRET)
        .with("DEPLOYTRACK_URL", server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let page = page("docs/backup.md");
    let section = section(&page, "## PostgreSQL");
    let lines: Vec<String> = blocks(section, "sh")
        .iter()
        .flat_map(|block| block.lines())
        .map(|line| on_database(line, &database))
        .collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    let record = |number: u32| {
        format!("deploytrack record -c api -e production --version v{number} --status succeeded")
    };
    typed(&home, &record(0));
    let (writing, before) = (AtomicBool::new(true), store_id(&server).await);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1.. {
                typed(&home, &record(number));
                if !writing.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        typed(&home, &lines[0]);
        writing.store(false, Ordering::Relaxed);
    });
    for line in &lines[1..4] {
        typed(&home, line);
    }
    let verified = typed(&home, &lines[4]);
    assert!(verified.contains(": all agree"), "{verified}");
    let url = on_database(&format!("{EXAMPLE}deploytrack_restored"), &database);
    let restored = Process::server(&Home::new(), &url);
    assert_ne!(store_id(&restored).await, before);
}

async fn store_id(server: &Process) -> String {
    let ready = Caller::anonymous(server.url()).get("/readyz").await.json();
    ready["storeId"].as_str().unwrap().to_owned()
}

/// A line of the page with the databases of the test in place of those of the page.
fn on_database(line: &str, database: &Database) -> String {
    let url = database.url();
    let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (server, name) = base.rsplit_once('/').unwrap();
    let mut typed = line.to_owned();
    for (shown, real) in [
        ("deploytrack_restored", &*format!("{name}_restored")),
        ("deploytrack", name),
        ("postgres", "postgres"),
    ] {
        let real_url = format!("{server}/{real}?{parameters}");
        typed = typed
            .replace(&format!("{EXAMPLE}{shown}"), &real_url)
            .replace(&format!(" {shown}_restored"), &format!(" {real}_restored"));
    }
    typed
}
