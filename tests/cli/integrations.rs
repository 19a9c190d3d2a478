//! The integrations for GitHub, GitLab and Jenkins: their scripts, run as by a runner.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Run, binary},
};
use serde_json::Value;

use crate::{
    given::Bench,
    readme,
    release::{self, Release, machine},
};

/// The `PATH` of a runner.
const SYSTEM: &str = "/usr/bin:/bin";

/// The folder of the action.
const ACTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../integrations/github");

/// Texts that a shell would execute if they became part of a script.
const HOSTILE: [&str; 9] = [
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    "\"; touch pwned; \"",
    "v1\ntouch pwned",
    "v1; rm -rf .",
    "--help",
    "$HOME ${HOME} $$",
    "* \\",
];

/// A script, the shells that run it, and the input in each variable.
struct Piece {
    script: String,
    shells: &'static [&'static [&'static str]],
    variables: Vec<(String, String)>,
}

fn text(path: &str) -> String {
    fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../integrations")
            .join(path),
    )
    .unwrap()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// The variables of a YAML mapping whose values are exactly one input.
fn variables(mapping: &Value, before: &str, after: &str) -> Vec<(String, String)> {
    let input = |value: &Value| {
        let text = value.get("value").unwrap_or(value).as_str().unwrap();
        text.strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .unwrap()
            .to_owned()
    };
    let named = mapping.as_object().unwrap().iter();
    named
        .filter(|(name, _)| name.starts_with("DT_"))
        .map(|(name, value)| (name.clone(), input(value)))
        .collect()
}

fn action() -> Value {
    yaml(&text("github/action.yml"))
}

fn github() -> Piece {
    let step = action()["runs"]["steps"][1].clone();
    Piece {
        script: step["run"].as_str().unwrap().to_owned(),
        shells: &[
            &["bash", "--noprofile", "--norc", "-eo", "pipefail"],
            &["bash", "-ex"],
        ],
        variables: variables(&step["env"], "${{ inputs.", " }}"),
    }
}

/// The declaration of the inputs, and the job.
fn template() -> (Value, Value) {
    let text = text("gitlab/templates/deploytrack.yml");
    let (spec, jobs) = text.split_once("\n---\n").unwrap();
    (yaml(spec), yaml(jobs)["$[[ inputs.job-name ]]"].clone())
}

fn gitlab() -> Piece {
    let (_, job) = template();
    Piece {
        script: job["script"][0].as_str().unwrap().to_owned(),
        shells: &[&["sh", "-e"], &["bash", "-eo", "pipefail"]],
        variables: variables(&job["variables"], "$[[ inputs.", " ]]"),
    }
}

/// A script of the Jenkins step, by the name of its constant.
fn groovy(name: &str) -> String {
    let text = text("jenkins/vars/deploytrack.groovy");
    let (_, rest) = text.split_once(&format!("String {name} = '''")).unwrap();
    rest.split_once("'''").unwrap().0.to_owned()
}

fn jenkins() -> Piece {
    let text = text("jenkins/vars/deploytrack.groovy");
    let variables = text.lines().filter_map(|line| {
        let (input, variable) = line.trim().strip_suffix("',")?.split_once(": 'DT_")?;
        Some((format!("DT_{variable}"), input.to_owned()))
    });
    Piece {
        script: groovy("RUN") + &groovy("DEPLOYTRACK"),
        shells: &[&["sh"]],
        variables: variables.collect(),
    }
}

fn pieces() -> [Piece; 3] {
    [github(), gitlab(), jenkins()]
}

/// Runs a script. Every input that is not given is empty, as with a runner.
fn run(home: &Home, path: &str, (shell, piece): (&[&str], &Piece), inputs: &[(&str, &str)]) -> Run {
    fs::write(home.path().join("script"), &piece.script).unwrap();
    let settings = home.command("deploytrack", &[]);
    let mut command = Command::new(shell[0]);
    command
        .args(&shell[1..])
        .arg("script")
        .current_dir(home.path())
        .env_clear();
    command.envs(
        settings
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
        .envs(piece.variables.iter().map(|(name, _)| (name, "")))
        .env("PATH", path)
        .env("GITHUB_ACTION_PATH", ACTION)
        .envs(inputs.iter().copied());
    Run::of(&command.stdin(Stdio::null()).output().unwrap())
}

/// Calls a function for every integration and every shell that runs it.
fn each(mut claim: impl FnMut((&[&str], &Piece))) {
    for piece in pieces() {
        for shell in piece.shells {
            claim((shell, &piece));
        }
    }
}

fn installed() -> String {
    format!(
        "{}:{SYSTEM}",
        binary("deploytrack").parent().unwrap().display()
    )
}

/// A home with a fake `deploytrack` that writes down its arguments.
fn recorder() -> (Home, String) {
    let home = Home::new();
    let text = "#!/bin/sh\n[ \"$1\" != --version ] || exit 0\nprintf '%s\\0' \"$@\" >\"$HOME/called\"\nenv >\"$HOME/environment\"\n";
    readme::with_script(&home, "deploytrack", text);
    let path = format!("{}:{SYSTEM}", home.path().display());
    (home, path)
}

fn called(home: &Home) -> Vec<String> {
    let text = fs::read_to_string(home.path().join("called")).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn listed(bench: &Bench) -> Vec<Value> {
    let page: Value = serde_json::from_str(
        bench
            .home
            .deploytrack(&["list", "--all", "-o", "json"])
            .done(),
    )
    .unwrap();
    page["data"].as_array().unwrap().clone()
}

#[test]
fn each_piece_records_the_command_and_ends_as_it_did() {
    let bench = Bench::new();
    let inputs = [
        ("DT_COMPONENT", "api"),
        ("DT_ENVIRONMENT", "production"),
        ("DT_VERSION", "v1"),
    ];
    each(|piece| {
        let known = listed(&bench).len();
        let good = run(
            &bench.home,
            &installed(),
            piece,
            &[&inputs[..], &[("DT_RUN", "echo one\necho two")]].concat(),
        );
        assert_eq!(
            (good.code, good.out.as_str()),
            (0, "one\ntwo\n"),
            "{good:?}"
        );
        let bad = run(
            &bench.home,
            &installed(),
            piece,
            &[&inputs[..], &[("DT_RUN", "sh -c 'exit 5'\necho never")]].concat(),
        );
        assert_eq!((bad.code, bad.out.as_str()), (5, ""), "{bad:?}");
        let all = listed(&bench);
        assert_eq!(
            (all.len() - known, &all[0]["status"], &all[1]["status"]),
            (2, &"failed".into(), &"succeeded".into())
        );
        assert!(
            !good.err.contains(&Caller::admin_token()) && !bad.err.contains(&Caller::admin_token())
        );
    });
}

#[test]
fn a_version_that_looks_like_a_script_is_recorded_unchanged() {
    let bench = Bench::new();
    let version = "$(touch${IFS}pwned)';\"`touch${IFS}pwned`";
    let inputs = [
        ("DT_COMPONENT", "api"),
        ("DT_ENVIRONMENT", "production"),
        ("DT_VERSION", version),
        ("DT_RUN", "true"),
    ];
    each(|piece| {
        let run = run(&bench.home, &installed(), piece, &inputs);
        assert_eq!(
            (run.code, &listed(&bench)[0]["version"]),
            (0, &version.into()),
            "{run:?}"
        );
        assert!(!bench.home.path().join("pwned").exists());
    });
}

#[test]
fn every_input_is_one_argument() {
    let flags = [
        "component",
        "environment",
        "version",
        "on-error",
        "send-timeout",
        "command-timeout",
        "output-tail",
    ];
    each(|piece| {
        for word in HOSTILE {
            let (home, path) = recorder();
            let named = flags.map(|flag| {
                (
                    format!("DT_{}", flag.to_uppercase().replace('-', "_")),
                    word,
                )
            });
            let mut inputs: Vec<_> = named
                .iter()
                .map(|(name, word)| (name.as_str(), *word))
                .collect();
            inputs.extend([("DT_RUN", word), ("DT_SHELL", "bash")]);
            assert_eq!(run(&home, &path, piece, &inputs).code, 0, "{word}");
            let given = flags.map(|flag| format!("--{flag}={word}"));
            let wanted = [
                &["record".to_owned()][..],
                &given,
                &["--", "bash", "-ec", word].map(str::to_owned),
            ]
            .concat();
            assert_eq!(called(&home), wanted);
            assert!(!home.path().join("pwned").exists(), "{word}");
        }
    });
}

#[test]
fn an_empty_input_becomes_no_flag() {
    each(|piece| {
        let (home, path) = recorder();
        assert_eq!(run(&home, &path, piece, &[("DT_RUN", "true")]).code, 0);
        assert_eq!(called(&home), ["record", "--", "sh", "-ec", "true"]);
        let run = run(&home, &path, piece, &[("DT_COMPONENT", "api")]);
        assert_eq!(run.code, 2);
        assert!(
            format!("{run:?}").contains("set it to the command that deploys"),
            "{run:?}"
        );
    });
}

#[test]
fn address_and_token_are_environment_only_and_never_traced() {
    each(|piece| {
        let (home, path) = recorder();
        let run = run(
            &home,
            &path,
            piece,
            &[
                ("DT_URL", "http://there"),
                ("DT_TOKEN", "s3cret"),
                ("DT_RUN", "true"),
            ],
        );
        let environment = fs::read_to_string(home.path().join("environment")).unwrap();
        assert!(
            environment.contains("DEPLOYTRACK_URL=http://there\n")
                && environment.contains("DEPLOYTRACK_TOKEN=s3cret\n")
        );
        assert!(!environment.contains("DT_TOKEN"), "{environment}");
        assert!(
            !format!("{run:?}{:?}", called(&home)).contains("s3cret"),
            "{run:?}"
        );
    });
}

#[test]
fn a_machine_without_deploytrack_gets_it_and_records() {
    let (bench, release) = (Bench::new(), Release::new());
    let inputs = [
        ("DT_COMPONENT", "api"),
        ("DT_ENVIRONMENT", "production"),
        ("DT_VERSION", "v1"),
        ("DT_RUN", "echo deployed; exit 6"),
        ("DT_DOWNLOAD_URL", release.address()),
    ];
    each(|piece| {
        let home = machine(&["bash", "curl", "grep"])
            .with("DEPLOYTRACK_URL", bench.server.url())
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let path = home.path().join("bin").display().to_string();
        let known = listed(&bench).len();
        let run = run(&home, &path, piece, &inputs);
        assert_eq!((run.code, run.out.as_str()), (6, "deployed\n"), "{run:?}");
        assert_eq!(listed(&bench).len(), known + 1, "{run:?}");
    });
}

#[test]
fn without_deploytrack_and_without_a_release_the_command_runs_and_a_warning_is_printed() {
    each(|piece| {
        let home = Home::new();
        let deploy = ("DT_RUN", "echo deployed; exit 6");
        let without = run(&home, SYSTEM, piece, &[deploy]);
        assert_eq!(
            (without.code, without.out.as_str()),
            (6, "deployed\n"),
            "{without:?}"
        );
        let wanted = "warning: deploytrack is missing (DEPLOYTRACK_DOWNLOAD_URL is not set)";
        assert!(without.err.starts_with(wanted), "{without:?}");
        let strict = run(&home, SYSTEM, piece, &[deploy, ("DT_ON_ERROR", "fail")]);
        assert_eq!((strict.code, strict.out.as_str()), (127, ""), "{strict:?}");
    });
}

#[test]
fn the_pieces_have_one_script() {
    let [github, gitlab, jenkins] = pieces();
    // Without a shebang, Jenkins would trace the script.
    assert_eq!(
        jenkins.script.strip_prefix("#!/bin/sh\n").unwrap(),
        gitlab.script
    );
    let (inputs, rest) = gitlab.script.split_once("if [ -z \"${DT_RUN").unwrap();
    assert!(github.script.starts_with(inputs));
    assert!(rest.ends_with(&release::script()));
}

/// Runs the action without a command, and returns what a runner does with its files: the variables
/// and the folders for later steps.
fn prepared(home: &Home, inputs: &[(&str, &str)]) -> (Run, Vec<(String, String)>, String) {
    let file = |name: &str| {
        fs::write(home.path().join(name), "").unwrap();
        home.path().join(name).display().to_string()
    };
    let (env, path) = (file("env"), file("path"));
    let temp = home.path().join("temp").display().to_string();
    let runner = [
        ("GITHUB_ENV", env.as_str()),
        ("GITHUB_PATH", &path),
        ("RUNNER_TEMP", &temp),
        ("GITHUB_ACTIONS", "true"),
    ];
    let piece = github();
    let bin = home.path().join("bin").display().to_string();
    let run = run(
        home,
        &bin,
        (piece.shells[0], &piece),
        &[&runner[..], inputs].concat(),
    );
    let text = fs::read_to_string(env).unwrap();
    let mut lines = text.lines();
    let mut variables = Vec::new();
    while let Some((name, end)) = lines.next().and_then(|line| line.split_once("<<")) {
        let value: Vec<_> = lines.by_ref().take_while(|line| *line != end).collect();
        variables.push((name.to_owned(), value.join("\n")));
    }
    (run, variables, fs::read_to_string(path).unwrap())
}

#[test]
fn the_action_without_a_command_brings_deploytrack_for_later_steps() {
    let (bench, release) = (Bench::new(), Release::new());
    let home = machine(&["bash", "cp", "curl", "echo", "grep"]);
    let inputs = [
        ("DT_URL", bench.server.url()),
        ("DT_TOKEN", "s3cret"),
        ("DT_ON_ERROR", "spool"),
        ("DT_DOWNLOAD_URL", release.address()),
    ];
    let (run, variables, path) = prepared(&home, &inputs);
    assert!(run.done().starts_with("deploytrack "), "{run:?}");
    let wanted = [
        ("DEPLOYTRACK_URL", bench.server.url()),
        ("DEPLOYTRACK_ON_ERROR", "spool"),
        ("DEPLOYTRACK_DOWNLOAD_URL", release.address()),
    ];
    let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(variables, wanted);

    let bin = home.path().join("bin").display().to_string();
    let later = variables
        .into_iter()
        .fold(home, |home, (name, value)| home.with(&name, value))
        .with("PATH", format!("{}:{bin}", path.trim()))
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let record =
        "deploytrack record --component api --environment production --version v1 -- echo deployed";
    assert_eq!(readme::typed(&later, record), "deployed\n");
    assert_eq!(listed(&bench)[0]["status"], "succeeded");
    // A deployment is never lost, not even without a network.
    release.stop();
    fs::remove_dir_all(later.path().join(".cache")).unwrap();
    assert_eq!(readme::typed(&later, record), "deployed\n");
}

#[test]
fn no_value_of_the_action_becomes_another_variable_and_a_missing_network_fails_nothing() {
    let home = machine(&["bash", "cp", "curl", "echo", "grep"]);
    let value = "https://one\nEVIL=1\nEVIL<<end\n2\nend\n-n";
    let (run, variables, path) = prepared(&home, &[("DT_URL", value)]);
    assert!(run.done().starts_with("::warning title=deploytrack::"));
    assert!(run.err.contains("DEPLOYTRACK_DOWNLOAD_URL is not set"));
    assert_eq!(
        variables,
        [("DEPLOYTRACK_URL".to_owned(), value.to_owned())]
    );
    assert!(!path.is_empty());
    // The deploytrack of the runner is not hidden.
    std::os::unix::fs::symlink(binary("deploytrack"), home.path().join("bin/deploytrack")).unwrap();
    let (run, _, path) = prepared(&home, &[]);
    assert!(run.done().starts_with("deploytrack ") && path.is_empty());
}

#[test]
fn the_action_takes_the_release_of_its_repository_only_when_its_file_has_no_address() {
    let release = Release::of("#!/bin/sh\necho \"client: $1\"\n", "127.0.0.1");
    let folder = tempfile::tempdir().unwrap();
    let action = folder.path().join("action");
    fs::create_dir(&action).unwrap();
    let piece = github();
    let there = action.display().to_string();
    let called = |address: &str| {
        let home = machine(&["bash", "curl", "grep"]);
        let path = home.path().join("bin").display().to_string();
        let inputs = [
            ("GITHUB_ACTION_PATH", there.as_str()),
            ("RELEASE", address),
            ("DT_RUN", "true"),
        ];
        run(&home, &path, (piece.shells[0], &piece), &inputs)
    };
    let missing = called("");
    assert!(
        missing.code == 2 && missing.out.contains("copy deploytrack.sh beside"),
        "{missing:?}"
    );
    fs::write(folder.path().join("deploytrack.sh"), release::script()).unwrap();
    assert_eq!(called(release.address()).done(), "client: record\n");
    assert!(
        called("")
            .err
            .contains("DEPLOYTRACK_DOWNLOAD_URL is not set")
    );
    fs::write(folder.path().join("deploytrack.sh"), release.script()).unwrap();
    assert_eq!(called("http://127.0.0.1:1").done(), "client: record\n");
}

#[test]
fn no_output_is_inserted_between_the_lines_of_a_script() {
    for piece in pieces() {
        assert!(!piece.script.contains("${{") && !piece.script.contains("$[["));
    }
    let step = text("jenkins/vars/deploytrack.groovy");
    let outside: String = step.split("'''").step_by(2).collect();
    assert!(
        !outside.contains("sh(\"") && !outside.contains("\"\"\"") && !outside.contains("${"),
        "{outside}"
    );
}

#[test]
fn every_input_is_declared_described_and_used() {
    let declared = |inputs: &Value| -> Vec<String> {
        let inputs = inputs.as_object().unwrap();
        assert!(
            inputs
                .values()
                .all(|input| input["description"].is_string())
        );
        inputs.keys().cloned().collect()
    };
    let action = action();
    assert!(
        ["name", "description", "inputs", "outputs", "runs"]
            .iter()
            .all(|key| !action[key].is_null())
    );
    assert_eq!(
        (
            &action["runs"]["using"],
            &action["runs"]["steps"][1]["shell"]
        ),
        (&"composite".into(), &"bash".into())
    );
    let version = env!("CARGO_PKG_VERSION");
    let text_of_action = text("github/action.yml");
    for wanted in [
        format!("key: deploytrack-{version}-"),
        format!("/releases/download/v{version}'"),
    ] {
        assert!(text_of_action.contains(&wanted), "{wanted}");
    }
    let (spec, job) = template();
    assert_eq!(job["variables"]["DT_RUN"]["expand"], false);
    for (text, inputs, piece) in [
        (
            text("github/action.yml"),
            declared(&action["inputs"]),
            github(),
        ),
        (
            text("gitlab/templates/deploytrack.yml"),
            declared(&spec["spec"]["inputs"]),
            gitlab(),
        ),
    ] {
        assert!(
            inputs
                .iter()
                .all(|input| text.contains(&format!("[ inputs.{input} ]"))
                    || text.contains(&format!("{{ inputs.{input} }}")))
        );
        for (variable, input) in &piece.variables {
            assert!(
                inputs.contains(input) && piece.script.contains(variable),
                "{variable}"
            );
            let known = format!("DT_{}", input.to_uppercase().replace('-', "_"));
            assert_eq!(*variable, known);
        }
    }
    let jenkins = jenkins();
    assert_eq!(jenkins.variables.len(), gitlab().variables.len());
    assert!(
        jenkins
            .variables
            .iter()
            .all(|(variable, _)| jenkins.script.contains(variable))
    );
}

#[test]
fn around_a_block_of_jenkins_the_start_and_the_outcome_are_recorded() {
    let call = |name: &str, inputs: &[(&str, &str)]| {
        let (home, path) = recorder();
        let piece = Piece {
            script: groovy(name) + &groovy("DEPLOYTRACK"),
            shells: &[],
            variables: Vec::new(),
        };
        assert_eq!(run(&home, &path, (&["sh"], &piece), inputs).code, 0);
        called(&home)
    };
    let start = call(
        "START",
        &[
            ("DT_COMPONENT", "$(a) b"),
            ("DT_VERSION", "-v1"),
            ("DT_ID_FILE", "an id"),
        ],
    );
    assert_eq!(
        start,
        [
            "record",
            "--component=$(a) b",
            "--version=-v1",
            "--on-error=spool",
            "--status=in_progress",
            "--id-file=an id"
        ]
    );
    let finish = call(
        "FINISH",
        &[
            ("DT_ON_ERROR", "warn"),
            ("DT_STATUS", "failed"),
            ("DT_ID_FILE", "an id"),
        ],
    );
    assert_eq!(
        finish,
        ["update", "--on-error=warn", "--id-file=an id", "failed"]
    );
}
