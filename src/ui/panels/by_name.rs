//! Impressions by name.

use std::borrow::Cow;

use serde::Serialize;

use crate::config::theme::Role;
use crate::domain::impressions::OTHER_NAMES;
use crate::domain::source::SourceId;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::figures;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct ByName;

const COLUMNS: &[Column] =
    &[Column::wide("name", 12, 0).quoted(), Column::number("rate", 8, 0), Column::number("share", 8, 1)];

#[derive(Serialize)]
struct Row {
    name: String,
    per_s: f64,
    share: f64,
}

fn rows(view: &View<'_>) -> Vec<Row> {
    let names = view.world.impressions.recorded.by_name();
    let all: f64 = names.iter().map(|n| n.1).sum();
    let share = |per_s: f64| if all > 0.0 { per_s / all } else { 0.0 };
    names.into_iter().map(|(name, per_s)| Row { name, per_s, share: share(per_s) }).collect()
}

/// The name as it is shown.
pub(super) fn shown(name: &str) -> Cow<'_, str> {
    match name {
        OTHER_NAMES => say("all other names"),
        "" => say("(empty)"),
        name => name.into(),
    }
}

struct Rows(Vec<Row>);

impl Records for Rows {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.get(row).map_or("", |r| &r.name).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(r) = self.0.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (Role::Text, shown(&r.name)),
            1 => (Role::Text, figures::per_s(r.per_s).into()),
            _ => (Role::Muted, figures::small(r.share).into()),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        match (column, self.0.get(row)) {
            (1 | 2, Some(r)) => SortKey::Number(r.per_s),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
}

impl Panel for ByName {
    fn id(&self) -> PanelId {
        "by-name"
    }
    fn title(&self) -> &'static str {
        "By name"
    }
    fn note<'v>(&self, _view: &'v View<'_>) -> Line<'v> {
        Line::new().muted("event log")
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::IMPRESSIONS]
    }
    fn wanted(&self, view: &View<'_>) -> bool {
        view.world.impressions.is_known()
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        if view.world.impressions.recorded.last.is_none() {
            return figures::wrapped("", figures::not_there(view, true), room.width);
        }
        if view.world.impressions.recorded.by_name().is_empty() {
            return vec![Line::new().muted("no row in the last seconds")];
        }
        Vec::new()
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let rows = rows(view);
        (!rows.is_empty()).then(|| Box::new(Rows(rows)) as Box<dyn Records>)
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let row = rows(view).into_iter().find(|r| r.name == key)?;
        let read = view.world.impressions.recorded_per_s();
        Some(
            Record::new(format!("Name {}", shown(&row.name)), row.name.clone(), &row)
                .quoted("name", shown(&row.name))
                .pair("recorded", figures::per_s(row.per_s))
                .pair("share", figures::small(row.share))
                .maybe("read", read.map(|m| figures::exactly(view, &m))),
        )
    }
}
