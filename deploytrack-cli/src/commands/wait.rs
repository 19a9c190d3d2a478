//! `deploytrack wait`

use std::time::Duration;

use deploytrack_core::{
    client::{Answer, Error},
    deployment::Deployment,
    status::Status,
};
use tokio::time::sleep;
use uuid::Uuid;

use super::which::Which;
use crate::{
    child::Signals,
    delivery::is_final,
    error::Failure,
    exit::Exit,
    flags::{Output, duration, status},
    follow::jittered,
    render::{deployment, text::clean},
    session::Session,
    settings,
    ui::Invocation,
};

/// How long to wait unless `--wait-timeout` says otherwise.
const PATIENCE: Duration = Duration::from_mins(30);
/// How long to wait before asking again, at first and at most.
const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(5);

/// Wait until a deployment has reached a status
///
/// Ends with 0 when it is reached; with 1 when the deployment has gone where nothing but a person's act leads back, such as
/// failed; and with 3 when the time is over. A server that cannot be reached meanwhile, or does not answer within --timeout, is
/// asked again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack wait 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50
  deploytrack wait --id-file deployment.id --until succeeded,failed --wait-timeout 10m")]
pub(crate) struct Wait {
    #[command(flatten)]
    which: Which,
    /// The status to wait for; may be repeated, and any of them will do
    #[arg(long, value_name = "STATUS", value_delimiter = ',', default_value = "succeeded", value_parser = status())]
    until: Vec<Status>,
    /// How long to wait in all, such as 10m [default: 30m]
    #[arg(long = "wait-timeout", value_name = "DURATION", value_parser = duration)]
    pub(crate) limit: Option<Duration>,
}

impl Wait {
    /// How long to wait in all.
    fn wait_timeout(&self) -> Duration {
        self.limit.unwrap_or(PATIENCE)
    }
}

/// What has been seen so far.
#[derive(Default)]
struct Progress {
    status: Option<Status>,
    /// Why the server cannot be asked at the moment.
    trouble: Option<Failure>,
}

/// Opens the session. One answer is not waited for longer than the deployment.
pub(crate) fn open<'a>(wait: &Wait, mut invocation: Invocation<'a>) -> Result<Session<'a>, Failure> {
    let answer = settings::answer_timeout(&invocation.global, invocation.env)?.unwrap_or(settings::DEFAULT_TIMEOUT);
    invocation.global.timeout = Some(answer.min(wait.wait_timeout()));
    Session::open(invocation)
}

pub(crate) async fn run(wait: Wait, session: &mut Session<'_>) -> Result<(), Failure> {
    let id = wait.which.known(session).await?;
    let (mut signals, mut seen) = (Signals::listen(), Progress::default());
    let end = tokio::select! {
        end = ended(id, &wait.until, &mut seen, session) => end?,
        () = sleep(wait.wait_timeout()) => return Err(over(id, &wait, &seen)),
        signal = signals.next_that_ends() => return Err(Failure::new(Exit::Command(u8::try_from(128 + signal).unwrap_or(u8::MAX)), "called off")),
    };
    say(&end, &wait.until, session)
}

/// Asks until the deployment is where it should be, or will not come there.
async fn ended(id: Uuid, until: &[Status], seen: &mut Progress, session: &mut Session<'_>) -> Result<Answer<Deployment>, Failure> {
    let mut pause = FIRST;
    loop {
        match session.client.deployment(id).await {
            Ok(answer) => {
                let status = answer.value.status;
                if until.contains(&status) || !may_reach(status, until) {
                    return Ok(answer);
                }
                if seen.status.replace(status) != Some(status) {
                    pause = FIRST;
                }
                seen.trouble = None;
            }
            Err(error) if is_final(&error) || matches!(error, Error::Unauthorised(_)) => return Err(error.into()),
            Err(error) => {
                if seen.trouble.is_none() {
                    session.note(&format!("{}; asking again", Failure::of(&error).message()))?;
                }
                seen.trouble = Some(error.into());
            }
        }
        sleep(jittered(pause)).await;
        pause = pause.mul_f64(1.5).min(MOST);
    }
}

/// Whether a deployment comes from here to one of these by itself. A retry is an act of its own: it counts only for who
/// waits for one.
fn may_reach(from: Status, until: &[Status]) -> bool {
    let mut reached = vec![from];
    let mut at = 0;
    while at < reached.len() {
        let next = reached[at].allowed().iter().filter(|next| **next != Status::Pending || until.contains(&Status::Pending));
        let next: Vec<_> = next.filter(|next| !reached.contains(next)).copied().collect();
        reached.extend(next);
        at += 1;
    }
    reached[1..].iter().any(|status| until.contains(status))
}

/// The deployment at the end: as one line, or whole where a form was asked for.
fn say(end: &Answer<Deployment>, until: &[Status], session: &mut Session<'_>) -> Result<(), Failure> {
    let deployment = &end.value;
    let name = format!("{} {} in {}", deployment.component_name, deployment.version, deployment.environment_name);
    let reached = until.contains(&deployment.status);
    match session.output() {
        Output::Table if reached => session.line(&clean(&format!("{name} is {}", deployment.status)))?,
        Output::Table => {}
        _ => session.answer(&end.text, &deployment::list(std::slice::from_ref(deployment)))?,
    }
    if reached {
        return Ok(());
    }
    let message = format!("{name} is {}, and does not become {} by itself", deployment.status, words(until));
    Err(Failure::new(Exit::Refused, message).hint(format!("`deploytrack show {}` tells why", deployment.id)))
}

fn over(id: Uuid, wait: &Wait, seen: &Progress) -> Failure {
    let patience = humantime::format_duration(wait.wait_timeout());
    let message = match (&seen.trouble, seen.status) {
        (Some(trouble), _) => {
            format!("after {patience} it is not known whether deployment {id} is {}: {}", words(&wait.until), trouble.message())
        }
        (None, Some(status)) => format!("deployment {id} is still {status} after {patience}, and not {}", words(&wait.until)),
        (None, None) => format!("the server did not say within {patience} where deployment {id} stands"),
    };
    Failure::new(Exit::Unreachable, message).hint("wait longer with --wait-timeout, such as --wait-timeout 2h")
}

fn words(statuses: &[Status]) -> String {
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_comes_by_itself_where_no_retry_is_needed() {
        use Status::{Failed, InProgress, Pending, RolledBack, Succeeded};
        for (from, until, expected) in [
            (Pending, &[Succeeded][..], true),
            (InProgress, &[Succeeded], true),
            (Succeeded, &[RolledBack], true),
            (Failed, &[Succeeded], false),
            (RolledBack, &[Succeeded], false),
            (Succeeded, &[Failed], false),
            (Succeeded, &[InProgress], false),
            (Failed, &[Pending], true),
            (Failed, &[Succeeded, Pending], true),
        ] {
            assert_eq!(may_reach(from, until), expected, "{from} until {until:?}");
        }
    }

    #[test]
    fn a_pause_is_a_quarter_shorter_at_most() {
        for _ in 0..100 {
            let pause = jittered(MOST);
            assert!(pause <= MOST && pause >= MOST.mul_f64(0.74), "{pause:?}");
        }
    }
}
