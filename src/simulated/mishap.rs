//! How calls that change something fail: one by one as told, or by chance from the seed.

use std::collections::VecDeque;

use chrono::TimeDelta;

use super::seeded::fraction;

/// How a call fails that was to change something. Times are those of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It takes effect and its answer is lost.
    LoseAnswer,
    /// It is throttled: no effect.
    Throttle,
    /// It is refused for want of permission: no effect.
    Deny,
    /// HTTP 500 before it takes effect.
    ServerError,
    /// HTTP 500 though it took effect.
    ServerErrorAfterEffect,
    /// It takes effect, and the answer comes late.
    Delay(TimeDelta),
    /// Its answer is lost, and it takes effect only later.
    EffectLater(TimeDelta),
}

/// Shares of the calls that fail by chance; what they leave of 1 goes well.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[expect(missing_docs, reason = "named as the mishaps")]
pub struct Shares {
    pub lose_answer: f64,
    pub throttle: f64,
    pub deny: f64,
    pub server_error: f64,
    pub server_error_after_effect: f64,
    pub delay: f64,
    pub effect_later: f64,
    /// Seconds of a delay, at most.
    pub delay_s: f64,
}

/// What is to go wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Mishaps {
    /// Operation (`None`: any) and mishap, each for one call.
    told: VecDeque<(Option<String>, Mishap)>,
    shares: Shares,
    calls: u64,
}

impl Mishaps {
    pub(super) fn tell(&mut self, operation: Option<&str>, mishap: Mishap) {
        self.told.push_back((operation.map(str::to_owned), mishap));
    }

    pub(super) fn chance(&mut self, shares: Shares) {
        self.shares = shares;
    }

    /// The mishap of the next call.
    pub(super) fn next(&mut self, seed: u64, operation: &str) -> Option<Mishap> {
        self.calls += 1;
        let told = self.told.iter().position(|(of, _)| of.as_deref().is_none_or(|of| of == operation));
        if let Some((_, mishap)) = told.and_then(|i| self.told.remove(i)) {
            return Some(mishap);
        }
        let wait =
            super::seeded::millis(fraction(seed, "mishap wait", self.calls) * self.shares.delay_s * 1000.0);
        let s = self.shares;
        let mut left = fraction(seed, "mishap", self.calls);
        for (share, mishap) in [
            (s.lose_answer, Mishap::LoseAnswer),
            (s.throttle, Mishap::Throttle),
            (s.deny, Mishap::Deny),
            (s.server_error, Mishap::ServerError),
            (s.server_error_after_effect, Mishap::ServerErrorAfterEffect),
            (s.delay, Mishap::Delay(wait)),
            (s.effect_later, Mishap::EffectLater(wait)),
        ] {
            if left < share {
                return Some(mishap);
            }
            left -= share;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_happens_once_and_to_whom_it_was_told() {
        let mut mishaps = Mishaps::default();
        mishaps.tell(Some("UpdateService"), Mishap::LoseAnswer);
        mishaps.tell(None, Mishap::Throttle);
        assert_eq!(mishaps.next(1, "PutParameter"), Some(Mishap::Throttle));
        assert_eq!(mishaps.next(1, "PutParameter"), None);
        assert_eq!(mishaps.next(1, "UpdateService"), Some(Mishap::LoseAnswer));
        assert_eq!(mishaps.next(1, "UpdateService"), None);
    }

    #[test]
    fn chance_follows_the_seed_and_keeps_to_the_shares() {
        let draw = |seed| {
            let mut mishaps = Mishaps::default();
            mishaps.chance(Shares { lose_answer: 0.25, throttle: 0.25, ..Shares::default() });
            (0..1000).map(|_| mishaps.next(seed, "PutParameter")).collect::<Vec<_>>()
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
        let lost = draw(5).into_iter().filter(|m| *m == Some(Mishap::LoseAnswer)).count();
        assert!((180..320).contains(&lost), "{lost}");
    }
}
