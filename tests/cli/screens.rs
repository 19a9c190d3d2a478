//! Answers on a terminal: the pager, and the keys of `matrix --watch`.

use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
};

use deploytrack_tests::program::{Home, binary};

use crate::given::Bench;

/// Runs lines in a shell on a terminal of 80 columns and some rows, and types each of these keys
/// when its text has appeared. `deploytrack` is on the path.
fn on_terminal(home: &Home, rows: u8, lines: &str, keys: &[(&str, &str)]) -> String {
    let folder = binary("deploytrack").parent().unwrap().display();
    let command = format!("stty cols 80 rows {rows}; PATH={folder}:$PATH; {lines}");
    let mut script = Command::new("timeout");
    script
        .args(["60", "script", "-qec", &command, "/dev/null"])
        .env_clear()
        .envs(
            home.command("deploytrack", &[])
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", std::env::var("PATH").unwrap())
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    // script(1) ends its command when its own input ends.
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut chunk) = (Vec::new(), [0; 4096]);
    for (text, key) in keys {
        while !String::from_utf8_lossy(&shown).contains(text) {
            let read = output.read(&mut chunk).unwrap();
            assert!(read > 0, "{text}: {}", String::from_utf8_lossy(&shown));
            shown.extend(&chunk[..read]);
        }
        input.write_all(key.as_bytes()).unwrap();
    }
    output.read_to_end(&mut shown).unwrap();
    child.wait().unwrap();
    String::from_utf8(shown).unwrap()
}

/// A bench with a component for each of these versions.
fn with_components(count: usize) -> Bench {
    let bench = Bench::new();
    let line = |n: usize| {
        format!(
            r#"{{"component":"api-{n:02}","environment":"production","version":"v{n}","status":"succeeded","occurredAt":"2025-06-01T12:00:00Z"}}"#
        )
    };
    let lines: Vec<_> = (1..=count).map(line).collect();
    let run = bench
        .home
        .deploytrack_reading(&["import", "-"], &(lines.join("\n") + "\n"));
    let _ = run.done();
    bench
}

#[test]
fn a_long_answer_is_shown_in_the_pager_of_the_user() {
    let bench = with_components(12);
    let shown = |rows, line: &str| on_terminal(&bench.home, rows, line, &[]);
    let pager = "export PAGER='sed s/^/paged:/';";
    for command in ["matrix", "list", "matrix -o csv"] {
        let long = shown(10, &format!("{pager} deploytrack {command}"));
        assert!(long.matches("paged:").count() > 10, "{command}: {long}");
    }
    for line in [
        "deploytrack matrix --no-pager",
        "deploytrack matrix | cat",
        "PAGER=more DEPLOYTRACK_PAGER= deploytrack matrix",
        "PAGER=cat deploytrack matrix",
    ] {
        let text = shown(10, &format!("{pager} {line}"));
        assert!(
            text.contains("api-12") && !text.contains("paged:"),
            "{line}: {text}"
        );
    }
    let short = shown(30, &format!("{pager} deploytrack matrix"));
    assert!(
        short.contains("api-12") && !short.contains("paged:"),
        "{short}"
    );
}

#[test]
fn a_pager_that_ends_early_is_no_error_and_a_missing_one_loses_nothing() {
    let bench = with_components(12);
    let shown = |line: &str| on_terminal(&bench.home, 10, line, &[]);
    let early = shown("PAGER='head -n 3' deploytrack matrix; echo ended $?");
    assert!(
        early.contains("ended 0") && !early.contains("api-12"),
        "{early}"
    );
    let missing = shown("PAGER=no-such-pager deploytrack matrix; echo ended $?");
    assert!(
        missing.contains("the pager `no-such-pager` cannot be started")
            && missing.contains("api-12")
            && missing.contains("ended 0"),
        "{missing}"
    );
}

#[test]
fn ctrl_c_is_for_the_pager_and_not_for_this_program() {
    let bench = with_components(12);
    // A pager that Ctrl-C does not end, like less; the shell of the test outlives it, too.
    let line = "trap : INT; PAGER='trap : INT; cat; sleep 3; sleep 1; echo pager ended' deploytrack matrix; echo ended $?";
    let shown = on_terminal(&bench.home, 10, line, &[("api-12", "\x03")]);
    let (_, after) = shown.split_once("^C").unwrap_or_else(|| panic!("{shown}"));
    assert!(
        after.contains("pager ended") && after.contains("ended 0"),
        "{shown}"
    );
}

#[test]
fn a_watched_matrix_scrolls_by_keys_and_q_restores_the_terminal() {
    let bench = with_components(30);
    let line = "deploytrack matrix --watch; echo ended $?; stty -a";
    let shown = on_terminal(
        &bench.home,
        12,
        line,
        &[
            ("1-11 of 32", "G"),
            ("22-32 of 32", "\x1b[5~"),
            ("13-23 of 32", "q"),
        ],
    );
    let position = |text: &str| {
        shown
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {shown:?}"))
    };
    let (first, last) = (position("1-11 of 32"), position("22-32 of 32"));
    assert!(
        first < last && last < position("13-23 of 32"),
        "Page Up shows the lines before: {shown:?}"
    );
    let (screen, after) = shown.split_once("\x1b[?1049l").unwrap();
    assert!(screen.contains("\x1b[?1049h") && screen.contains("api-30"));
    assert!(
        after.contains("ended 0") && after.contains(" icanon") && after.contains(" echo "),
        "{after}"
    );
}
