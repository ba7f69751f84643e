//! The users: kakeru as a process, which follows the tasks that a balancer would send requests to, and tells each
//! second what it saw. That is what the balancer's metrics are made of.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::process::{Process, myself};
use crate::clock::Clock;
use crate::kakeru::follow::{COMMAND, Errand, Second, Stretch};
use crate::simulated::runner::Served;
use crate::simulated::{Scenario, Simulated};

/// The last rate lasts as long as anybody watches.
const FOREVER_S: f64 = 7.0 * 86_400.0;
/// Before a load that has ended is started again.
const PAUSE: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Load {
    /// Second and requests a second.
    corners: Vec<(f64, f64)>,
    seed: u64,
    metrics: SocketAddr,
    passed: Box<dyn Fn() -> Duration + Send>,
    process: Option<Arc<Process>>,
    started: Duration,
    told: Option<Vec<SocketAddr>>,
}

impl Load {
    /// The users of a scenario, from now on.
    pub(super) fn new(scenario: &Scenario, seed: u64, metrics: SocketAddr) -> Self {
        Self {
            corners: scenario.requests_per_s(),
            seed,
            metrics,
            passed: Box::new(Clock::stopwatch()),
            process: None,
            started: Duration::ZERO,
            told: None,
        }
    }

    /// Starts it where it does not run, and says where tasks are, when that has changed.
    pub(super) fn look(&mut self, home: &Path, simulated: &Arc<Simulated>, routes: Vec<SocketAddr>) {
        if self.process.as_ref().is_none_or(|p| p.has_ended()) {
            let now = (self.passed)();
            let first = self.process.is_none() && self.started.is_zero();
            // Until a task is there nobody is kept waiting: the world has just begun.
            if (first && routes.is_empty()) || (!first && now < self.started + PAUSE) {
                return;
            }
            (self.process, self.started, self.told) = (self.start(home, simulated, now), now, None);
        }
        let Some(process) = &self.process else { return };
        if self.told.as_ref() == Some(&routes) {
            return;
        }
        match serde_json::to_string(&routes) {
            Ok(line) if process.say(&line) => self.told = Some(routes),
            // One that does not listen has ended, and is started again.
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "addresses cannot be told"),
        }
    }

    fn start(&self, home: &Path, simulated: &Arc<Simulated>, now: Duration) -> Option<Arc<Process>> {
        let errand = Errand {
            stretches: stretches(&self.corners, now.as_secs_f64()),
            metrics: self.metrics,
            seed: self.seed,
        };
        let errand = serde_json::to_string(&errand).ok()?;
        let command = myself(home, "miharu-users", &[COMMAND.to_owned(), errand]);
        let simulated = Arc::clone(simulated);
        let line = move |text: &str| {
            if let Ok(second) = serde_json::from_str::<Second>(text) {
                simulated.served(&served(&second));
            } else {
                tracing::warn!(text, "kakeru says");
            }
        };
        let ended = |code| tracing::info!(code, "kakeru ended");
        Process::start(command, line, ended)
            .inspect_err(|error| tracing::error!(%error, "the load cannot be started"))
            .ok()
    }

    /// Ends it.
    pub(super) fn end(&self) {
        if let Some(process) = &self.process {
            process.kill();
        }
    }
}

fn served(second: &Second) -> Served {
    Served {
        requests: second.requests as f64,
        succeeded: second.succeeded as f64,
        target_errors: second.target_errors as f64,
        balancer_errors: second.unanswered as f64,
        timed: second.timed as f64,
        seconds: second.seconds,
        shortest: second.shortest,
        longest: second.longest,
    }
}

/// The curve from a second on. It is constant before its first corner and after its last.
fn stretches(corners: &[(f64, f64)], from: f64) -> Vec<Stretch> {
    let mut out = Vec::new();
    let mut left = corners.first().map_or((from, 0.0), |(at, per_s)| (at.min(from), *per_s));
    for &(at, per_s) in corners {
        // A jump takes no time.
        if at > from && at > left.0 {
            // The part of the line that lies after `from`.
            let begins = left.0.max(from);
            let share = (begins - left.0) / (at - left.0);
            let from_per_s = left.1 + (per_s - left.1) * share;
            out.push(Stretch { from_per_s, to_per_s: per_s, seconds: at - begins });
        }
        left = (at, per_s);
    }
    out.push(Stretch { from_per_s: left.1, to_per_s: left.1, seconds: FOREVER_S });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(from: f64) -> Vec<(f64, f64, f64)> {
        let corners = [(0.0, 10.0), (60.0, 10.0), (70.0, 110.0), (100.0, 110.0), (100.0, 5.0)];
        stretches(&corners, from).iter().map(|s| (s.from_per_s, s.to_per_s, s.seconds)).collect()
    }

    #[test]
    fn a_load_that_is_started_again_goes_on_where_the_curve_is() {
        let last = (5.0, 5.0, FOREVER_S);
        assert_eq!(flat(0.0), [(10.0, 10.0, 60.0), (10.0, 110.0, 10.0), (110.0, 110.0, 30.0), last]);
        assert_eq!(flat(65.0), [(60.0, 110.0, 5.0), (110.0, 110.0, 30.0), last]);
        assert_eq!(flat(1000.0), [last]);
        assert_eq!(stretches(&[(0.0, 3.0)], 0.0).len(), 1);
    }
}
