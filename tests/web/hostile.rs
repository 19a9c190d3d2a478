//! Texts of users that contain markup or scripts.

use deploytrack_tests::browser::{Browser, in_browser};
use serde_json::json;

use crate::given::{logged_in, served};

const MARKUP: &str =
    "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>";

#[tokio::test]
async fn user_texts_stay_text() {
    let (_database, server) = served().await;
    let body = json!({
        "component": "api", "environment": "production", "version": MARKUP, "deployedBy": MARKUP, "description": MARKUP,
        "status": "in_progress", "commitSha": "ed52224",
        "metadata": {"ci": {"runUrl": "javascript:document.title='taken'", "repository": "data:text/html,taken"}, "x": MARKUP},
    });
    let deployment = server.admin().record(body).await;
    let id = deployment["id"].as_str().unwrap();
    let path = format!("/api/v1/deployments/{id}");
    server
        .admin()
        .patch(&path, &json!({"status": "succeeded", "reason": MARKUP}))
        .await
        .expect(200);
    server
        .admin()
        .record(json!({"component": "api", "environment": "production", "version": MARKUP}))
        .await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        for (page, ready) in [
            ("", ".matrix td"),
            ("changes?component=api&environment=production", ".list td"),
            ("compare?from=production&to=production", ".legend, .notice"),
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

/// Names with a meaning in a browser or in JavaScript.
const NAMES: [&str; 14] = [
    "__proto__",
    "constructor",
    "toString",
    "10",
    "2",
    "<script>document.title='taken'</script>",
    "\"><img src=x onerror=\"document.title='taken'\">",
    "review/a+b",
    "a&b=c#d?e",
    "100%",
    "a,b",
    "本番環境",
    "תפעול",
    "👩\u{200d}💻 dev",
];

#[tokio::test]
async fn every_page_accepts_every_valid_name() {
    let (_database, server) = served().await;
    let admin = server.admin();
    for (number, name) in NAMES.iter().enumerate() {
        let body = json!({"component": name, "environment": name, "version": format!("v-{number}"), "status": "succeeded"});
        admin
            .post("/api/v1/deployments?register=true", &body)
            .await
            .expect(201);
    }
    admin.record(json!({"component": "plain", "environment": "2", "version": "v-plain", "status": "succeeded"})).await;
    let encoded =
        |name: &str| url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until("document.querySelector('.matrix thead .tot')?.textContent === '15'").await;
        let headings = browser.value("[...document.querySelectorAll('.matrix thead .label')].slice(1).map((cell) => cell.textContent)").await;
        let known = admin.get("/api/v1/environments?take=100").await.expect(200);
        let names: Vec<_> = known["data"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        assert_eq!(headings, json!(names), "the order of the environments");
        // The row of `plain` contains only `2`: inherited properties of objects are not taken for
        // cells.
        let filled = "[...document.querySelectorAll('.matrix tbody tr')].find((row) => row.children[0].textContent === 'plain').querySelectorAll('.version').length";
        assert_eq!(browser.value(filled).await, json!(1));
        let filled = "document.querySelectorAll('.matrix tbody .current .version').length";
        assert_eq!(browser.value(filled).await, json!(15));
        for (number, name) in NAMES.iter().enumerate() {
            let cell = format!("changes?component={0}&environment={0}", encoded(name));
            browser.open(&logged_in(&cell)).await;
            browser.until(&format!("document.querySelector('.lead')?.textContent.startsWith('Current: v-{number}')")).await;
            browser.until(&format!("document.querySelector('h1').textContent === {}", json!(format!("{name} in {name}")))).await;
            browser.open(&logged_in(&format!("?env={}", encoded(name)))).await;
            browser.until(&format!("[...document.querySelectorAll('.matrix thead .label')].map((cell) => cell.textContent).join('|') === {}", json!(format!("Component|{name}")))).await;
            let other = NAMES[(number + 1) % NAMES.len()];
            browser.open(&logged_in(&format!("compare?from={}&to={}", encoded(name), encoded(other)))).await;
            browser.until(&format!("document.querySelector('.list thead')?.textContent.includes({})", json!(name))).await;
            assert_ne!(browser.value("document.title").await, json!("taken"), "{name}");
        }
        browser.open(&logged_in("changes?component=PLAIN&environment=2")).await;
        browser.until("document.querySelector('.lead')?.textContent.startsWith('Current: v-plain')").await;
    })
    .await;
}

#[tokio::test]
async fn the_page_may_only_connect_to_its_server() {
    let (_database, server) = served().await;
    let answer = server.anonymous().get("/").await;
    assert_eq!(answer.status, 200);
    for (header, part) in [
        ("content-security-policy", "default-src 'none'"),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert!(
            answer
                .header(header)
                .is_some_and(|value| value.contains(part)),
            "{header}"
        );
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
