//! Tests of the rates, with a clock that stands still.

use std::time::Duration;

use deploytrack_core::text::Label;
use governor::clock::FakeRelativeClock;
use http::HeaderMap;

use super::{limiter::MOST_KEYS, *};

fn limiter(requests: u32, clock: &FakeRelativeClock) -> Limiter<FakeRelativeClock> {
    Limiter::with_clock(Policy::Reads, Rate::a_minute(requests), clock.clone())
}

fn headers(standing: &Standing) -> [String; 2] {
    let mut headers = HeaderMap::new();
    standing.write(&mut headers);
    ["ratelimit-policy", "ratelimit"].map(|name| headers[name].to_str().unwrap().to_owned())
}

#[test]
fn all_requests_of_a_window_may_come_at_once_and_come_back_one_by_one() {
    let clock = FakeRelativeClock::default();
    let limiter = limiter(60, &clock);
    let first = limiter.count(&"ada").unwrap();
    assert_eq!(
        headers(&first),
        [r#""reads";q=60;w=60"#, r#""reads";r=59;t=1"#]
    );
    for left in (0..59).rev() {
        assert_eq!(limiter.count(&"ada").unwrap().remaining, left);
    }
    let exceeded = limiter.count(&"ada").unwrap_err();
    assert_eq!(exceeded.retry_after(), 1);
    assert_eq!(headers(&exceeded.standing)[1], r#""reads";r=0;t=1"#);
    assert!(
        limiter.count(&"bob").is_ok(),
        "another key has its own rate"
    );
    clock.advance(Duration::from_millis(999));
    assert!(limiter.count(&"ada").is_err());
    clock.advance(Duration::from_millis(1));
    assert!(limiter.count(&"ada").is_ok());
    assert!(limiter.count(&"ada").is_err());
    clock.advance(Duration::from_mins(1));
    assert_eq!(limiter.count(&"ada").unwrap().remaining, 59);
}

#[test]
fn a_low_limit_states_the_time_until_the_next_request() {
    let clock = FakeRelativeClock::default();
    let limiter = limiter(2, &clock);
    for _ in 0..2 {
        limiter.count(&"ada").unwrap();
    }
    let exceeded = limiter.count(&"ada").unwrap_err();
    assert_eq!(exceeded.retry_after(), 30);
    assert_eq!(
        exceeded.detail(),
        "one subject may send 2 reads a minute (--rate-reads of the server), and this one has sent more; repeat the request after 30 \
         seconds"
    );
}

#[test]
fn a_crowd_of_keys_takes_bounded_memory_and_shuts_out_nobody() {
    let clock = FakeRelativeClock::default();
    let limiter = limiter(3, &clock);
    for key in 0..4 * MOST_KEYS {
        assert!(limiter.count(&key).is_ok(), "{key}");
    }
    let keys = u64::try_from(limiter.into_keys()).unwrap();
    assert!(keys <= MOST_KEYS, "{keys}");
}

#[test]
fn the_most_generous_limit_still_counts() {
    let rate = "1000000000/s".parse::<RateLimit>().unwrap().rate().unwrap();
    let limiter = Limiter::with_clock(Policy::Writes, rate, FakeRelativeClock::default());
    assert_eq!(limiter.count(&1).unwrap().remaining, 999_999_999);
}

#[test]
fn a_wall_and_a_subject_with_its_name_have_rates_of_their_own() {
    let rates = Rates::new(RateLimits {
        reads: RateLimit::a_minute(1),
        ..RateLimits::OFF
    });
    let name = Label::new("wall office").unwrap();
    let read = |is_wall| rates.count_subject(true, is_wall, &name).is_ok();
    assert_eq!(
        [read(false), read(false), read(true), read(true)],
        [true, false, true, false]
    );
    let write = rates.count_subject(false, false, &name);
    assert!(write.unwrap().is_none(), "writes have no limit here");
}
