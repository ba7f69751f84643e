//! The lines themselves: time, level and origin stand in columns, so that the eye finds them; then the text.

use chrono::{DateTime, NaiveDate, Utc};
use ratatui::layout::Rect;

use crate::config::theme::Role;
use crate::domain::log::level::Level;
use crate::domain::log::line::Origin;
use crate::ui::canvas::{Canvas, Line, Look};
use crate::ui::log_view::{Row, Shown};
use crate::ui::text;
use crate::ui::view::tail;

use super::LogDesk;
use super::when::Zone;

/// Columns of a level.
const LEVEL: usize = 5;
/// From so many columns on there is room for the millisecond and for where a line comes from.
const WIDE: usize = 100;

/// How the columns before the text are laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    millis: bool,
    date: bool,
    origin: usize,
    /// Lines of several groups are among each other.
    groups: bool,
    zone: Zone,
}

impl Columns {
    /// For so many columns in all.
    pub(super) fn new(width: usize, groups: bool, date: bool, zone: Zone) -> Self {
        let origin = match width {
            160.. => 26,
            WIDE.. => 16,
            60.. if groups => 8,
            _ => 0,
        };
        Self { millis: width >= WIDE, date, origin, groups, zone }
    }

    fn time_width(self) -> usize {
        8 + if self.millis { 4 } else { 0 } + if self.date { 6 } else { 0 }
    }

    /// Columns before the text: the mark of the line, its time, whether it is late, its level, its origin.
    pub(super) fn width(self) -> usize {
        1 + self.time_width() + 2 + LEVEL + 1 + if self.origin > 0 { self.origin + 1 } else { 0 }
    }

    fn time(self, at: DateTime<Utc>) -> String {
        let form = match (self.date, self.millis) {
            (false, false) => "%H:%M:%S",
            (false, true) => "%H:%M:%S%.3f",
            (true, false) => "%m-%d %H:%M:%S",
            (true, true) => "%m-%d %H:%M:%S%.3f",
        };
        self.zone.wall(at).format(form).to_string()
    }

    /// The group by the end of its name, the stream by the task it is of.
    fn origin(self, origin: &Origin, look: &Look) -> String {
        let last = |name: &'_ str| name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name).to_owned();
        let stream: String = last(&origin.stream).chars().take(8).collect();
        if !self.groups {
            return text::fit(&stream, self.origin, look.glyphs.ellipsis).into_owned();
        }
        let group = last(&origin.group);
        match self.origin.checked_sub(9).filter(|room| *room >= 6) {
            Some(room) => {
                let group = tail(&group, room, look);
                let fill = room.saturating_sub(text::width(&group));
                format!("{group}{} {stream}", " ".repeat(fill))
            }
            None => tail(&group, self.origin, look).into_owned(),
        }
    }
}

/// The role of a level's word.
pub(super) fn level_role(level: Level) -> Role {
    match level {
        Level::Fatal | Level::Error => Role::Bad,
        Level::Warn => Role::Warn,
        Level::Unknown | Level::Info => Role::Text,
        Level::Debug | Level::Trace => Role::Muted,
    }
}

impl LogDesk {
    /// Whether a line in sight is of another day.
    pub(super) fn other_days(&self, shown: &Shown<'_>, today: NaiveDate) -> bool {
        shown.rows.iter().any(|row| self.zone.wall(row.line.at()).date() != today)
    }

    /// Draws the rows.
    pub(super) fn draw_rows(&self, canvas: &mut Canvas<'_>, area: Rect, columns: Columns, shown: &Shown<'_>) {
        let range = self.selected_lines();
        for (row, y) in shown.rows.iter().zip(0..area.height) {
            let line = self.row(row, columns, canvas.look);
            canvas.line(area, 0, y, &line);
            if row.piece.more {
                let mark = canvas.look.glyphs.ellipsis;
                let at = area.width.saturating_sub(u16::try_from(text::width(mark)).unwrap_or(1));
                canvas.put(area, at, y, Role::Muted, mark);
            }
            let chosen = range.is_some_and(|(from, to)| (from..=to).contains(&row.line.key));
            if row.selected || chosen {
                canvas.mark(Rect { y: area.y + y, height: 1, ..area }, Role::Selection);
            }
        }
    }

    fn row(&self, row: &Row<'_>, columns: Columns, look: &Look) -> Line<'static> {
        let line = &row.line;
        let mut out = Line::new();
        let mark = match (row.first, self.bookmarks.get(line.key)) {
            (true, Some(_)) => look.glyphs.bookmark,
            (true, None) if row.selected => look.glyphs.cursor,
            _ => " ",
        };
        out.push(if mark == look.glyphs.bookmark { Role::Accent } else { Role::Focus }, mark);
        if row.first {
            out = out.cell(columns.time_width(), Role::Muted, &columns.time(line.at()), look);
            out.push(Role::Stale, if line.late { look.glyphs.late } else { " " });
            out.push(Role::Text, " ");
            let level = if line.mark { "" } else { line.level.word() };
            out = out.cell(LEVEL, level_role(line.level), level, look).text(" ");
            if columns.origin > 0 {
                let origin = if line.mark { String::new() } else { columns.origin(line.origin, look) };
                out = out.cell(columns.origin, Role::Muted, &origin, look).text(" ");
            }
        } else {
            out.push(Role::Text, " ".repeat(columns.width() - 1));
        }
        let role = match line.level {
            _ if line.mark => Role::Stale,
            Level::Debug | Level::Trace => Role::Muted,
            _ => Role::Text,
        };
        if line.mark && row.first {
            out.push(Role::Stale, format!("{} ", look.glyphs.rule.repeat(2)));
        }
        let mut at = 0;
        for span in &row.piece.spans {
            out.push(role, row.piece.text.get(at..span.start).unwrap_or_default().to_owned());
            out.push(Role::Accent, row.piece.text.get(span.clone()).unwrap_or_default().to_owned());
            at = span.end;
        }
        out.push(role, row.piece.text.get(at..).unwrap_or_default().to_owned());
        if row.piece.cut > 0 {
            out.push(Role::Stale, format!(" {} more characters: see the detail", row.piece.cut));
        }
        out
    }
}
