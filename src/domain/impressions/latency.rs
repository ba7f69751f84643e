//! Latencies as the buckets of a histogram that was read twice: how many answers of an interval took how long.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Upper bound of the bucket without one.
pub const UNBOUNDED_NS: u64 = u64::MAX;

/// Answers by the upper bound of their time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Upper bound in nanoseconds, included, to the answers between it and the bound before.
    /// [`UNBOUNDED_NS`] is the bucket of those that took longer than all others.
    pub buckets: BTreeMap<u64, u64>,
}

/// A latency that a share of the answers kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Quantile {
    /// So many seconds, interpolated within its bucket.
    Within(f64),
    /// More than so many seconds: the histogram ends there.
    Above(f64),
}

impl Quantile {
    /// Seconds: the estimate, or the bound that is exceeded.
    pub fn seconds(self) -> f64 {
        match self {
            Self::Within(s) | Self::Above(s) => s,
        }
    }
}

impl Latency {
    /// Answers in it.
    pub fn count(&self) -> u64 {
        self.buckets.values().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Adds those of `other`, another instance or interval.
    pub fn add(&mut self, other: &Self) {
        for (bound, n) in &other.buckets {
            let bucket = self.buckets.entry(*bound).or_default();
            *bucket = bucket.saturating_add(*n);
        }
    }

    /// The latency within which the share `q` of the answers came; `None` without an answer.
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        let total = self.count();
        if total == 0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * total as f64;
        let (mut below, mut from) = (0_u64, 0_u64);
        for (bound, n) in self.buckets.iter().filter(|(_, n)| **n > 0).chain([(&UNBOUNDED_NS, &0)]) {
            let lower = self.buckets.range(..bound).next_back().map_or(from, |(before, _)| *before);
            if below.saturating_add(*n) as f64 >= rank || *bound == UNBOUNDED_NS {
                if *bound == UNBOUNDED_NS {
                    return Some(Quantile::Above(seconds(lower)));
                }
                let share = ((rank - below as f64) / *n as f64).clamp(0.0, 1.0);
                let width = seconds(*bound) - seconds(lower);
                let estimate = (seconds(lower) + width * share).min(seconds(*bound));
                return Some(Quantile::Within(estimate));
            }
            below = below.saturating_add(*n);
            from = *bound;
        }
        None
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// The bound of a bucket in nanoseconds, of one in seconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from float saturates")]
pub fn bound_ns(seconds: f64) -> u64 {
    if seconds.is_finite() { (seconds * 1e9).round() as u64 } else { UNBOUNDED_NS }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(buckets: &[(f64, u64)]) -> Latency {
        Latency { buckets: buckets.iter().map(|(s, n)| (bound_ns(*s), *n)).collect() }
    }

    #[test]
    fn quantiles_lie_in_their_bucket() {
        let latency = of(&[(0.001, 0), (0.01, 50), (0.1, 40), (1.0, 9), (f64::INFINITY, 1)]);
        assert_eq!(latency.count(), 100);
        for (q, low, high) in [(0.5, 0.001, 0.01), (0.9, 0.01, 0.1), (0.99, 0.1, 1.0)] {
            let Some(Quantile::Within(s)) = latency.quantile(q) else { panic!("{q}") };
            assert!(s > low && s <= high, "{q}: {s}");
        }
        assert_eq!(latency.quantile(0.999), Some(Quantile::Above(1.0)));
        assert!((latency.quantile(0.25).unwrap().seconds() - 0.0055).abs() < 1e-9);
        assert_eq!(Latency::default().quantile(0.5), None);
        assert_eq!(of(&[(0.5, 0), (f64::INFINITY, 0)]).quantile(0.5), None);
        assert_eq!(of(&[(f64::INFINITY, 3)]).quantile(0.5), Some(Quantile::Above(0.0)));
    }

    #[test]
    fn histograms_of_other_bounds_add_up() {
        let mut sum = of(&[(0.1, 1)]);
        sum.add(&of(&[(0.05, 2), (0.1, 3)]));
        assert_eq!(sum, of(&[(0.05, 2), (0.1, 4)]));
    }
}
