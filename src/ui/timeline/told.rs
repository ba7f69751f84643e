//! What was told of impressions over the time of an axis.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::impressions::{Origin, Quantile};
use crate::domain::slo::Counts;
use crate::ui::view::View;

use super::{Axis, Stretch};

/// Counts by the second come with a poll; those of the time since the poll before, unless that is longer ago.
const POLLS: TimeDelta = TimeDelta::seconds(30);

fn ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// Rows of the event log: by second as far as they are kept, before by minute.
pub fn recorded(view: &View<'_>, axis: &Axis) -> Vec<Stretch> {
    let log = &view.world.impressions.recorded;
    let Some(last) = &log.last else { return Vec::new() };
    let ahead = last.clock_ahead_ms;
    let from = axis.from_ms() + ahead;
    let stretch = |begin: i64, seconds: i64, rows: u64| Stretch {
        from_ms: begin * 1000 - ahead,
        to_ms: (begin + seconds) * 1000 - ahead,
        good: rows as f64,
        bad: 0.0,
    };
    // The second of the reading is still filling.
    let end = last.database_now.timestamp();
    let first = log.seconds.first_key_value().map_or(end, |(at, _)| at.timestamp());
    let mut out = Vec::new();
    let oldest = log.minutes.first_key_value().map(|(at, _)| *at);
    let minutes = DateTime::from_timestamp_millis(from - 60_000).unwrap_or_default();
    for (at, rows) in log.minutes.range(minutes..) {
        let begin = at.timestamp();
        // Of its first minute not all may have been read.
        if begin + 60 <= first && Some(*at) != oldest {
            out.push(stretch(begin, 60, *rows));
        }
    }
    for second in first.max(from.div_euclid(1000))..end {
        let names = DateTime::from_timestamp(second, 0).and_then(|at| log.seconds.get(&at));
        out.push(stretch(second, 1, names.map_or(0, |names| names.values().sum())));
    }
    out
}

/// Requests that were answered: by interval as far as those are kept, before by slots of the series.
pub fn accepted(view: &View<'_>, axis: &Axis) -> Vec<Stretch> {
    let impressions = &view.world.impressions;
    let points = &impressions.flow.points;
    let mut out = Vec::new();
    let Some((origin, series, at)) = impressions.series(view.now) else { return out };
    let balancer = origin == Origin::Balancer;
    let clock = |at| ms(if balancer { axis.service_time(at) } else { at });
    let newest = clock(at);
    let window = axis.window(newest, balancer);
    let kept_from = points.front().map_or(i64::MAX, |p| begin(ms(p.at), p.over_ms));
    let slot = series.slot();
    let mut before: Option<DateTime<Utc>> = None;
    for (begin, counts) in series.slots(at, window) {
        let end = begin + slot;
        // A poll brings the counts of all the time since the poll before.
        let from = before.filter(|before| slot < POLLS && begin - *before <= POLLS).unwrap_or(begin);
        before = Some(end);
        if balancer || clock(end) <= kept_from {
            out.push(stretch(clock(from), clock(end).min(newest.max(clock(from) + 1)), counts));
        }
    }
    if !balancer {
        out.extend(points.iter().map(|p| stretch(begin(ms(p.at), p.over_ms), ms(p.at), p.counts)));
    }
    out
}

fn begin(end: i64, over_ms: u64) -> i64 {
    end.saturating_sub(i64::try_from(over_ms).unwrap_or(i64::MAX))
}

fn stretch(from_ms: i64, to_ms: i64, counts: Counts) -> Stretch {
    Stretch { from_ms, to_ms, good: counts.good as f64, bad: counts.bad as f64 }
}

/// The largest 99th percentile of the intervals of each slot, in seconds.
pub fn slowest(view: &View<'_>, axis: &Axis) -> Vec<Option<f64>> {
    let mut out = vec![None; axis.len];
    for point in &view.world.impressions.flow.points {
        let Some(p99) = point.p99.map(Quantile::seconds) else { continue };
        if let Some(slot) = axis.place(point.at).and_then(|i| out.get_mut(i)) {
            *slot = Some(slot.map_or(p99, |v: f64| v.max(p99)));
        }
    }
    out
}
