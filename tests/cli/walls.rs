//! `deploytrack wall`: links that show the matrix on a wall.

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Run},
};
use serde_json::Value;

use crate::given::Bench;

fn wall(bench: &Bench, args: &[&str]) -> Run {
    bench.home.deploytrack(&[&["wall"], args].concat())
}

fn json(run: &Run) -> Value {
    serde_json::from_str(run.done()).unwrap()
}

#[test]
fn a_wall_is_created_listed_and_revoked() {
    let bench = Bench::filled();
    let created = wall(&bench, &["create", "office", "--view", "?env=production"]);
    let link = created.done().trim().to_owned();
    let start = format!("{}/#wall=dtw_", bench.server.url());
    assert!(
        link.starts_with(&start) && link.len() == start.len() + 43,
        "{created:?}"
    );
    assert!(
        created.err.contains("this link is not shown again"),
        "{created:?}"
    );
    assert!(!created.err.contains("dtw_"), "{created:?}");

    let listed = wall(&bench, &["list"]);
    assert!(
        listed.done().contains("office") && listed.out.contains("env=production"),
        "{listed:?}"
    );
    let page = json(&wall(&bench, &["list", "-o", "json"]));
    let one = &page["data"][0];
    assert_eq!(
        (
            &one["name"],
            &one["view"],
            &one["createdBy"],
            &one["lastSeenAt"]
        ),
        (
            &"office".into(),
            &"env=production".into(),
            &"ci-bot".into(),
            &Value::Null
        )
    );
    let secret = link.split_once("dtw_").unwrap().1;
    assert!(!page.to_string().contains(secret));

    let revoked = wall(&bench, &["revoke", "Office"]);
    assert_eq!(revoked.done(), "");
    assert!(
        revoked.err.contains("revoked the wall office"),
        "{revoked:?}"
    );
    assert_eq!(json(&wall(&bench, &["list", "-o", "json"]))["total"], 0);
    let by_id = json(&wall(&bench, &["create", "lobby", "-o", "json"]));
    assert!(by_id["link"].as_str().unwrap().starts_with(&start));
    assert_eq!(by_id["secret"], Value::Null);
    let revoked = wall(&bench, &["revoke", by_id["id"].as_str().unwrap()]);
    assert_eq!(revoked.code, 0, "{revoked:?}");
}

#[test]
fn errors_of_walls_name_the_way_out() {
    let bench = Bench::new();
    assert_eq!(wall(&bench, &["create", "office 1"]).code, 0);
    let taken = wall(&bench, &["create", "OFFICE 1"]);
    assert_eq!(taken.code, 1);
    assert!(
        taken.err.contains("the wall OFFICE 1 exists already")
            && taken
                .err
                .contains("`deploytrack wall revoke 'OFFICE 1'` revokes it"),
        "{taken:?}"
    );
    let unknown = wall(&bench, &["revoke", "lobby"]);
    assert_eq!(unknown.code, 1);
    assert!(
        unknown.err.contains("there is no wall lobby")
            && unknown.err.contains("`deploytrack wall list`"),
        "{unknown:?}"
    );
    let long = wall(&bench, &["create", "a", "--view", &"x".repeat(1025)]);
    assert_eq!(long.code, 2);
    assert!(long.err.contains("--view"), "{long:?}");
    let reader = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::reader_token());
    for args in [&["create", "a"][..], &["list"], &["revoke", "a"]] {
        let refused = reader.deploytrack(&[&["wall"], args].concat());
        assert_eq!(refused.code, 4, "{refused:?}");
    }
}
