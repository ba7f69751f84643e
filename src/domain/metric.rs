//! CloudWatch metrics as time series.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What identifies a series: namespace, name, statistic and dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MetricKey {
    /// `AWS/EFS`, `AWS/ECS`, …
    pub namespace: String,
    /// `PercentIOLimit`, …
    pub name: String,
    /// `Average`, `Sum`, `Maximum`, `Minimum`, `SampleCount` or a percentile such as `p99`.
    pub statistic: String,
    /// Dimension name to value.
    pub dimensions: BTreeMap<String, String>,
}

/// A series of one metric, oldest point first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricSeries {
    /// Which.
    pub key: MetricKey,
    /// CloudWatch's unit: `Percent`, `Bytes`, `Count`, `Milliseconds`, …
    pub unit: String,
    /// Seconds a point stands for.
    pub period_s: u32,
    /// Start of the period and value; gaps are periods without data, never zeros.
    pub points: Vec<(DateTime<Utc>, f64)>,
}

impl MetricSeries {
    /// The newest point.
    pub fn last(&self) -> Option<(DateTime<Utc>, f64)> {
        self.points.last().copied()
    }

    /// `len` equal slots of `period_s` seconds that end with the slot of `now`; a slot without data is `None`.
    pub fn slots(&self, now: DateTime<Utc>, len: usize) -> Vec<Option<f64>> {
        let period = i64::from(self.period_s.max(1));
        let end = now.timestamp().div_euclid(period);
        let mut slots = vec![None; len];
        for (at, value) in &self.points {
            let back = end - at.timestamp().div_euclid(period);
            if let Some(slot) = usize::try_from(back).ok().and_then(|b| len.checked_sub(b + 1)) {
                slots[slot] = Some(*value);
            }
        }
        slots
    }
}
