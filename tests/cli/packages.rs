//! The workflow of a release.

use serde_json::Value;

use crate::pages::page;

#[test]
fn the_workflow_builds_the_targets_of_the_page_with_the_scripts_of_the_project() {
    let workflow: Value = serde_saphyr::from_str(&page(".github/workflows/release.yml")).unwrap();
    let jobs = &workflow["jobs"];
    let install = page("docs/install.md");
    let targets = jobs["package"]["strategy"]["matrix"]["include"].as_array();
    for target in targets.unwrap() {
        let target = target["target"].as_str().unwrap();
        assert!(install.contains(&format!("`{target}`")), "{target}");
    }
    let steps = ["package", "publish"].map(|job| jobs[job]["steps"].as_array().unwrap());
    let scripts: Vec<_> = steps
        .into_iter()
        .flatten()
        .filter_map(|step| step["run"].as_str()?.split(' ').next())
        .filter(|program| program.starts_with("scripts/"))
        .collect();
    assert!(scripts.contains(&"scripts/package") && scripts.contains(&"scripts/release"));
    for script in scripts {
        assert!(
            page(script).starts_with("#!/usr/bin/env bash\n"),
            "{script}"
        );
    }
}
