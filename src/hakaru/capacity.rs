//! The rate at which a small task can work. A machine has more processor than a task of a quarter of one; with a
//! capacity, hakaru behaves as that task would: each request takes its share of a second, those that come
//! meanwhile wait their turn, and what would wait too long is refused.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::queue::Busy;

/// Longest that a request waits for its turn.
const BACKLOG: Duration = Duration::from_millis(250);

/// See the module.
#[derive(Debug)]
pub struct Capacity {
    /// Requests a second.
    per_s: f64,
    /// When everything is done that was taken.
    done: Mutex<Option<Instant>>,
    refused: AtomicU64,
}

impl Capacity {
    /// For so many requests a second.
    pub fn new(per_s: f64) -> Self {
        Self { per_s, done: Mutex::new(None), refused: AtomicU64::new(0) }
    }

    /// Requests a second.
    pub fn per_s(&self) -> f64 {
        self.per_s
    }

    /// Takes a request that came at `now`; says when the work on it is done.
    ///
    /// # Errors
    /// It would wait too long for its turn.
    pub fn take(&self, now: Instant) -> Result<Instant, Busy> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = done.map_or(now, |done| done.max(now));
        if begins.saturating_duration_since(now) > BACKLOG {
            self.refused.fetch_add(1, Relaxed);
            return Err(Busy { reason: "this task is at its capacity", retry_after: 1 });
        }
        let ends = begins + Duration::from_secs_f64(1.0 / self.per_s);
        *done = Some(ends);
        Ok(ends)
    }

    /// Requests refused since this was last asked.
    pub fn refused(&self) -> u64 {
        self.refused.swap(0, Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn in_the_long_run_no_more_than_its_rate_is_taken_and_below_it_everything() {
        let start = Clock::instant();
        for (offered, taken) in [(100, 100), (200, 200), (1000, 200)] {
            let capacity = Capacity::new(200.0);
            let seconds = 10;
            let all = (0..offered * seconds).filter(|n| {
                let now = start + Duration::from_secs_f64(f64::from(*n) / f64::from(offered));
                capacity.take(now).is_ok_and(|done| {
                    assert!(done - now <= BACKLOG + Duration::from_millis(6), "{:?}", done - now);
                    true
                })
            });
            let all = i32::try_from(all.count()).unwrap();
            // What waits at the end belongs to the next second.
            assert!((taken * seconds..=taken * seconds + 51).contains(&all), "{offered}/s: {all}");
            assert_eq!(capacity.refused(), u64::try_from(offered * seconds - all).unwrap());
            assert_eq!(capacity.refused(), 0, "each is said once");
        }
    }
}
