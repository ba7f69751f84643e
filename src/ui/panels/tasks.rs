//! The tasks, running and stopped.

use std::borrow::Cow;

use crate::config::theme::Role;
use crate::domain::ecs::{MountsBy, Task};
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::findings::stopped_badly;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::text;
use crate::ui::view::{View, percent, revision, tail, task_state};

use super::Panel;

/// The panel.
pub struct Tasks;

const COLUMNS: &[Column] = &[
    Column::text("task", 8, 0).quoted(),
    Column::text("zone", 4, 0).quoted(),
    Column::text("status", 16, 0).quoted(),
    Column::text("health", 9, 3).of(&["healthy", "UNHEALTHY", "unknown", "not told"]),
    Column::text("list", 6, 1),
    Column::number("local", 5, 2),
    Column::number("age", 6, 1),
    Column::number("start", 9, 4),
    Column::text("definition", 14, 5).quoted(),
    Column::wide("stopped because", 14, 0).quoted(),
];

struct Rows<'v>(&'v View<'v>, &'v [Task]);

/// What one sees of an id: the first eight characters, as the ECS console does.
fn short(id: &str) -> Cow<'_, str> {
    match text::printable(id) {
        Cow::Borrowed(id) => id.char_indices().nth(8).and_then(|(i, _)| id.get(..i)).unwrap_or(id).into(),
        Cow::Owned(id) => id.chars().take(8).collect::<String>().into(),
    }
}

impl Rows<'_> {
    /// List version and role: old ones stand out.
    fn list(&self, task: &Task) -> (Role, String) {
        let Some(service) = &self.0.world.service else { return (Role::Unknown, "?".into()) };
        if service.mounts_by != MountsBy::List || task.is_stopped() {
            return (Role::Muted, "-".into());
        }
        match (self.0.derived.version(task), self.0.world.published().map(|p| p.current.version)) {
            (Some(v), Some(now)) if v != now => (Role::Warn, format!("v{v} old")),
            (Some(v), _) => (Role::Text, format!("v{v}")),
            (None, _) => (Role::Unknown, "?".into()),
        }
    }

    fn local(&self, task: &Task) -> Option<f64> {
        let zone = task.availability_zone.as_deref().filter(|_| !task.is_stopped())?;
        self.0.derived.lane(zone)?.local
    }

    fn age_ms(&self, task: &Task) -> Option<f64> {
        task.created_at.map(|at| self.0.age(at).num_milliseconds() as f64)
    }

    fn start_ms(task: &Task) -> Option<f64> {
        Some((task.started_at? - task.created_at?).num_milliseconds() as f64)
    }
}

/// Exit code and reason first: the stop code is the part that may be cut.
fn why(task: &Task) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(code) = task.exit_code {
        parts.push(say(format!("exit {code}")).into_owned());
    }
    match (&task.stopped_reason, &task.stop_code) {
        (Some(reason), Some(code)) => parts.push(format!("{reason} ({code})")),
        (Some(text), None) | (None, Some(text)) => parts.push(text.clone()),
        (None, None) => {}
    }
    (!parts.is_empty()).then(|| parts.join(": "))
}

fn health(task: &Task) -> (Role, &str) {
    if task.is_stopped() {
        return (Role::Muted, "-");
    }
    match task.health.as_deref() {
        Some("HEALTHY") => (Role::Ok, "healthy"),
        Some("UNHEALTHY") => (Role::Bad, "UNHEALTHY"),
        Some("UNKNOWN") => (Role::Muted, "unknown"),
        Some(other) => (Role::Muted, other),
        None => (Role::Muted, "not told"),
    }
}

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.1.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.1.get(row).map_or("", |t| &t.arn).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(t) = self.1.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (if t.is_stopped() { Role::Muted } else { Role::Text }, short(&t.id)),
            1 => (Role::Title, self.0.zone(t.availability_zone.as_deref()).into()),
            2 => {
                let (glyph, role) = task_state(&t.status, stopped_badly(t), self.0.look);
                (role, format!("{glyph} {}", t.status).into())
            }
            3 => {
                let (role, word) = health(t);
                (role, word.into())
            }
            4 => {
                let (role, text) = self.list(t);
                (role, text.into())
            }
            5 => match self.local(t) {
                Some(local) => (if local == 0.0 { Role::Warn } else { Role::Text }, percent(local).into()),
                None => (Role::Muted, "-".into()),
            },
            6 => (
                Role::Text,
                t.created_at.map_or_else(String::new, |at| units::age_step(self.0.age(at))).into(),
            ),
            7 => match (t.started_at, t.created_at) {
                (Some(started), Some(created)) => {
                    let slow = started - created > chrono::TimeDelta::minutes(2);
                    let whole = chrono::TimeDelta::seconds((started - created).num_seconds());
                    (if slow { Role::Warn } else { Role::Muted }, units::duration(whole).into())
                }
                _ => (Role::Muted, "".into()),
            },
            8 => (Role::Muted, tail(t.task_definition.as_deref().map_or("", revision), 14, self.0.look)),
            _ => (
                if stopped_badly(t) { Role::Bad } else { Role::Muted },
                why(t).map_or(Cow::Borrowed(""), Cow::Owned),
            ),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        let Some(t) = self.1.get(row) else { return SortKey::Missing };
        let number = |n: Option<f64>| n.map_or(SortKey::Missing, SortKey::Number);
        match column {
            5 => number(self.local(t)),
            6 => number(self.age_ms(t)),
            7 => number(Self::start_ms(t)),
            // without the shape in front
            2 => SortKey::Text(t.status.clone()),
            _ => {
                let (_, text) = self.cell(row, column);
                if text.is_empty() { SortKey::Missing } else { SortKey::Text(text.to_lowercase()) }
            }
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.1.get(row).is_some_and(|t| {
            stopped_badly(t)
                || t.health.as_deref() == Some("UNHEALTHY")
                || self.list(t).0 == Role::Warn
                || self.local(t) == Some(0.0)
                || (!t.is_stopped() && t.status != "RUNNING")
        })
    }
    fn none(&self) -> &'static str {
        "the service has no task"
    }
}

impl Panel for Tasks {
    fn id(&self) -> PanelId {
        "tasks"
    }
    fn title(&self) -> &'static str {
        "Tasks"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        if view.world.tasks.is_none() {
            return Line::new();
        }
        let running = view.world.live_tasks().filter(|t| t.status == "RUNNING").count();
        let starting = view.world.live_tasks().count() - running;
        let stopped = view.world.stopped_tasks().count();
        let mut line = Line::new().text(format!("{running} running"));
        if starting > 0 {
            line.push(Role::Warn, format!("  {starting} starting"));
        }
        line.muted(format!("  {stopped} stopped"))
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::ECS, SourceId::SSM]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.tasks.is_some()
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        Some(Box::new(Rows(view, view.world.tasks.as_deref()?)))
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let tasks = view.world.tasks.as_deref()?;
        let t = tasks.iter().find(|t| t.arn == key)?;
        let rows = Rows(view, tasks);
        let (glyph, role) = task_state(&t.status, stopped_badly(t), view.look);
        let mut record = Record::new(format!("Task {}", t.id), t.id.clone(), t)
            .quoted("id", t.id.clone())
            .role("status", role, format!("{glyph} {}, desired {}", t.status, t.desired_status))
            .role("health", health(t).0, health(t).1)
            .pair("zone", t.availability_zone.clone().unwrap_or_else(|| "not told yet".into()))
            .maybe_quoted("subnet", t.subnet_id.clone())
            .maybe("address", t.ip_address.clone())
            .pair("created", t.created_at.map_or_else(|| "not told".into(), |at| view.exact(at)))
            .pair("started", t.started_at.map_or_else(|| "not yet".into(), |at| view.exact(at)));
        if let (Some(started), Some(created)) = (t.started_at, t.created_at) {
            record =
                record.pair("start took", format!("{} (goal 2 min)", units::duration(started - created)));
        }
        let mounts = mounts(view, &rows, t);
        if !mounts.is_empty() {
            record = record.head("file system");
        }
        for (role, sentence) in mounts {
            record = record.say(role, sentence);
        }
        if t.is_stopped() {
            record = record
                .head("why it stopped")
                .maybe("stopped", t.stopped_at.map(|at| view.exact(at)))
                .pair("stop code", t.stop_code.clone().unwrap_or_else(|| "none".into()))
                .pair("exit code", t.exit_code.map_or_else(|| "none".to_owned(), |c| c.to_string()))
                .quoted_role(
                    "reason",
                    if stopped_badly(t) { Role::Bad } else { Role::Text },
                    t.stopped_reason.as_deref().map_or_else(|| say("none given"), Into::into),
                );
        }
        Some(
            record
                .head("made by")
                .maybe_quoted("deployment", t.deployment_id.clone())
                .maybe_quoted("task definition", t.task_definition.as_deref().map(revision))
                .maybe("CPU units", t.cpu.clone())
                .maybe("memory", t.memory.as_ref().map(|m| format!("{m} MiB")))
                .quoted("arn", t.arn.clone())
                .maybe("read", view.source(SourceId::ECS).and_then(|s| s.at).map(|at| view.exact(at))),
        )
    }
}

/// How the task reaches the file system, in sentences.
fn mounts(view: &View<'_>, rows: &Rows<'_>, task: &Task) -> Vec<(Role, String)> {
    let Some(service) = &view.world.service else { return Vec::new() };
    let lane = task.availability_zone.as_deref().and_then(|z| view.derived.lane(z));
    let mut out = Vec::new();
    match service.mounts_by {
        MountsBy::Unknown => {
            out.push((Role::Unknown, "How it mounts is not known: the task definition was not read.".into()));
        }
        MountsBy::Volume => out.push(match lane.and_then(|l| l.target.as_ref()) {
            Some((id, ip, state)) => (
                Role::Text,
                format!(
                    "By volume through {id} ({}) of its own zone, which is {state}.",
                    ip.as_deref().unwrap_or("no address")
                ),
            ),
            None => (Role::Bad, "By volume, but its zone has no mount target.".into()),
        }),
        MountsBy::List if task.is_stopped() => {}
        MountsBy::List => {
            let now = view.world.published().map(|p| p.current.version);
            out.push(match (view.derived.version(task), now) {
                (Some(v), Some(now)) if v == now => (Role::Text, format!("Started with list v{v}, the current one.")),
                (Some(v), Some(now)) => (
                    Role::Warn,
                    format!("Started with list v{v}, now v{now}: it routes by the old list until it restarts."),
                ),
                _ => (
                    Role::Unknown,
                    "Which list it started with cannot be told: one changed while it started, or before the known history.".into(),
                ),
            });
            if let (Some(lane), Some(Ok(list))) = (lane, &view.derived.list) {
                let own: Vec<String> = list
                    .mount_targets
                    .iter()
                    .enumerate()
                    .filter(|(_, e)| e.availability_zone == lane.name)
                    .map(|(i, e)| format!("entry {i} ({})", e.ip_address))
                    .collect();
                let n = list.mount_targets.len();
                out.push(if own.is_empty() {
                    (
                        Role::Warn,
                        format!(
                            "None of the {n} entries is in its zone {}: all traffic crosses zones.",
                            lane.short
                        ),
                    )
                } else {
                    let (own, zone) = (own.join(" and "), &lane.short);
                    let words = match rows.local(task).map(percent) {
                        Some(share) => {
                            format!("Of {n} entries, {own} is in its zone {zone}, {share} of its traffic.")
                        }
                        None => format!("Of {n} entries, {own} is in its zone {zone}."),
                    };
                    (Role::Text, words)
                });
            }
        }
    }
    out
}
