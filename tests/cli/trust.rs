//! A spool from a restored CI cache: files of other users are neither sent nor followed, and hang
//! nothing.

use std::{
    fs::{self, File},
    os::unix::{
        fs::{chown, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{Caller, SECRET, seconds, token},
    program::Home,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    given::Bench,
    wrapped::{assert_passed_through, home, home_of, listed, spooled, wrapped},
};

/// Replaces a file.
type Make<'a> = &'a dyn Fn(&Path);

const SCRIPT: &str = "#!/bin/sh\necho deployed\n";

fn spool(home: &Home) -> PathBuf {
    home.path().join(".local/state/deploytrack/spool")
}

fn runs(home: &Home) -> Vec<PathBuf> {
    let mut runs: Vec<_> = fs::read_dir(spool(home))
        .unwrap()
        .map(|run| run.unwrap().path())
        .filter(|run| run.is_dir())
        .collect();
    runs.sort_unstable();
    runs
}

fn versions(bench: &Bench) -> Vec<String> {
    let mut versions: Vec<_> = listed(bench)
        .iter()
        .map(|one| one["version"].as_str().unwrap().to_owned())
        .collect();
    versions.reverse();
    versions
}

fn states(home: &Home) -> Vec<String> {
    let list: Value =
        serde_json::from_str(home.deploytrack(&["spool", "list", "-o", "json"]).done()).unwrap();
    list.as_array()
        .unwrap()
        .iter()
        .map(|run| run["state"].as_str().unwrap().to_owned())
        .collect()
}

/// Creates a run in the spool without any token.
fn forge_run(home: &Home, files: &[(&str, Value)]) -> String {
    let name = Uuid::now_v7().to_string();
    let folder = spool(home).join(&name);
    fs::create_dir_all(&folder).unwrap();
    for (file, content) in files {
        fs::write(
            folder.join(file),
            content
                .as_str()
                .map_or_else(|| content.to_string(), str::to_owned),
        )
        .unwrap();
    }
    Command::new("chmod")
        .arg("0700")
        .arg(spool(home))
        .status()
        .unwrap();
    name
}

fn forged_event(url: &str) -> Value {
    let body = json!({"component": "api", "environment": "production", "version": "v-EVIL", "status": "succeeded"});
    json!({"server": url, "key": "k", "ask": {"record": {"body": body, "register": false}}})
}

fn deploy(home: &Home, version: &str) -> deploytrack_tests::program::Run {
    home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        version,
        "--send-timeout",
        "1s",
        "--",
        "true",
    ])
}

/// Spools runs of these versions while the server is down, and restarts the server.
fn spool_versions(bench: &mut Bench, home: &Home, versions: &[&str]) {
    let url = bench.server.url().to_owned();
    bench.server.kill();
    for version in versions {
        assert_passed_through(&deploy(home, version), 0, "");
    }
    bench.restart(&url);
    assert_eq!(runs(home).len(), versions.len());
}

#[test]
fn entries_queued_without_a_token_are_listed_and_sent_only_after_confirmation() {
    let bench = Bench::new();
    let home = home(&bench);
    assert_passed_through(&deploy(&home, "v1"), 0, "");
    let id = listed(&bench)[0]["id"].clone();
    for url in [bench.server.url(), ""] {
        let record = forge_run(&home, &[("0.json", forged_event(url))]);
        let change = json!({"server": url, "key": "k2", "ask": {"update": {"body": {"description": "EVIL"}}}});
        let update = forge_run(&home, &[("0.json", change), ("deployment", id.clone())]);
        let run = deploy(&home, "v2");
        assert_passed_through(&run, 0, "");
        assert!(
            run.err.contains(&format!("2 entries of the spool are not trusted and not sent, entry {record}: 0.json has no seal")),
            "{run:?}"
        );
        assert_eq!(run.err.lines().count(), 1, "{run:?}");
        assert_eq!(states(&home), ["not trusted", "not trusted"]);
        let flushed = home.deploytrack(&["flush"]);
        assert_eq!(
            (flushed.code, flushed.out.as_str()),
            (1, "0 sent, 0 kept, 0 refused, 2 not trusted\n"),
            "{flushed:?}"
        );
        assert!(
            flushed.err.contains("--trust") && flushed.err.contains("spool show"),
            "{flushed:?}"
        );
        for refused in [
            &["flush", "--trust"][..],
            &["flush", &record, "--set", "version=v9"],
        ] {
            assert_ne!(home.deploytrack(refused).code, 0, "{refused:?}");
        }
        let shown = home.deploytrack(&["spool", "show", &record]);
        assert!(
            shown.done().contains("v-EVIL") && shown.err.contains("not trusted"),
            "{shown:?}"
        );
        assert!(
            !versions(&bench).contains(&"v-EVIL".to_owned())
                && listed(&bench)
                    .iter()
                    .all(|one| one["description"].is_null())
        );
        assert_eq!(
            home.deploytrack(&["spool", "drop", &update]).done(),
            "dropped 1 entry\n"
        );
        assert_eq!(
            home.deploytrack(&["spool", "drop", &record]).done(),
            "dropped 1 entry\n"
        );
    }
    let record = forge_run(&home, &[("0.json", forged_event(bench.server.url()))]);
    let sent = home.deploytrack(&["flush", &record, "--trust"]);
    assert_eq!(sent.done(), "1 sent, 0 kept, 0 refused\n", "{sent:?}");
    assert!(
        sent.err.contains("sent from the spool") && sent.err.contains("api v-EVIL in production"),
        "{sent:?}"
    );
    assert!(versions(&bench).contains(&"v-EVIL".to_owned()));
}

#[test]
fn a_run_that_was_edited_moved_or_mixed_is_not_sent_and_the_others_are() {
    let mut bench = Bench::new();
    let home = home(&bench);
    spool_versions(&mut bench, &home, &["v1", "v2"]);
    let saved = home.path().join("saved");
    copy(&spool(&home), &saved);
    let [one, two] = runs(&home).try_into().unwrap();
    let two = saved.join(two.file_name().unwrap());
    let replace = |file: &Path, before: &str, after: &str| {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(before), "{text}");
        fs::write(file, text.replace(before, after)).unwrap();
    };
    let edits: [&dyn Fn(); 7] = [
        &|| replace(&one.join("0.json"), "\"v1\"", "\"v-EVIL\""),
        &|| replace(&one.join("0.json"), "127.0.0.1", "localhost"),
        &|| fs::rename(&one, spool(&home).join(Uuid::now_v7().to_string())).unwrap(),
        &|| assert_ne!(fs::copy(two.join("1.json"), one.join("1.json")).unwrap(), 0),
        &|| fs::rename(one.join("1.json"), one.join("0.json")).unwrap(),
        &|| fs::write(one.join("outcome"), json!({"code": 0}).to_string()).unwrap(),
        &|| fs::write(one.join("deployment"), Uuid::now_v7().to_string()).unwrap(),
    ];
    for (index, edit) in edits.iter().enumerate() {
        edit();
        let flushed = home.deploytrack(&["flush"]);
        let sent = usize::from(index == 0);
        assert_eq!(
            (flushed.code, flushed.out.as_str()),
            (
                1,
                &*format!("{sent} sent, 0 kept, 0 refused, 1 not trusted\n")
            ),
            "{index}: {flushed:?}"
        );
        assert_eq!(versions(&bench), ["v2"], "{index}");
        for run in runs(&home) {
            fs::remove_dir_all(run).unwrap();
        }
        copy(&saved.join(one.file_name().unwrap()), &one);
    }
    let again = deploy(&home, "v3");
    assert!(
        again
            .err
            .contains("sent from the spool, where earlier calls had left it: api v1 in production"),
        "{again:?}"
    );
    assert_eq!((versions(&bench).len(), spooled(&home)), (3, 0));
}

fn copy(from: &Path, to: &Path) {
    assert!(
        Command::new("cp")
            .arg("-a")
            .arg(from)
            .arg(to)
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn unexpected_files_in_the_spool_are_left_alone_and_hang_nothing() {
    let mut bench = Bench::new();
    let home = home(&bench);
    let script = home.path().join("deploy.sh");
    fs::write(&script, SCRIPT).unwrap();
    let fifo = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let again = |path: &Path, make: &dyn Fn(&Path)| {
        drop(fs::remove_file(path));
        make(path);
    };
    let link = |path: &Path| symlink(&script, path).unwrap();
    let hostile: [(&str, &str, Make<'_>); 15] = [
        ("lock", "lock: it is a link", &link),
        ("lock", "lock: it is not a regular file", &fifo),
        ("lock", "lock: it is not a regular file", &|path| {
            fs::create_dir(path).unwrap();
        }),
        ("keeper", "it is a link", &link),
        ("keeper", "it is not a regular file", &fifo),
        ("0.json", "0.json: it is a link", &link),
        ("0.json", "0.json: it is not a regular file", &fifo),
        ("0.json", "0.json: it is not a regular file", &|path| {
            drop(UnixListener::bind(path).unwrap());
        }),
        ("0.json", "0.json: it is not a regular file", &|path| {
            fs::create_dir(path).unwrap();
        }),
        ("0.json", "0.json: it has 2 names (hard links)", &|path| {
            fs::hard_link(&script, path).unwrap();
        }),
        ("0.json", "0.json: it has more than", &|path| {
            File::create(path).unwrap().set_len(1 << 40).unwrap();
        }),
        ("told", "told: it is not a regular file", &fifo),
        ("refused", "refused: it is not a regular file", &fifo),
        ("outcome", "outcome: it is a link", &link),
        ("id-file", "id-file: it is not a regular file", &fifo),
    ];
    spool_versions(&mut bench, &home, &["v1"]);
    let good = runs(&home).remove(0);
    for seen in ["running", "outcome", "left"] {
        drop(fs::remove_file(good.join(seen)));
    }
    let mut expected = Vec::new();
    for (file, why, make) in hostile {
        let run = spool(&home).join(Uuid::now_v7().to_string());
        copy(&good, &run);
        again(&run.join(file), make);
        expected.push(why);
    }
    let other = home.path().join("elsewhere");
    copy(&good, &other);
    let linked = spool(&home).join(Uuid::now_v7().to_string());
    symlink(&other, &linked).unwrap();
    expected.push("it is a link");
    let open_to_all = spool(&home).join(Uuid::now_v7().to_string());
    copy(&good, &open_to_all);
    Command::new("chmod")
        .arg("0777")
        .arg(&open_to_all)
        .status()
        .unwrap();
    expected.push("other users may write to it (mode 777)");

    let list: Value =
        serde_json::from_str(home.deploytrack(&["spool", "list", "-o", "json"]).done()).unwrap();
    let whys: Vec<_> = list.as_array().unwrap()[1..]
        .iter()
        .map(|run| run["untrusted"].as_str().unwrap_or("trusted").to_owned())
        .collect();
    for (why, expected) in whys.iter().zip(&expected) {
        assert!(why.contains(expected), "{why}, not {expected}");
    }
    assert_eq!(whys.len(), expected.len());
    let begun = Instant::now();
    let run = home.deploytrack(&wrapped(&[], &["sh", "-c", "echo out; exit 3"]));
    assert_passed_through(&run, 3, "out\n");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        run.err.contains("17 entries of the spool are not trusted")
            && run.err.contains("sent from the spool"),
        "{run:?}"
    );
    assert!(home.deploytrack(&["doctor"]).out.contains("not trusted"));
    assert_eq!(fs::read_to_string(&script).unwrap(), SCRIPT);
    let name = linked.file_name().unwrap().to_str().unwrap();
    assert_ne!(
        home.deploytrack(&["flush", name, "--trust"]).code,
        0,
        "a link is no run, whoever says so"
    );
    assert_eq!(
        home.deploytrack(&["spool", "drop", "--all"]).done(),
        "dropped 17 entries\n"
    );
    assert!(other.join("0.json").exists() && fs::read_to_string(&script).unwrap() == SCRIPT);
}

#[test]
fn an_id_file_of_another_user_is_not_trusted() {
    let mut bench = Bench::new();
    let home = home(&bench);
    spool_versions(&mut bench, &home, &["v1"]);
    let event = runs(&home)[0].join("0.json");
    if chown(&event, Some(65_534), None).is_err() {
        return;
    }
    let flushed = home.deploytrack(&["flush"]);
    assert!(
        flushed
            .err
            .contains("0.json: it belongs to user 65534 and not to user 0"),
        "{flushed:?}"
    );
    let name = runs(&home)[0]
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        home.deploytrack(&["flush", &name, "--trust"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
}

#[test]
fn a_spool_behind_a_symbolic_link_is_not_used_and_the_deploy_goes_on() {
    for part in [".local/state/deploytrack", ".local/state/deploytrack/spool"] {
        let bench = Bench::new();
        let home = home(&bench);
        let (path, elsewhere) = (home.path().join(part), home.path().join("elsewhere"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::create_dir_all(elsewhere.join("spool")).unwrap();
        symlink(&elsewhere, &path).unwrap();
        let run = home.deploytrack(&wrapped(&[], &["sh", "-c", "exit 3"]));
        assert_passed_through(&run, 3, "");
        assert!(
            run.err.contains("the spool cannot be used") && run.err.contains("it is a link"),
            "{part}: {run:?}"
        );
        assert_eq!(listed(&bench).len(), 1);
        assert_eq!(fs::read_dir(elsewhere.join("spool")).unwrap().count(), 0);
        assert!(home.deploytrack(&["flush"]).err.contains("it is a link"));
    }
}

#[test]
fn a_later_token_of_the_same_subject_or_pipeline_sends_the_queue_of_an_expired_one() {
    let subject = |sub: &str, end: i64| {
        let end = seconds().checked_add_signed(end).unwrap();
        token(
            &json!({"sub": sub, "exp": end, "iat": end - 7200, "roles": ["admin"]}),
            SECRET,
        )
    };
    let bench = Bench::new();
    let with = |key: Option<&str>| {
        let mut home = home_of(bench.server.url());
        home.set("DEPLOYTRACK_TOKEN", subject("job-1", -3600));
        if let Some(key) = key {
            home.set("DEPLOYTRACK_SPOOL_KEY", key);
        }
        assert_passed_through(&deploy(&home, "v1"), 0, "");
        assert_eq!(states(&home), ["refused"]);
        home
    };
    let mut home = with(None);
    // The runner was deleted: only its cache remains.
    let moved = home_of(bench.server.url());
    fs::create_dir_all(moved.path().join(".local")).unwrap();
    copy(
        &home.path().join(".local/state"),
        &moved.path().join(".local/state"),
    );
    home.set("DEPLOYTRACK_TOKEN", subject("job-2", 3600));
    let mut moved = moved;
    moved.set("DEPLOYTRACK_TOKEN", subject("job-1", 3600));
    for (home, why) in [(&moved, "another machine"), (&home, "another subject")] {
        let other = home.deploytrack(&["flush"]);
        assert_eq!(
            (other.code, other.out.as_str()),
            (1, "0 sent, 0 kept, 0 refused, 1 not trusted\n"),
            "{why}: {other:?}"
        );
    }
    home.set("DEPLOYTRACK_TOKEN", subject("job-1", 3600));
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );

    let first = with(Some("a secret of the pipeline"));
    let mut second = home_of(bench.server.url());
    fs::create_dir_all(second.path().join(".local")).unwrap();
    copy(
        &first.path().join(".local/state"),
        &second.path().join(".local/state"),
    );
    second.set("DEPLOYTRACK_SPOOL_KEY", "another secret of a pipeline");
    assert_eq!(states(&second), ["not trusted"]);
    second.set("DEPLOYTRACK_SPOOL_KEY", "a secret of the pipeline");
    assert_eq!(
        second.deploytrack(&["flush"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    second.set("DEPLOYTRACK_SPOOL_KEY", "short");
    assert!(
        second
            .deploytrack(&["list"])
            .err
            .contains("DEPLOYTRACK_SPOOL_KEY is not used")
    );
    let spool = Command::new("grep")
        .args(["-r", "a secret of the pipeline"])
        .arg(first.path())
        .output()
        .unwrap();
    assert!(spool.stdout.is_empty());
}

#[test]
fn one_flush_works_at_a_time_and_in_order() {
    let mut bench = Bench::new();
    let home = home(&bench);
    let wanted: Vec<_> = (0..12).map(|number| format!("v{number}")).collect();
    spool_versions(
        &mut bench,
        &home,
        &wanted.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let started: Vec<_> = (0..4)
        .map(|_| {
            home.command("deploytrack", &["flush", "--quiet", "--timeout", "2m"])
                .spawn()
                .unwrap()
        })
        .collect();
    for mut flush in started {
        assert!(flush.wait().unwrap().success());
    }
    assert_eq!(versions(&bench), wanted);

    let lock = File::open(spool(&home).join(".flushing")).unwrap();
    lock.lock().unwrap();
    let begun = Instant::now();
    assert_passed_through(&deploy(&home, "v12"), 0, "");
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    let second = home.deploytrack(&["flush"]);
    assert_eq!(second.code, 3);
    assert!(
        second
            .err
            .contains("another `deploytrack flush` is sending"),
        "{second:?}"
    );
}

#[test]
fn an_invalid_id_file_is_neither_followed_nor_emptied() {
    let bench = Bench::new();
    let home = home(&bench);
    let script = home.path().join("deploy.sh");
    fs::write(&script, SCRIPT).unwrap();
    symlink(&script, home.path().join("link")).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(home.path().join("fifo"))
            .status()
            .unwrap()
            .success()
    );
    for file in ["deploy.sh", "link", "fifo"] {
        let begun = Instant::now();
        let run = home.deploytrack(&wrapped(&["--id-file", file], &["sh", "-c", "exit 3"]));
        assert_passed_through(&run, 3, "");
        assert!(run.err.contains(file), "{run:?}");
        assert_ne!(
            home.deploytrack(&["update", "--id-file", file, "failed"])
                .code,
            0
        );
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{file}: {:?}",
            begun.elapsed()
        );
        assert_eq!(fs::read_to_string(&script).unwrap(), SCRIPT);
    }
    let run = forge_run(&home, &[("0.json", forged_event(bench.server.url()))]);
    fs::write(home.path().join("id"), format!("run:{run}\n")).unwrap();
    let update = home.deploytrack(&["update", "--id-file", "id", "failed", "--on-error", "spool"]);
    assert!(
        update.code == 1 && update.err.contains("is not trusted"),
        "{update:?}"
    );
}

#[test]
fn an_endless_settings_file_does_not_hang_the_program() {
    let bench = Bench::new();
    let mut home = home_of(bench.server.url());
    home.set("DEPLOYTRACK_TOKEN", "");
    home.set("DEPLOYTRACK_TOKEN_FILE", "/dev/zero");
    assert!(
        home.deploytrack(&["list"])
            .err
            .contains("it is not a regular file")
    );
    File::create(home.path().join("large"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    home.set(
        "DEPLOYTRACK_TOKEN_FILE",
        home.path().join("large").to_str().unwrap(),
    );
    assert!(home.deploytrack(&["list"]).err.contains("it has more than"));
    // Standard output of a command under test is a pipe.
    let script = format!(
        "exec 3< <(echo {}); DEPLOYTRACK_TOKEN_FILE=/dev/fd/3 exec \"$0\" list",
        Caller::admin_token()
    );
    let run = Command::new("bash")
        .args(["-c", &script])
        .arg(deploytrack_tests::program::binary("deploytrack"))
        .env_clear()
        .env("HOME", home.path())
        .env("DEPLOYTRACK_URL", bench.server.url())
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
}
