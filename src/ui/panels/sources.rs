//! The sources: in one line of the overview, and as the rows of the source table.

use std::borrow::Cow;

use chrono::TimeDelta;

use crate::app::action::Action;
use crate::config::theme::Role;
use crate::domain::freshness::{Freshness, SourceState};
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::text;
use crate::ui::view::View;

use super::{Panel, Room};

/// The line of the overview.
pub struct SourcesLine;

/// Shape and role of a source's freshness.
pub fn mark(freshness: Freshness, failing: bool, view: &View<'_>) -> (&'static str, Role) {
    let g = &view.look.glyphs;
    match (freshness, failing) {
        (Freshness::Fresh, false) => (g.ok, Role::Ok),
        (Freshness::Fresh, true) => (g.ok, Role::Warn),
        (Freshness::Late, _) => (g.busy, Role::Stale),
        (Freshness::Stale, _) => (g.bad, Role::Stale),
        (Freshness::Never, true) => (g.bad, Role::Bad),
        (Freshness::Never, false) => (g.unknown, Role::Unknown),
    }
}

impl Panel for SourcesLine {
    fn id(&self) -> PanelId {
        "sources"
    }
    fn title(&self) -> &'static str {
        "Sources"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let polled = view.world.sources.len();
        let off = view.world.off.len();
        Line::new().muted(if off > 0 {
            format!("{polled} polled, {off} off")
        } else {
            format!("{polled} polled")
        })
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        if view.world.sources.is_empty() {
            return vec![Line::new().add(Role::Unknown, "the sources are being prepared")];
        }
        let mut out = vec![Line::new()];
        let mut used = 0;
        for source in view.world.sources.values() {
            let freshness = source.freshness(view.now);
            let (glyph, role) = mark(freshness, source.error.is_some(), view);
            let word = match freshness {
                Freshness::Fresh => String::new(),
                Freshness::Never => " not read".to_owned(),
                f => format!(" {}", f.word()),
            };
            let word = say(word);
            let width = 4 + source.id.0.len() + text::width(&word);
            if used + width > room.width && used > 0 {
                out.push(Line::new());
                used = 0;
            }
            used += width;
            if let Some(line) = out.last_mut() {
                line.push(role, glyph);
                *line = std::mem::take(line).quote(Role::Text, format!(" {}", source.id)).quote(role, word);
                line.push(Role::Text, "  ");
            }
        }
        out
    }
    fn leads_to(&self) -> Option<Action> {
        Some(Action::Sources)
    }
}

/// The rows of the source table, those that are off at its end.
pub struct Sources<'v>(&'v View<'v>, Vec<Row<'v>>);

enum Row<'v> {
    On(&'v SourceState),
    Off(SourceId, &'v str),
}

impl<'v> Sources<'v> {
    /// The sources of the shown environment.
    pub fn new(view: &'v View<'v>) -> Self {
        let on = view.world.sources.values().map(Row::On);
        let off = view.world.off.iter().map(|(id, why)| Row::Off(*id, why));
        Self(view, on.chain(off).collect())
    }

    /// Everything about one source.
    pub fn record(view: &View<'_>, key: &str) -> Option<Record> {
        if let Some((id, why)) = view.world.off.iter().find(|(id, _)| id.0 == key) {
            return Some(
                Record::new(format!("Source {id}"), id.0, id).pair("state", "off").pair("why", why.clone()),
            );
        }
        let s = view.world.sources.values().find(|s| s.id.0 == key)?;
        let freshness = s.freshness(view.now);
        let mut record = Record::new(format!("Source {}", s.id), s.id.0, &s.id)
            .pair("state", freshness.word())
            .pair("read", s.at.map_or_else(|| "never".to_owned(), |at| view.exact(at)))
            .pair("every", units::duration(s.every))
            .maybe("next poll", s.next_at.map(|at| format!("{} UTC", at.format("%H:%M:%S"))))
            .maybe("last poll took", s.took_ms.map(|ms| format!("{ms} ms")))
            .pair(
                "calls",
                format!("{} in the last poll, {} in all", s.calls, units::thousands(s.calls_total)),
            )
            .pair("cost", cost(s));
        if let Some(error) = &s.error {
            record = record
                .head("why the last poll failed")
                .role("class", Role::Bad, error.class.word())
                .pair("what", error.line())
                .pair("remedy", error.remedy())
                .maybe_quoted("code", error.code.clone())
                .maybe_quoted("request id", error.request_id.clone())
                .maybe("failing since", s.failing_since.map(|at| view.exact(at)))
                .pair("in a row", s.failures.to_string());
        }
        for warning in &s.warnings {
            record = record
                .head("a part that could not be read")
                .role("class", Role::Warn, warning.class.word())
                .pair("what", warning.line())
                .pair("remedy", warning.remedy());
        }
        Some(record)
    }
}

fn cost(s: &SourceState) -> String {
    s.cost_usd_per_h().map_or_else(|| "not known".to_owned(), units::usd_per_h)
}

const COLUMNS: &[Column] = &[
    Column::text("source", 12, 0).quoted(),
    Column::text("state", 8, 0),
    Column::number("age", 6, 0),
    Column::number("every", 6, 3),
    Column::number("took", 8, 4),
    Column::number("calls", 5, 6),
    Column::number("total", 8, 5),
    Column::number("cost", 9, 2),
    Column::text("next poll", 9, 7),
    Column::wide("why", 12, 1),
];

impl Records for Sources<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.1.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        match self.1.get(row) {
            Some(Row::On(s)) => s.id.0.into(),
            Some(Row::Off(id, _)) => id.0.into(),
            None => "".into(),
        }
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let s = match self.1.get(row) {
            None => return (Role::Text, "".into()),
            Some(Row::Off(id, why)) => {
                return match column {
                    0 => (Role::Muted, id.0.into()),
                    1 => (Role::Muted, "off".into()),
                    9 => (Role::Muted, (*why).into()),
                    _ => (Role::Muted, "".into()),
                };
            }
            Some(Row::On(s)) => *s,
        };
        let view = self.0;
        let freshness = s.freshness(view.now);
        match column {
            0 => (Role::Text, s.id.0.into()),
            1 => {
                let (glyph, role) = mark(freshness, s.error.is_some(), view);
                (role, format!("{glyph} {}", freshness.word()).into())
            }
            2 => (Role::Text, s.age(view.now).map_or_else(String::new, units::age_step).into()),
            3 => (Role::Muted, units::duration(s.every).into()),
            4 => {
                let took = s.took_ms.and_then(|ms| i64::try_from(ms).ok());
                (Role::Text, took.map_or_else(String::new, millis).into())
            }
            5 => (Role::Text, s.calls.to_string().into()),
            6 => (Role::Text, units::thousands(s.calls_total).into()),
            7 => (Role::Text, cost(s).into()),
            8 => (
                Role::Muted,
                s.next_at.map_or_else(String::new, |at| at.format("%H:%M:%S").to_string()).into(),
            ),
            _ => match s.complaint() {
                Some(e) => (
                    Role::Stale,
                    format!(
                        "{}: {}; {}",
                        say(e.class.word()),
                        text::printable(&say(e.line())),
                        say(e.remedy())
                    )
                    .into(),
                ),
                None => (Role::Muted, "".into()),
            },
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        let Some(Row::On(s)) = self.1.get(row) else { return SortKey::Missing };
        let number = |n: Option<f64>| n.map_or(SortKey::Missing, SortKey::Number);
        match column {
            2 => number(s.age(self.0.now).map(|a| a.num_milliseconds() as f64)),
            3 => SortKey::Number(s.every.num_milliseconds() as f64),
            4 => number(s.took_ms.map(|n| n as f64)),
            5 => SortKey::Number(f64::from(s.calls)),
            6 => SortKey::Number(s.calls_total as f64),
            7 => number(s.cost_usd_per_h()),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        let Some(Row::On(s)) = self.1.get(row) else { return false };
        s.complaint().is_some() || s.freshness(self.0.now) != Freshness::Fresh
    }
}

/// `320 ms`, `4.2 s`.
fn millis(ms: i64) -> String {
    if ms < 1000 { format!("{ms} ms") } else { units::duration(TimeDelta::milliseconds(ms)) }
}
