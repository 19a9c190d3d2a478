//! `deploytrack retention`: the preview, and the removal.

use std::sync::Arc;

use chrono::TimeDelta;
use deploytrack_core::{
    clock::{Clock as _, ManualClock, SystemClock},
    deployment::NewDeployment,
    status::Status,
};
use deploytrack_tests::database::Database;
use serde_json::Value;

use crate::given::Bench;

/// A bench whose server has five versions of two years ago in one cell, and a new one.
fn aged() -> Bench {
    let database = Database::sqlite();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(ManualClock::at(SystemClock.now() - TimeDelta::days(800)));
        let tracker = database.tracker().await.with_clock(clock.clone());
        let by = "ci-bot".parse().unwrap();
        for number in 1..=5 {
            clock.advance(TimeDelta::days(1));
            let version = format!("v{number}");
            let new = NewDeployment {
                status: Status::Succeeded,
                ..NewDeployment::named("api", "production", &version).unwrap()
            };
            tracker.record(new, &by).await.unwrap();
        }
        tracker.close().await;
    });
    let bench = Bench::on(database);
    bench.record("api", "production", "v6", "succeeded");
    bench
}

#[test]
fn a_removal_shows_its_preview_and_asks_for_yes() {
    let bench = aged();
    let run = |args: &[&str]| bench.home.deploytrack(&[&["retention"], args].concat());
    let preview = run(&["preview", "--older-than", "2y", "--keep-last", "1"]);
    assert!(preview.done().contains("api"), "{preview:?}");
    assert!(
        preview
            .err
            .contains("4 deployments in 1 cells can be removed, all from before 20")
            && preview.err.contains("; 2 are retained"),
        "{preview:?}"
    );
    let args = ["remove", "--older-than", "2y", "--keep-last", "1"];
    let unsure = run(&args);
    assert_eq!(
        (unsure.code, unsure.out.as_str()),
        (2, preview.out.as_str()),
        "{unsure:?}"
    );
    assert!(
        unsure.err.contains("nothing was removed")
            && unsure
                .err
                .contains("repeat the command with --yes to remove 4 deployments"),
        "{unsure:?}"
    );
    let sure = run(&[&args[..], &["--yes"]].concat());
    assert_eq!(sure.done(), "");
    assert_eq!(sure.err, "removed 4 deployments with 12 history rows\n");
    let again = run(&[&args[..], &["--yes"]].concat());
    assert_eq!(again.done(), "");
    assert!(
        again.err.starts_with("no deployment from before 20"),
        "{again:?}"
    );
    let verified = bench.home.deploytrack(&["verify"]);
    assert_eq!(
        verified.done(),
        "2 deployments, 6 history rows, 4 removed deployments, 1 cells: all agree\n"
    );
}

#[test]
fn answers_have_every_form_and_refusals_name_the_flag() {
    let bench = aged();
    let run = |args: &[&str]| bench.home.deploytrack(&[&["retention"], args].concat());
    let args = ["--older-than", "400d", "--keep-last", "1", "-o", "json"];
    let preview = run(&[&["preview"], &args[..]].concat());
    let preview: Value = serde_json::from_str(preview.done()).unwrap();
    assert_eq!(
        (&preview["deployments"], &preview["cellCount"]),
        (&4.into(), &1.into())
    );
    let removed = run(&[&["remove"], &args[..], &["--yes"]].concat());
    let removed: Value = serde_json::from_str(removed.done()).unwrap();
    assert_eq!(
        (&removed["deployments"], &removed["lastRemoval"]),
        (&4.into(), &1.into())
    );
    let young = run(&["preview", "--older-than", "30d"]);
    assert_eq!(young.code, 2);
    assert!(
        young.err.contains("--older-than") && young.err.contains("must be at least 90d"),
        "{young:?}"
    );
    for wrong in [
        &["preview"][..],
        &["preview", "--older-than", "2"],
        &["preview", "--older-than", "2y", "--keep-last", "0"],
    ] {
        assert_eq!(run(wrong).code, 2, "{wrong:?}");
    }
    // A page of the past, and the id of a removed deployment.
    let matrix = ["matrix", "--at", "797 days ago", "-o", "json"];
    let matrix: Value = serde_json::from_str(bench.home.deploytrack(&matrix).done()).unwrap();
    let cell = &matrix[0]["environments"]["production"];
    let id = cell["deploymentId"].as_str().unwrap();
    let shown = bench.home.deploytrack(&["show", id]);
    assert_eq!(shown.code, 1, "{shown:?}");
    assert!(
        shown.err.contains("was removed by retention at 20"),
        "{shown:?}"
    );
}
