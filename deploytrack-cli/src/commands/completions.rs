//! `deploytrack completions`

use std::io::Write;

use clap_complete::Shell;

use crate::error::Failure;

/// Print the completion script for a shell
///
/// The script is generated from the same definitions as this help. The command needs no server and
/// no profile.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack completions bash > ~/.local/share/bash-completion/completions/deploytrack
  deploytrack completions zsh > ~/.zfunc/_deploytrack
  deploytrack completions fish > ~/.config/fish/completions/deploytrack.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(
    completions: &Completions,
    mut definition: clap::Command,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // Written to memory first: the generator panics on a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(
        completions.shell,
        &mut definition,
        "deploytrack",
        &mut script,
    );
    Ok(out.write_all(&script)?)
}
