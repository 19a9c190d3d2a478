//! The detection of version and commit, with real repositories.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, time::Instant};

use deploytrack_tests::program::Home;
use serde_json::{Value, json};

use crate::{
    ci::{GITHUB, SHA, explained, home, repository},
    given::Bench,
};

fn git(folder: &Path, args: &[&str]) -> String {
    let who = [
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.com",
        "-c",
        "protocol.file.allow=always",
    ];
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(who)
        .args(args);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The detected version and commit.
fn found(home: &Home, args: &[&str]) -> [Value; 2] {
    let all = explained(home, &[&["-e", "production"], args].concat());
    [all["version"][0].clone(), all["commitSha"][0].clone()]
}

const PUSH: [(&str, &str); 3] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_REF", "refs/heads/main"),
    ("GITHUB_SHA", SHA),
];

#[test]
fn a_push_to_a_branch_is_recorded_with_its_short_commit() {
    let bench = Bench::new();
    let home = home(bench.server.url(), &PUSH);
    let id = home
        .deploytrack(&["record", "-c", "api", "-e", "production"])
        .done()
        .to_owned();
    let deployment = crate::ci::shown(&bench, &id);
    assert_eq!(
        (&deployment["version"], &deployment["commitSha"]),
        (&json!(&SHA[..12]), &json!(SHA))
    );
    let source = explained(&home, &["-e", "production"])["version"][1].clone();
    assert_eq!(
        source,
        "GITHUB_SHA, its first 12 digits: no tag, and there is no git repository here"
    );
}

#[test]
fn the_commit_is_the_checked_out_or_the_named_one() {
    let mut home = home("http://127.0.0.1:1", &PUSH);
    let [first, second] = repository(home.path());
    assert_eq!(
        found(&home, &[]),
        [json!("v2"), json!(second)],
        "the version and the commit are of one tag"
    );
    assert_eq!(
        found(&home, &["--version", "v1"]),
        [json!("v1"), json!(first)],
        "HEAD is elsewhere"
    );
    assert_eq!(
        found(&home, &["--version", "v9"]),
        [json!("v9"), Value::Null]
    );
    git(
        home.path(),
        &["commit", "--quiet", "--allow-empty", "--message", "v3"],
    );
    let third = git(home.path(), &["rev-parse", "HEAD"]);
    assert_eq!(
        found(&home, &[]),
        [json!(&third[..12]), json!(third)],
        "another branch is checked out"
    );
    git(home.path(), &["checkout", "--quiet", "--detach", "v1"]);
    assert_eq!(found(&home, &[]), [json!("v1"), json!(first)]);
    home.set("GITHUB_REF", "refs/tags/v2");
    let run = home.deploytrack(&["record", "-c", "api", "-e", "production"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.err
            .contains("there is more than one answer: v2 (GITHUB_REF), v1 (git)"),
        "{run:?}"
    );
}

#[test]
fn a_workflow_run_by_another_one_takes_its_commit_from_the_event() {
    let mut home = home("http://127.0.0.1:1", &PUSH);
    home.set("GITHUB_EVENT_NAME", "workflow_run");
    let run = home.deploytrack(&["record", "-c", "api", "-e", "production"]);
    assert!(
        run.code == 2
            && run
                .err
                .contains("GITHUB_EVENT_NAME=workflow_run: this run deploys what another"),
        "{run:?}"
    );
    let (event, built) = (home.path().join("event.json"), "ab".repeat(20));
    fs::write(
        &event,
        json!({"workflow_run": {"head_sha": built}}).to_string(),
    )
    .unwrap();
    home.set("GITHUB_EVENT_PATH", event.to_str().unwrap());
    assert_eq!(found(&home, &[]), [json!(&built[..12]), json!(built)]);
    assert_eq!(
        found(&home, &["--version", "v9"]),
        [json!("v9"), Value::Null]
    );
}

#[test]
fn a_pipeline_that_a_resource_triggered_takes_its_commit_from_that() {
    let azure = [
        ("TF_BUILD", "True"),
        ("BUILD_REASON", "ResourceTrigger"),
        ("BUILD_SOURCEVERSION", SHA),
    ];
    let mut home = home("http://127.0.0.1:1", &azure);
    assert_eq!(found(&home, &[]), [Value::Null, Value::Null]);
    let built = "ab".repeat(20);
    home.set("RESOURCES_TRIGGERINGALIAS", "api-build");
    home.set("RESOURCES_PIPELINE_API-BUILD_SOURCECOMMIT", &built);
    assert_eq!(found(&home, &[]), [json!(&built[..12]), json!(built)]);
}

#[test]
fn a_second_checkout_and_a_submodule_are_another_repository() {
    let mut home = home("http://127.0.0.1:1", &GITHUB);
    home.set("GITHUB_REF", "refs/heads/main");
    home.set("GITHUB_SERVER_URL", "https://forge.example");
    home.set("GITHUB_REPOSITORY", "octo/api");
    let (tools, api) = (home.path().join("tools"), home.path().join("api"));
    fs::create_dir(&tools).unwrap();
    fs::create_dir(&api).unwrap();
    repository(&tools);
    let [_, second] = repository(&api);
    git(
        &tools,
        &[
            "remote",
            "set-url",
            "origin",
            "https://forge.example/octo/tools",
        ],
    );
    git(
        &api,
        &[
            "remote",
            "set-url",
            "origin",
            "https://forge.example/octo/api",
        ],
    );
    git(
        &api,
        &[
            "submodule",
            "--quiet",
            "add",
            tools.to_str().unwrap(),
            "tools",
        ],
    );
    git(&api.join("tools"), &["remote", "remove", "origin"]);
    for other in [&tools, &api.join("tools")] {
        let explained = |args: &[&str]| {
            let args = [
                &["record", "-c", "api", "-e", "x", "--explain", "-o", "json"],
                args,
            ]
            .concat();
            let run = home
                .command("deploytrack", &args)
                .current_dir(other)
                .output()
                .unwrap();
            let rows: Vec<Value> = serde_json::from_slice(&run.stdout).unwrap();
            let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap().clone();
            (row("version"), row("commitSha"))
        };
        let (version, commit) = explained(&[]);
        assert_eq!(
            (&version["value"], &commit["value"]),
            (&Value::Null, &Value::Null),
            "{}",
            other.display()
        );
        assert_eq!(
            version["source"],
            format!(
                "not known: there is more than one answer: v2 (git), {} (GITHUB_SHA)",
                &SHA[..12]
            )
        );
        assert_eq!(
            explained(&["--version", "v2"]).1["value"],
            Value::Null,
            "a tag of the same name"
        );
    }
    let run = home
        .command(
            "deploytrack",
            &[
                "record",
                "-c",
                "api",
                "-e",
                "x",
                "--version",
                "v2",
                "--explain",
            ],
        )
        .current_dir(&api)
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&run.stdout).contains(&second[..20]),
        "{run:?}"
    );
}

#[test]
fn changed_files_and_other_work_trees_are_distinguished() {
    let home = home("http://127.0.0.1:1", &[]);
    let main = home.path().join("main");
    fs::create_dir(&main).unwrap();
    let [_, second] = repository(&main);
    fs::write(main.join("deploy.sh"), "echo").unwrap();
    git(&main, &["add", "deploy.sh"]);
    git(&main, &["commit", "--quiet", "--message", "v3"]);
    git(&main, &["worktree", "add", "--quiet", "../tree", "v2"]);
    let explain = |folder: &str| {
        let run = home.command(
            "deploytrack",
            &["record", "-c", "api", "-e", "x", "--explain", "-o", "csv"],
        );
        let run = { run }
            .current_dir(home.path().join(folder))
            .output()
            .unwrap();
        String::from_utf8(run.stdout).unwrap()
    };
    assert!(
        explain("tree").contains(&format!("commitSha,{second},git")),
        "{}",
        explain("tree")
    );
    fs::write(main.join("deploy.sh"), "echo changed").unwrap();
    let third = git(&main, &["rev-parse", "--short=12", "HEAD"]);
    let told = explain("main");
    assert!(
        told.contains(&format!("version,{third}-dirty,")) && told.contains("commitSha,,"),
        "{told}"
    );
    fs::write(main.join("untracked"), "").unwrap();
    git(&main, &["checkout", "--quiet", "deploy.sh"]);
    assert!(!explain("main").contains("dirty"));
}

#[test]
fn a_refusal_of_git_is_reported_with_the_way_out() {
    let told = |home: &Home| {
        let run = home.deploytrack(&["record", "-c", "api", "-e", "production"]);
        assert_eq!(run.code, 2, "{run:?}");
        run.err
    };
    let fresh = || {
        let home = home("http://127.0.0.1:1", &[]);
        repository(home.path());
        home
    };
    let untrusted = fresh().with("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    assert!(
        told(&untrusted).contains("dubious ownership"),
        "{}",
        told(&untrusted)
    );
    assert!(told(&untrusted).contains("git config --global --add safe.directory"));
    assert!(told(&fresh().with("PATH", "/nowhere")).contains("git is not installed"));
    let empty = home("http://127.0.0.1:1", &[]);
    git(empty.path(), &["init", "--quiet"]);
    assert!(told(&empty).contains("the git repository has no commits yet"));
    let damaged = fresh();
    let head = git(damaged.path(), &["rev-parse", "HEAD"]);
    fs::remove_file(
        damaged
            .path()
            .join(".git/objects")
            .join(&head[..2])
            .join(&head[2..]),
    )
    .unwrap();
    assert!(
        told(&damaged).contains("the git repository is damaged"),
        "{}",
        told(&damaged)
    );
    let broken = fresh();
    fs::write(broken.path().join(".git/HEAD"), "nonsense").unwrap();
    assert!(
        told(&broken).contains("git failed: not a git repository"),
        "{}",
        told(&broken)
    );
}

#[test]
fn a_git_that_refuses_is_a_warning_when_the_ci_provides_the_commit() {
    let bench = Bench::new();
    let home = home(bench.server.url(), &PUSH).with("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    repository(home.path());
    let run = home.deploytrack(&["record", "-c", "api", "-e", "production", "--", "true"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.err.contains("dubious ownership")
            && run
                .err
                .contains("which may not be the one that is checked out"),
        "{run:?}"
    );
    assert_eq!(crate::wrapped::listed(&bench)[0]["version"], &SHA[..12]);
}

#[test]
fn a_shallow_clone_may_lack_the_tag() {
    let origin = home("http://127.0.0.1:1", &[]);
    let [first, second] = repository(origin.path());
    let home = home("http://127.0.0.1:1", &[]);
    let from = format!("file://{}", origin.path().display());
    git(
        home.path(),
        &["clone", "--quiet", "--depth=1", "--no-tags", &from, "."],
    );
    assert_eq!(found(&home, &[]), [json!(&second[..12]), json!(second)]);
    let all = explained(&home, &["-e", "x"]);
    assert!(
        all["version"][1]
            .as_str()
            .unwrap()
            .contains("no tag in this shallow clone, `git fetch --tags` gets them"),
        "{all}"
    );
    let all = explained(&home, &["-e", "x", "--version", "v1"]);
    assert!(
        all["commitSha"][1]
            .as_str()
            .unwrap()
            .contains("the clone is shallow"),
        "{all} {first}"
    );
}

#[test]
fn several_tags_at_head_never_break_the_deploy() {
    let bench = Bench::new();
    let home = home(bench.server.url(), &[]);
    repository(home.path());
    git(home.path(), &["tag", "v2.0.0-rc.1"]);
    git(home.path(), &["tag", "web/v7"]);
    assert_eq!(found(&home, &[])[0], Value::Null);
    let run = home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--",
        "sh",
        "-c",
        "echo deployed; exit 3",
    ]);
    assert_eq!((run.code, run.out.as_str()), (3, "deployed\n"), "{run:?}");
    assert!(
        run.err
            .contains("there is more than one answer: v2 (git), v2.0.0-rc.1 (git)"),
        "{run:?}"
    );
    let run = home.deploytrack(&["record", "-c", "web", "-e", "production"]);
    assert_eq!(crate::ci::shown(&bench, run.done())["version"], "web/v7");
}

#[test]
fn git_runs_quietly_and_with_a_time_limit() {
    let home = home("http://127.0.0.1:1", &[]);
    repository(home.path());
    let bin = home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let fake = |script: &str| {
        fs::write(bin.join("git"), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    };
    let slow = |home: &Home| {
        let begun = Instant::now();
        let run = home.deploytrack(&[
            "record",
            "-c",
            "api",
            "-e",
            "x",
            "--on-error",
            "warn",
            "--",
            "echo",
            "deployed",
        ]);
        assert_eq!((run.code, run.out.as_str()), (0, "deployed\n"), "{run:?}");
        // Without the limit, git would take a minute.
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
        run.err
    };
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut home = home.with("PATH", path);
    fake("trap '' TERM; sleep 60");
    assert!(slow(&home).contains("git did not answer within 3s"));
    // The process has ended, but a child of it keeps the pipe open.
    fake("sleep 60 &\nexit 0");
    assert!(slow(&home).contains("git did not answer within 3s"));
    fake("exec 0<&0; read line && echo asked >>\"$HOME/asked\"; exec /usr/bin/git \"$@\"");
    home.set("GIT_DIR", "/nowhere");
    home.set("GIT_PAGER", "touch paged");
    fs::write(
        home.path().join(".git/hooks/post-index-change"),
        "#!/bin/sh\ntouch hooked\n",
    )
    .unwrap();
    fs::set_permissions(
        home.path().join(".git/hooks/post-index-change"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    git(
        home.path(),
        &["config", "core.fsmonitor", "touch watched; false"],
    );
    assert_eq!(found(&home, &[])[0], "v2");
    for file in ["asked", "paged", "hooked", "watched"] {
        assert!(!home.path().join(file).exists(), "{file}");
    }
}
