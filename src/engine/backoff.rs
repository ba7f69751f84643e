//! How long to wait before the next poll. There is no last try: a source is asked for as long as miharu runs.

use std::time::Duration;

use crate::domain::source::FailureClass;

/// First wait after a failure that is not a throttle.
const FIRST: Duration = Duration::from_secs(5);
/// Longest wait of a source whose period is shorter.
const LONGEST: Duration = Duration::from_secs(60);
/// Longest wait after a throttle.
const LONGEST_THROTTLED: Duration = Duration::from_secs(300);
/// Longest wait after failed credentials, so that a login is noticed soon.
const LONGEST_CREDENTIALS: Duration = Duration::from_secs(15);

/// Wait after the `failures`th failure in a row (1 = the first) of a source that is polled every `period`.
///
/// Doubles from 5 s (or the period, if that is shorter) up to a minute, so that a slow source recovers soon
/// and a quick one is not hammered. A throttle starts at twice the period instead: the service has asked for
/// fewer calls.
pub fn after_failure(class: FailureClass, failures: u32, period: Duration) -> Duration {
    let doubled = |first: Duration, n: u32| first.saturating_mul(2_u32.saturating_pow(n.min(20)));
    let nth = failures.saturating_sub(1);
    match class {
        FailureClass::Throttled => doubled(period, nth + 1).min(LONGEST_THROTTLED.max(period)),
        FailureClass::Credentials => doubled(FIRST.min(period), nth).min(LONGEST_CREDENTIALS),
        _ => doubled(FIRST.min(period), nth).min(LONGEST.max(period.min(LONGEST_THROTTLED))),
    }
}

/// Spreads `wait` by up to a tenth, so that pollers that failed together do not return together. `draw` is
/// uniform in `0.0..1.0`.
pub fn jittered(wait: Duration, draw: f64) -> Duration {
    wait.mul_f64(0.9 + 0.2 * draw.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_cap_and_never_end() {
        let s = Duration::from_secs;
        for (class, period, expected) in [
            (FailureClass::Timeout, s(10), [5, 10, 20, 40, 60, 60]),
            (FailureClass::Server, s(300), [5, 10, 20, 40, 80, 160]),
            (FailureClass::Unreachable, s(2), [2, 4, 8, 16, 32, 60]),
            (FailureClass::Throttled, s(10), [20, 40, 80, 160, 300, 300]),
            (FailureClass::Credentials, s(300), [5, 10, 15, 15, 15, 15]),
        ] {
            for (n, seconds) in (1..).zip(expected) {
                assert_eq!(after_failure(class, n, period), s(seconds), "{class:?} {period:?} {n}");
            }
            assert!(after_failure(class, u32::MAX, period) <= s(300));
        }
    }

    #[test]
    fn jitter_is_a_tenth() {
        let wait = Duration::from_secs(10);
        assert_eq!(jittered(wait, 0.0), Duration::from_secs(9));
        assert_eq!(jittered(wait, 1.0), Duration::from_secs(11));
    }
}
