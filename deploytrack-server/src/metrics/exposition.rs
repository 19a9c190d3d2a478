//! The text of the metrics.

use std::collections::BTreeMap;

use deploytrack_core::{
    clock::Time,
    measurement::{CurrentVersion, Measurements, UnsettledDeployment},
    status::Status,
};
use http::HeaderMap;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, prometheus_text, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use super::{BackupAge, Load, Measured, Metrics, process};

/// The two text formats. Prometheus 3 refuses an answer without the media type of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposition {
    /// `OpenMetrics` 1.0, for a client that asks for it.
    OpenMetrics,
    /// The older format of Prometheus, 0.0.4.
    Prometheus,
}

impl Exposition {
    /// The format for a client with these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(http::header::ACCEPT).iter();
        let mut types = accepts
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(','));
        if types.any(is_open_metrics) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// The media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => prometheus_text::CONTENT_TYPE,
        }
    }

    fn write(self, registry: &Registry) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        match self {
            Self::OpenMetrics => text::encode(&mut text, registry)?,
            Self::Prometheus => prometheus_text::encode(&mut text, registry)?,
        }
        Ok(text)
    }
}

/// Whether one entry of `Accept` is `OpenMetrics` in version 1 or in any version, with a weight
/// above 0.
fn is_open_metrics(entry: &str) -> bool {
    let mut parts = entry.split(';').map(str::trim);
    let is_type = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/openmetrics-text"));
    is_type
        && parts.all(|part| match part.split_once('=') {
            Some(("version", version)) => version == "1.0.0",
            Some(("q", weight)) => weight.parse().is_ok_and(|weight: f64| weight > 0.0),
            _ => true,
        })
}

/// All metrics. Without measurements, those that need the database are left out.
pub(crate) fn everything(
    metrics: &Metrics,
    load: Load,
    measured: Option<&Measured>,
    with_cells: bool,
    form: Exposition,
) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::default();
    add_process(&mut registry, metrics);
    add_requests(&mut registry, metrics);
    add_load(&mut registry, load);
    if let Some(backups) = load.backups {
        add_backups(&mut registry, backups);
    }
    gauge(
        &mut registry,
        "deploytrack_database_up",
        "Whether the database answered this scrape: 1 or 0",
        u64::from(measured.is_some()),
    );
    if let Some(measured) = measured {
        add_database(&mut registry, measured);
        if with_cells {
            add_cells(&mut registry, &measured.measurements);
        }
    }
    form.write(&registry)
}

/// The values of cells alone.
pub(crate) fn cells(measured: &Measured, form: Exposition) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::default();
    add_cells(&mut registry, &measured.measurements);
    form.write(&registry)
}

fn add_process(registry: &mut Registry, metrics: &Metrics) {
    add(
        registry,
        "deploytrack_build_info",
        "The version of the server, with the value 1",
        vec![([("version", env!("CARGO_PKG_VERSION"))], 1_u64)],
    );
    let help = "When the server started, in seconds since 1970";
    gauge(
        registry,
        "process_start_time_seconds",
        help,
        seconds(metrics.started_at),
    );
    process::add(registry);
}

fn add_requests(registry: &mut Registry, metrics: &Metrics) {
    registry.register(
        "deploytrack_http_requests",
        "Answered requests",
        metrics.requests.clone(),
    );
    registry.register(
        "deploytrack_http_request_duration_seconds",
        "Time from the head of a request to the beginning of its answer",
        metrics.request_seconds.clone(),
    );
    registry.register(
        "deploytrack_refusals",
        "Refused requests and connections, by the code of the problem",
        metrics.refusals.clone(),
    );
    registry.register(
        "deploytrack_deployments",
        "Deployments that got this status from a request to this server since it started",
        metrics.deployments.clone(),
    );
    registry.register(
        "deploytrack_deployment_duration_seconds",
        "Time from the start to the end of the attempts that ended",
        metrics.deployment_seconds.clone(),
    );
}

fn add_load(registry: &mut Registry, load: Load) {
    for (name, help, value) in [
        (
            "deploytrack_connections",
            "Open connections",
            load.connections,
        ),
        (
            "deploytrack_connections_limit",
            "Limit of open connections",
            load.connections_limit,
        ),
        (
            "deploytrack_store_write_queue",
            "Requests that wait to be written",
            load.queued_writes,
        ),
        (
            "deploytrack_store_write_queue_limit",
            "Limit of requests that wait to be written",
            Load::QUEUE_LIMIT,
        ),
        (
            "deploytrack_event_streams",
            "Connections that read events",
            load.event_streams,
        ),
        (
            "deploytrack_event_streams_limit",
            "Limit of connections that read events",
            load.event_streams_limit,
        ),
    ] {
        gauge(registry, name, help, value as u64);
    }
    registry.register(
        "deploytrack_log_lines_lost",
        "Lines of the log that were lost because its reader is too slow or gone",
        ConstCounter::new(load.lost_log_lines),
    );
}

fn add_backups(registry: &mut Registry, backups: BackupAge) {
    let help =
        "When the last backup of the schedule was made, in seconds since 1970; 0 if there is none";
    gauge(
        registry,
        "deploytrack_backup_last_success_timestamp_seconds",
        help,
        backups.last_success.map_or(0.0, seconds),
    );
    let help = "The time from one backup of the schedule to the next";
    gauge(
        registry,
        "deploytrack_backup_interval_seconds",
        help,
        backups.every.as_secs_f64(),
    );
}

fn add_database(registry: &mut Registry, measured: &Measured) {
    let measurements = &measured.measurements;
    let help = "Time that reading the database took for this scrape";
    gauge(
        registry,
        "deploytrack_database_read_seconds",
        help,
        measured.duration.as_secs_f64(),
    );
    let help = "Number of the last event";
    gauge(
        registry,
        "deploytrack_events_sequence",
        help,
        measurements.last_event,
    );
    if let Some(files) = measurements.files {
        let help = "Size of the SQLite file and its write-ahead log, in bytes";
        gauge(
            registry,
            "deploytrack_database_size_bytes",
            help,
            files.database,
        );
        if let Some(disk) = files.disk {
            let help = "Free bytes in the file system of the SQLite file";
            gauge(
                registry,
                "deploytrack_disk_available_bytes",
                help,
                disk.available,
            );
            let help = "Size of the file system of the SQLite file, in bytes";
            gauge(registry, "deploytrack_disk_size_bytes", help, disk.size);
        }
    }
    add_counts(registry, measurements);
    if let Some(unsettled) = &measurements.unsettled {
        add_unsettled(registry, unsettled);
    }
}

/// The deployments by their present status. A deployment that was replaced while it ran stays in
/// progress for ever, so the unsettled ones are the number to watch.
fn add_counts(registry: &mut Registry, measurements: &Measurements) {
    let counts = measurements.deployments.iter();
    let in_progress = counts.filter(|one| one.status == Status::InProgress);
    add(
        registry,
        "deploytrack_in_progress",
        "Deployments that are in progress, also those that a newer one has replaced",
        in_progress
            .map(|one| ([("environment", one.environment.to_string())], one.count))
            .collect(),
    );
}

/// The unsettled deployments by environment and status, and the age of the oldest.
fn add_unsettled(registry: &mut Registry, unsettled: &[UnsettledDeployment]) {
    let mut found = BTreeMap::<(&str, Status), (u64, Time)>::new();
    for one in unsettled {
        let key = (one.environment.as_str(), one.status);
        let (count, oldest) = found.entry(key).or_insert((0, one.since));
        (*count, *oldest) = (*count + 1, one.since.min(*oldest));
    }
    let labels = |(environment, status): (&str, Status)| {
        [
            ("environment", environment.to_owned()),
            ("status", status.to_string()),
        ]
    };
    add(
        registry,
        "deploytrack_unsettled",
        "Cells whose newest deployment is pending, in progress or failed",
        found
            .iter()
            .map(|(key, (count, _))| (labels(*key), *count))
            .collect(),
    );
    add(
        registry,
        "deploytrack_unsettled_oldest_timestamp_seconds",
        "When the oldest of them got its status, in seconds since 1970",
        found
            .iter()
            .map(|(key, (_, oldest))| (labels(*key), seconds(*oldest)))
            .collect(),
    );
}

fn add_cells(registry: &mut Registry, measurements: &Measurements) {
    if let Some(current) = &measurements.current {
        add_current(registry, current);
    }
    let unsettled = measurements.unsettled.iter().flatten();
    add(
        registry,
        "deploytrack_unsettled_since_timestamp_seconds",
        "When the unsettled deployment of the cell got its status, in seconds since 1970",
        unsettled
            .map(|one| {
                let labels = [
                    ("component", one.component.to_string()),
                    ("environment", one.environment.to_string()),
                    ("status", one.status.to_string()),
                ];
                (labels, seconds(one.since))
            })
            .collect(),
    );
}

fn add_current(registry: &mut Registry, current: &[CurrentVersion]) {
    let info = |one: &CurrentVersion| {
        let labels = [
            ("component", one.component.to_string()),
            ("environment", one.environment.to_string()),
            ("version", one.version.to_string()),
        ];
        (labels, 1_u64)
    };
    add(
        registry,
        "deploytrack_current_info",
        "The current version of the cell, with the value 1",
        current.iter().map(info).collect(),
    );
    let since = |one: &CurrentVersion| {
        let labels = [
            ("component", one.component.to_string()),
            ("environment", one.environment.to_string()),
        ];
        (labels, seconds(one.since))
    };
    add(
        registry,
        "deploytrack_current_since_timestamp_seconds",
        "When the current deployment of the cell succeeded, in seconds since 1970",
        current.iter().map(since).collect(),
    );
}

fn gauge<V>(registry: &mut Registry, name: &'static str, help: &'static str, value: V)
where
    V: EncodeGaugeValue + std::fmt::Debug + Send + Sync + 'static,
{
    registry.register(name, help, ConstGauge::new(value));
}

fn add<L, V>(registry: &mut Registry, name: &'static str, help: &'static str, values: Vec<(L, V)>)
where
    L: EncodeLabelSet + std::fmt::Debug + Send + Sync + 'static,
    V: EncodeGaugeValue + std::fmt::Debug + Send + Sync + 'static,
{
    registry.register_collector(Box::new(Gauges { name, help, values }));
}

/// Gauges of one name, in the order of their values.
#[derive(Debug)]
struct Gauges<L, V> {
    name: &'static str,
    help: &'static str,
    values: Vec<(L, V)>,
}

impl<L, V> Collector for Gauges<L, V>
where
    L: EncodeLabelSet + std::fmt::Debug + Send + Sync + 'static,
    V: EncodeGaugeValue + std::fmt::Debug + Send + Sync + 'static,
{
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        // The library adds a period to the help of registered metrics only.
        let help = format!("{}.", self.help);
        let mut family = encoder.encode_descriptor(self.name, &help, None, MetricType::Gauge)?;
        for (labels, value) in &self.values {
            family.encode_family(labels)?.encode_gauge(value)?;
        }
        Ok(())
    }
}

/// Seconds since 1970.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds until the year 2255 are exact"
)]
fn seconds(time: Time) -> f64 {
    time.timestamp_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_sent_to_clients_that_accept_its_version() {
        let of = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::ACCEPT, accept.parse().unwrap());
            Exposition::of(&headers)
        };
        for accept in [
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "text/html, application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3",
        ] {
            assert_eq!(of(accept), Exposition::OpenMetrics, "{accept}");
        }
        for accept in [
            "*/*",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;version=0.0.1,*/*;q=0.1",
            "application/openmetrics-text;q=0",
        ] {
            assert_eq!(of(accept), Exposition::Prometheus, "{accept}");
        }
    }
}
