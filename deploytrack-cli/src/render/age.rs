//! How long ago something was, in a few characters.

use deploytrack_core::clock::Time;

/// The age with its largest unit: `45s`, `12m`, `5h`, `3d`, `6w`, `2y`. What lies ahead, by a clock that differs, is
/// `0s` old.
pub(crate) fn age(now: Time, then: Time) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let seconds = (now - then).num_seconds().max(0);
    match seconds {
        ..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => format!("{}h", seconds / HOUR),
        _ => match seconds / DAY {
            days @ ..14 => format!("{days}d"),
            days @ 14..365 => format!("{}w", days / 7),
            days => format!("{}y", days / 365),
        },
    }
}

#[cfg(test)]
mod tests {
    use deploytrack_core::clock;

    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let now = clock::parse("2026-11-23T18:32:00Z").unwrap();
        for (then, expected) in [
            ("2026-11-23T18:33:00Z", "0s"),
            ("2026-11-23T18:31:15Z", "45s"),
            ("2026-11-23T18:20:00Z", "12m"),
            ("2026-11-23T13:00:00Z", "5h"),
            ("2026-11-20T18:00:00Z", "3d"),
            ("2026-11-10T18:32:00Z", "13d"),
            ("2026-10-10T18:00:00Z", "6w"),
            ("2024-11-01T18:00:00Z", "2y"),
        ] {
            assert_eq!(age(now, clock::parse(then).unwrap()), expected, "{then}");
        }
    }
}
