//! The effect of a change, watched after it has converged.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::drift::DriftKind;
use super::ecs::{MountsBy, Task};
use super::metric::MetricSeries;
use super::plan::Plan;
use super::planner;
use super::world::World;

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What the change was for has improved, nothing else has suffered.
    Better,
    /// Nothing has suffered.
    Same,
    /// A limit was broken that held before.
    Worse,
    /// Not enough data to say.
    CannotTell,
}

/// One value beside its limit, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// `CPUUtilization`, `running tasks`, `5xx`, …
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Before the change.
    pub before: Option<f64>,
    /// After it.
    pub after: Option<f64>,
    /// At most (or at least, see `at_least`).
    pub limit: f64,
    /// Whether the limit is a lower one.
    pub at_least: bool,
    /// Whether this is what the change was to improve.
    pub goal: bool,
}

/// What the window showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// Begin of the window.
    pub from: DateTime<Utc>,
    /// End.
    pub to: DateTime<Utc>,
    /// The checks.
    pub checks: Vec<Check>,
    /// The verdict.
    pub verdict: Verdict,
}

/// CPU and memory of the service and the share of the I/O limit, percent: the limits of the alarms in use.
const BUSY: f64 = 80.0;
/// Requests that may be answered with 5xx, percent: the workshop's goal is 99.90 % success.
const ERRORS: f64 = 0.1;
/// The throughput that must be possible, bytes a second.
const THROUGHPUT: f64 = 100e6;
/// A goal is nearer once its value has moved by this share of what it was.
const NEARER: f64 = 0.05;
/// How many points before the change stand for "before".
const BEFORE: usize = 5;

impl Check {
    /// Whether a value is inside the limit.
    pub fn inside(&self, value: f64) -> bool {
        if self.at_least { value >= self.limit } else { value <= self.limit }
    }

    /// Whether the limit is broken now and was not before.
    fn broken(&self) -> bool {
        matches!((self.before, self.after), (Some(before), Some(after)) if self.inside(before) && !self.inside(after))
    }

    /// How far the value has moved in the wanted direction, as a share of what it was.
    fn gain(&self) -> Option<f64> {
        let (before, after) = (self.before?, self.after?);
        let moved = if self.at_least { after - before } else { before - after };
        Some(moved / before.abs().max(f64::MIN_POSITIVE))
    }
}

/// The verdict of the checks.
///
/// - worse: a limit that held before is broken (whatever else is missing: this much is known);
/// - cannot tell: there is no check, a value after the change is missing, or a goal has no value before it;
/// - better: a goal is nearer by a twentieth or inside its limit for the first time, and no goal is farther;
/// - same: everything else. A limit that was broken before and still is does not make it worse: the load that
///   called for the change may have gone on growing.
pub fn verdict(checks: &[Check]) -> Verdict {
    if checks.iter().any(Check::broken) {
        return Verdict::Worse;
    }
    if checks.is_empty() || checks.iter().any(|c| c.after.is_none() || (c.goal && c.before.is_none())) {
        return Verdict::CannotTell;
    }
    let gains: Vec<f64> = checks.iter().filter(|c| c.goal).filter_map(Check::gain).collect();
    if gains.iter().any(|gain| *gain >= NEARER) && gains.iter().all(|gain| *gain > -NEARER) {
        Verdict::Better
    } else {
        Verdict::Same
    }
}

/// The checks of a plan that was begun when it was made; see [`checks_since`].
pub fn checks(before: &World, after: &World, plan: &Plan) -> Vec<Check> {
    checks_since(before, after, plan, plan.created_at)
}

/// The checks of a plan's rule. `before` is the world the plan was made from, `after` the one at the end of the
/// window, `since` when the targets were reached: only metric periods that lie wholly after it count, so that
/// neither the time before the change nor the rollout is taken for its effect.
pub fn checks_since(before: &World, after: &World, plan: &Plan, since: DateTime<Utc>) -> Vec<Check> {
    let worlds = Worlds { before, after, plan, since };
    let mut checks = vec![worlds.missing_tasks(), worlds.failed_tasks()];
    let by_load = matches!(plan.rule.as_str(), "scale-out-service" | "resize-task");
    let by_storage = plan.rule == "raise-throughput";
    checks.extend(worlds.mean("AWS/ECS", "CPUUtilization", BUSY, false, by_load));
    checks.extend(worlds.mean("AWS/ECS", "MemoryUtilization", BUSY, false, by_load));
    checks.extend(worlds.mean("AWS/EFS", "PercentIOLimit", BUSY, false, by_storage));
    if by_storage {
        checks.extend(worlds.mean("AWS/EFS", "PermittedThroughput", THROUGHPUT, true, true));
    }
    checks.extend(worlds.server_errors());
    checks.extend(worlds.own_goal());
    checks
}

/// What checks are made of.
#[derive(Clone, Copy)]
struct Worlds<'a> {
    before: &'a World,
    after: &'a World,
    plan: &'a Plan,
    since: DateTime<Utc>,
}

impl Worlds<'_> {
    /// A number of things of which there should be none.
    fn none_of(self, name: &str, goal: bool, count: impl Fn(&World) -> Option<usize>) -> Check {
        let count = |world| count(world).map(|n| n as f64);
        Check {
            name: name.to_owned(),
            unit: "Count".to_owned(),
            before: count(self.before),
            after: count(self.after),
            limit: 0.0,
            at_least: false,
            goal,
        }
    }

    /// Running tasks fall short of the desired count by this many.
    fn missing_tasks(self) -> Check {
        self.none_of("tasks missing", false, |world| {
            let service = world.service.as_ref()?;
            Some(service.desired.saturating_sub(service.running) as usize)
        })
    }

    /// Tasks that failed: before the change (as far back as ECS lists them), and since.
    fn failed_tasks(self) -> Check {
        let begin = self.plan.created_at;
        let count = |world: &World, when: &dyn Fn(&Task) -> bool| {
            world.tasks.as_ref().map(|tasks| tasks.iter().filter(|t| has_failed(t) && when(t)).count() as f64)
        };
        Check {
            name: "failed tasks".to_owned(),
            unit: "Count".to_owned(),
            before: count(self.before, &|t| t.stopped_at.is_some_and(|at| at < begin)),
            after: count(self.after, &|t| t.stopped_at.is_some_and(|at| at >= begin)),
            limit: 0.0,
            at_least: false,
            goal: false,
        }
    }

    /// The mean of a metric; none where the environment does not have that metric.
    fn mean(self, namespace: &str, name: &str, limit: f64, at_least: bool, goal: bool) -> Option<Check> {
        let series = |world: &World| world.metric(namespace, name, "Average").cloned();
        let (before, after) = (series(self.before), series(self.after));
        let unit = after.as_ref().or(before.as_ref())?.unit.clone();
        Some(Check {
            name: name.to_owned(),
            unit,
            before: before.and_then(|s| mean(&self.earlier(&s))),
            after: after.and_then(|s| mean(&self.later(&s))),
            limit,
            at_least,
            goal,
        })
    }

    /// 5xx of targets and balancer as a share of the requests; none without a balancer. Without errors these
    /// metrics have no points, and without requests nothing can be said.
    fn server_errors(self) -> Option<Check> {
        let elb = |world: &World, name: &str| world.metric("AWS/ApplicationELB", name, "Sum").cloned();
        elb(self.after, "RequestCount").or_else(|| elb(self.before, "RequestCount"))?;
        let share = |world: &World, points: &dyn Fn(&MetricSeries) -> Vec<f64>| {
            let sum = |name: &str| elb(world, name).map_or(0.0, |s| points(&s).iter().sum::<f64>());
            let requests = sum("RequestCount");
            let errors = sum("HTTPCode_Target_5XX_Count") + sum("HTTPCode_ELB_5XX_Count");
            (requests > 0.0).then(|| 100.0 * errors / requests)
        };
        Some(Check {
            name: "5xx".to_owned(),
            unit: "Percent".to_owned(),
            before: share(self.before, &|s| self.earlier(s)),
            after: share(self.after, &|s| self.later(s)),
            limit: ERRORS,
            at_least: false,
            goal: false,
        })
    }

    /// What the rule wanted, where it is not a metric.
    fn own_goal(self) -> Option<Check> {
        match self.plan.rule.as_str() {
            "add-mount-target" => Some(self.more_targets()),
            "publish-mount-targets" => Some(self.none_of("mount targets published wrongly", true, |world| {
                world.published.as_ref()?;
                world.mount_targets.as_ref()?;
                Some(world.drift().iter().filter(|d| d.kind != DriftKind::TasksOnOldList).count())
            })),
            "redeploy-service" => Some(self.none_of("tasks on an older list", true, |world| {
                let current = world.published.as_ref()?.as_ref()?.current.version;
                world.tasks.as_ref()?;
                Some(
                    world
                        .live_tasks()
                        .filter(|t| world.list_version(t).is_some_and(|v| v != current))
                        .count(),
                )
            })),
            // Said by CPU, memory and I/O.
            "scale-out-service" | "resize-task" | "raise-throughput" => None,
            // Nothing that a window of minutes shows gets better by it: what counts is that it is so.
            _ => Some(self.none_of("settings not as planned", true, |world| {
                let told: Vec<bool> =
                    self.plan.steps.iter().filter_map(|s| planner::shows(world, &s.operation)).collect();
                (!told.is_empty()).then(|| told.iter().filter(|as_planned| !**as_planned).count())
            })),
        }
    }

    /// One more target that tasks can mount.
    fn more_targets(self) -> Check {
        let by_list = |world: &World| world.service.as_ref().map(|s| s.mounts_by) != Some(MountsBy::Volume);
        let count = |world: &World| {
            if by_list(self.before) {
                let list =
                    world.published.as_ref()?.as_ref().map(|p| p.list().ok().map(|l| l.mount_targets.len()));
                list.unwrap_or(Some(0)).map(|n| n as f64)
            } else {
                let targets = world.mount_targets.as_ref()?;
                Some(targets.iter().filter(|t| t.is_available()).count() as f64)
            }
        };
        let before = count(self.before);
        Check {
            name: if by_list(self.before) { "published mount targets" } else { "available mount targets" }
                .to_owned(),
            unit: "Count".to_owned(),
            before,
            after: count(self.after),
            limit: before.unwrap_or_default() + 1.0,
            at_least: true,
            goal: true,
        }
    }

    /// The last points of periods that were over before the plan was made.
    fn earlier(self, series: &MetricSeries) -> Vec<f64> {
        let end = self.plan.created_at - chrono::TimeDelta::seconds(i64::from(series.period_s));
        let mut points: Vec<f64> =
            series.points.iter().filter(|(at, _)| *at <= end).map(|(_, v)| *v).collect();
        points.split_off(points.len().saturating_sub(BEFORE))
    }

    /// The points of periods that began after the change.
    fn later(self, series: &MetricSeries) -> Vec<f64> {
        series.points.iter().filter(|(at, _)| *at >= self.since).map(|(_, v)| *v).collect()
    }
}

fn mean(points: &[f64]) -> Option<f64> {
    (!points.is_empty()).then(|| points.iter().sum::<f64>() / points.len() as f64)
}

/// Ended by itself or never started, not stopped by the scheduler.
fn has_failed(task: &Task) -> bool {
    match task.stop_code.as_deref() {
        Some("TaskFailedToStart") => true,
        Some("EssentialContainerExited") => task.exit_code != Some(0),
        _ => false,
    }
}
