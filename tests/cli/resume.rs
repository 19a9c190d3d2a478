//! Repeated reports: by a repeated step of a pipeline, and by a call whose answer was lost.

use serde_json::Value;

use crate::{
    given::Bench,
    wrapped::{assert_passed_through, home, listed, spooled, wrapped},
};

#[test]
fn a_step_that_is_run_again_resumes_its_deployment() {
    let mut bench = Bench::new();
    let home = home(&bench);
    let url = bench.server.url().to_owned();
    let step = |script: &str| {
        home.deploytrack(&wrapped(
            &["--idempotency-key", "run-7"],
            &["sh", "-c", script],
        ))
        .code
    };
    assert_eq!((step("exit 1"), step("exit 2"), step("exit 0")), (1, 2, 0));
    let all = listed(&bench);
    assert_eq!(
        (all.len(), &all[0]["status"], &all[0]["attempt"]),
        (1, &Value::from("succeeded"), &Value::from(3))
    );
    // A deployment that has succeeded is not resumed: a repetition is another deployment.
    assert_eq!(step("exit 4"), 4);
    let all = listed(&bench);
    assert_eq!(
        (all.len(), &all[0]["status"], &all[1]["status"]),
        (2, &Value::from("failed"), &Value::from("succeeded"))
    );
    // Another version is another deployment, too.
    let other = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v2",
        "--idempotency-key",
        "run-7",
        "--",
        "true",
    ];
    assert_passed_through(&home.deploytrack(&other), 0, "");
    assert_eq!(listed(&bench).len(), 3);

    // The same when the server was unreachable.
    bench.server.kill();
    let step = |script: &str| {
        home.deploytrack(&wrapped(
            &["--idempotency-key", "run-8", "--send-timeout", "1s"],
            &["sh", "-c", script],
        ))
        .code
    };
    assert_eq!((step("exit 1"), step("exit 0")), (1, 0));
    bench.restart(&url);
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "2 sent, 0 kept, 0 refused\n"
    );
    let all = listed(&bench);
    assert_eq!(
        (all.len(), &all[0]["status"], &all[0]["attempt"]),
        (4, &Value::from("succeeded"), &Value::from(2))
    );
}

#[test]
fn a_repeated_record_after_its_key_expired_is_recorded_once() {
    let mut bench = Bench::new();
    let (home, url) = (home(&bench), bench.server.url().to_owned());
    bench.server.kill();
    assert_passed_through(
        &home.deploytrack(&wrapped(&["--send-timeout", "1s"], &["true"])),
        0,
        "",
    );
    bench.restart(&url);
    let spool = home.path().join(".local/state/deploytrack/spool");
    let run = std::fs::read_dir(&spool)
        .unwrap()
        .map(|run| run.unwrap().path())
        .find(|run| run.is_dir())
        .unwrap();
    let kept: Vec<_> = ["0.json", "1.json"]
        .map(|file| (file, std::fs::read_to_string(run.join(file)).unwrap()))
        .into();
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    // The answers were lost, and the keys have expired since: the server must recognize the
    // requests by their content.
    let name = "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50";
    let old = spool.join(name);
    std::fs::create_dir(&old).unwrap();
    for (file, text) in kept {
        std::fs::write(
            old.join(file),
            text.replacen("\"key\": \"", "\"key\": \"another-", 1),
        )
        .unwrap();
    }
    assert_eq!(
        home.deploytrack(&["flush", name, "--trust"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!((listed(&bench).len(), spooled(&home)), (1, 0));
}
