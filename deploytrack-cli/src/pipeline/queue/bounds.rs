//! How much the spool keeps, so that a server that never comes back does not fill the disk.
//!
//! Age is no bound: a deployment that happened is as true after two months. What waits for long is said aloud instead.

use std::{fs, io, path::Path};

/// The most runs that are kept.
const MOST_RUNS: usize = 10_000;
const MIB: u64 = 1024 * 1024;
/// The most that all runs together may hold when another is begun.
const MOST_BYTES: u64 = 64 * MIB;
/// The largest event; a server takes no larger body either.
const LARGEST_EVENT: usize = 1024 * 1024;
/// The largest file that is read: an event with its seal.
pub(super) const LARGEST_FILE: u64 = MIB + 64 * 1024;
/// The runs are measured when there are this many of them, twice as many, and so on. Measuring looks into every run, and
/// a deploy should not wait for that each time; and nothing is missed by much: a run has a start and an outcome, so that
/// between two measurements at most 32 MiB are added.
const MEASURED_EVERY: usize = 16;

const WAY_OUT: &str = "send what it keeps with `deploytrack flush`, or look at it with `deploytrack spool list` and drop it";

/// Refuses another run where there is no room for it.
pub(super) fn room(spool: &Path, runs: &[String]) -> io::Result<()> {
    if runs.len() >= MOST_RUNS {
        return Err(io::Error::other(format!("it is full with {MOST_RUNS} runs; {WAY_OUT}")));
    }
    if runs.is_empty() || !runs.len().is_multiple_of(MEASURED_EVERY) {
        return Ok(());
    }
    let bytes: u64 = runs.iter().map(|run| held(&spool.join(run))).sum();
    if bytes < MOST_BYTES {
        return Ok(());
    }
    Err(io::Error::other(format!("it is full with {} MiB, of at most {} MiB; {WAY_OUT}", bytes / MIB, MOST_BYTES / MIB)))
}

/// Refuses an event that no server would take.
pub(super) fn event(bytes: &[u8]) -> io::Result<()> {
    if bytes.len() <= LARGEST_EVENT {
        return Ok(());
    }
    Err(io::Error::other(format!("the event has {} bytes, and at most {LARGEST_EVENT} are kept; say less in it", bytes.len())))
}

/// What a run holds. One that is ended meanwhile, or that is somebody else's, holds nothing that could be counted.
fn held(run: &Path) -> u64 {
    let files = fs::read_dir(run).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(runs: usize, bytes: u64) -> (tempfile::TempDir, Vec<String>) {
        let spool = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..runs).map(|run| run.to_string()).collect();
        for name in &names {
            let folder = spool.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::File::create(folder.join("0.json")).unwrap().set_len(bytes).unwrap();
        }
        (spool, names)
    }

    fn refused(runs: usize, bytes: u64) -> Option<String> {
        let (spool, names) = filled(runs, bytes);
        room(spool.path(), &names).err().map(|error| error.to_string())
    }

    #[test]
    fn a_spool_is_full_with_its_bytes() {
        assert_eq!(refused(16, 4 * MIB - 1), None);
        let why = refused(16, 4 * MIB).unwrap();
        assert!(why.contains("64 MiB") && why.contains("deploytrack flush"), "{why}");
        assert_eq!(refused(15, 64 * MIB), None, "what few runs hold is found out with the sixteenth");
    }

    #[test]
    fn a_spool_is_full_with_its_runs() {
        let names = |runs: usize| (0..runs).map(|run| run.to_string()).collect::<Vec<_>>();
        assert!(room(Path::new("/nowhere"), &names(MOST_RUNS - 1)).is_ok());
        assert!(room(Path::new("/nowhere"), &names(MOST_RUNS)).unwrap_err().to_string().contains("10000 runs"));
    }

    #[test]
    fn an_event_is_as_large_as_a_server_takes_it() {
        assert!(event(&vec![b' '; 1024 * 1024]).is_ok());
        assert!(event(&vec![b' '; 1024 * 1024 + 1]).unwrap_err().to_string().contains("1048577 bytes"));
    }
}
