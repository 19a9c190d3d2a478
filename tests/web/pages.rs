//! The other pages: changes, deployments, comparison.

use deploytrack_tests::browser::{Browser, in_browser};
use serde_json::json;

use crate::given::{filled, logged_in, record, served};

#[tokio::test]
async fn a_cell_opens_its_history_and_a_deployment_its_attempts() {
    let (_database, server) = served().await;
    let ci = json!({"ci": {"runUrl": "https://ci.example/runs/7", "repository": "https://forge.example/api.git"}});
    let body = json!({"component": "api", "environment": "production", "version": "v2", "commitSha": "ed52224333bd", "metadata": ci});
    let deployment = server.admin().record(body).await;
    let path = format!("/api/v1/deployments/{}", deployment["id"].as_str().unwrap());
    for change in [
        json!({"status": "failed", "reason": "exit code 3"}),
        json!({"status": "pending"}),
        json!({"status": "in_progress"}),
        json!({"status": "succeeded"}),
    ] {
        server.admin().patch(&path, &change).await.expect(200);
    }
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until("document.querySelector('.matrix td a.current .version')?.textContent === 'v2'").await;
        browser.press(".matrix td a.current").await;
        browser.until("document.querySelector('h1')?.textContent.startsWith('api v2')").await;
        browser.value("void (location.hash = '#/changes?component=api&environment=production')").await;
        browser.until("document.querySelector('h1')?.textContent === 'api in production'").await;
        browser.shows("Current: v2").await;
        let links = "[...document.querySelectorAll('.list td.commit a, .list td.note a')].map((link) => `${link.href} ${link.rel}`)";
        let away = "noopener noreferrer";
        assert_eq!(
            browser.value(links).await,
            json!([format!("https://forge.example/api/commit/ed52224333bd {away}"), format!("https://ci.example/runs/7 {away}")])
        );
        browser.press(".list .now").await;
        browser.until("document.querySelector('h1')?.textContent.startsWith('api v2')").await;
        let attempts = "[...document.querySelectorAll('table')[0].tBodies[0].rows].map((row) => row.cells[0].textContent + ' ' + row.cells[4].textContent + ' ' + row.cells[5].textContent)";
        assert_eq!(browser.value(attempts).await, json!(["2 succeeded –", "1 failed exit code 3"]));
        assert_eq!(browser.value("document.querySelectorAll('table')[1].tBodies[0].rows.length").await, json!(5));
        assert_eq!(browser.value("document.activeElement.tagName").await, json!("H1"), "a new page is read from its heading");
        browser.client().back().await.unwrap();
        browser.until("document.querySelector('h1')?.textContent === 'api in production'").await;
    })
    .await;
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page_and_grows_at_its_head() {
    let (_database, server) = served().await;
    for number in 1..=30 {
        record(
            &server,
            "api",
            "production",
            &format!("v{number}"),
            "succeeded",
        )
        .await;
    }
    let versions =
        "[...document.querySelectorAll('.list .now')].map((version) => version.textContent)";
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser
            .open(&logged_in("changes?environment=production"))
            .await;
        browser
            .until(&format!(
                "{versions}.length === 25 && {versions}[0] === 'v30'"
            ))
            .await;
        record(&server, "api", "production", "v31", "succeeded").await;
        browser.until(&format!("{versions}[0] === 'v31'")).await;
        browser.press(".pages a").await;
        browser
            .until(&format!(
                "{versions}.length === 6 && {versions}.at(-1) === 'v1'"
            ))
            .await;
        browser.press(".pages a").await;
        browser.until(&format!("{versions}.length >= 24")).await;
    })
    .await;
}

#[tokio::test]
async fn changes_go_by_when_they_happened() {
    let (_database, server) = served().await;
    record(&server, "api", "production", "v3", "succeeded").await;
    for (version, at) in [
        ("v2", "2017-01-01T00:00:00Z"),
        ("v1", "2016-01-01T00:00:00Z"),
    ] {
        let line = json!({"component": "api", "environment": "production", "version": version, "status": "failed", "occurredAt": at});
        server.admin().import(line.to_string()).await.expect(200);
    }
    let versions =
        "[...document.querySelectorAll('.list .now')].map((version) => version.textContent).join()";
    let order = "document.querySelector('option[value=created]').parentElement";
    let choose = |value: &str| {
        format!(
            "(() => {{ const one = {order}; one.value = '{value}'; one.dispatchEvent(new Event('change')); }})()"
        )
    };
    let since = "document.querySelector('input[type=datetime-local]')";
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("changes")).await;
        browser.until(&format!("{versions} === 'v3,v2,v1'")).await;
        assert_eq!(
            browser.value("[...document.querySelectorAll('.list .day')].slice(1).map((day) => /201[67]/.exec(day.textContent)?.[0]).join()").await,
            json!("2017,2016"),
            "the day of what happened"
        );
        let late = json!({"component": "api", "environment": "production", "version": "v1.5", "status": "succeeded", "occurredAt": "2016-06-01T00:00:00Z"});
        server.admin().record(late).await;
        browser.until(&format!("{versions} === 'v3,v2,v1.5,v1'")).await;
        browser.value(&choose("created")).await;
        browser.until(&format!("{versions} === 'v1.5,v1,v2,v3'")).await;
        browser.value(&choose("occurred")).await;
        browser.until(&format!("{versions} === 'v3,v2,v1.5,v1' && !location.hash.includes('order')")).await;
        browser.value(&format!("(() => {{ const one = {since}; one.value = '2016-12-01T00:00:00'; one.dispatchEvent(new Event('change')); }})()")).await;
        browser.until(&format!("{versions} === 'v3,v2' && {since}.value.startsWith('2016-12-01')")).await;
        browser.value("void (location.hash = '#/')").await;
        browser.until("document.querySelector('.matrix td a.current .version')?.textContent === 'v3' && !document.querySelector('.matrix .unsettled')").await;
    })
    .await;
}

#[tokio::test]
async fn quick_filters_are_in_the_address_and_need_no_name() {
    let (_database, server) = served().await;
    filled(&server).await;
    record(&server, "api", "staging", "v9", "pending").await;
    let shown = "[...document.querySelectorAll('.list .now')].map((version) => `${version.closest('tr').querySelector('.environment').textContent} ${version.textContent}`).sort().join()";
    let chip = |name: &str| {
        format!(
            "[...document.querySelectorAll('.chip')].find((chip) => chip.textContent === '{name}')"
        )
    };
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("changes")).await;
        browser.until("document.querySelectorAll('.list .now').length === 10").await;
        browser.value(&format!("void {}.click()", chip("In flight"))).await;
        browser.until(&format!("{shown} === 'production v8,staging v9'")).await;
        browser.value(&format!("void {}.click()", chip("Production only"))).await;
        browser.until(&format!("{shown} === 'production v8'")).await;
        assert_eq!(
            browser.value("location.hash").await,
            json!("#/changes?status=in_flight&type=production")
        );
        assert_eq!(
            browser.value(&format!("{}.ariaPressed", chip("Production only"))).await,
            json!("true")
        );
        browser.value(&format!("void {}.click()", chip("All"))).await;
        browser.until("document.querySelectorAll('.list .now').length === 10 && location.hash === '#/changes'").await;
    })
    .await;
}

#[tokio::test]
async fn two_environments_are_compared() {
    let (_database, server) = served().await;
    filled(&server).await;
    record(&server, "new", "staging", "v1", "succeeded").await;
    let rows = "[...document.querySelectorAll('.list tbody')].flatMap((group) => [...group.rows].slice(1).map((row) => `${row.cells[0].textContent}: ${group.rows[0].cells[0].firstChild.textContent}`)).join()";
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser
            .open(&logged_in("compare?from=development&to=production"))
            .await;
        browser
            .until(&format!("{rows} === 'api: production is behind'"))
            .await;
        let gap = "document.querySelector('.list .gapmark').title";
        assert_eq!(
            browser.value(gap).await,
            json!("1 version behind development")
        );
        browser.press("button[aria-label=Swap]").await;
        browser
            .until(&format!("{rows} === 'api: development is ahead'"))
            .await;
        browser
            .value("void (location.hash = '#/compare?from=staging&to=production&same=1')")
            .await;
        browser
            .until(&format!(
                "{rows} === 'new: only in staging,api: the same,web: the same'"
            ))
            .await;
        record(&server, "new", "production", "v1", "succeeded").await;
        browser
            .until(&format!("{rows}.includes('new: the same')"))
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_missing_deployment_is_reported() {
    let (_database, server) = served().await;
    in_browser(&server.url(), &["404", "400"], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.shows("Nothing is recorded yet").await;
        for (page, said) in [
            (
                "deployments/00000000-0000-4000-8000-000000000000",
                "there is no deployment",
            ),
            ("deployments/x", "must be a UUID"),
            (
                "changes?component=%E2%80%AEx",
                "must have no invisible characters",
            ),
            ("changes?colour=red", "is not a known parameter"),
            ("elsewhere", "There is no such page"),
            ("?owner=%01", "must have no control characters"),
        ] {
            browser
                .value(&format!("void (location.hash = '#/{page}')"))
                .await;
            browser
                .until(&format!(
                    "document.body.innerText.toLowerCase().includes({})",
                    json!(said.to_lowercase())
                ))
                .await;
        }
    })
    .await;
}

#[tokio::test]
async fn returning_to_the_matrix_restores_the_scroll_position() {
    let (_database, server) = served().await;
    let time = "2026-01-01T00:00:00Z";
    let deployed = |number| {
        let component = format!("c-{number:03}");
        json!({"component": component, "environment": "production", "version": "v1", "status": "succeeded", "occurredAt": time}).to_string()
    };
    let lines = (0..200).map(deployed).collect::<Vec<_>>().join("\n");
    server.admin().import(lines).await.expect(200);
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until("document.querySelectorAll('.matrix tbody tr').length === 200").await;
        let link = "[...document.querySelectorAll('.matrix tbody tr')].find((row) => row.children[0].textContent === 'c-150').querySelector('a.current')";
        browser.value(&format!("void {link}.scrollIntoView()")).await;
        browser.value(&format!("void {link}.click()")).await;
        browser.until("document.querySelector('h1')?.textContent.startsWith('c-150 v1')").await;
        browser.client().back().await.unwrap();
        browser.until("document.querySelectorAll('.matrix tbody tr').length === 200").await;
        browser.until(&format!("document.activeElement === {link}")).await;
        let place =
            "(() => { const { top, bottom } = document.activeElement.getBoundingClientRect(); return top > 0 && bottom < innerHeight; })()";
        browser.until(place).await;
    })
    .await;
}
