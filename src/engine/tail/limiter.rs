//! One limit for all calls of an account: `FilterLogEvents` is throttled for all of its users together, so the
//! tail leaves room for others, and makes more room when it is throttled all the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::clock::Clock;

/// The slowest, as a part of the limit.
const SLOWEST: f64 = 1.0 / 16.0;
/// Each answer speeds up by this part of the limit.
const FASTER: f64 = 1.0 / 32.0;

/// See the module. Calls leave in the order in which they were asked for.
pub struct Limiter {
    clock: Clock,
    queue: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

struct State {
    next: DateTime<Utc>,
    rate: f64,
    most: f64,
}

impl Limiter {
    /// At most `rate` calls a second.
    pub fn new(clock: Clock, rate: f64) -> Self {
        let rate = rate.max(0.01);
        let state = Mutex::new(State { next: clock.now(), rate, most: rate });
        Self { clock, queue: tokio::sync::Mutex::new(()), state }
    }

    /// At most `rate` calls a second from now on, if that is fewer than until now.
    pub fn at_most(&self, rate: f64) {
        let mut state = self.state();
        state.most = state.most.min(rate.max(0.01));
        state.rate = state.rate.min(state.most);
    }

    /// Waits until a call may leave.
    pub async fn acquire(&self) {
        let _turn = self.queue.lock().await;
        let now = self.clock.now();
        let wait = {
            let mut state = self.state();
            let at = state.next.max(now);
            state.next = at + gap(state.rate);
            (at - now).to_std().unwrap_or_default()
        };
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    /// The service asked for fewer calls: half as many from now on.
    pub fn throttled(&self) {
        let mut state = self.state();
        state.rate = (state.rate / 2.0).max(state.most * SLOWEST);
    }

    /// A call was answered: somewhat faster, up to the limit.
    pub fn answered(&self) {
        let mut state = self.state();
        state.rate = (state.rate + state.most * FASTER).min(state.most);
    }

    /// Calls a second at the moment.
    pub fn rate(&self) -> f64 {
        self.state().rate
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The limits of all accounts that are read.
#[derive(Default)]
pub struct Limiters(Mutex<BTreeMap<String, Arc<Limiter>>>);

impl Limiters {
    /// The limit of an account in a region. Where several environments share it, the lowest of their rates holds.
    pub fn of(&self, account: &str, region: &str, clock: &Clock, rate: f64) -> Arc<Limiter> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = all
            .entry(format!("{account}/{region}"))
            .or_insert_with(|| Arc::new(Limiter::new(clock.clone(), rate)));
        limiter.at_most(rate);
        Arc::clone(limiter)
    }
}

fn gap(rate: f64) -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(Duration::from_secs_f64(1.0 / rate)).unwrap_or_default()
}
