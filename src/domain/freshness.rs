//! How fresh a value is: fresh, late, stale or never.
//!
//! Fresh up to 1.5 × the poll period, late up to 2 × the period + 5 s, then stale. A failed poll changes
//! neither value nor age; time alone makes a value late and stale.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::source::{Failure, Reading, SourceId};

/// Freshness of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// Read within 1.5 periods.
    Fresh,
    /// Read within 2 periods and 5 seconds.
    Late,
    /// Older: shown with its age, never decided on.
    Stale,
    /// Not read yet.
    Never,
}

impl Freshness {
    /// Freshness of something `age` old that is read every `period`.
    pub fn of(age: TimeDelta, period: TimeDelta) -> Self {
        if age <= period + period / 2 {
            Self::Fresh
        } else if age <= period * 2 + TimeDelta::seconds(5) {
            Self::Late
        } else {
            Self::Stale
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Late => "late",
            Self::Stale => "stale",
            Self::Never => "never",
        }
    }
}

/// What is known of a source itself.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceState {
    /// Which.
    pub id: SourceId,
    /// Nominal poll period.
    pub every: TimeDelta,
    /// End of the last poll that succeeded.
    pub at: Option<DateTime<Utc>>,
    /// Start of the poll that is under way.
    pub polling_since: Option<DateTime<Utc>>,
    /// The next poll.
    pub next_at: Option<DateTime<Utc>>,
    /// Milliseconds of the last poll, failed or not.
    pub took_ms: Option<u64>,
    /// Calls of the last poll.
    pub calls: u32,
    /// Calls since start.
    pub calls_total: u64,
    /// US dollars of the last poll that succeeded; `None` before it, or where a price is unknown.
    pub cost_usd: Option<f64>,
    /// Why the last poll failed; cleared by a success.
    pub error: Option<Failure>,
    /// Since when every poll has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// Optional parts that failed in the last success.
    pub warnings: Vec<Failure>,
    /// Polls in a row that failed.
    pub failures: u32,
}

impl SourceState {
    /// A source that has not been read.
    pub fn new(id: SourceId, every: TimeDelta) -> Self {
        Self {
            id,
            every,
            at: None,
            polling_since: None,
            next_at: None,
            took_ms: None,
            calls: 0,
            calls_total: 0,
            cost_usd: None,
            error: None,
            failing_since: None,
            warnings: Vec::new(),
            failures: 0,
        }
    }

    /// Takes note of how a poll ended (the facts themselves go to the world).
    pub fn note(&mut self, reading: &Reading) {
        self.polling_since = None;
        self.took_ms = Some(reading.took_ms);
        self.calls = reading.calls;
        self.calls_total += u64::from(reading.calls);
        self.next_at = Some(reading.next_at);
        match &reading.result {
            Ok(_) => {
                self.at = Some(reading.at);
                self.cost_usd = reading.cost_usd;
                self.error = None;
                self.failing_since = None;
                self.failures = 0;
                self.warnings.clone_from(&reading.warnings);
            }
            Err(failure) => {
                self.failing_since.get_or_insert(reading.at);
                self.failures += 1;
                self.error = Some(failure.clone());
            }
        }
    }

    /// Freshness at `now`.
    pub fn freshness(&self, now: DateTime<Utc>) -> Freshness {
        self.at.map_or(Freshness::Never, |at| Freshness::of(now - at, self.every))
    }

    /// Age at `now`; never negative.
    pub fn age(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.at.map(|at| (now - at).max(TimeDelta::zero()))
    }

    /// US dollars an hour at the nominal period.
    pub fn cost_usd_per_h(&self) -> Option<f64> {
        let polls = 3_600_000.0 / (self.every.num_milliseconds().max(1) as f64);
        self.cost_usd.map(|c| c * polls)
    }

    /// What to say: the error, else the first warning.
    pub fn complaint(&self) -> Option<&Failure> {
        self.error.as_ref().or(self.warnings.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_borders_are_one_and_a_half_and_twice_plus_five() {
        let period = TimeDelta::seconds(10);
        for (age_ms, expected) in [
            (0, Freshness::Fresh),
            (15_000, Freshness::Fresh),
            (15_001, Freshness::Late),
            (25_000, Freshness::Late),
            (25_001, Freshness::Stale),
        ] {
            assert_eq!(Freshness::of(TimeDelta::milliseconds(age_ms), period), expected, "{age_ms}");
        }
    }
}
