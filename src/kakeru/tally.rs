//! What has happened so far, in memory that does not grow with the load: counts and two histograms.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::reason::Reason;

/// Longest latency that is told apart, in µs: an hour. Longer ones are shown as this.
const LONGEST_US: u64 = 3_600_000_000;
/// Digits that are kept of a latency.
const DIGITS: u8 = 3;

/// An empty histogram of latencies in µs. All have the same buckets, so that adding loses nothing.
///
/// # Panics
/// Never: the bounds are constants that the histogram takes.
#[expect(clippy::expect_used, reason = "constant bounds; a test creates one")]
pub fn latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("1 <= 1/2 of the longest, at most 5 digits")
}

/// Records a duration; a histogram knows nothing below 1 µs.
#[expect(clippy::cast_possible_truncation, reason = "µs of an hour fit")]
fn record(into: &mut Histogram<u64>, duration: Duration) {
    into.saturating_record(duration.as_micros().clamp(1, u128::from(LONGEST_US)) as u64);
}

/// Counts of one worker, or of all.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Answered with 200 in time.
    pub succeeded: u64,
    /// Failed, by reason.
    pub failed: BTreeMap<Reason, u64>,
    /// Time from the intended start to the complete answer, whatever its status.
    pub latency: Histogram<u64>,
    /// Time from the intended to the real start, as far as this program itself was late.
    pub lag: Histogram<u64>,
    /// Requests that this program could not even take up, for want of processor time.
    pub not_offered: u64,
    /// Requests of warm-up and ramp that were answered with 200 in time.
    pub warm_succeeded: u64,
    /// Those that were not.
    pub warm_failed: u64,
    /// Connections that were opened.
    pub opened: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            succeeded: 0,
            failed: BTreeMap::new(),
            latency: latencies(),
            lag: latencies(),
            not_offered: 0,
            warm_succeeded: 0,
            warm_failed: 0,
            opened: 0,
        }
    }
}

impl Tally {
    /// Requests of the report that are over.
    pub fn sent(&self) -> u64 {
        self.succeeded + self.failed.values().sum::<u64>()
    }

    /// Takes down how a request ended: its status, or why there is none.
    pub fn note(&mut self, counted: bool, end: Result<u16, Reason>, latency: Duration) {
        let end = match end {
            Ok(200) => None,
            Ok(code) => Some(Reason::Status(code)),
            Err(reason) => Some(reason),
        };
        if !counted {
            *(if end.is_none() { &mut self.warm_succeeded } else { &mut self.warm_failed }) += 1;
            return;
        }
        if matches!(end, None | Some(Reason::Status(_))) {
            record(&mut self.latency, latency);
        }
        match end {
            None => self.succeeded += 1,
            Some(reason) => *self.failed.entry(reason).or_default() += 1,
        }
    }

    /// Takes down how late this program started a request.
    pub fn started(&mut self, lag: Duration) {
        record(&mut self.lag, lag);
    }

    /// Adds what another one has counted.
    pub fn add(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        for (reason, n) in &other.failed {
            *self.failed.entry(*reason).or_default() += n;
        }
        // Equal bounds: adding cannot fail.
        let _ = self.latency.add(&other.latency);
        let _ = self.lag.add(&other.lag);
        self.not_offered += other.not_offered;
        self.warm_succeeded += other.warm_succeeded;
        self.warm_failed += other.warm_failed;
        self.opened += other.opened;
    }

    /// Hands over what was counted and begins anew.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_have_a_latency_and_warming_up_counts_apart() {
        let ms = Duration::from_millis;
        let mut tally = Tally::default();
        tally.note(true, Ok(200), ms(2));
        tally.note(true, Ok(503), ms(4));
        tally.note(true, Err(Reason::Timeout), ms(3000));
        tally.note(false, Ok(200), ms(900));
        tally.note(false, Err(Reason::Refused), ms(1));
        assert_eq!((tally.sent(), tally.succeeded, tally.latency.len()), (3, 1, 2));
        assert_eq!(tally.latency.max() / 1000, 4);
        assert_eq!((tally.warm_succeeded, tally.warm_failed), (1, 1));
        let mut sum = tally.take();
        assert_eq!((tally.sent(), tally.latency.len()), (0, 0));
        sum.add(&sum.clone());
        assert_eq!((sum.sent(), sum.latency.len(), sum.failed[&Reason::Status(503)]), (6, 4, 2));
    }

    #[test]
    fn what_is_longer_than_an_hour_and_what_is_nothing_are_recorded() {
        let mut tally = Tally::default();
        tally.note(true, Ok(200), Duration::from_secs(7200));
        tally.note(true, Ok(200), Duration::ZERO);
        assert_eq!(tally.latency.len(), 2);
    }
}
