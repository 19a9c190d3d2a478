//! No secret of a keyless job is left in a file, a variable, a command line or an output.

use std::{fs, path::Path};

use deploytrack_tests::{
    issuer::{Issuer, claims},
    program::Home,
};

use super::jobs::{Tracker, record};
use crate::wrapped::spooled;

/// All bytes of all files below a folder.
fn content(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(content(&path));
        } else {
            all.extend(fs::read(path).unwrap());
        }
    }
    all
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// The names of the variables that a command sees.
fn names(home: &Home) -> Vec<String> {
    let text = fs::read_to_string(home.path().join("variables")).unwrap();
    let mut names: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort_unstable();
    names
}

/// The secret for the spool that each job of the rule receives.
fn spool_key(tracker: &Tracker) -> String {
    let token = tracker.issuer.sign(&claims::github());
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token={token}"
    );
    let address = format!("{}/api/v1/token", tracker.url);
    let output = std::process::Command::new("curl")
        .args(["-s", "-d", &form, &address])
        .output()
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["spool_key"].as_str().unwrap().to_owned()
}

#[test]
fn no_secret_is_left_in_files_variables_command_lines_and_outputs() {
    let mut tracker = Tracker::new();
    let spool_key = spool_key(&tracker);
    let home = tracker.github_job(claims::github(), "1");
    let script = "env >variables; cat /proc/[0-9]*/cmdline >lines 2>/dev/null; cat /proc/$PPID/environ >keeper; true";
    let plain = home
        .command("deploytrack", &[])
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect::<Vec<_>>();
    let alone = std::process::Command::new("sh")
        .args(["-c", script])
        .env_clear()
        .envs(plain)
        .current_dir(home.path())
        .status();
    assert!(alone.unwrap().success());
    let alone = names(&home);

    let first =
        home.deploytrack(&[&["--verbose"][..], &record("v1", &["sh", "-c", script])].concat());
    assert_eq!(first.code, 0, "{first:?}");
    let inherited = names(&home);
    assert_eq!(
        inherited, alone,
        "the command inherits no more than without us"
    );
    // The job has this secret itself.
    let own = |bytes: &[u8]| contains(bytes, Issuer::JOB_SECRET);
    assert!(own(&fs::read(home.path().join("variables")).unwrap()));
    assert!(!own(&fs::read(home.path().join("lines")).unwrap()));
    for file in ["variables", "keeper"] {
        let bytes = fs::read(home.path().join(file)).unwrap();
        for secret in ["dtk_", "eyJ", spool_key.as_str()] {
            assert!(!contains(&bytes, secret), "{file}: {secret}");
        }
        fs::remove_file(home.path().join(file)).unwrap();
    }

    tracker.stop();
    let second = home.deploytrack(&[&["--verbose"][..], &record("v2", &["true"])].concat());
    assert_eq!((second.code, spooled(&home)), (0, 1), "{second:?}");
    tracker.start();
    let outputs = [
        home.deploytrack(&["doctor"]),
        home.deploytrack(&["spool", "list", "-o", "json"]),
        home.deploytrack(&["oidc", "explain", "-o", "json"]),
        home.deploytrack(&["--verbose", "matrix"]),
        first,
        second,
    ];
    let printed: String = outputs
        .iter()
        .flat_map(|run| [run.out.as_str(), run.err.as_str()])
        .collect();
    let files = content(home.path());
    for secret in ["dtk_", "eyJ", Issuer::JOB_SECRET, spool_key.as_str()] {
        assert!(!printed.contains(secret), "{secret}: {printed}");
        assert!(!contains(&files, secret), "{secret}");
    }
}
