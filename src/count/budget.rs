//! So many operations a second and not more: the generic cell rate algorithm, which keeps one instant where a
//! token bucket keeps two numbers.

use std::time::Duration;

/// This much of the budget may be spent at once.
const AT_ONCE: Duration = Duration::from_millis(250);

/// A budget in operations a second.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    /// Time that one operation takes up.
    each: Duration,
    /// When everything that was granted is used up, since the count began.
    spent_until: Duration,
}

impl Budget {
    /// `per_s` operations a second; at least one in an hour.
    pub(super) fn new(per_s: f64) -> Self {
        let each = Duration::try_from_secs_f64(1.0 / per_s).unwrap_or(Duration::MAX);
        Self { each: each.min(Duration::from_secs(3600)), spent_until: Duration::ZERO }
    }

    /// Grants one operation to somebody who asks at `now`, and says how long to wait before it.
    pub(super) fn grant(&mut self, now: Duration) -> Duration {
        let start = self.spent_until.max(now);
        self.spent_until = start + self.each;
        start.saturating_sub(now).saturating_sub(AT_ONCE.saturating_sub(self.each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of `n` operations starts, asked for as soon as the one before has started.
    fn starts(per_s: f64, n: usize) -> Vec<Duration> {
        let mut budget = Budget::new(per_s);
        let mut now = Duration::ZERO;
        (0..n)
            .map(|_| {
                now += budget.grant(now);
                now
            })
            .collect()
    }

    #[test]
    fn no_second_holds_more_than_the_budget_and_one_burst() {
        for per_s in [0.5, 1.0, 7.0, 100.0, 3_000.0] {
            let starts = starts(per_s, 3_000);
            for (first, at) in starts.iter().enumerate() {
                let within =
                    starts[first..].iter().take_while(|t| **t < *at + Duration::from_secs(1)).count();
                let most = per_s * (1.0 + AT_ONCE.as_secs_f64()) + 1.0;
                assert!(within as f64 <= most, "{within} of {per_s} a second from {at:?}");
            }
            let took = starts.last().unwrap().as_secs_f64();
            let ideal = 3_000.0 / per_s;
            assert!((ideal * 0.97 - 1.0..=ideal).contains(&took), "{per_s}: {took} s instead of {ideal} s");
        }
    }

    #[test]
    fn a_pause_saves_up_no_more_than_one_burst() {
        let mut budget = Budget::new(100.0);
        budget.grant(Duration::ZERO);
        let later = Duration::from_secs(60);
        let at_once = (0..100).take_while(|_| budget.grant(later).is_zero()).count();
        assert_eq!(at_once, 25);
    }

    #[test]
    fn a_senseless_rate_is_slow_and_not_endless() {
        for per_s in [0.0, -1.0, f64::NAN, f64::MIN_POSITIVE] {
            let mut budget = Budget::new(per_s);
            assert_eq!(budget.grant(Duration::ZERO), Duration::ZERO);
            assert_eq!(budget.grant(Duration::ZERO), Duration::from_secs(3600));
        }
    }
}
