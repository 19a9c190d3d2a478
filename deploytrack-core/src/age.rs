//! Ages for people: `45s`, `12m`, `5h`.

use crate::clock::Time;

/// Formats the time from `then` to `now` in its largest unit: `45s`, `12m`, `5h`, `3d`, `6w`, `2y`.
/// A `then` in the future, read from a clock that differs, gives `0s`.
#[must_use]
pub fn age(now: Time, then: Time) -> String {
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
    use super::*;
    use crate::clock::parse;

    #[test]
    fn an_age_has_one_unit() {
        let now = parse("2026-11-23T18:32:00Z").unwrap();
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
            assert_eq!(age(now, parse(then).unwrap()), expected, "{then}");
        }
    }
}
