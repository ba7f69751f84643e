//! The time axis that the graphs of impressions and the timeline share: how far back it reaches, where its slots begin, and which of
//! them an instant falls into.
//!
//! Load runs in real time, so the axis is of the service's clock; what is dated by the environment's, such as a
//! deployment, is brought onto it, also where a demo lets that clock run faster.

mod mark;
mod story;
mod told;

use chrono::{DateTime, TimeDelta, Utc};

use super::view::View;

pub use mark::{Kind, Mark, marks};
pub use story::{Rows, rows, story};
pub use told::{accepted, recorded, slowest};

/// What the graphs can reach back, in seconds.
const SPANS: [i64; 8] = [120, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400];

/// Lengths of a slot in seconds: such as people count in.
const STEPS: [i64; 30] = [
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60, 120, 180, 300, 480, 600, 900, 1200, 1800, 3600,
    7200, 10_800, 14_400, 21_600, 43_200, 86_400,
];

/// Which of the spans is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zoom(usize);

impl Default for Zoom {
    /// A quarter of an hour.
    fn default() -> Self {
        Self(2)
    }
}

impl Zoom {
    /// How far back.
    pub fn span(self) -> TimeDelta {
        TimeDelta::seconds(SPANS.get(self.0).copied().unwrap_or(900))
    }

    /// The next shorter one, as far as there is one.
    #[must_use]
    pub fn shorter(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The next longer one, as far as there is one.
    #[must_use]
    pub fn longer(self) -> Self {
        Self((self.0 + 1).min(SPANS.len() - 1))
    }
}

/// A window of whole seconds in one unit where it is a whole number of it: `30 min`, `3 d`.
pub fn window(length: TimeDelta) -> String {
    let s = length.num_seconds();
    match [(86_400, "d"), (3600, "h"), (60, "min")].into_iter().find(|(unit, _)| s >= *unit && s % unit == 0)
    {
        Some((unit, name)) => format!("{} {name}", s / unit),
        None if s >= 120 => crate::domain::units::duration(length),
        None => format!("{s} s"),
    }
}

/// What was counted between two instants of the service's clock, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Its beginning.
    pub from_ms: i64,
    /// Its end.
    pub to_ms: i64,
    /// Succeeded, or recorded.
    pub good: f64,
    /// Failed.
    pub bad: f64,
}

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Slot {
    good: f64,
    bad: f64,
    covered_ms: i64,
}

impl Slot {
    /// Good ones a second of the time that was measured; `None` if none of it was.
    pub fn per_s(self) -> Option<f64> {
        (self.covered_ms > 0).then(|| self.good * 1000.0 / self.covered_ms as f64)
    }

    /// Share that succeeded; `None` without a request.
    pub fn success(self) -> Option<f64> {
        (self.good + self.bad > 0.0).then(|| self.good / (self.good + self.bad))
    }
}

/// The axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// End of the newest slot, which is still filling.
    end_ms: i64,
    slot_ms: i64,
    /// Slots.
    pub len: usize,
    now: DateTime<Utc>,
    service_now: DateTime<Utc>,
    speed: f64,
}

impl Axis {
    /// The axis of at most `columns` slots for the span that is shown.
    pub fn new(view: &View<'_>, columns: usize) -> Self {
        let columns = i64::try_from(columns.max(1)).unwrap_or(1);
        let span = view.zoom.span().num_seconds();
        let slot = STEPS.iter().copied().find(|s| s * columns >= span).unwrap_or(span / columns + 1);
        let service_now = view.world.impressions.service_now(view.now);
        let end = (service_now.timestamp().div_euclid(slot) + 1) * slot;
        Self {
            end_ms: end * 1000,
            slot_ms: slot * 1000,
            len: usize::try_from((span + slot - 1) / slot).unwrap_or(1),
            now: view.now,
            service_now,
            speed: view.state.speed,
        }
    }

    /// Beginning of the oldest slot, in milliseconds.
    pub fn from_ms(&self) -> i64 {
        self.end_ms - self.slot_ms * i64::try_from(self.len).unwrap_or(0)
    }

    /// The time from the beginning of the axis to `newest`, by the environment's clock or the service's.
    #[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates")]
    fn window(&self, newest_ms: i64, of_environment: bool) -> TimeDelta {
        let factor = if of_environment { self.speed } else { 1.0 };
        let ms = (newest_ms - self.from_ms()).max(0) as f64 * factor;
        TimeDelta::try_milliseconds(ms as i64).unwrap_or(TimeDelta::MAX)
    }

    /// Time of one slot.
    pub fn slot(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.slot_ms)
    }

    /// The service's time when the environment's was `at`.
    #[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates")]
    pub fn service_time(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let back = (self.now - at).num_milliseconds() as f64 / self.speed.max(f64::MIN_POSITIVE);
        let back = TimeDelta::try_milliseconds(back as i64).unwrap_or(TimeDelta::zero());
        self.service_now.checked_sub_signed(back).unwrap_or(self.service_now)
    }

    /// The slot of an instant of the service's clock; `None` if it lies outside.
    pub fn place(&self, at: DateTime<Utc>) -> Option<usize> {
        self.index(at.timestamp_millis())
    }

    fn index(&self, ms: i64) -> Option<usize> {
        let index = usize::try_from((ms - self.from_ms()).div_euclid(self.slot_ms)).ok()?;
        (index < self.len).then_some(index)
    }

    /// What falls into each slot; a stretch over several is shared out evenly.
    #[expect(clippy::indexing_slicing, reason = "an index is below the length of the axis")]
    pub fn fill(&self, stretches: &[Stretch]) -> Vec<Slot> {
        let mut slots = vec![Slot::default(); self.len];
        for s in stretches {
            let length = (s.to_ms - s.from_ms) as f64;
            let mut at = s.from_ms.max(self.from_ms());
            while let Some(i) = self.index(at).filter(|_| at < s.to_ms) {
                let next = (at.div_euclid(self.slot_ms) + 1) * self.slot_ms;
                let until = next.min(s.to_ms);
                let share = (until - at) as f64 / length;
                slots[i].good += s.good * share;
                slots[i].bad += s.bad * share;
                slots[i].covered_ms += until - at;
                at = until;
            }
        }
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(slot_ms: i64, len: usize) -> Axis {
        let now = DateTime::from_timestamp(100, 0).unwrap();
        Axis { end_ms: 100_000, slot_ms, len, now, service_now: now, speed: 1.0 }
    }

    #[test]
    fn what_spans_slots_is_shared_out_and_gaps_stay() {
        let stretch = |from_ms, to_ms, good, bad| Stretch { from_ms, to_ms, good, bad };
        let slots = axis(10_000, 4).fill(&[
            stretch(50_000, 70_000, 20.0, 0.0),
            stretch(75_000, 80_000, 50.0, 50.0),
            stretch(95_000, 105_000, 10.0, 0.0),
        ]);
        let rates: Vec<_> = slots.iter().map(|s| s.per_s()).collect();
        assert_eq!(rates, [Some(1.0), Some(10.0), None, Some(1.0)]);
        assert_eq!(slots[1].success(), Some(0.5));
        assert_eq!((slots[2].success(), Slot { covered_ms: 5, ..Slot::default() }.success()), (None, None));
    }

    #[test]
    fn an_instant_of_a_fast_environment_is_brought_onto_the_axis() {
        let fast = Axis { speed: 10.0, ..axis(10_000, 4) };
        let at = |s: i64| DateTime::from_timestamp(s, 0).unwrap();
        assert_eq!(fast.service_time(at(0)), at(90));
        assert_eq!(fast.place(fast.service_time(at(0))), Some(3));
        assert_eq!((fast.place(at(60)), fast.place(at(59)), fast.place(at(100))), (Some(0), None, None));
    }

    #[test]
    fn windows_are_in_whole_units() {
        let words: Vec<_> = [1, 10, 60, 90, 300, 720, 3600, 21_600, 259_200, 150]
            .map(|s| window(TimeDelta::seconds(s)))
            .to_vec();
        let wanted = ["1 s", "10 s", "1 min", "90 s", "5 min", "12 min", "1 h", "6 h", "3 d", "2 min 30 s"];
        assert_eq!(words, wanted);
    }

    #[test]
    fn zoom_ends_at_both_ends() {
        let (mut short, mut long) = (Zoom::default(), Zoom::default());
        for _ in 0..20 {
            (short, long) = (short.shorter(), long.longer());
        }
        assert_eq!((short.span(), long.span()), (TimeDelta::minutes(2), TimeDelta::days(30)));
    }
}
