//! Counts what no read can show: CloudWatch says how many lines it took in each minute (the metric
//! `IncomingLogEvents`), the tail knows how many of those it has read. The difference is lost, or late beyond
//! what is read again; it is looked for twice, then it stays counted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

const MINUTE_MS: i64 = 60_000;
/// Minutes remembered; older ones are closed.
const MINUTES: usize = 240;
/// How far before a minute its missing lines are looked for, first and then.
const SEARCHES: [i64; 2] = [15 * MINUTE_MS, 180 * MINUTE_MS];

/// What is known of a minute in which CloudWatch took lines in.
#[derive(Debug, Default, Clone, Copy)]
struct Minute {
    read: u64,
    incoming: Option<u64>,
    searches: usize,
    /// What was said about it.
    said: u64,
}

impl Minute {
    fn missing(&self) -> u64 {
        self.incoming.map_or(0, |incoming| incoming.saturating_sub(self.read))
    }
}

/// What is to be done after a look at the numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Minutes of which more, or fewer, lines are missing than was said: from then on, so many.
    pub changed: Vec<(DateTime<Utc>, u64)>,
    /// A span in which the missing lines may be, milliseconds.
    pub search: Option<(i64, i64)>,
}

/// See the module.
#[derive(Debug)]
pub struct Audit {
    first: i64,
    minutes: BTreeMap<i64, Minute>,
    closed: u64,
    answered: bool,
}

impl Audit {
    /// Looks at the minutes from `start`, a whole minute, on.
    pub fn new(start: DateTime<Utc>) -> Self {
        let first = start.timestamp_millis().div_euclid(MINUTE_MS);
        Self { first, minutes: BTreeMap::new(), closed: 0, answered: false }
    }

    /// A line was read for the first time.
    pub fn read(&mut self, ingested_at: DateTime<Utc>) {
        let minute = ingested_at.timestamp_millis().div_euclid(MINUTE_MS);
        if minute < self.first {
            return;
        }
        let closed_before = self.minutes.len() >= MINUTES;
        if closed_before && self.minutes.first_key_value().is_some_and(|(oldest, _)| minute < *oldest) {
            self.closed = self.closed.saturating_sub(1);
            return;
        }
        self.minutes.entry(minute).or_default().read += 1;
    }

    /// CloudWatch's numbers of the minutes in `[from, to)`: a minute without one had no lines.
    pub fn incoming(
        &mut self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        numbers: &[(DateTime<Utc>, u64)],
    ) -> Findings {
        self.answered = true;
        let minute = |at: DateTime<Utc>| at.timestamp_millis().div_euclid(MINUTE_MS);
        let oldest = self.minutes.first_key_value().map_or(self.first, |(m, _)| *m);
        let begin = minute(from).max(if self.minutes.len() >= MINUTES { oldest } else { self.first });
        for m in begin..minute(to) {
            let n = numbers.iter().filter(|(at, _)| minute(*at) == m).map(|(_, n)| n).sum();
            let known = self.minutes.entry(m).or_default();
            known.incoming = Some(known.incoming.unwrap_or_default().max(n));
        }
        let findings = self.look();
        while self.minutes.len() > MINUTES
            && let Some((_, closed)) = self.minutes.pop_first()
        {
            self.closed += closed.missing();
        }
        findings
    }

    fn look(&mut self) -> Findings {
        let mut findings = Findings::default();
        for (m, minute) in &mut self.minutes {
            let missing = minute.missing();
            if missing != minute.said {
                minute.said = missing;
                let at = DateTime::from_timestamp_millis(m * MINUTE_MS).unwrap_or_default();
                findings.changed.push((at, missing));
            }
            if missing > 0
                && let Some(back) = SEARCHES.get(minute.searches)
            {
                minute.searches += 1;
                let (from, until) = (m * MINUTE_MS - back, (m + 1) * MINUTE_MS);
                let (a, b) = findings.search.unwrap_or((from, until));
                findings.search = Some((a.min(from), b.max(until)));
            }
        }
        findings
    }

    /// Lines taken in and not read; `None` before the first answer.
    pub fn lost(&self) -> Option<u64> {
        self.answered.then(|| self.closed + self.minutes.values().map(Minute::missing).sum::<u64>())
    }
}
