//! The guardrails of everything that is recommended: what holds, whom, and until when.

use std::borrow::Cow;

use crate::config::theme::Role;
use crate::domain::guardrail::{Binds, Guardrail};
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::proposal::countdown;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Guardrails;

const COLUMNS: &[Column] = &[
    Column::text("guardrail", 22, 0).quoted().snug(),
    Column::text("state", 10, 0).snug(),
    Column::text("ends", 16, 1).snug(),
    Column { grow: 2, ..Column::wide("why", 20, 2) },
    Column::wide("holds back", 16, 3).quoted().snug(),
];

/// Equal guardrails of several recommendations are one row.
struct Row<'v> {
    guardrail: &'v Guardrail,
    of: Vec<&'v str>,
}

struct Rows<'v> {
    rows: Vec<Row<'v>>,
    view: &'v View<'v>,
}

fn rows<'v>(view: &View<'v>) -> Vec<Row<'v>> {
    let mut out: Vec<Row<'v>> = Vec::new();
    for p in &view.env.changes.proposals {
        for guardrail in &p.guardrails {
            let id = p.recommendation.id.as_str();
            match out.iter_mut().find(|r| r.guardrail == guardrail) {
                Some(row) => row.of.push(id),
                None => out.push(Row { guardrail, of: vec![id] }),
            }
        }
    }
    out.sort_by_key(|r| (!r.guardrail.holds, r.guardrail.binds == Binds::Auto));
    out
}

fn state(g: &Guardrail) -> (Role, &'static str) {
    match (g.holds, g.binds) {
        (false, _) => (Role::Ok, "free"),
        (true, Binds::All) => (Role::Bad, "HOLDS"),
        (true, Binds::Auto) => (Role::Warn, "holds auto"),
    }
}

fn key(row: &Row<'_>) -> String {
    format!("{} {}", row.guardrail.name, row.of.first().copied().unwrap_or_default())
}

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.rows.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.rows.get(row).map_or_else(String::new, key).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(Row { guardrail, of }) = self.rows.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (Role::Text, guardrail.name.as_str().into()),
            1 => {
                let (role, word) = state(guardrail);
                (role, word.into())
            }
            2 => match guardrail.until.filter(|_| guardrail.holds) {
                Some(until) => (Role::Text, countdown(until, self.view.now).into()),
                None => (Role::Muted, "".into()),
            },
            3 => (Role::Muted, guardrail.detail.as_str().into()),
            _ if guardrail.holds => (Role::Muted, of.join(", ").into()),
            _ => (Role::Muted, "".into()),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        match (column, self.rows.get(row)) {
            (1, Some(r)) => SortKey::Number(f64::from(u8::from(!r.guardrail.holds))),
            (2, Some(r)) => r
                .guardrail
                .until
                .filter(|_| r.guardrail.holds)
                .map_or(SortKey::Missing, |at| SortKey::Number((at - self.view.now).num_seconds() as f64)),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(|r| r.guardrail.holds)
    }
}

impl Panel for Guardrails {
    fn id(&self) -> PanelId {
        "guardrails"
    }
    fn title(&self) -> &'static str {
        "Guardrails"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let holding = rows(view).iter().filter(|r| r.guardrail.holds).count();
        if holding == 0 { Line::new() } else { Line::new().add(Role::Warn, format!("{holding} holding")) }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        if rows(view).is_empty() {
            return vec![Line::new().muted("nothing is recommended that they could hold back")];
        }
        Vec::new()
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let rows = rows(view);
        (!rows.is_empty()).then(|| Box::new(Rows { rows, view }) as Box<dyn Records>)
    }
    fn record(&self, view: &View<'_>, wanted: &str) -> Option<Record> {
        let rows = rows(view);
        let row = rows.iter().find(|r| key(r) == wanted)?;
        let (role, word) = state(row.guardrail);
        let ends = row
            .guardrail
            .until
            .map(|at| format!("{}, at {}", countdown(at, view.now), at.format("%Y-%m-%d %H:%M:%S UTC")));
        Some(
            Record::new(row.guardrail.name.clone(), row.guardrail.name.clone(), row.guardrail)
                .role("state", role, word)
                .pair("why", row.guardrail.detail.clone())
                .maybe("ends", ends)
                .pair("concerns", row.of.join(", ")),
        )
    }
}
