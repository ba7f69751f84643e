//! Overview of the file service: tasks, rollout, load, and what its tasks mount.

use crate::app::action::Action;
use crate::config::theme::Role;
use crate::domain::ecs::MountsBy;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::chart;
use crate::ui::findings::stopped_badly;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::view::{View, revision, rollout, tail, task_state};

use super::load::{self, Load};
use super::{Panel, Room};

/// The panel.
pub struct Service;

const LOADS: [Load; 2] = [
    Load { label: "CPU", namespace: "AWS/ECS", name: "CPUUtilization", role: Role::Series1 },
    Load { label: "memory", namespace: "AWS/ECS", name: "MemoryUtilization", role: Role::Series2 },
];

impl Panel for Service {
    fn id(&self) -> PanelId {
        "service"
    }
    fn title(&self) -> &'static str {
        "Tasks"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        match &view.world.service {
            Some(s) => {
                let role = if s.running < s.desired { Role::Warn } else { Role::Text };
                let (word, steady) =
                    if s.steady() { ("steady", Role::Ok) } else { ("not steady", Role::Warn) };
                Line::new()
                    .add(role, format!("{}/{}", s.running, s.desired))
                    .add(steady, format!("  {word}  "))
                    .quote(Role::Text, s.name.as_str())
            }
            None => {
                Line::new().quote(Role::Muted, view.env.info.service.as_ref().map_or("", |s| s.1.as_str()))
            }
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::ECS, SourceId::CLOUDWATCH, SourceId::SSM, SourceId::AUTOSCALING]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.service.is_some()
    }
    fn height(&self, view: &View<'_>, width: u16) -> u16 {
        let compact = Room { width: width.into(), height: 0 };
        u16::try_from(self.lines(view, compact).len()).unwrap_or(u16::MAX)
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let mut out = vec![dots(view, room.width)];
        out.extend(rollout_line(view));
        let charts = LOADS.iter().filter(|l| view.series(l.namespace, l.name).is_some()).count();
        let rows = chart::rows(room.height, out.len() + 1, charts);
        let charted = rows.iter().any(Option::is_some);
        if charted {
            out.push(mounts(view));
        }
        let shown = LOADS.iter().filter(|l| view.series(l.namespace, l.name).is_some());
        for (load, rows) in shown.zip(rows) {
            out.extend(load::lines(view, load, room.width, rows));
        }
        if !charted {
            out.push(mounts(view));
        }
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        record(view)
    }
    fn leads_to(&self) -> Option<Action> {
        Some(Action::Tasks)
    }
}

/// A dot for each task, by zone; numbers where there are many.
fn dots<'v>(view: &'v View<'_>, width: usize) -> Line<'v> {
    let mut line = Line::new();
    let live = view.world.live_tasks().count();
    let spell = live > width.saturating_sub(view.derived.lanes.len() * 6);
    if view.world.tasks.is_none() {
        let (role, text) = view.missing(SourceId::ECS);
        return line.add(role, text);
    }
    for lane in &view.derived.lanes {
        line = line.quote(Role::Title, lane.short.as_str()).quote(Role::Text, " ");
        let tasks = || view.world.live_tasks().filter(|t| t.availability_zone.as_deref() == Some(&lane.name));
        if spell {
            let running = tasks().filter(|t| t.status == "RUNNING").count();
            let role = if running < lane.tasks { Role::Warn } else { Role::Ok };
            line.push(role, format!("{running}/{}", lane.tasks));
        } else if lane.tasks == 0 {
            line.push(Role::Muted, "-");
        } else {
            for task in tasks() {
                let (glyph, role) = task_state(&task.status, false, view.look);
                let role = if task.health.as_deref() == Some("UNHEALTHY") { Role::Bad } else { role };
                line.push(role, glyph);
            }
        }
        line.push(Role::Text, "  ");
    }
    let nowhere = view.world.live_tasks().filter(|t| t.availability_zone.is_none()).count();
    if nowhere > 0 {
        line.push(Role::Warn, format!("{nowhere} without a zone yet"));
    }
    line
}

/// Columns of the labels.
fn label() -> usize {
    Line::label(9, &["rollout", "mounts", "CPU", "memory"])
}

fn rollout_line<'v>(view: &'v View<'_>) -> Option<Line<'v>> {
    let service = view.world.service.as_ref()?;
    let primary = service.primary()?;
    let state = primary.rollout_state.as_deref();
    let said = state.map_or_else(|| say("not told"), Into::into);
    let mut line = Line::new().cell(label(), Role::Muted, "rollout", view.look);
    line = line.quote(rollout(state.unwrap_or_default()), said);
    if let Some(at) = primary.updated_at.or(primary.created_at) {
        line.push(Role::Text, format!("  {}", view.ago(at)));
    }
    if primary.failed > 0 {
        line.push(Role::Bad, format!("  {} failed", primary.failed));
    }
    let stopped = view.world.stopped_tasks().filter(|t| stopped_badly(t)).count();
    if stopped > 0 {
        line.push(Role::Warn, format!("  {stopped} stopped by failure"));
    }
    let definition = tail(revision(&primary.task_definition), 24, view.look);
    Some(line.quote(Role::Muted, format!("  {definition}")))
}

/// How the tasks mount, and how many do so by an old list or without a local target.
fn mounts<'v>(view: &'v View<'_>) -> Line<'v> {
    let line = Line::new().cell(label(), Role::Muted, "mounts", view.look);
    let Some(service) = &view.world.service else { return line };
    let far: usize = view.derived.lanes.iter().filter(|l| l.local == Some(0.0)).map(|l| l.tasks).sum();
    let mut none_old = false;
    let mut line = match service.mounts_by {
        MountsBy::Unknown => return line.add(Role::Unknown, "task definition not read"),
        MountsBy::Volume => line.text("by volume, own zone"),
        MountsBy::List => {
            let Some(published) = view.world.published() else {
                return line.text("by list").add(Role::Unknown, "  list not read");
            };
            let now = published.current.version;
            let old =
                view.world.live_tasks().filter(|t| view.derived.version(t).is_some_and(|v| v != now)).count();
            let mut line = line.text(format!("by list v{now}"));
            if old > 0 {
                line.push(Role::Warn, format!("  {old} on an old list"));
            }
            none_old = old == 0;
            line
        }
    };
    if far > 0 {
        line.push(Role::Warn, format!("  {far} with 0 % local"));
    }
    if none_old {
        line.push(Role::Muted, "  none on an old list");
    }
    line
}

/// Everything about the service.
pub fn record(view: &View<'_>) -> Option<Record> {
    let s = view.world.service.as_ref()?;
    let scaled = match &view.world.scalable {
        None => view.missing(SourceId::AUTOSCALING).1,
        Some(None) => "no, the desired count is as it was set".to_owned(),
        Some(Some(t)) if t.suspended => format!("suspended, {} to {} tasks", t.min, t.max),
        Some(Some(t)) => format!("yes, {} to {} tasks; it overrules the desired count", t.min, t.max),
    };
    let mounts = match s.mounts_by {
        MountsBy::List => "each task mounts every entry of the published list",
        MountsBy::Volume => "by volume: ECS mounts through the target of the task's own zone",
        MountsBy::Unknown => "not known: the task definition could not be read",
    };
    let size = match (&s.task_cpu, &s.task_memory) {
        (Some(cpu), Some(memory)) => Some(format!("{cpu} CPU units, {memory} MiB")),
        _ => None,
    };
    let breaker = if s.circuit_breaker {
        "on: a failed rollout ends as FAILED"
    } else {
        "off: a failed rollout never ends by itself"
    };
    Some(
        Record::new(format!("Service {}", s.name), s.name.clone(), s)
            .quoted("cluster", s.cluster.clone())
            .quoted("service", s.name.clone())
            .pair("tasks", format!("{} desired, {} running, {} pending", s.desired, s.running, s.pending))
            .pair("steady", if s.steady() { "yes" } else { "no" })
            .quoted("task definition", revision(&s.task_definition).to_owned())
            .maybe("task size", size)
            .pair("mounts", mounts)
            .pair("circuit breaker", breaker)
            .pair("autoscaled", scaled)
            .quoted("subnets", s.subnets.join(", "))
            .maybe("read", view.source(SourceId::ECS).and_then(|x| x.at).map(|at| view.exact(at)))
            .maybe_quoted(
                "last event",
                s.events.first().map(|e| format!("{} {}", say(units::age_step(view.age(e.at))), e.message)),
            ),
    )
}
