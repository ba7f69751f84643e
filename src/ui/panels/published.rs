//! The published list as tasks read it, and its drift from reality.

use std::borrow::Cow;

use crate::config::theme::Role;
use crate::domain::drift::DriftKind;
use crate::domain::published::PublishedTarget;
use crate::domain::source::SourceId;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct PublishedList;

const COLUMNS: &[Column] = &[
    Column::number("entry", 5, 0),
    Column::text("zone", 4, 0).quoted(),
    Column::text("mount target", 22, 0).quoted(),
    Column::text("address", 15, 1).quoted(),
    Column::wide("is", 11, 0),
];

struct Rows<'v>(&'v View<'v>, &'v [PublishedTarget]);

impl Rows<'_> {
    fn is(&self, entry: &PublishedTarget) -> (Role, String) {
        let Some(targets) = &self.0.world.mount_targets else { return (Role::Unknown, "not known".into()) };
        match targets.iter().find(|m| m.mount_target_id == entry.mount_target_id) {
            None => (Role::Bad, "gone".into()),
            Some(m) if !m.is_available() => (Role::Bad, m.state.clone()),
            Some(m) if m.ip_address.as_deref().is_some_and(|ip| ip != entry.ip_address) => {
                (Role::Bad, "at another address".into())
            }
            Some(_) => (Role::Ok, "available".into()),
        }
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
        self.1.get(row).map_or(Cow::Borrowed(""), |e| format!("{row}/{}", e.mount_target_id).into())
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(e) = self.1.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (Role::Text, row.to_string().into()),
            1 => (Role::Title, self.0.derived.short(&e.availability_zone).into()),
            2 => (Role::Text, e.mount_target_id.as_str().into()),
            3 => (Role::Text, e.ip_address.as_str().into()),
            _ => {
                let (role, text) = self.is(e);
                (role, text.into())
            }
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        if column == 0 {
            return SortKey::Number(row as f64);
        }
        SortKey::Text(self.cell(row, column).1.to_lowercase())
    }
    fn attention(&self, row: usize) -> bool {
        self.1.get(row).is_some_and(|e| self.is(e).0 != Role::Ok)
    }
    fn none(&self) -> &'static str {
        "the list is empty: tasks that start now mount nothing"
    }
}

impl Panel for PublishedList {
    fn id(&self) -> PanelId {
        "published"
    }
    fn title(&self) -> &'static str {
        "Published list"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let Some(p) = view.world.published() else { return Line::new() };
        let drift = view.derived.drift.len();
        let line = Line::new()
            .text(format!("v{}", p.current.version))
            .muted(format!("  changed {}", view.ago(p.current.changed_at)));
        if drift == 0 { line.add(Role::Ok, "  no drift") } else { line.add(Role::Warn, "  drift") }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::SSM]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.published.is_some()
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        if matches!(view.world.published, Some(None)) {
            return vec![Line::new().add(Role::Bad, "the parameter does not exist")];
        }
        view.derived
            .drift
            .iter()
            .map(|d| {
                let role = match d.kind {
                    DriftKind::Unreadable | DriftKind::PublishedButGone => Role::Bad,
                    DriftKind::Unpublished | DriftKind::TasksOnOldList => Role::Warn,
                };
                Line::new().add(role, d.detail.as_str())
            })
            .collect()
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let list = view.derived.list.as_ref()?.as_ref().ok()?;
        Some(Box::new(Rows(view, &list.mount_targets)))
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let p = view.world.published()?;
        let mut record = Record::new(
            format!("Published list v{}", p.current.version),
            key.split_once('/').map_or(p.parameter.as_str(), |k| k.1),
            p,
        )
        .quoted("parameter", p.parameter.clone())
        .pair("version", p.current.version.to_string())
        .pair("changed", view.exact(p.current.changed_at));
        match &view.derived.list {
            Some(Ok(list)) => {
                record = record.head("a path goes to entry SHA-256(path) mod the number of entries");
                for (i, e) in list.mount_targets.iter().enumerate() {
                    let (role, is) = Rows(view, &list.mount_targets).is(e);
                    let (id, address, zone) = (&e.mount_target_id, &e.ip_address, &e.availability_zone);
                    record = record.quote(role, format!("{i}  {id}  {address}  {zone}  {}", say(is)));
                }
            }
            Some(Err(why)) => record = record.role("readable", Role::Bad, format!("no, {why}")),
            None => {}
        }
        record = record.head("versions known");
        for v in p.history.iter().rev() {
            record = record.quote(Role::Text, format!("v{}  {}", v.version, say(view.exact(v.changed_at))));
        }
        Some(record)
    }
}
