//! `deploytrack record` in a CI and in a git repository: the detected values.

use std::{fs, os::unix::ffi::OsStringExt as _, path::Path, process::Command};

use deploytrack_tests::{caller::Caller, program::Home};
use serde_json::{Value, json};

use crate::given::Bench;

pub(crate) const SHA: &str = "ffac537e6cbbf934b08745a378932722df287a53";
pub(crate) const GITHUB: [(&str, &str); 9] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SHA", SHA),
    ("GITHUB_REF", "refs/tags/v2.3.1"),
    ("GITHUB_REF_NAME", "v2.3.1"),
    ("GITHUB_ACTOR", "octocat"),
    ("GITHUB_REPOSITORY", "octocat/Hello-World"),
    ("GITHUB_RUN_ID", "1658821493"),
    ("GITHUB_RUN_ATTEMPT", "1"),
    ("GITHUB_JOB", "deploy"),
];
pub(crate) const GITLAB: [(&str, &str); 8] = [
    ("GITLAB_CI", "true"),
    ("CI_COMMIT_SHA", SHA),
    ("CI_COMMIT_TAG", "v2.3.1"),
    ("CI_ENVIRONMENT_NAME", "production"),
    ("GITLAB_USER_LOGIN", "ada"),
    ("CI_PIPELINE_URL", "https://gitlab/octo/api/-/pipelines/7"),
    ("CI_PIPELINE_ID", "7"),
    ("CI_JOB_ID", "70"),
];

pub(crate) fn home(url: &str, variables: &[(&str, &str)]) -> Home {
    let home = Home::new().with("PATH", std::env::var("PATH").unwrap());
    let home = home
        .with("DEPLOYTRACK_URL", url)
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    variables
        .iter()
        .fold(home, |home, (name, value)| home.with(name, *value))
}

pub(crate) fn shown(bench: &Bench, id: &str) -> Value {
    let shown: Value = serde_json::from_str(
        bench
            .home
            .deploytrack(&["show", id.trim(), "-o", "json"])
            .done(),
    )
    .unwrap();
    shown["deployment"].clone()
}

/// The value and the source of each field that `explain` prints.
pub(crate) fn explained(home: &Home, args: &[&str]) -> Value {
    let run =
        home.deploytrack(&[&["record", "-c", "api", "--explain", "-o", "json"], args].concat());
    let rows: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    rows.into_iter()
        .map(|row| {
            (
                row["name"].as_str().unwrap().to_owned(),
                json!([row["value"], row["source"]]),
            )
        })
        .collect()
}

pub(crate) fn total(bench: &Bench) -> Value {
    serde_json::from_str::<Value>(bench.home.deploytrack(&["list", "-o", "json"]).done()).unwrap()["total"].clone()
}

#[test]
fn in_gitlab_only_the_component_must_be_given() {
    let bench = Bench::new();
    let run = home(bench.server.url(), &GITLAB)
        .deploytrack(&["record", "-c", "api", "--meta", "why=fix"]);
    let deployment = shown(&bench, run.done());
    assert_eq!(
        (&deployment["version"], &deployment["environmentName"]),
        (&json!("v2.3.1"), &json!("production"))
    );
    assert_eq!(
        (&deployment["commitSha"], &deployment["deployedBy"]),
        (&json!(SHA), &json!("ada"))
    );
    let ci = json!({"provider": "gitlab-ci", "run": "7", "runUrl": "https://gitlab/octo/api/-/pipelines/7"});
    assert_eq!(deployment["metadata"], json!({"why": "fix", "ci": ci}));
}

#[test]
fn what_is_given_wins() {
    let bench = Bench::new();
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "staging",
        "--version",
        "v9",
        "--deployed-by",
        "me",
        "--commit-sha",
        "abcd",
        "--meta",
        "ci=no",
    ];
    let deployment = shown(
        &bench,
        home(bench.server.url(), &GITLAB).deploytrack(&args).done(),
    );
    assert_eq!(
        (&deployment["version"], &deployment["environmentName"]),
        (&json!("v9"), &json!("staging"))
    );
    assert_eq!(
        (&deployment["commitSha"], &deployment["deployedBy"]),
        (&json!("abcd"), &json!("me"))
    );
    assert_eq!(deployment["metadata"], json!({"ci": "no"}));
}

#[test]
fn github_learns_the_id_and_a_line_for_the_summary() {
    let bench = Bench::new();
    let mut home = home(bench.server.url(), &GITHUB);
    let [output, summary] = ["output", "summary"].map(|name| home.path().join(name));
    fs::write(&output, "left=unfinished").unwrap();
    home.set("GITHUB_OUTPUT", output.to_str().unwrap());
    home.set("GITHUB_STEP_SUMMARY", summary.to_str().unwrap());
    let plain = home
        .deploytrack(&["record", "-c", "api", "-e", "staging"])
        .done()
        .trim()
        .to_owned();
    assert_eq!(
        home.deploytrack(&[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--",
            "echo",
            "deployed"
        ])
        .done(),
        "deployed\n"
    );
    let text = fs::read_to_string(&output).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        (lines.len(), lines[0], lines[1]),
        (3, "left=unfinished", format!("id={plain}").as_str())
    );
    assert_eq!(
        shown(&bench, &lines[2]["id=".len()..])["status"],
        "succeeded"
    );
    let text = fs::read_to_string(&summary).unwrap();
    let page = format!("{}/#/deployments", bench.server.url());
    let lines = [
        format!(
            "- deploytrack: api v2\\.3\\.1 in staging is pending ([deployment](<{page}/{plain}>))"
        ),
        format!(
            "- deploytrack: ✅ api v2\\.3\\.1 in production succeeded after 0s ([deployment](<{page}/{}>))",
            &lines[2]["id=".len()..]
        ),
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn a_record_says_in_one_line_what_it_did_and_where_to_look() {
    let bench = Bench::new();
    let page = format!("{}/#/deployments", bench.server.url());
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v1",
        "--status",
        "succeeded",
    ];
    let plain = bench.home.deploytrack(&args);
    let id = plain.done().trim().to_owned();
    assert_eq!(
        plain.err,
        format!("api v1 in production succeeded: {page}/{id}\n")
    );
    let quiet = bench.home.deploytrack(&[&args[..], &["--quiet"]].concat());
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
    // In a CI the log is read by people; elsewhere the streams belong to the command alone.
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--",
        "sh",
        "-c",
        "exit 3",
    ];
    let wrapped = home(bench.server.url(), &GITHUB).deploytrack(&args);
    let line = wrapped.err.lines().last().unwrap();
    assert!(
        wrapped.code == 3
            && line.starts_with(&format!(
                "deploytrack: api v2.3.1 in production failed after 0s: {page}/"
            )),
        "{wrapped:?}"
    );
}

#[test]
fn an_output_that_cannot_be_written_is_an_annotated_warning() {
    let bench = Bench::new();
    let run = home(bench.server.url(), &GITHUB)
        .with("GITHUB_OUTPUT", "/no/such/folder/file")
        .deploytrack(&["record", "-c", "api", "-e", "x", "--quiet"]);
    assert_eq!((run.code, run.err.lines().count()), (0, 1), "{run:?}");
    assert!(
        run.err
            .starts_with("::warning title=deploytrack::GITHUB_OUTPUT cannot be written"),
        "{run:?}"
    );
}

#[test]
fn an_error_is_annotated_in_the_form_of_the_provider() {
    let args = ["record", "-c", "api", "-e", "x", "--version", "50%"];
    let said =
        |variables: &[(&str, &str)]| home("http://127.0.0.1:1", variables).deploytrack(&args).err;
    assert!(
        said(&GITHUB).starts_with("::error title=deploytrack::cannot")
            && said(&GITHUB).contains("%0Ahint: "),
        "{}",
        said(&GITHUB)
    );
    assert!(said(&[("TF_BUILD", "True")]).starts_with("##vso[task.logissue type=error]"));
    assert!(said(&[("TEAMCITY_VERSION", "1")]).ends_with("' status='ERROR']\n"));
    assert!(said(&GITLAB).starts_with("error: "));
}

#[test]
fn without_a_version_the_places_searched_are_printed() {
    let home = home("http://127.0.0.1:1", &[]);
    let run = home.deploytrack(&["record", "-c", "api"]);
    assert_eq!(run.code, 2, "{run:?}");
    for part in [
        "the environment is not known",
        "the version is not known",
        "there is no git repository here",
        "--environment and --version",
    ] {
        assert!(run.err.contains(part), "{run:?}");
    }
    let run = home
        .with("GITHUB_ACTIONS", "true")
        .deploytrack(&["record", "-c", "api", "-e", "x"]);
    assert!(
        run.err
            .contains("GITHUB_REF of github-actions has no value"),
        "{run:?}"
    );
}

#[test]
fn without_a_version_the_command_still_runs() {
    let home = home("http://127.0.0.1:1", &[]);
    let run = home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "x",
        "--",
        "sh",
        "-c",
        "echo deployed; exit 7",
    ]);
    assert_eq!((run.code, run.out.as_str()), (7, "deployed\n"), "{run:?}");
    assert!(
        run.err
            .contains("kept in the spool: the version is not known"),
        "{run:?}"
    );
    let run = home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "x",
        "--on-error",
        "fail",
        "--",
        "echo",
        "deployed",
    ]);
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
    assert!(run.err.contains("the command was not run"), "{run:?}");
}

#[test]
fn explain_prints_each_value_with_its_source_and_records_nothing() {
    let bench = Bench::new();
    let home = home(bench.server.url(), &GITLAB);
    let all = explained(&home, &["--version", "v9", "--", "touch", "run"]);
    assert_eq!(all["version"], json!(["v9", "--version"]));
    assert_eq!(
        all["environment"],
        json!(["production", "CI_ENVIRONMENT_NAME"])
    );
    assert_eq!(
        all["commitSha"][0],
        Value::Null,
        "v9 is not what the CI builds"
    );
    assert_eq!(
        explained(&home, &[])["commitSha"],
        json!([SHA, "CI_COMMIT_SHA"])
    );
    assert_eq!(
        all["metadata.ci.provider"],
        json!(["gitlab-ci", "GITLAB_CI"])
    );
    assert_eq!(all["idempotencyKey"][1], "derived from the run of the CI");
    assert_eq!(
        all["server"],
        json!([bench.server.url(), "DEPLOYTRACK_URL"])
    );
    assert_eq!(
        all["token"],
        json!(["(not shown)", "from DEPLOYTRACK_TOKEN"])
    );
    assert_eq!(
        (total(&bench), home.path().join("run").exists()),
        (json!(0), false)
    );
    assert_eq!(
        explained(&home, &["--no-ci", "--version", "v9", "-e", "production"])["idempotencyKey"],
        json!([null, "random"])
    );
    for form in ["table", "csv", "markdown", "yaml", "jsonl"] {
        let run = home.deploytrack(&["record", "-c", "api", "--explain", "-o", form]);
        assert!(
            run.done().contains("GITLAB_USER_LOGIN") || form == "markdown",
            "{run:?}"
        );
        assert!(!run.out.contains(&Caller::admin_token()));
    }
}

#[test]
fn explain_prints_missing_values_and_ends_with_2() {
    let home = home("http://127.0.0.1:1", &[]);
    let all = explained(&home, &[]);
    assert_eq!(all["version"][0], Value::Null);
    assert_eq!(
        home.deploytrack(&["record", "-c", "api", "--explain", "--", "touch", "run"])
            .code,
        2
    );
    assert!(!home.path().join("run").exists());
}

#[test]
fn no_ci_looks_at_neither_the_ci_nor_git() {
    let home = home("http://127.0.0.1:1", &GITLAB);
    repository(home.path());
    let all = explained(&home, &["--no-ci"]);
    assert_eq!(
        (
            &all["version"][0],
            &all["commitSha"][0],
            &all["metadata.ci.run"]
        ),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert!(
        all["version"][1].as_str().unwrap().contains("--no-ci"),
        "{all}"
    );
}

#[test]
fn a_variable_that_is_not_utf8_is_harmless() {
    let bench = Bench::new();
    let home = home(bench.server.url(), &GITLAB);
    let mut command = home.command("deploytrack", &["record", "-c", "api"]);
    command
        .env(
            "CI_COMMIT_TAG",
            std::ffi::OsString::from_vec(vec![0xff, 0xfe]),
        )
        .env("OTHER", std::ffi::OsString::from_vec(vec![0xff]));
    let output = command.arg("--version").arg("v1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Creates a repository with two commits, v1 and v2.
pub(crate) fn repository(folder: &Path) -> [String; 2] {
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
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
    };
    git(&["init", "--quiet", "--initial-branch", "main"]);
    git(&[
        "remote",
        "add",
        "origin",
        "https://oauth2:hush@forge.example/api.git",
    ]);
    ["v1", "v2"].map(|version| {
        git(&["commit", "--quiet", "--allow-empty", "--message", version]);
        git(&["tag", "--annotate", "--message", version, version]);
        git(&["rev-parse", "HEAD"])
    })
}

#[test]
fn in_a_git_repository_the_tag_and_the_commit_are_detected() {
    let bench = Bench::new();
    let home = home(bench.server.url(), &[]);
    let [first, second] = repository(home.path());
    let deployment = shown(
        &bench,
        home.deploytrack(&["record", "-c", "api", "-e", "x"]).done(),
    );
    assert_eq!(
        (&deployment["version"], &deployment["commitSha"]),
        (&json!("v2"), &json!(second))
    );
    assert_eq!(
        deployment["metadata"],
        json!({"git": {"repository": "https://forge.example/api.git", "ref": "main"}})
    );
    assert_eq!(
        deployment["deployedBy"],
        shown(&bench, &bench.record("api", "y", "v1", "pending"))["deployedBy"]
    );
    let commit =
        |version| explained(&home, &["-e", "x", "--version", version])["commitSha"].clone();
    assert_eq!(commit("v1"), json!([first, "git"]));
    for unknown in ["v3", "v1~0", "HEAD", "main"] {
        assert_eq!(commit(unknown)[0], Value::Null);
        assert!(
            commit(unknown)[1]
                .as_str()
                .unwrap()
                .contains("--commit-sha"),
            "{unknown}"
        );
    }
}

#[test]
fn a_repository_without_git_is_silence() {
    let home = home("http://127.0.0.1:1", &[]).with("PATH", "/nowhere");
    repository(home.path());
    let run = home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "x",
        "--version",
        "v1",
        "--explain",
    ]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
}
