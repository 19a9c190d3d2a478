//! The pager: a program that shows a long text one screen at a time.

use std::{
    io::{self, Write},
    process::{Command, Stdio},
};

use crate::process_env::ProcessEnv;

/// The pager if no variable names one.
const DEFAULT: &str = "less -FRX";
/// The variables of `less` that are set if they are unset: quit if the text fits the screen, show
/// colours, leave the text on the screen; and the text is UTF-8, whatever the locale.
const OF_LESS: [(&str, &str); 2] = [("LESS", "FRX"), ("LESSCHARSET", "utf-8")];
/// The exit codes with which a shell reports that a command cannot be started.
const NOT_STARTED: [i32; 2] = [126, 127];

/// The command line of the pager for this text; `None` if the terminal is high enough for it, and in
/// the cases of [`command`].
pub(crate) fn for_text(text: &str, env: &ProcessEnv) -> Option<String> {
    let is_long = |height: u16| text.lines().count() >= usize::from(height);
    env.height
        .filter(|height| is_long(*height))
        .and_then(|_| command(env))
}

/// The command line of the pager; `None` if the user wants none, if no pager is found, or if the
/// terminal cannot move its cursor.
fn command(env: &ProcessEnv) -> Option<String> {
    if env.variable("TERM") == Some("dumb") {
        return None;
    }
    let named = ["DEPLOYTRACK_PAGER", "PAGER"]
        .into_iter()
        .find_map(|name| env.variables.get(name));
    match named.map(|command| command.trim()) {
        Some("" | "cat") => None,
        Some(command) => Some(command.to_owned()),
        None => is_on_path("less", env).then(|| DEFAULT.to_owned()),
    }
}

fn is_on_path(program: &str, env: &ProcessEnv) -> bool {
    let path = env.variables.get("PATH");
    path.is_some_and(|path| std::env::split_paths(path).any(|at| at.join(program).is_file()))
}

/// Shows the text in the pager, and returns when that ends. A pager that ends early has shown
/// enough.
///
/// # Errors
/// The pager cannot be started. The text is not shown then.
pub(crate) fn show(command: &str, text: &str, env: &ProcessEnv) -> io::Result<()> {
    // Ctrl-C is for the pager. Without this process the shell would take the terminal while the
    // pager still reads from it.
    let _ignored = Ignored::interrupts();
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::piped());
    let is_unset = |(name, _): &(&str, &str)| !env.variables.contains_key(*name);
    shell.envs(OF_LESS.into_iter().filter(is_unset));
    let mut pager = shell.spawn()?;
    if let Some(mut input) = pager.stdin.take() {
        // A closed pipe: the pager has ended.
        drop(input.write_all(text.as_bytes()));
    }
    let status = pager.wait()?;
    match status.code() {
        Some(code) if NOT_STARTED.contains(&code) => {
            Err(io::Error::new(io::ErrorKind::NotFound, command.to_owned()))
        }
        _ => Ok(()),
    }
}

/// While it lives, Ctrl-C and Ctrl-\ do not end this process. The pager has the default handlers:
/// a program that is started does not inherit these.
struct Ignored(#[cfg(unix)] Vec<signal_hook::SigId>);

impl Ignored {
    #[cfg(unix)]
    fn interrupts() -> Self {
        use std::sync::{Arc, atomic::AtomicBool};

        use signal_hook::{
            consts::{SIGINT, SIGQUIT},
            flag::register,
        };
        let ids =
            [SIGINT, SIGQUIT].map(|signal| register(signal, Arc::new(AtomicBool::new(false))));
        Self(ids.into_iter().flatten().collect())
    }

    #[cfg(not(unix))]
    fn interrupts() -> Self {
        Self()
    }
}

#[cfg(unix)]
impl Drop for Ignored {
    fn drop(&mut self) {
        for id in &self.0 {
            signal_hook::low_level::unregister(*id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> ProcessEnv {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ProcessEnv {
            variables: variables.collect(),
            ..ProcessEnv::default()
        }
    }

    #[test]
    fn the_own_variable_overrides_the_general_one_and_nothing_means_no_pager() {
        for (variables, expected) in [
            (
                &[("DEPLOYTRACK_PAGER", "most"), ("PAGER", "more")][..],
                Some("most"),
            ),
            (&[("PAGER", "less -S")], Some("less -S")),
            (&[("DEPLOYTRACK_PAGER", ""), ("PAGER", "more")], None),
            (&[("PAGER", " cat ")], None),
            (&[("PAGER", "more"), ("TERM", "dumb")], None),
            (&[("PATH", "/nowhere")], None),
            (&[], None),
        ] {
            let command = command(&env(variables));
            assert_eq!(command.as_deref(), expected, "{variables:?}");
        }
    }

    #[test]
    fn a_pager_that_ends_early_is_no_error_and_one_that_is_missing_is() {
        let text = "row\n".repeat(100_000);
        assert!(show("exit 3", &text, &env(&[])).is_ok());
        assert!(show("no-such-pager --flag 2>/dev/null", &text, &env(&[])).is_err());
    }
}
