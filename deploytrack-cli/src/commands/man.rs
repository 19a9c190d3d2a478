//! `deploytrack man`

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::error::Failure;

/// Write the manual pages, one per command; without a folder, print the first page
///
/// The pages are generated from the same definitions as this help. The command needs no server and
/// no profile.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack man | man -l -\n  deploytrack man ~/.local/share/man/man1"
)]
pub(crate) struct Man {
    /// The folder for the pages; it is created if it does not exist
    dir: Option<PathBuf>,
}

pub(crate) fn run(
    man: &Man,
    definition: clap::Command,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let Some(dir) = &man.dir else {
        return Ok(clap_mangen::Man::new(definition).render(out)?);
    };
    pages(dir, definition).map_err(|error| {
        Failure::usage(format!(
            "cannot write the manual pages to {}: {error}",
            dir.display()
        ))
    })
}

fn pages(dir: &Path, definition: clap::Command) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    clap_mangen::generate_to(definition, dir)
}
