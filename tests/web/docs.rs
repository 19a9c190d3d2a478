//! Swagger UI.

use deploytrack_tests::{
    browser::{Browser, in_browser},
    caller::Caller,
};

use crate::given::{filled, served};

#[tokio::test]
async fn a_token_authorizes_and_an_operation_can_be_tried_out() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open("api-docs").await;
        browser.until("location.pathname === '/api/docs/'").await;
        browser.until("document.querySelector('.opblock') !== null").await;
        browser.press(".btn.authorize").await;
        browser.until("document.querySelector('.auth-container input') !== null").await;
        browser.fill(".auth-container input", &Caller::admin_token()).await;
        browser.press(".auth-btn-wrapper .authorize").await;
        browser.until("document.querySelector('.auth-container')?.innerText.includes('Authorized')").await;
        browser.press(".auth-btn-wrapper .btn-done").await;
        let operation = "#operations-deployments-showMatrix";
        browser.press(&format!("{operation} .opblock-summary-control")).await;
        browser.until(&format!("document.querySelector('{operation} .try-out__btn') !== null")).await;
        browser.press(&format!("{operation} .try-out__btn")).await;
        browser.until(&format!("document.querySelector('{operation} .execute') !== null")).await;
        browser.press(&format!("{operation} .execute")).await;
        browser
            .until(&format!(
                "document.querySelector('{operation} .live-responses-table tbody .response-col_status')?.innerText.startsWith('200')"
            ))
            .await;
        browser.until(&format!("document.querySelector('{operation} .live-responses-table').innerText.includes('v1.1.0')")).await;
    })
    .await;
}
