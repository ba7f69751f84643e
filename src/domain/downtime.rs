//! How long the service failed in a stretch of time, such as a deployment.

use chrono::{DateTime, TimeDelta, Utc};

use super::impressions::Impressions;
use super::outages::Outages;
use super::slo::Counts;

/// Bad time in a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Downtime {
    /// Time in which fewer requests succeeded than the objective asks for.
    pub down: TimeDelta,
    /// All requests of the stretch.
    pub counts: Counts,
    /// How finely it was measured: an interval or slot is good or bad as a whole.
    pub within: TimeDelta,
}

impl Impressions {
    /// The bad time between `from` and `until`, both by the clock that [`Impressions::series`] gives; `now` is the
    /// environment's. `None` if nobody measured at its beginning yet, or no request came in it.
    pub fn downtime(
        &self,
        now: DateTime<Utc>,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Option<Downtime> {
        let found = self.of_intervals(from, until).or_else(|| self.of_slots(now, from, until))?;
        (found.counts.total() > 0).then_some(found)
    }

    fn of_intervals(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<Downtime> {
        let length = |ms: u64| TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX));
        let first = self.flow.points.front()?;
        if first.at.checked_sub_signed(length(first.over_ms))? > from {
            return None;
        }
        let mut out =
            Downtime { down: TimeDelta::zero(), counts: Counts::default(), within: TimeDelta::zero() };
        for point in self.flow.points.iter().filter(|p| p.at > from) {
            let over = length(point.over_ms);
            if point.at - over >= until {
                break;
            }
            out.counts = out.counts.plus(point.counts);
            out.within = out.within.max(over);
            if self.terms.objective.met(point.counts.good, point.counts.total()) == Some(false) {
                out.down += over;
            }
        }
        Some(out)
    }

    fn of_slots(&self, now: DateTime<Utc>, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<Downtime> {
        let (_, series, at) = self.series(now)?;
        let until = until.min(at);
        let (first, _) = series.slots(at, series.period()).next()?;
        if first > from || until <= from {
            return None;
        }
        let counts = series.counts(until, until - from)?;
        let down = Outages::of(series, self.terms.objective, until, until - from).down;
        Some(Downtime { down, counts, within: series.slot() })
    }
}
