//! Text that would like to be more than text.

use crate::*;

const MARKUP: &str = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>";

#[tokio::test]
async fn what_people_write_stays_text() {
    let (_database, server) = served().await;
    let body = json!({
        "component": "api", "environment": "production", "version": MARKUP, "deployedBy": MARKUP, "description": MARKUP,
        "status": "in_progress", "commitSha": "ed52224",
        "metadata": {"ci": {"runUrl": "javascript:document.title='taken'", "repository": "data:text/html,taken"}, "x": MARKUP},
    });
    let deployment = server.admin().record(body).await;
    let id = deployment["id"].as_str().unwrap();
    let path = format!("/api/v1/deployments/{id}");
    server.admin().patch(&path, &json!({"status": "succeeded", "reason": MARKUP})).await.expect(200);
    server.admin().record(json!({"component": "api", "environment": "production", "version": MARKUP})).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        for (page, ready) in [
            ("", ".matrix td"),
            ("changes?component=api&environment=production", ".list td"),
            ("compare?from=production&to=production", ".summary, .notice"),
            (&format!("deployments/{id}"), ".facts"),
        ] {
            browser.open(&logged_in(page)).await;
            browser.until(&format!("document.querySelector('{ready}') !== null")).await;
            if page != "compare?from=production&to=production" {
                browser.until(&format!("document.getElementById('main').textContent.includes({})", json!(MARKUP))).await;
            }
            assert_eq!(browser.value("document.querySelectorAll('main img, main script').length").await, json!(0), "{page}");
            let links = "[...document.querySelectorAll('a')].filter((link) => !['http:', 'https:'].includes(link.protocol)).length";
            assert_eq!(browser.value(links).await, json!(0), "{page}");
            assert_ne!(browser.value("document.title").await, json!("taken"), "{page}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_page_may_do_nothing_but_ask_its_server() {
    let (_database, server) = served().await;
    let answer = server.anonymous().get("/").await;
    assert_eq!(answer.status, 200);
    for (header, part) in [
        ("content-security-policy", "default-src 'none'"),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert!(answer.header(header).is_some_and(|value| value.contains(part)), "{header}");
    }
    in_browser(&server.url(), &["Content Security Policy", "TrustedHTML"], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.shows("Nothing is recorded yet").await;
        let asked = "fetch('https://example.invalid/').then(() => 'asked', (error) => error.name)";
        assert_eq!(browser.client().execute_async(&format!("{asked}.then(arguments[0])"), Vec::new()).await.unwrap(), json!("TypeError"));
        let written = "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'written'; } catch (error) { return error.name; } })()";
        assert_eq!(browser.value(written).await, json!("TypeError"));
    })
    .await;
}
