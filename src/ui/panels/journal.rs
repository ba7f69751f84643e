//! The journal, the newest entry first.

use std::borrow::Cow;
use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::config::theme::Role;
use crate::domain::journal::{Entry, EntryKind};
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::history::{kind, summary};
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::{View, tail};

use super::{Panel, Room};

/// The panel.
pub struct JournalEntries;

const COLUMNS: &[Column] = &[
    Column::text("time", 14, 0).quoted(),
    Column::text("event", 11, 0).of(&["verified", "cancelled", "NEEDS HUMAN"]),
    Column::number("step", 4, 3),
    Column::text("rule", 22, 2).quoted(),
    Column::wide("what", 34, 0).quoted(),
    Column::text("by", 16, 1).quoted(),
    Column::text("change", 14, 4).quoted(),
];

struct Rows<'v> {
    entries: &'v VecDeque<Entry>,
    view: &'v View<'v>,
}

impl Rows<'_> {
    fn entry(&self, row: usize) -> Option<&Entry> {
        self.entries.iter().rev().nth(row)
    }
}

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.entries.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.entry(row).map_or_else(String::new, |e| e.seq.to_string()).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(e) = self.entry(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (Role::Muted, e.at.format("%m-%d %H:%M:%S").to_string().into()),
            1 => {
                let (role, word) = kind(e.event);
                (role, word.into())
            }
            2 => (Role::Text, e.step.map_or_else(String::new, |n| n.to_string()).into()),
            3 => (Role::Text, e.rule.as_deref().unwrap_or_default().into()),
            4 => (Role::Text, summary(e).into()),
            5 => (Role::Muted, e.by.as_str().into()),
            _ => (Role::Muted, tail(e.change.as_deref().unwrap_or_default(), 14, self.view.look)),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        match (column, self.entry(row)) {
            (0, Some(e)) => SortKey::Number(e.seq as f64),
            (2, Some(e)) => e.step.map_or(SortKey::Missing, |n| SortKey::Number(n.into())),
            (6, Some(e)) => SortKey::Text(e.change.clone().unwrap_or_default()),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.entry(row).is_some_and(|e| {
            matches!(
                e.event,
                EntryKind::Failed
                    | EntryKind::Unknown
                    | EntryKind::NeedsHuman
                    | EntryKind::Refused
                    | EntryKind::RolledBack
            )
        })
    }
}

/// The entry of that number.
fn entry<'v>(view: &View<'v>, key: &str) -> Option<&'v Entry> {
    let seq: i64 = key.parse().ok()?;
    let journal = &view.env.changes.journal;
    journal.get(journal.binary_search_by_key(&seq, |e| e.seq).ok()?)
}

impl Panel for JournalEntries {
    fn id(&self) -> PanelId {
        "journal"
    }
    fn title(&self) -> &'static str {
        "Journal"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        match &view.env.changes.journal_error {
            Some(why) => Line::new().add(Role::Bad, why.as_str()),
            None => Line::new().muted("newest first"),
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        if view.env.changes.journal.is_empty() {
            return vec![Line::new().muted("nothing was proposed, decided or done yet")];
        }
        Vec::new()
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let entries = &view.env.changes.journal;
        (!entries.is_empty()).then(|| Box::new(Rows { entries, view }) as Box<dyn Records>)
    }
    fn instant(&self, view: &View<'_>, key: &str) -> Option<DateTime<Utc>> {
        entry(view, key).map(|e| e.at)
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let e = entry(view, key)?;
        let (role, word) = kind(e.event);
        let id = e.change.clone().unwrap_or_else(|| key.to_owned());
        let mut record = Record::new(format!("entry {key}: {word}"), id, e)
            .role("event", role, word)
            .pair("at", view.exact(e.at))
            .quoted("environment", e.environment.clone())
            .maybe_quoted("change", e.change.clone())
            .maybe_quoted("rule", e.rule.clone())
            .maybe("step", e.step.map(|n| n.to_string()))
            .quoted("by", e.by.clone())
            .head("detail");
        let detail = serde_json::to_string_pretty(&e.detail).unwrap_or_else(|e| e.to_string());
        for line in detail.lines() {
            record = record.quote(Role::Text, line);
        }
        Some(record)
    }
}
