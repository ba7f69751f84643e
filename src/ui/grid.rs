//! The columns of a table on the screen.

use std::num::NonZeroU16;

use ratatui::layout::Rect;

use super::canvas::{Canvas, Line};
use super::table::Records;

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
}

impl Column {
    /// A column of text.
    pub const fn text(name: &'static str, width: u16, drop: u8) -> Self {
        Self { name, width, grow: 0, right: false, drop }
    }

    /// A column of numbers.
    pub const fn number(name: &'static str, width: u16, drop: u8) -> Self {
        Self { name, width, grow: 0, right: true, drop }
    }

    /// A column that takes what is left over.
    pub const fn wide(name: &'static str, width: u16, drop: u8) -> Self {
        Self { name, width, grow: 1, right: false, drop }
    }
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
    let mut out: Vec<Option<u16>> = columns.iter().map(|c| Some(c.width)).collect();
    let least = columns.iter().map(|c| c.width + 2).sum::<u16>().saturating_sub(2);
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
    let growing = |out: &[Option<u16>]| {
        columns.iter().zip(out).filter(|(_, w)| w.is_some()).map(|(c, _)| c.grow).sum::<u16>()
    };
    if let Some(shares) = NonZeroU16::new(growing(&out)) {
        for (column, width) in columns.iter().zip(&mut out) {
            if let Some(width) = width {
                *width += spare * column.grow / shares;
            }
        }
    }
    Grid { gap, widths: out }
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
}
