//! The entrances of the fuzz targets in `fuzz/`. They exist only in builds with `--cfg fuzzing`.

use crate::{
    api::{FromBody as _, ImportLine},
    json,
};

/// Reads a line of an import, as the server does.
pub fn import_line(line: &[u8]) {
    if let Ok(object) = json::object(line) {
        drop(ImportLine::from_body(object));
    }
}
