//! Starts a command as execvp(3) does, with any C library.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

use tokio::process::{Child, Command};

/// The interpreter of a script without a `#!` line (POSIX, `execvp`).
const SHELL: &str = "/bin/sh";

/// Starts a command. `prepare` gets the program and the arguments.
pub(super) fn start(
    command: &[OsString],
    prepare: impl Fn(&OsStr, &[OsString]) -> Command,
) -> io::Result<Child> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| io::Error::other("there is no command"))?;
    match prepare(program, arguments).spawn() {
        Err(error) if has_no_interpreter(&error) => {
            let script = [&[path_of(program).into_os_string()], arguments].concat();
            prepare(OsStr::new(SHELL), &script).spawn()
        }
        started => started,
    }
}

#[cfg(unix)]
fn has_no_interpreter(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
}

#[cfg(not(unix))]
fn has_no_interpreter(_error: &io::Error) -> bool {
    false
}

/// The path of the program: as it is named, or the first executable in `PATH`.
fn path_of(program: &OsStr) -> PathBuf {
    let named = Path::new(program);
    if named.components().count() > 1 {
        return named.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(named))
        .find(|path| is_executable(path))
        .unwrap_or_else(|| named.to_owned())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
