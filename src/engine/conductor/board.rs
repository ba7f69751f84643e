//! What is recommended now, with guardrails and plans that keep their ids while they say the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::changes::{Proposal, same_substance};
use crate::domain::guardrail::{Binds, Guardrail, Past, with_past};
use crate::domain::plan::Plan;
use crate::domain::planner;
use crate::domain::policy::Policy;
use crate::domain::recommendation::Recommendation;
use crate::domain::rules::{Input, Signals, evaluate};
use crate::domain::snapshot::Mode;
use crate::domain::source::SourceId;
use crate::domain::world::World;
use crate::engine::ids::Ids;

use super::diary::Diary;

/// Evaluations kept for noisy signals.
const SIGNALS: usize = 64;
/// What is on the screen is sent again after this, so that its age is told; nothing is drawn for it.
const AGAIN: TimeDelta = TimeDelta::seconds(5);

/// What holds everything back, whatever the rules say: name and words.
pub(super) type Held = Option<(&'static str, String)>;

/// Recommendations as they were last evaluated.
pub(super) struct Board {
    environment: String,
    policy: Arc<Policy>,
    mode: Mode,
    ids: Ids,
    signals: Signals,
    /// The load reading that was noted last: each counts once.
    noted: Option<DateTime<Utc>>,
    kept: BTreeMap<String, Plan>,
    pub(super) proposals: Vec<Proposal>,
    pub(super) not_enough: Vec<(String, String)>,
    /// When the screen was told.
    told: Option<DateTime<Utc>>,
}

impl Board {
    pub(super) fn new(environment: &str, policy: Arc<Policy>, mode: Mode, holder: &str) -> Self {
        Self {
            environment: environment.to_owned(),
            policy,
            mode,
            ids: Ids::of(holder, "c"),
            signals: Signals::default(),
            noted: None,
            kept: BTreeMap::new(),
            proposals: Vec::new(),
            not_enough: Vec::new(),
            told: None,
        }
    }

    /// A new id for a change.
    pub(super) fn id(&mut self, now: DateTime<Utc>) -> String {
        self.ids.next(now)
    }

    /// The plan's id has been used: the next one gets another.
    pub(super) fn used(&mut self, recommendation: &str) {
        self.kept.remove(recommendation);
    }

    pub(super) fn proposal(&self, recommendation: &str) -> Option<&Proposal> {
        self.proposals.iter().find(|p| p.recommendation.id == recommendation)
    }

    /// Asks the rules; `true` where the screen is to be told.
    pub(super) fn evaluate(&mut self, world: &World, diary: &Diary, held: &Held, now: DateTime<Utc>) -> bool {
        let policy = Arc::clone(&self.policy);
        let signals = std::mem::take(&mut self.signals);
        let environment = self.environment.clone();
        let input = Input { world, policy: &policy, signals: &signals, environment: &environment, now };
        let evaluated = evaluate(&input, diary.entries());
        let proposals: Vec<Proposal> = evaluated
            .recommendations
            .into_iter()
            .map(|rec| self.propose(&input, rec, diary.past(), held))
            .collect();
        self.kept.retain(|id, _| proposals.iter().any(|p| p.recommendation.id == *id));
        self.signals = signals;
        self.note(world, evaluated.desired, now);
        let not_enough: Vec<(String, String)> =
            evaluated.not_enough.into_iter().map(|(rule, why)| (rule.to_owned(), why)).collect();
        let changed = proposals != self.proposals || not_enough != self.not_enough;
        (self.proposals, self.not_enough) = (proposals, not_enough);
        let due = changed || self.told.is_none_or(|at| now - at >= AGAIN);
        if due {
            self.told = Some(now);
        }
        due
    }

    /// Notes what the load asks for, once for each reading of it: evaluations of the same reading agree always.
    fn note(&mut self, world: &World, desired: Option<u32>, now: DateTime<Utc>) {
        let read = world.sources.get(&SourceId::CLOUDWATCH).and_then(|s| s.at);
        if let Some(desired) = desired
            && read != self.noted
        {
            self.noted = read;
            self.signals.desired.push_back((now, desired));
            while self.signals.desired.len() > SIGNALS {
                self.signals.desired.pop_front();
            }
        }
    }

    fn propose(&mut self, input: &Input<'_>, rec: Recommendation, past: &Past, held: &Held) -> Proposal {
        let mut guardrails = with_past(input, &rec, past, self.mode);
        if rec.change.is_some()
            && let Some((name, detail)) = held
        {
            let (name, detail) = ((*name).to_owned(), detail.clone());
            guardrails.insert(0, Guardrail { name, holds: true, binds: Binds::All, detail, until: None });
        }
        let plan = self.plan(input, &rec);
        let mut decision = past.decision(&rec, input.now).cloned();
        if rec.change.is_none() {
            decision = None;
        }
        Proposal { recommendation: rec, guardrails, plan, decision }
    }

    /// The plan that is kept while a new one would do the same and most of its time is left.
    fn plan(&mut self, input: &Input<'_>, rec: &Recommendation) -> Result<Plan, String> {
        let new =
            planner::plan(input, rec, String::new()).inspect_err(|_| drop(self.kept.remove(&rec.id)))?;
        let least = (new.expires_at - new.created_at) / 3;
        let lasts = |p: &&Plan| same_substance(p, &new) && p.expires_at - input.now > least;
        if let Some(kept) = self.kept.get(&rec.id).filter(lasts) {
            return Ok(kept.clone());
        }
        let new = Plan { change: self.ids.next(input.now), ..new };
        self.kept.insert(rec.id.clone(), new.clone());
        Ok(new)
    }
}
