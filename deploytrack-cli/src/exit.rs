//! The exit code of a command.

/// The exit code; a public contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the server rejected the request (4xx); the message has the reason.
    Refused,
    /// 2: the command line or the settings are wrong.
    Usage,
    /// 3: unreachable, timed out or 5xx: worth retrying.
    Unreachable,
    /// 4: not authorised (401, 403).
    Unauthorised,
    /// 6: a difference was found.
    Difference,
    /// The exit code of the wrapped command.
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
