//! The pages of a component and of an environment, and the neighbours of a deployment.

use deploytrack_tests::browser::{Browser, in_browser};
use serde_json::json;

use crate::given::{filled, logged_in, record, served};

#[tokio::test]
async fn a_component_shows_its_places_its_lanes_and_its_deployments() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("components/WEB")).await;
        browser.until("document.querySelector('h1')?.textContent === 'web'").await;
        let places = "[...document.querySelectorAll('.place')].map((place) => [...place.querySelectorAll('a, .status')].map((part) => part.textContent).join(' ')).join()";
        browser.until(&format!("{places} === 'development v7,staging v7 failed v8,production v7 in progress v8'")).await;
        let lanes = "[...document.querySelectorAll('.lanes text.name')].map((name) => name.lastChild.textContent).join()";
        assert_eq!(browser.value(lanes).await, json!("development,staging,production"));
        assert_eq!(browser.value("document.querySelectorAll('.lanes .period').length").await, json!(3));
        assert_eq!(browser.value("document.querySelectorAll('.lanes .mark').length").await, json!(2));
        assert_eq!(browser.value("document.querySelectorAll('.list .now').length").await, json!(5));
        record(&server, "web", "development", "v8", "succeeded").await;
        browser.until(&format!("{places}.startsWith('development v8,')")).await;
        browser.press(".place a").await;
        browser.until("document.querySelector('h1')?.textContent === 'development'").await;
        let held = "[...document.querySelectorAll('table')].at(-1).tBodies[0].innerText.replace(/\\s+/g, ' ')";
        browser.until(&format!("/api v1.1.0 .*web v8/.test({held})")).await;
    })
    .await;
}

#[tokio::test]
async fn the_page_of_a_component_shows_the_deployment_that_is_chosen() {
    let (_database, server) = served().await;
    filled(&server).await;
    let chosen = "document.querySelector('.list tr[aria-current] .environment')?.textContent";
    let facts = "document.querySelector('.cols .facts')?.textContent";
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser.open(&logged_in("components/web")).await;
        browser
            .until(&format!(
                "{chosen} === 'production' && {facts}.startsWith('Nowv7 is current meanwhile.')"
            ))
            .await;
        browser
            .value("void document.querySelector('.list tbody tr:nth-child(2) .now').click()")
            .await;
        browser
            .until(&format!(
                "{chosen} === 'staging' && {facts}.startsWith('Nowv7 is still current.')"
            ))
            .await;
        browser.press(".cols .rest a").await;
        browser
            .until("document.querySelector('h1')?.textContent.startsWith('web v8')")
            .await;
    })
    .await;
}

#[tokio::test]
async fn an_unknown_component_or_environment_is_named() {
    let (_database, server) = served().await;
    filled(&server).await;
    in_browser(&server.url(), &[], async |browser: &Browser| {
        for (page, said) in [
            ("components/nobody", "There is no component nobody."),
            ("environments/nowhere", "There is no environment nowhere."),
            (
                "changes?component=nobody",
                "No deployment matches. There is no component nobody.",
            ),
        ] {
            browser.open(&logged_in(page)).await;
            browser.shows(said).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_deployment_names_what_is_current_and_links_to_its_neighbours() {
    let (_database, server) = served().await;
    let ci = json!({"ci": {"provider": "gitlab-ci", "runUrl": "https://gitlab.example/acme/api/-/pipelines/7", "repository": "git@gitlab.example:acme/api.git"}});
    let mut ids = Vec::new();
    for (version, commit, status) in [
        ("v1", "aaaaaaa", "succeeded"),
        ("v2", "bbbbbbb", "succeeded"),
        ("v3", "ccccccc", "failed"),
    ] {
        let body = json!({"component": "api", "environment": "production", "version": version, "commitSha": commit, "status": status, "metadata": ci});
        let made = server.admin().record(body).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let lead = "document.querySelector('.lead')?.textContent";
    let fact = |name: &str| {
        format!(
            "[...document.querySelectorAll('.facts > div')].find((fact) => fact.children[0].textContent === '{name}')?.children[1]"
        )
    };
    in_browser(&server.url(), &[], async |browser: &Browser| {
        browser
            .open(&logged_in(&format!("deployments/{}", ids[2])))
            .await;
        browser
            .until(&format!("{lead}?.startsWith('v2 is still current.')"))
            .await;
        browser
            .open(&logged_in(&format!("deployments/{}", ids[1])))
            .await;
        browser
            .until(&format!(
                "{lead}?.startsWith('This deployment is current.')"
            ))
            .await;
        let links = format!(
            "[{}, {}, {}].map((fact) => [...fact.querySelectorAll('a')].at(-1).href)",
            fact("Commit"),
            fact("Replaced"),
            fact("Pipeline")
        );
        let base = "https://gitlab.example/acme/api/-";
        assert_eq!(
            browser.value(&links).await,
            json!([
                format!("{base}/commit/bbbbbbb"),
                format!("{base}/compare/aaaaaaa...bbbbbbb"),
                format!("{base}/pipelines/7")
            ])
        );
        browser
            .until(&format!(
                "{}.textContent.startsWith('GitLab CI #7')",
                fact("Pipeline")
            ))
            .await;
        browser
            .value(&format!(
                "void {}.querySelector('a').click()",
                fact("Replaced")
            ))
            .await;
        browser
            .until(&format!(
                "{}?.textContent.startsWith('v2 after ')",
                fact("Replaced by")
            ))
            .await;
    })
    .await;
}
