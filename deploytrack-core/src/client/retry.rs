//! Retries of writes, and of requests that a server was too busy for.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};

use super::Error;

/// The number of retries.
const TIMES: usize = 2;
/// The wait before the first retry; the next wait is three times as long. A random part is added,
/// so that many clients do not retry at the same time.
const FIRST: Duration = Duration::from_millis(200);
/// The longest `Retry-After` of a server that the client waits for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends a write, and retries it when its response is lost or the server asks for a retry.
pub(super) async fn send<T, F: Future<Output = Result<T, Error>>>(
    attempt: impl FnMut() -> F,
) -> Result<T, Error> {
    send_after(FIRST, is_retryable, attempt).await
}

/// Sends a request that has no idempotency key, and repeats it only when the server has refused it
/// for the number of requests: nothing was done then.
pub(super) async fn ask<T, F: Future<Output = Result<T, Error>>>(
    attempt: impl FnMut() -> F,
) -> Result<T, Error> {
    send_after(FIRST, is_about_rate, attempt).await
}

async fn send_after<T, F: Future<Output = Result<T, Error>>>(
    first: Duration,
    is_retryable: impl FnMut(&Error) -> bool,
    attempt: impl FnMut() -> F,
) -> Result<T, Error> {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(first)
        .with_factor(3.0)
        .with_max_times(TIMES)
        .with_jitter();
    attempt
        .retry(backoff)
        .when(is_retryable)
        .adjust(|error, wait| match (wait, retry_after(error)) {
            // The random part is added, since many clients are given the same time.
            (Some(wait), Some(asked)) if asked <= PATIENCE => Some(wait + asked),
            (_, Some(_)) => None,
            (wait, None) => wait,
        })
        .await
}

/// Whether the same request may succeed a moment later. A timeout is not retried: it has waited
/// long enough.
fn is_retryable(error: &Error) -> bool {
    match error {
        Error::Unreachable { obstacle, .. } => obstacle.may_pass(),
        Error::Server(problem) => matches!(problem.status, 429 | 502 | 503 | 504),
        Error::Refused(problem) => problem.code == "request_in_progress",
        Error::Setup(_)
        | Error::Unauthorised(_)
        | Error::Timeout { .. }
        | Error::Unreadable(_)
        | Error::NoIdentity(_) => false,
    }
}

/// Whether the server states when it accepts the next request of this caller (429).
fn is_about_rate(error: &Error) -> bool {
    matches!(error, Error::Server(problem) if problem.status == 429 && problem.retry_after.is_some())
}

fn retry_after(error: &Error) -> Option<Duration> {
    let (Error::Server(problem) | Error::Refused(problem)) = error else {
        return None;
    };
    problem.retry_after.map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{super::Obstacle, *};
    use crate::api::Problem;

    fn server(status: u16, retry_after: Option<u64>) -> Error {
        Error::Server(Box::new(Problem {
            status,
            retry_after,
            ..Problem::default()
        }))
    }

    async fn attempts(error: impl Fn() -> Error) -> usize {
        attempts_of(is_retryable, error).await
    }

    async fn attempts_of(
        retryable: impl FnMut(&Error) -> bool,
        error: impl Fn() -> Error,
    ) -> usize {
        let made = Cell::new(0);
        let outcome: Result<(), Error> = send_after(Duration::from_millis(1), retryable, || {
            made.set(made.get() + 1);
            async { Err(error()) }
        })
        .await;
        assert!(outcome.is_err());
        made.get()
    }

    #[tokio::test]
    async fn a_temporary_failure_is_sent_three_times_in_total() {
        let behind = |obstacle| Error::Unreachable {
            url: String::new(),
            why: String::new(),
            obstacle,
        };
        assert_eq!(attempts(|| behind(Obstacle::Refused)).await, 3);
        assert_eq!(
            attempts(|| behind(Obstacle::Expired)).await,
            1,
            "a certificate does not become valid by waiting"
        );
        assert_eq!(attempts(|| server(503, Some(0))).await, 3);
        assert_eq!(
            attempts(|| server(503, Some(3600))).await,
            1,
            "the wait is too long"
        );
        assert_eq!(attempts(|| server(429, Some(0))).await, 3);
        assert_eq!(attempts(|| server(500, None)).await, 1);
        assert_eq!(attempts(|| Error::Refused(Box::default())).await, 1);
    }

    #[tokio::test]
    async fn a_read_is_repeated_only_when_the_server_states_the_time() {
        let attempts = |status, after| attempts_of(is_about_rate, move || server(status, after));
        assert_eq!(attempts(429, Some(0)).await, 3);
        assert_eq!(attempts(429, Some(3600)).await, 1, "the wait is too long");
        assert_eq!(attempts(429, None).await, 1);
        assert_eq!(attempts(503, Some(0)).await, 1);
    }
}
