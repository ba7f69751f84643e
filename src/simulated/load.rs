//! The load that the world is under: files created and client operations, as curves over the scenario's time.
//!
//! Load runs in real time, whatever the speed of the clock (speed scales what AWS makes one wait for): a clock
//! ten times as fast sees a tenth of the load in each of its minutes.

use chrono::{DateTime, TimeDelta, Utc};

use super::scenario::{LoadStep, Scenario};

/// Seconds with three digits behind the point.
pub(super) fn seconds_of(d: TimeDelta) -> f64 {
    d.num_milliseconds() as f64 / 1000.0
}

/// A value over time: constant, then straight lines between corners, then constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    /// Second and value, in the order of time.
    corners: Vec<(f64, f64)>,
}

impl Curve {
    /// One value of the steps of a scenario.
    fn of(scenario: &Scenario, value: fn(&LoadStep) -> Option<f64>) -> Self {
        let mut curve = Self::constant(0.0);
        for step in &scenario.load {
            let (at, ramp) = (seconds_of(step.at), seconds_of(step.ramp));
            match value(step) {
                Some(value) if at <= 0.0 && ramp <= 0.0 => curve = Self::constant(value),
                Some(value) => curve.turn(at, value, ramp),
                None => {}
            }
        }
        curve
    }

    fn constant(value: f64) -> Self {
        Self { corners: vec![(0.0, value)] }
    }

    /// From `at` on goes to `value` within `ramp` seconds. What was planned for later is forgotten.
    fn turn(&mut self, at: f64, value: f64, ramp: f64) {
        let before = self.at(at);
        self.corners.retain(|(t, _)| *t < at);
        self.corners.push((at, before));
        self.corners.push((at + ramp, value));
    }

    /// The value at a second.
    pub(super) fn at(&self, s: f64) -> f64 {
        let after = self.corners.partition_point(|(t, _)| *t <= s);
        let before = after.checked_sub(1).and_then(|i| self.corners.get(i));
        match (before, self.corners.get(after)) {
            (Some((t0, v0)), Some((t1, v1))) => v0 + (v1 - v0) * (s - t0) / (t1 - t0),
            (Some((_, v)), None) | (None, Some((_, v))) => *v,
            (None, None) => 0.0,
        }
    }

    /// The area under the curve between two seconds.
    pub(super) fn between(&self, from: f64, to: f64) -> f64 {
        if to < from {
            return -self.between(to, from);
        }
        let inside = self.corners.iter().map(|c| c.0).filter(|t| *t > from && *t < to);
        let mut area = 0.0;
        let mut left = from;
        for right in inside.chain([to]) {
            // Just right of `left`: a corner may be a jump.
            let middle = f64::midpoint(left, right);
            area += self.at(middle) * (right - left);
            left = right;
        }
        area
    }
}

impl Scenario {
    /// Impressions a second: second of the scenario and value, in straight lines between them; constant before the
    /// first and after the last.
    pub fn requests_per_s(&self) -> Vec<(f64, f64)> {
        Curve::of(self, |step| step.requests_per_s).corners
    }
}

/// Both curves on the clock of the world.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Load {
    origin: DateTime<Utc>,
    speed: f64,
    files: f64,
    files_per_s: Curve,
    ops_per_s: Curve,
}

impl Load {
    pub(super) fn new(scenario: &Scenario, origin: DateTime<Utc>, speed: f64) -> Self {
        let files_per_s = Curve::of(scenario, |step| step.files_per_s);
        let ops_per_s = Curve::of(scenario, |step| step.ops_per_s);
        Self { origin, speed, files: scenario.world.files as f64, files_per_s, ops_per_s }
    }

    /// The second of the scenario at an instant of the world; before the start it is negative.
    pub(super) fn second(&self, at: DateTime<Utc>) -> f64 {
        seconds_of(at - self.origin) / self.speed
    }

    /// Files that exist at an instant.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped at zero")]
    pub(super) fn files(&self, at: DateTime<Utc>) -> u64 {
        (self.files + self.files_per_s.between(0.0, self.second(at))).max(0.0) as u64
    }

    /// Files created between two instants.
    pub(super) fn created(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
        self.files_per_s.between(self.second(from), self.second(to))
    }

    /// Operations that clients asked for between two instants.
    pub(super) fn asked(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
        self.ops_per_s.between(self.second(from), self.second(to))
    }

    /// Operations a second at an instant.
    pub(super) fn ops_per_s(&self, at: DateTime<Utc>) -> f64 {
        self.ops_per_s.at(self.second(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_in_straight_lines_and_its_area_is_exact() {
        let mut curve = Curve::constant(10.0);
        curve.turn(60.0, 110.0, 20.0);
        curve.turn(100.0, 0.0, 0.0);
        for (s, v) in [(-5.0, 10.0), (0.0, 10.0), (59.0, 10.0), (70.0, 60.0), (90.0, 110.0), (100.0, 0.0)] {
            assert!((curve.at(s) - v).abs() < 1e-9, "{s}: {}", curve.at(s));
        }
        let area = 600.0 + 1200.0 + 2200.0;
        assert!((curve.between(0.0, 200.0) - area).abs() < 1e-9, "{}", curve.between(0.0, 200.0));
        assert!((curve.between(200.0, 0.0) + area).abs() < 1e-9);
        assert!((curve.between(-10.0, 0.0) - 100.0).abs() < 1e-9);
    }
}
