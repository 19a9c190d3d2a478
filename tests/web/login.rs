//! The login, and where the token is stored.

use deploytrack_tests::{
    browser::{Browser, in_browser},
    caller::Caller,
};
use serde_json::json;

use crate::given::{cell, filled, logged_in, served};

#[tokio::test]
async fn a_pasted_token_opens_the_matrix_and_stays_in_the_tab() {
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
        browser
            .until(&format!(
                "{} === 'v1.0.0\\n0s' || {}?.startsWith('v1.0.0')",
                cell("api", 3),
                cell("api", 3)
            ))
            .await;
        assert_eq!(
            browser
                .value("[sessionStorage.length, localStorage.length, document.cookie]")
                .await,
            json!([1, 0, ""])
        );
        assert!(
            !browser
                .client()
                .current_url()
                .await
                .unwrap()
                .as_str()
                .contains("token")
        );

        browser.client().refresh().await.unwrap();
        browser
            .until(&format!("{}?.startsWith('v1.0.0')", cell("api", 3)))
            .await;
        browser.press("#logout").await;
        browser.shows("Logged out").await;
        assert_eq!(browser.value("sessionStorage.length").await, json!(0));
    })
    .await;
}

#[tokio::test]
async fn a_token_in_the_address_is_removed_from_it() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("changes?component=api")).await;
        browser
            .until("document.querySelector('h1')?.textContent === 'Changes: api'")
            .await;
        assert_eq!(
            browser.value("location.hash").await,
            json!("#/changes?component=api")
        );
        let asked =
            "performance.getEntriesByType('resource').some((entry) => entry.name.includes('eyJ'))";
        assert_eq!(
            browser.value(asked).await,
            json!(false),
            "no request has it"
        );
    })
    .await;
}

#[tokio::test]
async fn a_token_that_ends_leads_back_to_the_login() {
    let (_database, server) = served().await;
    in_browser(&server.url(), &["401"], async |browser: &Browser| {
        let claims =
            json!({"sub": "reader", "exp": deploytrack_tests::caller::seconds() - 61, "iat": 0});
        let expired = deploytrack_tests::caller::token(&claims, deploytrack_tests::caller::SECRET);
        browser.open(&format!("#token={expired}&to=")).await;
        browser
            .until("document.querySelector('h1')?.textContent === 'Log in'")
            .await;
        browser
            .until("document.getElementById('token-error').textContent.length > 0")
            .await;
        assert_eq!(browser.value("sessionStorage.length").await, json!(0));
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
        assert_ne!(
            browser
                .value("document.getElementById('token-error').textContent")
                .await,
            json!(""),
            "and the reason"
        );
    })
    .await;
}
