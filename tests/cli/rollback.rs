//! `deploytrack rollback`

use crate::*;

fn shown(bench: &Bench) -> String {
    let matrix = bench.home.deploytrack(&["matrix", "-o", "csv"]);
    matrix
        .done()
        .lines()
        .find(|line| line.starts_with("api,production"))
        .unwrap_or_default()
        .split(',')
        .nth(2)
        .unwrap_or_default()
        .to_owned()
}

fn statuses(bench: &Bench) -> Vec<String> {
    let listed = bench.home.deploytrack(&["list", "-o", "csv", "-c", "api", "-e", "production"]);
    let column = |line: &str, at: usize| line.split(',').nth(at).unwrap_or_default().to_owned();
    listed.done().lines().skip(1).map(|line| format!("{} {}", column(line, 3), column(line, 4))).collect()
}

const ROLLBACK: [&str; 5] = ["rollback", "-c", "api", "-e", "production"];

#[test]
fn the_version_before_is_current_again() {
    let bench = Bench::new();
    for version in ["v1", "v2"] {
        bench.record("api", "production", version, "succeeded");
    }
    let run = bench.home.deploytrack(&[&ROLLBACK[..], &["--reason", "errors"]].concat());
    assert_eq!(run.done(), "api in production went back from v2 to v1\n");
    assert_eq!(shown(&bench), "v1");
    assert_eq!(statuses(&bench), ["v1 succeeded", "v2 rolled_back", "v1 succeeded"]);
}

#[test]
fn a_command_that_fails_rolls_nothing_back() {
    let mut bench = Bench::new();
    bench.home.set("PATH", "/usr/bin:/bin");
    for version in ["v1", "v2"] {
        bench.record("api", "production", version, "succeeded");
    }
    let failed = bench.home.deploytrack(&[&ROLLBACK[..], &["--", "sh", "-c", "exit 3"]].concat());
    assert_eq!((failed.code, shown(&bench).as_str()), (3, "v2"), "{failed:?}");
    let done = bench.home.deploytrack(&[&ROLLBACK[..], &["--", "sh", "-c", "echo $DEPLOYTRACK_VERSION"]].concat());
    assert_eq!((done.done(), shown(&bench).as_str()), ("v1\n", "v1"));
    assert_eq!(statuses(&bench), ["v1 succeeded", "v1 failed", "v2 rolled_back", "v1 succeeded"]);
}

#[test]
fn where_nothing_was_before_nothing_is_done() {
    let mut bench = Bench::new();
    bench.home.set("PATH", "/usr/bin:/bin");
    bench.record("api", "production", "v1", "succeeded");
    let run = bench.home.deploytrack(&[&ROLLBACK[..], &["--", "echo", "ran"]].concat());
    assert_eq!((run.code, run.out.as_str(), shown(&bench).as_str()), (1, "", "v1"), "{run:?}");
}
