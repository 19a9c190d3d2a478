//! The failure of a command: message, faults, hints and exit code. Also which errors a retry cannot
//! fix.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use deploytrack_core::{
    api::{Problem, TOKEN_ENDED, TOKEN_LIFETIME},
    client,
    error::Fault,
};

use crate::{
    ci::manner::Manner,
    exit::Exit,
    hints,
    render::text::clean,
    text::cut,
    wording::{self, Wording},
};

/// The code of the refusal of an identity token.
pub(crate) const UNTRUSTED_IDENTITY: &str = "untrusted_identity";
/// The most characters of a wrong value that a message quotes.
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
        Self {
            exit,
            message: message.into(),
            faults: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// The message, one sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether the server could not be asked: the same command may succeed later.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.exit == Exit::Unreachable
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The failure of a request that a server of an earlier version does not know. `lacks` says what
    /// such a server does not do, and `way_out` is the hint.
    pub(crate) fn or_older_server(error: client::Error, lacks: &str, way_out: &str) -> Self {
        match error {
            client::Error::Refused(problem)
                if problem.status == 405 || problem.status == 404 && problem.kind.is_none() =>
            {
                Self::usage(format!(
                    "this server is older than this command and {lacks}"
                ))
                .hint(way_out)
            }
            error => error.into(),
        }
    }

    /// The failure to read the spool.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the signature that map_err needs"
    )]
    pub(crate) fn of_spool(error: io::Error) -> Self {
        Self::usage(format!("the spool cannot be read: {error}"))
    }

    /// The exit code, and message, faults and hints in one line, for a list of findings.
    pub(crate) fn summary(&self) -> (Exit, String) {
        let parts = [
            std::slice::from_ref(&self.message),
            &self.faults,
            &self.hints,
        ]
        .concat();
        (self.exit, parts.join("; "))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Writes the failure to `err`, after the answer so far.
    pub(crate) fn report(&self, manner: Manner, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
        drop(out.flush());
        // A wrapped command has printed its own errors.
        if !matches!(self.exit, Exit::Done | Exit::Command(_)) {
            // If standard error is closed too, only the exit code is left.
            drop(self.write(manner, err));
        }
        self.exit
    }

    /// Message, faults and hints.
    fn parts(&self) -> impl Iterator<Item = String> {
        let hints = self
            .hints
            .iter()
            .map(|hint| clean(&format!("hint: {hint}")));
        std::iter::once(&self.message)
            .chain(&self.faults)
            .map(|part| clean(part))
            .chain(hints)
    }

    /// Message, faults and hints in one line, for a warning.
    pub(crate) fn sentence(&self) -> String {
        self.parts().collect::<Vec<_>>().join("; ")
    }

    fn write(&self, manner: Manner, err: &mut dyn Write) -> io::Result<()> {
        if let Some(line) = manner
            .form
            .line(manner.level, &self.parts().collect::<Vec<_>>().join("\n"))
        {
            writeln!(err, "{line}")?;
            return err.flush();
        }
        let styled = |style: Style| if manner.colour { style } else { Style::new() };
        let (red, cyan) = (
            styled(AnsiColor::Red.on_default().bold()),
            styled(AnsiColor::Cyan.on_default()),
        );
        writeln!(err, "{red}error:{red:#} {}", clean(&self.message))?;
        for fault in &self.faults {
            writeln!(err, "  {}", clean(fault))?;
        }
        for hint in &self.hints {
            writeln!(err, "{cyan}hint:{cyan:#} {}", clean(hint))?;
        }
        err.flush()
    }

    /// A refusal of the server. `place` maps the position of each fault.
    fn refused(exit: Exit, problem: &Problem, place: impl Fn(&Fault) -> Fault) -> Self {
        let Wording {
            message,
            faults,
            hints,
        } = wording::of(problem, place);
        Self {
            exit,
            message,
            faults,
            hints,
        }
    }

    /// Adds the value of the flag to each sentence that begins with a flag, if the flag was given
    /// once.
    pub(crate) fn with_values(mut self, given: impl Fn(&str) -> Option<String>) -> Self {
        for sentence in std::iter::once(&mut self.message).chain(&mut self.faults) {
            let Some((flag, rest)) = sentence
                .split_once(' ')
                .filter(|(word, _)| word.starts_with("--"))
            else {
                continue;
            };
            if let Some(value) =
                given(flag).filter(|value| !value.is_empty() && !rest.contains(value.as_str()))
            {
                *sentence = format!("{flag} '{}' {rest}", cut(&value, MOST_OF_A_VALUE));
            }
        }
        self
    }

    pub(crate) fn did_you_mean(self, names: impl Iterator<Item = String>) -> Self {
        self.hint(format!(
            "did you mean {}?",
            names.collect::<Vec<_>>().join(" or ")
        ))
    }

    /// As [`From<client::Error>`]; `place` maps a line of the request to its position in the file.
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
    /// The failure for an error of the client.
    pub(crate) fn of(error: &client::Error) -> Self {
        match error {
            client::Error::Setup(why) => Self::usage(why),
            client::Error::Refused(problem) => Self::refused(Exit::Refused, problem, Fault::clone),
            // From a proxy or another server, which does not expect our token.
            client::Error::Unauthorised(problem) if problem.code.is_empty() => {
                Self::new(Exit::Unauthorised, &problem.detail).hint("give the address of the server with --url or DEPLOYTRACK_URL")
            }
            client::Error::Unauthorised(problem) if problem.code == TOKEN_LIFETIME => {
                Self::refused(Exit::Unauthorised, problem, Fault::clone)
                    .hint("`deploytrack-server token --expires-in 90d` creates a token with a shorter lifetime")
            }
            client::Error::Unauthorised(problem) if problem.code == TOKEN_ENDED => {
                Self::new(Exit::Unauthorised, &problem.detail)
                    .hint("give the new one in DEPLOYTRACK_TOKEN or DEPLOYTRACK_TOKEN_FILE, or store it with `deploytrack login`")
            }
            client::Error::Unauthorised(problem) if problem.code == UNTRUSTED_IDENTITY => {
                Self::refused(Exit::Unauthorised, problem, Fault::clone).hint(
                    "an operator of the server changes the rule, or the pipeline runs where the rule accepts it; `deploytrack oidc explain` shows every rule",
                )
            }
            client::Error::Unauthorised(problem) if problem.status == 401 => {
                Self::new(Exit::Unauthorised, "the token is missing, or the server does not accept it")
                    .hint("give a token in DEPLOYTRACK_TOKEN or DEPLOYTRACK_TOKEN_FILE, or choose a profile that has one with --profile or `deploytrack profile use`")
                    .hint("`deploytrack login` stores a token in a profile")
                    .hint("`deploytrack serve` writes the profile local; `deploytrack-server token` creates a token for any other server")
            }
            client::Error::Unauthorised(problem) => {
                let hint = match problem.code.as_str() {
                    "outside_limits" => "an admin can give a token with other limits: `deploytrack token create` with --component and --environment",
                    _ => "recording needs the role writer; other changes, `audit` and `verify` need the role admin",
                };
                Self::refused(Exit::Unauthorised, problem, Fault::clone).hint(hint)
            }
            client::Error::NoIdentity(missing) => Self::without_identity(missing),
            client::Error::Server(problem) => {
                let failure = Self::refused(Exit::Unreachable, problem, Fault::clone);
                if problem.request_id.is_empty() {
                    failure
                } else {
                    failure.hint(format!("the server's log has details under the request id {}", problem.request_id))
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

impl Failure {
    /// The failure of a job that cannot prove its identity.
    fn without_identity(missing: &client::NoIdentity) -> Self {
        let exit = if missing.may_pass {
            Exit::Unreachable
        } else {
            Exit::Unauthorised
        };
        let instead = "a token in DEPLOYTRACK_TOKEN or DEPLOYTRACK_TOKEN_FILE is used instead of the identity of the job";
        let hints = missing.way_out.iter().map(String::as_str).chain([instead]);
        hints.fold(Self::new(exit, &missing.why), Self::hint)
    }
}

impl From<io::Error> for Failure {
    /// The failure to write the answer. A closed pipe is success: the reader has read enough.
    fn from(error: io::Error) -> Self {
        let exit = if error.kind() == io::ErrorKind::BrokenPipe {
            Exit::Done
        } else {
            Exit::Refused
        };
        Self::new(exit, format!("cannot write the answer: {error}"))
    }
}

/// Whether no retry can fix the error.
///
/// Another token can fix a 401 or 403. An answer without a problem code comes from a proxy, and the
/// server behind it may accept the request. The exception is 413: the body stays too large.
pub(crate) fn is_final(error: &client::Error) -> bool {
    match error {
        client::Error::Setup(_) => true,
        client::Error::Refused(problem) if problem.status == 413 => true,
        client::Error::Refused(problem) => !matches!(
            problem.code.as_str(),
            "" | "request_in_progress" | "request_timeout"
        ),
        client::Error::Unauthorised(_)
        | client::Error::Server(_)
        | client::Error::Unreachable { .. }
        | client::Error::Timeout { .. }
        | client::Error::Unreadable(_)
        | client::Error::NoIdentity(_) => false,
    }
}

/// Whether the server does not have the endpoint.
pub(crate) fn is_unknown_endpoint(error: &client::Error) -> bool {
    matches!(error, client::Error::Refused(problem) if matches!(problem.status, 404 | 405))
}

/// Whether another token, or another identity of the job, can fix the error.
pub(crate) const fn is_about_the_token(error: &client::Error) -> bool {
    match error {
        client::Error::Unauthorised(_) => true,
        client::Error::NoIdentity(missing) => !missing.may_pass,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::annotations::{Form, Level};

    fn printed(failure: &Failure) -> String {
        let mut err = Vec::new();
        let manner = Manner {
            colour: false,
            form: Form::Plain,
            level: Level::Error,
        };
        failure.report(manner, &mut Vec::new(), &mut err);
        String::from_utf8(err).unwrap()
    }

    #[test]
    fn every_fault_is_printed_on_a_line() {
        let errors = vec![
            Fault::at("/version", "is required"),
            Fault::parameter("take", "must be a whole number"),
        ];
        let problem = Problem {
            detail: "both".to_owned(),
            errors,
            ..Problem::default()
        };
        let failure = Failure::from(client::Error::Refused(Box::new(problem)));
        assert_eq!(
            printed(&failure),
            "error: the server found 2 faults\n  --version is required\n  --take must be a whole number\n"
        );
    }

    #[test]
    fn a_message_of_the_server_cannot_steer_the_terminal() {
        let problem = Problem {
            detail: "\x1b[2Jgone".to_owned(),
            code: "invalid_request".to_owned(),
            ..Problem::default()
        };
        let failure = Failure::from(client::Error::Refused(Box::new(problem)));
        assert_eq!(printed(&failure), "error: \\u{1b}[2Jgone\n");
    }

    #[test]
    fn only_a_permanent_refusal_by_the_server_is_final() {
        let refused = |code: &str| {
            client::Error::Refused(Box::new(Problem {
                code: code.to_owned(),
                ..Problem::default()
            }))
        };
        for code in [
            "near_miss",
            "invalid_request",
            "not_found",
            "idempotency_key_reused",
            "invalid_transition",
        ] {
            assert!(is_final(&refused(code)), "{code}");
        }
        for code in ["", "request_in_progress", "request_timeout"] {
            assert!(!is_final(&refused(code)), "{code}");
        }
        assert!(
            !is_final(&client::Error::Unauthorised(Box::default()))
                && !is_final(&client::Error::Server(Box::default()))
        );
    }
}
