//! When each request is to start: phases of constant or rising rate, known before the first request leaves.
//! Pure arithmetic: no request is kept anywhere, the n-th start time is computed when it is needed.

use std::time::Duration;

/// A stretch of the load.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// `warm-up`, `ramp`, `steady`, or `2000/s` of a scenario.
    pub name: String,
    /// Requests a second at its beginning.
    pub from_per_s: f64,
    /// Requests a second at its end; in between the rate changes evenly.
    pub to_per_s: f64,
    /// How long it takes.
    pub duration: Duration,
    /// Whether its requests belong to the report. Those of warm-up and ramp do not.
    pub counted: bool,
}

impl Phase {
    /// `duration` at one rate that counts.
    pub fn steady(name: impl Into<String>, per_s: f64, duration: Duration) -> Self {
        Self { name: name.into(), from_per_s: per_s, to_per_s: per_s, duration, counted: true }
    }

    /// How many requests start in it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from float saturates"
    )]
    fn requests(&self) -> u64 {
        (f64::midpoint(self.from_per_s, self.to_per_s) * self.duration.as_secs_f64()).round() as u64
    }

    /// When the `n`-th request of the phase starts, from the phase's beginning: where the area under the line of
    /// the rate reaches `n`.
    fn offset(&self, n: u64) -> Duration {
        let length = self.duration.as_secs_f64();
        let slope = if length > 0.0 { (self.to_per_s - self.from_per_s) / length } else { 0.0 };
        // This form of the quadratic's root loses no digits where the slope is small or nothing.
        let root = (self.from_per_s * self.from_per_s + 2.0 * slope * (n as f64)).max(0.0).sqrt();
        let seconds = if n == 0 { 0.0 } else { 2.0 * (n as f64) / (self.from_per_s + root) };
        Duration::try_from_secs_f64(seconds).unwrap_or(self.duration).min(self.duration)
    }
}

/// A request that is to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// When, from the beginning of the load.
    pub at: Duration,
    /// Whether it belongs to the report.
    pub counted: bool,
}

/// The whole load.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    phases: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
struct Part {
    phase: Phase,
    begins: Duration,
    /// Number of the first request after it.
    end: u64,
    /// Number of its first request.
    first: u64,
}

/// Names of the scenarios, in order of size.
pub const SCENARIOS: [&str; 5] = ["1", "2", "2b", "3", "3b"];

impl Plan {
    /// The phases one after another.
    pub fn new(phases: impl IntoIterator<Item = Phase>) -> Self {
        let (mut begins, mut first) = (Duration::ZERO, 0);
        let phases = phases
            .into_iter()
            .map(|phase| {
                let part = Part { begins, first, end: first + phase.requests(), phase };
                begins += part.phase.duration;
                first = part.end;
                part
            })
            .collect();
        Self { phases }
    }

    /// One rate for `duration`.
    pub fn constant(per_s: f64, duration: Duration) -> Self {
        Self::new([Phase::steady("steady", per_s, duration)])
    }

    /// A scenario of the workshop by name, at `scale` times its rates; `None` for an unknown name.
    pub fn scenario(name: &str, scale: f64) -> Option<Self> {
        let steps: &[(f64, u64)] = match name {
            "1" => &[(10.0, 60), (200.0, 180)],
            "2" => &[(10.0, 60), (200.0, 180), (2_000.0, 180)],
            "3" => &[(10.0, 60), (200.0, 180), (2_000.0, 180), (20_000.0, 180)],
            "2b" => &[(10.0, 30), (2_000.0, 180)],
            "3b" => &[(10.0, 30), (20_000.0, 180)],
            _ => return None,
        };
        Some(Self::new(steps.iter().map(|(per_s, s)| {
            let per_s = per_s * scale;
            Phase::steady(format!("{per_s}/s"), per_s, Duration::from_secs(*s))
        })))
    }

    /// The same load after a warm-up at a tenth of its first rate and an even rise up to it. Neither counts.
    #[must_use]
    pub fn after(self, warm_up: Duration, ramp: Duration) -> Self {
        let per_s = self.phases.first().map_or(0.0, |p| p.phase.from_per_s);
        let low = if warm_up.is_zero() { 0.0 } else { per_s / 10.0 };
        let before = [("warm-up", low, low, warm_up), ("ramp", low, per_s, ramp)];
        let before = before.into_iter().filter(|(_, _, _, duration)| !duration.is_zero()).map(
            |(name, from_per_s, to_per_s, duration)| Phase {
                name: name.to_owned(),
                from_per_s,
                to_per_s,
                duration,
                counted: false,
            },
        );
        Self::new(before.chain(self.phases.into_iter().map(|p| p.phase)))
    }

    /// The `n`-th request, counted from 0; `None` after the last.
    pub fn start(&self, n: u64) -> Option<Start> {
        let part = self.phases.iter().find(|p| n < p.end)?;
        Some(Start { at: part.begins + part.phase.offset(n - part.first), counted: part.phase.counted })
    }

    /// The phase that `at` (from the beginning) falls into; the last one after the end.
    pub fn phase(&self, at: Duration) -> Option<&Phase> {
        let part = self.phases.iter().find(|p| at < p.begins + p.phase.duration).or(self.phases.last());
        part.map(|p| &p.phase)
    }

    /// The phases in order.
    pub fn phases(&self) -> impl Iterator<Item = &Phase> {
        self.phases.iter().map(|p| &p.phase)
    }

    /// How long all of it takes.
    pub fn duration(&self) -> Duration {
        self.phases().map(|p| p.duration).sum()
    }

    /// Requests that belong to the report.
    pub fn counted(&self) -> u64 {
        self.phases.iter().filter(|p| p.phase.counted).map(|p| p.end - p.first).sum()
    }

    /// Requests a second over the counted phases: the mean, where there are several rates.
    pub fn rate_per_s(&self) -> f64 {
        let seconds: f64 = self.phases().filter(|p| p.counted).map(|p| p.duration.as_secs_f64()).sum();
        let requests: f64 = (self.phases().filter(|p| p.counted))
            .map(|p| f64::midpoint(p.from_per_s, p.to_per_s) * p.duration.as_secs_f64())
            .sum();
        if seconds > 0.0 { requests / seconds } else { 0.0 }
    }

    /// The highest rate.
    pub fn peak_per_s(&self) -> f64 {
        self.phases().map(|p| p.from_per_s.max(p.to_per_s)).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_constant_rate_starts_evenly() {
        let plan = Plan::constant(4.0, 2 * S);
        let at: Vec<u128> = (0..).map_while(|n| plan.start(n)).map(|s| s.at.as_millis()).collect();
        assert_eq!(at, [0, 250, 500, 750, 1000, 1250, 1500, 1750]);
        assert_eq!(Plan::constant(30_000.0, 60 * S).counted(), 1_800_000);
        let late = Plan::constant(30_000.0, 3600 * S);
        assert_eq!(late.start(30_000 * 3599).unwrap().at, 3599 * S, "no drift after an hour");
    }

    #[test]
    fn scenarios_are_those_of_the_workshop() {
        let total = |name| Plan::scenario(name, 1.0).unwrap().counted();
        assert_eq!(total("1"), 600 + 36_000);
        assert_eq!(total("2"), 600 + 36_000 + 360_000);
        assert_eq!(total("3"), 600 + 36_000 + 360_000 + 3_600_000);
        assert_eq!(total("2b"), 300 + 360_000);
        assert_eq!(total("3b"), 300 + 3_600_000);
        assert_eq!(Plan::scenario("4", 1.0), None);
        let one = Plan::scenario("1", 1.0).unwrap();
        assert!((one.rate_per_s() - 152.5).abs() < 1e-9);
        assert!((one.peak_per_s() - 200.0).abs() < 1e-9);
        assert_eq!(one.start(600).unwrap().at, 60 * S);
        assert_eq!(one.phase(61 * S).unwrap().name, "200/s");
        assert_eq!(Plan::scenario("3b", 0.1).unwrap().counted(), 30 + 360_000);
    }

    #[test]
    fn a_ramp_rises_evenly_and_does_not_count() {
        let plan = Plan::constant(100.0, S).after(10 * S, 10 * S);
        assert_eq!(plan.counted(), 100);
        let starts: Vec<Start> = (0..).map_while(|n| plan.start(n)).collect();
        assert_eq!(starts.iter().filter(|s| !s.counted).count(), 100 + 550);
        assert!(starts.windows(2).all(|w| w[0].at <= w[1].at), "in order");
        // Half of the ramp's time at 10..55/s.
        let half = starts.iter().filter(|s| !s.counted && s.at < 15 * S).count() - 100;
        assert!((half as f64 - f64::midpoint(10.0, 55.0) * 5.0).abs() <= 1.0, "{half}");
        assert_eq!(starts.last().unwrap().at, 20 * S + Duration::from_millis(990));
        assert_eq!(plan.phase(3 * S).unwrap().name, "warm-up");
    }

    #[test]
    fn a_ramp_from_nothing_starts_at_once_and_ends_in_time() {
        let plan = Plan::constant(50.0, S).after(Duration::ZERO, 4 * S);
        assert_eq!(plan.start(0).unwrap().at, Duration::ZERO);
        assert!(plan.start(99).unwrap().at < 4 * S);
        assert_eq!(plan.start(100), Some(Start { at: 4 * S, counted: true }));
    }
}
