//! How a command ended.

/// How a command ended; a public contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// The server refused (4xx); the message says why.
    Refused,
    /// The command line or the settings are wrong.
    Usage,
    /// Unreachable, timed out or 5xx: worth retrying.
    Unreachable,
    /// Not authorised (401, 403).
    Unauthorised,
    /// A difference was found.
    Difference,
    /// That of the command that was wrapped, whatever it is.
    Command(u8),
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Unauthorised => 4,
            Exit::Difference => 6,
            Exit::Command(code) => code,
        })
    }
}
