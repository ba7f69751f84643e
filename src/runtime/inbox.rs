//! What wakes the loop. The operator and signals come by a door of their own, which is looked at first, so that
//! a key never waits behind a flood of data.

use crokey::KeyCombination;

use crate::app::event::Event;

/// A thing that woke the loop.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A key.
    Key(KeyCombination),
    /// Pasted text. Never keys.
    Paste(String),
    /// The terminal has another size.
    Resize,
    /// The terminal has shown what was sent until the oldest open question, and where its cursor is, from 1.
    Shown {
        /// Row.
        line: u16,
        /// Column.
        column: u16,
    },
    /// A signal asks to stop, as Ctrl-Z does.
    Stop,
    /// The process goes on after it was stopped.
    Continued,
    /// Something happened outside.
    Event(Event),
    /// A signal asks to end.
    Terminate(&'static str),
    /// The terminal is gone: there is nothing left to draw on.
    TerminalGone,
}

impl From<Event> for Message {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

/// How many messages may wait. A full inbox delays the pollers, never the screen.
pub const CAPACITY: usize = 1024;

/// How many keys and signals may wait.
pub const KEYS: usize = 256;
