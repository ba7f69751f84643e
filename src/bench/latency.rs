//! Latencies of single operations, in a histogram of three significant digits.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::{BenchError, ErrorKind};
use crate::domain::bench::Latency;

/// Takes latencies.
#[derive(Debug, Clone)]
pub(super) struct Meter(Histogram<u64>);

impl Meter {
    pub(super) fn new() -> Result<Self, BenchError> {
        let failed = |e| BenchError::new(ErrorKind::Failed, format!("no histogram: {e}"), "try again");
        // Grows with what it takes.
        Histogram::new(3).map(Self).map_err(failed)
    }

    pub(super) fn take(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX).max(1);
        // It grows as far as numbers go.
        if self.0.record(nanoseconds).is_err() {
            self.0.saturating_record(nanoseconds);
        }
    }

    /// Takes those of another one.
    pub(super) fn merge(&mut self, other: &Self) -> Result<(), BenchError> {
        let failed =
            |e| BenchError::new(ErrorKind::Failed, format!("latencies do not add: {e}"), "try again");
        self.0.add(&other.0).map_err(failed)
    }

    /// How many it took.
    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    pub(super) fn latency(&self) -> Latency {
        let at = |quantile| milliseconds(self.0.value_at_quantile(quantile));
        Latency {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: milliseconds(self.0.max()),
        }
    }
}

/// Microseconds are what three digits of a fast disk need.
fn milliseconds(nanoseconds: u64) -> f64 {
    rounded(nanoseconds as f64 / 1e6)
}

/// To a thousandth.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Milliseconds of a duration.
pub(super) fn took_ms(took: Duration) -> f64 {
    rounded(took.as_secs_f64() * 1e3)
}

/// How many a second.
pub(super) fn rate(n: u64, took: Duration) -> f64 {
    rounded(n as f64 / took.as_secs_f64().max(1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_taken_also_when_it_came_from_two() {
        let (mut one, mut two) = (Meter::new().unwrap(), Meter::new().unwrap());
        for ms in 1..=1000 {
            if ms % 2 == 0 { &mut one } else { &mut two }.take(Duration::from_millis(ms));
        }
        one.merge(&two).unwrap();
        assert_eq!(one.count(), 1000);
        let latency = one.latency();
        for (name, found, wanted) in [
            ("p50", latency.p50, 500.0),
            ("p90", latency.p90, 900.0),
            ("p99", latency.p99, 990.0),
            ("p999", latency.p999, 999.0),
            ("max", latency.max, 1000.0),
        ] {
            assert!((found - wanted).abs() <= wanted * 0.001, "{name}: {found}, not {wanted}");
        }
        assert_eq!(Meter::new().unwrap().latency(), Latency::default());
        assert!((rate(500, Duration::from_millis(250)) - 2000.0).abs() < 1e-6);
        assert!((took_ms(Duration::from_micros(1500)) - 1.5).abs() < 1e-9);
    }
}
