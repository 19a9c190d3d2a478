//! Legs of one job: each has its own deployment, and only a step that is repeated in its own leg
//! resumes it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    process::Child,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    program::Home,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    ci::{GITHUB, GITLAB, home},
    given::Bench,
    wrapped::{listed, spooled},
};

/// For each provider, the variables that all legs of a job share, and the additional variables of
/// each leg.
type Job = (
    &'static [(&'static str, &'static str)],
    [&'static [(&'static str, &'static str)]; 2],
);

const JOBS: [Job; 16] = [
    (&GITHUB, [&[("RUNNER_NAME", "a")], &[("RUNNER_NAME", "b")]]),
    (
        &[
            ("GITEA_ACTIONS", "true"),
            ("GITHUB_RUN_ID", "1"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_JOB", "deploy"),
        ],
        [&[], &[]],
    ),
    (
        &[("GITLAB_CI", "true"), ("CI_PIPELINE_ID", "7")],
        [&[("CI_JOB_ID", "70")], &[("CI_JOB_ID", "71")]],
    ),
    (
        &[
            ("JENKINS_URL", "https://ci/"),
            ("BUILD_NUMBER", "9"),
            ("JOB_NAME", "api"),
            ("BUILD_URL", "https://ci/9"),
        ],
        [&[], &[]],
    ),
    (
        &[
            ("CIRCLECI", "true"),
            ("CIRCLE_WORKFLOW_ID", "w"),
            ("CIRCLE_BUILD_NUM", "5"),
            ("CIRCLE_JOB", "deploy"),
        ],
        [&[("CIRCLE_NODE_INDEX", "0")], &[("CIRCLE_NODE_INDEX", "1")]],
    ),
    (
        &[("BUILDKITE", "true"), ("BUILDKITE_BUILD_ID", "b")],
        [&[("BUILDKITE_JOB_ID", "j")], &[("BUILDKITE_JOB_ID", "k")]],
    ),
    (
        &[
            ("TF_BUILD", "True"),
            ("BUILD_BUILDID", "11"),
            ("SYSTEM_JOBATTEMPT", "1"),
        ],
        [&[("SYSTEM_JOBID", "a")], &[("SYSTEM_JOBID", "b")]],
    ),
    (
        &[("BITBUCKET_BUILD_NUMBER", "3")],
        [
            &[("BITBUCKET_STEP_UUID", "{a}")],
            &[("BITBUCKET_STEP_UUID", "{b}")],
        ],
    ),
    (
        &[("TRAVIS", "true"), ("TRAVIS_BUILD_ID", "1")],
        [&[("TRAVIS_JOB_ID", "2")], &[("TRAVIS_JOB_ID", "3")]],
    ),
    (
        &[("TEAMCITY_VERSION", "2025.11"), ("BUILD_NUMBER", "1")],
        [&[], &[]],
    ),
    (
        &[("APPVEYOR", "True"), ("APPVEYOR_BUILD_ID", "1")],
        [&[("APPVEYOR_JOB_ID", "x")], &[("APPVEYOR_JOB_ID", "y")]],
    ),
    (
        &[
            ("DRONE", "true"),
            ("DRONE_BUILD_NUMBER", "1"),
            ("DRONE_STAGE_NUMBER", "1"),
        ],
        [&[("DRONE_STEP_NUMBER", "2")], &[("DRONE_STEP_NUMBER", "3")]],
    ),
    (
        &[
            ("CI", "woodpecker"),
            ("CI_PIPELINE_NUMBER", "1"),
            ("CI_WORKFLOW_NAME", "deploy"),
            ("CI_STEP_NAME", "deploy"),
        ],
        [
            &[("CI_WORKFLOW_NUMBER", "1")],
            &[("CI_WORKFLOW_NUMBER", "2")],
        ],
    ),
    (
        &[("SEMAPHORE", "true"), ("SEMAPHORE_WORKFLOW_ID", "w")],
        [&[("SEMAPHORE_JOB_ID", "j")], &[("SEMAPHORE_JOB_ID", "k")]],
    ),
    (
        &[
            ("CODEBUILD_BUILD_ARN", "arn"),
            ("CODEBUILD_BATCH_BUILD_IDENTIFIER", "d"),
        ],
        [
            &[("CODEBUILD_BUILD_ID", "p:1")],
            &[("CODEBUILD_BUILD_ID", "p:2")],
        ],
    ),
    (
        &[("BUILDER_OUTPUT", "/builder/outputs"), ("BUILD_ID", "b1")],
        [&[], &[]],
    ),
];

const STEP: [&str; 9] = [
    "record",
    "-c",
    "api",
    "-e",
    "production",
    "--version",
    "v1",
    "--",
    "./deploy.sh",
];

/// A home with a command that waits for the file `go` and ends with the exit code in the file
/// `code`.
fn leg(bench: &Bench, variables: &[(&str, &str)]) -> Home {
    let home = home(bench.server.url(), variables);
    let script = home.path().join("deploy.sh");
    fs::write(
        &script,
        "#!/bin/sh\nwhile ! [ -e go ]; do sleep 0.05; done\nexit \"$(cat code)\"\n",
    )
    .unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    will_end(&home, "0");
    home
}

fn will_end(home: &Home, code: &str) {
    fs::write(home.path().join("code"), code).unwrap();
}

fn may_end(home: &Home) {
    fs::write(home.path().join("go"), "").unwrap();
}

fn begin(home: &Home) -> Child {
    home.command("deploytrack", &STEP).spawn().unwrap()
}

/// Status and attempt of all deployments, the newest first.
fn all(bench: &Bench) -> Vec<(Value, Value)> {
    listed(bench)
        .into_iter()
        .map(|one| (one["status"].clone(), one["attempt"].clone()))
        .collect()
}

fn deployment(status: &str, attempt: u32) -> (Value, Value) {
    (json!(status), json!(attempt))
}

fn wait_for(bench: &Bench, statuses: &[&str]) {
    for _ in 0..200 {
        let mut found: Vec<_> = listed(bench)
            .iter()
            .map(|one| one["status"].as_str().unwrap().to_owned())
            .collect();
        found.sort_unstable();
        if found == statuses {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{:?} are not {statuses:?}", all(bench));
}

#[test]
fn every_leg_has_its_own_deployment_one_after_the_other() {
    for (shared, legs) in JOBS {
        let bench = Bench::new();
        let [first, second] = legs.map(|variables| leg(&bench, &[shared, variables].concat()));
        may_end(&first);
        may_end(&second);
        will_end(&first, "3");
        assert_eq!(
            (
                first.deploytrack(&STEP).code,
                second.deploytrack(&STEP).code
            ),
            (3, 0),
            "{shared:?}"
        );
        assert_eq!(
            all(&bench),
            [deployment("succeeded", 1), deployment("failed", 1)],
            "{shared:?}"
        );
    }
}

#[test]
fn a_step_that_is_repeated_in_its_leg_resumes_its_deployment() {
    for (shared, legs) in JOBS
        .into_iter()
        .filter(|(_, legs)| !legs[0].is_empty() && legs[0][0].0 != "RUNNER_NAME")
    {
        let bench = Bench::new();
        let home = leg(&bench, &[shared, legs[0]].concat());
        may_end(&home);
        let step = |code: &str| {
            will_end(&home, code);
            assert_eq!(home.deploytrack(&STEP).code.to_string(), code);
        };
        step("1");
        step("0");
        assert_eq!(all(&bench), [deployment("succeeded", 2)], "{shared:?}");
        // A deployment that has succeeded is not resumed.
        let before = listed(&bench);
        step("4");
        assert_eq!(
            all(&bench),
            [deployment("failed", 1), deployment("succeeded", 2)],
            "{shared:?}"
        );
        assert_eq!(listed(&bench)[1], before[0]);
    }
}

#[test]
fn a_job_that_runs_again_records_another_deployment() {
    let bench = Bench::new();
    let mut home = leg(&bench, &GITLAB);
    may_end(&home);
    will_end(&home, "1");
    assert_eq!(home.deploytrack(&STEP).code, 1);
    home.set("CI_JOB_ID", "71");
    assert_eq!(home.deploytrack(&STEP).code, 1);
    assert_eq!(
        all(&bench),
        [deployment("failed", 1), deployment("failed", 1)]
    );
}

#[test]
fn the_rounds_of_a_loop_are_deployments_of_their_own() {
    let bench = Bench::new();
    let mut home = leg(&bench, &GITLAB);
    may_end(&home);
    will_end(&home, "1");
    // The legs differ in the arguments, in the environment or in the folder.
    for region in ["eu", "us"] {
        assert_eq!(home.deploytrack(&[&STEP[..], &[region]].concat()).code, 1);
        home.set("REGION", region);
        assert_eq!(home.deploytrack(&STEP).code, 1);
    }
    fs::create_dir(home.path().join("web")).unwrap();
    for file in ["deploy.sh", "code", "go"] {
        fs::copy(home.path().join(file), home.path().join("web").join(file)).unwrap();
    }
    assert!(
        !home
            .command("deploytrack", &STEP)
            .current_dir(home.path().join("web"))
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(all(&bench), vec![deployment("failed", 1); 5]);
    // Without a command, a loop cannot be distinguished from a repetition.
    for status in ["pending", "in_progress", "failed", "succeeded"] {
        let ids = [(); 3].map(|()| {
            home.deploytrack(&[&STEP[..7], &["--status", status]].concat())
                .done()
                .to_owned()
        });
        assert!(
            ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2],
            "{ids:?}"
        );
    }
    assert_eq!(listed(&bench).len(), 17);
}

#[test]
fn concurrent_runs_reported_afterwards_are_not_repetitions() {
    let mut bench = Bench::new();
    let url = bench.server.url().to_owned();
    let home = leg(&bench, &[]);
    bench.server.kill();
    let keyed = [
        &STEP[..7],
        &["--idempotency-key", "deploy", "--send-timeout", "200ms"],
        &STEP[7..],
    ]
    .concat();
    will_end(&home, "1");
    let running: Vec<_> = [(); 2]
        .map(|()| home.command("deploytrack", &keyed).spawn().unwrap())
        .into();
    thread::sleep(Duration::from_secs(2));
    may_end(&home);
    for mut leg in running {
        assert_eq!(leg.wait().unwrap().code(), Some(1));
    }
    // This one started after both had failed.
    will_end(&home, "0");
    assert_eq!(home.deploytrack(&keyed).code, 0);
    assert_eq!(spooled(&home), 3);
    bench.restart(&url);
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "3 sent, 0 kept, 0 refused\n"
    );
    let mut all = all(&bench);
    all.sort_unstable_by_key(|(_, attempt)| attempt.as_u64());
    assert_eq!(all, [deployment("failed", 1), deployment("succeeded", 2)]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_leg_of_a_github_matrix_has_its_own_deployment_side_by_side(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let bench = Bench::on(database);
    let legs = [(); 3].map(|()| leg(&bench, &GITHUB));
    will_end(&legs[1], "1");
    let running: Vec<_> = legs.iter().map(begin).collect();
    wait_for(&bench, &["in_progress", "in_progress", "in_progress"]);
    legs.iter().for_each(may_end);
    let codes: Vec<_> = running
        .into_iter()
        .map(|mut leg| leg.wait().unwrap().code().unwrap())
        .collect();
    assert_eq!(codes, [0, 1, 0]);
    wait_for(&bench, &["failed", "succeeded", "succeeded"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn entries_in_progress_in_another_process_are_left_alone(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let bench = Bench::on(database);
    let legs = [(); 3].map(|()| leg(&bench, &GITLAB));
    let keyed = [
        &STEP[..7],
        &["--idempotency-key", "deploy", "--meta"],
        &["leg=1"],
        &STEP[7..],
    ]
    .concat();
    will_end(&legs[0], "1");
    let mut first = legs[0].command("deploytrack", &keyed).spawn().unwrap();
    wait_for(&bench, &["in_progress"]);
    let before = listed(&bench)[0].clone();
    may_end(&legs[1]);
    let other: Vec<_> = keyed
        .iter()
        .map(|word| if *word == "leg=1" { "leg=2" } else { word })
        .collect();
    assert_eq!(legs[1].deploytrack(&other).code, 0);
    let now = listed(&bench);
    assert_eq!((now.len(), &now[1]), (2, &before), "it is not even touched");
    may_end(&legs[0]);
    assert_eq!(first.wait().unwrap().code(), Some(1));
    // The deployment has failed: its repetition resumes it, with new metadata.
    may_end(&legs[2]);
    assert_eq!(legs[2].deploytrack(&other).code, 0);
    let all = listed(&bench);
    assert_eq!(
        (all.len(), &all[1]["id"], &all[1]["attempt"]),
        (2, &before["id"], &json!(2))
    );
    assert_eq!(
        (&all[1]["metadata"]["leg"], &all[1]["status"]),
        (&json!("2"), &json!("succeeded"))
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_concurrent_repetitions_one_resumes(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let bench = Bench::on(database);
    let legs = [(); 4].map(|()| leg(&bench, &[]));
    let keyed = [&STEP[..7], &["--idempotency-key", "deploy"], &STEP[7..]].concat();
    may_end(&legs[0]);
    will_end(&legs[0], "1");
    assert_eq!(legs[0].deploytrack(&keyed).code, 1);
    let running: Vec<_> = legs[1..]
        .iter()
        .map(|leg| leg.command("deploytrack", &keyed).spawn().unwrap())
        .collect();
    wait_for(&bench, &["in_progress", "in_progress", "in_progress"]);
    legs.iter().for_each(may_end);
    for mut leg in running {
        assert!(leg.wait().unwrap().success());
    }
    let mut attempts: Vec<_> = all(&bench)
        .into_iter()
        .map(|(_, attempt)| attempt.as_u64().unwrap())
        .collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 1, 2]);
}

#[test]
fn a_choice_is_not_made_again_when_an_answer_is_lost() {
    // The answer to the first request of this method after the start is lost, and every one after
    // it.
    for (lost, first_ends, expected) in [
        ("PATCH", true, [deployment("succeeded", 2)].to_vec()),
        (
            "POST",
            false,
            [deployment("failed", 1), deployment("succeeded", 1)].to_vec(),
        ),
    ] {
        let bench = Bench::new();
        let mut legs = [(); 2].map(|()| leg(&bench, &[]));
        let keyed = [&STEP[..7], &["--idempotency-key", "deploy"], &STEP[7..]].concat();
        will_end(&legs[0], "1");
        let mut first = legs[0].command("deploytrack", &keyed).spawn().unwrap();
        wait_for(&bench, &["in_progress"]);
        if first_ends {
            may_end(&legs[0]);
            first.wait().unwrap();
        }
        let url = cutting_proxy(bench.server.url(), lost);
        legs[1].set("DEPLOYTRACK_URL", url);
        may_end(&legs[1]);
        assert_eq!(legs[1].deploytrack(&keyed).code, 0);
        assert_eq!(spooled(&legs[1]), 1, "{lost}");
        may_end(&legs[0]);
        first.wait().unwrap();
        // An entry of the spool has the address of the server that the call used.
        let runs = fs::read_dir(legs[1].path().join(".local/state/deploytrack/spool")).unwrap();
        let run = runs
            .map(|run| run.unwrap().path())
            .find(|run| run.is_dir())
            .unwrap();
        for file in ["0.json", "1.json"].map(|file| run.join(file)) {
            let text = fs::read_to_string(&file).unwrap();
            let event = text.split_once('\n').unwrap().1;
            let server = serde_json::from_str::<Value>(event).unwrap()["server"]
                .as_str()
                .unwrap()
                .to_owned();
            fs::write(&file, text.replace(&server, bench.server.url())).unwrap();
        }
        legs[1].set("DEPLOYTRACK_URL", bench.server.url());
        let name = run.file_name().unwrap().to_str().unwrap();
        assert_eq!(
            legs[1].deploytrack(&["flush", name, "--trust"]).done(),
            "1 sent, 0 kept, 0 refused\n"
        );
        let mut all = all(&bench);
        all.sort_unstable_by_key(|(status, _)| status.to_string());
        assert_eq!(all, expected, "{lost}");
    }
}

/// The address of a proxy that forwards requests. From the second request of this method on, or the
/// first PATCH, it closes the connection when the answer begins.
fn cutting_proxy(server: &str, method: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = server.strip_prefix("http://").unwrap().to_owned();
    let (seen, cuts) = (
        Arc::new(AtomicBool::new(method == "PATCH")),
        Arc::new(AtomicBool::new(false)),
    );
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let (mut requests, mut onward) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            let (seen, cuts, cut) = (seen.clone(), cuts.clone(), cuts.clone());
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = requests.read(&mut bytes) {
                    if bytes.starts_with(method.as_bytes()) && seen.swap(true, Ordering::SeqCst) {
                        cuts.store(true, Ordering::SeqCst);
                    }
                    onward.write_all(&bytes[..length]).unwrap();
                }
            });
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = server.read(&mut bytes) {
                    if cut.load(Ordering::SeqCst) {
                        let _ = client.shutdown(Shutdown::Both);
                        return;
                    }
                    client.write_all(&bytes[..length]).unwrap();
                }
            });
        }
    });
    url
}
