//! `deploytrack version`: of the client, and of the server when it is reachable.

use deploytrack_tests::program::Home;
use serde_json::Value;

use crate::given::Bench;

const OWN: &str = env!("CARGO_PKG_VERSION");

#[test]
fn both_versions_are_printed_without_a_token() {
    let bench = Bench::new();
    let home = Home::new().with("DEPLOYTRACK_URL", bench.server.url());
    let expected = format!("client  {OWN}\nserver  {OWN} ({})\n", bench.server.url());
    assert_eq!(home.deploytrack(&["version"]).done(), expected);
    let json: Value =
        serde_json::from_str(home.deploytrack(&["version", "-o", "json"]).done()).unwrap();
    assert_eq!(
        (&json["client"], &json["server"], &json["reason"]),
        (&OWN.into(), &OWN.into(), &Value::Null)
    );
    assert_eq!(
        home.deploytrack(&["--version"]).done(),
        format!("deploytrack {OWN}\n")
    );
}

#[test]
fn without_a_server_its_line_prints_the_reason() {
    for (home, why) in [
        (
            Home::new().with("DEPLOYTRACK_URL", "http://127.0.0.1:1"),
            "cannot reach",
        ),
        (Home::new().with("DEPLOYTRACK_URL", "nonsense"), "address"),
        (
            Home::new().with("DEPLOYTRACK_PROFILE", "none-such"),
            "none-such",
        ),
    ] {
        let run = home.deploytrack(&["version"]);
        assert!(
            run.done()
                .starts_with(&format!("client  {OWN}\nserver  unknown: "))
                && run.out.contains(why),
            "{run:?}"
        );
        let json: Value =
            serde_json::from_str(home.deploytrack(&["version", "-o", "json"]).done()).unwrap();
        assert!(
            json["server"].is_null() && json["reason"].as_str().unwrap().contains(why),
            "{json}"
        );
    }
}
