//! The programs of `CircleCI` and Buildkite that print an identity token.

use std::{path::Path, process::Stdio, time::Duration};

use deploytrack_core::client::NoIdentity;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
    time::timeout,
};

use crate::{
    secrets::Secrets,
    text::{cut, one_line, trimmed},
};

/// The most bytes that are read of an output.
const MOST_BYTES: u64 = 64 * 1024;
/// The most characters of an error that a message quotes.
const MOST_OF_AN_ERROR: usize = 300;
/// The exit code of `buildkite-agent oidc request-token` after a refusal that no retry can change.
const REFUSED: i32 = 77;

/// The output of a program, which must end successfully within the time limit.
pub(super) async fn output(
    program: &Path,
    arguments: &[&str],
    limit: Duration,
) -> Result<String, NoIdentity> {
    let name = program.file_name().unwrap_or(program.as_os_str());
    let name = name.to_string_lossy();
    let failed = |why: String, may_pass| NoIdentity {
        why: format!("no identity token: `{name}` {why}"),
        way_out: None,
        may_pass,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("could not be started: {error}"), false))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = timeout(limit, async {
        let (out, err) = tokio::join!(read(out), read(err));
        (child.wait().await, out, err)
    })
    .await;
    match ended {
        Err(_) => Err(failed(
            format!("did not end within {}", humantime::format_duration(limit)),
            true,
        )),
        Ok((Err(error), ..)) => Err(failed(format!("could not be waited for: {error}"), true)),
        Ok((Ok(status), out, _)) if status.success() => Ok(trimmed(&out).to_owned()),
        Ok((Ok(status), _, err)) => Err(failed(
            format!("failed ({status}): {}", quoted(&err)),
            status.code() != Some(REFUSED),
        )),
    }
}

/// Reads the first bytes of a stream, and discards the rest.
async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else {
        return String::new();
    };
    let mut bytes = Vec::new();
    // A stream that cannot be read further has no token.
    drop((&mut stream).take(MOST_BYTES).read_to_end(&mut bytes).await);
    drop(tokio::io::copy(&mut stream, &mut tokio::io::sink()).await);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The last line of an error, in which secrets are masked.
fn quoted(err: &str) -> String {
    let line = err.lines().rev().find(|line| !line.trim().is_empty());
    let line = one_line(line.unwrap_or("it printed no error"));
    cut(
        &Secrets::of_this_process().mask_log(&line),
        MOST_OF_AN_ERROR,
    )
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    async fn shell(script: &str, limit: Duration) -> Result<String, NoIdentity> {
        output(Path::new("/bin/sh"), &["-c", script], limit).await
    }

    #[tokio::test]
    async fn the_output_of_a_program_is_trimmed_and_bounded() {
        let long = Duration::from_mins(1);
        assert_eq!(shell("echo ' a.b.c '", long).await.unwrap(), "a.b.c");
        let flood = "head -c 1000000 /dev/zero | tr '\\0' a";
        assert_eq!(shell(flood, long).await.unwrap().len() as u64, MOST_BYTES);
    }

    #[tokio::test]
    async fn a_failed_program_is_named_with_its_last_line_and_without_secrets() {
        let long = Duration::from_mins(1);
        let script = "echo first >&2; echo 'Authorization: Bearer hushhushhush' >&2; exit 1";
        let failed = shell(script, long).await.unwrap_err();
        assert!(failed.may_pass && failed.why.contains("`sh` failed (exit status: 1)"));
        assert!(
            !failed.why.contains("hush") && !failed.why.contains("first"),
            "{failed:?}"
        );
        assert!(!shell("exit 77", long).await.unwrap_err().may_pass);
        let missing = output(Path::new("/no/such/program"), &[], long)
            .await
            .unwrap_err();
        assert!(
            missing.why.contains("`program` could not be started"),
            "{missing:?}"
        );
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("echo $$ > {}; exec sleep 100", file.display());
        let failed = shell(&script, Duration::from_millis(500))
            .await
            .unwrap_err();
        assert!(failed.may_pass && failed.why.contains("did not end within 500ms"));
        let pid = std::fs::read_to_string(file).unwrap();
        let proc = format!("/proc/{}/cmdline", pid.trim());
        let is_gone = || std::fs::read(&proc).map_or(true, |line| line.is_empty());
        for _ in 0..500 {
            if is_gone() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{proc} is still running");
    }
}
