//! State, screens and keymap as one object without a terminal, a clock or a channel. The real loop and the
//! tests drive the same one.

use chrono::{DateTime, Utc};
use crokey::{KeyCombination, key};
use crossterm::event::{KeyCode, KeyModifiers};

use crate::app::action::TextEdit;
use crate::app::effect::Effect;
use crate::app::event::{EnvironmentIndex, Event};
use crate::app::state::State;
use crate::app::update::update;
use crate::config::keymap::{Chord, Keymap, Resolution};
use crate::engine::tail::spill::Spill;
use crate::ui::which_key::Pending;
use crate::ui::{Reply, Ui};

use super::inbox::Message;

/// Stops programs everywhere, so no keymap may bind it; in raw mode it arrives as a key.
const SUSPEND: KeyCombination = key!(ctrl - z);

/// The program without its edges.
pub struct Core {
    /// What is known.
    pub state: State,
    /// What is shown.
    pub ui: Ui,
    keymap: Keymap,
    pending: Vec<Chord>,
    /// Files for the log lines that are no longer held.
    spills: Vec<(EnvironmentIndex, Spill)>,
}

/// What a message changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing that could be seen.
    Nothing,
    /// Data: draw with the next frame.
    Data,
    /// An answer to the operator: draw at once.
    Operator,
}

/// What a slice of work came to.
#[derive(Debug, PartialEq)]
pub struct Worked {
    /// There is more.
    pub left: bool,
    /// What can be seen of it.
    pub change: Change,
    /// What is to be done now.
    pub effects: Vec<Effect>,
}

impl Core {
    /// Joins the parts.
    pub fn new(state: State, ui: Ui, keymap: Keymap) -> Self {
        Self { state, ui, keymap, pending: Vec::new(), spills: Vec::new() }
    }

    /// Writes log lines of an environment that are no longer held to a file; its desk has to keep them for that.
    pub fn spill(&mut self, environment: EnvironmentIndex, spill: Spill) {
        self.spills.push((environment, spill));
    }

    /// The files, to be finished.
    pub fn take_spills(&mut self) -> Vec<Spill> {
        std::mem::take(&mut self.spills).into_iter().map(|(_, spill)| spill).collect()
    }

    /// Takes one message that happened at `now`.
    pub fn handle(&mut self, message: Message, now: DateTime<Utc>) -> (Change, Vec<Effect>) {
        let frozen = self.state.frozen.is_some();
        let answer = self.take(message, now);
        if frozen && self.state.frozen.is_none() {
            self.ui.thaw();
        }
        for (environment, spill) in &self.spills {
            let desk = self.ui.desk(*environment);
            let dropped = desk.take_dropped();
            if !dropped.is_empty() {
                spill.take(dropped);
            }
            let state = spill.state();
            desk.spilled(state.lines, state.lost);
        }
        answer
    }

    fn take(&mut self, message: Message, now: DateTime<Utc>) -> (Change, Vec<Effect>) {
        match message {
            Message::Key(key) => (Change::Operator, self.key(key, now)),
            Message::Paste(text) if self.ui.wants_text(&self.state) => {
                self.ui.edit(&TextEdit::Paste(text), &self.state);
                (Change::Operator, Vec::new())
            }
            Message::Paste(text) => {
                let notice =
                    format!("pasted text ignored ({} characters): keys must be typed", text.chars().count());
                (Change::Operator, update(&mut self.state, Event::Notice(notice), now))
            }
            Message::Resize | Message::Continued => (Change::Operator, Vec::new()),
            Message::Shown { .. } => (Change::Nothing, Vec::new()),
            Message::Stop => (Change::Nothing, vec![Effect::Suspend]),
            Message::Terminate(_) | Message::TerminalGone => {
                (Change::Nothing, update(&mut self.state, Event::Terminate, now))
            }
            Message::Event(event) => {
                self.logged(&event);
                // While frozen, only what the operator causes may change the screen.
                let notice = self.state.notice.is_some();
                let effects = update(&mut self.state, event, now);
                let same = notice == self.state.notice.is_some() && self.pending.is_empty();
                let quiet = self.state.frozen.is_some() && same;
                (if quiet { Change::Nothing } else { Change::Data }, effects)
            }
        }
    }

    /// Lines of logs are held beside the state.
    fn logged(&mut self, event: &Event) {
        if let Event::Logged { environment, batch } = event
            && *environment < self.state.environments.len()
        {
            self.ui.desk(*environment).take(batch, self.state.frozen.is_some());
        }
    }

    /// Does a part of what waits until there is time for it, as much as about `bytes` of text take.
    pub fn work(&mut self, bytes: usize) -> Worked {
        let work = self.ui.work(&self.state, bytes);
        let change = match (work.seen, work.awaited) {
            (true, true) => Change::Operator,
            (true, false) => Change::Data,
            (false, _) => Change::Nothing,
        };
        Worked { left: work.left, change, effects: work.effect.into_iter().collect() }
    }

    fn key(&mut self, key: KeyCombination, now: DateTime<Utc>) -> Vec<Effect> {
        if key == SUSPEND {
            return vec![Effect::Suspend];
        }
        let Some(chord) = Chord::of(key) else { return Vec::new() };
        self.pending.push(chord);
        let contexts = self.ui.contexts(&self.state);
        let resolution = match self.keymap.resolve(&contexts, &self.pending) {
            // A chord that ends no sequence may still begin one or stand alone.
            Resolution::None if self.pending.len() > 1 => {
                self.pending.drain(..self.pending.len() - 1);
                self.keymap.resolve(&contexts, &self.pending)
            }
            other => other,
        };
        let effects = match resolution {
            Resolution::Prefix => {
                let next = self.keymap.following(&contexts, &self.pending);
                self.ui.set_pending(Pending { typed: self.typed(), next, at: now });
                return Vec::new();
            }
            Resolution::Action(action) => {
                let typed = self.typed();
                self.ui.pressed(&typed, Some(action), now);
                match self.ui.on(action, &self.state) {
                    None => Vec::new(),
                    Some(Reply::Event(event)) => update(&mut self.state, event, now),
                    Some(Reply::Effect(effect)) => vec![effect],
                }
            }
            Resolution::None => {
                // What is typed as text is told to nobody: it may be a secret.
                if !self.ui.wants_text(&self.state) {
                    let typed = self.typed();
                    self.ui.pressed(&typed, None, now);
                } else if let Some(edit) = text_edit(key) {
                    self.ui.edit(&edit, &self.state);
                }
                Vec::new()
            }
        };
        self.pending.clear();
        self.ui.set_pending(Pending::default());
        effects
    }

    /// The chords typed so far, as a keymap writes them.
    fn typed(&self) -> String {
        self.pending.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// What an unbound key does in a text field.
fn text_edit(key: KeyCombination) -> Option<TextEdit> {
    let crokey::OneToThree::One(code) = key.codes else { return None };
    match (code, key.modifiers) {
        (KeyCode::Backspace, _) => Some(TextEdit::Backspace),
        (KeyCode::Char('w'), KeyModifiers::CONTROL) => Some(TextEdit::DeleteWord),
        (KeyCode::Char('u'), KeyModifiers::CONTROL) => Some(TextEdit::Clear),
        (KeyCode::Char(c), KeyModifiers::SHIFT) => {
            Some(TextEdit::Insert(c.to_uppercase().next().unwrap_or(c)))
        }
        (KeyCode::Char(c), KeyModifiers::NONE) => Some(TextEdit::Insert(c)),
        _ => None,
    }
}
