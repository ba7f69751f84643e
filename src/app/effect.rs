//! Everything the core asks the edge to do.

use super::event::EnvironmentIndex;

/// One request to the edge. None of them is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// End.
    Quit,
    /// Poll all sources of an environment now.
    PollNow(EnvironmentIndex),
    /// Poll this environment at full pace, the others slower.
    Focus(EnvironmentIndex),
    /// Put text on the clipboard of the operator's terminal.
    Copy(String),
    /// Take another theme.
    Theme(String),
}
