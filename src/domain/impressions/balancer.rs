//! Requests by minute from the metrics of a load balancer.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::fact::Terms;
use crate::domain::metric::MetricSeries;
use crate::domain::slo::{Counts, Series};

/// Namespace of application load balancers.
const NAMESPACE: &str = "AWS/ApplicationELB";
/// Answers of success.
const GOOD: &str = "HTTPCode_Target_2XX_Count";
/// Failures: of the targets, of the balancer without one, and connections that it took no more of.
const BAD: [&str; 3] = ["HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "RejectedConnectionCount"];
/// Seconds of a point.
const MINUTE: u32 = 60;

/// An empty series by the minute.
pub(super) fn series(terms: Terms) -> Series {
    Series::for_period(terms.window()).with_slot(TimeDelta::minutes(1))
}

/// Takes in the minutes that the metrics tell of. Where there was no request there is no point.
pub(super) fn learn<'a>(into: &mut Series, series: impl Iterator<Item = &'a MetricSeries>) {
    let mut minutes: BTreeMap<DateTime<Utc>, Counts> = BTreeMap::new();
    let sums =
        series.filter(|s| s.key.namespace == NAMESPACE && s.key.statistic == "Sum" && s.period_s == MINUTE);
    for one in sums {
        let good = one.key.name == GOOD;
        if !good && !BAD.contains(&one.key.name.as_str()) {
            continue;
        }
        for (at, value) in &one.points {
            let counts = minutes.entry(*at).or_default();
            let side = if good { &mut counts.good } else { &mut counts.bad };
            *side = side.saturating_add(whole(*value));
        }
    }
    for (at, counts) in minutes {
        into.replace(at, counts);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count; a cast saturates")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}
