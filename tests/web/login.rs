//! The login, and how long it lasts.

use std::sync::Arc;

use chrono::TimeDelta;
use deploytrack_core::clock::{Clock as _, ManualClock, SystemClock};
use deploytrack_tests::{
    browser::{Browser, in_browser},
    caller::{Caller, SECRET, seconds, token},
    database::Database,
    server::Server,
};
use serde_json::json;

use crate::given::{cell, filled, logged_in, served};

/// The storage of the page that a script can read.
const STORED: &str = "[sessionStorage.length, localStorage.length, document.cookie]";

/// Subject and role of [`Caller::admin_token`], as the head of the page shows them.
const PERSON: &str = "ci-bot (admin)";

async fn shows_the_matrix(browser: &Browser) {
    browser
        .until(&format!("{}?.startsWith('v1.0.0')", cell("api", 3)))
        .await;
}

#[tokio::test]
async fn a_pasted_token_logs_in_every_tab_until_the_log_out() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &["401"], async |browser: &Browser| {
        browser.open("").await;
        browser
            .until("document.activeElement?.id === 'token'")
            .await;
        for (wrong, said) in [
            ("nonsense", "rejects this token"),
            ("zwei wörter", "one word of letters"),
        ] {
            browser.fill("#token", wrong).await;
            browser.press("button.primary").await;
            browser.shows(said).await;
            browser
                .value("void (document.getElementById('token').value = '')")
                .await;
        }
        browser.fill("#token", &Caller::admin_token()).await;
        browser.press("button.primary").await;
        shows_the_matrix(browser).await;
        assert_eq!(
            browser
                .value("document.getElementById('person').textContent")
                .await,
            json!(PERSON)
        );
        let address = browser.client().current_url().await.unwrap();
        assert!(!address.as_str().contains("token"));
        assert_eq!(browser.value(STORED).await, json!([0, 0, ""]));

        browser.client().refresh().await.unwrap();
        shows_the_matrix(browser).await;
        let first = browser.client().window().await.unwrap();
        let tab = browser.client().new_window(true).await.unwrap();
        browser.client().switch_to_window(tab.handle).await.unwrap();
        browser.open("#/changes?component=api").await;
        browser
            .until("document.querySelector('h1')?.textContent === 'Changes: api'")
            .await;
        browser.press("#logout").await;
        browser.shows("Logged out").await;
        browser.client().switch_to_window(first).await.unwrap();
        browser.client().refresh().await.unwrap();
        browser
            .until("document.querySelector('h1')?.textContent === 'Log in'")
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_code_in_the_address_is_removed_from_it_and_works_once() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &["401"], async |browser: &Browser| {
        let answer = server.reader().call("POST", "/api/v1/session/code").await;
        let code = answer.expect(201)["code"].as_str().unwrap().to_owned();
        let link = format!("#code={code}&to=changes%3Fcomponent%3Dapi");
        browser.open(&link).await;
        browser
            .until("document.querySelector('h1')?.textContent === 'Changes: api'")
            .await;
        assert_eq!(
            browser.value("location.hash").await,
            json!("#/changes?component=api")
        );
        let asked =
            "performance.getEntriesByType('resource').some((entry) => entry.name.includes('dtc_'))";
        assert_eq!(
            browser.value(asked).await,
            json!(false),
            "no address of a request has it"
        );
        assert_eq!(browser.value(STORED).await, json!([0, 0, ""]));
        browser.press("#logout").await;
        browser.shows("Logged out").await;
        browser.open(&link).await;
        browser.shows("the code was used").await;
        assert_eq!(
            browser
                .value("document.querySelector('h1').textContent")
                .await,
            json!("Log in")
        );
    })
    .await;
}

#[tokio::test]
async fn a_link_of_somebody_else_asks_before_it_replaces_the_session() {
    let (_database, server) = served().await;
    filled(&server).await;
    let other = token(
        &json!({"sub": "mallory", "exp": seconds() + 600, "iat": seconds()}),
        SECRET,
    );
    in_browser(&server.url(), &["409"], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        shows_the_matrix(browser).await;
        let who = "(await (await fetch('api/v1/session')).json()).subject";
        let subject = async || {
            let asked = format!("(async () => {{ document.title = {who}; }})()");
            browser.value(&asked).await;
            browser.value("document.title").await
        };
        for (button, expected) in [
            ("button:not(.primary)", "ci-bot"),
            ("button.primary", "mallory"),
        ] {
            browser.open(&format!("#token={other}&to=")).await;
            browser
                .shows("logged in as ci-bot, and the link logs in as mallory")
                .await;
            browser.press(&format!("#main {button}")).await;
            shows_the_matrix(browser).await;
            assert_eq!(subject().await, json!(expected));
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_leaves_the_page_and_comes_back_to_it() {
    let database = Database::sqlite();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let server = Server::over(database.tracker().await.with_clock(clock.clone()));
    filled(&server).await;
    in_browser(&server.url(), &["401"], async |browser: &Browser| {
        browser.open(&logged_in("changes?component=api")).await;
        browser
            .until("document.querySelector('h1')?.textContent === 'Changes: api'")
            .await;
        browser.shows("v1.1.0").await;
        // The token of `logged_in` is valid for less than a day.
        clock.advance(TimeDelta::days(1));
        browser
            .until("document.querySelector('.banner[role=alert]')?.textContent.startsWith('Your session ended at ') === true")
            .await;
        browser.shows("v1.1.0").await;
        browser.press(".banner button").await;
        let claims = json!({"sub": "reader", "exp": clock.now().timestamp() + 600});
        browser.fill("#token", &token(&claims, SECRET)).await;
        browser.press("button.primary").await;
        browser
            .until("document.querySelector('h1')?.textContent === 'Changes: api'")
            .await;
        assert_eq!(browser.value("document.querySelector('.banner')").await, json!(null));
    })
    .await;
}

#[tokio::test]
async fn a_token_in_the_address_does_not_log_in() {
    let (_database, server) = served().await;
    in_browser(&server.url(), &["401"], async |browser: &Browser| {
        browser
            .open(&format!("?#token={}&to=", Caller::admin_token()))
            .await;
        browser
            .until("document.querySelector('h1')?.textContent === 'Log in'")
            .await;
        browser.fill("#token", "half a tok").await;
        // Longer than the page waits for the first connection.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        assert_eq!(
            browser
                .value("document.getElementById('token').value")
                .await,
            json!("half a tok"),
            "what is typed stays"
        );
    })
    .await;
}
