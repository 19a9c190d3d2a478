//! The machine of the measurement. Ratios from different machines are roughly comparable, absolute
//! figures are not.

use std::{fs, process::Command};

use deploytrack_tests::postgres;

use crate::{data, settings::Settings};

/// Prints the machine, versions and settings.
pub(crate) fn print(settings: &Settings) {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!(
        "machine    {cores} cores, {}, {}, Linux {}",
        memory(),
        processor(),
        file("/proc/sys/kernel/osrelease")
    );
    println!(
        "versions   deploytrack {}, {}, SQLite {}, {}",
        env!("CARGO_PKG_VERSION"),
        first_line("rustc", &["--version"]),
        rusqlite::version(),
        postgres::program("postgres").map_or_else(
            || "no PostgreSQL".into(),
            |postgres| first_line(&postgres.to_string_lossy(), &["-V"])
        ),
    );
    println!(
        "settings   {} rounds of {:?} a side after {:?} of warming up, in turns; client, floors and server on the same cores",
        Settings::ROUNDS,
        settings.time(),
        settings.warm(),
    );
    println!(
        "           {} deployments of 1,000 components in 8 environments, unless the line says otherwise",
        settings.rows()
    );
    println!("           server: release, RUST_LOG=error; SQLite: WAL, synchronous=FULL");
    println!(
        "           PostgreSQL: {}; else its defaults, so that commits are durable",
        data::POSTGRES.join(", ")
    );
    println!();
}

fn file(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The value in the first line of a file that begins with this word.
fn value(path: &str, word: &str) -> String {
    let text = file(path);
    let line = text
        .lines()
        .find(|line| line.starts_with(word))
        .unwrap_or_default();
    line.split_once(':')
        .map_or("unknown", |(_, value)| value.trim())
        .to_owned()
}

fn memory() -> String {
    let kilobytes = value("/proc/meminfo", "MemTotal")
        .trim_end_matches(" kB")
        .parse::<u64>()
        .unwrap_or(0);
    format!("{} GB", kilobytes / 1_000_000)
}

fn processor() -> String {
    value("/proc/cpuinfo", "model name")
}

fn first_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
