//! Mean time between failures and to repair, from the same series as the error budget.

use chrono::{DateTime, TimeDelta, Utc};

use super::slo::{Counts, Objective, Series};

/// A stretch of time in which too many requests failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Beginning of its first slot.
    pub from: DateTime<Utc>,
    /// End of its last slot so far.
    pub until: DateTime<Utc>,
    /// No good slot has come after it.
    pub lasts: bool,
    /// What failed and what did not in it.
    pub counts: Counts,
}

/// All of a window. Slots without a request count neither as good nor as bad time, and do not end an outage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outages {
    /// Oldest first.
    pub list: Vec<Outage>,
    /// Time in good slots.
    pub up: TimeDelta,
    /// Time in bad slots.
    pub down: TimeDelta,
}

impl Outages {
    /// Those in `window` before `now`. A slot is bad if fewer of its requests than `enough` succeeded.
    pub fn of(series: &Series, enough: Objective, now: DateTime<Utc>, window: TimeDelta) -> Self {
        let mut out = Self::default();
        for (begin, counts) in series.slots(now, window) {
            // The slot of `now` is still filling.
            let end = (begin + series.slot()).min(now.max(begin));
            let Some(good) = enough.met(counts.good, counts.total()) else { continue };
            let lasting = out.list.last_mut().filter(|o| o.lasts);
            match (good, lasting) {
                (true, lasting) => {
                    if let Some(outage) = lasting {
                        outage.lasts = false;
                    }
                    out.up += end - begin;
                }
                (false, Some(outage)) => {
                    outage.until = end;
                    outage.counts = outage.counts.plus(counts);
                    out.down += end - begin;
                }
                (false, None) => {
                    out.list.push(Outage { from: begin, until: end, lasts: true, counts });
                    out.down += end - begin;
                }
            }
        }
        out
    }

    fn each(&self, time: TimeDelta) -> Option<TimeDelta> {
        let n = i32::try_from(self.list.len()).ok().filter(|n| *n > 0)?;
        Some(time / n)
    }

    /// Mean time between failures: good time a failure; `None` if nothing failed.
    pub fn mtbf(&self) -> Option<TimeDelta> {
        self.each(self.up)
    }

    /// Mean time to repair: bad time a failure, so far; `None` if nothing failed.
    pub fn mttr(&self) -> Option<TimeDelta> {
        self.each(self.down)
    }

    /// Share of the known time that was good; `None` if nothing is known.
    pub fn availability(&self) -> Option<f64> {
        let known = (self.up + self.down).num_milliseconds();
        (known > 0).then(|| self.up.num_milliseconds() as f64 / known as f64)
    }
}
