//! Attacks with the token of one reader.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::Caller,
    slow::{Slow, Unread},
};
use tokio::{task::JoinSet, time::sleep};

use super::HELD;

/// How many answers are requested at once.
const ANSWERS: usize = 300;
/// How many callers send one request after the other.
const ASKERS: u32 = 24;
/// The components of the matrix, and its environments.
pub(super) const COMPONENTS: u32 = 25_000;
pub(super) const ENVIRONMENTS: u32 = 8;

/// Exports of large rows, each read at one byte a second.
pub(super) async fn slow_exports(address: SocketAddr) {
    let exports = ask(address, "/api/v1/deployments/export").await;
    let slow: Vec<Slow> = exports
        .into_iter()
        .map(|export| export.slowly(1, Duration::from_secs(1)))
        .collect();
    sleep(HELD).await;
    drop(slow);
}

/// Readers of all events of a component without events, all with the token of one subject.
pub(super) async fn streams_of_one_subject(address: SocketAddr) {
    let streams = ask(address, "/api/v1/events?after=0&component=nothing").await;
    let other = Unread::ask(address, &Caller::token_of("other"), "/api/v1/events").await;
    assert_eq!(
        other.status(),
        200,
        "another subject reads events: {}",
        other.head()
    );
    sleep(HELD).await;
    drop(streams);
}

/// Requests a path over many connections, and reads only the heads of the answers.
async fn ask(address: SocketAddr, path: &'static str) -> Vec<Unread> {
    let token = Caller::token_of("abuser");
    let asked: JoinSet<_> = std::iter::repeat_n(token, ANSWERS)
        .map(|token| async move { Unread::ask(address, &token, path).await })
        .collect();
    let answers = asked.join_all().await;
    println!(
        "    {} of {ANSWERS} begun",
        answers
            .iter()
            .filter(|answer| answer.status() == 200)
            .count()
    );
    answers
}

/// Requests about one component each, always another one, and sometimes about a whole environment.
pub(super) async fn distinct_questions(address: SocketAddr) {
    let end = Instant::now() + HELD;
    let askers: JoinSet<_> = (0..ASKERS)
        .map(|asker| ask_until(end, address, asker))
        .collect();
    let answers = askers.join_all().await;
    println!(
        "    {} questions answered",
        answers.into_iter().sum::<u32>()
    );
}

/// Sends requests until then. Returns how many were answered.
async fn ask_until(end: Instant, address: SocketAddr, asker: u32) -> u32 {
    let (caller, mut answered) = (Caller::named(&format!("http://{address}"), "abuser"), 0);
    for number in 1.. {
        if Instant::now() > end {
            break;
        }
        let filter = if number % 100 == 0 {
            format!("environment=environment-{:04}", asker % ENVIRONMENTS + 1)
        } else {
            format!(
                "component=component-{:06}",
                (number * 97 + asker * 3001) % COMPONENTS + 1
            )
        };
        match caller
            .get(&format!("/api/v1/deployments/matrix?{filter}"))
            .await
            .status
        {
            200 => answered += 1,
            status => assert!([429, 503].contains(&status), "{status}"),
        }
    }
    answered
}
