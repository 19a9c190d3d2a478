//! Metrics, alerts and the dashboard, with a real Prometheus. `DEPLOYTRACK_TEST_PROMETHEUS=skip`
//! leaves out the tests that need it.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    program::{Home, Process, binary},
    prometheus::{self, Prometheus, promtool},
};
use serde_json::{Value, json};

use crate::pages::{blocks, page, section};

/// Names that must be escaped.
const HOSTILE: [&str; 3] = [r#"quo"ted"#, r"back\slash {}=,", "🚀 é"];

/// A server with a listener for metrics.
struct Monitored {
    server: Process,
    metrics: Caller,
    home: Home,
}

impl Monitored {
    fn start() -> Self {
        let home = Home::new().with("DEPLOYTRACK_JWT_SECRET", SECRET);
        let listen = ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
        let mut command = home.command("deploytrack-server", &listen);
        command
            .args([
                "--database-url",
                "sqlite:monitored.db",
                "--backup-to",
                "backups",
            ])
            .stderr(Stdio::null());
        let mut server = Process::started(command);
        let line = server.read_until(|text| text.ends_with('\n'));
        let address = line.trim().strip_prefix("metrics on ");
        let url = address.and_then(|url| url.strip_suffix("/metrics"));
        let metrics = Caller::anonymous(url.unwrap_or_else(|| panic!("{line}")));
        Self {
            server,
            metrics,
            home,
        }
    }

    /// Records something of everything that metrics show.
    async fn fill(&self) {
        let admin = Caller::admin(self.server.url());
        for status in ["succeeded", "pending", "failed"] {
            let component = format!("is-{status}");
            admin.record(deployment(&component, status)).await;
        }
        for name in HOSTILE {
            admin.record(deployment(name, "succeeded")).await;
        }
        let id = admin.record(deployment("slow", "pending")).await["id"].clone();
        admin.advance(id.as_str().unwrap(), "in_progress").await;
        admin.advance(id.as_str().unwrap(), "succeeded").await;
        let id = admin.record(deployment("runs", "pending")).await["id"].clone();
        admin.advance(id.as_str().unwrap(), "in_progress").await;
        let refused = Caller::anonymous(self.server.url())
            .get("/api/v1/deployments")
            .await;
        assert_eq!(refused.status, 401);
    }

    async fn text(&self) -> String {
        let answer = self.metrics.get("/metrics").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }
}

fn deployment(component: &str, status: &str) -> Value {
    json!({"component": component, "environment": "production", "version": "v1", "status": status})
}

/// The names of the metrics in a text.
fn exported(text: &str) -> BTreeSet<String> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|rest| rest.split(' ').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_listener_for_metrics_answers_nothing_else() {
    let monitored = Monitored::start();
    for path in ["/metrics", "/metrics/cells"] {
        assert_eq!(monitored.metrics.get(path).await.status, 200, "{path}");
    }
    for path in [
        "/",
        "/readyz",
        "/healthz",
        "/api/v1/deployments",
        "/api/v1/openapi.json",
    ] {
        assert_eq!(monitored.metrics.get(path).await.status, 404, "{path}");
    }
    let body = deployment("api", "pending");
    let written = monitored.metrics.post("/api/v1/deployments", &body).await;
    assert_eq!(written.status, 404);
}

#[tokio::test]
async fn the_page_lists_exactly_the_metrics_of_a_server() {
    let monitored = Monitored::start();
    monitored.fill().await;
    let page = page("docs/monitoring.md");
    let section = section(&page, "## Metrics");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let listed: BTreeSet<_> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(", "))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect();
    assert_eq!(listed, exported(&monitored.text().await));
}

#[tokio::test]
async fn promtool_accepts_the_metrics() {
    if !prometheus::is_wanted() {
        return;
    }
    let monitored = Monitored::start();
    monitored.fill().await;
    for path in ["/metrics", "/metrics/cells"] {
        let text = monitored.metrics.get(path).await.body;
        let folder = tempfile::tempdir().unwrap();
        let run = promtool(folder.path(), &["check", "metrics"], &text);
        assert_eq!(
            (run.code, &*run.out, &*run.err),
            (0, "", ""),
            "{path}\n{text}"
        );
    }
}

/// The expressions of the alerts, and those of the dashboard with values for its variables.
fn expressions() -> (Vec<(String, String)>, Vec<String>) {
    let rules: Value = serde_saphyr::from_str(&page("integrations/prometheus/alerts.yml")).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let alerts = rules
        .map(|rule| (text(&rule["alert"]), text(&rule["expr"])))
        .collect();
    let dashboard: Value =
        serde_json::from_str(&page("integrations/grafana/deploytrack.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let queries = targets.map(|target| {
        let query = text(&target["expr"]);
        let query = query
            .replace("$environment", ".*")
            .replace("$component", ".*");
        query
            .replace("$__rate_interval", "10s")
            .replace("[1h]", "[10s]")
    });
    (alerts, queries.collect())
}

/// An expression without the comparison at its end, so that it has an answer without an alert.
fn measured(expression: &str) -> &str {
    let ends = [" > ", " < ", " == "]
        .iter()
        .filter_map(|sign| expression.rfind(sign));
    &expression[..ends.max().unwrap()]
}

#[tokio::test]
async fn a_real_prometheus_answers_every_query_of_the_alerts_and_the_dashboard() {
    if !prometheus::is_wanted() {
        return;
    }
    let monitored = Monitored::start();
    monitored.fill().await;
    let prometheus = Prometheus::scraping(monitored.metrics.url().trim_start_matches("http://"));
    for name in HOSTILE {
        let label = name.replace('\\', r"\\").replace('"', r#"\""#);
        let query = format!("deploytrack_current_info{{component=\"{label}\"}}");
        let found = prometheus.found(&query).await;
        assert_eq!(found[0]["metric"]["component"], name);
        assert_eq!(found[0]["metric"]["version"], "v1");
    }
    // A rate needs two scrapes with requests between them.
    monitored.fill().await;
    let (alerts, queries) = expressions();
    assert!(alerts.len() >= 10 && queries.len() >= 20);
    for query in &queries {
        prometheus.found(query).await;
    }
    let counted = r#"deploytrack_unsettled{environment="production",status="in_progress"}"#;
    assert_eq!(prometheus.found(counted).await[0]["value"][1], "1");
    // Writes fail without the file, so that there are answers with 5xx.
    fs::remove_file(monitored.home.path().join("monitored.db")).unwrap();
    let admin = Caller::admin(monitored.server.url());
    for _ in 0..2 {
        let failed = admin
            .post("/api/v1/deployments", &deployment("api", "pending"))
            .await;
        assert_eq!(failed.status, 503);
        prometheus
            .found(r#"deploytrack_http_requests_total{status_class="5xx"} > 0"#)
            .await;
    }
    for (alert, expression) in &alerts {
        let found = prometheus.found(measured(expression)).await;
        assert!(!found.is_empty(), "{alert}");
    }
    drop(monitored);
    prometheus
        .found(r#"ALERTS{alertname="DeploytrackDown"}"#)
        .await;
}

#[test]
fn every_alert_has_a_unit_test_and_a_row_on_the_page() {
    let (alerts, _) = expressions();
    let tests = page("integrations/prometheus/alerts_test.yml");
    let page = page("docs/monitoring.md");
    let rows = section(&page, "## Alerts")
        .lines()
        .filter(|line| line.starts_with("| `"));
    let listed: Vec<_> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    let names: Vec<_> = alerts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(listed, names);
    for name in names {
        assert!(
            tests.matches(name).count() >= 2,
            "{name}: one that fires and one that does not"
        );
    }
}

#[test]
fn the_dashboard_names_its_data_source_by_its_input() {
    let text = page("integrations/grafana/deploytrack.json");
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dashboard["__inputs"][0]["name"], "DS_PROMETHEUS");
    let required: BTreeSet<_> = dashboard["__requires"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    for panel in dashboard["panels"].as_array().unwrap() {
        let kind = panel["type"].as_str().unwrap();
        assert!(kind == "row" || required.contains(kind), "{kind}");
        let source = &panel["datasource"]["uid"];
        assert!(kind == "row" || source == "${DS_PROMETHEUS}", "{panel}");
    }
}

/// Types a block of the page in a folder. Each line must end with 0.
fn type_block(home: &Home, folder: &std::path::Path, block: &str) -> String {
    let programs = binary("deploytrack-server").parent().unwrap().display();
    let mut shell = Command::new("sh");
    shell
        .args(["-euc", block])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", format!("{programs}:/usr/bin:/bin"))
        .env("DEPLOYTRACK_JWT_SECRET", SECRET)
        .current_dir(folder);
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{block}\n{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_commands_of_the_page_can_be_typed() {
    let page = page("docs/monitoring.md");
    let blocks = blocks(&page, "sh");
    let [listener, token, start, check] = blocks.as_slice() else {
        panic!("{blocks:?}")
    };
    let (serve, scrape) = listener.split_once('\n').unwrap();
    let flags = serve.strip_prefix("deploytrack-server ").unwrap();
    assert_eq!(flags, format!("--metrics-listen {}", prometheus::ADDRESS));
    let monitored = Monitored::start();
    let typed = |block: &str| {
        let block = block.replace("http://127.0.0.1:9464", monitored.metrics.url());
        let block = block.replace("http://127.0.0.1:3000", monitored.server.url());
        type_block(&monitored.home, monitored.home.path(), &block)
    };
    assert!(typed(scrape).contains("deploytrack_database_up 1"));
    assert!(typed(token).contains("deploytrack_database_up 1"));
    if !prometheus::is_wanted() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    prometheus::copy_files(folder.path());
    let (config, started) = start.trim().split_once('\n').unwrap();
    // `Prometheus::scraping` types it.
    assert_eq!(started, prometheus::COMMAND);
    for block in [config, check] {
        assert!(type_block(&monitored.home, folder.path(), block).contains("SUCCESS"));
    }
}
