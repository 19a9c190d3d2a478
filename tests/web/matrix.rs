//! The page of the matrix.

use deploytrack_core::tracker::Tracker;
use deploytrack_tests::{
    browser::{Browser, in_browser},
    caller::Caller,
    database::Database,
    server::Server,
};
use serde_json::json;

use crate::given::{cell, filled, logged_in, record, served};

#[tokio::test]
async fn the_matrix_shows_current_deployments_with_unsettled_ones_beside_them() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        let figures = "[...document.querySelectorAll('.tile .n')].map((one) => one.textContent).join()";
        browser.until(&format!("{figures} === '1,1,0,0,7'")).await;
        let headings =
            "[...document.querySelectorAll('.matrix thead .label')].map((cell) => cell.textContent)";
        assert_eq!(
            browser.value(headings).await,
            json!(["Component", "development", "staging", "production"])
        );
        let text = async |component, column| {
            browser
                .value(&cell(component, column))
                .await
                .as_str()
                .unwrap()
                .replace('\n', " ")
        };
        let behind = text("api", 2).await;
        assert!(
            behind.starts_with("v1.0.0") && behind.contains("1 version behind development"),
            "{behind}"
        );
        for column in [1, 3] {
            assert!(!text("api", column).await.contains("behind"), "{column}");
        }
        let failed = text("web", 2).await;
        assert!(
            failed.starts_with("v7") && failed.contains("failed v8"),
            "{failed}"
        );
        let in_flight = text("web", 3).await;
        assert!(
            in_flight.starts_with("v7") && in_flight.contains("in progress v8"),
            "{in_flight}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_deployment_that_is_recorded_elsewhere_appears() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until("document.getElementById('connection').textContent === 'Live'").await;
        browser.until(&format!("{}?.startsWith('v7')", cell("web", 1))).await;
        browser.value("void document.querySelector('.matrix tbody tr a').focus()").await;
        record(&server, "web", "development", "v9", "succeeded").await;
        browser.until(&format!("{}?.startsWith('v9')", cell("web", 1))).await;
        browser.until("document.getElementById('news').textContent === 'web v9 in development: succeeded'").await;
        record(&server, "brand-new", "qa", "v1", "succeeded").await;
        browser.until(&format!("{}?.startsWith('v1')", cell("brand-new", 2))).await;
        assert_eq!(browser.value("document.activeElement.textContent").await, json!("api"), "the focus stays where it was");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_was_unreachable_gets_the_queued_events() {
    let database = Database::sqlite();
    let home = deploytrack_tests::program::Home::new();
    let mut server = deploytrack_tests::program::Process::server(&home, database.url());
    let admin = Caller::admin(server.url());
    let body = |version| json!({"component": "api", "environment": "production", "version": version, "status": "succeeded"});
    admin.record(body("v1")).await;
    let home_page = server.url().to_owned();
    in_browser(&home_page, &["ERR_", "503"], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until(&format!("{}?.startsWith('v1')", cell("api", 1))).await;
        browser.until("document.getElementById('connection').textContent === 'Live'").await;
        let address = server.url().trim_start_matches("http://").to_owned();
        server.kill();
        browser.until("document.getElementById('connection').textContent.startsWith('Not connected: as of ')").await;
        assert!(browser.value(&cell("api", 1)).await.as_str().unwrap().starts_with("v1"), "what was known stays");
        let tracker: Tracker = database.tracker().await;
        let again = Server::over(tracker.clone());
        again.admin().record(body("v2")).await;
        let _server = deploytrack_tests::program::Process::server_at(&address, &home, database.url());
        browser.until(&format!("{}?.startsWith('v2')", cell("api", 1))).await;
        browser.until("document.getElementById('connection').textContent === 'Live'").await;
    })
    .await;
}

#[tokio::test]
async fn more_tabs_than_a_browser_has_connections_are_all_up_to_date() {
    let (_database, server) = served().await;
    record(&server, "api", "production", "v1", "succeeded").await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        let first = browser.client().window().await.unwrap();
        browser.open(&logged_in("")).await;
        for _ in 0..6 {
            let tab = browser.client().new_window(true).await.unwrap();
            browser.client().switch_to_window(tab.handle).await.unwrap();
            browser.open(&logged_in("")).await;
            browser
                .until(&format!("{}?.startsWith('v1')", cell("api", 1)))
                .await;
        }
        record(&server, "api", "production", "v2", "succeeded").await;
        browser
            .until(&format!("{}?.startsWith('v2')", cell("api", 1)))
            .await;
        browser.client().switch_to_window(first).await.unwrap();
        browser
            .until(&format!("{}?.startsWith('v2')", cell("api", 1)))
            .await;
    })
    .await;
}

#[tokio::test]
async fn filters_and_order_are_in_the_address() {
    let (_database, server) = served().await;
    filled(&server).await;
    let components =
        "[...document.querySelectorAll('.matrix tbody th')].map((cell) => cell.textContent).join()";
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until(&format!("{components} === 'api,web'")).await;
        browser.fill("#find", "we").await;
        browser.until(&format!("{components} === 'web'")).await;
        browser.until("location.hash === '#/?q=we'").await;
        for (query, shown) in [
            ("f=differs", "api"),
            ("f=unsettled", "web"),
            ("drift=1", "api"),
            ("unsettled=1", "web"),
            ("sort=drift", "api,web"),
            ("sort=latest", "web,api"),
            ("q=v1.1", "api"),
            ("owner=nobody", ""),
        ] {
            if query != "sort=latest" {
                browser
                    .value(&format!("void (location.hash = '#/?{query}')"))
                    .await;
                browser.until(&format!("{components} === '{shown}'")).await;
            }
        }
        browser
            .value("void (location.hash = '#/?env=staging&env=production')")
            .await;
        browser
            .until("document.querySelectorAll('.matrix thead th').length === 3")
            .await;
        // The gap of staging is against development, whether that column is shown or not.
        let differing = "[...document.querySelectorAll('.chip')].some((chip) => chip.textContent === 'Differs1')";
        browser.until(differing).await;
        browser.value("void (location.hash = '#/?colour=red&f=odd&at=soon&sort=x&env=elsewhere')").await;
        for named in ["“colour”", "f=odd", "at=soon", "sort=x", "“elsewhere”"] {
            browser.shows(named).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_past_is_shown_by_a_moment_and_now_leads_back() {
    let (_database, server) = served().await;
    for (version, time) in [
        ("v1", "2026-01-01T12:00:00Z"),
        ("v2", "2026-03-01T12:00:00Z"),
    ] {
        let body = json!({"component": "api", "environment": "production", "version": version, "status": "succeeded", "occurredAt": time});
        server.admin().record(body).await;
    }
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("?at=2026-02-01T00:00:00Z")).await;
        browser
            .until(&format!("{}?.startsWith('v1')", cell("api", 1)))
            .await;
        browser.shows("As of").await;
        browser.press("#moment").await;
        let set = "void (document.querySelector('#moments input').value = '2026-04-01T00:00:00')";
        browser.value(set).await;
        browser.press("#moments .custom button").await;
        browser
            .until(&format!("{}?.startsWith('v2')", cell("api", 1)))
            .await;
        browser
            .until("location.hash.startsWith('#/?at=2026-0')")
            .await;
        record(&server, "api", "production", "v3", "succeeded").await;
        tokio::time::sleep(std::time::Duration::from_millis(800)).await;
        assert!(
            !browser
                .value(&cell("api", 1))
                .await
                .as_str()
                .unwrap()
                .starts_with("v3"),
            "the past does not change"
        );
        browser.press(".banner button").await;
        browser
            .until(&format!("{}?.startsWith('v3')", cell("api", 1)))
            .await;
        browser.until("location.hash === '#/'").await;
    })
    .await;
}

#[tokio::test]
async fn thousands_of_environments_leave_the_page_usable() {
    let (_database, server) = served().await;
    let line = |component: &str, environment: &str, version: &str| {
        json!({"component": component, "environment": environment, "version": version, "status": "succeeded", "occurredAt": "2026-06-01T12:00:00Z"}).to_string()
    };
    let many = 3000;
    let lines: Vec<_> = (0..many)
        .map(|n| {
            line(
                ["api", "web"][n % 2],
                &format!("review/{n:04}"),
                &format!("r{n}"),
            )
        })
        .collect();
    for lines in lines.chunks(1000) {
        server.admin().import(lines.join("\n")).await.expect(200);
    }
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.shows("2963 environments not shown").await;
        let columns = "[...document.querySelectorAll('.matrix thead .label')].slice(1).map((cell) => cell.textContent)";
        let shown = browser.value(columns).await;
        assert_eq!((shown.as_array().unwrap().len(), &shown[0], &shown[2]), (40, &json!("development"), &json!("production")));
        let find = |text: &str| {
            format!(
                "void [...document.querySelectorAll('.filters input[type=search]')].filter((input) => input.parentElement.textContent === 'Environment').forEach((input) => {{ input.value = '{text}'; input.dispatchEvent(new Event('input')); }})"
            )
        };
        browser.value(&find("REVIEW/271")).await;
        browser.until(&format!("{columns}.length === 10")).await;
        assert!(browser.value(&cell("api", 1)).await.as_str().unwrap().starts_with("r2710"));
        assert!(browser.value("location.href").await.as_str().unwrap().contains("envq=REVIEW%2F271"), "the filter is in the address");
        browser.open("#?env=review/2999").await;
        browser.until(&format!("JSON.stringify({columns}) === '[\"review/2999\"]'")).await;
        let archive = json!({"name": "review/*"});
        for _ in 0..3 {
            server.admin().post("/api/v1/environments/archive", &archive).await.expect(200);
        }
        browser.open("#?").await;
        browser.until(&format!("{columns}.length === 3")).await;
        browser.until("!document.body.textContent.includes('not shown')").await;
        record(&server, "api", "review/0007", "again", "succeeded").await;
        browser.until(&format!("{columns}.includes('review/0007')")).await;
    })
    .await;
}

#[tokio::test]
async fn a_matrix_with_only_archived_components_says_so() {
    let (_database, server) = served().await;
    record(&server, "api", "production", "v1", "succeeded").await;
    server
        .admin()
        .post("/api/v1/components/archive", &json!({"name": "*"}))
        .await
        .expect(200);
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.shows("All components are archived").await;
        record(&server, "api", "production", "v2", "succeeded").await;
        browser
            .until(&format!("{}?.startsWith('v2')", cell("api", 1)))
            .await;
    })
    .await;
}

#[tokio::test]
async fn an_older_answer_never_replaces_a_newer_one() {
    let (_database, server) = served().await;
    filled(&server).await;
    for name in ["api", "web"] {
        server
            .admin()
            .patch(
                &format!("/api/v1/components/{}", component(&server, name).await),
                &json!({"owner": name}),
            )
            .await
            .expect(200);
    }
    let slow = "(() => { const real = window.fetch; window.fetch = (url, options) => String(url).includes('matrix') && String(url).includes('owner=api') \
                ? new Promise((done) => setTimeout(done, 700)).then(() => real(url, options)) : real(url, options); })()";
    let components = "[...document.querySelectorAll('.matrix tbody tr .name > :first-child')].map((one) => one.textContent).join()";
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until(&format!("{components} === 'api,web'")).await;
        browser.value(&format!("void {slow}")).await;
        browser.value("void (window.seen = [], new MutationObserver(() => window.seen.push([...document.querySelectorAll('.matrix tbody tr .name > :first-child')].map((one) => one.textContent).join())).observe(document.querySelector('.matrix tbody'), { childList: true }))").await;
        for owner in ["api", "web"] {
            let set = format!("(() => {{ const field = [...document.querySelectorAll('#more input[type=search]')][0]; field.value = '{owner}'; field.dispatchEvent(new Event('input')); }})()");
            browser.value(&format!("void {set}")).await;
            browser.until(&format!("location.hash === '#/?owner={owner}'")).await;
        }
        browser.until(&format!("{components} === 'web'")).await;
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        assert_eq!(browser.value(components).await, json!("web"));
        assert_eq!(browser.value("window.seen.includes('api')").await, json!(false), "the first answer is not drawn");
    })
    .await;
}

async fn component(server: &Server, name: &str) -> String {
    let found = server
        .admin()
        .get(&format!("/api/v1/components?name={name}"))
        .await;
    found.json()["data"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn changes_since_a_moment_show_the_former_version() {
    let (_database, server) = served().await;
    for (component, version, time) in [
        ("api", "v1", "2026-01-01T12:00:00Z"),
        ("api", "v2", "2026-03-01T12:00:00Z"),
        ("web", "v7", "2026-01-01T12:00:00Z"),
    ] {
        let body = json!({"component": component, "environment": "production", "version": version, "status": "succeeded", "occurredAt": time});
        server.admin().record(body).await;
    }
    let rows = "document.querySelectorAll('.matrix tbody tr').length";
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser
            .open(&logged_in("?since=2026-02-01T00:00:00Z"))
            .await;
        browser.shows("1 change in 1 component").await;
        browser.shows("1 component did not change").await;
        assert_eq!(
            browser
                .value("document.querySelector('.matrix td.changed .old').textContent")
                .await,
            json!("v1")
        );
        assert_eq!(
            browser
                .value("document.querySelector('.matrix td.changed .new').textContent")
                .await,
            json!("v2")
        );
        assert_eq!(browser.value(rows).await, json!(1));
        browser.press(".rest button").await;
        browser.until(&format!("{rows} === 2")).await;
        browser
            .value("void document.querySelector('.matrix tbody a').focus()")
            .await;
        browser
            .client()
            .active_element()
            .await
            .unwrap()
            .send_keys("y")
            .await
            .unwrap();
        browser
            .until("location.hash === '#/' && !document.querySelector('.matrix td.changed')")
            .await;
    })
    .await;
}

#[tokio::test]
async fn only_the_cell_whose_version_changed_is_marked() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until(&format!("{}?.startsWith('v7')", cell("web", 1))).await;
        browser.value("void (window.before = [...document.querySelectorAll('.matrix td')])").await;
        record(&server, "web", "development", "v9", "succeeded").await;
        browser.until(&format!("{}?.startsWith('v9')", cell("web", 1))).await;
        let kept = "[...document.querySelectorAll('.matrix td')].map((cell) => window.before.includes(cell))";
        // The cell of staging now differs from development.
        assert_eq!(browser.value(kept).await, json!([true, true, true, false, false, true]));
        assert_eq!(browser.value("document.querySelectorAll('.matrix td.landed').length").await, json!(1));
    })
    .await;
}

#[tokio::test]
async fn a_large_matrix_has_only_the_cells_near_the_viewport() {
    let (_database, server) = served().await;
    let line = |component, environment| {
        json!({"component": format!("c-{component:03}"), "environment": format!("e-{environment:02}"), "version": "v1", "status": "succeeded", "occurredAt": "2026-06-01T12:00:00Z"}).to_string()
    };
    for component in 0..250 {
        let lines: Vec<_> = (0..20)
            .map(|environment| line(component, environment))
            .collect();
        server.admin().import(lines.join("\n")).await.expect(200);
    }
    let cells = "document.querySelectorAll('.matrix td').length";
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("")).await;
        browser.until(&format!("document.querySelectorAll('.matrix tbody tr').length === 250 && {cells} > 0 && {cells} < 2000")).await;
        browser.value("void document.querySelector('.scroller').scrollTo(0, 100000)").await;
        browser.until(&format!("{}?.startsWith('v1')", cell("c-249", 20))).await;
        browser.until(&format!("document.querySelector('.matrix tbody tr').children.length === 1 && {cells} < 2000")).await;
    })
    .await;
}
