//! The examples in `docs/pipelines`, run as a runner of the provider does that has no deploytrack.

use std::{fs, process::Command, thread};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Run},
};
use serde_json::{Value, json};

use crate::{
    given::Bench,
    pages::{page, section},
    readme::with_script,
    release::{Release, machine, on},
};

/// A page, and where its examples have their scripts.
struct Page {
    name: &'static str,
    /// Variables by which the provider is recognised.
    variables: &'static [(&'static str, &'static str)],
    /// The variable with the tag that is built, and the text before the tag.
    tag: (&'static str, &'static str),
    commit: &'static str,
    /// The scripts of each example, as JSON pointers. The lines of a list run in one shell.
    deploy: &'static [&'static str],
    rollback: &'static [&'static str],
    steps: &'static [&'static str],
    after_success: &'static [&'static str],
    after_failure: &'static [&'static str],
    /// Run after the steps in both cases; they read a variable of the provider.
    after_all: &'static [&'static str],
}

const NOTHING: Page = Page {
    name: "",
    variables: &[],
    tag: ("", ""),
    commit: "",
    deploy: &[],
    rollback: &[],
    steps: &[],
    after_success: &[],
    after_failure: &[],
    after_all: &[],
};

const PAGES: [Page; 16] = [
    Page {
        name: "github-actions",
        variables: &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "octo/api"),
            ("GITHUB_RUN_ID", "7"),
        ],
        tag: ("GITHUB_REF", "refs/tags/"),
        commit: "GITHUB_SHA",
        deploy: &["/jobs/production/steps/1/run"],
        rollback: &["/0"],
        steps: &["/steps/1/run", "/steps/2/run", "/steps/3/run"],
        after_success: &["/steps/4/run"],
        after_failure: &["/steps/5/run"],
        ..NOTHING
    },
    Page {
        name: "gitea-forgejo",
        variables: &[
            ("GITHUB_ACTIONS", "true"),
            ("GITEA_ACTIONS", "true"),
            ("GITHUB_RUN_ID", "7"),
        ],
        tag: ("GITHUB_REF", "refs/tags/"),
        commit: "GITHUB_SHA",
        deploy: &["/jobs/production/steps/1/run"],
        rollback: &["/0"],
        steps: &["/steps/1/run", "/steps/2/run", "/steps/3/run"],
        after_success: &["/steps/4/run"],
        after_failure: &["/steps/5/run"],
        ..NOTHING
    },
    Page {
        name: "gitlab-ci",
        variables: &[
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_ID", "7"),
            ("CI_JOB_ID", "70"),
        ],
        tag: ("CI_COMMIT_TAG", ""),
        commit: "CI_COMMIT_SHA",
        deploy: &["/deploy/script"],
        rollback: &["/rollback/script"],
        steps: &["/deploy/script"],
        after_all: &["/deploy/after_script"],
        ..NOTHING
    },
    Page {
        name: "jenkins",
        variables: &[("JENKINS_URL", "https://ci/"), ("BUILD_NUMBER", "9")],
        tag: ("TAG_NAME", ""),
        commit: "GIT_COMMIT",
        deploy: &["/0"],
        rollback: &["/0"],
        steps: &["/0", "/1", "/2"],
        after_success: &["/3"],
        after_failure: &["/4"],
        ..NOTHING
    },
    Page {
        name: "circleci",
        variables: &[("CIRCLECI", "true"), ("CIRCLE_BUILD_NUM", "7")],
        tag: ("CIRCLE_TAG", ""),
        commit: "CIRCLE_SHA1",
        deploy: &["/jobs/deploy/steps/1/run"],
        rollback: &["/0"],
        steps: &[
            "/jobs/deploy/steps/1/run",
            "/jobs/deploy/steps/2/run",
            "/jobs/deploy/steps/3/run",
        ],
        after_success: &["/jobs/deploy/steps/4/run"],
        after_failure: &["/jobs/deploy/steps/5/run/command"],
        ..NOTHING
    },
    Page {
        name: "buildkite",
        variables: &[("BUILDKITE", "true"), ("BUILDKITE_JOB_ID", "7")],
        tag: ("BUILDKITE_TAG", ""),
        commit: "BUILDKITE_COMMIT",
        deploy: &["/steps/0/command"],
        rollback: &["/0"],
        steps: &["/steps/0/command"],
        ..NOTHING
    },
    Page {
        name: "azure-pipelines",
        variables: &[("TF_BUILD", "True"), ("BUILD_BUILDID", "7")],
        tag: ("BUILD_SOURCEBRANCH", "refs/tags/"),
        commit: "BUILD_SOURCEVERSION",
        deploy: &["/steps/0/bash"],
        rollback: &["/0"],
        steps: &["/steps/0/bash", "/steps/1/bash", "/steps/2/bash"],
        after_success: &["/steps/3/bash"],
        after_failure: &["/steps/4/bash"],
        ..NOTHING
    },
    Page {
        name: "bitbucket-pipelines",
        variables: &[
            ("BITBUCKET_BUILD_NUMBER", "7"),
            ("BITBUCKET_REPO_FULL_NAME", "octo/api"),
        ],
        tag: ("BITBUCKET_TAG", ""),
        commit: "BITBUCKET_COMMIT",
        deploy: &["/pipelines/tags/v*/0/step/script"],
        rollback: &["/0"],
        steps: &["/pipelines/tags/v*/0/step/script"],
        after_all: &["/pipelines/tags/v*/0/step/after-script"],
        ..NOTHING
    },
    Page {
        name: "travis-ci",
        variables: &[("TRAVIS", "true"), ("TRAVIS_JOB_ID", "7")],
        tag: ("TRAVIS_TAG", ""),
        commit: "TRAVIS_COMMIT",
        deploy: &["/script"],
        rollback: &["/jobs/include/0/script", "/jobs/include/1/script"],
        steps: &["/script"],
        after_success: &["/after_success"],
        after_failure: &["/after_failure"],
        ..NOTHING
    },
    Page {
        name: "teamcity",
        variables: &[("TEAMCITY_VERSION", "2024.03")],
        tag: ("BUILD_NUMBER", ""),
        commit: "BUILD_VCS_NUMBER",
        deploy: &["/0"],
        rollback: &["/0"],
        steps: &["/0"],
        ..NOTHING
    },
    Page {
        name: "appveyor",
        variables: &[
            ("APPVEYOR", "True"),
            ("APPVEYOR_REPO_TAG", "true"),
            ("ROLLBACK", "true"),
        ],
        tag: ("APPVEYOR_REPO_TAG_NAME", ""),
        commit: "APPVEYOR_REPO_COMMIT",
        deploy: &["/deploy_script/0/sh"],
        rollback: &["/deploy_script/0/sh"],
        steps: &[
            "/deploy_script/0/sh",
            "/deploy_script/1/sh",
            "/deploy_script/2/sh",
        ],
        after_success: &["/on_success/0/sh"],
        after_failure: &["/on_failure/0/sh"],
        ..NOTHING
    },
    Page {
        name: "drone",
        variables: &[("DRONE", "true"), ("DRONE_BUILD_NUMBER", "7")],
        tag: ("DRONE_TAG", ""),
        commit: "DRONE_COMMIT_SHA",
        deploy: &["/steps/0/commands"],
        rollback: &["/0"],
        steps: &["/steps/0/commands", "/steps/1/commands"],
        after_success: &["/steps/2/commands"],
        after_failure: &["/steps/3/commands"],
        ..NOTHING
    },
    Page {
        name: "woodpecker",
        variables: &[("CI", "woodpecker"), ("CI_SYSTEM_NAME", "woodpecker")],
        tag: ("CI_COMMIT_TAG", ""),
        commit: "CI_COMMIT_SHA",
        deploy: &["/steps/0/commands"],
        rollback: &["/0"],
        steps: &["/steps/0/commands", "/steps/1/commands"],
        after_success: &["/steps/2/commands"],
        after_failure: &["/steps/3/commands"],
        ..NOTHING
    },
    Page {
        name: "semaphore",
        variables: &[("SEMAPHORE", "true"), ("SEMAPHORE_JOB_ID", "7")],
        tag: ("SEMAPHORE_GIT_TAG_NAME", ""),
        commit: "SEMAPHORE_GIT_SHA",
        deploy: &["/blocks/0/task/jobs/0/commands"],
        rollback: &["/0"],
        steps: &["/task/jobs/0/commands"],
        after_success: &["/task/epilogue/on_pass/commands"],
        after_failure: &["/task/epilogue/on_fail/commands"],
        ..NOTHING
    },
    Page {
        name: "codebuild",
        variables: &[("CODEBUILD_BUILD_ID", "api:7"), ("ROLLBACK", "true")],
        tag: ("CODEBUILD_WEBHOOK_TRIGGER", "tag/"),
        commit: "CODEBUILD_RESOLVED_SOURCE_VERSION",
        deploy: &["/phases/build/commands"],
        rollback: &["/phases/build/commands"],
        steps: &["/phases/build/commands"],
        after_all: &["/phases/build/finally"],
        ..NOTHING
    },
    Page {
        name: "cloud-build",
        variables: &[("BUILD_ID", "7"), ("PROJECT_ID", "octo")],
        tag: ("TAG_NAME", ""),
        commit: "COMMIT_SHA",
        deploy: &["/steps/0/script"],
        rollback: &["/0"],
        steps: &["/steps/0/script"],
        ..NOTHING
    },
];

/// An example: its text, and its scripts in a form that JSON pointers find.
struct Example {
    text: String,
    scripts: Value,
}

impl Example {
    /// The first block with code in a section, or in the page.
    fn of(page: &str, heading: &str) -> Self {
        let part = if heading.is_empty() {
            page
        } else {
            section(page, heading)
        };
        let (language, text) = match part.split_once("\n```") {
            Some((_, rest)) => {
                let (language, rest) = rest.split_once('\n').unwrap();
                (language, rest.split_once("```").unwrap().0.to_owned())
            }
            None => (
                "sh",
                part.lines()
                    .filter_map(|line| line.strip_prefix("    "))
                    .collect(),
            ),
        };
        let scripts = match language {
            "yaml" => serde_saphyr::from_str(&text).unwrap(),
            "groovy" => text
                .split("sh '")
                .skip(1)
                .map(|rest| rest.split('\'').next())
                .collect(),
            "kotlin" => text
                .split("scriptContent = \"\"\"")
                .skip(1)
                .map(|rest| {
                    rest.split("\"\"\"")
                        .next()
                        .map(|text| text.replace("${'$'}", "$"))
                })
                .collect(),
            _ => json!([text]),
        };
        Self { text, scripts }
    }

    fn scripts(&self, pointers: &[&str]) -> Vec<String> {
        let script = |pointer: &&str| match self.scripts.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(lines)) => {
                let lines: Vec<_> = lines.iter().map(|line| line.as_str().unwrap()).collect();
                lines.join("\n")
            }
            _ => panic!("there is no script at {pointer} of\n{}", self.text),
        };
        pointers.iter().map(script).collect()
    }

    /// Checks that the pointers find every call of deploytrack in the text.
    fn is_covered_by(&self, pointers: &[&[&str]]) {
        let calls = |text: &str| text.matches("./deploytrack.sh").count();
        let found: usize = pointers
            .iter()
            .flat_map(|pointers| self.scripts(pointers))
            .map(|text| calls(&text))
            .sum();
        assert_eq!(found, calls(&self.text), "{}", self.text);
    }
}

/// A runner with a repository whose deploytrack.sh is the one of a local release.
struct Runner<'a> {
    page: &'a Page,
    home: Home,
    bench: Bench,
    _release: Release,
}

impl<'a> Runner<'a> {
    fn new(page: &'a Page) -> Self {
        let (bench, release) = (Bench::new(), Release::new());
        let mut home = machine(&["bash", "curl", "env", "git", "timeout"])
            .with("DEPLOYTRACK_URL", bench.server.url())
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        for (name, value) in page.variables {
            home.set(name, *value);
        }
        with_script(&home, "deploytrack.sh", &release.script());
        with_script(&home, "deploy.sh", "#!/bin/sh\necho deployed\n");
        with_script(
            &home,
            "rollback.sh",
            "#!/bin/sh\necho \"back to $DEPLOYTRACK_VERSION\"\n",
        );
        // Semaphore's own command.
        with_script(&home, "bin/checkout", "#!/bin/sh\n");
        let runner = Self {
            page,
            home,
            bench,
            _release: release,
        };
        runner.git(&["init", "-q"]);
        runner
    }

    fn git(&self, args: &[&str]) -> String {
        let name = ["-c", "user.name=ci", "-c", "user.email=ci@example.com"];
        let output = Command::new("git")
            .args(name)
            .args(args)
            .current_dir(self.home.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A build of the next commit, which has this tag.
    fn build(&mut self, tag: &str, migration: &str) {
        with_script(
            &self.home,
            "migrate.sh",
            &format!("#!/bin/sh\n{migration}\n"),
        );
        self.git(&["commit", "-q", "--allow-empty", "-m", tag]);
        self.git(&["tag", tag]);
        let (name, before) = self.page.tag;
        self.home.set(name, format!("{before}{tag}"));
        self.home
            .set(self.page.commit, self.git(&["rev-parse", "HEAD"]));
    }

    /// Runs the scripts until one fails.
    fn run(&self, example: &Example, pointers: &[&str]) -> Run {
        let mut all = Run {
            code: 0,
            out: String::new(),
            err: String::new(),
        };
        for script in example.scripts(pointers) {
            fs::write(self.home.path().join("step"), script).unwrap();
            let run = Run::of(&on(&self.home, &["sh", "-e", "step"]).output().unwrap());
            assert!(
                !run.err.contains("not found") && !run.err.contains("warning"),
                "{}: {run:?}",
                self.page.name
            );
            all.out += &run.out;
            all.err += &run.err;
            all.code = run.code;
            if all.code != 0 {
                break;
            }
        }
        all
    }

    /// The version in the matrix.
    fn version(&self) -> String {
        let matrix = self.bench.home.deploytrack(&["matrix", "-o", "csv"]);
        let line = matrix
            .done()
            .lines()
            .find(|line| line.contains("user-service") && line.contains("production"))
            .unwrap_or_default();
        line.to_owned()
    }

    fn latest_status(&self) -> Value {
        let page = self.bench.home.deploytrack(&["list", "-o", "json"]);
        serde_json::from_str::<Value>(page.done()).unwrap()["data"][0]["status"].take()
    }
}

fn works_as_it_is_pasted(facts: &Page) {
    let name = facts.name;
    let text = page(&format!("docs/pipelines/{name}.md"));
    let mut runner = Runner::new(facts);

    runner.build("v1", ":");
    let deploy = Example::of(&text, "");
    deploy.is_covered_by(&[facts.deploy]);
    let deployed = runner.run(&deploy, facts.deploy);
    assert_eq!(deployed.done(), "deployed\n", "{name}: {deployed:?}");
    assert!(
        runner.version().contains("v1"),
        "{name}: {}",
        runner.version()
    );

    let steps = Example::of(&text, "## Several steps");
    steps.is_covered_by(&[
        facts.steps,
        facts.after_success,
        facts.after_failure,
        facts.after_all,
    ]);
    for (tag, migration, outcome) in [("v2", ":", "succeeded"), ("v3", "exit 4", "failed")] {
        runner.build(tag, migration);
        let ran = runner.run(&steps, facts.steps);
        let is_good = outcome == "succeeded";
        assert_eq!(ran.code == 0, is_good, "{name}: {ran:?}");
        let after = if is_good {
            facts.after_success
        } else {
            facts.after_failure
        };
        let number = |good, bad| if is_good { good } else { bad };
        runner
            .home
            .set("CI_JOB_STATUS", number("success", "failed"));
        runner.home.set("BITBUCKET_EXIT_CODE", number("0", "4"));
        runner
            .home
            .set("CODEBUILD_BUILD_SUCCEEDING", number("1", "0"));
        for pointers in [after, facts.after_all] {
            runner.run(&steps, pointers).ok();
        }
        assert_eq!(runner.latest_status(), outcome, "{name}");
        assert!(
            runner.version().contains("v2"),
            "{name}: {}",
            runner.version()
        );
    }

    let rollback = Example::of(&text, "## Roll back");
    rollback.is_covered_by(&[facts.rollback]);
    let back = runner.run(&rollback, &facts.rollback[facts.rollback.len() - 1..]);
    assert_eq!(back.done(), "back to v1\n", "{name}: {back:?}");
    assert!(
        runner.version().contains("v1"),
        "{name}: {}",
        runner.version()
    );
}

#[test]
fn every_page_works_as_it_is_pasted_on_a_runner_without_deploytrack() {
    thread::scope(|scope| {
        for page in &PAGES {
            scope.spawn(|| works_as_it_is_pasted(page));
        }
    });
}
