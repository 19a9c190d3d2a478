//! `deploytrack audit`: who changed what apart from deployments.

use crate::given::Bench;

#[test]
fn the_audit_shows_who_changed_which_field() {
    let bench = Bench::filled();
    let run = |args: &[&str]| bench.home.deploytrack(args);
    run(&["component", "update", "api", "--owner", "team-core"]).ok();
    run(&["wall", "create", "office", "--view", "env=production"]).ok();
    let all = run(&["audit", "--columns", "by,event,subject,details"]);
    let lines: Vec<_> = all.done().lines().map(str::trim_end).collect();
    let rows: Vec<_> = lines[2..4]
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        rows,
        [
            "ci-bot wall.created wall office view: env=production",
            "ci-bot component.updated component api owner: - → team-core",
        ]
    );
    let one = run(&["audit", "--type", "wall.created", "-o", "csv"]);
    assert_eq!(one.done().lines().count(), 2, "{one:?}");
    let none = run(&["audit", "--by", "ada"]);
    assert!(none.err.contains("no change matches"), "{none:?}");
    let wrong = run(&["audit", "--type", "deployment.created"]);
    assert!(wrong.code == 2 || wrong.code == 1, "{wrong:?}");
    assert!(wrong.err.contains("is about a deployment"), "{wrong:?}");
}
