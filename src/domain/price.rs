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
/// Minutes of a session of Live Tail.
pub const LIVE_TAIL_MINUTE: &str = "logs_live_tail_minute";

/// An hour of one vCPU on Fargate (Linux, x86).
pub const FARGATE_VCPU_HOUR: &str = "fargate_vcpu_hour";
/// An hour of one GB of memory on Fargate.
pub const FARGATE_GB_HOUR: &str = "fargate_gb_hour";
/// An hour of one vCPU on Fargate Spot; it moves with supply and demand.
pub const FARGATE_SPOT_VCPU_HOUR: &str = "fargate_spot_vcpu_hour";
/// An hour of one GB of memory on Fargate Spot.
pub const FARGATE_SPOT_GB_HOUR: &str = "fargate_spot_gb_hour";
/// A month of one MiB/s of provisioned EFS throughput.
pub const EFS_PROVISIONED_MIBPS_MONTH: &str = "efs_provisioned_mibps_month";
/// A GB that crosses zones, both directions of the transfer together.
pub const CROSS_AZ_GB: &str = "cross_az_gb";

/// Units of what a change costs, beside those of watching. Each may be set even where the built-in table does
/// not know it.
pub const MONTHLY: &[&str] = &[
    FARGATE_VCPU_HOUR,
    FARGATE_GB_HOUR,
    FARGATE_SPOT_VCPU_HOUR,
    FARGATE_SPOT_GB_HOUR,
    EFS_PROVISIONED_MIBPS_MONTH,
    CROSS_AZ_GB,
];

/// Hours of a month as AWS's own calculator counts them.
pub const HOURS_A_MONTH: f64 = 730.0;

impl PriceList {
    /// Dollars for `usage`; `None` if a price is missing.
    pub fn cost(&self, usage: &Usage) -> Option<f64> {
        // Not sum(): that of nothing is -0.0.
        usage.iter().try_fold(0.0, |sum, (unit, n)| Some(sum + self.usd.get(*unit)? * (*n as f64)))
    }

    /// Dollars for one `unit`; `None` if it is not in the table.
    pub fn unit(&self, unit: &str) -> Option<f64> {
        self.usd.get(unit).copied()
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
