//! The columns of a table on the screen.

use std::num::NonZeroU16;

use ratatui::layout::Rect;

use crate::language::say;

use super::canvas::{Canvas, Line};
use super::table::Records;
use super::text;

/// A column. Widths are fixed, so that nothing moves when a number grows a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Heading, and the name in filters.
    pub name: &'static str,
    /// Columns of the screen it takes at least.
    pub width: u16,
    /// Its share of what is left over; 0: none.
    pub grow: u16,
    /// Aligned right, as numbers are.
    pub right: bool,
    /// Dropped when space is short: the highest number first; 0 never.
    pub drop: u8,
    /// No wider than its widest text: what it does not need goes to the columns that grow. For texts that seldom
    /// change, since the others move with it.
    pub snug: bool,
    /// Columns of the screen it takes at most.
    pub most: u16,
    /// Whether its cells are in the language of the screen already, or come from outside.
    pub quoted: bool,
    /// Words that stand in its cells: it is wide enough for each in whatever language.
    pub words: &'static [&'static str],
}

impl Column {
    /// A column of text.
    pub const fn text(name: &'static str, width: u16, drop: u8) -> Self {
        Self {
            name,
            width,
            grow: 0,
            right: false,
            drop,
            snug: false,
            most: u16::MAX,
            quoted: false,
            words: &[],
        }
    }

    /// A column of numbers.
    pub const fn number(name: &'static str, width: u16, drop: u8) -> Self {
        Self {
            name,
            width,
            grow: 0,
            right: true,
            drop,
            snug: false,
            most: u16::MAX,
            quoted: false,
            words: &[],
        }
    }

    /// A column that takes what is left over.
    pub const fn wide(name: &'static str, width: u16, drop: u8) -> Self {
        Self {
            name,
            width,
            grow: 1,
            right: false,
            drop,
            snug: false,
            most: u16::MAX,
            quoted: false,
            words: &[],
        }
    }

    /// The column with cells that are not translated.
    #[must_use]
    pub const fn quoted(mut self) -> Self {
        self.quoted = true;
        self
    }

    /// The column, wide enough for each of these words.
    #[must_use]
    pub const fn of(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// Columns of the screen that it takes at least, its heading and its words included.
    fn least(&self) -> u16 {
        let words = self.words.iter().chain([&self.name]);
        let widest = words.map(|word| text::width(&say(*word))).max().unwrap_or_default();
        self.width.max(u16::try_from(widest).unwrap_or(u16::MAX))
    }

    /// The same, no wider than its widest text.
    #[must_use]
    pub const fn snug(self) -> Self {
        Self { snug: true, ..self }
    }
}

/// Rows that are looked at for the widest text of a column.
const LOOKED_AT: usize = 200;

/// The columns as `rows` of these records need them.
pub fn fitted(records: &dyn Records, rows: &[usize]) -> Vec<Column> {
    let mut columns = records.columns().to_vec();
    for (c, column) in columns.iter_mut().enumerate().filter(|(_, column)| column.snug) {
        let widths = rows.iter().take(LOOKED_AT).map(|row| {
            let (_, cell) = records.cell(*row, c);
            text::width(&text::printable(&if column.quoted { cell } else { say(cell) }))
        });
        let widest = widths.chain([text::width(&say(column.name)) + 1]).max().unwrap_or_default();
        column.most = u16::try_from(widest).unwrap_or(u16::MAX);
        column.width = column.width.min(column.most);
    }
    columns
}

/// Draws one row of a table.
pub fn draw_row(canvas: &mut Canvas<'_>, area: Rect, y: u16, records: &dyn Records, row: usize, grid: &Grid) {
    let look = canvas.look;
    let mut x = 0;
    for (c, (column, width)) in records.columns().iter().zip(&grid.widths).enumerate() {
        let Some(width) = *width else { continue };
        let (role, text) = records.cell(row, c);
        let cell = Rect { width: (x + width).min(area.width), ..area };
        if column.right {
            let line = Line::new().number(width.into(), role, &text, look);
            canvas.line(cell, x, y, &line);
        } else if column.quoted {
            canvas.quote(cell, x, y, role, &text);
        } else {
            canvas.put(cell, x, y, role, &text);
        }
        x += width + grid.gap;
    }
}

/// Where the columns are.
pub struct Grid {
    /// Space between two columns.
    pub gap: u16,
    /// Width of each column; `None`: dropped.
    pub widths: Vec<Option<u16>>,
}

/// Space between columns, two where it costs no column, and widths of those that fit into `total`; `None`:
/// dropped.
pub fn widths(columns: &[Column], total: u16) -> Grid {
    let mut out: Vec<Option<u16>> = columns.iter().map(|c| Some(c.least())).collect();
    let least = out.iter().flatten().map(|w| w + 2).sum::<u16>().saturating_sub(2);
    let gap = if least <= total { 2 } else { 1 };
    let used = |out: &[Option<u16>]| -> u16 {
        let shown = u16::try_from(out.iter().flatten().count()).unwrap_or(u16::MAX);
        out.iter().flatten().sum::<u16>() + gap * shown.saturating_sub(1)
    };
    while used(&out) > total {
        let worst = columns
            .iter()
            .enumerate()
            .filter(|(i, c)| c.drop > 0 && out.get(*i).copied().flatten().is_some())
            .max_by_key(|(_, c)| c.drop)
            .map(|(i, _)| i);
        let Some(slot) = worst.and_then(|i| out.get_mut(i)) else { break };
        *slot = None;
    }
    let spare = total.saturating_sub(used(&out));
    grow(columns, &mut out, spare);
    Grid { gap, widths: out }
}

/// Shares out what is left over among the columns that grow; what one has no use for goes to the others.
fn grow(columns: &[Column], widths: &mut [Option<u16>], mut spare: u16) {
    let shown = columns.iter().zip(widths).filter_map(|(c, w)| Some((c, w.as_mut()?)));
    let mut growing: Vec<(&Column, &mut u16)> = shown.filter(|(c, _)| c.grow > 0).collect();
    while let Some(shares) = NonZeroU16::new(growing.iter().map(|(c, _)| c.grow).sum()) {
        let full = growing.iter().position(|(c, width)| **width + spare * c.grow / shares > c.most);
        let Some(full) = full else {
            for (column, width) in growing {
                *width += spare * column.grow / shares;
            }
            return;
        };
        let (column, width) = growing.swap_remove(full);
        let gained = column.most.saturating_sub(*width);
        *width += gained;
        spare = spare.saturating_sub(gained);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_dropped_by_priority_and_grow() {
        let columns = [
            Column::text("a", 5, 0),
            Column::text("b", 5, 2),
            Column::number("c", 5, 1),
            Column::wide("d", 5, 0),
        ];
        let grid = widths(&columns, 30);
        assert_eq!((grid.gap, grid.widths), (2, vec![Some(5), Some(5), Some(5), Some(9)]));
        let grid = widths(&columns, 23);
        assert_eq!((grid.gap, grid.widths), (1, vec![Some(5), Some(5), Some(5), Some(5)]));
        assert_eq!(widths(&columns, 17).widths, [Some(5), None, Some(5), Some(5)]);
        assert_eq!(widths(&columns, 12).widths, [Some(5), None, None, Some(6)]);
        assert_eq!(widths(&columns, 3).widths, [Some(5), None, None, Some(5)]);
    }

    #[test]
    fn what_a_snug_column_does_not_need_goes_to_the_others() {
        let columns =
            [Column::wide("a", 5, 0), Column { most: 8, ..Column::wide("b", 5, 0) }, Column::text("c", 5, 0)];
        assert_eq!(widths(&columns, 39).widths, [Some(22), Some(8), Some(5)]);
        assert_eq!(widths(&columns, 21).widths, [Some(6), Some(6), Some(5)]);
    }
}
