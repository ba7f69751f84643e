//! Which rows of the log lines stand on the screen: a function of the ring, the size, and where the reader is.
//!
//! The reader either follows, then the newest line is at the bottom, or has stopped; then the line at the top
//! stays at the top, whatever comes, goes, or is put in before it.

mod rows;
mod shape;

use crate::domain::log::line::{LineKey, LineRef};
use crate::domain::log::ring::Ring;
use crate::domain::log::seek::Direction;

pub use rows::{Piece, pieces};
pub use shape::Shape;

/// Columns and rows there are for the text of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
}

/// A row of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Anchor {
    key: LineKey,
    row: usize,
}

/// A row on the screen.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// The line it is of.
    pub line: LineRef<'a>,
    /// The first of the line's rows: time and origin stand before it.
    pub first: bool,
    /// The reader's line.
    pub selected: bool,
    /// What stands there.
    pub piece: Piece,
}

/// What stands on the screen.
#[derive(Debug, Clone, Default)]
pub struct Shown<'a> {
    /// From the top, at most as many as fit.
    pub rows: Vec<Row<'a>>,
    /// There are shown lines or rows above the first.
    pub above: bool,
    /// There are some below the last.
    pub below: bool,
}

/// Where the reader is. Survives everything that happens to the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogView {
    /// `None`: follows.
    top: Option<Anchor>,
    selected: Option<LineKey>,
    wrap: bool,
    column: usize,
    shape: Shape,
}

impl Default for LogView {
    fn default() -> Self {
        Self { top: None, selected: None, wrap: true, column: 0, shape: Shape::default() }
    }
}

impl LogView {
    /// Whether the newest line stays in sight.
    pub fn follows(&self) -> bool {
        self.top.is_none()
    }

    /// Goes to the newest line and stays there.
    pub fn follow(&mut self) {
        self.top = None;
        self.selected = None;
    }

    /// Stays where it is.
    pub fn freeze(&mut self, ring: &Ring, size: Size) {
        self.top = self.top.or_else(|| self.bottom(ring, size));
    }

    /// The reader's line: the selected one.
    pub fn selected(&self) -> Option<LineKey> {
        self.selected
    }

    /// Whether long lines go on in the next row.
    pub fn wraps(&self) -> bool {
        self.wrap
    }

    /// Long lines go on in the next row, or are cut. The line at the top stays.
    pub fn set_wrap(&mut self, wrap: bool) {
        self.wrap = wrap;
        if let Some(top) = &mut self.top {
            top.row = 0;
        }
    }

    /// What of a line is shown.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Shows another part of each line. The line at the top stays.
    pub fn set_shape(&mut self, shape: Shape) {
        self.shape = shape;
        if let Some(top) = &mut self.top {
            top.row = 0;
        }
    }

    /// The first column in sight when lines are cut.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Goes sideways; stays there whatever comes.
    pub fn set_column(&mut self, column: usize) {
        self.column = column;
    }

    /// The line around which lines should be settled first; `None`: the newest.
    pub fn near(&self) -> Option<LineKey> {
        self.top.map(|top| top.key)
    }

    /// What stands on the screen.
    pub fn layout<'a>(&self, ring: &'a Ring, size: Size) -> Shown<'a> {
        let Some(top) = self.place(ring, size) else { return Shown::default() };
        let mut shown = Shown { above: has_above(ring, top), ..Shown::default() };
        for line in ring.walk(Some(top.key), Direction::Forth) {
            let skip = if line.key == top.key { top.row } else { 0 };
            for (i, piece) in self.pieces(ring, &line, size).into_iter().enumerate().skip(skip) {
                if shown.rows.len() == size.rows {
                    shown.below = true;
                    return shown;
                }
                let selected = self.selected == Some(line.key);
                shown.rows.push(Row { line, first: i == 0, selected, piece });
            }
        }
        shown
    }

    /// Goes `by` rows down, or up if negative. Up stops following; down to the end follows again.
    pub fn scroll(&mut self, ring: &Ring, size: Size, by: isize) {
        let Some(top) = self.place(ring, size) else { return };
        if by < 0 {
            self.top = Some(self.up(ring, size, top, by.unsigned_abs()));
            return;
        }
        let down = self.down(ring, size, top, by.unsigned_abs());
        let end = self.bottom(ring, size);
        let beyond = end.is_none_or(|end| (down.key, down.row) >= (end.key, end.row));
        self.top = if beyond { None } else { Some(down) };
    }

    /// Goes to the oldest line.
    pub fn home(&mut self, ring: &Ring) {
        self.top = ring.walk(None, Direction::Forth).next().map(|line| Anchor { key: line.key, row: 0 });
    }

    /// Selects a line and brings it into sight, with some lines before it.
    pub fn go_to(&mut self, ring: &Ring, size: Size, key: LineKey) {
        let Some(key) = ring.nearest(key) else { return };
        let in_sight = self.layout(ring, size).rows.iter().any(|row| row.line.key == key && row.first);
        self.selected = Some(key);
        if in_sight {
            self.freeze(ring, size);
            return;
        }
        self.top = Some(self.up(ring, size, Anchor { key, row: 0 }, size.rows / 3));
    }

    /// Selects the next line that way; the first one in sight if none is selected.
    pub fn select(&mut self, ring: &Ring, size: Size, direction: Direction) {
        let next = if let Some(key) = self.selected {
            ring.beside(key, direction)
        } else {
            let shown = self.layout(ring, size);
            let row = match direction {
                Direction::Forth => shown.rows.first(),
                Direction::Back => shown.rows.last(),
            };
            row.map(|row| row.line.key)
        };
        let Some(key) = next else { return };
        self.selected = Some(key);
        self.freeze(ring, size);
        let shown = self.layout(ring, size);
        let above =
            shown.rows.first().is_none_or(|row| key < row.line.key || (key == row.line.key && !row.first));
        let mut rows = shown.rows.iter().filter(|row| row.line.key == key);
        let whole = rows.clone().count() >= ring.line(key).map_or(0, |l| self.pieces(ring, &l, size).len());
        if above {
            self.top = Some(Anchor { key, row: 0 });
        } else if rows.next().is_none() || !whole {
            let rows = ring.line(key).map_or(1, |line| self.pieces(ring, &line, size).len());
            let back = size.rows.saturating_sub(rows.min(size.rows));
            self.top = Some(self.up(ring, size, Anchor { key, row: 0 }, back));
        }
    }

    /// After scrolling: a selected line that is out of sight gives its place to the nearest one in sight.
    pub fn keep_in_sight(&mut self, ring: &Ring, size: Size) {
        let Some(key) = self.selected else { return };
        let shown = self.layout(ring, size);
        let (first, last) = (shown.rows.first().map(|r| r.line.key), shown.rows.last().map(|r| r.line.key));
        self.selected = match (first, last) {
            (Some(first), _) if key < first => Some(first),
            (_, Some(last)) if key > last => Some(last),
            _ => Some(key),
        };
    }

    /// Selects nothing.
    pub fn unselect(&mut self) {
        self.selected = None;
    }

    /// The row at the top, of a line that is shown.
    fn place(&self, ring: &Ring, size: Size) -> Option<Anchor> {
        let Some(top) = self.top else { return self.bottom(ring, size) };
        match ring.walk(Some(top.key), Direction::Forth).next() {
            Some(line) if line.key == top.key => {
                let rows = self.pieces(ring, &line, size).len();
                Some(Anchor { key: top.key, row: top.row.min(rows.saturating_sub(1)) })
            }
            Some(next) => Some(Anchor { key: next.key, row: 0 }),
            // Everything from here on is hidden.
            None => self.bottom(ring, size),
        }
    }

    /// The row at the top when the newest line is at the bottom.
    fn bottom(&self, ring: &Ring, size: Size) -> Option<Anchor> {
        let mut left = size.rows.max(1);
        let mut top = None;
        for line in ring.walk(None, Direction::Back) {
            let rows = self.pieces(ring, &line, size).len();
            if rows >= left {
                return Some(Anchor { key: line.key, row: rows - left });
            }
            left -= rows;
            top = Some(Anchor { key: line.key, row: 0 });
        }
        top
    }

    fn up(&self, ring: &Ring, size: Size, from: Anchor, by: usize) -> Anchor {
        if from.row >= by {
            return Anchor { row: from.row - by, ..from };
        }
        let mut left = by - from.row;
        let mut at = Anchor { row: 0, ..from };
        for line in ring.walk(Some(from.key), Direction::Back).filter(|line| line.key != from.key) {
            let rows = self.pieces(ring, &line, size).len();
            if rows >= left {
                return Anchor { key: line.key, row: rows - left };
            }
            left -= rows;
            at = Anchor { key: line.key, row: 0 };
        }
        at
    }

    fn down(&self, ring: &Ring, size: Size, from: Anchor, by: usize) -> Anchor {
        let mut left = from.row + by;
        let mut at = from;
        for line in ring.walk(Some(from.key), Direction::Forth) {
            let rows = self.pieces(ring, &line, size).len();
            if left < rows {
                return Anchor { key: line.key, row: left };
            }
            left -= rows;
            at = Anchor { key: line.key, row: rows.saturating_sub(1) };
        }
        at
    }

    fn pieces(&self, ring: &Ring, line: &LineRef<'_>, size: Size) -> Vec<Piece> {
        let from = if self.wrap { None } else { Some(self.column) };
        pieces(&self.shape.of(line), size.columns, from, ring.query())
    }
}

fn has_above(ring: &Ring, top: Anchor) -> bool {
    top.row > 0 || ring.beside(top.key, Direction::Back).is_some()
}
