//! What happened, of all kinds, on one axis: what a deployment, an alarm, errors in the logs and a burning budget have
//! to do with each other is seen where they stand under one another.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::theme::Role;
use crate::domain::log::histogram::Burst;
use crate::domain::units;
use crate::language::say;
use crate::ui::view::View;

use super::mark::{alarms, marks};
use super::{Axis, Kind, Mark, accepted};

/// Slots in which runs of errors and of burning are found, whatever the width of the screen: so a mark stays the
/// same when the window is resized.
const SLOTS: usize = 120;
/// Slots without errors between two that belong to one run.
const PAUSE: usize = 1;
/// Burn rate from which on a mark stands, where no rule says otherwise.
const BURNS: f64 = 14.4;

/// What is drawn of the story.
pub struct Rows {
    /// Lines of each slot of the axis; `None`: no log line of that time or an earlier one is held.
    pub logs: Option<Vec<Burst>>,
    /// Burn rate of each slot, `None` where nothing was measured.
    pub burn: Vec<Option<f64>>,
}

/// The rows of an axis.
pub fn rows(view: &View<'_>, axis: &Axis) -> Rows {
    let objective = view.world.impressions.terms.objective;
    let allowed = objective.allowed().max(1e-9);
    let slots = axis.fill(&accepted(view, axis));
    let burn = slots.iter().map(|slot| slot.success().map(|success| (1.0 - success) / allowed)).collect();
    Rows { logs: bursts(view, axis), burn }
}

fn bursts(view: &View<'_>, axis: &Axis) -> Option<Vec<Burst>> {
    let ring = view.desk?.ring();
    ring.ends()?;
    let (from, until) = (axis.instant(0), axis.instant(axis.len));
    Some(ring.bursts(from, until, axis.len))
}

/// Everything that happened in the time that is shown, oldest first.
pub fn story(view: &View<'_>) -> Vec<Mark> {
    let axis = Axis::new(view, SLOTS);
    let rows = rows(view, &axis);
    let mut out: Vec<Mark> = marks(view).into_iter().chain(alarms(view)).collect();
    out.retain(|mark| axis.place(axis.service_time(mark.at)).is_some());
    if let Some(bursts) = &rows.logs {
        let errors: Vec<f64> = bursts.iter().map(|burst| burst.errors as f64).collect();
        for (from, to) in runs(&errors, 1.0) {
            let lines: u64 = bursts.iter().take(to).skip(from).map(|burst| burst.errors).sum();
            let words = match lines {
                1 => say("1 error line"),
                n => say(format!("{} error lines in {}", units::thousands(n), lasting(&axis, from, to))),
            };
            let words = words.into_owned();
            out.push(Mark::run(Kind::Errors, axis.slot_ms(from), axis.instant(from), (Role::Bad, words)));
        }
    }
    let burns = view.derived.level.burning.first().map_or(BURNS, |burning| burning.rule.threshold);
    let burn: Vec<f64> = rows.burn.iter().map(|rate| rate.unwrap_or_default()).collect();
    for (from, to) in runs(&burn, burns) {
        let most = burn.iter().take(to).skip(from).copied().fold(0.0, f64::max);
        let lasting = lasting(&axis, from, to);
        let words = say(format!("the budget burns {most:.0} times too fast, for {lasting}")).into_owned();
        out.push(Mark::run(Kind::Burn, axis.slot_ms(from), axis.instant(from), (Role::Bad, words)));
    }
    out.sort_by_key(|mark| (mark.at, mark.kind));
    out
}

fn lasting(axis: &Axis, from: usize, to: usize) -> String {
    let slots = i32::try_from(to - from).unwrap_or(i32::MAX);
    units::duration(axis.slot() * slots)
}

/// Where values are at least `least`: beginnings and ends, over short pauses.
fn runs(values: &[f64], least: f64) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (i, _) in values.iter().enumerate().filter(|(_, value)| **value >= least) {
        match out.last_mut() {
            Some((_, end)) if i <= *end + PAUSE => *end = i + 1,
            _ => out.push((i, i + 1)),
        }
    }
    out
}

impl Axis {
    /// Where slot `index` begins, by the environment's clock.
    pub fn instant(&self, index: usize) -> DateTime<Utc> {
        let behind = self.service_now.timestamp_millis() - self.slot_ms(index);
        #[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates")]
        let back = (behind as f64 * self.speed) as i64;
        let back = TimeDelta::try_milliseconds(back).unwrap_or_default();
        self.now.checked_sub_signed(back).unwrap_or(self.now)
    }

    /// Where slot `index` begins, by the service's clock in milliseconds: the same at each frame.
    pub fn slot_ms(&self, index: usize) -> i64 {
        self.from_ms() + self.slot_ms * i64::try_from(index).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_go_over_a_short_pause_and_end_with_a_longer_one() {
        let values = [0.0, 2.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.5, 9.0];
        assert_eq!(runs(&values, 1.0), [(1, 4), (6, 9)]);
        assert_eq!(runs(&values, 10.0), []);
    }

    #[test]
    fn a_slot_of_the_axis_begins_where_its_instant_is_placed() {
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        for speed in [1.0, 10.0] {
            let service_now = DateTime::from_timestamp(500, 0).unwrap();
            let axis = Axis { end_ms: 510_000, slot_ms: 10_000, len: 6, now, service_now, speed };
            for index in 0..6 {
                let at = axis.instant(index);
                assert_eq!(axis.place(axis.service_time(at)), Some(index), "{speed}");
            }
        }
    }
}
