//! The limits of the spool, and the warnings about old entries.

use std::{
    fs::{self, File},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use deploytrack_tests::program::Home;
use uuid::{NoContext, Timestamp, Uuid};

use crate::{
    given::Bench,
    wrapped::{assert_passed_through, home, listed, spooled, wrapped},
};

const NOWHERE: &str = "http://127.0.0.1:1";
const DAY: Duration = Duration::from_hours(24);

fn spool(home: &Home) -> PathBuf {
    home.path().join(".local/state/deploytrack/spool")
}

/// The folder name of a spooled run that started this long ago.
fn name_of(age: Duration) -> String {
    let then = (SystemTime::now() - age)
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    Uuid::new_v7(Timestamp::from_unix(
        NoContext,
        then.as_secs(),
        then.subsec_nanos(),
    ))
    .to_string()
}

/// Spools a run that started this long ago: wraps a command under a clock of that time while the
/// server is down.
fn spool_one(bench: &mut Bench, age: Duration) -> Home {
    let home = home(bench);
    let url = bench.server.url().to_owned();
    bench.server.kill();
    let off = -i64::try_from(age.as_secs()).unwrap();
    assert_passed_through(
        &home.deploytrack_with_clock(off, &wrapped(&["--send-timeout", "1s"], &["true"])),
        0,
        "",
    );
    assert_eq!(spooled(&home), 1);
    bench.restart(&url);
    home
}

#[test]
fn a_spool_of_ten_thousand_runs_is_full_and_the_deploy_goes_on() {
    let bench = Bench::new();
    let home = home(&bench);
    for _ in 0..10_000 {
        fs::create_dir_all(spool(&home).join(Uuid::now_v7().to_string())).unwrap();
    }
    let run = home.deploytrack(&wrapped(
        &["--send-timeout", "2s"],
        &["sh", "-c", "echo out; exit 3"],
    ));
    assert_passed_through(&run, 3, "out\n");
    assert!(
        run.err.contains("full with 10000 entries") && run.err.contains("deploytrack flush"),
        "{run:?}"
    );
    assert_eq!(
        listed(&bench)[0]["status"],
        "failed",
        "it is told from memory"
    );
}

#[test]
fn a_spool_of_sixty_four_mebibytes_is_full_and_the_deploy_goes_on() {
    let bench = Bench::new();
    let mut home = home(&bench);
    for _ in 0..16 {
        let run = spool(&home).join(Uuid::now_v7().to_string());
        fs::create_dir_all(&run).unwrap();
        // Too large for an event; a sparse file, so it takes no disk space.
        File::create(run.join("0.json"))
            .unwrap()
            .set_len(5 << 20)
            .unwrap();
    }
    home.set("DEPLOYTRACK_URL", NOWHERE);
    let run = home.deploytrack(&wrapped(&[], &["true"]));
    assert_passed_through(&run, 0, "");
    assert!(
        run.err.contains("of at most 64 MiB") && run.err.contains("not recorded"),
        "{run:?}"
    );
    assert_eq!(spooled(&home), 16);
    let plain = home.deploytrack(&[&crate::wrapped::RECORD[..], &["--on-error", "spool"]].concat());
    assert!(
        plain.err.contains("of at most 64 MiB") && plain.err.contains("deploytrack spool list"),
        "{plain:?}"
    );
}

#[test]
fn a_run_that_waits_for_long_is_named_after_every_deploy_and_still_sent() {
    let mut bench = Bench::new();
    let home = spool_one(&mut bench, DAY * 40);
    let away = home.deploytrack(
        &[
            &["--url", NOWHERE][..],
            &wrapped(&["--on-error", "warn"], &["true"]),
        ]
        .concat(),
    );
    assert_passed_through(&away, 0, "");
    assert!(
        away.err.contains("1 entry has waited for 40 days"),
        "{away:?}"
    );
    let list = home.deploytrack(&["spool", "list"]);
    assert!(
        list.done().contains("5w") && list.err.contains("40 days"),
        "{list:?}"
    );
    let flushed = home.deploytrack(&["flush"]);
    assert_eq!(flushed.done(), "1 sent, 0 kept, 0 refused\n");
    assert!(
        flushed.err.contains("recorded after 40 days"),
        "{flushed:?}"
    );
    assert_eq!(
        (listed(&bench).len(), &listed(&bench)[0]["status"]),
        (1, &"succeeded".into())
    );
    assert_eq!(
        home.deploytrack(&wrapped(&[], &["true"])).err,
        "",
        "nothing waits any more"
    );
}

#[test]
fn flush_names_the_oldest_entry_that_stays_queued() {
    let mut bench = Bench::new();
    let home = spool_one(&mut bench, DAY * 3);
    assert_passed_through(
        &home.deploytrack(&[&["--url", NOWHERE][..], &wrapped(&[], &["true"])].concat()),
        0,
        "",
    );
    let flushed = home.deploytrack(&["--url", NOWHERE, "flush"]);
    assert_eq!(
        (flushed.code, flushed.out.as_str()),
        (3, "0 sent, 2 kept, 0 refused\n"),
        "{flushed:?}"
    );
    assert!(
        flushed
            .err
            .contains("2 entries wait, the oldest for 3 days")
            && flushed.err.contains("spool list"),
        "{flushed:?}"
    );
}

#[test]
fn a_run_that_cannot_be_read_is_named_and_the_others_are_sent() {
    let mut bench = Bench::new();
    let home = spool_one(&mut bench, DAY);
    let broken = spool(&home).join(name_of(DAY));
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("0.json"), "{\"server\": ").unwrap();
    fs::write(spool(&home).join(name_of(DAY * 2)), "no folder at all").unwrap();
    let list = home.deploytrack(&["spool", "list", "-o", "json"]);
    let runs: serde_json::Value = serde_json::from_str(list.done()).unwrap();
    assert_eq!(
        (
            runs.as_array().unwrap().len(),
            list.err.matches("cannot be read").count()
        ),
        (2, 1),
        "{list:?}"
    );

    let flushed = home.deploytrack(&["flush"]);
    assert_eq!(
        (flushed.code, flushed.out.as_str()),
        (1, "1 sent, 1 kept, 0 refused, 1 not trusted\n"),
        "{flushed:?}"
    );
    assert_eq!(
        fs::read_to_string(broken.join("0.json")).unwrap(),
        "{\"server\": ",
        "nothing of it is lost"
    );
    assert_eq!(listed(&bench).len(), 1);
    let name = broken.file_name().unwrap().to_str().unwrap();
    let trusted = home.deploytrack(&["flush", name, "--trust"]);
    let aside = broken.with_extension("unreadable");
    assert!(
        trusted
            .err
            .contains(&format!("set aside in {}", aside.display())),
        "{trusted:?}"
    );
}

#[test]
fn flush_deletes_the_unfinished_files_of_a_dead_process() {
    let bench = Bench::new();
    let home = home(&bench);
    let left = |age: Duration| {
        let folder = spool(&home).join(format!(".{}", name_of(age)));
        fs::create_dir_all(&folder).unwrap();
        File::open(&folder)
            .unwrap()
            .set_modified(SystemTime::now() - age)
            .unwrap();
        folder
    };
    let (old, new) = (left(DAY * 2), left(Duration::from_hours(1)));
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "0 sent, 0 kept, 0 refused\n"
    );
    assert!(!old.exists() && new.exists());
}
