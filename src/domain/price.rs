//! What watching costs. The table is data (`src/config/prices.toml`, dated and regional, users may override
//! it); a price that is not in the table is unknown, never guessed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// US dollars for one unit of what AWS bills, by unit name; for one region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PriceList {
    /// Day the prices were read, `2026-11-01`.
    pub as_of: String,
    /// Unit name to dollars.
    pub usd: BTreeMap<String, f64>,
}

/// Billed units of a poll: name of the unit to how many.
pub type Usage = BTreeMap<&'static str, u64>;

/// Metrics requested by `GetMetricData`.
pub const METRIC_REQUESTED: &str = "cloudwatch_metric_requested";
/// Other CloudWatch API requests.
pub const CLOUDWATCH_REQUEST: &str = "cloudwatch_request";

impl PriceList {
    /// Dollars for `usage`; `None` if a price is missing.
    pub fn cost(&self, usage: &Usage) -> Option<f64> {
        usage.iter().map(|(unit, n)| self.usd.get(*unit).map(|usd| usd * (*n as f64))).sum()
    }
}
