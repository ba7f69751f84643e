//! The journal by change: one row each, with its whole story behind it.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::theme::Role;
use crate::domain::journal::Entry;
use crate::domain::source::SourceId;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::history::{kind, summary};
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::{View, plural};

use super::{Panel, Room};

/// The panel.
pub struct ChangeLog;

const COLUMNS: &[Column] = &[
    Column::text("last", 14, 0),
    Column::text("event", 11, 0).of(&["verified", "cancelled", "NEEDS HUMAN"]),
    Column { grow: 2, ..Column::wide("rule", 22, 0).quoted() },
    Column::number("entries", 7, 3),
    Column::text("began", 14, 2),
    Column::wide("change", 14, 1).quoted(),
];

/// The entries of one change, oldest first.
#[derive(Serialize)]
struct Story<'v> {
    change: &'v str,
    entries: Vec<&'v Entry>,
}

impl Story<'_> {
    fn began(&self) -> Option<DateTime<Utc>> {
        self.entries.first().map(|e| e.at)
    }
    fn rule(&self) -> &str {
        self.entries.iter().find_map(|e| e.rule.as_deref()).unwrap_or_default()
    }
}

/// The change of the newest entry first.
fn stories<'v>(view: &View<'v>) -> Vec<Story<'v>> {
    let mut out: Vec<Story<'v>> = Vec::new();
    let mut place: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for entry in view.env.changes.journal.iter().rev() {
        let Some(change) = entry.change.as_deref() else { continue };
        let at = *place.entry(change).or_insert_with(|| {
            out.push(Story { change, entries: Vec::new() });
            out.len() - 1
        });
        if let Some(story) = out.get_mut(at) {
            story.entries.push(entry);
        }
    }
    for story in &mut out {
        story.entries.reverse();
    }
    out
}

struct Rows<'v>(Vec<Story<'v>>);

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.get(row).map_or("", |s| s.change).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(story) = self.0.get(row) else { return (Role::Text, "".into()) };
        let time = |at: DateTime<Utc>| at.format("%m-%d %H:%M:%S").to_string();
        match (column, story.entries.last()) {
            (0, Some(e)) => (Role::Muted, time(e.at).into()),
            (1, Some(e)) => {
                let (role, word) = kind(e.event);
                (role, word.into())
            }
            (2, _) => (Role::Text, story.rule().into()),
            (3, _) => (Role::Text, story.entries.len().to_string().into()),
            (4, _) => (Role::Muted, story.began().map_or_else(String::new, time).into()),
            _ => (Role::Muted, story.change.into()),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        match (column, self.0.get(row)) {
            (3, Some(s)) => SortKey::Number(s.entries.len() as f64),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
}

impl Panel for ChangeLog {
    fn id(&self) -> PanelId {
        "change-log"
    }
    fn title(&self) -> &'static str {
        "By change"
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        if view.env.changes.journal.iter().all(|e| e.change.is_none()) {
            return vec![Line::new().muted("no change yet")];
        }
        Vec::new()
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let stories = stories(view);
        (!stories.is_empty()).then(|| Box::new(Rows(stories)) as Box<dyn Records>)
    }
    fn instant(&self, view: &View<'_>, key: &str) -> Option<DateTime<Utc>> {
        stories(view).iter().find(|s| s.change == key)?.began()
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let stories = stories(view);
        let story = stories.iter().find(|s| s.change == key)?;
        let title = format!("{}, {}", story.rule(), say(plural(story.entries.len(), "entry", "entries")));
        let mut record = Record::new(title, key, story).quoted("change", key).head("story");
        for e in &story.entries {
            let (role, word) = kind(e.event);
            let step = e.step.map_or_else(String::new, |n| format!(" step {n}"));
            let by = format!("by {}", e.by);
            let time = e.at.format("%H:%M:%S");
            record = record.quote(role, format!("{time}  {}{}  {}", say(word), say(step), say(by)));
            let told = summary(e);
            if !told.is_empty() {
                record = record.quote(Role::Muted, format!("  {told}"));
            }
        }
        Some(record)
    }
}
