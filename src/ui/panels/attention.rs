//! What needs attention, the most urgent first.

use std::borrow::Cow;

use crate::config::theme::Role;
use crate::domain::freshness::Freshness;
use crate::domain::source::SourceId;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::findings::{Finding, Level};
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::{View, plural};

use super::{Panel, Room};

/// The panel.
pub struct Attention;

const COLUMNS: &[Column] = &[
    Column::text("level", 5, 0),
    Column { grow: 2, ..Column::wide("what", 24, 0) },
    Column { grow: 3, ..Column::wide("why", 28, 1).quoted() },
];

struct Rows<'v>(&'v [Finding]);

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.get(row).map_or("", |f| &f.key).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(f) = self.0.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (f.level.role(), f.level.word().into()),
            1 => (Role::Text, f.title.as_str().into()),
            _ if f.quoted => (Role::Muted, f.detail.as_str().into()),
            _ => (Role::Muted, say(f.detail.as_str())),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        match (column, self.0.get(row)) {
            (0, Some(f)) => SortKey::Number(f64::from(f.level as u8)),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.0.get(row).is_some_and(|f| f.level != Level::Low)
    }
    fn none(&self) -> &'static str {
        ""
    }
}

impl Panel for Attention {
    fn id(&self) -> PanelId {
        "attention"
    }
    fn title(&self) -> &'static str {
        "Attention"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let list = view.findings();
        let mut line = Line::new();
        for level in [Level::High, Level::Medium, Level::Low] {
            let n = list.iter().filter(|f| f.level == level).count();
            if n > 0 {
                line = line.quote(level.role(), format!("{n} {}  ", say(level.word().to_lowercase())));
            }
        }
        line
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn height(&self, view: &View<'_>, _width: u16) -> u16 {
        // room for the first two is always kept, so that they move nothing below
        u16::try_from(view.findings().len().clamp(2, 12) + 1).unwrap_or(u16::MAX)
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        if !view.findings().is_empty() {
            return Vec::new();
        }
        let unread: Vec<&str> = view
            .world
            .sources
            .values()
            .filter(|s| s.freshness(view.now) == Freshness::Never)
            .map(|s| s.id.0)
            .collect();
        let known = view.world.sources.len();
        vec![if known == 0 {
            Line::new().add(Role::Unknown, "nothing is read yet")
        } else if unread.is_empty() {
            Line::new()
                .add(Role::Ok, format!("{} nothing needs attention", view.look.glyphs.ok))
                .muted(format!("   {} say so", plural(known, "source", "sources")))
        } else if unread.len() == known {
            Line::new()
                .add(Role::Unknown, format!("waiting for the first answers{}", view.look.glyphs.ellipsis))
        } else {
            Line::new()
                .text("nothing in what is known; ")
                .add(Role::Unknown, format!("waiting for {}", unread.join(", ")))
        }]
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let list = view.findings();
        (!list.is_empty()).then(|| Box::new(Rows(list)) as Box<dyn Records>)
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let finding = view.findings().iter().find(|f| f.key == key)?;
        let why =
            if finding.quoted { finding.detail.clone() } else { say(finding.detail.as_str()).into_owned() };
        Some(
            Record::new(finding.title.clone(), format!("{}: {}", finding.title, finding.detail), finding)
                .role("level", finding.level.role(), finding.level.word())
                .pair("what", finding.title.clone())
                .quoted("why", why)
                .pair("source", finding.source.0)
                .maybe("read", view.source(finding.source).and_then(|s| s.at).map(|at| view.exact(at))),
        )
    }
}
