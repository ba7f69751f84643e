//! Load that follows a balancer: addresses come while it runs, as tasks come and go, and each second is told in a
//! line of JSON. What a balancer would answer itself, because no task took the request, is told apart from what
//! tasks answered.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::plan::{Phase, Plan};
use super::reason::Reason;
use super::target::{Target, TargetError};
use super::{Live, Load};

/// The hidden command.
pub const COMMAND: &str = "kakeru-follow";
/// Users expect a page within this time.
const PATIENCE: Duration = Duration::from_secs(3);
/// A request that could not be started so long after its time was not offered.
const MAX_LAG: Duration = Duration::from_secs(1);
/// Requests under way at once, at most: small loads on one machine.
const MOST: usize = 4096;

/// A stretch of the load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Requests a second at its beginning.
    pub from_per_s: f64,
    /// Requests a second at its end.
    pub to_per_s: f64,
    /// How long it takes.
    pub seconds: f64,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// One after another.
    pub stretches: Vec<Stretch>,
    /// Where `/metrics` is served.
    pub metrics: SocketAddr,
    /// Who asks what.
    pub seed: u64,
}

impl Errand {
    /// The load, on whatever is in `addresses` at the time.
    ///
    /// # Errors
    /// Never in practice: the target is a constant.
    pub fn load(&self, addresses: watch::Receiver<Vec<SocketAddr>>) -> Result<Load, TargetError> {
        let phases = self.stretches.iter().map(|s| Phase {
            from_per_s: s.from_per_s,
            to_per_s: s.to_per_s,
            ..Phase::steady("", s.to_per_s, Duration::try_from_secs_f64(s.seconds).unwrap_or_default())
        });
        Ok(Load {
            targets: vec![Target::parse("http://service.internal", true)?],
            addresses: Some(addresses),
            plan: Plan::new(phases),
            keep_alive: false,
            timeout: PATIENCE,
            max_lag: MAX_LAG,
            most: Some(MOST),
            sources: None,
            workers: Some(1),
            seed: self.seed,
        })
    }
}

/// What happened in about a second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Requests that are over.
    pub requests: u64,
    /// Answered with 200.
    pub succeeded: u64,
    /// Answered with 500 to 599 by a task.
    pub target_errors: u64,
    /// Not answered by any task: refused, broken off, too slow, nobody there.
    pub unanswered: u64,
    /// Answers that have a time.
    pub timed: u64,
    /// Seconds of all of them.
    pub seconds: f64,
    /// The shortest, in seconds.
    pub shortest: f64,
    /// The longest, in seconds.
    pub longest: f64,
}

impl Second {
    /// The newest one.
    pub fn of(live: &Live) -> Self {
        let tally = &live.recent;
        let failed = |wanted: fn(&Reason) -> bool| -> u64 {
            tally.failed.iter().filter(|(reason, _)| wanted(reason)).map(|(_, n)| *n).sum()
        };
        let (latency, timed) = (&tally.latency, tally.latency.len());
        let seconds = |us: f64| if timed == 0 { 0.0 } else { us / 1e6 };
        Self {
            requests: tally.sent(),
            succeeded: tally.succeeded,
            target_errors: failed(|r| matches!(r, Reason::Status(500..=599))),
            unanswered: failed(|r| !matches!(r, Reason::Status(_))),
            timed,
            seconds: seconds(latency.mean() * timed as f64),
            shortest: seconds(latency.min() as f64),
            longest: seconds(latency.max() as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kakeru::tally::Tally;

    #[test]
    fn what_tasks_answered_and_what_a_balancer_would_are_told_apart() {
        let mut recent = Tally::default();
        let ms = Duration::from_millis;
        for (end, took) in [
            (Ok(200), 10),
            (Ok(503), 30),
            (Ok(400), 20),
            (Err(Reason::Refused), 1),
            (Err(Reason::Timeout), 3000),
        ] {
            recent.note(true, end, ms(took));
        }
        let live =
            Live { elapsed: ms(1000), total: recent.clone(), recent, recent_for: ms(1000), under_way: 0 };
        let second = Second::of(&live);
        assert_eq!((second.requests, second.succeeded), (5, 1));
        assert_eq!((second.target_errors, second.unanswered, second.timed), (1, 2, 3));
        assert!((second.seconds - 0.06).abs() < 0.001 && (second.longest - 0.03).abs() < 0.001, "{second:?}");
        let text = serde_json::to_string(&second).unwrap();
        assert_eq!(serde_json::from_str::<Second>(&text).unwrap(), second);
    }
}
