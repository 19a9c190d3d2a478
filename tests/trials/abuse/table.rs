//! The result of an attack, and its bounds.

use std::{fmt, time::Duration};

/// The most memory that an attack may cost, in bytes.
const MOST_MEMORY: u64 = 400 * 1024 * 1024;
/// The allowed factor for the latency of others, and a latency that is always allowed, since the
/// attack runs on the same processors. A caller that is locked out waits longer.
const MOST_SLOWER: u32 = 50;
const ALWAYS_ALLOWED: Duration = Duration::from_secs(2);
/// The allowed share of requests without a good answer.
const MOST_FAILED: f64 = 0.02;
/// How long the server may take to recover.
const MOST_UNTIL_WELL: Duration = Duration::from_secs(20);

/// The result of one kind of abuse: the worst of all rounds.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The peak memory before the attack, in bytes.
    pub(crate) start: u64,
    /// The peak memory, in bytes.
    pub(crate) peak: u64,
    pub(crate) p99_before: Duration,
    /// The 99th percentile of others' latency during the attack; a request without a good answer
    /// counts as its timeout.
    pub(crate) p99: Duration,
    /// The share of others' requests that got no good answer.
    pub(crate) failed: f64,
    /// The time from the end of the attack until others are answered as before.
    pub(crate) until_well: Duration,
}

impl Row {
    /// Takes over the worse figures of another round.
    pub(crate) fn worsen(&mut self, other: &Self) {
        self.start = self.start.max(other.start);
        self.peak = self.peak.max(other.peak);
        self.p99_before = self.p99_before.max(other.p99_before);
        self.p99 = self.p99.max(other.p99);
        self.failed = self.failed.max(other.failed);
        self.until_well = self.until_well.max(other.until_well);
    }

    /// # Panics
    /// When a bound is broken.
    pub(crate) fn check(&self) {
        let slowest = (self.p99_before * MOST_SLOWER).max(ALWAYS_ALLOWED);
        assert!(
            self.peak <= MOST_MEMORY,
            "the peak memory is more than {} MB: {self}",
            MOST_MEMORY / 1024 / 1024
        );
        assert!(
            self.p99 <= slowest,
            "others are slower than {slowest:?}: {self}"
        );
        assert!(self.failed <= MOST_FAILED, "others get no answer: {self}");
        assert!(
            self.until_well <= MOST_UNTIL_WELL,
            "all is well only after {:?}: {self}",
            self.until_well
        );
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let mb = |bytes: u64| bytes / 1024 / 1024;
        write!(
            f,
            "{:<52} {:>6} MB {:>6} MB {:>9.1} ms {:>9.1} ms {:>6.1} % {:>7.2} s",
            self.name,
            mb(self.start),
            mb(self.peak),
            ms(self.p99_before),
            ms(self.p99),
            self.failed * 100.0,
            self.until_well.as_secs_f64()
        )
    }
}

/// Prints every row below its heading.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "  {:<52} {:>9} {:>9} {:>12} {:>12} {:>8} {:>9}",
        "abuse", "memory", "peak", "p99 before", "p99", "failed", "until well"
    );
    for row in rows {
        println!("  {row}");
    }
}
