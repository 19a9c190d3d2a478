//! `deploytrack wait`

use std::time::Duration;

use deploytrack_core::{client::ApiResponse, deployment::Deployment, status::Status};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    error::{Failure, is_about_the_token, is_final},
    exit::Exit,
    flags::{Output, duration, status},
    follow::jittered,
    pipeline::{child::Signals, target::DeploymentArg},
    render::{deployment, text::clean},
    report,
    session::Session,
    settings,
    ui::Invocation,
};

/// The default of `--wait-timeout`.
const PATIENCE: Duration = Duration::from_mins(30);
/// The pause between two requests, at first and at most.
const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(5);

/// Wait until a deployment has reached a status
///
/// The exit code is 0 if the deployment reached the status; 1 if it cannot reach it without a
/// retry, for example because it failed; and 3 if the time is over. If the server is unreachable or
/// does not answer within --timeout, the command asks again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack wait 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50
  deploytrack wait --id-file deployment.id --until succeeded,failed --wait-timeout 10m")]
pub(crate) struct Wait {
    #[command(flatten)]
    which: DeploymentArg,
    /// The status to wait for; may be repeated to wait for any of several
    #[arg(long, value_name = "STATUS", value_delimiter = ',', default_value = "succeeded", value_parser = status())]
    until: Vec<Status>,
    /// Time limit in all, such as 10m [default: 30m]
    #[arg(long = "wait-timeout", value_name = "DURATION", value_parser = duration)]
    pub(crate) limit: Option<Duration>,
}

impl Wait {
    /// The time limit in all.
    fn wait_timeout(&self) -> Duration {
        self.limit.unwrap_or(PATIENCE)
    }
}

/// The last answers of the server.
#[derive(Default)]
struct Progress {
    status: Option<Status>,
    /// The last error, if the server does not answer at present.
    error: Option<Failure>,
}

/// Opens the session. One answer is not waited for longer than the deployment.
pub(crate) fn open<'a>(
    wait: &Wait,
    mut invocation: Invocation<'a>,
) -> Result<Session<'a>, Failure> {
    let answer = settings::answer_timeout(&invocation.global, invocation.env)?
        .unwrap_or(settings::DEFAULT_TIMEOUT);
    invocation.global.timeout = Some(answer.min(wait.wait_timeout()));
    Session::open(invocation)
}

pub(crate) async fn run(wait: Wait, session: &mut Session<'_>) -> Result<(), Failure> {
    let id = wait.which.recorded_id(session).await?;
    let (mut signals, mut progress) = (Signals::listen(), Progress::default());
    let end = tokio::select! {
        end = ended(id, &wait.until, &mut progress, session) => end?,
        () = sleep(wait.wait_timeout()) => return Err(timed_out(id, &wait, &progress)),
        signal = signals.next_that_ends() => return Err(Failure::new(Exit::Command(u8::try_from(128 + signal).unwrap_or(u8::MAX)), "called off")),
    };
    print(&end, &wait.until, session)
}

/// Asks until the deployment has reached the status, or cannot reach it.
async fn ended(
    id: Uuid,
    until: &[Status],
    progress: &mut Progress,
    session: &mut Session<'_>,
) -> Result<ApiResponse<Deployment>, Failure> {
    let mut pause = FIRST;
    loop {
        match session.client.deployment(id).await {
            Ok(answer) => {
                let status = answer.value.status;
                if until.contains(&status) || !until.iter().any(|to| status.reaches(*to)) {
                    return Ok(answer);
                }
                if progress.status.replace(status) != Some(status) {
                    pause = FIRST;
                }
                progress.error = None;
            }
            Err(error) if is_final(&error) || is_about_the_token(&error) => {
                return Err(error.into());
            }
            Err(error) => {
                if progress.error.is_none() {
                    session.note(&format!("{}; asking again", Failure::of(&error).message()))?;
                }
                progress.error = Some(error.into());
            }
        }
        sleep(jittered(pause)).await;
        pause = pause.mul_f64(1.5).min(MOST);
    }
}

/// Prints the deployment: one line, or the whole record with `--output`.
fn print(
    end: &ApiResponse<Deployment>,
    until: &[Status],
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let deployment = &end.value;
    let name = report::subject(deployment);
    let reached = until.contains(&deployment.status);
    match session.output() {
        Output::Table if reached => {
            session.line(&clean(&format!("{name} is {}", deployment.status)))?;
        }
        Output::Table => {}
        _ => session.answer(&end.text, &deployment::one(deployment))?,
    }
    if reached {
        return Ok(());
    }
    let message = format!(
        "{name} is {}, and does not become {} without a retry",
        deployment.status,
        words(until)
    );
    Err(Failure::new(Exit::Refused, message).hint(format!(
        "`deploytrack show {}` shows the reason",
        deployment.id
    )))
}

fn timed_out(id: Uuid, wait: &Wait, progress: &Progress) -> Failure {
    let patience = humantime::format_duration(wait.wait_timeout());
    let message = match (&progress.error, progress.status) {
        (Some(error), _) => {
            format!(
                "after {patience} it is unknown whether deployment {id} is {}: {}",
                words(&wait.until),
                error.message()
            )
        }
        (None, Some(status)) => format!(
            "deployment {id} is still {status} after {patience}, not {}",
            words(&wait.until)
        ),
        (None, None) => {
            format!("the server did not report the status of deployment {id} within {patience}")
        }
    };
    Failure::new(Exit::Unreachable, message)
        .hint("wait longer with --wait-timeout, such as --wait-timeout 2h")
}

fn words(statuses: &[Status]) -> String {
    statuses
        .iter()
        .map(|status| status.as_str())
        .collect::<Vec<_>>()
        .join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jitter_shortens_a_pause_by_at_most_a_quarter() {
        for _ in 0..100 {
            let pause = jittered(MOST);
            assert!(pause <= MOST && pause >= MOST.mul_f64(0.74), "{pause:?}");
        }
    }
}
