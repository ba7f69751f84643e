//! How a change is carried out: waits, answers, the lease; `[environment.apply]`.

use std::time::Duration;

use super::field::Field::Span;
use super::field::Setting;
use super::model::Environment;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Timing of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apply {
    /// Between two looks at something that takes time.
    pub poll: Duration,
    /// An answer that has not come by then is lost.
    pub answer: Duration,
    /// After a lost answer the call may still take effect for this long.
    pub settle: Duration,
    /// Between the two looks that together say that it did not.
    pub second_look: Duration,
    /// A lost outcome that reading has not found by then is a human's.
    pub give_up: Duration,
    /// First wait before a throttled call is considered again; doubles.
    pub back_off: Duration,
    /// The lease is taken for this long, and renewed when half of it is over.
    pub lease: Duration,
    /// Between two evaluations of `miharu autopilot`.
    pub evaluate_every: Duration,
}

impl Default for Apply {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            poll: s(5),
            answer: s(30),
            settle: s(60),
            second_look: s(15),
            give_up: s(600),
            back_off: s(5),
            lease: s(120),
            evaluate_every: s(60),
        }
    }
}

/// The settings.
pub(super) fn apply() -> impl Iterator<Item = Setting<Environment>> {
    [
        Setting::new(
            "policy.evaluate_every",
            "Time between two evaluations of autopilot; each reads every source once.",
            Span(10..=HOUR, |e: &mut Environment| &mut e.apply.evaluate_every),
        ),
        Setting::new(
            "apply.poll",
            "Time between two looks at a change under way.",
            Span(1..=MINUTE, |e| &mut e.apply.poll),
        ),
        Setting::new(
            "apply.answer",
            "An answer that has not come within this is lost, and what became of the call is read back.",
            Span(1..=MINUTE, |e| &mut e.apply.answer),
        ),
        Setting::new(
            "apply.settle",
            "After a lost answer the call may still take effect for this long; before that nothing is called failed.",
            Span(2..=HOUR, |e| &mut e.apply.settle),
        ),
        Setting::new(
            "apply.second_look",
            "Time between the two looks that together say that a call had no effect.",
            Span(1..=10 * MINUTE, |e| &mut e.apply.second_look),
        ),
        Setting::new(
            "apply.give_up",
            "A lost outcome that reading has not found within this is left to a human.",
            Span(10..=6 * HOUR, |e| &mut e.apply.give_up),
        ),
        Setting::new(
            "apply.back_off",
            "First wait before a throttled call is considered again; doubles.",
            Span(1..=10 * MINUTE, |e| &mut e.apply.back_off),
        ),
        Setting::new(
            "apply.lease",
            "The right to apply is taken for this long, and renewed when half of it is over.",
            Span(4..=HOUR, |e| &mut e.apply.lease),
        ),
    ]
    .into_iter()
}
