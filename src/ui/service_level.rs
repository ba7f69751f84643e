//! What the impressions say of the objective, kept until they or the second change: a window of 30 days has many
//! slots, and several panels ask for it in each frame.

use chrono::{DateTime, Utc};

use crate::app::state::EnvironmentState;
use crate::domain::burn::{BurnRule, burn_rules};
use crate::domain::impressions::Loss;
use crate::domain::outages::Outages;
use crate::domain::slo::{Budget, TimeLeft};
use crate::domain::source::SourceId;

/// A burn rule with what its two windows burn.
#[derive(Debug, Clone, PartialEq)]
pub struct Burning {
    /// The rule.
    pub rule: BurnRule,
    /// Burn rate of the long window; `None` without a request in it.
    pub long: Option<f64>,
    /// Burn rate of the short one.
    pub short: Option<f64>,
}

impl Burning {
    /// Whether both windows burn.
    pub fn holds(&self) -> bool {
        [self.long, self.short].iter().all(|rate| rate.is_some_and(|r| r >= self.rule.threshold))
    }
}

/// Budget, burn, loss and outages.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceLevel {
    key: Option<Key>,
    /// The budget; `None` without a request in its window.
    pub budget: Option<Budget>,
    /// All rules, the most urgent first; empty without a series.
    pub burning: Vec<Burning>,
    /// The most urgent rule that holds.
    pub alarm: Option<Burning>,
    /// When the budget is gone, at the burn rate of the first rule's long window.
    pub time_left: Option<TimeLeft>,
    /// Loss, where it can be told.
    pub loss: Option<Loss>,
    /// Times of failure.
    pub outages: Option<Outages>,
}

#[derive(Debug, Clone, PartialEq)]
struct Key {
    environment: String,
    second: i64,
    ends: [Option<DateTime<Utc>>; 4],
    terms: (f64, u32),
}

impl Key {
    fn of(env: &EnvironmentState, now: DateTime<Utc>) -> Self {
        let impressions = &env.world.impressions;
        let end = |id| env.world.sources.get(&id).and_then(|s| s.at);
        Self {
            environment: env.info.name.clone(),
            second: now.timestamp(),
            ends: [
                end(SourceId::IMPRESSIONS),
                end(SourceId::CLOUDWATCH),
                impressions.recorded.last.as_ref().map(|r| r.at),
                impressions.flow.last.as_ref().map(|f| f.at),
            ],
            terms: (impressions.terms.objective.ratio(), impressions.terms.window_s),
        }
    }
}

impl ServiceLevel {
    /// Brings it up to the shown data and second.
    pub fn refresh(&mut self, env: &EnvironmentState, now: DateTime<Utc>) {
        let key = Key::of(env, now);
        if self.key.as_ref() == Some(&key) {
            return;
        }
        let impressions = &env.world.impressions;
        let objective = impressions.terms.objective;
        *self = Self { key: Some(key), loss: impressions.loss(now), ..Self::default() };
        let Some((_, series, at)) = impressions.series(now) else { return };
        self.burning = burn_rules(series.period())
            .into_iter()
            .map(|rule| Burning {
                rule,
                long: series.burn(objective, at, rule.long),
                short: series.burn(objective, at, rule.short),
            })
            .collect();
        self.alarm = self.burning.iter().filter(|b| b.holds()).max_by_key(|b| b.rule.urgency).cloned();
        self.budget = series.budget(objective, at);
        let burn = self.burning.first().and_then(|b| b.long);
        self.time_left = self.budget.zip(burn).map(|(budget, burn)| budget.time_left(burn));
        self.outages = Some(Outages::of(series, objective, at, series.period()));
    }
}
