//! How a command starts: as execvp(3) has it, whatever the C library.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

use tokio::process::{Child, Command};

/// What runs a script that does not say what runs it (POSIX, `execvp`).
const SHELL: &str = "/bin/sh";

/// Starts a command; `prepare` is told its program and arguments.
pub(super) fn start(command: &[OsString], prepare: impl Fn(&OsStr, &[OsString]) -> Command) -> io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
    match prepare(program, arguments).spawn() {
        Err(error) if says_it_is_a_script(&error) => {
            let script = [&[found(program).into_os_string()], arguments].concat();
            prepare(OsStr::new(SHELL), &script).spawn()
        }
        started => started,
    }
}

#[cfg(unix)]
fn says_it_is_a_script(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
}

#[cfg(not(unix))]
fn says_it_is_a_script(_error: &io::Error) -> bool {
    false
}

/// Where the program is: as it is named, or the first on the path that may be run.
fn found(program: &OsStr) -> PathBuf {
    let named = Path::new(program);
    if named.components().count() > 1 {
        return named.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(named)).find(|path| may_run(path)).unwrap_or_else(|| named.to_owned())
}

#[cfg(unix)]
fn may_run(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn may_run(path: &Path) -> bool {
    path.is_file()
}
