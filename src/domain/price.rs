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
        // Not sum(): that of nothing is -0.0.
        usage.iter().try_fold(0.0, |sum, (unit, n)| Some(sum + self.usd.get(*unit)? * (*n as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_add_up_and_an_unknown_price_is_unknown() {
        let prices = PriceList {
            as_of: "2026-11-01".into(),
            usd: [(METRIC_REQUESTED.to_owned(), 0.5), (CLOUDWATCH_REQUEST.to_owned(), 0.25)].into(),
        };
        assert_eq!(prices.cost(&[(METRIC_REQUESTED, 3), (CLOUDWATCH_REQUEST, 2)].into()), Some(2.0));
        assert_eq!(prices.cost(&[(METRIC_REQUESTED, 3), ("unheard of", 1)].into()), None);
        let nothing = prices.cost(&Usage::new()).unwrap();
        assert!(nothing == 0.0 && nothing.is_sign_positive(), "{nothing}");
    }
}
