//! Files that a flag or a variable names: the config file, a token, certificates.

use std::{io, path::Path};

use crate::{
    files::{self, Care, MOST_OF_A_SETTING},
    patience::{self, FOR_A_SETTING},
};

/// Reads the file within [`FOR_A_SETTING`]. It may be a link or a pipe, and must end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    patience::within(FOR_A_SETTING, move || {
        files::read(&path, Care::Chosen, MOST_OF_A_SETTING)
    })
}
