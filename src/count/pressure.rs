//! How a count holds back where the file system is near its limit.

use super::Options;

/// What is left of the ceiling at or above so many percent of the I/O limit, highest first: one over this.
const STEPS: &[(f64, usize)] = &[(80.0, 4), (60.0, 2)];
/// At or above this the count reads one directory at a time, and few a second.
const FULL: f64 = 95.0;
/// Operations a second on a file system that is at its limit.
const FEW: f64 = 100.0;

impl Options {
    /// The same with fewer reads in flight where the file system's `PercentIOLimit` is high.
    #[must_use]
    pub fn under_pressure(mut self, percent_of_limit: f64) -> Self {
        if percent_of_limit >= FULL {
            self.concurrency = 1;
            self.operations_per_s = Some(self.operations_per_s.map_or(FEW, |n| n.min(FEW)));
        } else if let Some((_, over)) = STEPS.iter().find(|(from, _)| percent_of_limit >= *from) {
            self.concurrency = (self.concurrency / over).max(1);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_the_pressure_the_fewer_reads() {
        for (percent, concurrency, per_s) in [
            (f64::NAN, 32, None),
            (-1.0, 32, None),
            (59.9, 32, None),
            (60.0, 16, None),
            (80.0, 8, None),
            (94.9, 8, None),
            (95.0, 1, Some(FEW)),
            (100.0, 1, Some(FEW)),
        ] {
            let options = Options { concurrency: 32, ..Options::default() }.under_pressure(percent);
            assert_eq!((options.concurrency, options.operations_per_s), (concurrency, per_s), "{percent}");
        }
    }

    #[test]
    fn what_is_configured_lower_stays_lower() {
        let one = Options { concurrency: 1, operations_per_s: Some(5.0), ..Options::default() };
        assert_eq!(one.clone().under_pressure(80.0), one);
        assert_eq!(one.clone().under_pressure(99.0), one);
    }
}
