//! The entrances of the fuzz targets in `fuzz/`. They exist only in builds with `--cfg fuzzing`.

use std::sync::LazyLock;

use crate::{ProcessEnv, commands::import, queue};

/// The requests that an import of this file makes.
#[must_use]
pub fn batches(file: &[u8], columns: &str) -> Vec<Vec<u8>> {
    import::batches_of(file, columns)
}

/// Reads a file of the spool.
pub fn read_entry_file(bytes: &[u8]) {
    queue::read_any(bytes);
}

/// Whether a file of the spool has a seal of ours.
#[must_use]
pub fn is_sealed(bytes: &[u8]) -> bool {
    static KEYS: LazyLock<queue::Keys> = LazyLock::new(|| {
        let mut env = ProcessEnv::default();
        let secret = "a secret that all jobs share".to_owned();
        env.variables
            .insert("DEPLOYTRACK_SPOOL_KEY".to_owned(), secret);
        queue::Keys::of(&env, Some("a token"))
    });
    queue::is_sealed(bytes, &KEYS)
}
