//! What the operator's keys reach: a bounded queue to the conductor, and the brakes, which do not queue.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio::sync::mpsc;

use crate::domain::plan::Plan;
use crate::engine::autopilot::Brakes;
use crate::engine::executor::Executor;

/// Commands that may wait; more than a person gives in the time of one.
const WAITING: usize = 16;

/// What an operator wants done in an environment.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Apply this plan.
    Approve {
        /// Id of the recommendation.
        recommendation: String,
        /// The plan that was read.
        plan: Box<Plan>,
    },
    /// Write down that it is not wanted.
    Reject {
        /// Id of the recommendation.
        recommendation: String,
        /// Why.
        reason: String,
    },
    /// Write down that it is put off.
    Snooze {
        /// Id of the recommendation.
        recommendation: String,
        /// For how long.
        minutes: u32,
    },
    /// Arm auto mode.
    Arm,
    /// Disarm it.
    Disarm,
    /// Stop the change that auto mode has announced.
    Veto,
    /// Stop the change in flight before its next call.
    CancelChange,
    /// Take a change back.
    RollBack {
        /// Its id in the journal.
        change: String,
    },
    /// Freeze all changes, or end the freeze.
    Freeze {
        /// Which.
        freeze: bool,
    },
}

/// The operator's end.
pub struct Hand {
    commands: mpsc::Sender<Command>,
    pub(super) brakes: ArcSwapOption<Brakes>,
    pub(super) executor: ArcSwapOption<Executor>,
}

impl Hand {
    /// A hand, and where its commands arrive.
    pub fn new() -> (Arc<Self>, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(WAITING);
        (
            Arc::new(Self { commands, brakes: ArcSwapOption::empty(), executor: ArcSwapOption::empty() }),
            receiver,
        )
    }

    /// Gives a command and waits for nothing. Brakes hold at once, whatever the conductor is busy with; what it
    /// writes down about them comes after.
    ///
    /// # Errors
    /// Why it was not taken, in words.
    pub fn give(&self, command: Command) -> Result<(), String> {
        let (brakes, executor) = (self.brakes.load(), self.executor.load());
        match &command {
            Command::Disarm => brakes.iter().for_each(|b| b.kill()),
            Command::Veto => brakes.iter().for_each(|b| b.veto()),
            Command::CancelChange => executor.iter().for_each(|e| e.cancel()),
            _ => {}
        }
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => "too much waits to be done: not done, try again".to_owned(),
            mpsc::error::TrySendError::Closed(_) => {
                "what applies changes has ended: not done, restart miharu".to_owned()
            }
        })
    }
}
