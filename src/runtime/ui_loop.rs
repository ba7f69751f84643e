//! The loop: waits on the inbox and on nothing else, draws at once after a key and at most thirty times a
//! second for data, and asks the edges for what is to be done without waiting for them.

use std::sync::Arc;
use std::time::Duration;

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::app::effect::Effect;
use crate::app::event::{EnvironmentIndex, Event};
use crate::clock::Clock;
use crate::config::theme::Theme;
use crate::engine::start::Nudges;

use super::core::{Change, Core};
use super::inbox::Message;
use super::terminal::Screen;

/// Shortest time between two frames that data causes.
const FRAME: Duration = Duration::from_millis(33);
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
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The operator quit, or a signal asked for it.
    Quit,
    /// The terminal is gone.
    TerminalGone,
}

/// Runs until the program is to end.
///
/// # Panics
/// After `panic_after`, which tests that the terminal is restored.
pub async fn run(
    core: &mut Core,
    screen: &mut Screen,
    inbox: &mut Receiver<Message>,
    clock: &Clock,
    edges: &Edges,
    panic_after: Option<Duration>,
) -> std::io::Result<Ended> {
    let panics_at = panic_after.map(|after| Clock::instant() + after);
    let mut drawn = draw(core, screen)?;
    let mut dirty = false;
    let mut tick = drawn + TICK;
    loop {
        let until = if dirty { (drawn + FRAME).min(tick) } else { tick };
        let until = panics_at.map_or(until, |at| until.min(at));
        assert!(
            panics_at.is_none_or(|at| Clock::instant() < at),
            "this panic was asked for by --panic-after"
        );
        let mut change = Change::Nothing;
        match timeout_at(until, inbox.recv()).await {
            Ok(None) => return Ok(Ended::Quit),
            Ok(Some(first)) => {
                // Whatever else waits belongs to the same frame, but a key never waits behind a flood.
                let waiting = std::iter::once(first).chain(std::iter::from_fn(|| inbox.try_recv().ok()));
                for message in waiting.take(BATCH) {
                    let gone = message == Message::TerminalGone;
                    let (changed, effects) = core.handle(message, clock.now());
                    change = change.max(changed);
                    for effect in effects {
                        if effect == Effect::Quit {
                            return Ok(if gone { Ended::TerminalGone } else { Ended::Quit });
                        }
                        perform(effect, core, screen, clock, edges);
                    }
                }
            }
            Err(_) => {
                let now = Clock::instant();
                if now >= tick {
                    tick = now + TICK;
                    let (changed, _) = core.handle(Message::Event(Event::Tick), clock.now());
                    change = change.max(changed);
                }
            }
        }
        dirty |= change != Change::Nothing;
        if change == Change::Operator || (dirty && Clock::instant() >= drawn + FRAME) {
            drawn = draw(core, screen)?;
            dirty = false;
        }
    }
}

fn draw(core: &mut Core, screen: &mut Screen) -> std::io::Result<Instant> {
    let Core { state, ui, .. } = core;
    screen.draw(|frame| ui.draw(state, frame))?;
    Ok(Clock::instant())
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
                    notice(format!("copied {} characters to the terminal's clipboard", text.chars().count()));
                }
                Err(error) => notice(format!("not copied: {error}")),
            }
        }
        Effect::Theme(name) => match (edges.theme)(&name) {
            Ok(theme) => core.ui.set_theme(&theme),
            Err(why) => notice(why),
        },
        Effect::Approve { .. }
        | Effect::Reject { .. }
        | Effect::Snooze { .. }
        | Effect::Arm(_)
        | Effect::Disarm(_)
        | Effect::Veto(_)
        | Effect::CancelChange(_)
        | Effect::RollBack { .. }
        | Effect::FreezeChanges(_) => notice("nothing in this console applies changes: not done".into()),
    }
}
