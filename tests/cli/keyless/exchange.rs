//! Jobs that prove their identity to a real server.

use deploytrack_tests::issuer::claims;
use serde_json::{Value, json};

use super::jobs::{RULE, Tracker, record};
use crate::wrapped::{assert_passed_through, spooled};

fn succeeded(version: &str) -> (String, String) {
    (version.to_owned(), "succeeded".to_owned())
}

#[test]
fn a_job_of_github_records_a_deployment_without_a_secret() {
    let tracker = Tracker::new();
    let home = tracker.github_job(claims::github(), "1");
    let run = home.deploytrack(&record("v1", &["echo", "deployed"]));
    assert_passed_through(&run, 0, "deployed\n");
    assert!(!run.err.contains("warning"), "{run:?}");
    assert_eq!(tracker.recorded(), [succeeded("v1")]);
    assert_eq!(spooled(&home), 0);
    let minted = tracker.issuer.requests().mint;
    assert_eq!(minted, 1, "one token serves the start and the outcome");
}

#[test]
fn every_command_of_a_job_works_without_a_secret() {
    let tracker = Tracker::new();
    let home = tracker.github_job(claims::github(), "1");
    let to = ["-c", "web", "-e", "production"];
    let begin = [
        "record",
        "--version",
        "v1",
        "--status",
        "in_progress",
        "--id-file",
        "id",
    ];
    home.deploytrack(&[&begin[..], &to].concat()).ok();
    home.deploytrack(&["update", "--id-file", "id", "succeeded"])
        .ok();
    home.deploytrack(&["wait", "--id-file", "id"]).ok();
    for command in ["matrix", "list", "flush", "export"] {
        home.deploytrack(&[command]).ok();
    }
    home.deploytrack(&["spool", "list"]).ok();
    home.deploytrack(&["show", "--id-file", "id"]).ok();
    home.deploytrack(&[&["undeploy"][..], &to].concat()).ok();
    assert_eq!(tracker.recorded(), [succeeded("v1")]);
}

#[test]
fn a_rule_that_refuses_is_named_with_its_claim_and_the_command_runs() {
    let tracker = Tracker::new();
    let branch = claims::with(claims::github(), &json!({"ref": "refs/heads/feature"}));
    let home = tracker.github_job(branch, "1");
    let run = home.deploytrack(&record("v1", &["sh", "-c", "echo deployed; exit 3"]));
    assert_passed_through(&run, 3, "deployed\n");
    for part in [
        "web deploys",
        "ref",
        "refs/heads/feature",
        "deploytrack oidc explain",
    ] {
        assert!(run.err.contains(part), "{part}: {run:?}");
    }
    assert_eq!((tracker.recorded(), spooled(&home)), (Vec::new(), 1));
    assert_eq!(home.deploytrack(&["matrix"]).code, 4);
}

#[test]
fn a_job_records_only_into_the_environment_of_its_identity() {
    let tracker = Tracker::new();
    let staging = claims::with(claims::github(), &json!({"environment": "staging"}));
    let home = tracker.github_job(staging, "1");
    let run = home.deploytrack(&record("v1", &["true"]));
    assert_passed_through(&run, 0, "");
    assert!(run.err.contains("production"), "{run:?}");
    assert_eq!(tracker.recorded(), []);
}

#[test]
fn one_identity_token_of_gitlab_serves_all_commands_of_a_job() {
    let tracker = Tracker::with(
        r#"
[[oidc.rule]]
name = "gitlab"
issuer = "{issuer}"
match = [{claim = "project_id", equals = "20"}, {claim = "ref_protected", equals = "true"}]
role = "writer"
"#,
    );
    let home = tracker.gitlab_job(&claims::gitlab());
    for version in ["v1", "v2"] {
        let run = home.deploytrack(&record(version, &["true"]));
        assert_passed_through(&run, 0, "");
        assert!(!run.err.contains("warning"), "{run:?}");
    }
    assert_eq!(tracker.recorded(), [succeeded("v1"), succeeded("v2")]);
}

#[test]
fn circleci_and_buildkite_print_the_token_of_a_job() {
    let rule = |claim: &str, value: &str| {
        format!(
            "[[oidc.rule]]\nname = \"ci\"\nissuer = \"{{issuer}}\"\nrole = \"writer\"\n\
             match = [{{claim = \"{claim}\", equals = \"{value}\"}}, {{claim = \"oidc.circleci.com/vcs-origin\", glob = \"github.com/octo-org/*\"}}]\n"
        )
    };
    let project = "0bd3a1f0-2c4e-4c55-8ad3-7d4f2f1a2222";
    let tracker = Tracker::with(&rule("oidc.circleci.com/project-id", project));
    let marks = [("CIRCLECI", "true"), ("CIRCLE_BUILD_NUM", "7")];
    let home = tracker.program_job("circleci", &marks, &claims::circleci());
    let run = home.deploytrack(&record("v1", &["true"]));
    assert_passed_through(&run, 0, "");
    assert_eq!(tracker.recorded(), [succeeded("v1")], "{run:?}");
    let arguments = std::fs::read_to_string(home.path().join("arguments")).unwrap();
    let audience = claims::AUDIENCE;
    assert_eq!(
        arguments,
        format!("run\noidc\nget\n--claims\n{{\"aud\":\"{audience}\"}}\n")
    );

    // Without the program, the variable has a token for the organization.
    let token = tracker.issuer.sign(&claims::circleci());
    std::fs::remove_file(home.path().join("circleci")).unwrap();
    let home = home.with("CIRCLE_OIDC_TOKEN_V2", token);
    home.deploytrack(&record("v2", &["true"])).ok();
    assert_eq!(tracker.recorded().len(), 2);

    let tracker = Tracker::with(
        "[[oidc.rule]]\nname = \"ci\"\nissuer = \"{issuer}\"\nrole = \"writer\"\nmatch = [{claim = \"pipeline_id\", equals = \"7\"}]\n",
    );
    let ids = json!({"organization_id": "5", "pipeline_id": "7"});
    let marks = [("BUILDKITE", "true"), ("BUILDKITE_JOB_ID", "7")];
    let token = claims::with(claims::buildkite(), &ids);
    let home = tracker.program_job("buildkite-agent", &marks, &token);
    let run = home.deploytrack(&record("v1", &["true"]));
    assert_passed_through(&run, 0, "");
    assert_eq!(tracker.recorded(), [succeeded("v1")], "{run:?}");
    let arguments = std::fs::read_to_string(home.path().join("arguments")).unwrap();
    assert_eq!(
        arguments,
        format!(
            "oidc\nrequest-token\n--audience\n{audience}\n--claim\norganization_id\n--claim\npipeline_id\n"
        )
    );
}

#[test]
fn a_job_that_names_a_file_with_its_token_works() {
    let tracker = Tracker::new();
    let home = tracker.github_job(claims::github(), "1");
    let file = home.path().join("token");
    std::fs::write(
        &file,
        format!("{}\n", tracker.issuer.sign(&claims::github())),
    )
    .unwrap();
    let home = home
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        .with("DEPLOYTRACK_ID_TOKEN_FILE", file.to_str().unwrap());
    home.deploytrack(&record("v1", &["true"])).ok();
    assert_eq!(tracker.recorded(), [succeeded("v1")]);
    std::fs::remove_file(file).unwrap();
    let run = home.deploytrack(&["matrix"]);
    assert!(
        run.code == 4 && run.err.contains("cannot read the identity token"),
        "{run:?}"
    );
}

#[test]
fn a_server_without_rules_is_named_as_the_cause() {
    let bench = crate::given::Bench::new();
    let tracker = Tracker::new();
    let home = tracker
        .github_job(claims::github(), "1")
        .with("DEPLOYTRACK_URL", bench.server.url());
    let run = home.deploytrack(&record("v1", &["echo", "deployed"]));
    assert_passed_through(&run, 0, "deployed\n");
    assert!(
        run.err.contains("does not exchange identity tokens"),
        "{run:?}"
    );
    let explained = home.deploytrack(&["oidc", "explain"]);
    assert!(
        explained.code == 1 && explained.err.contains("--oidc-file"),
        "{explained:?}"
    );
}

#[test]
fn each_rule_is_explained_with_the_first_claim_that_it_rejects() {
    let other = RULE
        .replace("web deploys", "release")
        .replace("heads/main", "tags/v1");
    let tracker = Tracker::with(&format!("{other}{RULE}"));
    let home = tracker.github_job(claims::github(), "1");
    let table = home.deploytrack(&["oidc", "explain"]);
    assert!(
        ["release", "web deploys", "ref", "refs/heads/main"]
            .iter()
            .all(|text| table.done().contains(text)),
        "{table:?}"
    );
    let json = home.deploytrack(&["oidc", "explain", "-o", "json"]);
    let rules: Value = serde_json::from_str(json.done()).unwrap();
    assert_eq!(
        [
            &rules[0]["rule"],
            &rules[0]["accepts"],
            &rules[0]["claim"],
            &rules[0]["received"]
        ],
        [
            &json!("release"),
            &json!(false),
            &json!("ref"),
            &json!("refs/heads/main")
        ]
    );
    assert_eq!(
        [&rules[1]["rule"], &rules[1]["accepts"]],
        [&json!("web deploys"), &json!(true)]
    );
    let csv = home.deploytrack(&["oidc", "explain", "-o", "csv", "--columns", "rule,claim"]);
    assert_eq!(csv.done(), "rule,claim\nrelease,ref\nweb deploys,\n");
    for form in ["markdown", "yaml", "jsonl", "wide"] {
        let run = home.deploytrack(&["oidc", "explain", "-o", form]);
        assert!(run.done().contains("release"), "{form}: {run:?}");
    }
    assert_eq!(tracker.recorded(), [], "nothing is recorded");

    let file = home.path().join("identity.jwt");
    let branch = claims::with(claims::github(), &json!({"ref": "refs/heads/x"}));
    std::fs::write(&file, tracker.issuer.sign(&branch)).unwrap();
    let refused =
        tracker
            .admin()
            .deploytrack(&["oidc", "explain", "--token-file", file.to_str().unwrap()]);
    assert!(
        refused.code == 4
            && refused
                .err
                .contains("no rule of the server accepts this identity"),
        "{refused:?}"
    );
    let outside = tracker.admin().deploytrack(&["oidc", "explain"]);
    assert!(
        outside.code == 2 && outside.err.contains("--token-file"),
        "{outside:?}"
    );
}
