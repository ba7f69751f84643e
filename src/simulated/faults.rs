//! Which calls fail when: windows on the timeline. Which call of a share is hit depends on seed, operation and
//! time alone.

use chrono::{DateTime, Utc};

use super::ports::call::Operation;
use super::scenario::{Deed, Fault, FaultKind, Scenario};
use super::seeded::fraction;
use super::world::at_second;

#[derive(Debug, Clone)]
struct Window {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    fault: Fault,
}

/// All windows of a scenario.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    windows: Vec<Window>,
}

impl Faults {
    pub(super) fn new(scenario: &Scenario, origin: DateTime<Utc>, speed: f64) -> Self {
        let windows = scenario
            .happenings
            .iter()
            .filter_map(|h| match &h.deed {
                Deed::Fault(fault) => Some(Window {
                    from: at_second(origin, speed, h.after),
                    until: at_second(origin, speed, h.after + fault.lasts),
                    fault: fault.clone(),
                }),
                _ => None,
            })
            .collect();
        Self { windows }
    }

    /// When credentials end next, or ended last: the windows in which every call is refused for them.
    pub(super) fn expired(&self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let mut windows = self
            .windows
            .iter()
            .filter(|w| w.fault.kind == FaultKind::ExpiredCredentials)
            .map(|w| (w.from, w.until));
        windows.clone().find(|(_, until)| now < *until).or_else(|| windows.next_back())
    }

    /// Somebody has signed in: what was expired is not any more.
    pub(super) fn signed_in(&mut self, now: DateTime<Utc>) {
        for window in &mut self.windows {
            if window.fault.kind == FaultKind::ExpiredCredentials && window.from <= now {
                window.until = window.until.min(now);
            }
        }
    }

    /// How a call at `now` fails, if it does; the fault planned first wins.
    pub(super) fn strike(&self, seed: u64, operation: Operation, now: DateTime<Utc>) -> Option<FaultKind> {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        self.windows
            .iter()
            .filter(|w| w.from <= now && now < w.until)
            .filter(|w| w.fault.service.as_deref().is_none_or(|s| s == operation.service))
            .filter(|w| w.fault.operation.as_deref().is_none_or(|o| o == operation.name))
            .zip(0_u64..)
            .find(|(w, n)| {
                w.fault.share >= 1.0
                    || fraction(seed.wrapping_add(*n), operation.name, millis) < w.fault.share
            })
            .map(|(w, _)| w.fault.kind)
    }
}
