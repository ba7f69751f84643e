//! What needs attention: one list over all that is known, the most urgent first. It states what is; what to
//! do about it is not decided here.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;

use crate::config::theme::Role;
use crate::domain::alarm::AlarmState;
use crate::domain::drift::DriftKind;
use crate::domain::ecs::{MountsBy, Task};
use crate::domain::freshness::{Freshness, SourceState};
use crate::domain::metric::MetricSeries;
use crate::domain::probe::Probe;
use crate::domain::source::{FailureClass, SourceId};
use crate::domain::units;
use crate::language::say;

use super::view::{View, plural, revision};

pub mod credentials;
mod impressions;

/// How urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Hurts now.
    High,
    /// Will hurt.
    Medium,
    /// Good to know.
    Low,
}

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Medium => "MED",
            Self::Low => "LOW",
        }
    }

    /// The role for it.
    pub fn role(self) -> Role {
        match self {
            Self::High => Role::Bad,
            Self::Medium => Role::Warn,
            Self::Low => Role::Unknown,
        }
    }
}

/// One thing that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How urgent.
    pub level: Level,
    /// Stable while the cause lasts.
    pub key: String,
    /// In a few words.
    pub title: String,
    /// In a sentence or two.
    pub detail: String,
    /// Where it comes from.
    pub source: SourceId,
    /// Whether the sentences come from outside.
    #[serde(skip)]
    pub quoted: bool,
}

/// Forecasts further away than this are no news.
const SOON: TimeDelta = TimeDelta::hours(6);
/// How far back an invocation of the former function tells that it still runs.
const FORMER: TimeDelta = TimeDelta::minutes(10);
/// Share in percent above which the tuning guide's alarms ring.
pub const BUSY: f64 = 80.0;

/// Everything that needs attention, the most urgent first.
pub fn findings(view: &View<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    identity(view, &mut out);
    files(view, &mut out);
    zones(view, &mut out);
    service(view, &mut out);
    tasks(view, &mut out);
    drift(view, &mut out);
    load(view, &mut out);
    impressions::add(view, &mut out);
    alarms(view, &mut out);
    former(view, &mut out);
    sources(view, &mut out);
    out.sort_by_key(|f| f.level);
    out
}

struct New<'a>(&'a mut Vec<Finding>, SourceId);

impl New<'_> {
    fn add(&mut self, level: Level, key: &str, title: String, detail: impl Into<String>) {
        let (key, detail) = (key.to_owned(), detail.into());
        self.0.push(Finding { level, key, title, detail, source: self.1, quoted: false });
    }

    /// Adds one with an explanation that comes from outside.
    fn quote(&mut self, level: Level, key: &str, title: String, detail: String) {
        self.add(level, key, title, detail);
        if let Some(last) = self.0.last_mut() {
            last.quoted = true;
        }
    }
}

fn identity(view: &View<'_>, out: &mut Vec<Finding>) {
    credentials::add(view, &mut New(out, SourceId::IDENTITY));
    if let (Some(expected), Some(identity)) = (&view.env.info.expected_account, &view.world.identity)
        && *expected != identity.account
    {
        New(out, SourceId::IDENTITY).add(
            Level::High,
            "account",
            format!("account {}, expected {expected}", identity.account),
            "The credentials belong to another account than this environment is configured for. What is shown may be another system.",
        );
    }
}

/// Minutes until the count reaches the threshold at the present growth.
pub fn minutes_to_threshold(view: &View<'_>) -> Option<f64> {
    let files = view.world.file_count.as_ref()?.files;
    let left = view.env.info.file_count_threshold.checked_sub(files)?;
    let growth = view.world.growth_per_min().filter(|g| *g > 0.0)?;
    Some((left as f64 + 1.0) / growth)
}

fn files(view: &View<'_>, out: &mut Vec<Finding>) {
    let Some(count) = &view.world.file_count else { return };
    let threshold = view.env.info.file_count_threshold;
    let mut new = New(out, SourceId::FILES);
    if count.files > threshold {
        let free = view.derived.lanes.iter().find(|l| l.target.is_none());
        let mounts = view.world.service.as_ref().map(|s| s.mounts_by);
        let one_zone = view.world.file_system.as_ref().is_some_and(|f| f.one_zone.is_some());
        let detail = match free {
            _ if one_zone => {
                "A One Zone file system has exactly one mount target; none can be added.".to_owned()
            }
            Some(lane) if mounts == Some(MountsBy::Volume) => format!(
                "The tasks mount by volume through their own zone; a target in {} helps the tasks there only.",
                lane.short
            ),
            Some(lane) => format!(
                "One more mount target spreads the access; zone {} has none ({} there).",
                lane.short,
                plural(lane.tasks, "task", "tasks")
            ),
            None if view.derived.lanes.is_empty() => "Which zones are free is not known yet.".to_owned(),
            None => "Every zone already has a mount target, so none can be added.".to_owned(),
        };
        new.add(
            Level::High,
            "files",
            format!("{} files, over {}", units::thousands(count.files), units::thousands(threshold)),
            detail,
        );
    } else if let Some(minutes) = minutes_to_threshold(view).filter(|m| *m <= SOON.num_minutes() as f64) {
        new.add(
            Level::Medium,
            "files",
            format!("threshold of files in {}", about(minutes)),
            format!("{} of {} files.", units::thousands(count.files), units::thousands(threshold)),
        );
    }
}

/// A forecast in steps, so that it does not change with every frame: `8 min`, `40 min`, `3 h`.
pub fn about(minutes: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "clamped")]
    let seconds = (minutes.clamp(0.0, 5e6) * 60.0) as i64;
    match units::age_step(TimeDelta::seconds(seconds)).as_str() {
        "now" | "10 s" | "30 s" => "less than 1 min".to_owned(),
        step => format!("about {step}"),
    }
}

fn zones(view: &View<'_>, out: &mut Vec<Finding>) {
    let world = view.world;
    if world.mount_targets.is_none() {
        return;
    }
    let by_volume = world.service.as_ref().is_some_and(|s| s.mounts_by == MountsBy::Volume);
    let one_zone = world.file_system.as_ref().is_some_and(|f| f.one_zone.is_some());
    let unserved: Vec<String> =
        world.unserved_zones().unwrap_or_default().into_iter().map(|z| z.name).collect();
    let mut new = New(out, SourceId::EFS);
    for lane in &view.derived.lanes {
        let tasks = plural(lane.tasks, "task", "tasks");
        match &lane.target {
            None if by_volume && unserved.contains(&lane.name) => new.add(
                Level::High,
                &format!("zone/{}", lane.name),
                format!("{} has {tasks} and no mount target", lane.short),
                "The tasks mount by volume through the target of their own zone: new ones cannot start there (ResourceInitializationError).",
            ),
            None if lane.tasks > 0 && !one_zone => new.add(
                Level::Medium,
                &format!("zone/{}", lane.name),
                format!("{} has {tasks} and no mount target", lane.short),
                "All their file system traffic crosses zones: 0 % local.",
            ),
            Some((id, _, state)) if state != "available" => new.add(
                if state == "error" { Level::High } else { Level::Low },
                &format!("target/{id}"),
                format!("{} mount target is {state}", lane.short),
                format!("{id} cannot be mounted while it is not available."),
            ),
            _ => {}
        }
    }
    let mut new = New(out, SourceId::PROBE);
    // One row a reason: six targets that nobody can reach from here are one finding.
    let mut reasons: BTreeMap<&str, Vec<&Probe>> = BTreeMap::new();
    for probe in world.probes.values() {
        if let Err(why) = &probe.result {
            reasons.entry(why).or_default().push(probe);
        }
    }
    for (why, probes) in reasons {
        let Some(first) = probes.first() else { continue };
        let title = match probes.len() {
            1 => format!("NFS probe of {} failed", first.ip_address),
            n => format!("NFS probe of {n} mount targets failed"),
        };
        let ids: Vec<&str> = probes.iter().map(|p| p.mount_target_id.as_str()).collect();
        new.add(
            Level::Medium,
            &format!("probe/{why}"),
            title,
            format!("{why} ({}). That is the way from this machine; tasks may have another.", ids.join(", ")),
        );
    }
}

fn service(view: &View<'_>, out: &mut Vec<Finding>) {
    let Some(service) = &view.world.service else { return };
    let mut new = New(out, SourceId::ECS);
    for d in &service.deployments {
        let state = d.rollout_state.as_deref().unwrap_or_default();
        let reason = d.reason.clone().unwrap_or_default();
        let name = revision(&d.task_definition);
        if state == "FAILED" {
            new.quote(Level::High, &format!("rollout/{}", d.id), format!("rollout of {name} FAILED"), reason);
        } else if state == "IN_PROGRESS" && d.failed > 0 {
            let failed = plural(d.failed as usize, "task", "tasks");
            let title = format!("rollout of {name}: {failed} failed to start");
            new.quote(Level::High, &format!("rollout/{}", d.id), title, reason);
        } else if state == "IN_PROGRESS" && d.status == "PRIMARY" {
            let title = format!("rollout of {name} in progress, {}/{} running", d.running, d.desired);
            new.quote(Level::Low, &format!("rollout/{}", d.id), title, reason);
        }
    }
    if service.running < service.desired {
        let rolling = service.rollout_state() == Some("IN_PROGRESS");
        new.add(
            if rolling { Level::Medium } else { Level::High },
            "running",
            format!("{} of {} tasks running", service.running, service.desired),
            format!("{} on the way to RUNNING.", service.pending),
        );
    }
    if let Some(Some(target)) = &view.world.scalable
        && !(target.min..=target.max).contains(&service.desired)
    {
        New(out, SourceId::AUTOSCALING).add(
            Level::Low,
            "autoscaled",
            format!(
                "desired {} is outside the scalable target {} to {}",
                service.desired, target.min, target.max
            ),
            "Application Auto Scaling will overrule it.",
        );
    }
}

/// Whether a task ended by a failure rather than by the scheduler or an operator.
pub fn stopped_badly(task: &Task) -> bool {
    task.is_stopped()
        && (matches!(task.stop_code.as_deref(), Some("TaskFailedToStart" | "EssentialContainerExited"))
            || task.exit_code.is_some_and(|c| c != 0 && c != 143 && c != 137))
}

fn tasks(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut new = New(out, SourceId::ECS);
    let unhealthy = view.world.live_tasks().filter(|t| t.health.as_deref() == Some("UNHEALTHY")).count();
    if unhealthy > 0 {
        new.add(
            Level::High,
            "unhealthy",
            format!("{} UNHEALTHY", plural(unhealthy, "task is", "tasks are")),
            "ECS replaces tasks whose container health check fails.",
        );
    }
    let mut failed = 0;
    let mut newest: Option<&Task> = None;
    for task in view.world.stopped_tasks().filter(|t| stopped_badly(t)) {
        failed += 1;
        if newest.is_none_or(|n| n.stopped_at < task.stopped_at) {
            newest = Some(task);
        }
    }
    if let Some(task) = newest {
        let reason = task.stopped_reason.as_deref().map_or_else(|| say("no reason given"), Into::into);
        let when = task.stopped_at.map_or_else(String::new, |at| format!(", the last {}", view.ago(at)));
        new.add(
            Level::Medium,
            "stopped",
            format!("{} by failure{when}", plural(failed, "task stopped", "tasks stopped")),
            format!("Newest: {reason}"),
        );
    }
}

fn drift(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut new = New(out, SourceId::SSM);
    for (i, drift) in view.derived.drift.iter().enumerate() {
        let (level, meaning) = match drift.kind {
            DriftKind::Unreadable => (Level::High, "Tasks that start now cannot read the list."),
            DriftKind::PublishedButGone => {
                (Level::High, "Tasks that start now skip this entry; running ones may hang on it.")
            }
            DriftKind::Unpublished => {
                (Level::Medium, "No task uses it until it is published and the tasks restart.")
            }
            DriftKind::TasksOnOldList => (Level::Medium, "A task reads the list only when it starts."),
        };
        new.add(level, &format!("drift/{}/{i}", drift.kind.as_str()), drift.detail.clone(), meaning);
    }
    if matches!(view.world.published, Some(None))
        && view.world.service.as_ref().is_some_and(|s| s.mounts_by == MountsBy::List)
    {
        new.add(
            Level::High,
            "unpublished",
            "the published list does not exist".to_owned(),
            "The parameter was not found; tasks that start now have nothing to mount.",
        );
    }
}

fn load(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut new = New(out, SourceId::CLOUDWATCH);
    for (namespace, name, what) in [
        ("AWS/EFS", "PercentIOLimit", "I/O limit of the file system"),
        ("AWS/ECS", "CPUUtilization", "CPU of the service"),
        ("AWS/ECS", "MemoryUtilization", "memory of the service"),
    ] {
        let last = view.series(namespace, name).and_then(MetricSeries::last);
        if let Some((at, value)) = last.filter(|(_, v)| *v > BUSY) {
            new.add(
                Level::Medium,
                &format!("load/{name}"),
                format!("{what} at {value:.0} %"),
                format!("Above {BUSY:.0} %, {}.", view.exact(at)),
            );
        }
    }
}

/// Only what rings: too few data points are no cause to act, and the table of alarms tells them.
fn alarms(view: &View<'_>, out: &mut Vec<Finding>) {
    let mut new = New(out, SourceId::ALARMS);
    for alarm in view.world.alarms.iter().flatten().filter(|a| a.state == AlarmState::Alarm) {
        let (key, title) = (format!("alarm/{}", alarm.name), format!("ALARM: {}", alarm.name));
        let since = alarm.since.map(|at| format!("Since {}. ", units::age_step(view.age(at))));
        let since = since.map_or_else(String::new, |words| say(words).into_owned());
        new.quote(Level::High, &key, title, format!("{since}{}", alarm.reason));
    }
}

/// The function that scaled before may still run beside this program.
fn former(view: &View<'_>, out: &mut Vec<Finding>) {
    let Some(series) = view.series("AWS/Lambda", "Invocations") else { return };
    let recent = |at| view.age(at) <= FORMER;
    let runs: f64 = series.points.iter().filter(|p| recent(p.0)).map(|p| p.1).sum();
    if runs > 0.0 {
        let name = series.key.dimensions.get("FunctionName").map_or("the function", String::as_str);
        New(out, SourceId::CLOUDWATCH).add(
            Level::Low,
            "former",
            "the former Lambda monitor still runs".to_owned(),
            format!(
                "{runs:.0} invocations of {name} in {} min: it scales by itself. Disable its EventBridge rule to stop it.",
                FORMER.num_minutes()
            ),
        );
    }
}

fn sources(view: &View<'_>, out: &mut Vec<Finding>) {
    // one cause often stops many sources: they are one finding
    let mut groups: Vec<(Freshness, Option<FailureClass>, Vec<&SourceState>)> = Vec::new();
    for source in view.world.sources.values().filter(|s| view.complaint_of(s).is_some()) {
        let freshness = source.freshness(view.now);
        let class = source.complaint().map(|e| e.class);
        match groups.iter_mut().find(|g| (g.0, g.1) == (freshness, class)) {
            Some(group) => group.2.push(source),
            None => groups.push((freshness, class, vec![source])),
        }
    }
    for (freshness, class, members) in groups {
        let Some(source) = members.first() else { continue };
        let failing = members.iter().any(|s| s.error.is_some());
        let level = match (freshness, class.filter(|_| failing)) {
            (_, Some(FailureClass::Credentials)) | (Freshness::Never, Some(FailureClass::Denied)) => {
                Level::High
            }
            (Freshness::Stale | Freshness::Never, _) => Level::Medium,
            (Freshness::Fresh | Freshness::Late, _) => Level::Low,
        };
        let why = class.map_or("no answer yet", FailureClass::word);
        let state = match freshness {
            Freshness::Fresh if failing => "failing",
            Freshness::Fresh => "partly read",
            Freshness::Never => "not read",
            Freshness::Late | Freshness::Stale => freshness.word(),
        };
        let names: Vec<&str> = members.iter().map(|s| s.id.0).collect();
        let many = format!("{} sources", names.len());
        let who = if names.len() > 3 { say(many).into_owned() } else { names.join(", ") };
        let mut detail = view.complaint_of(source).unwrap_or_default();
        if names.len() > 1 {
            detail = format!("{detail} (alike: {})", names.join(", "));
        }
        let key = format!("source/{state}/{why}");
        New(out, source.id).add(level, &key, format!("{who} {}: {}", say(state), say(why)), detail);
    }
}
