//! `deploytrack open`.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio, time::Duration};

use deploytrack_tests::{
    browser::{Browser, in_browser},
    caller::Caller,
    database::Database,
    program::{Home, Process},
};
use serde_json::json;

/// Installs a fake browser that writes down its command line.
const BROWSER: &str = "#!/bin/sh\nprintf '%s' \"$*\" > \"$(dirname \"$0\")/asked.part\"\nmv \"$(dirname \"$0\")/asked.part\" \"$(dirname \"$0\")/asked\"\n";

#[tokio::test]
async fn open_leads_the_browser_to_a_page_that_is_logged_in() {
    let database = Database::sqlite();
    let operator = Home::new();
    let server = Process::server(&operator, database.url());
    let body = json!({"component": "api", "environment": "production", "version": "v1", "status": "succeeded"});
    Caller::admin(server.url()).record(body).await;
    let token = Caller::admin_token();
    let home = Home::new()
        .with("DEPLOYTRACK_URL", server.url())
        .with("DEPLOYTRACK_TOKEN", token.as_str())
        .with("PATH", "/usr/bin:/bin");
    let script = home.path().join("browser");
    fs::write(&script, BROWSER).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let home = home.with("BROWSER", script.to_str().unwrap());

    let args = ["open", "--component", "api", "--environment", "production"];
    in_browser(server.url(), &[], async |browser: &Browser| {
        let mut child = home
            .command("deploytrack", &args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let asked = home.path().join("asked");
        for _ in 0..600 {
            if asked.exists() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let asked = fs::read_to_string(asked).expect("a browser is opened");
        assert!(
            asked.starts_with("file:///") && !asked.contains(&token),
            "no command line has the token: {asked}"
        );
        // A copy, since the file is there for ten seconds only.
        let copy = home.path().join("copy.html");
        fs::copy(asked.trim_start_matches("file://"), &copy).unwrap();
        let copy = format!("file://{}", copy.display());
        browser.client().goto(&copy).await.unwrap();
        browser
            .until("document.querySelector('h1')?.textContent === 'api in production'")
            .await;
        browser.shows("Current: v1").await;
        let _ = std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(child.wait().unwrap().success());
        assert!(
            !fs::exists(asked.trim_start_matches("file://")).unwrap(),
            "the file is gone"
        );
    })
    .await;
}

#[tokio::test]
async fn open_reports_why_it_cannot_open_the_page() {
    let database = Database::sqlite();
    let server = Process::server(&Home::new(), database.url());
    let home = || Home::new().with("DEPLOYTRACK_URL", server.url());
    let run = home().deploytrack(&["open"]);
    assert_eq!(run.code, 4);
    assert!(
        run.err.contains("no token") && run.err.contains("deploytrack login"),
        "{}",
        run.err
    );
    let run = home()
        .with("DEPLOYTRACK_TOKEN", "nonsense")
        .deploytrack(&["open", "--print"]);
    assert_eq!((run.code, run.out.as_str()), (4, ""));
    let token = Caller::admin_token();
    let home = || home().with("DEPLOYTRACK_TOKEN", token.as_str());
    let run = home().deploytrack(&["open", "--print", "--environment", "eu/west"]);
    assert!(
        run.code == 1 && run.err.contains("there is no environment eu/west"),
        "{run:?}"
    );
    home()
        .deploytrack(&["environment", "create", "eu/west"])
        .ok();
    let run = home().deploytrack(&["open", "--print", "--environment", "eu/west"]);
    let address = run.done();
    let start = format!("{}/#code=dtc_", server.url());
    assert!(address.starts_with(&start), "{address}");
    assert!(address.ends_with("&to=changes%3Fenvironment%3Deu%252Fwest\n"));
    assert!(!address.contains(&token));
    let run = Home::new()
        .with("DEPLOYTRACK_URL", "http://127.0.0.1:1")
        .with("DEPLOYTRACK_TOKEN", token)
        .deploytrack(&["open"]);
    assert_eq!(run.code, 3, "{}", run.err);
}
