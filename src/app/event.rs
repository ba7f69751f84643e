//! Everything that can happen.

use crate::domain::source::{Reading, SourceId};

use super::action::Action;

/// Index of an environment in [`State::environments`](super::state::State::environments).
pub type EnvironmentIndex = usize;

/// One happening; when it happened comes beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The operator asked for something that concerns the state (not only the screen).
    Action(Action),
    /// Switch to an environment.
    Focus(EnvironmentIndex),
    /// A poll began.
    Polling {
        /// Where.
        environment: EnvironmentIndex,
        /// What.
        source: SourceId,
    },
    /// A poll ended.
    Observed {
        /// Where.
        environment: EnvironmentIndex,
        /// How.
        reading: Box<Reading>,
    },
    /// Sources of an environment are known: those that will be polled, and those that are off with a reason.
    Prepared {
        /// Where.
        environment: EnvironmentIndex,
        /// Polled, with period in milliseconds.
        on: Vec<(SourceId, u64)>,
        /// Not polled, with the reason.
        off: Vec<(SourceId, String)>,
    },
    /// A task of the program ended that should not have.
    TaskDied {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// A line for the operator, such as "copied 12 characters".
    Notice(String),
    /// Time passed.
    Tick,
    /// The terminal or a signal asks to end.
    Terminate,
}
