//! Broken machines: the deploy goes on as it would unwrapped, and no message is wrong.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, binary},
};

use crate::{
    given::Bench,
    wrapped::{RECORD, home, home_of, listed, spooled, wrapped},
};

/// Bytes that are not UTF-8.
const ODD: &[u8] = b"\xff\xfe odd \x80";
const NOWHERE: &str = "http://127.0.0.1:1";

fn output(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

fn stderr_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs `deploytrack` from a shell, after a script that breaks something.
fn from_shell(home: &Home, arranged: &str, args: &[&str]) -> Output {
    let program = home.command("deploytrack", &[]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", arranged])
        .arg("sh")
        .arg(program.get_program())
        .args(args)
        .env_clear()
        .current_dir(home.path());
    shell.envs(
        program
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    output(shell)
}

/// The only deployment on the server.
fn status(bench: &Bench) -> String {
    let all = listed(bench);
    assert_eq!(all.len(), 1, "{all:?}");
    all[0]["status"].as_str().unwrap().to_owned()
}

fn token_is_in(bytes: &[u8]) -> bool {
    let token = Caller::admin_token();
    let secret = token.rsplit('.').next().unwrap().as_bytes();
    bytes.windows(secret.len()).any(|window| window == secret)
}

/// Whether this process has the rights of root, for whom no access is refused.
fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

#[test]
fn without_a_home_the_deployment_is_reported_from_memory() {
    let bench = Bench::new();
    let home = home(&bench);
    // A user id without an entry, and so without a home, and a program that it may execute.
    let program = home.path().join("deploytrack");
    fs::copy(binary("deploytrack"), &program).unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = home.command("deploytrack", &[]);
    let settings: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command = Command::new(&program);
    command
        .args(wrapped(&[], &["sh", "-c", "echo out; exit 3"]))
        .env_clear()
        .envs(settings)
        .env_remove("HOME")
        .current_dir("/");
    if is_root() {
        command.uid(54_321);
    }
    let output = output(command);
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(3), &b"out\n"[..]),
        "{output:?}"
    );
    assert_eq!(status(&bench), "failed");
    if is_root() {
        assert!(
            stderr_of(&output).contains("there is no home directory"),
            "{output:?}"
        );
    }
}

#[test]
fn an_unwritable_home_is_a_warning() {
    let bench = Bench::new();
    let base = home(&bench);
    let file = base.path().join("file");
    fs::write(&file, "").unwrap();
    let closed = base.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    let mut homes = vec![file.as_path(), Path::new("/proc/nowhere")];
    // For root it is a normal home.
    if !is_root() {
        homes.push(&closed);
    }
    for (number, path) in homes.into_iter().enumerate() {
        let mut command = base.command(
            "deploytrack",
            &wrapped(&[], &["sh", "-c", "echo out; exit 4"]),
        );
        command.env("HOME", path);
        let output = output(command);
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(4), &b"out\n"[..]),
            "{output:?}"
        );
        let said = stderr_of(&output);
        assert!(
            said.contains("the spool cannot be used") && said.contains(path.to_str().unwrap()),
            "{said}"
        );
        let all = listed(&bench);
        assert_eq!(
            (all.len(), &all[0]["status"]),
            (number + 1, &"failed".into()),
            "{all:?}"
        );
    }
}

#[test]
fn on_a_full_disk_the_deployment_is_reported_from_memory() {
    let bench = Bench::new();
    let home = home(&bench);
    // Every write to a file fails, as on a full disk.
    let full = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let run = from_shell(
        &home,
        full,
        &wrapped(&[], &["sh", "-c", "echo out; exit 5"]),
    );
    assert_eq!(
        (run.status.code(), run.stdout.as_slice()),
        (Some(5), &b"out\n"[..]),
        "{run:?}"
    );
    assert!(
        stderr_of(&run).contains("the spool cannot be written"),
        "{run:?}"
    );
    assert_eq!((status(&bench).as_str(), spooled(&home)), ("failed", 0));
}

#[test]
fn on_a_full_disk_without_a_server_no_event_is_reported_as_queued() {
    let home = home_of(NOWHERE);
    let full = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let run = from_shell(
        &home,
        full,
        &wrapped(&["--send-timeout", "1s"], &["sh", "-c", "exit 5"]),
    );
    assert_eq!(run.status.code(), Some(5), "{run:?}");
    assert!(
        stderr_of(&run).contains("may be lost")
            && !stderr_of(&run).contains("is kept in the spool"),
        "{run:?}"
    );
}

#[test]
fn a_signal_that_was_ignored_stays_so() {
    let bench = Bench::new();
    let home = home(&bench);
    let args = wrapped(&[], &["sh", "-c", "echo begun; sleep 1; echo done"]);
    let mut command = Command::new("nohup");
    let deploytrack = home.command("deploytrack", &args);
    command
        .arg(deploytrack.get_program())
        .args(deploytrack.get_args())
        .env_clear();
    command.envs(
        deploytrack
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut begun = [0; 6];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut begun)
        .unwrap();
    assert!(
        Command::new("kill")
            .args(["-HUP", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(0), &b"done\n"[..])
    );
    assert_eq!(status(&bench), "succeeded");
}

#[test]
fn on_a_full_disk_without_a_server_a_plain_record_leaves_no_partial_entry() {
    let home = home_of(NOWHERE);
    let args = [&RECORD[..], &["--on-error", "spool"]].concat();
    let plain = from_shell(&home, "trap '' XFSZ; ulimit -f 0; exec \"$@\"", &args);
    assert_eq!(spooled(&home), 0);
    assert!(
        stderr_of(&plain).contains("nothing is recorded")
            && stderr_of(&plain).contains("the spool cannot be used"),
        "{plain:?}"
    );
}

#[test]
fn standard_streams_onto_a_full_disk_fail_as_they_would_unwrapped() {
    let bench = Bench::filled();
    let list = from_shell(&bench.home, "exec \"$@\" > /dev/full", &["list"]);
    assert_eq!(list.status.code(), Some(1));
    assert!(
        stderr_of(&list).contains("cannot write the answer"),
        "{list:?}"
    );
    let home = home(&bench);
    let run = from_shell(
        &home,
        "exec \"$@\" 2> /dev/full",
        &wrapped(&["--on-error", "warn"], &["sh", "-c", "exit 6"]),
    );
    assert_eq!(run.status.code(), Some(6), "{run:?}");
    let run = from_shell(
        &home,
        "exec \"$@\" > /dev/full",
        &wrapped(&[], &["sh", "-c", "echo out || exit 7"]),
    );
    assert_eq!(run.status.code(), Some(7), "{run:?}");
}

#[test]
fn without_a_terminal_there_is_no_colour_and_the_command_sees_none_either() {
    let bench = Bench::filled();
    let home = home(&bench);
    let script = "test -t 0 || test -t 1 || test -t 2 || echo none";
    let run = from_shell(
        &home,
        "exec setsid -w \"$@\"",
        &wrapped(&[], &["sh", "-c", script]),
    );
    assert_eq!(
        (
            run.status.code(),
            run.stdout.as_slice(),
            stderr_of(&run).as_str()
        ),
        (Some(0), &b"none\n"[..], ""),
        "{run:?}"
    );
    let matrix = from_shell(&home, "exec setsid -w \"$@\"", &["matrix"]);
    assert!(
        matrix.status.success() && !matrix.stdout.contains(&0x1b),
        "{matrix:?}"
    );
}

#[test]
fn arguments_and_variables_that_are_no_text_reach_the_command_byte_for_byte() {
    let bench = Bench::new();
    let home = home(&bench);
    let mut command = home.command(
        "deploytrack",
        &wrapped(&[], &["sh", "-c", "printf '%s|%s' \"$1\" \"$ODD\"", "sh"]),
    );
    command
        .arg(OsStr::from_bytes(ODD))
        .env("ODD", OsStr::from_bytes(ODD))
        .env(OsStr::from_bytes(b"ODD\xff"), "x");
    let run = output(command);
    assert_eq!(
        (run.status.code(), run.stdout),
        (Some(0), [ODD, b"|", ODD].concat()),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert_eq!(status(&bench), "succeeded");
}

#[test]
fn a_name_that_is_not_utf8_is_a_usage_error_and_does_not_stop_the_command() {
    let home = home_of(NOWHERE);
    let with = |after: &[&str]| {
        let mut command = home.command("deploytrack", &["record", "--component"]);
        command.arg(OsStr::from_bytes(ODD)).args(after);
        output(command)
    };
    let plain = with(&["--environment", "production", "--version", "v1"]);
    assert_eq!(
        (plain.status.code(), plain.stdout.as_slice()),
        (Some(2), &b""[..]),
        "{plain:?}"
    );
    assert!(
        stderr_of(&plain).contains("error: invalid UTF-8")
            && !stderr_of(&plain).contains("panicked"),
        "{plain:?}"
    );
    let run = with(&["-e", "production", "--version", "v1", "--", "echo", "ran"]);
    assert_eq!(
        (run.status.code(), run.stdout.as_slice(), spooled(&home)),
        (Some(0), &b"ran\n"[..], 1),
        "{run:?}"
    );
    assert!(
        stderr_of(&run).contains("--component must be UTF-8 text"),
        "{run:?}"
    );
}

#[test]
fn settings_that_are_no_text_are_not_passed_over() {
    let bench = Bench::new();
    let home = home(&bench);
    for name in [
        "DEPLOYTRACK_URL",
        "DEPLOYTRACK_TOKEN",
        "DEPLOYTRACK_PROFILE",
    ] {
        let mut command = home.command("deploytrack", &["list"]);
        command.env(name, OsStr::from_bytes(ODD));
        let run = output(command);
        assert!(
            matches!(run.status.code(), Some(2 | 4)) && !stderr_of(&run).contains("panicked"),
            "{name}: {run:?}"
        );
    }
    let mut command = home.command("deploytrack", &["list"]);
    command.arg0(OsStr::from_bytes(ODD));
    assert_eq!(
        output(command).status.code(),
        Some(0),
        "the program's own name may be anything"
    );
}

#[test]
fn closed_streams_do_not_change_what_is_recorded() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let bench = Bench::new();
        let home = home(&bench);
        let run = from_shell(
            &home,
            &format!("exec \"$@\" {closed}"),
            &wrapped(&[], &["sh", "-c", "echo out; echo err >&2; exit 8"]),
        );
        assert_eq!(run.status.code(), Some(8), "{closed}: {run:?}");
        assert_eq!(
            (status(&bench).as_str(), spooled(&home)),
            ("failed", 0),
            "{closed}"
        );
        for args in [&["list"][..], &["matrix"], &RECORD] {
            assert_eq!(
                from_shell(&home, &format!("exec \"$@\" {closed}"), args)
                    .status
                    .code(),
                Some(0),
                "{closed}: {args:?}"
            );
        }
    }
}

/// Runs with a standard output whose reader is closed.
fn into_broken_pipe(home: &Home, args: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    home.command("deploytrack", args)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

#[test]
fn a_closed_output_is_not_a_failure() {
    let bench = Bench::filled();
    for args in [
        &["list"][..],
        &["matrix"],
        &["export"],
        &RECORD,
        &["--help"],
    ] {
        let run = into_broken_pipe(&bench.home, args);
        assert_eq!(
            (run.status.code(), stderr_of(&run).as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
    assert_eq!(listed(&bench).len(), 5, "it is recorded all the same");
}

#[test]
fn a_command_with_a_closed_output_ends_as_it_would_unwrapped() {
    let bench = Bench::new();
    let home = home(&bench);
    // `yes` must end by SIGPIPE, which a program may have inherited as ignored.
    let run = into_broken_pipe(&home, &wrapped(&[], &["yes"]));
    assert_eq!(run.status.code(), Some(128 + 13), "{run:?}");
    assert_eq!((status(&bench).as_str(), spooled(&home)), ("failed", 0));
}

/// Every file below a folder, with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    // A running program may delete a folder or a file at the same time.
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files(&entry.path()));
        } else if let Ok(content) = fs::read(entry.path()) {
            found.push((entry.path().display().to_string(), content));
        }
    }
    found
}

#[test]
fn the_token_is_in_no_file_no_process_list_and_no_output() {
    let bench = Bench::new();
    let mut home = home(&bench);
    let args = [
        &["--verbose"][..],
        &wrapped(
            &["--send-timeout", "1s"],
            &["sh", "-c", "echo $$; read line"],
        ),
    ]
    .concat();
    let mut command = home.command("deploytrack", &args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut shell = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut shell)
        .unwrap();
    // The process, the processes between it and the command, and the command.
    let mut lines = 0;
    let mut process = shell.trim().to_owned();
    while process != std::process::id().to_string() {
        assert!(
            !token_is_in(&fs::read(format!("/proc/{process}/cmdline")).unwrap()),
            "process {process} shows it"
        );
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        process = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .to_owned();
        lines += 1;
    }
    assert!(lines >= 2, "deploytrack and its command were looked at");
    let spool = files(home.path());
    assert!(
        spool.iter().any(|(path, _)| path.contains("spool")),
        "{spool:?}"
    );
    drop(child.stdin.take());
    let run = child.wait_with_output().unwrap();
    let mut outputs = vec![run.stdout, run.stderr];

    home.set("DEPLOYTRACK_URL", NOWHERE);
    for args in [
        &wrapped(&["--send-timeout", "1s"], &["true"])[..],
        &["--verbose", "list"],
        &["flush"],
        &["spool", "list", "-o", "json"],
    ] {
        let run = output(home.command("deploytrack", args));
        outputs.extend([run.stdout, run.stderr]);
    }
    let kept = files(home.path());
    assert!(
        kept.iter().any(|(path, _)| path.ends_with("0.json")),
        "there is something to look at"
    );
    for (path, content) in spool.into_iter().chain(kept) {
        assert!(!token_is_in(&content), "{path} has it");
    }
    for text in outputs {
        assert!(!token_is_in(&text), "{}", String::from_utf8_lossy(&text));
    }
}
