//! How rules look at the world: only at what is fresh enough, and with its source and time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value as Json;

use super::Input;
use crate::domain::ecs::{MountsBy, Service};
use crate::domain::freshness::Freshness;
use crate::domain::metric::{MetricKey, MetricSeries};
use crate::domain::recommendation::{Evidence, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;
use crate::domain::units;

/// A data point older than this, or than three of its periods, says nothing of now: CloudWatch is a minute or
/// two behind.
const POINT_VALID: TimeDelta = TimeDelta::minutes(5);

impl<'a> Input<'a> {
    /// When `source` was read, if that is recent enough to reason from.
    ///
    /// # Errors
    /// Why it cannot be used, a fragment.
    pub(super) fn read_at(&self, source: SourceId) -> Result<DateTime<Utc>, String> {
        let Some(state) = self.world.sources.get(&source) else {
            return Err(match self.world.off.get(&source) {
                Some(why) => format!("{source} is off: {why}"),
                None => format!("{source} is not read"),
            });
        };
        match (state.freshness(self.now), state.at) {
            (Freshness::Fresh | Freshness::Late, Some(at)) => Ok(at),
            (Freshness::Stale, Some(at)) => {
                Err(format!("{source} was last read {} ago", units::duration(self.now - at)))
            }
            _ => Err(match &state.error {
                Some(error) => format!("{source} could not be read: {}", error.line()),
                None => format!("{source} has not been read yet"),
            }),
        }
    }

    /// The service with the time it was read.
    ///
    /// # Errors
    /// Why it is not known.
    pub(super) fn service(&self) -> Result<(DateTime<Utc>, &'a Service), String> {
        let at = self.read_at(SourceId::ECS)?;
        Ok((at, self.world.service.as_ref().ok_or("the service is not known")?))
    }

    /// How tasks mount the file system.
    pub(super) fn mounts_by(&self) -> MountsBy {
        self.world.service.as_ref().map_or(MountsBy::Unknown, |s| s.mounts_by)
    }

    /// All series of a metric, by any dimensions. Looks up, so a thousand others cost nothing.
    pub(super) fn series(
        &self,
        namespace: &str,
        name: &str,
        statistic: &str,
    ) -> impl Iterator<Item = &'a MetricSeries> {
        let first = MetricKey {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            statistic: statistic.to_owned(),
            dimensions: BTreeMap::new(),
        };
        let wanted = first.clone();
        self.world.metrics.range(first..).map(|(_, series)| series).take_while(move |s| {
            (&s.key.namespace, &s.key.name, &s.key.statistic)
                == (&wanted.namespace, &wanted.name, &wanted.statistic)
        })
    }

    /// The newest `n` points of a metric, newest first, where the newest is recent enough to speak of now.
    pub(super) fn points(&self, namespace: &str, name: &str, statistic: &str, n: usize) -> Vec<Point> {
        if self.read_at(SourceId::CLOUDWATCH).is_err() {
            return Vec::new();
        }
        let Some(series) = self.series(namespace, name, statistic).next() else { return Vec::new() };
        let valid = POINT_VALID.max(TimeDelta::seconds(i64::from(series.period_s) * 3));
        if series.last().is_none_or(|(at, _)| self.now - at > valid) {
            return Vec::new();
        }
        let point = |(at, value): &(DateTime<Utc>, f64)| Point {
            source: SourceId::CLOUDWATCH,
            name: series.key.name.clone(),
            unit: series.unit.clone(),
            at: *at,
            value: *value,
        };
        series.points.iter().rev().take(n).filter(|(_, value)| value.is_finite()).map(point).collect()
    }

    /// The newest point of a metric, where it is recent enough to speak of now.
    pub(super) fn point(&self, namespace: &str, name: &str, statistic: &str) -> Option<Point> {
        self.points(namespace, name, statistic, 1).pop()
    }

    /// The newest point, if enough of the newest ones (k of n, as the policy says) satisfy `test`.
    pub(super) fn agreed(
        &self,
        namespace: &str,
        name: &str,
        statistic: &str,
        test: impl Fn(f64) -> bool,
    ) -> Option<Point> {
        let points = self.points(namespace, name, statistic, self.policy.evaluations as usize);
        let agreeing = points.iter().filter(|p| test(p.value)).count();
        let newest = points.into_iter().next()?;
        (test(newest.value) && agreeing >= self.policy.agreeing as usize).then_some(newest)
    }
}

/// A data point of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// Who read it.
    pub(super) source: SourceId,
    /// Metric.
    pub(super) name: String,
    /// CloudWatch's unit.
    pub(super) unit: String,
    /// Begin of the period.
    pub(super) at: DateTime<Utc>,
    /// Value.
    pub(super) value: f64,
}

impl Point {
    pub(super) fn evidence(&self) -> Evidence {
        evidence(&self.name, self.value, &self.unit, Some(self.at), self.source)
    }

    /// `CPUUtilization 82.0 %`.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.name, units::metric(self.value, &self.unit))
    }
}

/// A number a recommendation rests on.
pub(super) fn evidence(
    name: &str,
    value: impl Into<Json>,
    unit: &str,
    at: Option<DateTime<Utc>>,
    source: SourceId,
) -> Evidence {
    Evidence {
        name: name.to_owned(),
        value: value.into(),
        unit: unit.to_owned(),
        at,
        source: source.0.to_owned(),
    }
}

/// A recommendation of `rule` in which nothing is said yet.
pub(super) fn blank(rule: &str, severity: Severity) -> Recommendation {
    Recommendation {
        id: rule.to_owned(),
        rule: rule.to_owned(),
        severity,
        title: String::new(),
        reason: String::new(),
        evidence: Vec::new(),
        change: None,
        requests: Vec::new(),
        effect: String::new(),
        risk: String::new(),
        cost_usd_per_month: None,
        reversible: true,
        rollback: String::new(),
        blocked_by: Vec::new(),
        auto_allowed: false,
        intent: Intent::Advice,
    }
}

/// `1d` of `ap-northeast-1d`.
pub(super) fn short(zone: &str) -> &str {
    zone.rsplit('-').next().unwrap_or(zone)
}

/// `1 task`, `2 tasks`.
pub(super) fn plural(n: usize, one: &str, more: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {more}", units::thousands(n as u64)) }
}
