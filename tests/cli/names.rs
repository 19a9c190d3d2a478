//! Names with a meaning in a language, a format, a shell or a terminal.

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process},
};
use serde_json::{Value, json};

use crate::given::Bench;

const HOSTILE: &str = include_str!("../lists/hostile_names.txt");

fn component(name: &str) -> String {
    format!("--component={name}")
}

fn environment(name: &str) -> String {
    format!("--environment={name}")
}

#[test]
fn every_command_accepts_every_valid_name() {
    let bench = Bench::new();
    let run = |args: &[&str]| bench.home.deploytrack(args).done().to_owned();
    for name in HOSTILE.lines() {
        let record = json!({"component": name, "environment": name, "version": "v0", "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"});
        let imported = bench
            .home
            .deploytrack_reading(&["import", "-"], &record.to_string());
        assert_eq!(imported.code, 0, "{name}: {imported:?}");
        let (c, e) = (component(name), environment(name));
        let id = run(&["record", &c, &e, "--version", "v1", "--status", "succeeded"])
            .trim()
            .to_owned();
        let page: Value = serde_json::from_str(&run(&["list", &c, &e, "-o", "json"])).unwrap();
        assert_eq!(
            (&page["total"], &page["data"][0]["componentName"]),
            (&json!(2), &json!(name))
        );
        let latest: Value = serde_json::from_str(&run(&["latest", &c, "-o", "json"])).unwrap();
        assert_eq!(
            (&latest[0]["id"], &latest[0]["environmentName"]),
            (&json!(id), &json!(name))
        );
        let matrix: Value = serde_json::from_str(&run(&["matrix", &c, &e, "-o", "json"])).unwrap();
        assert_eq!(
            (
                matrix[0]["componentName"].as_str(),
                &matrix[0]["environments"][name]["version"]
            ),
            (Some(name), &json!("v1")),
            "{matrix}"
        );
    }
    for name in HOSTILE
        .lines()
        .step_by(7)
        .chain(["018f3a2b-7c4d-7e5f-8a9b-0c1d2e3f4a5b"])
    {
        let (c, e) = (component(name), environment(name));
        assert_eq!(run(&["export", &c, &e]).lines().count(), 2, "{name}");
        for output in ["table", "csv", "yaml", "markdown", "jsonl"] {
            assert!(
                run(&["matrix", &c, &e, "-o", output]).contains("v1"),
                "{name} {output}"
            );
        }
        let yaml: String = run(&["component", "list", "--all", "-o", "yaml"]);
        assert!(yaml.lines().count() > 10);
        run(&["component", "update", "--owner", "me", "--", name]);
        run(&["environment", "update", "--type", "testing", "--", name]);
        assert!(run(&["undeploy", &c, &e]).contains("left"), "{name}");
    }
}

#[test]
fn an_export_can_be_imported_completely() {
    let [from, to] = [Bench::new(), Bench::new()];
    for name in HOSTILE.lines() {
        let record = json!({"component": name, "environment": name, "version": "v1", "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"});
        assert_eq!(
            from.home
                .deploytrack_reading(&["import", "-"], &record.to_string())
                .code,
            0,
            "{name}"
        );
    }
    let exported = from.home.deploytrack(&["export"]).done().to_owned();
    assert_eq!(
        to.home
            .deploytrack_reading(&["import", "-"], &exported)
            .code,
        0
    );
    assert_eq!(to.home.deploytrack(&["export"]).done(), exported);
    let matrices = [&from, &to].map(|bench| {
        bench
            .home
            .deploytrack(&["matrix", "-o", "csv"])
            .done()
            .lines()
            .count()
    });
    assert_eq!(matrices[0], matrices[1]);
}

#[test]
fn names_that_differ_only_in_case_are_the_same_in_every_command() {
    let bench = Bench::new();
    let run = |args: &[&str]| bench.home.deploytrack(args).done().to_owned();
    run(&[
        "record",
        "-c",
        "User-Service",
        "-e",
        "Staging",
        "--version",
        "v1",
        "--status",
        "succeeded",
    ]);
    run(&[
        "record",
        "-c",
        "user-service",
        "-e",
        "STAGING",
        "--version",
        "v2",
        "--status",
        "succeeded",
    ]);
    for args in [
        &["list", "-c", "USER-SERVICE", "-e", "staging"][..],
        &["latest", "-c", "USER-service"],
        &["matrix", "-c", "USER-service", "-e", "sTaging"],
        &["export", "-c", "user-SERVICE"],
    ] {
        let out = run(args);
        assert!(
            out.contains("v2") && out.contains("User-Service") | out.contains("Staging"),
            "{args:?}: {out}"
        );
    }
    run(&["component", "update", "user-service", "--owner", "me"]);
    assert!(run(&["undeploy", "-c", "user-service", "-e", "staging"]).contains("v2 left Staging"));
}

#[test]
fn the_environment_of_a_ci_is_used_unchanged() {
    let bench = Bench::new();
    for name in [
        "Production EU",
        "review/a+b",
        "prod (eu)",
        "Production – docs",
        "продакшн",
    ] {
        let home = Home::new()
            .with("DEPLOYTRACK_URL", bench.server.url())
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let home = home
            .with("GITLAB_CI", "true")
            .with("CI_ENVIRONMENT_NAME", name);
        home.deploytrack(&[
            "record",
            "-c",
            "api",
            "--version",
            "v1",
            "--status",
            "succeeded",
        ])
        .ok();
        let page = bench
            .home
            .deploytrack(&["list", &environment(name), "-o", "json"]);
        assert!(
            page.done()
                .contains(&format!("\"environmentName\":{}", json!(name))),
            "{page:?}"
        );
    }
}

#[test]
fn a_refused_name_is_reported_with_its_flag_or_variable() {
    let bench = Bench::new();
    let flag = bench.home.deploytrack(&[
        "record",
        "-c",
        "a\u{202e}b",
        "-e",
        "prod",
        "--version",
        "v1",
    ]);
    assert!(
        flag.code == 2 && flag.err.contains("--component") && flag.err.contains("invisible"),
        "{flag:?}"
    );
    let home = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let home = home
        .with("GITLAB_CI", "true")
        .with("CI_ENVIRONMENT_NAME", "prod\u{200b}uction");
    let variable = home.deploytrack(&["record", "-c", "api", "--version", "v1"]);
    assert!(
        variable.code == 2
            && variable.err.contains("CI_ENVIRONMENT_NAME")
            && variable.err.contains("invisible"),
        "{variable:?}"
    );
    assert!(
        !variable.err.contains('\u{200b}'),
        "what cannot be seen is escaped: {variable:?}"
    );
}

#[test]
fn a_name_guard_in_warn_mode_prints_a_warning() {
    let home = Home::new();
    let database = Database::sqlite();
    let mut command = home.command(
        "deploytrack-server",
        &[
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            database.url(),
            "--name-guard",
            "warn",
        ],
    );
    command.env("DEPLOYTRACK_JWT_SECRET", SECRET);
    let server = Process::started(command);
    let home = Home::new()
        .with("DEPLOYTRACK_URL", server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    home.deploytrack(&["record", "-c", "api", "-e", "production", "--version", "v1"])
        .ok();
    let warned = home.deploytrack(&["record", "-c", "api", "-e", "prodution", "--version", "v1"]);
    assert!(
        warned.code == 0
            && warned
                .err
                .contains("a new environment is registered, and its name resembles production"),
        "{warned:?}"
    );
    let wrapped = home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "producton",
        "--version",
        "v1",
        "--",
        "true",
    ]);
    assert!(
        wrapped.code == 0 && wrapped.err.contains("resembles prod"),
        "{wrapped:?}"
    );
    let wrong = home.deploytrack_server(&["--name-guard", "maybe"]);
    assert!(
        wrong.code == 2 && wrong.err.contains("off, warn or refuse"),
        "{wrong:?}"
    );
}
