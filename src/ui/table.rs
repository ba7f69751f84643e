//! A table with selection, order, filter and an attention switch. The selection is a row's key, never its
//! place, and the selected row keeps its line on the screen: data that changes moves the others around it.

use std::borrow::Cow;
use std::cmp::Ordering;

use ratatui::layout::Rect;

use crate::app::action::{Action, TextEdit};
use crate::config::theme::Role;
use crate::language::say;

use super::canvas::{Canvas, Line};
use super::field::Field;
use super::filter::Filter;
use super::grid::{self, Column, Grid};
use super::text;

/// What a row is put in order by. Rows without a value come last either way.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// By size.
    Number(f64),
    /// By alphabet.
    Text(String),
    /// Nothing to compare.
    Missing,
}

/// The rows of a table, built only when they are asked for.
pub trait Records {
    /// The columns.
    fn columns(&self) -> &'static [Column];
    /// How many rows.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// What a row is, whatever its place.
    fn key(&self, row: usize) -> Cow<'_, str>;
    /// What stands in a cell.
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>);
    /// What a row is ordered by; the text of the cell unless it is a number.
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        let (_, text) = self.cell(row, column);
        if text.is_empty() { SortKey::Missing } else { SortKey::Text(text.to_lowercase()) }
    }
    /// Whether a row needs attention.
    fn attention(&self, _row: usize) -> bool {
        false
    }
    /// What to say when there are no rows.
    fn none(&self) -> &'static str {
        "none"
    }
}

/// What the operator set in a table.
#[derive(Default)]
pub struct Table {
    selected: Option<String>,
    /// Whether the operator has chosen a row; until then the first one is it.
    chosen: bool,
    /// Place of the selected row in the order at the last frame.
    place: usize,
    offset: usize,
    /// Rows that fitted at the last frame.
    page: usize,
    sort: Option<usize>,
    reverse: bool,
    attention: bool,
    field: Field,
    editing: bool,
    filter: Option<Filter>,
}

impl Table {
    /// Whether typed characters are text of the filter.
    pub fn editing(&self) -> bool {
        self.editing
    }

    /// Key of the selected row.
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    /// Selects the row of that key, if it is there at the next frame.
    pub fn choose(&mut self, key: String) {
        (self.selected, self.chosen) = (Some(key), true);
    }

    /// Takes an edit of the filter.
    pub fn edit(&mut self, edit: &TextEdit, records: &dyn Records) {
        self.field.edit(edit);
        self.read(records);
    }

    fn read(&mut self, records: &dyn Records) {
        // a column is named as in English, or as its heading stands there
        let columns = records.columns();
        let headings: Vec<_> = columns.iter().map(|c| say(c.name)).collect();
        let names: Vec<&str> =
            columns.iter().map(|c| c.name).chain(headings.iter().map(AsRef::as_ref)).collect();
        let text = self.field.text.trim();
        self.filter = (!text.is_empty()).then(|| Filter::parse(text, &names));
    }

    /// The rows that are shown, in order.
    fn order(&mut self, records: &dyn Records) -> Vec<usize> {
        let columns = records.columns().len();
        let mut rows: Vec<usize> = (0..records.len()).collect();
        if self.attention {
            rows.retain(|r| records.attention(*r));
        }
        if let Some(filter) = &mut self.filter {
            let mut cells: Vec<String> = Vec::with_capacity(columns);
            rows.retain(|r| {
                cells.clear();
                cells.extend(records.columns().iter().enumerate().map(|(c, column)| {
                    let text = records.cell(*r, c).1;
                    // what is seen is what is looked for
                    if column.quoted { text.into_owned() } else { say(text).into_owned() }
                }));
                filter.matches(&cells)
            });
        }
        if let Some(column) = self.sort.filter(|c| *c < columns) {
            let mut keyed: Vec<(SortKey, usize)> =
                rows.into_iter().map(|r| (records.sort_key(r, column), r)).collect();
            keyed.sort_by(|a, b| compare(&a.0, &b.0, self.reverse));
            return keyed.into_iter().map(|k| k.1).collect();
        }
        if self.reverse {
            rows.reverse();
        }
        rows
    }

    /// Finds the selected row; without one, takes the row at its former place.
    fn locate(&mut self, order: &[usize], records: &dyn Records) -> usize {
        if !self.chosen {
            self.offset = 0;
            self.select(0, order, records);
            return 0;
        }
        let found =
            self.selected.as_deref().and_then(|key| order.iter().position(|r| records.key(*r) == key));
        let place = found.unwrap_or_else(|| self.place.min(order.len().saturating_sub(1)));
        // the row keeps its line on the screen
        self.offset = (self.offset + place).saturating_sub(self.place);
        self.select(place, order, records);
        place
    }

    fn select(&mut self, place: usize, order: &[usize], records: &dyn Records) {
        self.place = place;
        self.selected = order.get(place).map(|r| records.key(*r).into_owned());
    }

    /// Takes an action; `false` if it means nothing to a table.
    pub fn on(&mut self, action: Action, records: &dyn Records) -> bool {
        if self.editing {
            match action {
                Action::Open => self.editing = false,
                Action::Back => self.clear(records),
                Action::Up | Action::Down => {
                    self.editing = false;
                    return self.on(action, records);
                }
                _ => return false,
            }
            return true;
        }
        match action {
            Action::Find => self.editing = true,
            Action::Sort => {
                let columns = records.columns().len();
                self.sort = match self.sort {
                    None => Some(0),
                    Some(c) if c + 1 < columns => Some(c + 1),
                    Some(_) => None,
                };
            }
            Action::SortReverse => self.reverse = !self.reverse,
            Action::Attention => self.attention = !self.attention,
            Action::Back if !self.field.text.is_empty() => self.clear(records),
            Action::Back if self.attention => self.attention = false,
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::Top | Action::Bottom => {
                self.move_by(action, records);
            }
            _ => return false,
        }
        true
    }

    fn clear(&mut self, records: &dyn Records) {
        self.editing = false;
        self.field = Field::default();
        self.read(records);
    }

    fn move_by(&mut self, action: Action, records: &dyn Records) {
        let order = self.order(records);
        let place = self.locate(&order, records);
        let last = order.len().saturating_sub(1);
        let page = self.page.saturating_sub(1).max(1);
        let to = match action {
            Action::Up => place.saturating_sub(1),
            Action::Down => place + 1,
            Action::PageUp => place.saturating_sub(page),
            Action::PageDown => place + page,
            Action::Top => 0,
            _ => last,
        };
        self.chosen = true;
        self.select(to.min(last), &order, records);
    }

    /// Draws heading, rows and, where there is something to say, a line about filter and place.
    pub fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, records: &dyn Records, focused: bool) {
        if area.height == 0 || area.width < 2 {
            return;
        }
        let order = self.order(records);
        let place = self.locate(&order, records);
        let body = usize::from(area.height - 1);
        let says = self.editing || !self.field.text.is_empty() || self.attention || order.len() > body;
        let room = body.saturating_sub(usize::from(says && body > 1)).max(1);
        self.page = room;
        self.offset = self
            .offset
            .min(place)
            .max((place + 1).saturating_sub(room))
            .min(order.len().saturating_sub(room));
        // column 0 holds the cursor, so rows start one column further right
        let inner = Rect { x: area.x + 1, width: area.width - 1, ..area };
        let columns = grid::fitted(records, &order);
        let grid = grid::widths(&columns, inner.width);
        self.heading(canvas, inner, &columns, &grid);
        if order.is_empty() && body > 0 {
            let text = if records.is_empty() { records.none() } else { "no row matches" };
            canvas.put(inner, 0, 1, Role::Muted, text);
        }
        for (line, row) in order.iter().skip(self.offset).take(room.min(body)).enumerate() {
            let y = u16::try_from(line + 1).unwrap_or(u16::MAX);
            let chosen = focused && self.offset + line == place;
            grid::draw_row(canvas, inner, y, records, *row, &grid);
            if chosen {
                canvas.put(area, 0, y, Role::Accent, canvas.look.glyphs.cursor);
                canvas.mark(Rect { y: area.y + y, height: 1, ..area }, Role::Selection);
            }
        }
        if says && body > 1 {
            self.status(canvas, inner, &order, records);
        }
    }

    fn heading(&self, canvas: &mut Canvas<'_>, area: Rect, columns: &[Column], grid: &Grid) {
        let mut x = 0;
        for (i, (column, width)) in columns.iter().zip(&grid.widths).enumerate() {
            let Some(width) = *width else { continue };
            let mark =
                if self.sort == Some(i) { canvas.look.glyphs.order[usize::from(self.reverse)] } else { "" };
            let role = if mark.is_empty() { Role::Muted } else { Role::Accent };
            let look = canvas.look;
            // the mark is seen where the name has to give way
            let room = usize::from(width).saturating_sub(text::width(mark));
            let name = format!("{}{mark}", text::fit(&say(column.name), room, ""));
            let cell = if column.right {
                Line::new().quote_number(width.into(), role, &name, look)
            } else {
                Line::new().quote_cell(width.into(), role, &name, look)
            };
            canvas.line(Rect { width: (x + width).min(area.width), ..area }, x, 0, &cell);
            x += width + grid.gap;
        }
    }

    fn status(&self, canvas: &mut Canvas<'_>, area: Rect, order: &[usize], records: &dyn Records) {
        let y = area.height - 1;
        let mut line = Line::new();
        if self.editing || !self.field.text.is_empty() {
            line.push(Role::Key, "/");
            line = line.quote(Role::Text, self.field.text.as_str());
            if self.editing {
                line.push(Role::Accent, canvas.look.glyphs.caret);
            }
            line.push(Role::Text, "  ");
        }
        if self.attention {
            line.push(Role::Warn, "only what needs attention  ");
        }
        if let Some(error) = self.filter.as_ref().and_then(Filter::error) {
            line = line.quote(Role::Bad, error);
            line.push(Role::Text, "  ");
        }
        if order.len() < records.len() {
            line.push(Role::Muted, format!("{} of {} rows", order.len(), records.len()));
        }
        let end = canvas.line(area, 0, y, &line);
        if order.len() > self.page {
            let last = (self.offset + self.page).min(order.len());
            let place = Line::new().muted(format!("{}-{last} of {}", self.offset + 1, order.len()));
            if usize::from(end) + place.width() < usize::from(area.width) {
                canvas.line_right(area, y, &place);
            }
        }
    }
}

fn compare(a: &SortKey, b: &SortKey, reverse: bool) -> Ordering {
    let ordered = match (a, b) {
        (SortKey::Missing, SortKey::Missing) => return Ordering::Equal,
        (SortKey::Missing, _) => return Ordering::Greater,
        (_, SortKey::Missing) => return Ordering::Less,
        (SortKey::Number(x), SortKey::Number(y)) => x.total_cmp(y),
        (SortKey::Text(x), SortKey::Text(y)) => x.cmp(y),
        (SortKey::Number(_), SortKey::Text(_)) => Ordering::Less,
        (SortKey::Text(_), SortKey::Number(_)) => Ordering::Greater,
    };
    if reverse { ordered.reverse() } else { ordered }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[Column::text("name", 4, 0), Column::number("n", 3, 1)];

    struct Rows(Vec<(&'static str, f64)>);

    impl Records for Rows {
        fn columns(&self) -> &'static [Column] {
            COLUMNS
        }
        fn len(&self) -> usize {
            self.0.len()
        }
        fn key(&self, row: usize) -> Cow<'_, str> {
            self.0[row].0.into()
        }
        fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
            let (name, n) = self.0[row];
            (Role::Text, if column == 0 { name.into() } else { n.to_string().into() })
        }
        fn sort_key(&self, row: usize, column: usize) -> SortKey {
            let (name, n) = self.0[row];
            if column == 0 { SortKey::Text(name.into()) } else { SortKey::Number(n) }
        }
        fn attention(&self, row: usize) -> bool {
            self.0[row].1 > 5.0
        }
    }

    fn names(table: &mut Table, rows: &Rows) -> Vec<&'static str> {
        table.order(rows).into_iter().map(|r| rows.0[r].0).collect()
    }

    #[test]
    fn the_selection_follows_its_row() {
        let mut table = Table::default();
        let mut rows = Rows(vec![("a", 1.0), ("b", 2.0), ("c", 3.0)]);
        table.on(Action::Down, &rows);
        assert_eq!(table.selected(), Some("b"));
        rows.0.insert(0, ("new", 0.0));
        let order = table.order(&rows);
        assert_eq!((table.locate(&order, &rows), table.offset), (2, 1), "same row, same line on the screen");
        rows.0.remove(2);
        let order = table.order(&rows);
        table.locate(&order, &rows);
        assert_eq!(table.selected(), Some("c"), "the row that took its place");
        rows.0.clear();
        table.on(Action::Bottom, &rows);
        assert_eq!(table.selected(), None);
    }

    #[test]
    fn the_first_row_is_selected_until_the_operator_chooses() {
        let mut table = Table::default();
        let mut rows = Rows(vec![("b", 2.0), ("c", 3.0)]);
        let order = table.order(&rows);
        table.locate(&order, &rows);
        assert_eq!(table.selected(), Some("b"));
        rows.0.insert(0, ("a", 9.0));
        let order = table.order(&rows);
        table.locate(&order, &rows);
        assert_eq!(table.selected(), Some("a"), "what is most urgent now");
    }

    #[test]
    fn order_filter_and_attention() {
        let mut table = Table::default();
        let rows = Rows(vec![("b", 10.0), ("a", 9.0), ("c", 1.0)]);
        table.on(Action::Sort, &rows);
        assert_eq!(names(&mut table, &rows), ["a", "b", "c"]);
        table.on(Action::Sort, &rows);
        assert_eq!(names(&mut table, &rows), ["c", "a", "b"], "numbers by size, not by digits");
        table.on(Action::SortReverse, &rows);
        assert_eq!(names(&mut table, &rows), ["b", "a", "c"]);
        table.on(Action::Attention, &rows);
        assert_eq!(names(&mut table, &rows), ["b", "a"]);
        table.on(Action::Find, &rows);
        assert!(table.editing());
        table.edit(&TextEdit::Paste("!b".into()), &rows);
        assert_eq!(names(&mut table, &rows), ["a"]);
        table.on(Action::Back, &rows);
        table.on(Action::Back, &rows);
        assert_eq!(names(&mut table, &rows).len(), 3);
        assert!(!table.on(Action::Back, &rows), "nothing left to undo");
    }
}
