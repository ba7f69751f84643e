//! The open list on the screen.

use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::config::keymap::Keymap;
use crate::config::theme::Role;
use crate::domain::log::filter::FILTERS;
use crate::domain::units;
use crate::ui::canvas::{Canvas, Line, inset};
use crate::ui::text;
use crate::ui::view::View;

use super::LogDesk;
use super::filters;
use super::lines::level_role;
use super::sheet::{Kind, Sheet};

/// Columns of the names of facts.
const LABEL: usize = 14;
/// Rows of one fact at most: the text of a line may be long.
const FACT: usize = 200;

impl LogDesk {
    /// Rows that the list would like, its title included.
    pub(super) fn sheet_height(&self, kind: Kind, width: usize, view: &View<'_>) -> u16 {
        let rows: usize = self.sheet_entries(kind, width, view).iter().map(Vec::len).sum();
        u16::try_from(rows.max(1) + 1).unwrap_or(u16::MAX)
    }

    /// Draws the list.
    pub(super) fn draw_sheet(
        &mut self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        view: &View<'_>,
        keymap: &Keymap,
        focused: bool,
    ) {
        let Some(mut sheet) = self.sheet else { return };
        self.sheet_title(canvas, Rect { height: 1, ..area }, sheet, view, keymap, focused);
        let body = inset(Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, 1);
        let entries = self.sheet_entries(sheet.kind, body.width.into(), view);
        if entries.is_empty() {
            canvas.put(body, 0, 0, Role::Muted, none(sheet.kind));
            return;
        }
        let height = usize::from(body.height);
        sheet.page = height;
        sheet.place = sheet.place.min(entries.len() - 1);
        let before: usize = entries.iter().take(sheet.place).map(Vec::len).sum();
        let rows = entries.get(sheet.place).map_or(1, Vec::len);
        // the selected entry stays in sight, its beginning if it is longer than the list
        sheet.offset = sheet.offset.min(before).max((before + rows.min(height)).saturating_sub(height));
        let flat = entries.iter().enumerate().flat_map(|(i, rows)| rows.iter().map(move |row| (i, row)));
        for ((i, row), y) in flat.skip(sheet.offset).zip(0..body.height) {
            canvas.line(body, 0, y, row);
            if i == sheet.place {
                canvas.mark(Rect { y: body.y + y, height: 1, ..body }, Role::Selection);
            }
        }
        self.sheet = Some(sheet);
    }

    fn sheet_title(
        &self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        sheet: Sheet,
        view: &View<'_>,
        keymap: &Keymap,
        focused: bool,
    ) {
        let glyphs = &view.look.glyphs;
        let (role, rule) =
            if focused { (Role::Focus, glyphs.rule_focus) } else { (Role::Border, glyphs.rule) };
        if focused {
            canvas.quote(area, 0, 0, Role::Focus, glyphs.cursor);
        }
        let (name, note) = match sheet.kind {
            Kind::Detail => ("Line", String::new()),
            Kind::Filters => ("Filters", format!("{} of {FILTERS}", self.facts.filters.len())),
            Kind::Patterns => ("Patterns", "of all lines held, hidden ones too".to_owned()),
            Kind::Bookmarks => ("Bookmarks", self.bookmarks.iter().count().to_string()),
        };
        let keys: &[(Action, &str)] = match sheet.kind {
            Kind::Detail => &[
                (Action::Include, "only such"),
                (Action::Exclude, "hide such"),
                (Action::Copy, "copy"),
                (Action::Back, "close"),
            ],
            Kind::Filters => &[
                (Action::Toggle, "on/off"),
                (Action::Open, "edit"),
                (Action::Delete, "delete"),
                (Action::Back, "close"),
                (Action::Include, "only"),
                (Action::Exclude, "hide"),
            ],
            Kind::Patterns => {
                &[(Action::Open, "only such"), (Action::Exclude, "hide such"), (Action::Back, "close")]
            }
            Kind::Bookmarks => &[
                (Action::Open, "go there"),
                (Action::Note, "note"),
                (Action::Delete, "delete"),
                (Action::Back, "close"),
            ],
        };
        let line = Line::new().add(Role::Title, name).text("  ").muted(note);
        let end = area.width.saturating_sub(1);
        let after = canvas.line(Rect { width: end, ..area }, 1, 0, &line);
        let mut hints = Line::new();
        for (action, word) in keys {
            let Some(key) = keymap.keys_of(*action).into_iter().next() else { continue };
            let gap = if hints.spans.is_empty() { " " } else { "  " };
            let hint = Line::new().text(gap).add(Role::Key, key).muted(format!(" {word}"));
            if usize::from(after) + 1 + hints.width() + hint.width() > usize::from(end) {
                break;
            }
            hints.spans.extend(hint.spans);
        }
        let right = end.saturating_sub(u16::try_from(hints.width()).unwrap_or(u16::MAX));
        canvas.fill(area, after + 1, right, 0, role, rule);
        canvas.line_right(Rect { width: end, ..area }, 0, &hints);
    }

    /// The entries, each with its rows.
    fn sheet_entries(&self, kind: Kind, width: usize, view: &View<'_>) -> Vec<Vec<Line<'static>>> {
        match kind {
            Kind::Detail => self.fact_rows(width, view),
            Kind::Filters => self.filter_rows(view),
            Kind::Patterns => self.pattern_rows(view),
            Kind::Bookmarks => self.bookmark_rows(view),
        }
    }

    fn fact_rows(&self, width: usize, view: &View<'_>) -> Vec<Vec<Line<'static>>> {
        let one = |field: super::detail::Field| {
            let room = width.saturating_sub(LABEL).max(1);
            let rows = field.value.split('\n').flat_map(|part| text::wrap(part, room)).take(FACT);
            let row = |(i, part): (usize, String)| {
                let label = if i == 0 { field.label.as_str() } else { "" };
                let line = Line::new().quote_cell(LABEL - 1, Role::Muted, label, view.look);
                line.quote(Role::Text, " ").quote(field.role, part)
            };
            rows.enumerate().map(row).collect()
        };
        self.fields().into_iter().map(one).collect()
    }

    fn filter_rows(&self, view: &View<'_>) -> Vec<Vec<Line<'static>>> {
        let one = |fact: &super::FilterFact| {
            let on = fact.filter.enabled;
            let role = if on { Role::Text } else { Role::Muted };
            let (mark, word) = if on { (view.look.glyphs.ok, "on") } else { (view.look.glyphs.none, "off") };
            let words = filters::in_words(&fact.filter.condition, self.zone, view.now);
            vec![
                Line::new()
                    .quote(if on { Role::Ok } else { Role::Muted }, mark)
                    .text(" ")
                    .cell(5, role, word, view.look)
                    .muted("hides ")
                    .quote_number(9, role, &units::thousands(fact.hides), view.look)
                    .muted("  matches ")
                    .quote_number(9, role, &units::thousands(fact.matching), view.look)
                    .text("  ")
                    .muted(filters::verb(fact.filter.effect))
                    .quote(role, words),
            ]
        };
        self.facts.filters.iter().map(one).collect()
    }

    fn pattern_rows(&self, view: &View<'_>) -> Vec<Vec<Line<'static>>> {
        let one = |pattern: &crate::domain::log::pattern::Pattern| {
            let line = Line::new()
                .quote_number(9, Role::Text, &units::thousands(pattern.lines), view.look)
                .muted(" × ")
                .quote_cell(6, level_role(pattern.worst), pattern.worst.word(), view.look);
            vec![if pattern.words.is_empty() {
                line.text("lines that have nothing in common")
            } else {
                line.quote(Role::Text, pattern.text(view.look.glyphs.ellipsis))
            }]
        };
        self.facts.patterns.iter().map(one).collect()
    }

    fn bookmark_rows(&self, view: &View<'_>) -> Vec<Vec<Line<'static>>> {
        let today = self.zone.wall(view.now).date();
        let one = |(key, bookmark): (
            crate::domain::log::line::LineKey,
            &crate::domain::log::bookmark::Bookmark,
        )| {
            let at = chrono::DateTime::from_timestamp_millis(key.at_ms).unwrap_or_default();
            let mut line = Line::new().quote_cell(15, Role::Muted, &self.zone.clock(at, today), view.look);
            if !bookmark.note.is_empty() {
                line = line.quote(Role::Accent, bookmark.note.clone()).text("  ");
            }
            vec![line.quote(Role::Text, bookmark.text.clone())]
        };
        self.bookmarks.iter().map(one).collect()
    }
}

/// What is said of an empty list.
fn none(kind: Kind) -> &'static str {
    match kind {
        Kind::Detail => "the line is no longer held",
        Kind::Filters => "no filters: every line is shown",
        Kind::Patterns => "no lines have been looked at yet",
        Kind::Bookmarks => "no bookmarks",
    }
}
