//! `deploytrack man`

mod sections;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Command;
use clap_mangen::{Man as Generator, roff::Roff};

use crate::{
    error::Failure,
    pager,
    ui::{Invocation, Ui},
};

/// Write the manual pages, one per command
///
/// With the name of a command its page is shown, on a terminal by man(1); without an argument the
/// page of the program. The pages are generated from the same definitions as this help. The command
/// needs no server and no profile.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack man record\n  deploytrack man component create\n  deploytrack man ~/.local/share/man/man1"
)]
pub(crate) struct Man {
    /// A command, or a folder for all pages; it is created if it does not exist
    #[arg(value_name = "COMMAND|DIR")]
    what: Vec<PathBuf>,
}

/// Writes the pages of the program that `definition` describes.
pub(crate) fn run(man: &Man, program: &Command, invocation: Invocation<'_>) -> Result<(), Failure> {
    let mut ui = invocation.ui();
    let (mut command, mut parent) = (program, None);
    for (index, word) in man.what.iter().enumerate() {
        let below = word.to_str().and_then(|word| command.find_subcommand(word));
        match below {
            Some(below) => {
                parent = Some(name(command, parent.as_deref()));
                command = below;
            }
            None if index == 0 && man.what.len() == 1 => return write_all(program, word, &mut ui),
            None => {
                let word = word.display();
                return Err(Failure::usage(format!("there is no command {word}"))
                    .hint("`deploytrack --help` lists the commands"));
            }
        }
    }
    let mut text = Vec::new();
    page(command, parent.as_deref(), &mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    // man(1) shows the page on a terminal.
    if ui.env.stdout_is_terminal && pager::show("man -l -", &text, ui.env).is_ok() {
        return Ok(());
    }
    Ok(ui.out.write_all(text.as_bytes())?)
}

/// Writes all pages into a folder.
fn write_all(program: &Command, dir: &Path, ui: &mut Ui<'_>) -> Result<(), Failure> {
    let shown = dir.display();
    fs::create_dir_all(dir)
        .and_then(|()| pages(program, None, dir))
        .map_err(|error| {
            Failure::usage(format!("cannot write the manual pages to {shown}: {error}"))
        })?;
    ui.note(&format!(
        "wrote the manual pages to {shown}; read one with: man {shown}/deploytrack-record.1"
    ))
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
