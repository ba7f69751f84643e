//! Credentials that end where a scenario says so, and a person who confirms a device code somewhere else.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::aws::Answer;
use crate::aws::sign_in::{Attempt, SignIn, Standing};
use crate::domain::credentials::{Credentials, Device, Session};
use crate::domain::source::{Failure, FailureClass};
use crate::simulated::Simulated;
use crate::simulated::seeded::dice;
use rand::RngExt;

/// How long a sign-in holds, in the world's time.
const HOLDS: TimeDelta = TimeDelta::hours(8);
/// How long a code holds.
const CODE_HOLDS: Duration = Duration::from_secs(600);
/// How often is asked, and after how many answers the person has confirmed.
const EVERY: Duration = Duration::from_secs(2);
const CONFIRMED_AFTER: u32 = 3;
/// Letters of a code: none that looks like another.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

#[async_trait]
impl SignIn for Arc<Simulated> {
    async fn credentials(&self) -> Credentials {
        let until = self.world(|w| w.faults.expired(w.now).map(|window| holds_until(w.now, window)));
        let session = until.map(|at| Session { name: "demo".into(), expires_at: Some(at), renews: false });
        Credentials { expires_at: until, renewal_failed: None, session }
    }

    async fn begin(&self) -> Answer<(Device, Box<dyn Attempt>)> {
        let Some(now) = self.world(|w| w.faults.expired(w.now).map(|_| w.now)) else {
            let text = "credentials never expire in this scenario; to try it: miharu demo --scenario expired-credentials";
            return Err(Failure::new(FailureClass::Other, text));
        };
        let mut dice = dice(self.seed, "device code", u64::try_from(now.timestamp()).unwrap_or(0));
        let mut letters =
            || LETTERS.get(dice.random_range(0..LETTERS.len())).copied().map_or('X', char::from);
        let half: [String; 2] = std::array::from_fn(|_| (0..4).map(|_| letters()).collect());
        let user_code = half.join("-");
        let page = "https://device.sso.simulated.invalid/".to_owned();
        let holds = TimeDelta::from_std(CODE_HOLDS.mul_f64(self.clock.speed())).unwrap_or(HOLDS);
        let device = Device {
            page_with_code: format!("{page}?user_code={user_code}"),
            user_code,
            page,
            expires_at: now + holds,
            every: EVERY,
        };
        Ok((device, Box::new(Waiting { world: Arc::clone(self), asked: 0 })))
    }
}

/// How long a sign-in holds: until the next window, or as long as one does after the last.
fn holds_until(now: DateTime<Utc>, (from, until): (DateTime<Utc>, DateTime<Utc>)) -> DateTime<Utc> {
    if now < until { from } else { until + HOLDS }
}

struct Waiting {
    world: Arc<Simulated>,
    asked: u32,
}

#[async_trait]
impl Attempt for Waiting {
    async fn ask(&mut self) -> Answer<Standing> {
        self.asked += 1;
        if self.asked < CONFIRMED_AFTER {
            return Ok(Standing::Pending);
        }
        Ok(Standing::Granted(self.world.change(|world| {
            let now = world.now;
            world.faults.signed_in(now);
            now + HOLDS
        })))
    }
}
