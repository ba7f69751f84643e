//! Impressions: how many are accepted and recorded, how many are lost between, and what is left of the error
//! budget.
//!
//! Two clocks meet here. What the source tells is dated by the service's clock, the machine's own, in which load
//! runs; everything else, also the metrics of a load balancer, by the environment's. [`Impressions::service_now`]
//! leads from one to the other; without a sped-up demo they are the same.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

mod balancer;
mod fact;
mod flow;
mod latency;
mod loss;
mod out;
mod recorded;
#[cfg(test)]
mod tests;

pub use fact::{Answers, Cost, Flow, Instance, Kind, OTHER_NAMES, Recorded, Second, Terms};
pub use flow::{FlowLog, Point};
pub use latency::{Latency, Quantile, UNBOUNDED_NS, bound_ns};
pub use loss::Loss;
pub use out::{ImpressionsOut, NameOut};
pub use recorded::{RecordedLog, Sample};

use super::burn::{self, BurnRule, Slo};
use super::metric::MetricSeries;
use super::outages::Outages;
use super::slo::{Budget, Counts, Series};
use super::source::SourceId;

/// Rates of what is scraped are those of this time.
const RATE: TimeDelta = TimeDelta::seconds(10);
/// Ratios are those of this time.
const RATIO: TimeDelta = TimeDelta::seconds(60);
/// So long after its newest point a series is taken to end there.
const POLLED: TimeDelta = TimeDelta::seconds(10);
/// Minutes of a load balancer that ended longer ago say nothing of now.
const BALANCER_OLD: TimeDelta = TimeDelta::minutes(5);

/// Who told a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The event log.
    Database,
    /// kakeru, what users got for an answer.
    Load,
    /// hakaru, what it answered.
    Service,
    /// The load balancer, by CloudWatch.
    Balancer,
}

impl Origin {
    /// The source that reads it.
    pub fn source(self) -> SourceId {
        match self {
            Self::Balancer => SourceId::CLOUDWATCH,
            _ => SourceId::IMPRESSIONS,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Database => "event log",
            Self::Load => "kakeru",
            Self::Service => "hakaru",
            Self::Balancer => "load balancer",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// A number with who told it, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// The number.
    pub value: f64,
    /// Who told.
    pub origin: Origin,
    /// End of the time that it is of, by the environment's clock: its age counts from here.
    pub at: DateTime<Utc>,
    /// How long that time was.
    pub over: TimeDelta,
}

/// The most that one instance was seen to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Requests a second, held for ten seconds.
    pub per_s: f64,
    /// When it was seen last, by the service's clock.
    pub at: DateTime<Utc>,
    /// Whether it failed to take more. If not, it can take at least that much.
    pub limit: bool,
}

/// Everything known of the impressions.
#[derive(Debug, Clone, PartialEq)]
pub struct Impressions {
    /// What the service is measured against.
    pub terms: Terms,
    /// The event log.
    pub recorded: RecordedLog,
    /// Counters of hakaru and kakeru.
    pub flow: FlowLog,
    /// Requests by minute of the load balancer's metrics, by the environment's clock.
    pub balancer: Series,
    /// The service's clock less the environment's, at the newest reading.
    ahead: TimeDelta,
}

impl Default for Impressions {
    fn default() -> Self {
        Self::new(Terms::default())
    }
}

impl Impressions {
    /// Nothing known yet.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            recorded: RecordedLog::default(),
            flow: FlowLog::new(terms),
            balancer: balancer::series(terms),
            ahead: TimeDelta::zero(),
        }
    }

    /// Takes in what the service is measured against. Another window starts the history anew.
    pub(super) fn agree(&mut self, terms: Terms) {
        if self.terms.window_s == terms.window_s {
            self.terms = terms;
        } else {
            *self = Self { recorded: std::mem::take(&mut self.recorded), ..Self::new(terms) };
        }
    }

    /// Notes that the service's clock showed `service` when the environment's showed `environment`.
    pub(super) fn clocks(&mut self, service: DateTime<Utc>, environment: DateTime<Utc>) {
        self.ahead = service - environment;
    }

    pub(super) fn learn_recorded(&mut self, fact: &Recorded) {
        self.recorded.learn(fact);
    }

    pub(super) fn learn_flow(&mut self, fact: &Flow) {
        self.flow.learn(fact, self.terms.objective);
    }

    pub(super) fn learn_balancer<'a>(&mut self, series: impl Iterator<Item = &'a MetricSeries>) {
        balancer::learn(&mut self.balancer, series);
    }

    /// The service's time when the environment's is `now`.
    pub fn service_now(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.ahead
    }

    /// The environment's time when the service's is `at`.
    pub fn environment_time(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at - self.ahead
    }

    /// Whether anything was ever read.
    pub fn is_known(&self) -> bool {
        self.recorded.last.is_some() || self.flow.last.is_some() || self.newest_minute().is_some()
    }

    /// Rows a second that the event log gets.
    pub fn recorded_per_s(&self) -> Option<Measure> {
        let (value, over) = self.recorded.per_s()?;
        let at = self.environment_time(self.recorded.samples.back()?.at);
        Some(Measure { value, origin: Origin::Database, at, over })
    }

    /// Requests a second that are answered with success: the last ten seconds of the counters; else the last
    /// complete minute of the load balancer.
    pub fn accepted_per_s(&self, now: DateTime<Utc>) -> Option<Measure> {
        if let Some((value, over, origin)) = self.flow.rate(RATE) {
            return Some(Measure { value, origin, at: self.flowed_at()?, over });
        }
        let (at, counts) = self.last_minute(now)?;
        let value = counts.good as f64 / 60.0;
        Some(Measure { value, origin: Origin::Balancer, at, over: TimeDelta::minutes(1) })
    }

    /// Requests a second that came, answered well or not, over the last ten seconds of the counters.
    pub fn asked_per_s(&self, now: DateTime<Utc>) -> Option<Measure> {
        let (counts, over, origin) = self.flow.counts(RATE)?;
        let seconds = over.num_milliseconds() as f64 / 1000.0;
        let at = self.flowed_at().filter(|at| now - *at < BALANCER_OLD)?;
        (seconds > 0.0).then(|| Measure { value: counts.total() as f64 / seconds, origin, at, over })
    }

    /// Instances that would take `per_s` requests a second, by what one was seen to take. More than are needed,
    /// where none was seen at its limit ([`Capacity::limit`]).
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from float saturates"
    )]
    pub fn instances_for(&self, per_s: f64) -> Option<u64> {
        let capacity = self.flow.capacity.filter(|c| c.per_s > 0.0)?;
        Some((per_s / capacity.per_s).ceil().max(1.0) as u64)
    }

    /// Share of requests that succeeded, of the last minute; `None` without a request.
    pub fn success_ratio(&self, now: DateTime<Utc>) -> Option<Measure> {
        if let Some((counts, over, origin)) = self.flow.counts(RATIO) {
            let value = counts.success_ratio()?;
            return Some(Measure { value, origin, at: self.flowed_at()?, over });
        }
        let (at, counts) = self.last_minute(now)?;
        let value = counts.success_ratio()?;
        Some(Measure { value, origin: Origin::Balancer, at, over: TimeDelta::minutes(1) })
    }

    /// End of the newest interval, by the environment's clock.
    fn flowed_at(&self) -> Option<DateTime<Utc>> {
        self.flow.points.back().map(|p| self.environment_time(p.at))
    }

    fn newest_minute(&self) -> Option<(DateTime<Utc>, Counts)> {
        self.balancer.slots(DateTime::<Utc>::MAX_UTC, TimeDelta::MAX).next_back()
    }

    /// The newest complete minute of the load balancer, with its end.
    fn last_minute(&self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Counts)> {
        let minute = TimeDelta::minutes(1);
        let mut slots =
            self.balancer.slots(now, BALANCER_OLD).map(|(begin, counts)| (begin + minute, counts));
        slots.rfind(|(end, _)| *end <= now)
    }

    /// Seconds until an impression shows in the event log: from the newest row to the database's now.
    pub fn lag_s(&self) -> Option<f64> {
        self.recorded.lag_s()
    }

    /// What was acknowledged and is not in the event log; `None` where the two cannot be compared.
    pub fn loss(&self, now: DateTime<Utc>) -> Option<Loss> {
        if !self.flow.points.is_empty() {
            return Loss::counted(&self.flow, &self.recorded);
        }
        let last = self.recorded.last.as_ref()?;
        let ahead = self.ahead + TimeDelta::milliseconds(last.clock_ahead_ms);
        // Seconds are whole ones.
        let ahead = TimeDelta::seconds((ahead.num_milliseconds() + 500).div_euclid(1000));
        Loss::of_minutes(&self.balancer, &self.recorded, ahead, now)
    }

    /// Requests of the whole window with who told them and the time of their clock at `now`, or at the newest poll
    /// where that is not long ago: the counters where they are read, else the load balancer. `None` before anything was measured.
    pub fn series(&self, now: DateTime<Utc>) -> Option<(Origin, &Series, DateTime<Utc>)> {
        let service_now = self.service_now(now);
        if let (Some(point), true) = (self.flow.points.back(), has_any(&self.flow.series, service_now)) {
            // Between two polls nothing is known of the last seconds, and the short windows of a short period are
            // no longer than that: they end with what is known.
            let polled = (point.at..=point.at + POLLED).contains(&service_now);
            return Some((point.origin, &self.flow.series, if polled { point.at } else { service_now }));
        }
        has_any(&self.balancer, now).then_some((Origin::Balancer, &self.balancer, now))
    }

    /// Field `slo` of the snapshot; `None` without a request in the window.
    pub fn slo(&self, now: DateTime<Utc>) -> Option<Slo> {
        let (_, series, at) = self.series(now)?;
        Slo::of(series, self.terms.objective, at)
    }

    /// The error budget; `None` without a request in the window.
    pub fn budget(&self, now: DateTime<Utc>) -> Option<Budget> {
        let (_, series, at) = self.series(now)?;
        series.budget(self.terms.objective, at)
    }

    /// Burn rate over `window`; `None` without a request in it.
    pub fn burn(&self, now: DateTime<Utc>, window: TimeDelta) -> Option<f64> {
        let (_, series, at) = self.series(now)?;
        series.burn(self.terms.objective, at, window)
    }

    /// The most urgent burn rule that holds.
    pub fn alarm(&self, now: DateTime<Utc>) -> Option<BurnRule> {
        let (_, series, at) = self.series(now)?;
        burn::alarm(series, self.terms.objective, at)
    }

    /// Times of failure in the whole window, for MTBF and MTTR. Its instants are of the clock that
    /// [`Impressions::series`] gives.
    pub fn outages(&self, now: DateTime<Utc>) -> Option<Outages> {
        let (_, series, at) = self.series(now)?;
        Some(Outages::of(series, self.terms.objective, at, series.period()))
    }
}

fn has_any(series: &Series, now: DateTime<Utc>) -> bool {
    series.slots(now, series.period()).next().is_some()
}
