//! The goals of the tuning guide, met or not.

use std::borrow::Cow;

use chrono::TimeDelta;

use crate::config::theme::Role;
use crate::domain::goals::Goal;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::Records;
use crate::ui::view::View;

use super::Panel;

/// The panel.
pub struct Goals;

const COLUMNS: &[Column] = &[
    Column::text("goal", 24, 0),
    Column::text("target", 11, 0),
    Column::number("measured", 10, 0),
    Column::text("met", 12, 0),
    Column::number("age", 6, 1),
    Column::wide("measured by", 20, 2),
];

struct Rows<'v>(&'v View<'v>, Vec<Goal>);

fn name(id: &str) -> &str {
    match id {
        "lambda-run" => "Lambda run",
        "task-start" => "Fargate task start",
        "efs-throughput" => "EFS throughput",
        "mount-target-creation" => "mount target creation",
        "count-million" => "counting 1 000 000 files",
        other => other,
    }
}

fn how(id: &str) -> &'static str {
    match id {
        "lambda-run" => "AWS/Lambda Duration of the former monitor",
        "task-start" => "createdAt to startedAt of the newest task that started",
        "efs-throughput" => "bench throughput, else PermittedThroughput",
        "mount-target-creation" => "the newest change that created one",
        "count-million" => "miharu's own count, scaled to a million",
        _ => "",
    }
}

fn value(goal: &Goal, value: f64) -> String {
    if goal.unit == "s" {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a duration")]
        let ms = (value * 1000.0) as i64;
        units::duration(TimeDelta::milliseconds(ms))
    } else {
        format!("{value:.0} {}", goal.unit)
    }
}

/// The limit in one unit, as the guide writes it: `≤ 90 s`, `≤ 2 min`.
fn target(goal: &Goal, view: &View<'_>) -> String {
    let [at_most, at_least] = view.look.glyphs.limits;
    match goal.unit.as_str() {
        "s" if goal.target >= 120.0 && goal.target % 60.0 == 0.0 => {
            format!("{at_most} {:.0} min", goal.target / 60.0)
        }
        "s" => format!("{at_most} {:.0} s", goal.target),
        unit => format!("{at_least} {:.0} {unit}", goal.target),
    }
}

fn met(goal: &Goal, view: &View<'_>) -> (Role, String) {
    let g = &view.look.glyphs;
    match goal.met {
        Some(true) => (Role::Ok, format!("{} met", g.ok)),
        Some(false) => (Role::Bad, format!("{} not met", g.bad)),
        None => (Role::Muted, format!("{} unmeasured", g.unknown)),
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
        self.1.get(row).map_or("", |g| &g.id).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(g) = self.1.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (Role::Text, name(&g.id).into()),
            1 => (Role::Muted, target(g, self.0).into()),
            2 => (Role::Text, g.value.map_or_else(String::new, |v| value(g, v)).into()),
            3 => {
                let (role, text) = met(g, self.0);
                (role, text.into())
            }
            5 => (Role::Muted, how(&g.id).into()),
            _ => (Role::Muted, g.at.map_or_else(String::new, |at| units::age_step(self.0.age(at))).into()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.1.get(row).is_some_and(|g| g.met == Some(false))
    }
}

impl Panel for Goals {
    fn id(&self) -> PanelId {
        "goals"
    }
    fn title(&self) -> &'static str {
        "Goals"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let goals = view.world.goals();
        let measured = goals.iter().filter(|g| g.met.is_some()).count();
        let met = goals.iter().filter(|g| g.met == Some(true)).count();
        Line::new().muted(format!("{met} met of {measured} measured"))
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        Some(Box::new(Rows(view, view.world.goals())))
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let goal = view.world.goals().into_iter().find(|g| g.id == key)?;
        let (role, met) = met(&goal, view);
        Some(
            Record::new(name(key).to_owned(), key, &goal)
                .pair("target", target(&goal, view))
                .pair("measured", goal.value.map_or_else(|| "not yet".into(), |v| value(&goal, v)))
                .role("met", role, met)
                .pair("how", how(key))
                .maybe("when", goal.at.map(|at| view.exact(at))),
        )
    }
}
