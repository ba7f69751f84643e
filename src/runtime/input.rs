//! Keys, answers of the terminal and signals become messages. A thread of its own reads the terminal, so that
//! nothing else ever delays a key; signals come through tokio.

use std::io;
use std::time::Duration;

use crokey::KeyCombination;
use crossterm::event as keys;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use termina::escape::csi::{Csi, Cursor};
use termina::event::{KeyCode, KeyEvent, KeyEventKind, Modifiers};
use termina::{Event as Terminal, Parser};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Sender;

use super::inbox::Message;

/// An escape character that nothing follows within this time is the key.
const ESCAPE: Duration = Duration::from_millis(40);

/// Starts the thread that reads the terminal. It ends with the process: it may be blocked in a read.
pub fn read_terminal(inbox: Sender<Message>) -> io::Result<()> {
    std::thread::Builder::new().name("input".into()).spawn(move || {
        let mut parser = Parser::default();
        let tell = |parser: &mut Parser| {
            let events = std::iter::from_fn(|| parser.pop());
            events.filter_map(message).all(|message| inbox.blocking_send(message).is_ok())
        };
        while read(&mut parser) {
            if !tell(&mut parser) {
                return;
            }
            // What came is told before it is waited for the rest of a sequence.
            if matches!(readable(Some(ESCAPE)), Ready::Nothing) {
                parser.parse(&[], false);
                if !tell(&mut parser) {
                    return;
                }
            }
        }
        let _ = inbox.blocking_send(Message::TerminalGone);
    })?;
    Ok(())
}

/// Waits for the terminal and reads what it has; `false` when it is gone. Own wait and own read, because
/// crossterm's never return from a terminal that was closed and keep the terminal's answers to themselves.
fn read(parser: &mut Parser) -> bool {
    match readable(None) {
        Ready::Bytes => {}
        Ready::Nothing => return true,
        Ready::Gone => return false,
    }
    let mut bytes = [0; 4096];
    match rustix::io::read(rustix::stdio::stdin(), &mut bytes) {
        Ok(0) => return false,
        Ok(n) => parser.parse(bytes.get(..n).unwrap_or_default(), true),
        Err(Errno::INTR | Errno::AGAIN) => return true,
        Err(_) => return false,
    }
    true
}

enum Ready {
    Bytes,
    Nothing,
    Gone,
}

fn readable(patience: Option<Duration>) -> Ready {
    let mut fds = [PollFd::from_borrowed_fd(rustix::stdio::stdin(), PollFlags::IN)];
    let patience = patience.and_then(|p| Timespec::try_from(p).ok());
    match poll(&mut fds, patience.as_ref()) {
        Ok(0) | Err(Errno::INTR) => Ready::Nothing,
        Ok(_) if fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) => {
            Ready::Gone
        }
        Ok(_) => Ready::Bytes,
        Err(_) => Ready::Gone,
    }
}

fn message(event: Terminal) -> Option<Message> {
    match event {
        Terminal::Key(key) if key.kind != KeyEventKind::Release => {
            Some(Message::Key(KeyCombination::from(pressed(key)?).normalized()))
        }
        Terminal::Paste(text) => Some(Message::Paste(text)),
        Terminal::Csi(Csi::Cursor(Cursor::ActivePositionReport { line, col })) => {
            Some(Message::Shown { line: line.get(), column: col.get() })
        }
        _ => None,
    }
}

/// The key in the words of the keymap's library; `None` for one that has no name there.
fn pressed(key: KeyEvent) -> Option<keys::KeyEvent> {
    let code = match key.code {
        KeyCode::Char(c) => keys::KeyCode::Char(c),
        KeyCode::Enter => keys::KeyCode::Enter,
        KeyCode::Backspace => keys::KeyCode::Backspace,
        KeyCode::Tab => keys::KeyCode::Tab,
        KeyCode::BackTab => keys::KeyCode::BackTab,
        KeyCode::Escape => keys::KeyCode::Esc,
        KeyCode::Left => keys::KeyCode::Left,
        KeyCode::Right => keys::KeyCode::Right,
        KeyCode::Up => keys::KeyCode::Up,
        KeyCode::Down => keys::KeyCode::Down,
        KeyCode::Home => keys::KeyCode::Home,
        KeyCode::End => keys::KeyCode::End,
        KeyCode::PageUp => keys::KeyCode::PageUp,
        KeyCode::PageDown => keys::KeyCode::PageDown,
        KeyCode::Insert => keys::KeyCode::Insert,
        KeyCode::Delete => keys::KeyCode::Delete,
        KeyCode::Function(n) => keys::KeyCode::F(n),
        _ => return None,
    };
    let pairs = [
        (Modifiers::SHIFT, keys::KeyModifiers::SHIFT),
        (Modifiers::ALT, keys::KeyModifiers::ALT),
        (Modifiers::CONTROL, keys::KeyModifiers::CONTROL),
        (Modifiers::SUPER, keys::KeyModifiers::SUPER),
        (Modifiers::HYPER, keys::KeyModifiers::HYPER),
        (Modifiers::META, keys::KeyModifiers::META),
    ];
    let held = pairs.into_iter().filter(|(held, _)| key.modifiers.contains(*held)).map(|(_, m)| m).collect();
    Some(keys::KeyEvent::new(code, held))
}

/// The signals that end, stop or continue the program, or tell of another size, caught.
pub struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    resized: Signal,
    stop: Signal,
    resume: Signal,
}

impl Signals {
    /// From now on none of them ends or stops the process by itself: to be called before the terminal is taken,
    /// which would else be left as it is. Needs a runtime around it.
    pub fn catch() -> io::Result<Self> {
        let numbered = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            resized: signal(SignalKind::window_change())?,
            stop: signal(numbered(rustix::process::Signal::TSTP))?,
            resume: signal(numbered(rustix::process::Signal::CONT))?,
        })
    }

    /// Turns them into messages until the inbox is closed; those that came before too.
    pub async fn watch(mut self, inbox: Sender<Message>) {
        loop {
            let message = tokio::select! {
                _ = self.terminate.recv() => Message::Terminate("SIGTERM"),
                _ = self.hangup.recv() => Message::Terminate("SIGHUP"),
                _ = self.interrupt.recv() => Message::Terminate("SIGINT"),
                _ = self.resized.recv() => Message::Resize,
                _ = self.stop.recv() => Message::Stop,
                _ = self.resume.recv() => Message::Continued,
            };
            if inbox.send(message).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> Vec<String> {
        let mut parser = Parser::default();
        parser.parse(bytes, false);
        let mut seen = Vec::new();
        while let Some(event) = parser.pop() {
            seen.extend(message(event).map(|m| match m {
                Message::Key(key) => key.to_string(),
                other => format!("{other:?}"),
            }));
        }
        seen
    }

    #[test]
    fn keys_pastes_and_the_answer_to_where_the_cursor_is() {
        assert_eq!(
            typed(b"qQ\r\t\x1b[Z\x7f\x03"),
            ["q", "Shift-q", "Enter", "Tab", "BackTab", "Backspace", "Ctrl-c"]
        );
        assert_eq!(
            typed("\x1b[A\x1b[5~\x1bOP\x1b[1;5C\x1bx\x1b".as_bytes()),
            ["Up", "PageUp", "F1", "Ctrl-Right", "Alt-x", "Esc"]
        );
        assert_eq!(typed("\u{898b}".as_bytes()), ["\u{898b}"]);
        assert_eq!(typed(b"\x1b[200~a\rb\x1b[201~"), [r#"Paste("a\rb")"#]);
        assert_eq!(typed(b"\x1b[24;80Rj"), ["Shown { line: 24, column: 80 }", "j"]);
    }
}
