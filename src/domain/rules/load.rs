//! Target tracking: how many tasks the load asks for. Each signal answers `ceil(running × value ÷ target)`, the
//! largest answer wins, fewer tasks only if all signals are there and agree.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Input;
use super::demand::{self, Demand};
use super::look::Point;
use crate::domain::ecs::Service;
use crate::domain::recommendation::{Change, Evidence, Intent};
use crate::domain::scalable::ScalableTarget;
use crate::domain::source::SourceId;
use crate::domain::units;

/// More tasks than any service has: the end of what an absurd value asks for.
const MOST: f64 = 100_000.0;

/// One signal and what it asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Signal {
    /// The value.
    pub(super) point: Point,
    /// What the service is steered to.
    pub(super) target: f64,
    /// Tasks that would bring it to the target.
    pub(super) asked: u32,
    /// Whether it is close enough to the target to leave things as they are.
    pub(super) in_band: bool,
}

impl Signal {
    /// `CPUUtilization 82.0 % (target 60.0 %) asks for 9`.
    pub(super) fn words(&self) -> String {
        let target = units::metric(self.target, &self.point.unit);
        format!("{} (target {target}) asks for {}", self.point.words(), self.asked)
    }
}

/// The load of the service.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Load<'a> {
    /// The service.
    pub(super) service: &'a Service,
    /// When it was read.
    pub(super) at: DateTime<Utc>,
    /// Signals with a recent value.
    pub(super) signals: Vec<Signal>,
    /// Signals without one.
    pub(super) missing: Vec<&'static str>,
    /// How fast the error budget burns, where it burns so fast that somebody should look now.
    pub(super) burning: Option<Evidence>,
}

impl<'a> Load<'a> {
    /// The load, where at least one signal is known.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub(super) fn of(input: &Input<'a>) -> Result<Self, String> {
        let (at, service) = input.service()?;
        if service.running == 0 {
            return Err("no task runs, so its load cannot be told".into());
        }
        let (mut signals, mut missing) = (Vec::new(), Vec::new());
        let mut take = |name: &'static str, point: Option<Point>, target: f64| match point
            .filter(|p| p.value >= 0.0 && target > 0.0)
        {
            Some(point) => signals.push(signal(input, service, point, target)),
            None => missing.push(name),
        };
        let policy = input.policy;
        take("CPUUtilization", input.point("AWS/ECS", "CPUUtilization", "Average"), policy.cpu_target);
        take(
            "MemoryUtilization",
            input.point("AWS/ECS", "MemoryUtilization", "Average"),
            policy.memory_target,
        );
        if let Some(target) = policy.requests_per_task_target {
            take("requests per task", requests_per_task(input, service), target);
        }
        let burning = demand::burning(input);
        match demand::point(input, service) {
            Demand::Known(point, capacity) => signals.push(signal(input, service, point, capacity)),
            Demand::Missing => missing.push(demand::NAME),
            Demand::Elsewhere => {}
        }
        if signals.is_empty() {
            let why = input.read_at(SourceId::CLOUDWATCH).err();
            return Err(why.unwrap_or_else(|| format!("{} have no recent data point", missing.join(" and "))));
        }
        Ok(Self { service, at, signals, missing, burning })
    }

    /// What the load asks for, before dead band and steps. With a signal missing never fewer tasks than now.
    pub(super) fn asked(&self) -> u32 {
        let most = self.signals.iter().map(|s| s.asked).max().unwrap_or(self.service.desired);
        if self.may_shrink() { most } else { most.max(self.service.desired) }
    }

    /// The largest answer, where a signal inside the dead band answers "as it is".
    pub(super) fn answer(&self) -> u32 {
        let now = self.service.desired;
        let most = self.signals.iter().map(|s| if s.in_band { now } else { s.asked }).max().unwrap_or(now);
        if self.may_shrink() { most } else { most.max(now) }
    }

    /// Missing data never shrinks, nor do tasks that have yet to start, nor an error budget that burns.
    fn may_shrink(&self) -> bool {
        self.missing.is_empty() && self.burning.is_none() && self.service.running >= self.service.desired
    }

    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let count = |name, n: u32| super::look::evidence(name, n, "Count", Some(self.at), SourceId::ECS);
        let mut out: Vec<Evidence> = self.signals.iter().map(|s| s.point.evidence()).collect();
        out.extend(self.burning.clone());
        out.push(count("desired", self.service.desired));
        out.push(count("running", self.service.running));
        out
    }

    /// The signals in words.
    pub(super) fn words(&self) -> String {
        let mut words: Vec<String> = self.signals.iter().map(Signal::words).collect();
        if !self.missing.is_empty() {
            words.push(format!("{} unknown", self.missing.join(" and ")));
        }
        words.join(", ")
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn signal(input: &Input<'_>, service: &Service, point: Point, target: f64) -> Signal {
    let needed = f64::from(service.running) * point.value / target;
    // A hair above a whole number is rounding, not load.
    let asked = (needed - 1e-9).ceil().clamp(0.0, MOST) as u32;
    // Against the tasks wanted: those that come or go are counted as if they had.
    let off = (needed / f64::from(service.desired.max(1)) - 1.0).abs();
    let in_band = off <= input.policy.dead_band + 1e-9;
    Signal { point, target, asked, in_band }
}

/// Requests a second and running task, over all target groups of the service.
fn requests_per_task(input: &Input<'_>, service: &Service) -> Option<Point> {
    let newest = input.point("AWS/ApplicationELB", "RequestCount", "Sum")?;
    let (mut sum, mut period) = (0.0, 0);
    for series in input.series("AWS/ApplicationELB", "RequestCount", "Sum") {
        period = series.period_s.max(1);
        sum += series.points.iter().rev().find(|(at, _)| *at == newest.at).map_or(0.0, |(_, value)| *value);
    }
    let value = sum / f64::from(period) / f64::from(service.running);
    let (name, unit) = ("requests per task".into(), "Count/Second".into());
    Some(Point { source: SourceId::CLOUDWATCH, name, unit, at: newest.at, value })
}

/// How another number of tasks is brought about.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "taken apart where it is made")]
pub(super) enum Way {
    /// By the desired count, or by the scalable target's limits.
    Change {
        /// What is wanted.
        intent: Intent,
        /// From and to.
        change: Change,
        /// A sentence about Application Auto Scaling; empty where it has no part in it.
        note: String,
    },
    /// AWS is free to do it by itself.
    LeftToAws,
}

impl Way {
    /// The way from the present desired count to `to`.
    pub(super) fn of(input: &Input<'_>, service: &Service, to: u32) -> Self {
        let scalable = input.read_at(SourceId::AUTOSCALING).ok().and(input.world.scalable.as_ref());
        match scalable {
            Some(Some(target)) if !target.suspended => bounds(service, target, to),
            Some(Some(_)) => desired(
                service,
                to,
                "Application Auto Scaling is suspended for the service: once resumed, it may overrule the desired count.",
            ),
            Some(None) => desired(service, to, ""),
            None => desired(
                service,
                to,
                "Whether Application Auto Scaling overrules the desired count could not be read.",
            ),
        }
    }
}

fn desired(service: &Service, to: u32, note: &str) -> Way {
    Way::Change {
        intent: Intent::Scale { desired: to },
        change: Change { from: json!(service.desired), to: json!(to) },
        note: note.to_owned(),
    }
}

fn bounds(service: &Service, target: &ScalableTarget, to: u32) -> Way {
    let (min, max) = (to, target.max.max(to));
    let up = to > service.desired;
    if (up && target.min >= to) || (!up && target.min <= to) {
        return Way::LeftToAws;
    }
    Way::Change {
        intent: Intent::ScaleBounds { min, max },
        change: Change {
            from: json!({ "min": target.min, "max": target.max }),
            to: json!({ "min": min, "max": max }),
        },
        note: format!(
            "The service is under Application Auto Scaling, which would overrule a desired count: its minimum and \
             maximum are changed instead, from {} to {} and from {} to {}.",
            target.min, min, target.max, max
        ),
    }
}

/// `effect` with the note on Application Auto Scaling.
pub(super) fn with_note(effect: String, note: &str) -> String {
    if note.is_empty() { effect } else { format!("{effect} {note}") }
}
