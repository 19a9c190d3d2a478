//! `integrations/deploytrack.sh`: it brings the program to machines that lack it, or runs the
//! command without it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Run, on_path},
};
use serde_json::Value;

use crate::{
    given::Bench,
    readme::with_script,
    release::{Release, busybox, is_installed, machine, on, run, script},
};

/// A program that prints its arguments.
const ECHO: &str = "#!/bin/sh\n[ \"$1\" = --version ] || echo \"client: $*\"\n";
const DEPLOY: [&str; 9] = [
    "record",
    "-c",
    "api",
    "-e",
    "production",
    "--",
    "sh",
    "-c",
    "echo deployed; exit 7",
];
/// The output when the command ran without being recorded.
const UNRECORDED: (i32, &str) = (7, "deployed\n");

fn shells() -> Vec<&'static [&'static str]> {
    let all: [&[&str]; 4] = [&["sh"], &["dash"], &["bash"], &["busybox", "sh"]];
    all.into_iter()
        .filter(|shell| on_path(shell[0]).is_some())
        .collect()
}

/// A machine with curl and all shells.
fn with_curl() -> Home {
    let names = shells()
        .into_iter()
        .map(|shell| shell[0])
        .filter(|name| *name != "sh");
    machine(
        &names
            .chain(["curl", "echo", "timeout", "true"])
            .collect::<Vec<_>>(),
    )
}

fn deploy(home: &Home, script: &str) -> Run {
    run(home, script, &["sh"], &DEPLOY)
}

/// The reason that is given when the command ran without being recorded.
fn reason(run: &Run) -> String {
    assert_eq!((run.code, run.out.as_str()), UNRECORDED, "{run:?}");
    let (_, rest) = run
        .err
        .split_once("warning: deploytrack is missing (")
        .unwrap_or_else(|| panic!("{run:?}"));
    let (reason, end) = rest.rsplit_once(')').unwrap();
    assert_eq!(end, ", so this deployment is not recorded\n");
    reason.to_owned()
}

fn listed(bench: &Bench) -> Vec<Value> {
    let page = bench.home.deploytrack(&["list", "--all", "-o", "json"]);
    let page: Value = serde_json::from_str(page.done()).unwrap();
    page["data"].as_array().unwrap().clone()
}

fn cache(home: &Home) -> std::path::PathBuf {
    home.path()
        .join(".cache/deploytrack")
        .join(env!("CARGO_PKG_VERSION"))
}

#[test]
fn the_program_itself_is_brought_and_records() {
    let (bench, release) = (Bench::new(), Release::of_binary());
    let home = with_curl()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let ran = run(
        &home,
        &release.script(),
        &["sh"],
        &[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--",
            "echo",
            "deployed",
        ],
    );
    assert_eq!(ran.done(), "deployed\n", "{ran:?}");
    assert_eq!(
        (&listed(&bench)[0]["version"], &listed(&bench)[0]["status"]),
        (&"v1".into(), &"succeeded".into())
    );
}

#[test]
fn every_shell_brings_the_program_once_and_needs_no_network_later() {
    for shell in shells() {
        for filled in [true, false] {
            let release = Release::of(ECHO, "127.0.0.1");
            let home = with_curl().with("DEPLOYTRACK_DOWNLOAD_URL", release.address());
            let text = if filled { release.script() } else { script() };
            let first = run(&home, &text, shell, &["list", "a b", ""]);
            assert_eq!(
                (first.done(), first.err.as_str()),
                ("client: list a b \n", ""),
                "{shell:?}"
            );
            assert_eq!(release.requests(), if filled { 1 } else { 2 });
            release.stop();
            assert_eq!(
                run(&home, &text, shell, &["list"]).done(),
                "client: list\n",
                "{shell:?}"
            );
            let mut left: Vec<_> = fs::read_dir(cache(&home))
                .unwrap()
                .map(|file| file.unwrap().file_name())
                .collect();
            left.retain(|name| {
                !name.to_str().unwrap().ends_with(".tar.gz") && name != "SHA256SUMS"
            });
            assert_eq!(left, ["deploytrack"], "{shell:?}");
        }
    }
}

#[test]
fn busybox_alone_is_enough() {
    if !is_installed("busybox") {
        return;
    }
    let home = busybox();
    let release = Release::of(ECHO, "127.0.0.1");
    let ran = run(&home, &release.script(), &["sh"], &["list"]);
    assert_eq!(ran.done(), "client: list\n", "{ran:?}");
    release.stop();
    fs::remove_dir_all(cache(&home)).unwrap();
    assert!(reason(&deploy(&home, &release.script())).contains("Connection refused"));
}

#[test]
fn wget_alone_is_enough() {
    if !is_installed("wget") {
        return;
    }
    let release = Release::of(ECHO, "127.0.0.1");
    let home = machine(&["wget"]);
    assert_eq!(
        run(&home, &release.script(), &["sh"], &["list"]).done(),
        "client: list\n"
    );
    let home = machine(&["wget"]);
    fs::remove_file(release.archive()).unwrap();
    let problem = reason(&deploy(&home, &release.script()));
    assert!(
        problem.starts_with(&format!(
            "cannot download {}/deploytrack-client-",
            release.address()
        )),
        "{problem}"
    );
    assert!(problem.ends_with(": exit code 8"), "{problem}");
}

#[test]
fn the_program_of_the_path_is_preferred() {
    let release = Release::of(ECHO, "127.0.0.1");
    let home = with_curl();
    with_script(
        &home,
        "bin/deploytrack",
        "#!/bin/sh\necho \"installed: $*\"\n",
    );
    assert_eq!(
        run(&home, &release.script(), &["sh"], &["list"]).done(),
        "installed: list\n"
    );
    // A program that cannot run on this machine counts as missing.
    with_script(&home, "bin/deploytrack", "#!/nowhere\n");
    assert_eq!(
        run(&home, &release.script(), &["sh"], &["list"]).done(),
        "client: list\n"
    );
}

#[test]
fn as_deploytrack_on_the_path_the_script_does_not_find_itself() {
    let release = Release::of(ECHO, "127.0.0.1");
    let home = with_curl();
    with_script(&home, "bin/deploytrack", &release.script());
    let typed = |args: &[&str]| {
        Run::of(
            &on(&home, &[&["deploytrack"], args].concat())
                .output()
                .unwrap(),
        )
    };
    assert_eq!(typed(&["list"]).done(), "client: list\n");
    // A wrapper does not run in a circle either.
    with_script(&home, "deploytrack.sh", &release.script());
    with_script(
        &home,
        "bin/deploytrack",
        "#!/bin/sh\nexec sh \"$HOME/deploytrack.sh\" \"$@\"\n",
    );
    assert_eq!(typed(&["list"]).done(), "client: list\n");
    release.stop();
    fs::remove_dir_all(cache(&home)).unwrap();
    reason(&typed(&DEPLOY));
    assert_eq!(run(&home, &release.script(), &["sh"], &DEPLOY).code, 7);
}

#[test]
fn without_a_usable_archive_the_command_runs_and_the_reason_is_given() {
    let damages: [(&str, Damage, &str); 6] = [
        ("no network", Release::stop, "cannot download"),
        (
            "404",
            |release| fs::remove_file(release.archive()).unwrap(),
            "404",
        ),
        (
            "another archive",
            |release| fs::write(release.archive(), "other").unwrap(),
            "the checksum of",
        ),
        ("a truncated archive", cut, "the checksum of"),
        (
            "a page in place of the checksums",
            |release| fs::write(release.file("SHA256SUMS"), "<html>").unwrap(),
            "checksum",
        ),
        (
            "an empty archive",
            |release| fs::write(release.archive(), "").unwrap(),
            "the checksum of",
        ),
    ];
    for (name, damage, wanted) in damages {
        for filled in [true, false] {
            let release = Release::of(ECHO, "127.0.0.1");
            let text = if filled { release.script() } else { script() };
            damage(&release);
            if filled && name == "a page in place of the checksums" {
                continue;
            }
            for shell in shells() {
                let home = with_curl().with("DEPLOYTRACK_DOWNLOAD_URL", release.address());
                let problem = reason(&run(&home, &text, shell, &DEPLOY));
                assert!(
                    problem.contains(wanted) && problem.contains(release.address()),
                    "{name}: {problem}"
                );
            }
        }
    }
}

/// A way to damage a release.
type Damage = fn(&Release);

fn cut(release: &Release) {
    let whole = fs::read(release.archive()).unwrap();
    fs::write(release.archive(), &whole[..whole.len() / 2]).unwrap();
}

#[test]
fn a_machine_without_the_means_is_told_which_are_missing() {
    let release = Release::of(ECHO, "127.0.0.1");
    assert_eq!(
        reason(&deploy(&machine(&[]), &release.script())),
        "this machine has neither curl nor wget"
    );
    assert_eq!(
        reason(&deploy(&with_curl(), &script())),
        "DEPLOYTRACK_DOWNLOAD_URL is not set"
    );
    let home = with_curl();
    fs::remove_file(home.path().join("bin/uname")).unwrap();
    let uname = "#!/bin/sh\n[ \"$1\" = -s ] && echo Darwin || echo arm64\n";
    with_script(&home, "bin/uname", uname);
    assert_eq!(
        reason(&deploy(&home, &release.script())),
        "there is no ready-made client for Darwin on arm64"
    );
    // A program of another machine.
    let broken = Release::of("#!/nowhere/else\n", "127.0.0.1");
    assert!(reason(&deploy(&with_curl(), &broken.script())).contains("deploytrack"));
}

#[test]
fn without_checksums_only_a_safe_address_is_used() {
    let release = Release::of(ECHO, "127.0.0.2");
    let home = with_curl().with("DEPLOYTRACK_DOWNLOAD_URL", release.address());
    assert_eq!(
        reason(&deploy(&home, &script())),
        format!("{} does not begin with https://", release.address())
    );
    assert_eq!(release.requests(), 0);
    // The checksum in the file is the proof, wherever the archive is from.
    assert_eq!(
        run(&home, &release.script(), &["sh"], &["list"]).done(),
        "client: list\n"
    );
}

#[test]
fn a_wget_that_checks_no_certificates_is_used_only_with_checksums() {
    let release = Release::of(ECHO, "127.0.0.1");
    // The message of busybox that was built without a TLS library.
    let wget = format!(
        "#!/bin/sh\necho 'wget: note: TLS certificate validation not implemented' >&2\ncp {}/\"${{4##*/}}\" \"$3\"\n",
        release.file("").display()
    );
    let home = machine(&["cp"]).with("DEPLOYTRACK_DOWNLOAD_URL", "https://mirror.example.com");
    with_script(&home, "bin/wget", &wget);
    assert_eq!(
        reason(&deploy(&home, &script())),
        "this wget checks no certificates"
    );
    let pinned = run(&home, &release.script(), &["sh"], &["list"]);
    assert_eq!(pinned.done(), "client: list\n");
}

#[test]
fn a_password_in_the_address_is_not_printed() {
    let release = Release::of(ECHO, "127.0.0.1");
    let address = release.address().replace("http://", "http://ci:s3cret@");
    let home = with_curl().with("DEPLOYTRACK_DOWNLOAD_URL", address.as_str());
    assert_eq!(
        run(&home, &release.script(), &["sh"], &["list"]).done(),
        "client: list\n"
    );
    fs::remove_dir_all(cache(&home)).unwrap();
    release.stop();
    assert!(!reason(&deploy(&home, &release.script())).contains("s3cret"));
    assert!(!reason(&deploy(&home, &script())).contains("s3cret"));
}

#[test]
fn an_archive_in_the_cache_that_is_not_the_released_one_is_replaced() {
    let release = Release::of(ECHO, "127.0.0.1");
    let evil = Release::of("#!/bin/sh\necho evil\n", "127.0.0.1");
    for text in [release.script(), script()] {
        let home = with_curl().with("DEPLOYTRACK_DOWNLOAD_URL", release.address());
        fs::create_dir_all(cache(&home)).unwrap();
        for file in [evil.archive(), evil.file("SHA256SUMS")] {
            fs::copy(&file, cache(&home).join(file.file_name().unwrap())).unwrap();
        }
        fs::write(cache(&home).join("deploytrack"), "#!/bin/sh\necho evil\n").unwrap();
        assert_eq!(
            run(&home, &text, &["sh"], &["list"]).done(),
            "client: list\n"
        );
    }
}

#[test]
fn a_home_that_cannot_be_written_is_no_obstacle() {
    let release = Release::of(ECHO, "127.0.0.1");
    let home = with_curl();
    fs::write(home.path().join("deploytrack.sh"), release.script()).unwrap();
    fs::write(home.path().join("a file"), "").unwrap();
    for folder in [None, Some("/proc"), Some("a file")] {
        let mut command = on(&home, &["sh", "deploytrack.sh", "list"]);
        command.env_remove("HOME").env("TMPDIR", home.path());
        command.envs(folder.map(|folder| ("HOME", folder)));
        assert_eq!(
            Run::of(&command.output().unwrap()).done(),
            "client: list\n",
            "{folder:?}"
        );
    }
    assert!(!std::path::Path::new("/.cache/deploytrack").exists());
}

#[test]
fn several_processes_bring_the_program_at_the_same_time() {
    let release = Release::of(ECHO, "127.0.0.1");
    let home = with_curl();
    fs::write(home.path().join("deploytrack.sh"), release.script()).unwrap();
    let start = || {
        on(&home, &["sh", "deploytrack.sh", "list"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<_> = (0..12).map(|_| start()).collect();
    for process in running {
        assert_eq!(
            Run::of(&process.wait_with_output().unwrap()).done(),
            "client: list\n"
        );
    }
}

#[test]
fn with_on_error_fail_and_for_a_rollback_nothing_runs() {
    let home = with_curl();
    let without = |home: &Home, args: &[&str]| {
        let run = run(home, &script(), &["sh"], args);
        (run.code, run.out, run.err)
    };
    for args in [
        &[
            "record",
            "--on-error",
            "fail",
            "-c",
            "api",
            "--",
            "echo",
            "deployed",
        ][..],
        &[
            "--url",
            "http://there",
            "record",
            "--on-error=fail",
            "--",
            "echo",
            "deployed",
        ],
        &["update", "--on-error=fail", "--id-file", "id", "succeeded"],
        &[
            "rollback",
            "-c",
            "api",
            "-e",
            "production",
            "--",
            "echo",
            "deployed",
        ],
        &["list"],
        &[],
    ] {
        let (code, out, err) = without(&home, args);
        assert_eq!((code, out.as_str()), (127, ""), "{args:?}");
        assert!(
            err.contains("error: deploytrack is missing (DEPLOYTRACK_DOWNLOAD_URL is not set)"),
            "{err}"
        );
    }
    let strict = with_curl().with("DEPLOYTRACK_ON_ERROR", "fail");
    assert_eq!(without(&strict, &DEPLOY).0, 127);
    // A flag comes before the variable.
    assert_eq!(
        without(&strict, &["record", "--on-error=spool", "--", "true"]).0,
        0
    );
    // A flag of the command is not one of deploytrack.
    assert_eq!(
        without(&home, &["record", "--", "echo", "--on-error=fail"]).1,
        "--on-error=fail\n"
    );
}

#[test]
fn the_command_gets_its_arguments_and_variables_unchanged() {
    let names = [
        "version", "address", "name", "reason", "folder", "url", "part", "problem", "checksum",
        "flag",
    ];
    let names = names.map(|name| (name, format!("{name} of the command")));
    for release in [Some(Release::new()), None] {
        let text = release.as_ref().map_or_else(script, Release::script);
        let home = names.iter().fold(with_curl(), |home, (name, value)| {
            home.with(name, value.as_str())
        });
        let seen = "for n in version address name reason folder url part problem checksum flag; do eval \"echo \\$$n\"; done; echo \"$@\"";
        let ran = run(
            &home,
            &text,
            &["sh"],
            &[
                "record", "-c", "a", "--", "sh", "-c", seen, "sh", "*", "a  b", "--", "$HOME",
            ],
        );
        let values: Vec<_> = names.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(ran.out, format!("{}\n* a  b -- $HOME\n", values.join("\n")));
        assert_eq!(ran.code, 0);
    }
}

#[test]
fn without_the_program_a_later_update_changes_no_other_deployment() {
    let (bench, release) = (Bench::new(), Release::new());
    let old = bench.record("api", "production", "v1", "in_progress");
    let home = with_curl()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let start = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v2",
        "--id-file",
        "id",
    ];
    for mode in ["spool", "warn"] {
        fs::write(home.path().join("id"), format!("{old}\n")).unwrap();
        let missing = run(&home, &script(), &["sh"], &start);
        assert_eq!(
            (
                missing.done(),
                missing.err.contains("so nothing is recorded")
            ),
            ("", true)
        );
        // The program is there again.
        let ended = run(
            &home,
            &release.script(),
            &["sh"],
            &["update", "--id-file", "id", "succeeded", "--on-error", mode],
        );
        assert_eq!(
            (ended.code, ended.err.contains("there is no file id")),
            (0, true),
            "{ended:?}"
        );
        assert_eq!(listed(&bench)[0]["status"], "in_progress");
    }
    // The same the other way round: a start that is recorded, and an end that is not.
    let run_with = |text: &str, args: &[&str]| run(&home, text, &["sh"], args);
    let _ = run_with(&release.script(), &start).done();
    let _ = run_with(&script(), &["update", "--id-file=id", "succeeded"]).done();
    // A file that is not one of deploytrack is not removed.
    fs::write(home.path().join("id"), "notes of somebody\n").unwrap();
    let _ = run_with(&script(), &start).done();
    assert_eq!(
        fs::read_to_string(home.path().join("id")).unwrap(),
        "notes of somebody\n"
    );
}

#[test]
fn github_and_azure_show_why_nothing_is_recorded() {
    let address = "https://127.0.0.1:1/100%25";
    for shell in shells() {
        let home = with_curl()
            .with("GITHUB_ACTIONS", "true")
            .with("DEPLOYTRACK_DOWNLOAD_URL", address);
        let summary = home.path().join("summary");
        let home = home.with("GITHUB_STEP_SUMMARY", summary.to_str().unwrap());
        let ran = run(&home, &script(), shell, &DEPLOY);
        assert_eq!((ran.code, ran.out.as_str()), UNRECORDED);
        let wanted = "::warning title=deploytrack::deploytrack is missing (cannot download https://127.0.0.1:1/100%2525/SHA256SUMS: ";
        assert!(
            ran.err.starts_with(wanted) && ran.err.lines().count() == 1,
            "{}",
            ran.err
        );
        let line = fs::read_to_string(&summary).unwrap();
        assert!(line.starts_with("- deploytrack: warning: deploytrack is missing (cannot download https://127.0.0.1:1/100%25/"), "{line}");
        let strict = run(
            &home,
            &script(),
            shell,
            &["record", "--on-error=fail", "--", "true"],
        );
        assert!(
            strict.err.starts_with("::error title=deploytrack::"),
            "{strict:?}"
        );
    }
    // A summary that cannot be written changes nothing.
    let home = with_curl()
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_STEP_SUMMARY", "/nowhere/summary");
    assert_eq!(deploy(&home, &script()).code, 7);
    let azure = deploy(
        &with_curl()
            .with("TF_BUILD", "True")
            .with("DEPLOYTRACK_DOWNLOAD_URL", address),
        &script(),
    );
    assert!(
        azure
            .err
            .starts_with("##vso[task.logissue type=warning]deploytrack is missing (")
            && azure.err.contains("100%AZP2525"),
        "{azure:?}"
    );
}

#[test]
fn a_signal_to_the_script_reaches_the_command() {
    let release = Release::new();
    for text in [release.script(), script()] {
        let home = with_curl();
        fs::write(home.path().join("deploytrack.sh"), text).unwrap();
        let command = "trap 'echo stopped; exit 9' TERM; echo ready; while :; do sleep 0.1; done";
        let mut process = on(
            &home,
            &[
                "sh",
                "deploytrack.sh",
                "record",
                "-c",
                "api",
                "--",
                "/bin/sh",
                "-c",
                command,
            ],
        );
        let mut process = process
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", home.path().join("bin").display()),
            )
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(
            Command::new("kill")
                .arg(process.id().to_string())
                .status()
                .unwrap()
                .success()
        );
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(
            (line.as_str(), rest.as_str(), process.wait().unwrap().code()),
            ("ready\n", "stopped\n", Some(9))
        );
    }
}

#[test]
fn the_script_is_plain_and_has_the_version_of_the_program() {
    let text = script();
    assert!(!text.contains('\\') && !text.contains("'''"));
    assert!(text.contains(&format!("\nversion={}\n", env!("CARGO_PKG_VERSION"))));
    for line in [
        "address=${DEPLOYTRACK_DOWNLOAD_URL:-}",
        "sha256_x86_64=",
        "sha256_aarch64=",
    ] {
        assert_eq!(
            text.lines().filter(|there| *there == line).count(),
            1,
            "{line}"
        );
    }
    if is_installed("shellcheck") {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../integrations/deploytrack.sh"
        );
        let checked = Command::new("shellcheck").arg(path).output().unwrap();
        assert!(
            checked.status.success(),
            "{}",
            String::from_utf8_lossy(&checked.stdout)
        );
    }
}
