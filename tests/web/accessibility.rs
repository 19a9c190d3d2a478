//! Accessibility: for people who use a screen reader, enlarge the page, or have no mouse.

use deploytrack_tests::browser::{Browser, axe, in_browser};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::given::{filled, logged_in, record, served};

/// The violations of WCAG 2.2 (levels A and AA) and of best practices that axe-core finds.
async fn violations(browser: &Browser) -> Value {
    browser.client().execute(&axe(), Vec::new()).await.unwrap();
    let run = "axe.run().then((found) => arguments[0](found.violations.map((one) => \
               `${one.id}: ${one.nodes.map((node) => node.html + ' ' + node.failureSummary).join(' | ')}`)))";
    browser
        .client()
        .execute_async(run, Vec::new())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_page_is_accessible_in_light_and_dark_and_on_a_phone() {
    let (_database, server) = served().await;
    filled(&server).await;
    let deployment = record(&server, "api", "staging", "v2", "failed").await;
    let one = format!("deployments/{}", deployment["id"].as_str().unwrap());
    in_browser(&server.url(), &["Content Security Policy"], async |browser: &Browser| {
        for (width, height) in [(1280, 900), (390, 844)] {
            browser.client().set_window_size(width, height).await.unwrap();
            browser.open("").await;
            browser.until("document.querySelector('h1') !== null").await;
            assert_eq!(violations(browser).await, json!([]), "login at {width}");
            for page in [
                "",
                "?at=2026-01-01T00:00:00Z",
                "?since=yesterday",
                "?f=attention&group=owner",
                "?kiosk=1",
                "changes",
                "changes?component=api&environment=staging",
                "compare?from=development&to=staging",
                "components/web",
                "environments/staging",
                &one,
            ] {
                browser.open(&logged_in(page)).await;
                browser.until("document.querySelector('main table, main .notice, main .card') !== null").await;
                browser.value("void document.querySelectorAll('details').forEach((details) => { details.open = true; })").await;
                if page.is_empty() {
                    for popover in ["moments", "more", "keys"] {
                        browser.value(&format!("void document.getElementById('{popover}').showPopover()")).await;
                        assert_eq!(violations(browser).await, json!([]), "{popover} at {width}");
                        browser.value(&format!("void document.getElementById('{popover}').hidePopover()")).await;
                    }
                }
                assert_eq!(violations(browser).await, json!([]), "{page} at {width}");
                let overflow =
                    "document.documentElement.scrollWidth <= innerWidth && document.getElementById('main').scrollWidth <= innerWidth";
                assert_eq!(browser.value(overflow).await, json!(true), "{page} at {width} is too wide");
                browser.value("void sessionStorage.clear()").await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn everything_is_reached_by_keyboard() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until("document.querySelectorAll('.matrix td').length === 6").await;
        let press = async |key: &str| browser.client().active_element().await.unwrap().send_keys(key).await.unwrap();
        let place = "document.activeElement.id || document.activeElement.className || document.activeElement.tagName";
        let mut passed = Vec::new();
        while passed.last() != Some(&"name".to_owned()) && passed.len() < 40 {
            press(&Key::Tab.to_string()).await;
            passed.push(browser.value(place).await.as_str().unwrap().to_owned());
        }
        for place in ["skip", "find", "logout", "tile", "chip", "scroller", "name"] {
            assert!(passed.iter().any(|passed| passed.contains(place)), "{place} is not in {passed:?}");
        }
        // The table is one stop. Its attempts are reached by the arrows.
        press(&Key::Down.to_string()).await;
        for _ in 0..3 {
            press(&Key::Right.to_string()).await;
        }
        let at = "document.activeElement.textContent";
        browser.until(&format!("{at} === 'failed v8'")).await;
        browser.until("document.querySelector('.peek')?.textContent.includes('failed: v8')").await;
        press(&Key::Escape.to_string()).await;
        browser.until("document.querySelector('.peek') === null").await;
        let outlined = "getComputedStyle(document.activeElement).outlineStyle";
        assert_eq!(browser.value(outlined).await, json!("solid"), "where one is can be seen");
        browser.client().active_element().await.unwrap().send_keys(&Key::Enter.to_string()).await.unwrap();
        browser.until("location.hash.startsWith('#/deployments/')").await;
    })
    .await;
}
