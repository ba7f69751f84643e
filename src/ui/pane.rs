//! A panel on the screen: title with the age of its data, its lines or its table, and one line why the data
//! is not as it should be. What the operator did to it (selection, scroll, filter) is kept here.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use crate::app::action::{Action, TextEdit};
use crate::config::theme::Role;
use crate::domain::source::SourceId;

use super::canvas::{Canvas, Line, inset};
use super::panels::{Panel, Room};
use super::record::Record;
use super::table::Table;
use super::view::View;

/// A panel with what the operator set in it.
pub struct Pane {
    /// What it shows.
    pub panel: &'static dyn Panel,
    table: Table,
    scroll: usize,
    /// Rows of its lines that did not fit at the last frame.
    beyond: usize,
    page: usize,
}

impl Pane {
    /// A pane in which nothing was done yet.
    pub fn new(panel: &'static dyn Panel) -> Self {
        Self { panel, table: Table::default(), scroll: 0, beyond: 0, page: 0 }
    }

    /// Whether typed characters are text here.
    pub fn editing(&self) -> bool {
        self.table.editing()
    }

    /// Takes an edit of the filter.
    pub fn edit(&mut self, edit: &TextEdit, view: &View<'_>) {
        if let Some(records) = self.panel.records(view) {
            self.table.edit(edit, records.as_ref());
        }
    }

    /// Takes an action; `false` if it means nothing here.
    pub fn on(&mut self, action: Action, view: &View<'_>) -> bool {
        if let Some(records) = self.panel.records(view) {
            return self.table.on(action, records.as_ref());
        }
        match scroll(self.scroll.min(self.beyond), action, self.page, self.beyond) {
            Some(to) => self.scroll = to,
            None => return false,
        }
        true
    }

    /// Key of the selected row; empty where there is no table.
    pub fn key(&self, view: &View<'_>) -> String {
        if self.panel.records(view).is_none() {
            return String::new();
        }
        self.table.selected().unwrap_or_default().to_owned()
    }

    /// Selects the row of that key.
    pub fn choose(&mut self, key: String) {
        self.table.choose(key);
    }

    /// When the selected row happened.
    pub fn instant(&self, view: &View<'_>) -> Option<DateTime<Utc>> {
        self.panel.instant(view, &self.key(view))
    }

    /// Everything about the selected row.
    pub fn record(&self, view: &View<'_>) -> Option<Record> {
        self.panel.record(view, &self.key(view))
    }

    /// Draws it. What was `said` of a source on this screen is not said again.
    pub fn draw(
        &mut self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        view: &View<'_>,
        focused: bool,
        said: &mut Vec<SourceId>,
    ) {
        if area.is_empty() {
            return;
        }
        self.title(canvas, area, view, focused);
        let mut body = inset(Rect { y: area.y + 1, height: area.height - 1, ..area }, 1);
        if !self.panel.ready(view) {
            let (role, why) = self
                .panel
                .sources()
                .first()
                .map_or((Role::Unknown, "not read yet".to_owned()), |id| view.missing(*id));
            canvas.lines(body, &Line::wrapped(role, &why, body.width.into()));
            return;
        }
        if body.height >= 3
            && let Some((source, role, why)) = view.complaint(self.panel.sources(), said)
        {
            said.push(source);
            body.height -= 1;
            canvas.put(body.union(Rect { height: body.height + 1, ..body }), 0, body.height, role, &why);
        }
        let room = Room { width: body.width.into(), height: body.height.into() };
        let lines = self.panel.lines_at(view, room, self.table.selected().filter(|_| focused));
        if let Some(records) = self.panel.records(view) {
            let used = canvas.lines(Rect { height: body.height.saturating_sub(2), ..body }, &lines);
            let rest = Rect {
                x: area.x,
                width: area.width.saturating_sub(1),
                y: body.y + used,
                height: body.height - used,
            };
            self.table.draw(canvas, rest, records.as_ref(), focused);
            return;
        }
        self.page = room.height;
        self.beyond = lines.len().saturating_sub(room.height);
        self.scroll = self.scroll.min(self.beyond);
        canvas.lines(body, lines.get(self.scroll..).unwrap_or_default());
        if self.beyond > 0 && body.height > 1 {
            more(canvas, body, self.scroll, room.height, lines.len());
        }
    }

    fn title(&self, canvas: &mut Canvas<'_>, area: Rect, view: &View<'_>, focused: bool) {
        let glyphs = &view.look.glyphs;
        let (role, rule) =
            if focused { (Role::Focus, glyphs.rule_focus) } else { (Role::Border, glyphs.rule) };
        let badge = view.badge(self.panel.sources());
        let badge_width = u16::try_from(badge.width()).unwrap_or(0);
        let end = area.width.saturating_sub(1);
        if focused {
            canvas.put(area, 0, 0, Role::Focus, glyphs.cursor);
        }
        let left = Rect { width: end.saturating_sub(badge_width + 2), ..area };
        let mut line = Line::new().add(Role::Title, self.panel.title());
        let note = self.panel.note(view);
        if !note.spans.is_empty() {
            line.push(Role::Text, "  ");
            line.spans.extend(note.spans);
        }
        let after = canvas.line(left, 1, 0, &line);
        let right = if badge_width > 0 { end.saturating_sub(badge_width + 1) } else { end };
        canvas.fill(area, after + 1, right, 0, role, rule);
        if badge_width > 0 && badge_width + 2 < end {
            canvas.line_right(Rect { width: end, ..area }, 0, &badge);
        }
    }
}

/// Where scrolling leads; `None` if the action does not scroll.
pub fn scroll(from: usize, action: Action, page: usize, beyond: usize) -> Option<usize> {
    let page = page.saturating_sub(1).max(1);
    let to = match action {
        Action::Up => from.saturating_sub(1),
        Action::Down => from + 1,
        Action::PageUp => from.saturating_sub(page),
        Action::PageDown => from + page,
        Action::Top => 0,
        Action::Bottom => beyond,
        _ => return None,
    };
    Some(to.min(beyond))
}

/// Says in the last row, at the right, which lines are seen.
pub fn more(canvas: &mut Canvas<'_>, area: Rect, from: usize, page: usize, all: usize) {
    let line = Line::new().muted(format!("  {}-{} of {all}", from + 1, (from + page).min(all)));
    canvas.line_right(area, area.height - 1, &line);
}
