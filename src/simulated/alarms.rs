//! The alarms of an existing deployment, evaluated every minute from the simulated metrics.

use chrono::{DateTime, TimeDelta, Utc};

use super::world::World;
use crate::domain::alarm::{Alarm, AlarmState};

/// A rule of an alarm: more than `threshold` in `periods` periods in a row.
struct Rule {
    name: &'static str,
    namespace: &'static str,
    metric: &'static str,
    statistic: &'static str,
    threshold: f64,
    period_s: u32,
    periods: usize,
}

/// Thresholds of the tuning guide.
static RULES: [Rule; 6] = [
    Rule {
        name: "efs-mount-autoscaling-ecs-cpu-high",
        namespace: "AWS/ECS",
        metric: "CPUUtilization",
        statistic: "Average",
        threshold: 80.0,
        period_s: 60,
        periods: 1,
    },
    Rule {
        name: "efs-mount-autoscaling-ecs-memory-high",
        namespace: "AWS/ECS",
        metric: "MemoryUtilization",
        statistic: "Average",
        threshold: 80.0,
        period_s: 60,
        periods: 1,
    },
    Rule {
        name: "efs-mount-autoscaling-efs-total-io-high",
        namespace: "AWS/EFS",
        metric: "TotalIOBytes",
        statistic: "Sum",
        threshold: 1_073_741_824.0,
        period_s: 300,
        periods: 1,
    },
    Rule {
        name: "efs-mount-autoscaling-efs-percent-io-limit-high",
        namespace: "AWS/EFS",
        metric: "PercentIOLimit",
        statistic: "Average",
        threshold: 80.0,
        period_s: 60,
        periods: 1,
    },
    Rule {
        name: "efs-mount-autoscaling-lambda-errors",
        namespace: "AWS/Lambda",
        metric: "Errors",
        statistic: "Sum",
        threshold: 5.0,
        period_s: 300,
        periods: 2,
    },
    Rule {
        name: "efs-mount-autoscaling-lambda-duration",
        namespace: "AWS/Lambda",
        metric: "Duration",
        statistic: "Maximum",
        threshold: 30_000.0,
        period_s: 300,
        periods: 1,
    },
];

/// Seconds after the end of a period until all of its points can be read.
const SETTLED: i64 = 60;

#[derive(Debug, Clone)]
struct Held {
    state: AlarmState,
    since: DateTime<Utc>,
    reason: String,
}

/// States of the alarms, in the order of [`RULES`].
#[derive(Debug, Clone)]
pub(super) struct Alarms(Vec<Held>);

impl Alarms {
    pub(super) fn new(born: DateTime<Utc>) -> Self {
        let reason = "Unchecked: Initial alarm creation".to_owned();
        let held = Held { state: AlarmState::InsufficientData, since: born, reason };
        Self(vec![held; RULES.len()])
    }
}

/// A number as CloudWatch's reasons print it: `85.2`, `80.0`, `1.073741824E9`.
fn number(value: f64) -> String {
    if value != 0.0 && !(1e-3..1e7).contains(&value.abs()) {
        format!("{value:E}")
    } else {
        format!("{value:?}")
    }
}

fn reason(rule: &Rule, points: &[(DateTime<Utc>, f64)], alarm: bool) -> String {
    let shown: Vec<String> = points
        .iter()
        .rev()
        .map(|(at, v)| format!("{} ({})", number(*v), at.format("%d/%m/%y %H:%M:%S")))
        .collect();
    let (n, list, threshold) = (points.len(), shown.join(", "), number(rule.threshold));
    let not = if alarm { "" } else { "not " };
    if rule.periods == 1 {
        return format!(
            "Threshold Crossed: 1 datapoint [{list}] was {not}greater than the threshold ({threshold})."
        );
    }
    let (from, to) = if alarm { ("OK", "ALARM") } else { ("ALARM", "OK") };
    format!(
        "Threshold Crossed: {n} out of the last {} datapoints [{list}] were {not}greater than the threshold \
         ({threshold}) (minimum {} datapoints for {from} -> {to} transition).",
        rule.periods,
        if alarm { rule.periods } else { 1 },
    )
}

impl World {
    /// CloudWatch looks at every alarm.
    pub(super) fn evaluate_alarms(&mut self) {
        for (i, rule) in RULES.iter().enumerate() {
            let (state, reason) = self.judge(rule);
            let now = self.now;
            if let Some(held) = self.alarms.0.get_mut(i)
                && held.state != state
            {
                *held = Held { state, since: now, reason };
            }
        }
    }

    fn judge(&self, rule: &Rule) -> (AlarmState, String) {
        let period = i64::from(rule.period_s);
        let complete = (self.now.timestamp() - SETTLED).div_euclid(period) * period;
        let to = DateTime::from_timestamp(complete, 0).unwrap_or(self.now);
        let from = to - TimeDelta::seconds(period * i64::try_from(rule.periods).unwrap_or(1));
        let key = self.metric_key(rule.namespace, rule.metric, rule.statistic);
        let points = self.points(&key, rule.period_s, from, to);
        if points.is_empty() {
            let (n, were) =
                (rule.periods, if rule.periods == 1 { "datapoint was" } else { "datapoints were" });
            return (AlarmState::InsufficientData, format!("Insufficient Data: {n} {were} unknown."));
        }
        let over: Vec<_> = points.iter().copied().filter(|(_, v)| *v > rule.threshold).collect();
        if over.len() >= rule.periods {
            return (AlarmState::Alarm, reason(rule, &over, true));
        }
        let under: Vec<_> = points.iter().copied().filter(|(_, v)| *v <= rule.threshold).collect();
        (AlarmState::Ok, reason(rule, &under, false))
    }

    /// What `DescribeAlarms` tells.
    pub(super) fn describe_alarms(&self) -> Vec<Alarm> {
        RULES
            .iter()
            .zip(&self.alarms.0)
            // Whoever switched the function off took its alarms along.
            .filter(|(rule, _)| self.settings.lambda || rule.namespace != "AWS/Lambda")
            .map(|(rule, held)| Alarm {
                name: rule.name.into(),
                state: held.state,
                since: Some(held.since),
                reason: held.reason.clone(),
                dimensions: vec![self.metric_key(rule.namespace, rule.metric, rule.statistic).dimensions],
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_cloudwatchs() {
        let at = DateTime::parse_from_rfc3339("2026-11-20T14:02:00Z").unwrap().to_utc();
        let cpu = reason(&RULES[0], &[(at, 85.2)], true);
        assert_eq!(
            cpu,
            "Threshold Crossed: 1 datapoint [85.2 (20/11/26 14:02:00)] was greater than the threshold (80.0)."
        );
        let io = reason(&RULES[2], &[(at, 700_000_000.0)], false);
        assert_eq!(
            io,
            "Threshold Crossed: 1 datapoint [7E8 (20/11/26 14:02:00)] was not greater than the threshold \
             (1.073741824E9)."
        );
        let errors = reason(&RULES[4], &[(at - TimeDelta::minutes(5), 6.0), (at, 7.0)], true);
        assert_eq!(
            errors,
            "Threshold Crossed: 2 out of the last 2 datapoints [7.0 (20/11/26 14:02:00), 6.0 (20/11/26 \
             13:57:00)] were greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
        );
    }
}
