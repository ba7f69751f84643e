//! How much failure is allowed, how much of it is spent, and how fast: objective, error budget and burn rates over
//! any period, 30 days or a round of two hours.
//!
//! Everything counts requests, not minutes. Nothing to count is "no data" (`None`), never 100 %: neither slots that
//! nobody measured nor such in which nobody came say how the service is.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The rate that the workshop wants to reach, in requests a second; the line that charts show.
pub const GOAL_PER_S: f64 = 30_000.0;

/// Slots that a period is divided into at most, so that memory does not grow with its length: 30 days are kept by
/// the minute.
const SLOTS: i64 = 43_200;

/// Share of requests that shall succeed, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Objective(f64);

impl Default for Objective {
    /// 99.90 %.
    fn default() -> Self {
        Self(0.999)
    }
}

impl Objective {
    /// A share from 0 to 1; `None` for anything else.
    pub fn new(ratio: f64) -> Option<Self> {
        (0.0..=1.0).contains(&ratio).then_some(Self(ratio))
    }

    /// As a share.
    pub fn ratio(self) -> f64 {
        self.0
    }

    /// Share of requests that may fail.
    pub fn allowed(self) -> f64 {
        // 1 - 0.999 is 0.001 and a bit; the bit would stand in every burn rate.
        ((1.0 - self.0) * 1e12).round() / 1e12
    }

    /// Whether `good` of `total` requests are enough; `None` without a request.
    pub fn met(self, good: u64, total: u64) -> Option<bool> {
        // A millionth of a request of tolerance: 999 of 1000 are 0.999, whatever floats make of it.
        (total > 0).then_some(good as f64 + 1e-6 >= self.0 * total as f64)
    }

    /// How long everything may fail in `period`, at even traffic: 5 minutes of a year at 99.999 %.
    pub fn allowed_downtime(self, period: TimeDelta) -> TimeDelta {
        times(period, self.allowed())
    }
}

impl TryFrom<f64> for Objective {
    type Error = String;

    fn try_from(ratio: f64) -> Result<Self, String> {
        Self::new(ratio).ok_or_else(|| "a share from 0 to 1 such as 0.999 is expected".to_owned())
    }
}

impl From<Objective> for f64 {
    fn from(objective: Objective) -> Self {
        objective.0
    }
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a share such as 0.999 or 99.9% is expected".to_owned();
        let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |number| (number.trim_end(), 100.0));
        let number: f64 = number.parse().map_err(|_| wrong())?;
        Self::new(number / scale).ok_or_else(wrong)
    }
}

impl fmt::Display for Objective {
    /// `99.90 %`, `99.999 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:.6}", self.0 * 100.0);
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        write!(f, "{whole}.{:0<2} %", fraction.trim_end_matches('0'))
    }
}

/// A float of a duration, saturating.
#[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates")]
pub(super) fn times(duration: TimeDelta, factor: f64) -> TimeDelta {
    let ms = duration.num_milliseconds() as f64 * factor;
    TimeDelta::try_milliseconds(ms as i64).unwrap_or(TimeDelta::MAX)
}

/// Requests by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Succeeded.
    pub good: u64,
    /// Failed.
    pub bad: u64,
}

impl Counts {
    /// All of them.
    pub fn total(self) -> u64 {
        self.good.saturating_add(self.bad)
    }

    /// Share that succeeded; `None` without a request.
    pub fn success_ratio(self) -> Option<f64> {
        (self.total() > 0).then(|| self.good as f64 / self.total() as f64)
    }

    /// With those of `other`.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { good: self.good.saturating_add(other.good), bad: self.bad.saturating_add(other.bad) }
    }

    /// How many times faster than evenly the budget goes: 1 spends exactly all of it in its period.
    fn burn(self, objective: Objective) -> Option<f64> {
        let bad = 1.0 - self.success_ratio()?;
        let bad = if self.bad == 0 { 0.0 } else { bad };
        Some(if bad == 0.0 { 0.0 } else { bad / objective.allowed() })
    }
}

/// Requests over time, in slots of equal length. A slot that is not there was not measured; one with zeros was,
/// and nobody came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    slot_ms: i64,
    period_ms: i64,
    slots: BTreeMap<i64, Counts>,
}

impl Series {
    /// For windows up to `period` (at least a second), by the second, or coarser where that would be more than
    /// 43 200 slots.
    pub fn for_period(period: TimeDelta) -> Self {
        let period_ms = period.num_milliseconds().max(1000);
        let slot_ms = (period_ms / SLOTS / 1000 * 1000).max(1000);
        Self { slot_ms, period_ms, slots: BTreeMap::new() }
    }

    /// The same with slots of a given length, such as the minutes of a metric.
    #[must_use]
    pub fn with_slot(mut self, slot: TimeDelta) -> Self {
        self.slot_ms = slot.num_milliseconds().max(1);
        self
    }

    /// The longest window it is for.
    pub fn period(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.period_ms)
    }

    /// How long a slot is.
    pub fn slot(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.slot_ms)
    }

    fn index(&self, at: DateTime<Utc>) -> i64 {
        at.timestamp_millis().div_euclid(self.slot_ms)
    }

    /// Adds what was counted at `at`. What is older than the period is forgotten.
    pub fn add(&mut self, at: DateTime<Utc>, counts: Counts) {
        let slot = self.slots.entry(self.index(at)).or_default();
        *slot = slot.plus(counts);
        self.forget();
    }

    /// Says anew what the slot of `at` holds: a metric's last minutes grow while they are read again.
    pub fn replace(&mut self, at: DateTime<Utc>, counts: Counts) {
        self.slots.insert(self.index(at), counts);
        self.forget();
    }

    fn forget(&mut self) {
        let Some((newest, _)) = self.slots.last_key_value() else { return };
        let oldest = newest - self.period_ms / self.slot_ms - 1;
        while self.slots.first_key_value().is_some_and(|(slot, _)| *slot < oldest) {
            self.slots.pop_first();
        }
    }

    /// The measured slots that `window` before `now` touches, oldest first, with their beginnings.
    pub fn slots(
        &self,
        now: DateTime<Utc>,
        window: TimeDelta,
    ) -> impl DoubleEndedIterator<Item = (DateTime<Utc>, Counts)> {
        // A window before time itself, or none at all, touches the slot of now.
        let from = now.checked_sub_signed(window.max(TimeDelta::zero())).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let (first, last) = (self.index(from), self.index(now));
        self.slots.range(first..=last).map(|(slot, counts)| (self.begin(*slot), *counts))
    }

    fn begin(&self, slot: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(slot.saturating_mul(self.slot_ms)).unwrap_or_default()
    }

    /// All requests of the slots that `window` before `now` touches; `None` if nothing was measured in it.
    pub fn counts(&self, now: DateTime<Utc>, window: TimeDelta) -> Option<Counts> {
        self.slots(now, window).map(|(_, counts)| counts).reduce(Counts::plus)
    }

    /// Share of requests that succeeded; `None` without a request.
    pub fn success_ratio(&self, now: DateTime<Utc>, window: TimeDelta) -> Option<f64> {
        self.counts(now, window)?.success_ratio()
    }

    /// Requests a second over the whole slots of `window` that were measured. The slot of `now` is still filling.
    pub fn per_s(&self, now: DateTime<Utc>, window: TimeDelta) -> Option<f64> {
        let (total, slots) = self.whole(now, window);
        let seconds = slots as f64 * self.slot_ms as f64 / 1000.0;
        (slots > 0).then(|| total.total() as f64 / seconds)
    }

    /// Counts of the whole slots inside `window`, and how many of them were measured.
    fn whole(&self, now: DateTime<Utc>, window: TimeDelta) -> (Counts, i64) {
        let slot = self.slot();
        self.slots(now, window)
            .filter(|(begin, _)| *begin >= now - window && *begin + slot <= now)
            .fold((Counts::default(), 0), |(sum, n), (_, counts)| (sum.plus(counts), n + 1))
    }

    /// Whether the service held `per_s` with `objective` for all of `held`; `None` if not all of it was measured.
    pub fn goal_met(
        &self,
        objective: Objective,
        per_s: f64,
        now: DateTime<Utc>,
        held: TimeDelta,
    ) -> Option<bool> {
        let (counts, slots) = self.whole(now, held);
        // `now` falls into a slot, so one slot less than fit may be whole.
        let needed = (held.num_milliseconds() / self.slot_ms - 1).max(1);
        if slots < needed {
            return None;
        }
        let met = objective.met(counts.good, counts.total()).unwrap_or(false);
        Some(met && self.per_s(now, held)? >= per_s)
    }

    /// How many times faster than evenly the budget went in `window`; `None` without a request.
    pub fn burn(&self, objective: Objective, now: DateTime<Utc>, window: TimeDelta) -> Option<f64> {
        self.counts(now, window)?.burn(objective)
    }

    /// The error budget of the period up to `now`; `None` without a request.
    pub fn budget(&self, objective: Objective, now: DateTime<Utc>) -> Option<Budget> {
        let counts = self.counts(now, self.period())?;
        let slots = self.slots(now, self.period()).count();
        let measured =
            self.slot_ms.saturating_mul(i64::try_from(slots).unwrap_or(i64::MAX)).min(self.period_ms);
        let share = measured as f64 / self.period_ms as f64;
        Some(Budget {
            period: self.period(),
            measured: TimeDelta::milliseconds(measured),
            counts,
            spent: counts.burn(objective)? * share,
        })
    }
}

/// What may fail in a period, and how much of it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// The period.
    pub period: TimeDelta,
    /// How much of it was measured. The rest is taken to be as busy and without a failure, so before all of it was
    /// measured the budget is at most what is said here.
    pub measured: TimeDelta,
    /// Requests in it.
    pub counts: Counts,
    /// Share that is spent; more than 1 once the objective is missed.
    pub spent: f64,
}

/// When the budget will be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLeft {
    /// It is.
    Gone,
    /// If failures go on as they do now.
    In(TimeDelta),
    /// Nothing fails now.
    Never,
}

impl Budget {
    /// Share that is left; negative once the objective is missed.
    pub fn left(&self) -> f64 {
        1.0 - self.spent
    }

    /// When it will be gone at a burn rate of `burn`. Old failures that leave the window meanwhile are not counted
    /// on.
    pub fn time_left(&self, burn: f64) -> TimeLeft {
        if self.spent >= 1.0 {
            TimeLeft::Gone
        } else if burn > 0.0 {
            TimeLeft::In(times(self.period, self.left() / burn))
        } else {
            TimeLeft::Never
        }
    }
}
