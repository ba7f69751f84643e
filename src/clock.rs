//! The one door through which time enters. Real for the console, virtual for the demo and the tests: a virtual
//! clock runs `speed` times as fast as tokio's, so it also stands still and jumps with tokio's paused time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// What time it is, and how to wait.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System,
    Virtual { epoch: DateTime<Utc>, start: Instant, speed: f64 },
}

#[expect(clippy::disallowed_methods, reason = "this is the door the bans point at")]
impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that shows `epoch` now and runs `speed` times as fast as real time.
    pub fn virtual_from(epoch: DateTime<Utc>, speed: f64) -> Self {
        Self(Kind::Virtual { epoch, start: Instant::now(), speed })
    }

    /// Now.
    #[expect(clippy::cast_possible_truncation, reason = "nanoseconds of 292 years fit")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => Utc::now(),
            Kind::Virtual { epoch, start, speed } => {
                let real = Instant::now().saturating_duration_since(*start);
                *epoch + TimeDelta::nanoseconds((real.as_nanos() as f64 * speed) as i64)
            }
        }
    }

    /// How many times faster than real time the clock runs.
    pub fn speed(&self) -> f64 {
        match &self.0 {
            Kind::System => 1.0,
            Kind::Virtual { speed, .. } => *speed,
        }
    }

    /// The real time in which `duration` of this clock passes.
    pub fn real(&self, duration: Duration) -> Duration {
        duration.div_f64(self.speed())
    }

    /// Real time that passes from now on.
    pub fn stopwatch() -> impl Fn() -> Duration {
        let start = Instant::now();
        move || Instant::now().saturating_duration_since(start)
    }

    /// The instant of tokio's timers, for deadlines of the loop.
    pub fn instant() -> Instant {
        Instant::now()
    }

    /// Waits until `duration` of this clock has passed.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.real(duration)).await;
    }
}
