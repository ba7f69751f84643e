//! Everything the core asks the edge to do.

use crate::domain::plan::Plan;

use super::event::EnvironmentIndex;

/// One request to the edge. None of them is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// End.
    Quit,
    /// Stop this process as Ctrl-Z does.
    Suspend,
    /// Poll all sources of an environment now.
    PollNow(EnvironmentIndex),
    /// Poll this environment at full pace, the others slower.
    Focus(EnvironmentIndex),
    /// Sign a person in, by device code.
    Login(EnvironmentIndex),
    /// End the sign-in that is under way.
    CancelLogin(EnvironmentIndex),
    /// Put text on the clipboard of the operator's terminal.
    Copy(String),
    /// Write text to a new file.
    Export {
        /// A name in the state folder, or a path.
        name: String,
        /// What to write.
        text: String,
        /// Log lines in it.
        lines: u64,
        /// There were more than a file takes.
        cut: bool,
    },
    /// Save the screen as text and as a picture.
    SaveScreen,
    /// Take another theme.
    Theme(String),
    /// Apply this plan.
    Approve {
        /// Where.
        environment: EnvironmentIndex,
        /// Id of the recommendation.
        recommendation: String,
        /// The plan that was on the screen, byte for byte.
        plan: Box<Plan>,
    },
    /// Journal that it is not wanted.
    Reject {
        /// Where.
        environment: EnvironmentIndex,
        /// Id of the recommendation.
        recommendation: String,
        /// Why.
        reason: String,
    },
    /// Journal that it is put off.
    Snooze {
        /// Where.
        environment: EnvironmentIndex,
        /// Id of the recommendation.
        recommendation: String,
        /// For how long.
        minutes: u32,
    },
    /// Arm auto mode.
    Arm(EnvironmentIndex),
    /// Disarm it at once.
    Disarm(EnvironmentIndex),
    /// Stop the change that auto mode has announced.
    Veto(EnvironmentIndex),
    /// Stop the change in flight after its step.
    CancelChange(EnvironmentIndex),
    /// Take a change back.
    RollBack {
        /// Where.
        environment: EnvironmentIndex,
        /// Its id in the journal.
        change: String,
    },
    /// Freeze all changes, or end the freeze.
    FreezeChanges {
        /// Where.
        environment: EnvironmentIndex,
        /// Which.
        freeze: bool,
    },
}
