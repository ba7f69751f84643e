//! The service and its deployments.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::config::theme::Role;
use crate::domain::ecs::Deployment;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::{View, revision, rollout, tail};

use super::{Panel, Room};

/// The panel.
pub struct Deployments;

const COLUMNS: &[Column] = &[
    Column::text("status", 8, 0).quoted(),
    Column::text("rollout", 11, 0).quoted(),
    Column::text("task definition", 20, 2).quoted(),
    Column::number("desired", 7, 0),
    Column::number("running", 7, 0),
    Column::number("pending", 7, 4),
    Column::number("failed", 6, 0),
    Column::number("age", 6, 1),
    Column::wide("reason", 16, 3).quoted(),
];

struct Rows<'v>(&'v View<'v>, &'v [Deployment]);

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.1.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.1.get(row).map_or("", |d| &d.id).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(d) = self.1.get(row) else { return (Role::Text, "".into()) };
        let short =
            |n: u32, bad: bool| (if bad { Role::Warn } else { Role::Text }, Cow::<str>::Owned(n.to_string()));
        match column {
            0 => (if d.status == "PRIMARY" { Role::Title } else { Role::Muted }, d.status.as_str().into()),
            1 => {
                let state = d.rollout_state.as_deref();
                (rollout(state.unwrap_or_default()), state.map_or_else(|| say("not told"), Into::into))
            }
            2 => (Role::Text, tail(revision(&d.task_definition), 20, self.0.look)),
            3 => short(d.desired, false),
            4 => short(d.running, d.running < d.desired),
            5 => short(d.pending, false),
            6 => (if d.failed > 0 { Role::Bad } else { Role::Text }, d.failed.to_string().into()),
            7 => (
                Role::Text,
                d.created_at.map_or_else(String::new, |at| units::age_step(self.0.age(at))).into(),
            ),
            _ => (Role::Muted, d.reason.as_deref().unwrap_or_default().into()),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        let Some(d) = self.1.get(row) else { return SortKey::Missing };
        match column {
            3 => SortKey::Number(f64::from(d.desired)),
            4 => SortKey::Number(f64::from(d.running)),
            5 => SortKey::Number(f64::from(d.pending)),
            6 => SortKey::Number(f64::from(d.failed)),
            7 => d
                .created_at
                .map_or(SortKey::Missing, |at| SortKey::Number(self.0.age(at).num_milliseconds() as f64)),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.1.get(row).is_some_and(|d| d.failed > 0 || d.rollout_state.as_deref() == Some("FAILED"))
    }
    fn none(&self) -> &'static str {
        "the service has no deployment"
    }
}

impl Panel for Deployments {
    fn id(&self) -> PanelId {
        "deployments"
    }
    fn title(&self) -> &'static str {
        "Service"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        super::service::Service.note(view)
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::ECS, SourceId::AUTOSCALING]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.service.is_some()
    }
    fn height(&self, _view: &View<'_>, _width: u16) -> u16 {
        // room for a second deployment is always kept, so that a rollout moves nothing
        4
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let Some(s) = &view.world.service else { return Vec::new() };
        let mut line = Line::new().muted("circuit breaker ").add(
            if s.circuit_breaker { Role::Text } else { Role::Warn },
            if s.circuit_breaker { "on" } else { "off" },
        );
        match &view.world.scalable {
            Some(Some(t)) => line.push(Role::Text, format!("   autoscaled {} to {}", t.min, t.max)),
            Some(None) => line.push(Role::Muted, "   not autoscaled"),
            None => {}
        }
        if let (Some(cpu), Some(memory)) = (&s.task_cpu, &s.task_memory) {
            line = line.muted("   task ").text(format!("{cpu} CPU / {memory} MiB"));
        }
        let label = Line::new().muted("   cluster ");
        if line.width() + label.width() < room.width {
            line.spans.extend(label.quote(Role::Text, s.cluster.as_str()).spans);
        }
        vec![line]
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        Some(Box::new(Rows(view, &view.world.service.as_ref()?.deployments)))
    }
    fn instant(&self, view: &View<'_>, key: &str) -> Option<DateTime<Utc>> {
        view.world.service.as_ref()?.deployments.iter().find(|d| d.id == key)?.created_at
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let service = view.world.service.as_ref()?;
        let Some(d) = service.deployments.iter().find(|d| d.id == key) else {
            return super::service::record(view).filter(|_| key.is_empty());
        };
        let state = d.rollout_state.as_deref();
        let said = state.map_or_else(|| say("not told"), Into::into);
        Some(
            Record::new(format!("Deployment {}", d.id), d.id.clone(), d)
                .quoted("id", d.id.clone())
                .quoted("status", d.status.clone())
                .quoted_role("rollout", rollout(state.unwrap_or_default()), said)
                .maybe_quoted("reason", d.reason.clone())
                .quoted("task definition", d.task_definition.clone())
                .pair(
                    "tasks",
                    format!(
                        "{} desired, {} running, {} pending, {} failed to start",
                        d.desired, d.running, d.pending, d.failed
                    ),
                )
                .maybe("created", d.created_at.map(|at| view.exact(at)))
                .maybe("updated", d.updated_at.map(|at| view.exact(at)))
                .pair("circuit breaker", if service.circuit_breaker { "on" } else { "off" }),
        )
    }
}
