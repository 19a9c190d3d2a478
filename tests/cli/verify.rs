//! deploytrack verify and deploytrack-server verify

use deploytrack_tests::{
    caller::SECRET,
    program::{Home, Run},
    snapshot,
};

use crate::given::Bench;

/// Changes the database by SQL, past the server.
fn tamper(bench: &Bench, sql: &str) {
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(bench.database.execute(sql))
        .unwrap();
}

fn on_the_server(bench: &Bench, args: &[&str]) -> Run {
    let home = Home::new().with("DEPLOYTRACK_DATABASE_URL", bench.database.url());
    home.deploytrack_server(&[&["verify"], args].concat())
}

#[test]
fn a_server_that_agrees_with_its_history_is_0() {
    let bench = Bench::filled();
    let said = "4 deployments, 11 history rows, 4 cells: all agree\n";
    let run = bench.home.deploytrack(&["verify"]);
    assert_eq!((run.done(), run.err.as_str()), (said, ""));
    let found: serde_json::Value =
        serde_json::from_str(bench.home.deploytrack(&["verify", "-o", "json"]).done()).unwrap();
    assert_eq!(
        (&found["ok"], &found["deployments"]),
        (&true.into(), &4.into())
    );
    let run = on_the_server(&bench, &[]);
    assert_eq!(
        (run.done(), run.err.as_str()),
        (said, ""),
        "beside the server that runs"
    );
    assert_eq!(
        on_the_server(&bench, &["--repair"]).done(),
        said,
        "there is nothing to repair"
    );
}

#[test]
fn a_difference_is_6_and_repaired_on_the_server() {
    let bench = Bench::filled();
    tamper(
        &bench,
        "update current_cells set version = 'v9' where version = 'v1'",
    );
    snapshot!(
        "cli_verify_difference",
        bench.home.deploytrack(&["verify"]).whole()
    );
    for form in ["json", "csv", "markdown"] {
        let run = bench.home.deploytrack(&["verify", "-o", form]);
        assert_eq!(run.code, 6, "{form}: {run:?}");
        assert!(
            run.out.contains("but the history has v1"),
            "{form}: {run:?}"
        );
    }
    snapshot!(
        "server_verify_difference",
        on_the_server(&bench, &[]).whole()
    );
    snapshot!(
        "server_verify_repair",
        on_the_server(&bench, &["--repair"]).whole()
    );
    assert_eq!(bench.home.deploytrack(&["verify"]).code, 0);
    assert!(bench.home.deploytrack(&["matrix"]).done().contains("v1"));
}

#[test]
fn a_broken_history_stays_6_and_is_not_repaired() {
    let bench = Bench::filled();
    tamper(
        &bench,
        "drop trigger history_keep_update; update history set reason = 'forged' where sequence = 2",
    );
    for args in [&[][..], &["--repair"]] {
        let run = on_the_server(&bench, args);
        assert_eq!(run.code, 6, "{run:?}");
        assert!(
            run.out.contains("history row 2") && run.err.contains("backup"),
            "{run:?}"
        );
    }
    let run = bench.home.deploytrack(&["verify"]);
    assert_eq!(run.code, 6, "{run:?}");
    assert!(
        run.err.contains("backup") && !run.err.contains("--repair"),
        "{run:?}"
    );
}

#[test]
fn a_damaged_page_is_named_and_the_rest_is_compared() {
    let mut bench = Bench::filled();
    let root = "select cast(rootpage as text) from sqlite_schema where name = 'history'";
    let page: u64 = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(bench.database.text(root))
        .parse()
        .unwrap();
    let url = bench.server.url().to_owned();
    bench.server.kill();
    assert_eq!(
        on_the_server(&bench, &[]).code,
        0,
        "it moves everything into the file"
    );
    let file = std::fs::File::options()
        .write(true)
        .open(bench.database.file())
        .unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xA5; 4096], (page - 1) * 4096).unwrap();
    bench.restart(&url);
    for run in [
        bench.home.deploytrack(&["verify"]),
        on_the_server(&bench, &[]),
        on_the_server(&bench, &["--repair"]),
    ] {
        assert_eq!(run.code, 6, "{run:?}");
        assert!(
            run.out.contains("history") && run.out.contains("could not be read"),
            "{run:?}"
        );
        assert!(
            run.out.contains(&format!("page {page}")) && run.out.starts_with("4 deployments"),
            "{run:?}"
        );
        assert!(
            run.err.contains("cannot be read") && run.err.contains("backup"),
            "{run:?}"
        );
    }
    let found: serde_json::Value =
        serde_json::from_str(&bench.home.deploytrack(&["verify", "-o", "json"]).out).unwrap();
    assert_eq!(
        (&found["ok"], &found["empty"]),
        (&false.into(), &false.into())
    );
    let matrix = bench.home.deploytrack(&["matrix"]);
    assert!(
        matrix.code == 0
            && matrix
                .err
                .contains("the gaps between environments are not known"),
        "what is whole can be read: {matrix:?}"
    );
}

#[test]
fn a_reader_may_not_verify_and_a_database_that_cannot_be_opened_is_1() {
    let bench = Bench::filled();
    let home = Home::new().with("DEPLOYTRACK_JWT_SECRET", SECRET);
    let token = home
        .deploytrack_server(&["token", "--subject", "reader"])
        .done()
        .trim()
        .to_owned();
    let reader = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", token);
    assert_eq!(reader.deploytrack(&["verify"]).code, 4);
    let nowhere = Home::new()
        .with(
            "DEPLOYTRACK_DATABASE_URL",
            "sqlite:/no/such/folder/deploytrack.db",
        )
        .deploytrack_server(&["verify"]);
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
}
