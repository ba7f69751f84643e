//! The one way onto the screen: styled lines, drawn into a rectangle of a buffer. Every text passes
//! [`text::fit`] here, so that no panel can forget to. The program's own texts are said in the language of the
//! screen as they come in, so that whatever measures a line measures what is shown; texts from outside come in
//! by [`Line::quote`] and stay as they are.

use std::borrow::Cow;
use std::num::NonZeroU16;

use ratatui::buffer::{Buffer, CellDiffOption, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::config::theme::Role;
use crate::language::{self, say};

use super::glyphs::Glyphs;
use super::styles::{self, Styles};
use super::text;

/// How things look: colours and shapes.
#[derive(Debug, Clone)]
pub struct Look {
    /// Role to style.
    pub styles: Styles,
    /// Shapes.
    pub glyphs: Glyphs,
}

/// A line of differently styled texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// The parts, left to right.
    pub spans: Vec<(Role, Cow<'a, str>)>,
}

impl<'a> Line<'a> {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds own text in a role.
    #[must_use]
    pub fn add(mut self, role: Role, text: impl Into<Cow<'a, str>>) -> Self {
        self.push(role, text);
        self
    }

    /// Adds own text in a role.
    pub fn push(&mut self, role: Role, text: impl Into<Cow<'a, str>>) {
        self.spans.push((role, say(text)));
    }

    /// Adds text from outside, or text that is in the language of the screen already.
    #[must_use]
    pub fn quote(mut self, role: Role, text: impl Into<Cow<'a, str>>) -> Self {
        self.spans.push((role, text.into()));
        self
    }

    /// Own text as lines of at most `columns`.
    pub fn wrapped(role: Role, text: &str, columns: usize) -> Vec<Line<'static>> {
        Self::quoted(role, &say(text), columns)
    }

    /// Text from outside as lines of at most `columns`.
    pub fn quoted(role: Role, text: &str, columns: usize) -> Vec<Line<'static>> {
        text::wrap(text, columns).into_iter().map(|part| Line::new().quote(role, part)).collect()
    }

    /// Adds ordinary text.
    #[must_use]
    pub fn text(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.add(Role::Text, text)
    }

    /// Adds text that may be overlooked.
    #[must_use]
    pub fn muted(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.add(Role::Muted, text)
    }

    /// Adds an own text of exactly `columns`, cut or filled up on the right.
    #[must_use]
    pub fn cell(self, columns: usize, role: Role, content: &str, look: &Look) -> Self {
        self.quote_cell(columns, role, &say(content), look)
    }

    /// Adds a text from outside of exactly `columns`, cut or filled up on the right.
    #[must_use]
    pub fn quote_cell(self, columns: usize, role: Role, content: &str, look: &Look) -> Self {
        let shown = text::fit(content, columns, look.glyphs.ellipsis);
        let fill = columns - text::width(&shown).min(columns);
        self.quote(role, shown.into_owned()).quote(role, " ".repeat(fill))
    }

    /// Adds a number of exactly `columns`, filled up on the left.
    #[must_use]
    pub fn number(self, columns: usize, role: Role, content: &str, look: &Look) -> Self {
        self.quote_number(columns, role, &say(content), look)
    }

    /// Adds a text that is said already, of exactly `columns`, filled up on the left.
    #[must_use]
    pub fn quote_number(self, columns: usize, role: Role, content: &str, look: &Look) -> Self {
        let shown = text::fit(content, columns, look.glyphs.ellipsis);
        let fill = columns - text::width(&shown).min(columns);
        self.quote(role, " ".repeat(fill)).quote(role, shown.into_owned())
    }

    /// Columns that the widest of these labels takes with a blank after it, at least `least`.
    pub fn label(least: usize, labels: &[&str]) -> usize {
        labels.iter().map(|l| text::width(&say(*l)) + 1).max().unwrap_or(0).max(least)
    }

    /// Columns it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|(_, t)| text::width(&text::printable(t))).sum()
    }
}

/// A buffer with a look.
pub struct Canvas<'a> {
    /// Where to draw.
    pub buf: &'a mut Buffer,
    /// How.
    pub look: &'a Look,
}

impl Canvas<'_> {
    /// Draws own text at a row of `area`, from column `x` on; returns the column after it, relative to `area`.
    pub fn put(&mut self, area: Rect, x: u16, y: u16, role: Role, content: &str) -> u16 {
        self.quote(area, x, y, role, &say(content))
    }

    /// Draws text from outside as [`Canvas::put`] draws own text.
    pub fn quote(&mut self, area: Rect, x: u16, y: u16, role: Role, content: &str) -> u16 {
        if x >= area.width || y >= area.height {
            return x;
        }
        let columns = usize::from(area.width - x);
        let shown = text::fit(content, columns, self.look.glyphs.ellipsis);
        let inner = shown.trim_matches(' ');
        let blanks = shown.len() - shown.trim_start_matches(' ').len();
        let before = u16::try_from(blanks).unwrap_or(u16::MAX);
        let (style, plain) = (self.look.styles.get(role), self.look.styles.get(Role::Text));
        let right = area.right();
        let end = self.write(area.x + x, area.y + y, right, &shown, plain);
        // blanks around a text are not part of it: reversed or underlined they would look like it
        self.write(area.x + x + before, area.y + y, right, inner, style);
        end - area.x
    }

    /// Puts text into cells up to the column `right`, as wide as this terminal draws it; returns the column
    /// after it.
    fn write(&mut self, from: u16, y: u16, right: u16, content: &str, style: Style) -> u16 {
        let mut x = from;
        self.uncover(from, y);
        for (symbol, columns) in text::units(content) {
            let Some(next) = self.glyph(x, y, right, symbol, columns, style) else { break };
            x = next;
        }
        x
    }

    /// Takes away the wide character that would hide a column.
    fn uncover(&mut self, x: u16, y: u16) {
        let before = x.checked_sub(1).and_then(|before| self.buf.cell_mut((before, y)));
        if let Some(cell) = before.filter(|cell| cell.cell_width() > 1) {
            cell.set_symbol(" ").set_diff_option(CellDiffOption::None);
        }
    }

    /// Puts what takes one column or two into its cell; returns the column after it, or `None` where it does not
    /// fit.
    fn glyph(
        &mut self,
        x: u16,
        y: u16,
        right: u16,
        symbol: &str,
        columns: usize,
        style: Style,
    ) -> Option<u16> {
        let width = u16::try_from(columns).ok()?;
        if width == 0 {
            return Some(x);
        }
        let next = x.checked_add(width).filter(|next| *next <= right.min(self.buf.area.right()))?;
        let cell = self.buf.cell_mut((x, y))?;
        cell.set_symbol(symbol).set_style(style).set_diff_option(match NonZeroU16::new(width) {
            // what the terminal draws wider than the library knows
            Some(wide) if symbol.len() > 1 && usize::from(symbol.cell_width()) != columns => {
                CellDiffOption::ForcedWidth(wide)
            }
            _ => CellDiffOption::None,
        });
        for hidden in x + 1..next {
            if let Some(cell) = self.buf.cell_mut((hidden, y)) {
                cell.reset();
            }
        }
        Some(next)
    }

    /// Draws a line at a row of `area`; returns the column after it, relative to `area`.
    pub fn line(&mut self, area: Rect, x: u16, y: u16, line: &Line<'_>) -> u16 {
        let mut at = x;
        for (role, content) in &line.spans {
            if at >= area.width && !content.is_empty() {
                let mark = u16::try_from(text::width(self.look.glyphs.ellipsis)).unwrap_or(1);
                let ellipsis = self.look.glyphs.ellipsis;
                if content.trim().is_empty() {
                    continue;
                }
                language::cut(content, 0);
                self.quote(area, area.width.saturating_sub(mark), y, *role, ellipsis);
                break;
            }
            at = self.quote(area, at, y, *role, content);
        }
        at
    }

    /// Draws a line that ends at the right border; returns the column it starts at.
    pub fn line_right(&mut self, area: Rect, y: u16, line: &Line<'_>) -> u16 {
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width);
        let start = area.width - width;
        self.line(area, start, y, line);
        start
    }

    /// Draws lines from the first row on; returns how many fitted.
    pub fn lines(&mut self, area: Rect, lines: &[Line<'_>]) -> u16 {
        let mut y = 0;
        for line in lines.iter().take(usize::from(area.height)) {
            self.line(area, 0, y, line);
            y += 1;
        }
        y
    }

    /// Fills a row from column `from` up to `to` with a one-column shape.
    pub fn fill(&mut self, area: Rect, from: u16, to: u16, y: u16, role: Role, glyph: &str) {
        let style = self.look.styles.get(role);
        if from < to.min(area.width) && y < area.height {
            self.uncover(area.x + from, area.y + y);
        }
        for x in from..to.min(area.width) {
            if let Some(cell) = self.buf.cell_mut((area.x + x, area.y + y)) {
                cell.set_symbol(glyph).set_style(style).set_diff_option(CellDiffOption::None);
            }
        }
    }

    /// Gives a row the style of a role on top of what it has: the selected row.
    pub fn mark(&mut self, row: Rect, role: Role) {
        self.plain_if_reversed(row, role);
        self.buf.set_style(row, self.look.styles.get(role));
    }

    /// Gives a row the background of a role and keeps the colours of what is written on it: the bar.
    pub fn underlay(&mut self, row: Rect, role: Role) {
        let style = self.look.styles.get(role);
        self.plain_if_reversed(row, role);
        for position in row.intersection(self.buf.area).positions() {
            if let Some(cell) = self.buf.cell_mut(position) {
                let readable = style.bg.is_none_or(|bg| styles::readable(cell.fg, bg));
                cell.set_style(if readable { Style { fg: None, ..style } } else { style });
            }
        }
    }

    /// A reversed row would turn each colour written on it into a patch of background, so it goes without.
    fn plain_if_reversed(&mut self, row: Rect, role: Role) {
        let style = self.look.styles.get(role);
        if style.add_modifier.contains(Modifier::REVERSED) {
            let plain = self.look.styles.get(Role::Text).patch(style);
            let fg = plain.fg.unwrap_or_default();
            let bg = plain.bg.unwrap_or_default();
            self.buf.set_style(row, Style::new().fg(fg).bg(bg));
        }
    }

    /// Empties a rectangle.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            self.uncover(area.x, y);
        }
        let style = self.look.styles.get(Role::Text);
        for position in area.positions() {
            if let Some(cell) = self.buf.cell_mut(position) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }
}

/// The rectangle without a margin left and right.
pub fn inset(area: Rect, margin: u16) -> Rect {
    let width = area.width.saturating_sub(2 * margin);
    Rect { x: area.x + margin.min(area.width), width, ..area }
}
