//! The examples in docs/keyless.md: the server accepts each file, and each pipeline records by it.

use std::process::Command;

use deploytrack_tests::{
    issuer::{
        Issuer,
        claims::{self, AUDIENCE},
    },
    program::{Home, Run, binary},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::jobs::Tracker;
use crate::{
    pages::{blocks, page, section},
    readme::with_script,
};

const PAGE: &str = "docs/keyless.md";

/// Runs a script of an example in a home, as a shell of a runner does.
fn script(home: &Home, text: &str) -> Run {
    let binary = binary("deploytrack").display();
    with_script(
        home,
        "deploytrack.sh",
        &format!("#!/bin/sh\nexec {binary} \"$@\"\n"),
    );
    with_script(home, "deploy.sh", "#!/bin/sh\necho deployed\n");
    let like = home.command("deploytrack", &[]);
    let mut command = deploytrack_tests::program::with_variables_of(Command::new("sh"), &like);
    let output = command
        .args(["-ec", text])
        .current_dir(home.path())
        .output()
        .unwrap();
    Run::of(&output)
}

/// The first example of a section in this language.
fn example(page: &str, heading: &str, language: &str) -> String {
    blocks(section(page, heading), language)[0].to_owned()
}

#[test]
fn the_server_accepts_every_file_of_the_page() {
    let page = page(PAGE);
    let files = blocks(&page, "toml");
    assert!(files.len() >= 6, "{files:?}");
    let home = Home::new();
    for file in files {
        let path = home.path().join("oidc.toml");
        std::fs::write(&path, file).unwrap();
        let run = home.deploytrack_server(&["check-config", "--oidc-file", path.to_str().unwrap()]);
        assert_eq!(run.code, 0, "{file}\n{run:?}");
    }
}

#[rstest]
#[case::github("## GitHub Actions", "/jobs/production/steps/1/run")]
#[case::gitlab("## GitLab CI/CD", "/deploy/script/0")]
#[case::circleci("## CircleCI", "/jobs/deploy/steps/1/run")]
#[case::buildkite("## Buildkite", "/steps/0/command")]
#[case::forgejo("## Forgejo Actions", "/jobs/production/steps/1/run")]
fn each_pipeline_of_the_page_records_by_the_rule_above_it(
    #[case] heading: &str,
    #[case] pointer: &str,
) {
    let page = page(PAGE);
    let file = example(&page, heading, "toml");
    let (_, rule) = file.split_once("\n\n").unwrap();
    let issuer = rule
        .lines()
        .find_map(|line| line.strip_prefix("issuer = "))
        .unwrap();
    let tracker = Tracker::with(&rule.replace(issuer, "\"{issuer}\""));
    let home = match heading {
        "## GitHub Actions" => tracker.github_job(claims::github(), "1"),
        "## Forgejo Actions" => tracker
            .github_job(claims::forgejo(), "12")
            .with("FORGEJO_ACTIONS", "true"),
        "## GitLab CI/CD" => tracker.gitlab_job(&claims::gitlab()),
        "## CircleCI" => {
            let marks = [("CIRCLECI", "true"), ("CIRCLE_BUILD_NUM", "7")];
            tracker.program_job("circleci", &marks, &claims::circleci())
        }
        _ => {
            let ids = json!({
                "organization_id": "0184990a-4777-4b6b-8f4f-8f1d8f4c5555",
                "pipeline_id": "0184990a-4778-4c3f-9b0d-1c7f6a2b6666",
            });
            let marks = [("BUILDKITE", "true"), ("BUILDKITE_JOB_ID", "7")];
            let claims = claims::with(claims::buildkite(), &ids);
            tracker.program_job("buildkite-agent", &marks, &claims)
        }
    };
    let pipeline: Value = serde_saphyr::from_str(&example(&page, heading, "yaml")).unwrap();
    let line = pipeline.pointer(pointer).unwrap().as_str().unwrap();
    // No checkout of a runner is here, so the version is given.
    let line = line.replace(" -- ./deploy.sh", " --version v1 -- ./deploy.sh");
    let run = script(&home, &line);
    assert_eq!((run.code, run.out.as_str()), (0, "deployed\n"), "{run:?}");
    assert_eq!(
        tracker.recorded(),
        [("v1".to_owned(), "succeeded".to_owned())],
        "{run:?}"
    );
}

#[test]
fn every_pipeline_of_the_page_has_the_lines_that_its_provider_needs() {
    let page = page(PAGE);
    let of = |heading: &str| -> Value {
        serde_saphyr::from_str(&example(&page, heading, "yaml")).unwrap()
    };
    let github = of("## GitHub Actions");
    assert_eq!(
        github["jobs"]["production"]["permissions"]["id-token"],
        "write"
    );
    let forgejo = of("## Forgejo Actions");
    assert_eq!(forgejo["jobs"]["production"]["enable-openid-connect"], true);
    let gitlab = of("## GitLab CI/CD");
    assert_eq!(
        gitlab["deploy"]["id_tokens"]["DEPLOYTRACK_ID_TOKEN"]["aud"],
        AUDIENCE
    );
    for text in blocks(&page, "yaml") {
        assert!(
            !text.contains("DEPLOYTRACK_TOKEN") && !text.contains("secrets"),
            "{text}"
        );
        assert!(text.contains(AUDIENCE), "{text}");
    }
    assert!(!page.contains(Issuer::JOB_SECRET));
}
