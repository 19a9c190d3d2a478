//! `deploytrack man`

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::error::Failure;

/// Write the manual pages, one for each command; without a folder, print the first page
///
/// They are made from the same definitions as this help. They need no server and no profile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  deploytrack man | man -l -\n  deploytrack man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The folder to write them to; it is made when it is not there
    dir: Option<PathBuf>,
}

pub(crate) fn run(man: &Man, definition: clap::Command, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(dir) = &man.dir else { return Ok(clap_mangen::Man::new(definition).render(out)?) };
    pages(dir, definition).map_err(|error| Failure::usage(format!("cannot write the manual pages to {}: {error}", dir.display())))
}

fn pages(dir: &Path, definition: clap::Command) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    clap_mangen::generate_to(definition, dir)
}
