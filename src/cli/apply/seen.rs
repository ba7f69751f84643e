//! What was read of an environment, and what the rules and guardrails say of one recommendation.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::acting::{self, Connected};
use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::guardrail::{Guardrail, guardrails, name};
use crate::domain::journal::Entry;
use crate::domain::plan::Plan;
use crate::domain::planner;
use crate::domain::policy::Policy;
use crate::domain::recommendation::Recommendation;
use crate::domain::rules::{Input, Signals, evaluate};
use crate::domain::snapshot::Mode;
use crate::domain::world::World;
use crate::engine::oneshot;
use crate::engine::verify::OBSERVATION;
use crate::store::{Journal, Query};

use super::rule_of;

/// How far back the guardrails look into the journal.
pub(in crate::cli) const HISTORY: TimeDelta = TimeDelta::hours(24);
/// Not what the rules say now.
const NOT_RECOMMENDED: &str = "not-recommended";

/// An evaluated environment.
pub(super) struct Seen {
    pub(super) world: World,
    pub(super) at: DateTime<Utc>,
    policy: Policy,
    history: Vec<Entry>,
}

/// Why a recommendation is not applied, with the guardrail's name.
pub(super) struct Refusal {
    pub(super) guardrail: &'static str,
    pub(super) why: String,
}

impl Seen {
    fn input<'a>(&'a self, environment: &'a Environment, signals: &'a Signals) -> Input<'a> {
        Input {
            world: &self.world,
            policy: &self.policy,
            signals,
            environment: &environment.name,
            now: self.at,
        }
    }

    /// The recommendation of that id, or why there is none.
    pub(super) fn find(&self, environment: &Environment, id: &str) -> Result<Recommendation, Refusal> {
        let signals = Signals::default();
        let evaluated = evaluate(&self.input(environment, &signals), &self.history);
        if let Some(found) = evaluated.recommendations.iter().find(|r| r.id == id) {
            return Ok(found.clone());
        }
        let rule = rule_of(id);
        if self.policy.disabled_rules.iter().any(|r| r == rule) {
            let why = format!("{rule} is switched off by policy.disabled_rules");
            return Err(Refusal { guardrail: NOT_RECOMMENDED, why });
        }
        if let Some((_, why)) = evaluated.not_enough.iter().find(|(name, _)| *name == rule) {
            let why = format!("whether {id} is to be done cannot be told: {why}");
            return Err(Refusal { guardrail: name::DATA_FRESHNESS, why });
        }
        let same: Vec<&Recommendation> =
            evaluated.recommendations.iter().filter(|r| r.rule == rule).collect();
        if let [one] = same.as_slice()
            && one.change.is_none()
        {
            return Err(Refusal { guardrail: NOT_RECOMMENDED, why: format!("{id}: {}", one.reason) });
        }
        let others: Vec<&str> =
            evaluated.recommendations.iter().filter(|r| r.change.is_some()).map(|r| r.id.as_str()).collect();
        let others = if others.is_empty() { "nothing is".to_owned() } else { others.join(", ") };
        Err(Refusal {
            guardrail: NOT_RECOMMENDED,
            why: format!("{id} is not recommended now (recommended: {others})"),
        })
    }

    /// Guardrails of a recommendation, those that stop an operator first.
    pub(super) fn guardrails(&self, environment: &Environment, rec: &Recommendation) -> Vec<Guardrail> {
        guardrails(&self.input(environment, &Signals::default()), rec, &self.history, Mode::Approve)
    }

    pub(super) fn plan(
        &self,
        environment: &Environment,
        rec: &Recommendation,
        change: String,
    ) -> Result<Plan, String> {
        planner::plan(&self.input(environment, &Signals::default()), rec, change)
    }
}

/// Those that stop an operator, as a reason to refuse.
pub(super) fn stopped(rails: &[Guardrail]) -> Option<String> {
    let holding: Vec<String> = rails
        .iter()
        .filter(|g| g.stops(Mode::Approve))
        .map(|g| format!("{}: {}", g.name, g.detail))
        .collect();
    (!holding.is_empty()).then(|| holding.join("; "))
}

/// Reads everything and asks the rules; the journal is read where there is one.
pub(super) async fn see(
    config: &Config,
    environment: &Environment,
    connected: &Connected,
    journal: Option<&Arc<dyn Journal>>,
    clock: &Clock,
) -> Result<Seen, String> {
    let (world, at) = oneshot::observe(&connected.setup, clock, &connected.prices, OBSERVATION).await;
    let query =
        Query { environment: Some(environment.name.clone()), since: Some(at - HISTORY), ..Query::default() };
    let history = match journal {
        Some(journal) => journal.read(&query).await.map_err(|e| e.to_string())?,
        None => Vec::new(),
    };
    Ok(Seen { world, at, policy: acting::policy(config, environment, &connected.region), history })
}
