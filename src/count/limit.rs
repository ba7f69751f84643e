//! How many directory reads are in flight: as many as help, found while counting.
//!
//! A read that takes much longer than the processor works on it waits for something far away, and more of them can
//! wait at once: the number triples with each round trip, a hasty form of TCP's slow start. When reads become slower than
//! they were, there are too many: the number falls by a quarter, once a round trip at most, and grows by one a
//! round trip from then on (TCP Vegas; the gradient limit of Netflix's concurrency-limits is the same idea). Reads
//! that keep the processor busy get a thread a processor, which is all that helps.

use std::time::Duration;

/// A read shorter than this waits for nothing that more reads would hide.
const NEAR: Duration = Duration::from_micros(150);
/// How many times longer than its processor time a read takes that waits.
const WAITS: u32 = 4;
/// Reads this many times slower than the quickest ones say that there are too many.
const SLOWED: f64 = 2.0;
/// What is left of the number of reads when there are too many.
const KEPT: f64 = 0.75;
/// Reads more for each that ended, until the first sign of too many.
const HASTE: f64 = 2.0;
/// Weight of a new read in the mean.
const NEWEST: f64 = 0.1;
/// The quickest mean is remembered for this long: a server that became slower for good is a new one.
const REMEMBERED: Duration = Duration::from_secs(10);

/// How a read went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Took {
    /// From its call to its answer.
    pub(super) wall: Duration,
    /// Processor time in it.
    pub(super) processor: Duration,
}

/// The number of reads in flight.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    least: f64,
    most: f64,
    now: f64,
    slow_start: bool,
    /// Mean time of a read, exponentially weighted; seconds.
    mean: Option<f64>,
    /// The quickest mean, and when it was seen.
    quickest: Option<(f64, Duration)>,
    /// When the number was lowered last.
    lowered: Duration,
}

impl Limit {
    /// Between `least` and `most`, the ceiling.
    pub(super) fn new(least: usize, most: usize) -> Self {
        let most = most.max(1);
        let least = least.clamp(1, most) as f64;
        Self {
            least,
            most: most as f64,
            now: least,
            slow_start: true,
            mean: None,
            quickest: None,
            lowered: Duration::ZERO,
        }
    }

    /// Reads that may be in flight.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, at most `most`")]
    pub(super) fn reads(&self) -> usize {
        self.now as usize
    }

    /// A read has ended, at `now` since the count began. `full`: as many as allowed were in flight with it.
    pub(super) fn ended(&mut self, took: Took, now: Duration, full: bool) {
        if took.wall < NEAR || took.wall < took.processor * WAITS {
            return;
        }
        let seconds = took.wall.as_secs_f64();
        let mean = self.mean.map_or(seconds, |mean| mean + (seconds - mean) * NEWEST);
        self.mean = Some(mean);
        let quickest = match self.quickest {
            Some((quickest, at)) if quickest <= mean && now.saturating_sub(at) < REMEMBERED => quickest,
            _ => {
                self.quickest = Some((mean, now));
                mean
            }
        };
        if mean > quickest * SLOWED {
            self.slow_start = false;
            if now.saturating_sub(self.lowered).as_secs_f64() > mean {
                self.lowered = now;
                self.now = (self.now * KEPT).max(self.least);
            }
        } else if full {
            self.now += if self.slow_start { HASTE } else { 1.0 / self.now };
            self.now = self.now.min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Rounds of as many reads as allowed; `answer` says how long each of so many takes. The number after each.
    fn rounds(limit: &mut Limit, n: usize, now: &mut Duration, answer: impl Fn(usize) -> Took) -> Vec<usize> {
        (0..n)
            .map(|_| {
                let reads = limit.reads();
                *now += answer(reads).wall;
                (0..reads).for_each(|_| limit.ended(answer(reads), *now, true));
                limit.reads()
            })
            .collect()
    }

    fn waiting(wall: Duration) -> Took {
        Took { wall, processor: wall / 50 }
    }

    #[test]
    fn latency_that_stays_triples_the_number_up_to_the_ceiling() {
        for wall in [MS / 5, MS, 5 * MS, 200 * MS] {
            let mut limit = Limit::new(2, 32);
            let numbers = rounds(&mut limit, 6, &mut Duration::default(), |_| waiting(wall));
            assert_eq!(numbers, [6, 18, 32, 32, 32, 32], "{wall:?}");
        }
    }

    #[test]
    fn what_the_processor_does_or_is_quick_gets_no_more() {
        let table = [
            ("busy", Took { wall: MS, processor: MS }),
            ("mostly busy", Took { wall: MS, processor: MS / 3 }),
            ("quick", Took { wall: MS / 10, processor: Duration::ZERO }),
        ];
        for (case, took) in table {
            let mut limit = Limit::new(2, 32);
            assert_eq!(rounds(&mut limit, 5, &mut Duration::default(), |_| took), [2; 5], "{case}");
        }
    }

    #[test]
    fn a_number_that_is_not_used_up_does_not_grow() {
        let mut limit = Limit::new(2, 32);
        (1..100).for_each(|n| limit.ended(waiting(MS), n * MS, false));
        assert_eq!(limit.reads(), 2);
    }

    #[test]
    fn a_server_that_takes_eight_at_once_is_left_at_little_more_than_its_queue() {
        // Reads beyond the eighth wait for those before.
        let server = |reads: usize| waiting(MS * u32::try_from(reads.div_ceil(8)).unwrap());
        let mut limit = Limit::new(2, 256);
        let mut now = Duration::ZERO;
        let numbers = rounds(&mut limit, 400, &mut now, server);
        let settled = &numbers[200..];
        let (least, most) = (settled.iter().min().unwrap(), settled.iter().max().unwrap());
        assert!(*least >= 6 && *most <= 24, "{least}..{most}");
    }

    #[test]
    fn a_server_that_slows_down_gets_fewer_and_one_that_recovers_more_again() {
        let mut limit = Limit::new(2, 32);
        let mut now = Duration::ZERO;
        rounds(&mut limit, 6, &mut now, |_| waiting(MS));
        assert_eq!(limit.reads(), 32);
        let slowed = rounds(&mut limit, 12, &mut now, |_| waiting(20 * MS));
        assert!(slowed.last() < Some(&10) && slowed.is_sorted_by(|a, b| a >= b), "{slowed:?}");
        let again = rounds(&mut limit, 400, &mut now, |_| waiting(MS));
        assert_eq!(again.last(), Some(&32), "{again:?}");
    }

    #[test]
    fn a_server_that_stays_slow_is_a_new_one_after_a_while() {
        let mut limit = Limit::new(2, 32);
        let mut now = Duration::ZERO;
        rounds(&mut limit, 6, &mut now, |_| waiting(MS));
        let slow = rounds(&mut limit, 300, &mut now, |_| waiting(100 * MS));
        assert_eq!(slow.last(), Some(&32), "{slow:?}");
    }

    #[test]
    fn the_bounds_hold_whatever_is_asked_for() {
        for (least, most, expected) in [(0, 0, 1), (8, 4, 4), (1, 1, 1), (2, 32, 2)] {
            assert_eq!(Limit::new(least, most).reads(), expected, "{least} {most}");
        }
        let mut one = Limit::new(8, 1);
        assert_eq!(rounds(&mut one, 9, &mut Duration::default(), |_| waiting(MS)), [1; 9]);
    }
}
