//! Loss that no status code shows: what was acknowledged and is not in the event log.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::Origin;
use super::flow::{Acknowledged, FlowLog};
use super::recorded::{RecordedLog, Sample};
use crate::domain::slo::Series;

/// Loss is told over this long, or what is known of it.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
/// Counters and rows that were read further apart are not compared.
const APART: TimeDelta = TimeDelta::seconds(1);
/// Latencies above this are not taken for the time that a row lies in the log before its answer.
const SLOWEST_S: f64 = 5.0;
/// A load publishes its counts once a second.
const LOAD_LATE_S: f64 = 1.0;
/// How late CloudWatch may still change a point.
const SETTLED: TimeDelta = TimeDelta::minutes(2);

/// Acknowledged and recorded impressions of the same time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// Beginning of the time.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// Who counted the acknowledged ones.
    pub origin: Origin,
    /// Answered with success.
    pub accepted: u64,
    /// Rows.
    pub recorded: u64,
    /// How many more lie in spools at the end than at the beginning: late, not lost.
    pub waiting: i64,
    /// Accepted, neither recorded nor waiting. Below nothing: rows whose acknowledgement nobody counted.
    pub lost: i64,
    /// `lost` may be wrong by so many: what came while one count was taken and the other not yet.
    pub plus_minus: u64,
}

impl Loss {
    /// Whether it is more than the two counts may differ without any.
    pub fn certain(&self) -> bool {
        self.lost > 0 && self.lost.unsigned_abs() > self.plus_minus
    }

    /// Share of the accepted ones that is lost; 0 where it is not [`Loss::certain`], `None` if nothing came.
    pub fn ratio(&self) -> Option<f64> {
        (self.accepted > 0)
            .then(|| if self.certain() { (self.lost as f64 / self.accepted as f64).min(1.0) } else { 0.0 })
    }

    /// The share that `plus_minus` is of the accepted ones, all of them at most; `None` if nothing came.
    pub fn ratio_plus_minus(&self) -> Option<f64> {
        (self.accepted > 0).then(|| (self.plus_minus as f64 / self.accepted as f64).min(1.0))
    }

    fn of(
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        origin: Origin,
        (accepted, recorded): (u64, u64),
        waiting: i64,
        plus_minus: f64,
    ) -> Self {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            from,
            to,
            origin,
            accepted,
            recorded,
            waiting,
            lost: signed(accepted).saturating_sub(signed(recorded)).saturating_sub(waiting),
            plus_minus: whole(plus_minus),
        }
    }

    /// From counters and rows that were read at the same moments: the service's own, which are of the moment, unless
    /// they miss instances that record too; else the load's.
    pub(super) fn counted(flow: &FlowLog, recorded: &RecordedLog) -> Option<Self> {
        let service = Self::acknowledged(&flow.service, Origin::Service, 0.0, recorded);
        let misses =
            service.is_none_or(|l| l.lost < 0 && l.lost.unsigned_abs() > l.plus_minus || l.accepted == 0);
        let load = || Self::acknowledged(&flow.load, Origin::Load, LOAD_LATE_S, recorded);
        if misses { load().filter(|l| l.accepted > 0).or(service) } else { service }
    }

    fn acknowledged(
        counts: &VecDeque<Acknowledged>,
        origin: Origin,
        late_s: f64,
        recorded: &RecordedLog,
    ) -> Option<Self> {
        let (last, last_rows) = counts.iter().rev().find_map(|a| Some((a, pair(a, recorded)?)))?;
        let (first, first_rows) = counts
            .iter()
            .filter(|a| a.era == last.era && a.at < last.at && last.at - a.at <= WINDOW)
            .filter_map(|a| Some((a, pair(a, recorded)?)))
            .find(|(_, rows)| rows.era == last_rows.era)?;
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Some(Self::of(
            (first.at, last.at),
            origin,
            (last.total - first.total, last_rows.total.saturating_sub(first_rows.total)),
            signed(last.waiting) - signed(first.waiting),
            blur(first, first_rows, late_s) + blur(last, last_rows, late_s),
        ))
    }

    /// From whole minutes of the load balancer. `ahead` is how much the database's clock is ahead of CloudWatch's.
    pub(super) fn of_minutes(
        balancer: &Series,
        recorded: &RecordedLog,
        ahead: TimeDelta,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let minute = TimeDelta::minutes(1);
        let read_to = recorded.last.as_ref().filter(|r| r.behind == 0)?.database_now - ahead;
        let first_second = *recorded.seconds.first_key_value()?.0 - ahead;
        let settled = (now - SETTLED).min(read_to - TimeDelta::seconds(1));
        let minutes: Vec<_> = balancer
            .slots(settled, WINDOW)
            .filter(|(begin, _)| *begin >= first_second && *begin + minute <= settled)
            .collect();
        let (from, to) = (minutes.first()?.0, minutes.last()?.0 + minute);
        // A minute without a point in between is one without a request.
        let accepted: u64 = minutes.iter().map(|(_, counts)| counts.good).sum();
        let rows: u64 = recorded
            .seconds
            .range(from + ahead..to + ahead)
            .map(|(_, names)| names.values().sum::<u64>())
            .sum();
        // Rows bear whole seconds, and the clocks are compared to within one.
        let per_s = accepted as f64 / (to - from).num_seconds().max(1) as f64;
        Some(Self::of((from, to), Origin::Balancer, (accepted, rows), 0, 2.0 * 2.0 * per_s))
    }
}

/// The reading of the log that belongs to a reading of the counters.
fn pair<'a>(counted: &Acknowledged, recorded: &'a RecordedLog) -> Option<&'a Sample> {
    recorded
        .samples
        .iter()
        .filter(|s| s.complete && (s.at - counted.at).abs() <= APART)
        .min_by_key(|s| (s.at - counted.at).abs())
}

/// What may have come between the two counts of a moment: the time between them, and that in which a row is in the
/// log and its answer not yet counted.
fn blur(counted: &Acknowledged, sample: &Sample, late_s: f64) -> f64 {
    let apart = (sample.at - counted.at).abs().num_milliseconds() as f64 / 1000.0;
    let answer = counted.answer_s.min(SLOWEST_S);
    counted.per_s * (apart + sample.within_ms as f64 / 1000.0 + answer + late_s)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from float saturates")]
fn whole(n: f64) -> u64 {
    n.ceil().max(0.0) as u64
}
