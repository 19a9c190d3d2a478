//! `deploytrack man`

mod sections;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Command;
use clap_mangen::{Man as Generator, roff::Roff};

use crate::error::Failure;

/// Write the manual pages, one per command
///
/// Without a folder the first page is printed, in the format of man. The pages are generated from
/// the same definitions as this help. The command needs no server and no profile.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack man | man -l -\n  deploytrack man ~/.local/share/man/man1"
)]
pub(crate) struct Man {
    /// The folder for the pages; it is created if it does not exist
    dir: Option<PathBuf>,
}

/// Writes the pages of the program that `definition` describes.
pub(crate) fn run(man: &Man, program: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(dir) = &man.dir else {
        return Ok(page(program, None, out)?);
    };
    fs::create_dir_all(dir)
        .and_then(|()| pages(program, None, dir))
        .map_err(|error| {
            Failure::usage(format!(
                "cannot write the manual pages to {}: {error}",
                dir.display()
            ))
        })
}

/// Writes the pages of a command and of those below it.
fn pages(command: &Command, parent: Option<&str>, dir: &Path) -> io::Result<()> {
    let name = name(command, parent);
    let mut text = Vec::new();
    page(command, parent, &mut text)?;
    fs::write(dir.join(format!("{name}.1")), text)?;
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
        .try_for_each(|below| pages(below, Some(&name), dir))
}

/// The name of a page: the commands from the program on, with hyphens between them.
fn name(command: &Command, parent: Option<&str>) -> String {
    parent.map_or_else(
        || command.get_name().to_owned(),
        |parent| format!("{parent}-{}", command.get_name()),
    )
}

fn page(command: &Command, parent: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    let title = name(command, parent);
    let generator = Generator::new(command.clone())
        .title(title.clone())
        .manual("deploytrack")
        .source(concat!("deploytrack ", env!("CARGO_PKG_VERSION")));
    generator.render_title(out)?;
    generator.render_name_section(out)?;
    let mut own = Roff::new();
    sections::synopsis(command, &mut own);
    own.to_writer(out)?;
    generator.render_description_section(out)?;
    generator.render_options_section(out)?;
    let mut own = Roff::new();
    sections::commands(command, &title, &mut own);
    sections::examples(command, &mut own);
    sections::exit_status(&mut own);
    sections::environment(&mut own);
    sections::files(&mut own);
    sections::see_also(command, parent, &mut own);
    own.to_writer(out)
}
