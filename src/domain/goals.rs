//! The goals of the tuning guide, each measured or said to be unmeasured (DOMAIN §1).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::world::World;

/// One goal and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// `lambda-run`, `task-start`, `efs-throughput`, `mount-target-creation`, `count-million`.
    pub id: String,
    /// The limit in `unit`.
    pub target: f64,
    /// `s` (at most) or `MB/s` (at least).
    pub unit: String,
    /// What was measured last.
    pub value: Option<f64>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// Whether it holds.
    pub met: Option<bool>,
}

fn goal(id: &str, target: f64, unit: &str, measured: Option<(DateTime<Utc>, f64)>) -> Goal {
    let at_least = unit == "MB/s";
    Goal {
        id: id.to_owned(),
        target,
        unit: unit.to_owned(),
        value: measured.map(|m| m.1),
        at: measured.map(|m| m.0),
        met: measured.map(|m| if at_least { m.1 >= target } else { m.1 <= target }),
    }
}

impl World {
    /// The table of goals. Those that only a change or a test can measure stay `null` until there was one.
    pub fn goals(&self) -> Vec<Goal> {
        let newest = |namespace, name, statistic, factor: f64| {
            self.metric(namespace, name, statistic)
                .and_then(super::metric::MetricSeries::last)
                .map(|(at, v)| (at, v * factor))
        };
        let task_start = self
            .tasks
            .iter()
            .flatten()
            .filter_map(|t| {
                Some((t.started_at?, (t.started_at? - t.created_at?).num_milliseconds() as f64 / 1000.0))
            })
            .max_by_key(|(at, _)| *at);
        vec![
            goal("lambda-run", 30.0, "s", newest("AWS/Lambda", "Duration", "Maximum", 0.001)),
            goal("task-start", 120.0, "s", task_start),
            goal("efs-throughput", 100.0, "MB/s", newest("AWS/EFS", "PermittedThroughput", "Average", 1e-6)),
            goal("mount-target-creation", 90.0, "s", None),
            goal("count-million", 300.0, "s", None),
        ]
    }
}
