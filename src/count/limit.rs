//! How many directory reads are in flight: as many as help, found while counting.
//!
//! A call that takes much longer than the processor works on it waits for something far away, and more of them can
//! wait at once: where a good part of the calls do, the number triples with each round trip, a hasty form of TCP's
//! slow start. When even the quickest read of a round trip is slower than the quickest ones were, there are too
//! many: the number falls by a quarter, and grows by one a round trip from then on (TCP Vegas; the gradient limit
//! of Netflix's concurrency-limits is the same idea). A single slow read says nothing, as it may have waited for a
//! processor that others use, too. Calls that keep the processor busy get a thread a processor, which is all that
//! helps.

use std::time::Duration;

/// A call shorter than this waits for nothing that more calls would hide.
const NEAR: Duration = Duration::from_micros(150);
/// How many times longer than its processor time a call takes that waits.
const WAITS: u32 = 4;
/// Where fewer of the calls wait, they do so for the processor, or now and then for a disk. On NFS a third does at
/// least: a directory that is remembered is opened with a round trip, read at once, and told to be at its end.
const FAR: f64 = 0.25;
/// Calls over which that share is taken, about.
const RECENT: f64 = 32.0;
/// Reads this many times slower than the quickest ones say that there are too many.
const SLOWED: f64 = 2.0;
/// What is left of the number of reads when there are too many.
const KEPT: f64 = 0.75;
/// Reads more for each call that ended, until the first sign of too many.
const HASTE: f64 = 2.0;
/// The quickest read is remembered for this long: a server that became slower for good is a new one.
const REMEMBERED: Duration = Duration::from_secs(10);

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Took {
    /// From its call to its answer.
    pub(super) wall: Duration,
    /// Processor time in it.
    pub(super) processor: Duration,
}

impl Took {
    fn waits(self) -> bool {
        self.wall >= NEAR && self.wall >= self.processor * WAITS
    }
}

/// The number of reads in flight.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    least: f64,
    most: f64,
    now: f64,
    slow_start: bool,
    /// Calls so far, up to [`RECENT`], and the share of them that waited, exponentially weighted.
    calls: f64,
    waited: f64,
    /// The quickest read of a round trip, in seconds, and when it was seen.
    quickest: Option<(f64, Duration)>,
    /// The quickest read of this round trip, and how many are still to end in it.
    round: (f64, usize),
}

impl Limit {
    /// Between `least` and `most`, the ceiling.
    pub(super) fn new(least: usize, most: usize) -> Self {
        let most = most.max(1);
        let least = least.clamp(1, most);
        Self {
            least: least as f64,
            most: most as f64,
            now: least as f64,
            slow_start: true,
            calls: 0.0,
            waited: 0.0,
            quickest: None,
            round: (f64::INFINITY, least),
        }
    }

    /// Reads that may be in flight.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1, at most `most`")]
    pub(super) fn reads(&self) -> usize {
        self.now as usize
    }

    /// A directory was opened. `full`: as many as allowed were busy with it. How long that takes depends on what
    /// is remembered of the path, so it may ask for more reads, not for fewer.
    pub(super) fn opened(&mut self, took: Took, full: bool) {
        self.note(took);
        if full && took.waits() {
            self.grow();
        }
    }

    /// A read has ended, at `now` since the count began. `full`: as many as allowed were in flight with it.
    pub(super) fn ended(&mut self, took: Took, now: Duration, full: bool) {
        self.note(took);
        if !took.waits() {
            return;
        }
        let (quickest, left) = self.round;
        let quickest = quickest.min(took.wall.as_secs_f64());
        let slower = self.is_slower(quickest, now);
        if full && !slower {
            self.grow();
        }
        if left > 1 {
            self.round = (quickest, left - 1);
            return;
        }
        // Those in flight were sent before the number falls, so the next round waits for all of them.
        let in_flight = self.reads();
        if slower {
            self.slow_start = false;
            self.now = (self.now * KEPT).max(self.least);
        } else {
            self.remember(quickest, now);
        }
        self.round = (f64::INFINITY, in_flight);
    }

    fn note(&mut self, took: Took) {
        self.calls = (self.calls + 1.0).min(RECENT);
        self.waited += (f64::from(u8::from(took.waits())) - self.waited) / self.calls;
    }

    fn grow(&mut self) {
        if self.waited >= FAR {
            self.now = (self.now + if self.slow_start { HASTE } else { 1.0 / self.now }).min(self.most);
        }
    }

    /// Whether the quickest read of a round trip says that there are too many.
    fn is_slower(&self, seconds: f64, now: Duration) -> bool {
        self.remembered(now).is_some_and(|quickest| seconds > quickest * SLOWED)
    }

    fn remember(&mut self, seconds: f64, now: Duration) {
        if self.remembered(now).is_none_or(|quickest| seconds < quickest) {
            self.quickest = Some((seconds, now));
        }
    }

    fn remembered(&self, now: Duration) -> Option<f64> {
        self.quickest.filter(|(_, at)| now.saturating_sub(*at) < REMEMBERED).map(|(seconds, _)| seconds)
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
            (0..50).for_each(|_| limit.opened(took, true));
            assert_eq!(limit.reads(), 2, "{case}");
        }
    }

    #[test]
    fn a_processor_that_others_use_gets_no_more_threads() {
        // One read in twelve is put off for a while.
        let busy = Took { wall: MS / 5, processor: MS / 5 };
        let put_off = Took { wall: 4 * MS, processor: MS / 5 };
        let mut limit = Limit::new(2, 32);
        for n in 1..5_000_u32 {
            limit.opened(Took { wall: MS / 50, processor: MS / 50 }, true);
            limit.ended(if n % 6 == 0 { put_off } else { busy }, n * MS, true);
        }
        assert_eq!(limit.reads(), 2);
    }

    #[test]
    fn a_server_that_is_asked_only_when_a_directory_is_opened_gets_more_all_the_same() {
        let at_once = Took { wall: MS / 50, processor: MS / 50 };
        let mut limit = Limit::new(2, 32);
        for n in 1..30 {
            limit.opened(waiting(MS), true);
            limit.ended(at_once, n * MS, true);
            limit.ended(at_once, n * MS, true);
        }
        assert_eq!(limit.reads(), 32);
    }

    #[test]
    fn reads_that_are_slow_one_by_one_say_nothing_of_the_server() {
        let mut limit = Limit::new(2, 32);
        for n in 1..2_000_u32 {
            limit.ended(waiting(if n % 3 == 0 { MS } else { 9 * MS }), n * MS, true);
        }
        assert_eq!(limit.reads(), 32);
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
