//! What leaves for the terminal: only cells that changed, in one write, as one synchronized update; nothing at
//! all when nothing changed. And a last guard: no control character and no bidi mark leaves inside a cell,
//! whatever a panel forgot.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Cell, CellDiffOption, CellWidth};
use ratatui::layout::{Position, Size};

/// Begin and end of a synchronized update (DEC private mode 2026); terminals that do not know it ignore it.
const SYNC: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// The bytes of one frame; shared, because the encoder does not give its writer back.
#[derive(Debug, Default, Clone)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A backend that writes whole frames to `W`.
pub struct FrameBackend<W> {
    encoder: CrosstermBackend<Frame>,
    frame: Frame,
    out: W,
    size: fn() -> io::Result<Size>,
    cursor_hidden: bool,
    after: &'static [u8],
    sent: usize,
}

impl<W: Write> FrameBackend<W> {
    /// Frames for `out`, whose size `size` tells.
    pub fn new(out: W, size: fn() -> io::Result<Size>) -> Self {
        let frame = Frame::default();
        Self {
            encoder: CrosstermBackend::new(frame.clone()),
            frame,
            out,
            size,
            cursor_hidden: false,
            after: b"",
            sent: 0,
        }
    }

    /// Puts an out-of-band sequence (clipboard, title) into the next write.
    pub fn queue(&mut self, bytes: &[u8]) {
        self.frame.0.borrow_mut().extend_from_slice(bytes);
    }

    /// What follows the next frame, should there be anything to draw.
    pub fn then(&mut self, bytes: &'static [u8]) {
        self.after = bytes;
    }

    /// Sends bytes that are no frame.
    pub fn alone(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sent += bytes.len();
        self.out.write_all(bytes)
    }

    /// Bytes that left so far.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Where frames go.
    pub fn out(&self) -> &W {
        &self.out
    }
}

/// Whether a symbol may stand in a cell.
fn harmless(symbol: &str) -> bool {
    !symbol.chars().any(|c| {
        c.is_control() || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// Whether terminals agree how many columns a cell takes. Emoji, combining marks and most scripts are drawn wider
/// here than there, and what follows them on the row would stand elsewhere.
fn agreed(cell: &Cell) -> bool {
    !matches!(cell.diff_option, CellDiffOption::ForcedWidth(_))
        && cell.symbol().chars().all(|c| {
            matches!(c,
                ' '..='~'
                // Latin letters, punctuation, arrows, mathematics, lines, blocks, shapes
                | '\u{a0}'..='\u{24f}' | '\u{2010}'..='\u{2027}' | '\u{2190}'..='\u{21ff}' | '\u{2200}'..='\u{22ff}'
                | '\u{2500}'..='\u{25fc}' | '\u{2713}'..='\u{2717}' | '\u{2800}'..='\u{28ff}'
                // kana, ideographs, Hangul, fullwidth forms
                | '\u{3000}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}'
                | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff60}' | '\u{fffd}')
        })
}

impl<W: Write> FrameBackend<W> {
    /// Draws a cell whose width terminals do not agree on: on blanks, and whatever the terminal makes of it, what is
    /// drawn next begins with the place of its own.
    fn apart(&mut self, x: u16, y: u16, cell: &Cell) -> io::Result<()> {
        let mut blank = cell.clone();
        blank.set_symbol(" ").set_diff_option(CellDiffOption::None);
        self.encoder.draw((x..x.saturating_add(cell.cell_width())).map(|x| (x, y, &blank)))?;
        self.encoder.draw(std::iter::once((x, y, cell)))
    }
}

impl<W: Write> Backend for FrameBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<(u16, u16, &Cell)> = content.collect();
        for run in cells.chunk_by(|(.., a), (.., b)| agreed(a) && agreed(b)) {
            match run {
                [(x, y, cell)] if !harmless(cell.symbol()) => {
                    let mut replaced = (*cell).clone();
                    replaced.set_symbol("\u{fffd}");
                    self.encoder.draw(std::iter::once((*x, *y, &replaced)))?;
                }
                [(x, y, cell)] if !agreed(cell) => self.apart(*x, *y, cell)?,
                run => self.encoder.draw(run.iter().copied())?,
            }
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_hidden {
            return Ok(());
        }
        self.cursor_hidden = true;
        self.encoder.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.cursor_hidden = false;
        self.encoder.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN) // full screen: nobody asks where a shell left it
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.encoder.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.encoder.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.encoder.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        (self.size)()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        let frame = &mut *self.frame.0.borrow_mut();
        if frame.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(frame.len() + SYNC.0.len() + SYNC.1.len());
        bytes.extend_from_slice(SYNC.0);
        bytes.append(frame);
        bytes.extend_from_slice(SYNC.1);
        bytes.extend_from_slice(std::mem::take(&mut self.after));
        self.sent += bytes.len();
        self.out.write_all(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::widgets::Paragraph;

    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);
    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn terminal() -> Terminal<FrameBackend<Writes>> {
        Terminal::new(FrameBackend::new(Writes::default(), || Ok(Size::new(20, 2)))).unwrap()
    }

    #[test]
    fn a_frame_is_one_write_and_an_equal_frame_is_none() {
        let mut terminal = terminal();
        let draw = |t: &mut Terminal<_>, text: &'static str| {
            t.draw(|f| f.render_widget(Paragraph::new(text), f.area())).unwrap();
        };
        draw(&mut terminal, "one");
        assert_eq!(terminal.backend().out().0.len(), 1);
        draw(&mut terminal, "one");
        assert_eq!(terminal.backend().out().0.len(), 1, "nothing changed, nothing written");
        draw(&mut terminal, "two");
        let writes = &terminal.backend().out().0;
        assert_eq!(writes.len(), 2);
        assert!(writes[1].starts_with(SYNC.0) && writes[1].ends_with(SYNC.1));
    }

    #[test]
    fn what_terminals_draw_differently_moves_nothing_after_it() {
        let mut terminal = terminal();
        terminal.draw(|f| f.render_widget(Paragraph::new("a\u{1f926}b e\u{301}c 見d"), f.area())).unwrap();
        let text = String::from_utf8(terminal.backend().out().0.concat()).unwrap();
        // each stands in its column, whatever is before it
        let at = ["\x1b[1;4Hb", "\x1b[1;7Hc", "\x1b[1;9H見", "\x1b[1;11Hd"];
        assert!(at.iter().all(|place| text.contains(place)), "{text:?}");
        assert!(text.contains("\x1b[1;2H  "), "on blanks: {text:?}");
    }

    #[test]
    fn a_control_or_bidi_character_in_a_cell_is_replaced() {
        let mut backend = FrameBackend::new(Writes::default(), || Ok(Size::new(20, 2)));
        let cells = ["\u{1b}", "\u{202e}", "x"].map(|symbol| {
            let mut cell = Cell::default();
            cell.set_symbol(symbol);
            cell
        });
        backend.draw((0_u16..).zip(&cells).map(|(x, cell)| (x, 0, cell))).unwrap();
        backend.flush().unwrap();
        let text = String::from_utf8(backend.out().0.concat()).unwrap();
        assert_eq!(text.matches('\u{fffd}').count(), 2);
        assert!(
            text.contains('x') && !text.contains('\u{202e}') && !text.contains("\u{1b}\u{1b}"),
            "{text:?}"
        );
    }
}
