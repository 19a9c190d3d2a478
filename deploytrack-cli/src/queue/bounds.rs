//! The size limits of the spool: a server that never comes back must not fill the disk.
//!
//! There is no limit on age, since a deployment that happened stays true. `backlog` prints warnings
//! about old entries instead.

use std::{fs, io, path::Path};

/// The largest number of entries.
const MOST_ENTRIES: usize = 10_000;
const MIB: u64 = 1024 * 1024;
/// The largest total size of all entries at which a new one is still accepted.
const MOST_BYTES: u64 = 64 * MIB;
/// The largest event. Servers reject larger bodies, too.
const LARGEST_EVENT: usize = 1024 * 1024;
/// The largest file that is read: an event with its seal.
pub(super) const LARGEST_FILE: u64 = MIB + 64 * 1024;
/// The total size is measured at this number of entries, at twice the number, and so on. Measuring
/// reads every folder, which is too slow to do before each deploy. Between two measurements at most
/// 32 MiB are added: an entry usually has two events, a start and an outcome.
const MEASURED_EVERY: usize = 16;

const WAY_OUT: &str = "`deploytrack flush` sends its entries, `deploytrack spool list` lists them and `deploytrack spool drop` drops them";

/// Rejects another entry if the spool is full.
pub(super) fn room(spool: &Path, entries: &[String]) -> io::Result<()> {
    if entries.len() >= MOST_ENTRIES {
        return Err(io::Error::other(format!(
            "it is full with {MOST_ENTRIES} entries; {WAY_OUT}"
        )));
    }
    if entries.is_empty() || !entries.len().is_multiple_of(MEASURED_EVERY) {
        return Ok(());
    }
    let bytes: u64 = entries.iter().map(|entry| size(&spool.join(entry))).sum();
    if bytes < MOST_BYTES {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "it is full with {} MiB, of at most {} MiB; {WAY_OUT}",
        bytes / MIB,
        MOST_BYTES / MIB
    )))
}

/// Rejects an event that no server would accept.
pub(super) fn event(bytes: &[u8]) -> io::Result<()> {
    if bytes.len() <= LARGEST_EVENT {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "the event has {} bytes, and the spool stores at most {LARGEST_EVENT}; shorten its description or its metadata",
        bytes.len()
    )))
}

/// The size of an entry in bytes. An entry that is unreadable, or was just removed, counts as
/// empty.
fn size(entry: &Path) -> u64 {
    let files = fs::read_dir(entry).into_iter().flatten().flatten();
    files
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(entries: usize, bytes: u64) -> (tempfile::TempDir, Vec<String>) {
        let spool = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..entries).map(|entry| entry.to_string()).collect();
        for name in &names {
            let folder = spool.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::File::create(folder.join("0.json"))
                .unwrap()
                .set_len(bytes)
                .unwrap();
        }
        (spool, names)
    }

    fn rejected(entries: usize, bytes: u64) -> Option<String> {
        let (spool, names) = filled(entries, bytes);
        room(spool.path(), &names)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn a_new_entry_is_rejected_at_64_mib() {
        assert_eq!(rejected(16, 4 * MIB - 1), None);
        let why = rejected(16, 4 * MIB).unwrap();
        assert!(
            why.contains("64 MiB") && why.contains("deploytrack flush"),
            "{why}"
        );
        assert_eq!(
            rejected(15, 64 * MIB),
            None,
            "the size is measured at every sixteenth entry"
        );
    }

    #[test]
    fn a_new_entry_is_rejected_at_10000_entries() {
        let names = |entries: usize| {
            (0..entries)
                .map(|entry| entry.to_string())
                .collect::<Vec<_>>()
        };
        assert!(room(Path::new("/nowhere"), &names(MOST_ENTRIES - 1)).is_ok());
        assert!(
            room(Path::new("/nowhere"), &names(MOST_ENTRIES))
                .unwrap_err()
                .to_string()
                .contains("10000 entries")
        );
    }

    #[test]
    fn an_event_of_more_than_1_mib_is_rejected() {
        assert!(event(&vec![b' '; 1024 * 1024]).is_ok());
        assert!(
            event(&vec![b' '; 1024 * 1024 + 1])
                .unwrap_err()
                .to_string()
                .contains("1048577 bytes")
        );
    }
}
