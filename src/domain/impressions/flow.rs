//! Answers over time, from the counters of hakaru and kakeru: what graphs show, what the error budget counts, and
//! how much one instance can take.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::fact::{Answers, Flow, Instance, Kind, Terms};
use super::latency::{Latency, Quantile};
use super::{Capacity, Origin};
use crate::domain::slo::{Counts, Objective, Series};

/// Intervals that are kept: at one in two seconds, half an hour.
const POINTS: usize = 900;
/// Intervals whose latencies are kept, for percentiles of the last minute.
const LATENCIES: usize = 30;
/// A load that does not answer is waited for so long before the service's own counts stand in: its next answer
/// tells of the time between.
const LOAD_GONE: TimeDelta = TimeDelta::seconds(10);
/// An instance has held a rate when it did for this long.
const HELD_MS: u64 = 10_000;
/// Slots that the counts of one interval are spread over at most: a minute of seconds.
const MOST_SLOTS: u32 = 60;
/// Instances whose capacity is measured at once.
const INSTANCES: usize = 256;

/// One interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its end, by the service's clock.
    pub at: DateTime<Utc>,
    /// Its length in milliseconds.
    pub over_ms: u64,
    /// Who told.
    pub origin: Origin,
    /// Requests that succeeded and failed.
    pub counts: Counts,
    /// Half of the answers came within this.
    pub p50: Option<Quantile>,
    /// 90 % of the answers came within this.
    pub p90: Option<Quantile>,
    /// 99 % of the answers came within this.
    pub p99: Option<Quantile>,
}

impl Point {
    /// Answers a second, succeeded ones.
    pub fn per_s(&self) -> f64 {
        per_s(self.counts.good, self.over_ms)
    }
}

fn per_s(n: u64, over_ms: u64) -> f64 {
    n as f64 * 1000.0 / over_ms.max(1) as f64
}

/// Requests that had succeeded at a moment, as one origin counts them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Acknowledged {
    pub(super) at: DateTime<Utc>,
    /// Since the first interval.
    pub(super) total: u64,
    /// Impressions in spools.
    pub(super) waiting: u64,
    /// Totals of different eras cannot be compared: an instance took answers with it.
    pub(super) era: u64,
    /// What came meanwhile, a second.
    pub(super) per_s: f64,
    /// Seconds until almost all answers were there; 0.1 where that is not known.
    pub(super) answer_s: f64,
}

/// Answers of an instance in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Held {
    over_ms: u64,
    counts: Counts,
}

/// The counters as they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowLog {
    /// The newest reading.
    pub last: Option<Flow>,
    /// The last intervals, oldest first.
    pub points: VecDeque<Point>,
    /// Requests of the whole window, for budget and burn rates.
    pub series: Series,
    /// The most that one instance was seen to take within the objective.
    pub capacity: Option<Capacity>,
    /// What the instances of the service acknowledged, oldest first.
    pub(super) service: VecDeque<Acknowledged>,
    /// What the load knows to be acknowledged.
    pub(super) load: VecDeque<Acknowledged>,
    latencies: VecDeque<Latency>,
    held: BTreeMap<String, VecDeque<Held>>,
    /// When the load told something last.
    load_at: Option<DateTime<Utc>>,
}

impl FlowLog {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            last: None,
            points: VecDeque::new(),
            series: Series::for_period(terms.window()),
            capacity: None,
            service: VecDeque::new(),
            load: VecDeque::new(),
            latencies: VecDeque::new(),
            held: BTreeMap::new(),
            load_at: None,
        }
    }

    pub(super) fn learn(&mut self, flow: &Flow, objective: Objective) {
        if self.last.as_ref().is_some_and(|last| last.at >= flow.at) {
            return;
        }
        self.measure_capacity(flow, objective);
        let waiting = flow.service.as_ref().and_then(|s| s.waiting).unwrap_or(0);
        acknowledge(&mut self.service, flow, flow.service.as_ref(), waiting, flow.incomplete);
        // What a load counts is complete whatever becomes of the instances; what it missed to tell, it tells later.
        acknowledge(&mut self.load, flow, flow.load.as_ref(), waiting, false);
        if let Some((origin, answers)) = self.choose(flow) {
            self.add(flow, origin, &answers);
        }
        self.last = Some(flow.clone());
    }

    /// Who tells of the interval: the load where one runs, since it also sees what no instance could answer; else
    /// the service. `None`: nobody, or a load that will tell of it with its next answer.
    fn choose(&mut self, flow: &Flow) -> Option<(Origin, Answers)> {
        match &flow.load {
            Some(answers) => {
                let any = answers.counts().total() > 0;
                if any {
                    self.load_at = Some(flow.at);
                }
                if any || self.load_runs(flow.at) {
                    return Some((Origin::Load, answers.clone()));
                }
            }
            None if self.load_runs(flow.at) => return None,
            None => {}
        }
        flow.service.clone().map(|answers| (Origin::Service, answers))
    }

    /// Whether a load told something a moment ago; it counts by the second.
    fn load_runs(&self, now: DateTime<Utc>) -> bool {
        self.load_at.is_some_and(|at| now - at < LOAD_GONE)
    }

    fn add(&mut self, flow: &Flow, origin: Origin, answers: &Answers) {
        let counts = answers.counts();
        self.spread(flow, counts);
        let point = Point {
            at: flow.at,
            over_ms: flow.over_ms,
            origin,
            counts,
            p50: answers.latency.quantile(0.5),
            p90: answers.latency.quantile(0.9),
            p99: answers.latency.quantile(0.99),
        };
        self.points.push_back(point);
        self.latencies.push_back(answers.latency.clone());
        while self.points.len() > POINTS {
            self.points.pop_front();
        }
        while self.latencies.len() > LATENCIES {
            self.latencies.pop_front();
        }
    }

    /// Adds the counts of an interval to all slots that it spans, evenly: a slot without counts would look
    /// unmeasured.
    fn spread(&mut self, flow: &Flow, counts: Counts) {
        let slot = self.series.slot();
        let slot_ms = u64::try_from(slot.num_milliseconds()).unwrap_or(1).max(1);
        let slots = u32::try_from(flow.over_ms.div_ceil(slot_ms)).unwrap_or(MOST_SLOTS).clamp(1, MOST_SLOTS);
        let upto = |n: u64, part: u32| {
            let share = u128::from(n) * u128::from(part) / u128::from(slots);
            u64::try_from(share).unwrap_or(u64::MAX)
        };
        for part in 0..slots {
            let share = |n: u64| upto(n, part + 1) - upto(n, part);
            let back = slot * i32::try_from(slots - 1 - part).unwrap_or(0);
            self.series.add(flow.at - back, Counts { good: share(counts.good), bad: share(counts.bad) });
        }
    }

    /// The points of `window` before the newest one, newest first, of the origin of the newest alone.
    fn recent(&self, window: TimeDelta) -> impl Iterator<Item = &Point> {
        let newest = self.points.back();
        let same = move |p: &&Point| newest.is_some_and(|n| n.at - p.at < window && n.origin == p.origin);
        self.points.iter().rev().take_while(same)
    }

    /// Answers a second over `window` with the time they were measured in, and who told.
    pub(super) fn rate(&self, window: TimeDelta) -> Option<(f64, TimeDelta, Origin)> {
        let (over_ms, good) =
            self.recent(window).fold((0, 0), |(ms, good), p| (ms + p.over_ms, good + p.counts.good));
        let origin = self.points.back()?.origin;
        (over_ms > 0).then(|| (per_s(good, over_ms), milliseconds(over_ms), origin))
    }

    /// Requests over `window`, with the time they were measured in, and who told.
    pub(super) fn counts(&self, window: TimeDelta) -> Option<(Counts, TimeDelta, Origin)> {
        let (over_ms, counts) = self
            .recent(window)
            .fold((0, Counts::default()), |(ms, sum), p| (ms + p.over_ms, sum.plus(p.counts)));
        Some((counts, milliseconds(over_ms), self.points.back()?.origin))
    }

    /// Latencies of the last minute or so.
    pub fn latency(&self) -> Latency {
        let mut sum = Latency::default();
        // Intervals of another origin are told by another histogram.
        let same = self.recent(TimeDelta::MAX).count();
        self.latencies.iter().rev().take(same).for_each(|latency| sum.add(latency));
        sum
    }

    fn measure_capacity(&mut self, flow: &Flow, objective: Objective) {
        // What fails for want of the database says nothing of what the instance can take.
        let able =
            |i: &&Instance| i.kind == Kind::Hakaru && i.counts.is_some() && i.database_up != Some(false);
        let known: Vec<&Instance> = flow.instances.iter().filter(able).collect();
        self.held.retain(|name, _| known.iter().any(|i| i.name == *name));
        for instance in known.into_iter().take(INSTANCES) {
            let Some(counts) = instance.counts else { continue };
            let held = self.held.entry(instance.name.clone()).or_default();
            held.push_back(Held { over_ms: flow.over_ms, counts });
            let enough = |held: &VecDeque<Held>| held.iter().map(|h| h.over_ms).sum::<u64>() >= HELD_MS;
            if !enough(held) {
                continue;
            }
            let (over_ms, sum) =
                held.iter().fold((0, Counts::default()), |(ms, sum), h| (ms + h.over_ms, sum.plus(h.counts)));
            // What it could do within the objective, and whether it was more than it could do.
            let failing = objective.met(sum.good, sum.total()) == Some(false);
            let taken = per_s(sum.good, over_ms);
            let best = self.capacity.map_or(0.0, |c| c.per_s);
            if taken > best || failing && taken >= best * 0.9 {
                let limit = failing || self.capacity.is_some_and(|c| c.limit && taken <= best);
                self.capacity = Some(Capacity { per_s: taken.max(best), at: flow.at, limit });
            }
            held.pop_front();
        }
    }
}

/// Takes in what an origin acknowledged in an interval.
fn acknowledge(
    into: &mut VecDeque<Acknowledged>,
    flow: &Flow,
    answers: Option<&Answers>,
    waiting: u64,
    broken: bool,
) {
    let before = into.back().copied();
    let Some(answers) = answers else { return };
    let answer = answers.latency.quantile(0.99).map_or(0.1, Quantile::seconds);
    into.push_back(Acknowledged {
        at: flow.at,
        total: before.map_or(0, |a| a.total).saturating_add(answers.good),
        waiting,
        era: before.map_or(0, |a| a.era + u64::from(broken)),
        per_s: per_s(answers.good, flow.over_ms),
        answer_s: answer,
    });
    while into.len() > POINTS {
        into.pop_front();
    }
}

fn milliseconds(ms: u64) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX))
}
