//! The metrics that Prometheus defines for every process. Without `/proc` they are left out.

#[cfg(target_os = "linux")]
use prometheus_client::metrics::{counter::ConstCounter, gauge::ConstGauge};
use prometheus_client::registry::Registry;

/// Adds the values of this process.
#[cfg(target_os = "linux")]
pub(super) fn add(registry: &mut Registry) {
    if let Some(seconds) = cpu_seconds() {
        let help = "Time of the processors that the process has used";
        registry.register("process_cpu_seconds", help, ConstCounter::new(seconds));
    }
    if let Some(bytes) = resident_bytes() {
        let help = "Memory of the process, in bytes";
        registry.register(
            "process_resident_memory_bytes",
            help,
            ConstGauge::new(bytes),
        );
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        // Less the folder itself.
        let open = files.count().saturating_sub(1) as u64;
        registry.register("process_open_fds", "Open files", ConstGauge::new(open));
    }
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    if let Some(limit) = limit {
        let help = "Limit of open files";
        registry.register("process_max_fds", help, ConstGauge::new(limit));
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn add(_: &mut Registry) {}

/// The time in user and system mode: the fields 14 and 15 of `proc(5)`. The name of the program,
/// field 2, may contain spaces.
#[cfg(target_os = "linux")]
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    let (user, system) = (ticks()?, ticks()?);
    #[expect(clippy::cast_precision_loss, reason = "it is 100")]
    let per_second = rustix::param::clock_ticks_per_second() as f64;
    Some((user + system) / per_second)
}

/// `VmRSS`, in KiB there.
#[cfg(target_os = "linux")]
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
