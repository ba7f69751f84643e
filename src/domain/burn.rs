//! Burn rates by several windows at once, and what the snapshot says about the objective.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::slo::{Objective, Series, times};

/// How soon somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// Some time today.
    Ticket,
    /// Now.
    Page,
}

/// Two windows that both have to burn: the long one says that it matters, the short one that it still goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BurnRule {
    /// How soon somebody should look.
    pub urgency: Urgency,
    /// The long window.
    pub long: TimeDelta,
    /// The short one, a twelfth of it.
    pub short: TimeDelta,
    /// Burn rate from which on it holds.
    pub threshold: f64,
}

/// The recommended rules of the SRE workbook (2 % of the budget in an hour of 30 days, 5 % in 6 hours, 10 % in
/// 3 days), scaled to `period`. Windows are whole seconds.
pub fn burn_rules(period: TimeDelta) -> [BurnRule; 3] {
    let rule = |urgency, spent: f64, hours_of_720: f64| {
        let share = hours_of_720 / 720.0;
        let seconds = |share: f64| TimeDelta::seconds((times(period, share).num_milliseconds() + 999) / 1000);
        let at_least = TimeDelta::seconds(1);
        BurnRule {
            urgency,
            long: seconds(share).max(at_least),
            short: seconds(share / 12.0).max(at_least),
            threshold: spent / share,
        }
    };
    [rule(Urgency::Page, 0.02, 1.0), rule(Urgency::Page, 0.05, 6.0), rule(Urgency::Ticket, 0.10, 72.0)]
}

impl BurnRule {
    /// Whether both windows burn; `None` if one of them has no request.
    pub fn fires(&self, series: &Series, objective: Objective, now: DateTime<Utc>) -> Option<bool> {
        let long = series.burn(objective, now, self.long)?;
        Some(long >= self.threshold && series.burn(objective, now, self.short)? >= self.threshold)
    }
}

/// The most urgent rule that holds; `None` if none does, or nothing is known.
pub fn alarm(series: &Series, objective: Objective, now: DateTime<Utc>) -> Option<BurnRule> {
    burn_rules(series.period())
        .into_iter()
        .filter(|rule| rule.fires(series, objective, now) == Some(true))
        .max_by_key(|rule| rule.urgency)
}

/// Field `slo` of the snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// Share that shall succeed.
    pub objective: f64,
    /// Length of the period in seconds.
    pub window_s: i64,
    /// Share of the budget that is left; negative once the objective is missed.
    pub budget_left_ratio: f64,
    /// Burn rates of all windows of the rules, shortest first.
    pub burn: Vec<Burn>,
}

/// A burn rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    /// Length of the window in seconds.
    pub window_s: i64,
    /// 1 spends the budget exactly in its period; `None` without a request in the window.
    pub rate: Option<f64>,
}

impl Slo {
    /// What the series says at `now`; `None` without a request in the period.
    pub fn of(series: &Series, objective: Objective, now: DateTime<Utc>) -> Option<Self> {
        let budget = series.budget(objective, now)?;
        let mut windows: Vec<TimeDelta> =
            burn_rules(series.period()).iter().flat_map(|rule| [rule.short, rule.long]).collect();
        windows.sort_unstable();
        windows.dedup();
        let burn = windows
            .into_iter()
            .map(|w| Burn { window_s: w.num_seconds(), rate: series.burn(objective, now, w) })
            .collect();
        Some(Self {
            objective: objective.ratio(),
            window_s: budget.period.num_seconds(),
            budget_left_ratio: budget.left(),
            burn,
        })
    }
}
