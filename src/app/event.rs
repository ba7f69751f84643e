//! Everything that can happen.

use std::sync::Arc;

use crate::domain::bench::Measured;
use crate::domain::journal::Entry;
use crate::domain::log::batch::Batch;
use crate::domain::source::{Reading, SourceId};

use super::action::Action;
use super::changes::{Answer, Brakes, Progress, Proposal, Question};
use super::login::Login;

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
    /// The rules were evaluated.
    Proposed {
        /// Where.
        environment: EnvironmentIndex,
        /// What they recommend, the most severe first; replaces what was.
        proposals: Vec<Proposal>,
        /// Rules that could not tell, and why.
        not_enough: Vec<(String, String)>,
    },
    /// An entry was written to the journal, here or by another console.
    Journaled {
        /// Where.
        environment: EnvironmentIndex,
        /// The entry.
        entry: Entry,
    },
    /// The change in flight moved on; `None`: nothing is in flight.
    Progressed {
        /// Where.
        environment: EnvironmentIndex,
        /// Where it is.
        progress: Option<Progress>,
    },
    /// What holds all changes is different.
    Braked {
        /// Where.
        environment: EnvironmentIndex,
        /// How it is now.
        brakes: Brakes,
    },
    /// Tests and changes in the journal measured something.
    Measured {
        /// Where.
        environment: EnvironmentIndex,
        /// The newest of each.
        measured: Measured,
    },
    /// The journal can be read again, or for the first time.
    JournalAnswers {
        /// Where.
        environment: EnvironmentIndex,
    },
    /// The journal could not be read or written. The next entry or answer ends it.
    JournalFailed {
        /// Where.
        environment: EnvironmentIndex,
        /// Why, with the remedy.
        why: String,
    },
    /// It is known which log groups are followed, or why none is.
    Tailed {
        /// Where.
        environment: EnvironmentIndex,
        /// Their names.
        groups: Result<Vec<Arc<str>>, String>,
    },
    /// Log lines came, or how the tail of a group is doing changed. The lines are held beside the state.
    Logged {
        /// Where.
        environment: EnvironmentIndex,
        /// Lines, marks and states.
        batch: Arc<Batch>,
    },
    /// A sign-in went on.
    Login {
        /// Where.
        environment: EnvironmentIndex,
        /// How far it is.
        login: Login,
    },
    /// The operator closes the sign-in that is shown; one that is under way ends.
    CloseLogin,
    /// The operator wants something done that needs a confirmation.
    Ask(Question),
    /// The operator answers the open question.
    Answer(Answer),
    /// A line for the operator, such as "copied 12 characters".
    Notice(String),
    /// Time passed.
    Tick,
    /// The terminal or a signal asks to end.
    Terminate,
}
