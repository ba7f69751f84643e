//! The event log over time: rows by second and by minute, and what was counted when.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::fact::Recorded;

/// Seconds that are kept with their names.
const SECONDS: usize = 900;
/// Minutes that are kept: 30 days.
const MINUTES: usize = 43_200;
/// Readings that are kept: at one in two seconds, 10 minutes.
const SAMPLES: usize = 300;
/// Rates are those of this time.
const RATE: TimeDelta = TimeDelta::seconds(10);

/// Rows counted at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When, by the service's clock.
    pub at: DateTime<Utc>,
    /// How exactly, in milliseconds.
    pub within_ms: u64,
    /// Rows since the first reading.
    pub total: u64,
    /// Totals of different eras cannot be compared.
    pub era: u64,
    /// Whether nothing was left for the next reading.
    pub complete: bool,
}

/// The event log as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordedLog {
    /// The newest reading.
    pub last: Option<Recorded>,
    /// Rows of the last seconds by name, oldest first. A second that is not there was not read; one before the
    /// newest that has no rows is empty.
    pub seconds: BTreeMap<DateTime<Utc>, BTreeMap<String, u64>>,
    /// Rows by minute, oldest first.
    pub minutes: BTreeMap<DateTime<Utc>, u64>,
    /// What was counted when, oldest first.
    pub samples: VecDeque<Sample>,
}

/// The minute of an instant.
fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp().div_euclid(60) * 60, 0).unwrap_or(at)
}

impl RecordedLog {
    pub(super) fn learn(&mut self, fact: &Recorded) {
        if self.last.as_ref().is_some_and(|last| last.era != fact.era) {
            // Seconds of which nothing will be read any more would look like empty ones.
            self.seconds.clear();
        }
        for second in &fact.seconds {
            let rows = second.by_name.values().sum::<u64>();
            let before = self
                .seconds
                .insert(second.at, second.by_name.clone())
                .map_or(0, |names| names.values().sum::<u64>());
            let minute = self.minutes.entry(minute(second.at)).or_default();
            *minute = minute.saturating_add(rows).saturating_sub(before);
        }
        while self.seconds.len() > SECONDS {
            self.seconds.pop_first();
        }
        while self.minutes.len() > MINUTES {
            self.minutes.pop_first();
        }
        if self.samples.back().is_none_or(|s| s.at < fact.at) {
            self.samples.push_back(Sample {
                at: fact.at,
                within_ms: fact.within_ms,
                total: fact.total,
                era: fact.era,
                complete: fact.behind == 0,
            });
        }
        while self.samples.len() > SAMPLES {
            self.samples.pop_front();
        }
        self.last = Some(Recorded { seconds: Vec::new(), ..fact.clone() });
    }

    /// Rows a second of the last ten seconds, with the time between the two readings they come from; `None` with
    /// fewer than two readings of one era.
    pub fn per_s(&self) -> Option<(f64, TimeDelta)> {
        let newest = self.samples.back()?;
        let comparable = |s: &&Sample| s.era == newest.era && s.at < newest.at;
        // The oldest of the last ten seconds, else the one before the newest.
        let first = self
            .samples
            .iter()
            .filter(comparable)
            .find(|s| newest.at - s.at <= RATE)
            .or_else(|| self.samples.iter().rev().find(comparable))?;
        let over = newest.at - first.at;
        let seconds = over.num_microseconds()? as f64 / 1e6;
        (seconds > 0.0).then(|| (newest.total.saturating_sub(first.total) as f64 / seconds, over))
    }

    /// Rows a second by name, the most first, over the newest complete seconds (ten at most).
    pub fn by_name(&self) -> Vec<(String, f64)> {
        let Some(last) = &self.last else { return Vec::new() };
        // The second of the reading is still filling.
        let end = last.database_now - TimeDelta::seconds(1);
        let Some(known) = self.seconds.first_key_value().map(|(at, _)| *at) else { return Vec::new() };
        let from = (end - RATE).max(known - TimeDelta::seconds(1));
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, names) in self.seconds.range(..=end).filter(|(at, _)| **at > from) {
            for (name, rows) in names {
                *sums.entry(name).or_default() += rows;
            }
        }
        let seconds = ((end - from).num_milliseconds() as f64 / 1000.0).max(1.0);
        let mut out: Vec<(String, f64)> =
            sums.into_iter().map(|(name, rows)| (name.to_owned(), rows as f64 / seconds)).collect();
        out.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        out
    }

    /// Seconds from the newest row to the database's now; `None` before a row was read.
    pub fn lag_s(&self) -> Option<f64> {
        let last = self.last.as_ref()?;
        let lag = last.database_now - last.newest_at?;
        Some(lag.num_milliseconds().max(0) as f64 / 1000.0)
    }

    /// Rows of each of `len` seconds up to the newest complete one, oldest first, with the beginning of the newest;
    /// `None` where nothing was read.
    pub fn by_second(&self, len: usize) -> Option<(DateTime<Utc>, Vec<Option<u64>>)> {
        let now = self.last.as_ref()?.database_now.timestamp();
        let known = self.seconds.first_key_value()?.0.timestamp();
        let rows = (1..=i64::try_from(len).ok()?).rev().map(|back| {
            let second = now - back;
            let names = DateTime::from_timestamp(second, 0).and_then(|at| self.seconds.get(&at));
            match names {
                Some(names) => Some(names.values().sum()),
                None => (second >= known).then_some(0),
            }
        });
        Some((DateTime::from_timestamp(now - 1, 0)?, rows.collect()))
    }
}
