//! What is said when a command fails: the message, every fault, the way out, and the exit code.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use deploytrack_core::{
    api::{Problem, TOKEN_LIFETIME},
    client,
    error::Fault,
};

use crate::{
    ci::annotations::Manner,
    exit::Exit,
    hints,
    render::text::clean,
    text::cut,
    wording::{self, Wording},
};

/// The most of a wrong value that a message repeats.
const MOST_OF_A_VALUE: usize = 80;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    faults: Vec<String>,
    hints: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), faults: Vec::new(), hints: Vec::new() }
    }

    /// What went wrong, in a sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A spool that cannot be read.
    #[expect(clippy::needless_pass_by_value, reason = "it is what a closure would be")]
    pub(crate) fn of_spool(error: io::Error) -> Self {
        Self::usage(format!("the spool cannot be read: {error}"))
    }

    /// All of it in one sentence, for a list of what was found.
    pub(crate) fn summary(&self) -> (Exit, String) {
        let parts = [std::slice::from_ref(&self.message), &self.faults, &self.hints].concat();
        (self.exit, parts.join("; "))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Writes the failure to `err`, after what has been answered so far.
    pub(crate) fn report(&self, manner: Manner, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
        drop(out.flush());
        // Of a wrapped command the pipeline sees what the command itself has said.
        if !matches!(self.exit, Exit::Done | Exit::Command(_)) {
            // When standard error is closed too, the exit code is all that is left.
            drop(self.write(manner, err));
        }
        self.exit
    }

    /// All of it, part by part.
    fn parts(&self) -> impl Iterator<Item = String> {
        let hints = self.hints.iter().map(|hint| clean(&format!("hint: {hint}")));
        std::iter::once(&self.message).chain(&self.faults).map(|part| clean(part)).chain(hints)
    }

    /// All of it in one sentence, for a warning.
    pub(crate) fn sentence(&self) -> String {
        self.parts().collect::<Vec<_>>().join("; ")
    }

    fn write(&self, manner: Manner, err: &mut dyn Write) -> io::Result<()> {
        if let Some(line) = manner.form.line(manner.level, &self.parts().collect::<Vec<_>>().join("\n")) {
            writeln!(err, "{line}")?;
            return err.flush();
        }
        let styled = |style: Style| if manner.colour { style } else { Style::new() };
        let (red, cyan) = (styled(AnsiColor::Red.on_default().bold()), styled(AnsiColor::Cyan.on_default()));
        writeln!(err, "{red}error:{red:#} {}", clean(&self.message))?;
        for fault in &self.faults {
            writeln!(err, "  {}", clean(fault))?;
        }
        for hint in &self.hints {
            writeln!(err, "{cyan}hint:{cyan:#} {}", clean(hint))?;
        }
        err.flush()
    }

    /// A refusal, with its faults as `place` puts them.
    fn refused(exit: Exit, problem: &Problem, place: impl Fn(&Fault) -> Fault) -> Self {
        let Wording { message, faults, hints } = wording::of(problem, place);
        Self { exit, message, faults, hints }
    }

    /// The same with the value of each flag that a sentence is about, where the flag was given once.
    pub(crate) fn with_values(mut self, given: impl Fn(&str) -> Option<String>) -> Self {
        for sentence in std::iter::once(&mut self.message).chain(&mut self.faults) {
            let Some((flag, rest)) = sentence.split_once(' ').filter(|(word, _)| word.starts_with("--")) else { continue };
            if let Some(value) = given(flag).filter(|value| !value.is_empty() && !rest.contains(value.as_str())) {
                *sentence = format!("{flag} '{}' {rest}", cut(&value, MOST_OF_A_VALUE));
            }
        }
        self
    }

    pub(crate) fn did_you_mean(self, names: impl Iterator<Item = String>) -> Self {
        self.hint(format!("did you mean {}?", names.collect::<Vec<_>>().join(" or ")))
    }

    /// As [`From<client::Error>`], with the lines of an import put where they are in the file.
    pub(crate) fn of_import(error: client::Error, place: impl Fn(&Fault) -> Fault) -> Self {
        match error {
            client::Error::Refused(problem) => Self::refused(Exit::Refused, &problem, place),
            other => other.into(),
        }
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        Self::of(&error)
    }
}

impl Failure {
    /// What is said of an error of the client.
    pub(crate) fn of(error: &client::Error) -> Self {
        match error {
            client::Error::Setup(why) => Self::usage(why),
            client::Error::Refused(problem) => Self::refused(Exit::Refused, problem, Fault::clone),
            // Of a proxy, or of another server: what it wants is no token of ours.
            client::Error::Unauthorised(problem) if problem.code.is_empty() => {
                Self::new(Exit::Unauthorised, &problem.detail).hint("name the server you mean with --url or DEPLOYTRACK_URL")
            }
            client::Error::Unauthorised(problem) if problem.code == TOKEN_LIFETIME => {
                Self::refused(Exit::Unauthorised, problem, Fault::clone)
                    .hint("`deploytrack-server token --expires-in 90d` makes a token with a shorter lifetime")
            }
            client::Error::Unauthorised(problem) if problem.status == 401 => {
                Self::new(Exit::Unauthorised, "no token was given, or the server does not accept it")
                    .hint("give a token in DEPLOYTRACK_TOKEN or DEPLOYTRACK_TOKEN_FILE, or choose a profile that has one with --profile or `deploytrack profile use`")
                    .hint("`deploytrack login` keeps a token in a profile")
                    .hint("`deploytrack serve` writes the profile local; `deploytrack-server token` makes a token for any other server")
            }
            client::Error::Unauthorised(problem) => Self::refused(Exit::Unauthorised, problem, Fault::clone)
                .hint("a token that only reads cannot write; writing needs the role admin"),
            client::Error::Server(problem) => {
                let failure = Self::refused(Exit::Unreachable, problem, Fault::clone);
                if problem.request_id.is_empty() {
                    failure
                } else {
                    failure.hint(format!("the server's log has more under the request id {}", problem.request_id))
                }
            }
            client::Error::Unreachable { .. } | client::Error::Timeout { .. } | client::Error::Unreadable(_) => {
                let failure = Self::new(Exit::Unreachable, error.to_string());
                match hints::of(error) {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
        }
    }
}

impl From<io::Error> for Failure {
    /// A failure to write the answer. A reader that has gone away had all that it wanted.
    fn from(error: io::Error) -> Self {
        let exit = if error.kind() == io::ErrorKind::BrokenPipe { Exit::Done } else { Exit::Refused };
        Self::new(exit, format!("cannot write the answer: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::annotations::{Form, Level};

    fn said(failure: &Failure) -> String {
        let mut err = Vec::new();
        let manner = Manner { colour: false, form: Form::Plain, level: Level::Error };
        failure.report(manner, &mut Vec::new(), &mut err);
        String::from_utf8(err).unwrap()
    }

    #[test]
    fn every_fault_has_its_line() {
        let errors = vec![Fault::at("/version", "is required"), Fault::parameter("take", "must be a whole number")];
        let problem = Problem { detail: "both".to_owned(), errors, ..Problem::default() };
        let failure = Failure::from(client::Error::Refused(Box::new(problem)));
        assert_eq!(said(&failure), "error: the server found 2 faults\n  --version is required\n  --take must be a whole number\n");
    }

    #[test]
    fn what_a_server_says_cannot_steer_the_terminal() {
        let problem = Problem { detail: "\x1b[2Jgone".to_owned(), code: "invalid_request".to_owned(), ..Problem::default() };
        let failure = Failure::from(client::Error::Refused(Box::new(problem)));
        assert_eq!(said(&failure), "error: \\u{1b}[2Jgone\n");
    }
}
