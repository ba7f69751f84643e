//! The lines themselves: time, level and origin stand in columns, so that the eye finds them; then the text.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use ratatui::layout::Rect;

use crate::config::theme::Role;
use crate::domain::log::level::Level;
use crate::domain::log::line::Origin;
use crate::ui::canvas::{Canvas, Line, Look};
use crate::ui::log_view::{Row, Shown};
use crate::ui::text;

use super::LogDesk;
use super::when::Zone;

/// Columns of a level.
const LEVEL: usize = 5;
/// Characters of a stream's name that are shown: as many as the Tasks screen shows of a task.
const STREAM: usize = 8;
/// From so many columns on there is room for the millisecond and for where a line comes from.
const WIDE: usize = 100;

/// How the columns before the text are laid out.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    millis: bool,
    pub(super) date: bool,
    origin: usize,
    /// Short names of the groups, where lines of several are among each other.
    groups: BTreeMap<Arc<str>, String>,
    zone: Zone,
}

impl Columns {
    /// For so many columns in all.
    pub(super) fn new<'g>(width: usize, groups: impl Iterator<Item = &'g Arc<str>>, zone: Zone) -> Self {
        let groups = short_names(groups);
        let several = groups.len() > 1;
        let origin = match width {
            WIDE.. if several => {
                let longest = groups.values().map(|name| text::width(name)).max().unwrap_or_default();
                longest.clamp(STREAM, if width < 160 { 11 } else { 24 }) + 1 + STREAM
            }
            60.. if several => 8,
            WIDE.. => 8,
            _ => 0,
        };
        Self { millis: width >= WIDE, date: false, origin, groups, zone }
    }

    fn time_width(&self) -> usize {
        8 + if self.millis { 4 } else { 0 } + if self.date { 6 } else { 0 }
    }

    /// Columns before the text: the mark of the line, its time, whether it is late, its level, its origin.
    pub(super) fn width(&self) -> usize {
        1 + self.time_width() + 2 + LEVEL + 1 + if self.origin > 0 { self.origin + 1 } else { 0 }
    }

    fn time(&self, at: DateTime<Utc>) -> String {
        let form = match (self.date, self.millis) {
            (false, false) => "%H:%M:%S",
            (false, true) => "%H:%M:%S%.3f",
            (true, false) => "%m-%d %H:%M:%S",
            (true, true) => "%m-%d %H:%M:%S%.3f",
        };
        self.zone.wall(at).format(form).to_string()
    }

    /// The group by what tells it from the others, the stream by the task it is of.
    fn origin(&self, origin: &Origin, look: &Look) -> String {
        let stream = origin.stream.rsplit(['/', ']']).next().unwrap_or_default();
        let stream: String = stream.chars().take(STREAM).collect();
        let Some(group) = self.groups.get(&origin.group).filter(|_| self.groups.len() > 1) else {
            return stream;
        };
        match self.origin.checked_sub(STREAM + 1).filter(|room| *room >= STREAM) {
            Some(room) => {
                let group = text::fit(group, room, look.glyphs.ellipsis);
                let fill = " ".repeat(room.saturating_sub(text::width(&group)));
                format!("{group}{fill} {stream}")
            }
            None => text::fit(group, self.origin, look.glyphs.ellipsis).into_owned(),
        }
    }
}

/// The last part of each group's name, without the words with which all of them begin.
fn short_names<'g>(groups: impl Iterator<Item = &'g Arc<str>>) -> BTreeMap<Arc<str>, String> {
    let last = |name: &'g Arc<str>| name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name);
    let names: Vec<(&'g Arc<str>, &str)> = groups.map(|group| (group, last(group))).collect();
    let first = names.first().map_or("", |(_, name)| *name);
    let common = names.iter().fold(first.len(), |n, (_, name)| {
        first.bytes().zip(name.bytes()).take(n).take_while(|(a, b)| a == b).count()
    });
    let word = |c: char| matches!(c, '-' | '_' | '.');
    let cut = first.get(..common).and_then(|same| same.rfind(word)).map_or(0, |at| at + 1);
    let several = names.len() > 1;
    let short = |name: &str| match name.get(cut..) {
        Some(rest) if several && !rest.is_empty() => rest.to_owned(),
        _ => name.to_owned(),
    };
    names.into_iter().map(|(group, name)| (Arc::clone(group), short(name))).collect()
}

/// The role of a level's word.
pub(super) fn level_role(level: Level) -> Role {
    match level {
        Level::Fatal | Level::Error => Role::Bad,
        Level::Warn => Role::Warn,
        Level::Unknown => Role::Text,
        Level::Info | Level::Debug | Level::Trace => Role::Muted,
    }
}

impl LogDesk {
    /// Whether a line in sight is of another day.
    pub(super) fn other_days(&self, shown: &Shown<'_>, today: NaiveDate) -> bool {
        shown.rows.iter().any(|row| self.zone.wall(row.line.at()).date() != today)
    }

    /// Draws the rows.
    pub(super) fn draw_rows(
        &self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        columns: &Columns,
        shown: &Shown<'_>,
    ) {
        let range = self.selected_lines();
        for (row, y) in shown.rows.iter().zip(0..area.height) {
            let line = self.row(row, columns, canvas.look);
            canvas.line(area, 0, y, &line);
            if row.piece.more {
                let mark = canvas.look.glyphs.ellipsis;
                let at = area.width.saturating_sub(u16::try_from(text::width(mark)).unwrap_or(1));
                canvas.quote(area, at, y, Role::Muted, mark);
            }
            let chosen = range.is_some_and(|(from, to)| (from..=to).contains(&row.line.key));
            if row.selected || chosen {
                canvas.mark(Rect { y: area.y + y, height: 1, ..area }, Role::Selection);
            }
        }
    }

    fn row(&self, row: &Row<'_>, columns: &Columns, look: &Look) -> Line<'static> {
        let line = &row.line;
        let mut out = Line::new();
        let mark = match (row.first, self.bookmarks.get(line.key)) {
            (true, Some(_)) => look.glyphs.bookmark,
            (true, None) if row.selected => look.glyphs.cursor,
            _ => " ",
        };
        out = out.quote(if mark == look.glyphs.bookmark { Role::Accent } else { Role::Focus }, mark);
        if row.first {
            out = out.quote_cell(columns.time_width(), Role::Muted, &columns.time(line.at()), look);
            out = out.quote(Role::Stale, if line.late { look.glyphs.late } else { " " });
            out = out.quote(Role::Text, " ");
            if line.mark {
                out = out.quote(Role::Stale, look.glyphs.mark.repeat(LEVEL)).quote(Role::Text, " ");
            } else {
                out = out.quote_cell(LEVEL, level_role(line.level), line.level.word(), look);
                out = out.quote(Role::Text, " ");
            }
            if columns.origin > 0 {
                let origin = columns.origin(line.origin, look);
                out = out.quote_cell(columns.origin, Role::Muted, &origin, look).quote(Role::Text, " ");
            }
        } else {
            out = out.quote(Role::Text, " ".repeat(columns.width() - 1));
        }
        let role = match line.level {
            _ if line.mark => Role::Stale,
            Level::Debug | Level::Trace => Role::Muted,
            _ => Role::Text,
        };
        let mut at = 0;
        for span in &row.piece.spans {
            out = out.quote(role, row.piece.text.get(at..span.start).unwrap_or_default().to_owned());
            out = out.quote(Role::Accent, row.piece.text.get(span.clone()).unwrap_or_default().to_owned());
            at = span.end;
        }
        out = out.quote(role, row.piece.text.get(at..).unwrap_or_default().to_owned());
        if row.piece.cut > 0 {
            out.push(Role::Stale, format!(" {} more characters: see the detail", row.piece.cut));
        }
        out
    }
}
