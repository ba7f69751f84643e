//! Takes the terminal and gives it back as it was: at the end, on an error, after a panic.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::layout::Size;

use crate::clock::Clock;

use super::backend::FrameBackend;
use super::line_speed::QUESTION;
use super::writer::{self, FrameWriter, Tty};

/// How long the end of the program waits for a terminal that does not read.
const PATIENCE: Duration = Duration::from_millis(300);

/// Puts the terminal's title aside, and takes it out again; terminals that do not know this ignore it.
const TITLE: (&str, &str) = ("\x1b[22;0t", "\x1b[23;0t");

/// The sequence that sets the terminal's title. Control characters in `title`, which could end it, are left out.
pub fn title(title: &str) -> String {
    let title: String = title.chars().filter(|c| !c.is_control()).collect();
    format!("\x1b]0;{title}\x07")
}

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The screen of the program.
pub type Screen = Terminal<FrameBackend<FrameWriter>>;

/// The terminal while it is ours; dropping it gives it back.
pub struct Taken(());

/// Columns and rows. Asked before each frame, so it is asked of the terminal that is open.
fn size() -> io::Result<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout())?;
    if size.ws_col > 0 && size.ws_row > 0 {
        return Ok(Size::new(size.ws_col, size.ws_row));
    }
    // A terminal that does not tell it, such as a serial line: the environment or terminfo may.
    crossterm::terminal::size().map(|(w, h)| Size::new(w, h))
}

/// Whether there is a terminal to draw on and to read keys from.
pub fn present() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Raw mode, alternate screen, bracketed paste. No mouse: selecting text is the terminal's. With `measures` the
/// first question is `WIDTH_QUESTION`.
pub fn take(measures: bool) -> io::Result<(Taken, Screen)> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let taken = Taken(());
    enter(measures)?;
    Ok((taken, Terminal::new(FrameBackend::new(FrameWriter::start()?, size))?))
}

/// How many columns an East Asian ambiguous character takes: one is drawn in the first column, the terminal is
/// asked where its cursor is then, and the row is cleared again. Also the first question of
/// [`super::line_speed`]: there is one under way at most.
const WIDTH_QUESTION: &[u8] = "\x1b[1;1H\u{25cf}\x1b[6n\x1b[1;1H\x1b[K".as_bytes();

/// Whether the answer to `WIDTH_QUESTION` says that such characters take two columns; `None`: it is the answer to
/// something else.
pub fn ambiguous_is_wide(line: u16, column: u16) -> Option<bool> {
    match (line, column) {
        (1, 2) => Some(false),
        (1, 3) => Some(true),
        _ => None,
    }
}

/// Puts the program's screen over the shell's, and asks the first question of [`super::line_speed`].
fn enter(measures: bool) -> io::Result<()> {
    execute!(Tty, Print(TITLE.0), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    Tty.write_all(if measures { WIDTH_QUESTION } else { QUESTION })
}

/// Takes the terminal again that [`restore`] gave back, or that somebody else used meanwhile: a shell while this
/// process was stopped. The caller draws everything anew.
pub fn take_again(measures: bool) -> io::Result<()> {
    // The mode in which a terminal is found is the one that is given back.
    let _ = disable_raw_mode();
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    enter(measures)
}

/// Gives the terminal back; harmless when it is not taken. Errors are ignored: a terminal that is gone needs
/// no restoring. One that has not read for a while gets its line discipline back, but no more bytes: the
/// end of the program does not wait for it.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let waited = Clock::stopwatch();
        while writer::line().busy() && waited() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        if !writer::line().busy() && writer::writable(PATIENCE) {
            let _ = execute!(Tty, DisableBracketedPaste, LeaveAlternateScreen, Print(TITLE.1), cursor::Show);
        }
        let _ = disable_raw_mode();
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        restore();
    }
}

/// Makes a panic of the drawing thread (`ui`) restore the terminal before it is reported. A panic of any other
/// thread is that task's end, not the program's: it goes to the log, and to the screen as a failure.
pub fn restore_on_panic(ui: ThreadId) {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == ui {
            restore();
            report(info);
        } else {
            tracing::error!("{info}");
            if !TAKEN.load(Ordering::SeqCst) {
                report(info);
            }
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_end_its_own_sequence() {
        assert_eq!(title("miharu prod"), "\x1b]0;miharu prod\x07");
        assert_eq!(title("a\x07\x1b[2J\u{9c}\nb"), "\x1b]0;a[2Jb\x07");
    }
}
