//! How a binding of several chords goes on, for a hand that has stopped in the midst of one. Who knows the keys
//! never sees it.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::config::theme::Role;
use crate::language::say;

use super::canvas::{Canvas, Line};
use super::text;

/// A hand that rests so long in the midst of a binding looks for help.
const RESTS: TimeDelta = TimeDelta::milliseconds(500);
/// Columns between two entries.
const GAP: usize = 3;

/// Chords typed of a longer binding.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Pending {
    /// As a keymap writes them; empty: none.
    pub typed: String,
    /// What may be typed next, and what that does.
    pub next: Vec<(String, Action)>,
    /// When the last chord was typed.
    pub at: DateTime<Utc>,
}

/// Draws how it goes on over the last rows of `body`, once the hand rests.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, pending: &Pending, now: DateTime<Utc>) {
    if pending.typed.is_empty() || now < pending.at + RESTS {
        return;
    }
    let entry = |(keys, action): &(String, Action)| (keys.clone(), say(action.description()).into_owned());
    let entries: Vec<(String, String)> = pending.next.iter().map(entry).collect();
    let keys = entries.iter().map(|(keys, _)| text::width(keys)).max().unwrap_or(0);
    let words = entries.iter().map(|(_, does)| text::width(does)).max().unwrap_or(0);
    let column = (keys + 1 + words + GAP).max(1);
    let inner = Rect { x: body.x + 1, width: body.width.saturating_sub(2), ..body };
    let columns = ((usize::from(inner.width) + GAP) / column).max(1);
    let rows = entries.len().div_ceil(columns);
    let height = u16::try_from(rows + 1).unwrap_or(u16::MAX).min(body.height);
    let over = Rect { y: body.bottom() - height, height, ..body };
    canvas.clear(over);
    let rule = canvas.look.glyphs.rule;
    let title = Line::new().quote(Role::Key, pending.typed.as_str()).text(" goes on ");
    let from = canvas.line(over, 1, 0, &title);
    canvas.fill(over, from, over.width, 0, Role::Border, rule);
    let inner = Rect { y: over.y + 1, height: height - 1, ..inner };
    for (i, (next, does)) in entries.iter().enumerate() {
        let (row, left) = (i % rows, i / rows * column);
        let (Ok(x), Ok(y)) = (u16::try_from(left), u16::try_from(row)) else { break };
        let line =
            Line::new().quote_cell(keys + 1, Role::Key, next, canvas.look).quote(Role::Text, does.as_str());
        canvas.line(inner, x, y, &line);
    }
}
