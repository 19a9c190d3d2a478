//! A browser without a login that shows a wall.

use deploytrack_tests::{
    browser::{Browser, in_browser},
    caller::Caller,
    database::Database,
    program::{Home, Process},
    server::Server,
};
use serde_json::{Value, json};

use crate::given::{cell, filled, logged_in, record, served};

/// Creates a wall and returns its link, after the `/`.
async fn link(server: &Server) -> String {
    let body = json!({"name": "office", "view": "env=production&q=api"});
    let wall = server.admin().post("/api/v1/walls", &body).await;
    format!("#wall={}", wall.expect(201)["secret"].as_str().unwrap())
}

async fn revoke(server: &Server) {
    let answer = server.admin().call("DELETE", "/api/v1/walls/office").await;
    assert_eq!(answer.status, 204);
}

const ADDRESS: &str = "#/?kiosk=1&env=production&q=api";

async fn shows_the_wall(browser: &Browser, version: &str) {
    browser
        .until(&format!("{}?.startsWith('{version}')", cell("api", 1)))
        .await;
}

/// The status that the page gets for a path.
async fn status(browser: &Browser, path: &str) -> Value {
    let read = format!(
        "void fetch('{path}').then((answer) => {{ window.status = String(answer.status); }})"
    );
    browser.value("void (window.status = '')").await;
    browser.value(&read).await;
    browser.until("window.status !== ''").await;
    browser.value("window.status").await
}

#[tokio::test]
async fn a_link_shows_its_view_and_leads_nowhere_else() {
    let (_database, server) = served().await;
    filled(&server).await;
    let link = link(&server).await;
    in_browser(&server.url(), &["403"], async |browser: &Browser| {
        browser.open(&link).await;
        shows_the_wall(browser, "v1.0.0").await;
        assert_eq!(browser.value("location.hash").await, json!(ADDRESS));
        let rows = "document.querySelectorAll('.walls tbody tr').length";
        assert_eq!(browser.value(rows).await, json!(1), "only its view");
        record(&server, "api", "production", "v2.0.0", "succeeded").await;
        shows_the_wall(browser, "v2.0.0").await;

        let stored = "[sessionStorage.length, document.cookie, JSON.stringify({...localStorage}).includes('dtw_')]";
        assert_eq!(browser.value(stored).await, json!([0, "", false]));
        let asked = "performance.getEntriesByType('resource').some((entry) => entry.name.includes('dtw_'))";
        assert_eq!(browser.value(asked).await, json!(false));
        for (path, expected) in [
            ("api/v1/deployments/matrix", "200"),
            ("api/v1/deployments/latest", "403"),
            ("api/v1/deployments/export", "403"),
            ("api/v1/walls", "403"),
            ("api/v1/verify", "403"),
        ] {
            assert_eq!(status(browser, path).await, json!(expected), "{path}");
        }

        let press = "void document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))";
        browser.value(press).await;
        assert_eq!(browser.value("location.hash").await, json!(ADDRESS), "Esc");
        browser.value("void document.querySelector('.walls a').focus()").await;
        assert_eq!(
            browser.value("document.activeElement === document.body").await,
            json!(true),
            "no link takes the focus"
        );
        browser.value("void (location.hash = '#/changes?component=web')").await;
        browser
            .until(&format!("location.hash === '{ADDRESS}'"))
            .await;
        browser.client().refresh().await.unwrap();
        shows_the_wall(browser, "v2.0.0").await;
        assert_eq!(browser.value("document.getElementById('logout').hidden").await, json!(true));
    })
    .await;
}

#[tokio::test]
async fn a_wall_survives_a_restart_of_the_server_and_does_not_look_live_meanwhile() {
    let database = Database::sqlite();
    let first = Process::server(&Home::new(), database.url());
    let url = first.url().to_owned();
    let admin = Caller::admin(&url);
    let deploy = async |version: &str| {
        let body = json!({"component": "api", "environment": "production", "version": version, "status": "succeeded"});
        admin.record(body).await;
    };
    deploy("v1").await;
    let wall = admin
        .post("/api/v1/walls", &json!({"name": "office"}))
        .await;
    let link = format!("#wall={}", wall.expect(201)["secret"].as_str().unwrap());
    in_browser(
        &url,
        &["ERR_", "Failed to load"],
        async |browser: &Browser| {
            browser.open(&link).await;
            shows_the_wall(browser, "v1").await;
            drop(first);
            browser
                .until("document.body.classList.contains('stale')")
                .await;
            browser.shows("Not connected").await;
            let _again = Process::server_at(
                url.trim_start_matches("http://"),
                &Home::new(),
                database.url(),
            );
            deploy("v2").await;
            shows_the_wall(browser, "v2").await;
            browser
                .until("!document.body.classList.contains('stale')")
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn pages_follow_the_events_of_a_restored_backup() {
    let (database, operator) = (Database::sqlite(), Home::new());
    let first = Process::server(&operator, database.url());
    let url = first.url().to_owned();
    // A caller of its own each time: a connection to the first server would fail.
    let deploy = async |version: &str| {
        let body = json!({"component": "api", "environment": "production", "version": version, "status": "succeeded"});
        Caller::admin(&url).record(body).await;
    };
    let run = |args: &[&str]| {
        operator
            .deploytrack_server(&[args, &["--database-url", database.url()]].concat())
            .ok();
    };
    deploy("v1").await;
    let wall = Caller::admin(&url)
        .post("/api/v1/walls", &json!({"name": "office"}))
        .await;
    let link = format!("#wall={}", wall.expect(201)["secret"].as_str().unwrap());
    run(&["backup", "--to", "one.db"]);
    let allowed = &["ERR_", "Failed to load", "410"];
    in_browser(&url, allowed, async |browser: &Browser| {
        browser.open(&link).await;
        shows_the_wall(browser, "v1").await;
        deploy("v2").await;
        shows_the_wall(browser, "v2").await;
        drop(first);
        run(&["restore", "one.db"]);
        let address = url.trim_start_matches("http://");
        let _again = Process::server_at(address, &operator, database.url());
        // Its events have the numbers of those of v2.
        deploy("v3").await;
        shows_the_wall(browser, "v3").await;
        deploy("v4").await;
        shows_the_wall(browser, "v4").await;
    })
    .await;
}

#[tokio::test]
async fn a_revoked_wall_says_so_and_does_not_look_live() {
    let (_database, server) = served().await;
    filled(&server).await;
    let link = link(&server).await;
    in_browser(&server.url(), &["401"], async |browser: &Browser| {
        browser.open(&link).await;
        shows_the_wall(browser, "v1.0.0").await;
        revoke(&server).await;
        browser.shows("This wall link was revoked").await;
        assert_eq!(
            browser
                .value("document.body.classList.contains('ended')")
                .await,
            json!(true)
        );
        shows_the_wall(browser, "v1.0.0").await;
        browser.client().refresh().await.unwrap();
        browser.shows("This wall link was revoked").await;
        browser.open(&link).await;
        browser.shows("This wall link was revoked").await;
        browser.press("#main button").await;
        browser
            .until("document.querySelector('#token') !== null")
            .await;
        browser.fill("#token", &Caller::admin_token()).await;
        browser.press("button.primary").await;
        browser
            .until("document.getElementById('person').textContent === 'ci-bot (admin)'")
            .await;
    })
    .await;
}

#[tokio::test]
async fn the_link_of_a_wall_asks_before_it_replaces_a_person() {
    let (_database, server) = served().await;
    filled(&server).await;
    let link = link(&server).await;
    in_browser(&server.url(), &["409"], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.shows("v1.1.0").await;
        browser.open(&link).await;
        browser
            .shows("logged in as ci-bot, and the link logs in as wall office")
            .await;
        browser.press("#main button.primary").await;
        shows_the_wall(browser, "v1.0.0").await;
    })
    .await;
}
