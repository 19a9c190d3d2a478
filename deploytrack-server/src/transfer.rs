//! The text about a database that was copied to another one.

use std::fmt::Write as _;

use deploytrack_core::transfer::Transfer;

use crate::config::TransferUrls;

/// A note about what an operator does after a copy.
pub const AFTERWARDS: &str = "\
note: servers of the copy need the secret that signs tokens, which is in no database
note: both databases have the same storeId; only one of them may have servers from now on
";

/// The number of hexadecimal digits of a digest that are shown.
const DIGITS: usize = 16;

/// The rows of every table in both databases, and the numbers that readers see.
#[must_use]
pub fn report(transfer: &Transfer, urls: &TransferUrls) -> String {
    let mut text = format!(
        "{:<20} {:>10} {:>10}  {}\n",
        "table", "source", "target", "digest of both"
    );
    for table in &transfer.tables {
        let digest = table.digest.to_string();
        let _ = writeln!(
            text,
            "{:<20} {:>10} {:>10}  {}",
            table.name,
            table.source_rows,
            table.target_rows,
            &digest[..DIGITS]
        );
    }
    let extremes = transfer.extremes;
    let _ = write!(
        text,
        "\ncurrent cells {}, last sequence {}, last event {}: the same in both\nverified: {}\n{} is a copy of {} now; storeId {}\n",
        extremes.current_cells,
        extremes.last_sequence,
        extremes.last_event,
        transfer.verification,
        urls.to,
        urls.from,
        transfer.store_id,
    );
    text
}
