//! The goals of the tuning guide, each measured or said to be unmeasured (DOMAIN §1).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::bench::Point;
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

/// How long a throughput that a test reached stands before the one that AWS permits.
const TESTED_FOR: TimeDelta = TimeDelta::hours(24);
/// Files below which the time of a count says nothing of a million.
const TELLING_COUNT: u64 = 10_000;

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
    /// The table of goals. Those that only a change or a test can measure stay `null` until [`World::measured`]
    /// tells of one.
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
        let permitted = newest("AWS/EFS", "PermittedThroughput", "Average", 1e-6);
        vec![
            goal("lambda-run", 30.0, "s", newest("AWS/Lambda", "Duration", "Maximum", 0.001)),
            goal("task-start", 120.0, "s", task_start),
            goal("efs-throughput", 100.0, "MB/s", throughput(self.measured.efs_throughput, permitted)),
            goal("mount-target-creation", 90.0, "s", self.measured.mount_target_creation),
            goal("count-million", 300.0, "s", self.count_of_a_million()),
        ]
    }

    /// Seconds that a million files would take at the pace of the newest count that miharu made itself.
    fn count_of_a_million(&self) -> Option<Point> {
        let count = self.file_count.as_ref().filter(|count| count.files >= TELLING_COUNT)?;
        Some((count.at, count.took_ms? as f64 / 1000.0 * 1e6 / count.files as f64))
    }
}

/// What a test reached says more than what is permitted, for a while.
fn throughput(tested: Option<Point>, permitted: Option<Point>) -> Option<Point> {
    match (tested, permitted) {
        (Some(tested), Some(permitted)) if permitted.0 - tested.0 > TESTED_FOR => Some(permitted),
        (tested, permitted) => tested.or(permitted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bench::Measured;
    use crate::domain::count::{CountSource, FileCount};

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn value(world: &World, id: &str) -> (Option<f64>, Option<bool>) {
        let goal = world.goals().into_iter().find(|g| g.id == id).unwrap();
        (goal.value, goal.met)
    }

    #[test]
    fn a_test_says_more_than_a_permission_for_a_day() {
        let (old, new) = (Some((at(0), 80.0)), |minutes| Some((at(minutes), 300.0)));
        for (tested, permitted, wanted) in [
            (old, None, old),
            (None, old, old),
            (old, new(24 * 60), old),
            (old, new(24 * 60 + 1), new(24 * 60 + 1)),
            (new(5), old, new(5)),
            (None, None, None),
        ] {
            assert_eq!(throughput(tested, permitted), wanted, "{tested:?} {permitted:?}");
        }
    }

    #[test]
    fn tests_changes_and_counts_measure_goals() {
        let mut world = World::default();
        for id in ["efs-throughput", "mount-target-creation", "count-million"] {
            assert_eq!(value(&world, id), (None, None), "{id}");
        }
        world.measured =
            Measured { efs_throughput: Some((at(0), 99.9)), mount_target_creation: Some((at(1), 90.0)) };
        assert_eq!(value(&world, "efs-throughput"), (Some(99.9), Some(false)));
        assert_eq!(value(&world, "mount-target-creation"), (Some(90.0), Some(true)));
        for (files, took_ms, wanted) in [
            (500_000, Some(200_000), (Some(400.0), Some(false))),
            (10_000, Some(3_000), (Some(300.0), Some(true))),
            (9_999, Some(1), (None, None)),
            (500_000, None, (None, None)),
        ] {
            world.file_count = Some(FileCount {
                files,
                directories: None,
                recursive: None,
                took_ms,
                calls: None,
                source: CountSource::Path,
                at: at(2),
                largest: Vec::new(),
            });
            assert_eq!(value(&world, "count-million"), wanted, "{files} {took_ms:?}");
        }
    }
}
