//! What must hold for the keys of changes: none of them is a key that terminals, multiplexers and other
//! programs use for something harmless, and yes is never a key that means anything else.

use super::keymap::{Binding, Chord};
use crate::app::action::Action;

/// Actions that change something, or open the question before it.
const CHANGES: &[Action] = &[
    Action::Approve,
    Action::Reject,
    Action::Snooze,
    Action::Confirm,
    Action::Arm,
    Action::CancelChange,
    Action::RollBack,
    Action::FreezeChanges,
];

/// Chords that hands type without looking: of screen, tmux, flow control, suspend and quit, readline, vi.
const NEVER: &[&str] = &["ctrl-a", "ctrl-b", "ctrl-s", "ctrl-q", "ctrl-z", "ctrl-\\", "ctrl-k", "ctrl-d"];

/// Why `chord` must not be part of a binding of `run`.
pub(super) fn forbidden(run: Action, chord: &Chord) -> Option<String> {
    if !CHANGES.contains(&run) {
        return None;
    }
    let digit = chord.0.len() == 1 && chord.0.bytes().all(|b| b.is_ascii_digit());
    (digit || NEVER.contains(&chord.0.as_str()))
        .then(|| format!("a key that is not typed without looking: {} must never mean a change", chord.0))
}

/// Whether `other` contains the last chord of yes, so that a held or hasty key could open a question and
/// answer it.
pub(super) fn shares_yes(yes: &Binding, other: &Binding) -> bool {
    other.run != Action::Confirm && yes.on.last().is_some_and(|last| other.on.contains(last))
}
