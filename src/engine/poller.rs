//! One poller for each source: the same loop for all of them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rand::{Rng, RngExt};
use tokio::sync::{Notify, watch};

use crate::app::event::{EnvironmentIndex, Event};
use crate::aws::meter::metered;
use crate::clock::Clock;
use crate::domain::price::PriceList;
use crate::domain::source::{Failure, FailureClass, Reading};
use crate::domain::units::delta;
use crate::sources::{Observation, Source};

use super::backoff::{after_failure, jittered};
use super::tasks::Tasks;

/// Environments that are not shown are polled this many times slower.
pub(super) const BACKGROUND: u32 = 6;
/// "Poll now" is heard at most this often (real time): a held key must not become a flood of calls.
pub(super) const NUDGE_GAP: Duration = Duration::from_secs(1);

/// A source with everything its loop needs.
pub struct Poller {
    /// Where its readings belong.
    pub environment: EnvironmentIndex,
    /// What is asked.
    pub source: Box<dyn Source>,
    /// The environment's time.
    pub clock: Clock,
    /// Prices of the environment's region.
    pub prices: Arc<PriceList>,
    /// Asks for a poll now; nudges coalesce.
    pub nudge: Arc<Notify>,
    /// The environment that is shown.
    pub focus: watch::Receiver<EnvironmentIndex>,
    /// Where events go.
    pub tasks: Tasks,
}

/// Polls `source` once, within its deadline, and says how it ended. `wait` gives the time until the next poll.
pub async fn poll_once(
    source: &mut dyn Source,
    clock: &Clock,
    prices: &PriceList,
    deadline: Duration,
    wait: impl FnOnce(Option<FailureClass>) -> Duration,
) -> Reading {
    let started_at = clock.now();
    let began = Clock::stopwatch();
    // A source that panics has failed this time; the next poll finds it as it was.
    let observed = AssertUnwindSafe(source.observe(started_at)).catch_unwind();
    let (answer, metered) = metered(tokio::time::timeout(deadline, observed)).await;
    let at = clock.now();
    let seen = match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(panic)) => Err(panicked(panic.as_ref())),
        Err(_) => {
            let text = format!("no complete answer within {}", humantime::format_duration(deadline));
            Err(Failure::new(FailureClass::Timeout, text))
        }
    };
    let (result, partial, warnings) = match seen {
        Ok(Observation { facts, warnings, incomplete: None }) => (Ok(facts), Vec::new(), warnings),
        Ok(Observation { facts, warnings, incomplete: Some(failure) }) => (Err(failure), facts, warnings),
        Err(failure) => (Err(failure), Vec::new(), Vec::new()),
    };
    let wait = wait(result.as_ref().err().map(|f| f.class));
    Reading {
        source: source.id(),
        started_at,
        at,
        took_ms: u64::try_from(began().as_millis()).unwrap_or(u64::MAX),
        calls: metered.calls,
        cost_usd: prices.cost(&metered.usage),
        next_at: at + delta(wait),
        result,
        partial,
        warnings,
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let why = super::tasks::words(panic);
    Failure::new(FailureClass::Other, format!("miharu itself failed in this source: {why}; please report it"))
}

impl Poller {
    /// Polls until cancelled. `rng` spreads the waits.
    pub async fn run(mut self, mut rng: impl Rng + Send) {
        let mut failures = 0_u32;
        let mut paced = self.source.period();
        loop {
            let id = self.source.id();
            if !self.tasks.report(Event::Polling { environment: self.environment, source: id }).await {
                return;
            }
            let began = Clock::stopwatch();
            let (period, deadline, draw) =
                (self.source.period(), self.source.deadline(), rng.random::<f64>());
            let focused = *self.focus.borrow_and_update() == self.environment;
            let pace = if focused { period } else { period * BACKGROUND };
            if pace != paced {
                // Freshness and cost follow the real pace.
                paced = pace;
                let on = vec![(id, u64::try_from(pace.as_millis()).unwrap_or(u64::MAX))];
                let event = Event::Prepared { environment: self.environment, on, off: Vec::new() };
                if !self.tasks.report(event).await {
                    return;
                }
            }
            let mut wait = pace;
            let reading = poll_once(self.source.as_mut(), &self.clock, &self.prices, deadline, |failed| {
                failures = if failed.is_some() { failures.saturating_add(1) } else { 0 };
                wait = failed.map_or(pace, |class| jittered(after_failure(class, failures, pace), draw));
                wait
            })
            .await;
            if let Err(failure) = &reading.result {
                tracing::warn!(source = %id, failures, class = ?failure.class, "{}", failure.line());
            }
            let event = Event::Observed { environment: self.environment, reading: Box::new(reading) };
            if !self.tasks.report(event).await {
                return;
            }
            // Periods count from start to start, waits after a failure from the end.
            let spent = if failures == 0 { began().mul_f64(self.clock.speed()) } else { Duration::ZERO };
            let gap = NUDGE_GAP.saturating_sub(began());
            tokio::select! {
                () = self.clock.sleep(wait.saturating_sub(spent).max(Duration::from_millis(1))) => {}
                () = async { tokio::time::sleep(gap).await; self.nudge.notified().await } => {}
                changed = self.focus.changed(), if !focused => if changed.is_err() { return },
            }
        }
    }
}
