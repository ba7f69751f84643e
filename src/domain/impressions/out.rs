//! Field `impressions` of the snapshot.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Impressions;

/// The field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "field names are the contract of DESIGN §2, which explains them")]
pub struct ImpressionsOut {
    pub recorded_per_s: Option<f64>,
    pub accepted_per_s: Option<f64>,
    pub success_ratio: Option<f64>,
    pub loss_ratio: Option<f64>,
    pub lag_s: Option<f64>,
    pub by_name: Vec<NameOut>,
}

/// Impressions of a name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct NameOut {
    pub name: String,
    pub per_s: f64,
}

/// Three digits: what is smaller is noise of the division.
fn thousandths(n: f64) -> f64 {
    (n * 1e3).round() / 1e3
}

/// Digits enough to tell 99.9999 % from all.
fn millionths(n: f64) -> f64 {
    (n * 1e6).round() / 1e6
}

impl Impressions {
    /// The field at `now`; `None` before anything was read.
    pub fn out(&self, now: DateTime<Utc>) -> Option<ImpressionsOut> {
        self.is_known().then(|| ImpressionsOut {
            recorded_per_s: self.recorded_per_s().map(|m| thousandths(m.value)),
            accepted_per_s: self.accepted_per_s(now).map(|m| thousandths(m.value)),
            success_ratio: self.success_ratio(now).map(|m| millionths(m.value)),
            loss_ratio: self.loss(now).and_then(|l| l.ratio()).map(millionths),
            lag_s: self.lag_s(),
            by_name: self
                .recorded
                .by_name()
                .into_iter()
                .map(|(name, per_s)| NameOut { name, per_s: thousandths(per_s) })
                .collect(),
        })
    }
}
