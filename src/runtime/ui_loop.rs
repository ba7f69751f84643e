//! The loop: waits for messages and on nothing else, draws at once after a key and at most thirty times a second
//! for data, and asks the edges for what is to be done without waiting for them.

use std::sync::Arc;
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;

use crate::app::effect::Effect;
use crate::app::event::{EnvironmentIndex, Event};
use crate::clock::Clock;
use crate::config::theme::Theme;
use crate::engine::conductor::{Command as ChangeCommand, Hand};
use crate::engine::start::Nudges;

use super::core::{Change, Core};
use super::inbox::Message;
use super::terminal::{self, Screen};
use super::writer;

/// Shortest time between two frames that data causes.
pub const FRAME: Duration = Duration::from_millis(33);
/// The same on a slow line.
pub const FRAME_LOW_BANDWIDTH: Duration = Duration::from_secs(1);
/// Ages grow and notices end by themselves: the time until the next look.
const TICK: Duration = Duration::from_secs(1);

/// Most messages taken in before a frame.
const BATCH: usize = 256;

/// Loads a theme by name, or says in words why not.
pub type LoadTheme = Box<dyn Fn(&str) -> Result<Theme, String>>;

/// The edges that effects reach. None of them is waited for.
pub struct Edges {
    /// The nudges of each environment.
    pub nudges: Vec<Arc<Nudges>>,
    /// Which environment is shown.
    pub focus: watch::Sender<EnvironmentIndex>,
    /// Loads a theme by name.
    pub theme: LoadTheme,
    /// The operator's hand in each environment; `None` where nothing acts.
    pub hands: Vec<Option<Arc<Hand>>>,
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The operator quit, or a signal asked for it.
    Quit,
    /// The terminal is gone.
    TerminalGone,
}

/// Where messages come from.
pub struct Doors {
    /// Keys and signals; looked at first.
    pub keys: Receiver<Message>,
    /// Everything else.
    pub inbox: Receiver<Message>,
}

impl Doors {
    /// Waits for a message, keys first; `None` when nobody can send any more.
    async fn recv(&mut self) -> Option<Message> {
        tokio::select! {
            biased;
            key = self.keys.recv() => key,
            message = self.inbox.recv() => message,
        }
    }

    fn try_recv(&mut self) -> Option<Message> {
        self.keys.try_recv().or_else(|_| self.inbox.try_recv()).ok()
    }
}

/// How the loop paces itself.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Shortest time between two frames that data causes.
    pub frame: Duration,
    /// A panic after this, which tests that the terminal is restored.
    pub panic_after: Option<Duration>,
}

/// Runs until the program is to end.
///
/// # Panics
/// After [`Pace::panic_after`].
pub async fn run(
    core: &mut Core,
    screen: &mut Screen,
    doors: &mut Doors,
    clock: &Clock,
    edges: &Edges,
    pace: Pace,
) -> std::io::Result<Ended> {
    let line = Arc::clone(writer::line());
    let panics_at = pace.panic_after.map(|after| Clock::instant() + after);
    let mut drawn = Clock::instant();
    let mut tick = drawn + TICK;
    // What is owed to the screen, and whether it is owed at once.
    let mut owed = Change::Operator;
    let mut titled = String::new();
    loop {
        if line.broken() {
            return Ok(Ended::TerminalGone);
        }
        let due =
            owed == Change::Operator || (owed == Change::Data && Clock::instant() >= drawn + pace.frame);
        if due && !line.busy() {
            draw(core, screen, &mut titled)?;
            drawn = Clock::instant();
            owed = Change::Nothing;
        }
        let mut until = if owed == Change::Data { (drawn + pace.frame).min(tick) } else { tick };
        if line.busy() {
            until = tick; // the end of the write wakes the loop
        }
        let until = panics_at.map_or(until, |at| until.min(at));
        assert!(
            panics_at.is_none_or(|at| Clock::instant() < at),
            "this panic was asked for by --panic-after"
        );
        let first = tokio::select! {
            biased;
            message = doors.recv() => match message {
                Some(message) => Some(message),
                None => return Ok(Ended::Quit),
            },
            () = line.idle(), if line.busy() => None,
            () = tokio::time::sleep_until(until) => None,
        };
        // Whatever else waits belongs to the same frame.
        let waiting = first.into_iter().chain(std::iter::from_fn(|| doors.try_recv()));
        let messages: Vec<Message> = waiting.take(BATCH).collect();
        for message in messages {
            let gone = message == Message::TerminalGone;
            let (changed, effects) = core.handle(message, clock.now());
            owed = owed.max(changed);
            for effect in effects {
                if effect == Effect::Quit {
                    return Ok(if gone { Ended::TerminalGone } else { Ended::Quit });
                }
                perform(effect, core, screen, clock, edges);
            }
        }
        if Clock::instant() >= tick {
            tick = Clock::instant() + TICK;
            owed = owed.max(core.handle(Message::Event(Event::Tick), clock.now()).0);
        }
    }
}

/// Draws a frame, and sets the terminal's title where it is another one than `titled`.
fn draw(core: &mut Core, screen: &mut Screen, titled: &mut String) -> std::io::Result<()> {
    let Core { state, ui, .. } = core;
    let title = ui.title(state);
    if title != *titled {
        screen.backend_mut().queue(terminal::title(&title).as_bytes());
        *titled = title;
    }
    screen.draw(|frame| ui.draw(state, frame)).map(|_| ())
}

fn perform(effect: Effect, core: &mut Core, screen: &mut Screen, clock: &Clock, edges: &Edges) {
    let mut notice = |text: String| {
        core.handle(Message::Event(Event::Notice(text)), clock.now());
    };
    match effect {
        Effect::Quit => {}
        Effect::PollNow(environment) => {
            if let Some(nudges) = edges.nudges.get(environment) {
                nudges.all();
            }
            notice("polling every source now".into());
        }
        Effect::Focus(environment) => {
            edges.focus.send_replace(environment);
        }
        Effect::Copy(text) => {
            let mut sequence = String::new();
            match CopyToClipboard::to_clipboard_from(text.as_bytes()).write_ansi(&mut sequence) {
                Ok(()) => {
                    screen.backend_mut().queue(sequence.as_bytes());
                    notice(format!(
                        "sent {} characters to the terminal's clipboard (OSC 52)",
                        text.chars().count()
                    ));
                }
                Err(error) => notice(format!("not copied: {error}")),
            }
        }
        Effect::Theme(name) => match (edges.theme)(&name) {
            Ok(theme) => core.ui.set_theme(&theme),
            Err(why) => notice(why),
        },
        effect => {
            if let Some((environment, command)) = command(effect) {
                let given = match edges.hands.get(environment) {
                    Some(Some(hand)) => hand.give(command),
                    _ => Err("nothing in this console applies changes: not done".to_owned()),
                };
                if let Err(why) = given {
                    notice(why);
                }
            }
        }
    }
}

/// What the conductor of which environment is to do.
fn command(effect: Effect) -> Option<(EnvironmentIndex, ChangeCommand)> {
    Some(match effect {
        Effect::Approve { environment, recommendation, plan } => {
            (environment, ChangeCommand::Approve { recommendation, plan })
        }
        Effect::Reject { environment, recommendation, reason } => {
            (environment, ChangeCommand::Reject { recommendation, reason })
        }
        Effect::Snooze { environment, recommendation, minutes } => {
            (environment, ChangeCommand::Snooze { recommendation, minutes })
        }
        Effect::Arm(environment) => (environment, ChangeCommand::Arm),
        Effect::Disarm(environment) => (environment, ChangeCommand::Disarm),
        Effect::Veto(environment) => (environment, ChangeCommand::Veto),
        Effect::CancelChange(environment) => (environment, ChangeCommand::CancelChange),
        Effect::RollBack { environment, change } => (environment, ChangeCommand::RollBack { change }),
        Effect::FreezeChanges { environment, freeze } => (environment, ChangeCommand::Freeze { freeze }),
        Effect::Quit | Effect::PollNow(_) | Effect::Focus(_) | Effect::Copy(_) | Effect::Theme(_) => {
            return None;
        }
    })
}
